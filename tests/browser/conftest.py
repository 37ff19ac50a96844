"""A real browser, and the chat it opens: with the real models, or with fakes where only the page matters."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from index.embedding import SentenceEmbedder
from index.library import Library
from rag.assistant import Assistant
from rag.calibration import SMALL_CALIBRATION, Calibration
from rag.reader import SMALL_WEIGHTS, ExtractiveReader
from tests.serving import running
from ui.server import chat

CHROMIUM = shutil.which("chromium")
DOCUMENTS = [f"eval/gold/documents/{name}" for name in ("briefing.txt", "heat-pump-manual.md", "remote-work-policy.md")]

Open = Callable[..., AbstractContextManager[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marks = (
        pytest.mark.browser,
        pytest.mark.integration,
        pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
        pytest.mark.filterwarnings("ignore"),
    )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for mark in marks:
                item.add_marker(mark)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceEmbedder) -> Library:
    library = Library(tmp_path_factory.mktemp("library"), embedder, create=True)
    library.update(DOCUMENTS)
    return library


@pytest.fixture(scope="module")
def url(library: Library) -> Iterator[str]:
    """With the small reader: these tests are of the page."""
    stream = Assistant(library, ExtractiveReader.load(SMALL_WEIGHTS), Calibration.load(SMALL_CALIBRATION)).stream
    with running(chat(library, stream, lambda documents: iter(["Which city will host EXPO 2017?"]))) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def open_page(browser: Browser) -> Open:
    @contextmanager
    def opened(url: str, **options: object) -> Iterator[Page]:
        """A session of its own; any request to another machine, and any error of a script, fails the test."""
        settings: dict[str, object] = {"viewport": {"width": 1440, "height": 900}, **options}
        context: BrowserContext = browser.new_context(**settings)  # type: ignore[arg-type]
        tab = context.new_page()
        wrong: list[str] = []
        tab.on("request", lambda request: None if _is_local(request.url, url) else wrong.append(request.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(url)
        expect(tab.get_by_role("textbox", name="Question")).to_be_visible(timeout=30_000)
        yield tab
        context.close()
        assert wrong == []

    return opened


@pytest.fixture
def page(open_page: Open, url: str) -> Iterator[Page]:
    with open_page(url) as tab:
        yield tab


def _is_local(requested: str, url: str) -> bool:
    return requested.startswith((url, "data:", "blob:"))


def ask(page: Page, question: str) -> None:
    """Ask, and wait until it is answered."""
    before = page.locator("article").count()
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")
    expect(page.locator("article").nth(before).locator(".actions")).to_be_visible(timeout=60_000)


def lit_in_view(page: Page, mark: str) -> bool:
    """Whether a mark is to be seen inside the source panel's window."""
    body, lit = page.locator(".source-body").bounding_box(), page.locator(mark).first.bounding_box()
    assert body is not None
    assert lit is not None
    return body["y"] <= lit["y"] <= body["y"] + body["height"] - lit["height"]
