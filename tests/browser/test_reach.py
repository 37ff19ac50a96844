"""Who can use the page: on a phone, in the dark, by keyboard, with a screen reader, and while others wait."""

import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from index.library import Library
from index.types import Hit
from rag.assistant import Assistant
from rag.types import Answer, Turn
from tests.browser.conftest import Open, ask
from tests.fakes import OverlapReader, WordEmbedder
from tests.serving import BY_SCORE, running
from ui.server import chat

QUESTION = "Which city will host EXPO 2017?"
UNANSWERED = "What is the price of crude oil in Norway?"


def test_on_a_phone_the_parts_are_tabs(open_page: Open, url: str) -> None:
    with open_page(url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        expect(page.locator("#source")).to_be_hidden()
        ask(page, QUESTION)
        page.locator(".notes button").first.tap()
        expect(page.locator("#source .source-answer")).to_be_in_viewport()
        expect(page.locator("#talk")).to_be_hidden()
        page.get_by_role("button", name="Documents", exact=True).tap()
        expect(page.locator("#documents ul")).to_be_visible()
        page.get_by_role("button", name="Chat", exact=True).tap()
        expect(page.locator(".answer")).to_be_visible()


def test_dark_mode_follows_the_system_and_the_button(open_page: Open, url: str) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with open_page(url, color_scheme="dark") as page:
        assert page.evaluate(background) == "rgb(21, 23, 26)"
        page.get_by_role("button", name="Light or dark").click()
        assert page.evaluate(background) == "rgb(247, 245, 240)"
        page.reload()
        expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=30_000)
        page.wait_for_function(f"{background} === 'rgb(247, 245, 240)'")


def test_the_keyboard_alone_asks_and_moves_through_citations(page: Page) -> None:
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Astana", timeout=60_000)
    expect(page.locator(".steps")).to_contain_text("1 of 2")
    press_until(page, "Shift+Tab", "Footnote 2: show its source")
    page.keyboard.press("Enter")
    expect(page.locator(".steps")).to_contain_text("2 of 2")
    press_until(page, "Tab", "Previous citation")
    page.keyboard.press("Enter")
    expect(page.locator(".steps")).to_contain_text("1 of 2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".steps")).to_contain_text("2 of 2")


def press_until(page: Page, key: str, label: str) -> None:
    for _ in range(40):
        page.keyboard.press(key)
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == label:
            return
    pytest.fail(f"{key} does not reach {label!r}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_serious(open_page: Open, url: str, scheme: str, width: int) -> None:
    with open_page(url, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        require_accessible(page)
        ask(page, QUESTION)
        ask(page, UNANSWERED)
        page.get_by_role("button", name="This is wrong").last.click()
        expect(page.get_by_label("The answer is…")).to_be_visible()
        require_accessible(page)
        if width < 1000:
            for view in ("Documents", "Source"):
                page.get_by_role("button", name=view, exact=True).click()
                require_accessible(page)


def require_accessible(page: Page) -> None:
    page.wait_for_timeout(300)  # for colours to have faded in
    found = Axe().run(page).response
    assert len(found["passes"]) > 15, "axe has looked at the page"
    serious = [(v["id"], v["nodes"][0]["html"]) for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[str, threading.Event, Library]]:
    """A chat that reads until it is let go."""
    go = threading.Event()
    (tmp_path / "france.txt").write_text("The capital of France is Paris.\n")
    library = Library(tmp_path / "library", WordEmbedder(), create=True)
    library.update([str(tmp_path / "france.txt")])
    assistant = Assistant(library, OverlapReader(), BY_SCORE)

    def stream(
        question: str, history: Sequence[Turn], documents: Collection[str] | None
    ) -> Iterator[tuple[Hit, ...] | Answer]:
        for step in assistant.stream(question, history, documents):
            while isinstance(step, Answer) and not go.wait(0.05):
                yield ()
            yield step

    with running(chat(library, stream, lambda documents: iter(()))) as url:
        yield url, go, library
    go.set()


def test_stop_works_at_once_and_the_next_question_is_answered(
    slow: tuple[str, threading.Event, Library], open_page: Open
) -> None:
    url, go, _ = slow
    with open_page(url) as page:
        box = page.get_by_role("textbox", name="Question")
        box.fill("What is the capital of France?")
        box.press("Enter")
        expect(page.locator(".status")).to_contain_text("Reading", timeout=30_000)
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.locator(".stopped")).to_have_text("Stopped.", timeout=5_000)
        go.set()
        page.wait_for_timeout(500)  # Gradio takes no Enter until it has closed the stopped event, some 60 ms later
        ask(page, "What is the capital of France?")
        expect(page.locator(".answer")).to_contain_text("Paris")
        expect(page.locator(".stopped")).to_have_count(1)
        expect(page.locator(".problem")).to_have_count(0)


def test_who_waits_sees_the_place_in_the_line_and_can_add_documents(
    slow: tuple[str, threading.Event, Library], open_page: Open, tmp_path: Path
) -> None:
    url, go, library = slow
    with open_page(url) as one, open_page(url) as other:
        for page in (one, other):
            box = page.get_by_role("textbox", name="Question")
            box.fill("What is the capital of France?")
            box.press("Enter")
            expect(page.locator(".status")).to_be_visible(timeout=30_000)
        expect(one.locator(".status")).to_contain_text("Reading")
        expect(other.locator(".status")).to_contain_text("Waiting: 1 question before yours")
        (tmp_path / "spain.txt").write_text("The capital of Spain is Madrid.\n")
        other.locator("#upload input[type=file]").set_input_files(tmp_path / "spain.txt")
        expect(other.locator("#documents label").nth(1)).to_be_visible(timeout=30_000)
        assert len(library.documents()) == 2
        go.set()
        for page in (one, other):
            expect(page.locator(".answer")).to_contain_text("Paris", timeout=30_000)
