"""The chat in a real browser, with the real models behind it."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from reportlab.pdfgen.canvas import Canvas

from index.embedding import SentenceEmbedder
from index.library import Library
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
    pytest.mark.filterwarnings("ignore"),
]

DOCUMENTS = "eval/gold/documents"
QUESTION = "Which city will host EXPO 2017?"
HOSTILE = """The password of the vault is swordfish <script>window.hacked = 1</script>, says the keeper.

<img src="http://evil.example/a.png" onerror="window.hacked = 2"> ![x](http://evil.example/b.png) ${window.hacked = 3}
"""


@pytest.fixture(scope="module")
def url(
    tmp_path_factory: pytest.TempPathFactory, embedder: SentenceEmbedder, reader: ExtractiveReader
) -> Iterator[str]:
    from ui.web import build, serve

    library = Library(tmp_path_factory.mktemp("library"), embedder, create=True)
    library.update([DOCUMENTS])
    page = build(Assistant(library, reader, Calibration.load()).stream, library, [QUESTION])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve(page, "127.0.0.1", port, open_browser=False, wait=False)
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The open chat; any request to another machine fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    outside: list[str] = []
    tab.on("request", lambda request: None if _is_local(request.url, url) else outside.append(request.url))
    tab.goto(url)
    expect(tab.get_by_role("textbox", name="Question")).to_be_visible(timeout=30_000)
    yield tab
    context.close()
    assert outside == []


def _is_local(requested: str, url: str) -> bool:
    return requested.startswith((url, "data:", "blob:"))


def ask(page: Page, question: str) -> None:
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")


def test_an_answer_comes_with_its_source_lit(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.locator("#chat .answer")).to_contain_text("Astana", timeout=60_000)
    expect(page.locator("#chat blockquote strong").first).to_have_text("Astana")
    mark = page.locator("#source .source-answer")
    expect(mark).to_have_text("Astana")
    expect(mark).to_be_in_viewport()
    panel, lit = page.locator("#source").bounding_box(), mark.bounding_box()
    assert panel is not None
    assert lit is not None
    assert panel["y"] <= lit["y"] <= panel["y"] + panel["height"]
    expect(page.locator("#source .source-place")).to_contain_text("briefing.txt")


def test_an_abstention_offers_the_nearest_passages(page: Page) -> None:
    ask(page, "What is the price of crude oil in Norway?")
    expect(page.locator("#chat .abstained")).to_have_text("The documents do not say.", timeout=60_000)
    expect(page.locator("#chat blockquote")).to_have_count(3)
    page.get_by_role("radio").nth(1).check()
    expect(page.locator("#source .source-quote")).to_be_visible()
    expect(page.locator("#source .source-answer")).to_have_count(0)


def test_an_example_is_asked_with_one_click(page: Page) -> None:
    page.get_by_text(QUESTION).click()
    expect(page.locator("#chat .answer")).to_contain_text("Astana", timeout=60_000)


def test_an_empty_question_gets_a_friendly_word(page: Page) -> None:
    ask(page, "   ")
    expect(page.locator("#chat .problem")).to_contain_text("The question is empty", timeout=30_000)


def test_an_earlier_answer_shows_its_source_again(page: Page) -> None:
    ask(page, QUESTION)
    expect(page.locator("#chat .answer")).to_have_count(1, timeout=60_000)
    ask(page, "What is the price of crude oil in Norway?")
    expect(page.locator("#chat .abstained")).to_have_count(1, timeout=60_000)
    page.locator("#chat .answer").click()
    expect(page.locator("#source .source-answer")).to_have_text("Astana")


def test_an_added_document_is_data_and_can_be_asked(page: Page, tmp_path: Path) -> None:
    (tmp_path / "vault <b>.txt").write_text(HOSTILE)
    page.locator("#beside input[type=file]").set_input_files(tmp_path / "vault <b>.txt")
    expect(page.locator("ul.documents")).to_contain_text("vault", timeout=60_000)
    ask(page, "What is the password of the vault?")
    expect(page.locator("#chat .answer")).to_contain_text("swordfish", timeout=60_000)
    expect(page.locator("#source .source-text")).to_contain_text("${window.hacked = 3}")
    expect(page.locator("#source .source-text")).to_contain_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#chat img, #source img").count() == 0


def test_an_added_pdf_is_cited_by_page_and_heading(page: Page, tmp_path: Path) -> None:
    pdf = Canvas(str(tmp_path / "pump.pdf"))
    for title, line in (
        ("Care", "Oil the pump of the windmill every May."),
        ("Cover", "The windmill is insured by Baltic Mutual."),
    ):
        pdf.setFont("Helvetica", 20)
        pdf.drawString(72, 760, title)
        pdf.setFont("Helvetica", 11)
        pdf.drawString(72, 720, line)
        pdf.showPage()
    pdf.save()
    page.locator("#beside input[type=file]").set_input_files(tmp_path / "pump.pdf")
    expect(page.locator("ul.documents")).to_contain_text("pump.pdf", timeout=60_000)
    ask(page, "Who insures the windmill?")
    expect(page.locator("#chat .answer")).to_contain_text("Baltic Mutual", timeout=60_000)
    expect(page.locator("#source .source-place")).to_contain_text("pump.pdf, p. 2, Cover, characters")


def test_a_bad_document_is_refused_with_a_sentence(page: Page, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"\0\1\2")
    page.locator("#beside input[type=file]").set_input_files(tmp_path / "bad.txt")
    expect(page.get_by_text("is a binary file")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.locator("ul.documents")).to_contain_text("briefing.txt", timeout=30_000)
    expect(page.locator("ul.documents")).not_to_contain_text("bad.txt")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, QUESTION)
    expect(page.locator("#chat .answer")).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("textbox", name="Question")).to_be_in_viewport()


def test_dark_mode_follows_the_system(browser: Browser, url: str) -> None:
    context = browser.new_context(color_scheme="dark")
    tab = context.new_page()
    tab.goto(url)
    expect(tab.get_by_role("textbox", name="Question")).to_be_visible(timeout=30_000)
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
    context.close()
