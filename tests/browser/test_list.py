"""The list of documents with many of them in it, what could not be read, and the ways by which files come."""

import re
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from index.library import Library
from index.types import Document, Hit, Summary
from rag.types import Answer, Citation, Turn
from tests.browser.conftest import Open, ask, lit_in_view
from tests.browser.test_reach import require_accessible
from tests.fakes import WordEmbedder
from tests.serving import assistant, running
from ui.arrivals import MAX_FILES
from ui.guard import MAX_UPLOAD_BYTES
from ui.html import text_html
from ui.server import chat

SIZES = [(1366, 768), (390, 844)]
BAD = b"\0\1\2"
DROPPED = """async (target, {files, folder}) => {
  const transfer = new DataTransfer();
  for (const [name, text, size] of files) transfer.items.add(new File([size ? new Uint8Array(size) : text], name));
  if (folder) {
    // What a dropped folder is to a script; a real one comes from the desktop alone.
    const file = ([name, text], at) => (
      { isFile: true, name, fullPath: `${at}/${name}`, file: (done) => done(new File([text], name)) });
    const directory = (name, at, inside) => ({ isDirectory: true, name, fullPath: `${at}/${name}`, createReader: () => {
      const parts = inside.map((each) =>
        Array.isArray(each[1]) ? directory(each[0], `${at}/${name}`, each[1]) : file(each, `${at}/${name}`));
      return { readEntries: (done) => done(parts.splice(0, 1)) };  // in portions, as browsers give them
    }});
    DataTransferItem.prototype.webkitGetAsEntry = () => directory(folder[0], "", folder[1]);
  }
  const dropped = (type) => new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true});
  const over = !target.dispatchEvent(dropped("dragover"));
  const seen = [...document.querySelectorAll(".dropping")].filter((each) => each.checkVisibility()).length;
  const drop = !target.dispatchEvent(dropped("drop"));
  return { over, drop, seen };
}"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library", WordEmbedder(), create=True)


@pytest.fixture
def url(library: Library) -> Iterator[str]:
    with running(chat(library, assistant(library).stream, lambda documents: iter(["What is the capital?"]))) as address:
        yield address


def fill(library: Library, number: int = 30) -> None:
    long = "a rather long name about the windmills of the island "
    library.add(
        [
            Document.from_text(f"docs/{long * (i % 5 == 0)}{i:02}.txt", f"The capital of land {i} is Town {i}.")
            for i in range(number)
        ]
    )


def drop(page: Page, *files: tuple[str, str], size: int = 0, folder: object = None) -> dict[str, object]:
    # A locator waits for its element, also while the page is drawn anew.
    found: dict[str, object] = page.locator("#talk").evaluate(
        DROPPED, {"files": [[*file, size] for file in files or [("x", "")]], "folder": folder}
    )
    return found


def row(page: Page, name: str) -> Locator:
    return page.locator("#documents li").filter(has_text=name)


def show(page: Page, view: str) -> None:
    button = page.get_by_role("button", name=view, exact=True)
    if button.is_visible():
        button.click()


@pytest.mark.parametrize("size", SIZES)
def test_a_long_list_scrolls_by_itself_and_each_row_can_be_ticked(
    library: Library, open_page: Open, url: str, size: tuple[int, int]
) -> None:
    fill(library)
    with open_page(url, viewport={"width": size[0], "height": size[1]}) as page:
        show(page, "Documents")
        boxes = page.locator("#documents input[type=checkbox]")
        expect(boxes).to_have_count(30)
        zone = page.locator("#upload").bounding_box()
        assert zone is not None
        assert zone["y"] + zone["height"] <= size[1]
        for number in range(30):
            boxes.nth(number).uncheck(timeout=5_000)
            expect(page.locator(".choice")).to_contain_text(f"{29 - number} of 30")
            at = boxes.nth(number).bounding_box()
            assert at is not None
            assert at["y"] + at["height"] <= zone["y"], "no row lies over the drop zone"
        page.get_by_role("button", name="Tick all").click()
        show(page, "Chat")
        for _ in range(5):
            ask(page, "What is the capital of land 7?")
        page.wait_for_timeout(800)  # for the conversation to have scrolled
        expect(page.locator("#header h1")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.scrollingElement.scrollTop + document.querySelector('main').scrollTop") == 0
        assert page.evaluate("document.documentElement.scrollHeight") <= size[1]


def test_a_file_dropped_anywhere_is_added_and_the_page_stays(page: Page, library: Library) -> None:
    expect(page.locator(".dropping")).to_be_hidden()
    done = drop(page, ("reef.txt", "The lamp of the reef is green."))
    assert done == {"over": True, "drop": True, "seen": 1}, "both are taken, and the page says so meanwhile"
    expect(page.locator("#documents label")).to_contain_text("reef.txt", timeout=30_000)
    expect(page.locator(".dropping")).to_be_hidden()
    ask(page, "What colour is the lamp of the reef?")
    expect(page.locator(".answer")).to_contain_text("green")


def test_a_dropped_folder_is_walked_and_what_is_not_read_is_named(page: Page, library: Library) -> None:
    inside = [
        ["fees.txt", "The fee is 5 EUR."],
        ["2024", [["fees.txt", "The fee was 4 EUR."], ["plan.doc", "x"], [".hidden", "x"]]],
        ["a.doc", "x"],
        ["b.zip", "x"],
    ]
    drop(page, folder=["office", inside])
    expect(page.locator(".told")).to_contain_text("Footnote does not read .doc: a.doc, plan.doc. You could save it as")
    expect(page.locator(".told")).to_contain_text("b.zip")
    expect(page.locator(".told")).not_to_contain_text("hidden")
    expect(page.locator("#documents input")).to_have_count(2, timeout=30_000)
    assert [entry.path for entry in library.documents()] == ["office/2024/fees.txt", "office/fees.txt"]
    expect(row(page, "office/2024/")).to_have_count(1)
    page.get_by_role("button", name="Dismiss this message").click()
    expect(page.locator(".told")).to_have_count(0)


def test_too_large_and_too_many_are_said_before_anything_is_sent(page: Page, library: Library) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "upload" in request.url else None)
    drop(page, ("large.txt", ""), size=MAX_UPLOAD_BYTES + 1)
    expect(page.locator(".told")).to_contain_text("larger than 100 MB: large.txt")
    readme = Path("README.md").read_text(encoding="utf-8")
    assert "100 MB a file and 50 files" in " ".join(readme.split()), "the README gives the same limits"
    drop(page, *((f"{number}.txt", "x") for number in range(MAX_FILES + 1)))
    expect(page.locator(".told")).to_contain_text("These are 51 files; Footnote takes up to 50 at once.")
    assert sent == []
    assert library.documents() == []
    expect(page.locator("#upload")).to_contain_text("up to 50 at once, 100 MB each")


def test_a_bad_file_stays_in_the_list_with_its_reason_until_dismissed(
    page: Page, open_page: Open, url: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes(BAD)
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "bad.txt")
    expect(row(page, "bad.txt")).to_contain_text("Not read: it is a binary file", timeout=30_000)
    expect(page.locator(".toast-wrap")).not_to_contain_text("bad.txt")
    page.reload()
    expect(row(page, "bad.txt")).to_contain_text("Not read", timeout=30_000)
    with open_page(url, viewport={"width": 390, "height": 844}) as other:
        show(other, "Documents")
        reason = row(other, "bad.txt").locator("summary span")
        assert reason.evaluate("line => line.clientHeight") < 30
        row(other, "bad.txt").locator("summary").click()
        assert reason.evaluate("line => line.scrollWidth <= line.clientWidth"), "all of it is to be read"
        row(other, "bad.txt").get_by_role("button", name="Dismiss what is said of bad.txt").click()
        expect(row(other, "bad.txt")).to_have_count(0)
    page.reload()
    expect(page.locator("#documents")).to_contain_text("No documents yet", timeout=30_000)
    expect(row(page, "bad.txt")).to_have_count(0)


def test_many_that_were_not_read_stand_behind_one_line(
    page: Page, library: Library, open_page: Open, url: str, tmp_path: Path
) -> None:
    fill(library, 3)
    for number in range(9):
        (tmp_path / f"bad{number}.txt").write_bytes(BAD)
    library.add_files([(f"bad{number}.txt", tmp_path / f"bad{number}.txt") for number in range(9)])
    page.reload()
    line = page.locator("#documents").get_by_text("9 not read or skipped")
    expect(line).to_be_visible(timeout=30_000)
    expect(page.get_by_text("bad0.txt")).to_be_hidden()
    line.click()
    expect(page.get_by_text("bad0.txt")).to_be_visible()
    page.locator("#documents input[type=checkbox]").first.click()
    expect(page.locator("#documents")).to_contain_text("2 of 3 documents")
    expect(page.get_by_text("bad0.txt")).to_be_visible()  # the list is made anew, and stays unfolded
    require_accessible(page)
    page.get_by_role("button", name="Dismiss all").click()
    expect(line).to_have_count(0)
    assert library.notices() == []


def test_the_list_has_what_another_added_once_a_question_is_answered(page: Page, library: Library) -> None:
    fill(library, 2)
    page.reload()
    expect(page.locator("#documents")).to_contain_text("All 2 documents", timeout=30_000)
    Library(library.folder, WordEmbedder()).add([Document.from_text("new.txt", "The capital of Utopia is Amaurot.")])
    ask(page, "What is the capital of Utopia?")
    expect(page.locator("#documents")).to_contain_text("All 3 documents", timeout=30_000)
    expect(row(page, "new.txt")).to_be_visible()


def test_a_half_read_document_says_so_below_its_name(page: Page, library: Library, tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "half.pdf"))
    canvas.drawString(72, 760, "The ferry leaves at nine.")
    for _ in range(3):
        canvas.showPage()
        canvas.rect(100, 100, 300, 300, fill=1)
    canvas.save()
    page.locator("#upload input[type=file]").set_input_files(tmp_path / "half.pdf")
    expect(row(page, "half.pdf")).to_contain_text("Partly read:", timeout=30_000)
    expect(row(page, "half.pdf").get_by_role("checkbox")).to_be_checked()
    row(page, "half.pdf").get_by_role("button", name="Dismiss what is said of half.pdf").click()
    expect(row(page, "half.pdf")).not_to_contain_text("Partly read")
    assert [entry.path for entry in library.documents()] == ["half.pdf"]


def test_the_same_file_again_and_another_of_its_name(page: Page, library: Library) -> None:
    drop(page, ("fees.txt", "The fee is 5 EUR."))
    expect(row(page, "fees.txt")).to_have_count(1, timeout=30_000)
    drop(page, ("fees.txt", "The fee is 5 EUR."))
    expect(page.locator(".told")).to_contain_text("Already there, unchanged: fees.txt")
    drop(page, ("fees.txt", "The fee is 6 EUR."))
    expect(row(page, "fees (2).txt")).to_be_visible(timeout=30_000)
    expect(page.locator(".told")).to_contain_text("this one is called fees (2).txt")
    assert library.text("fees.txt") == "The fee is 5 EUR."


def test_with_nothing_ticked_the_page_says_what_to_do(page: Page, library: Library, url: str) -> None:
    ask(page, "What is the capital?")
    expect(page.locator(".problem")).to_contain_text("There are no documents yet")
    expect(page.locator(".problem")).not_to_contain_text("footnote index")
    fill(library, 2)
    page.goto(url)
    suggestion = page.get_by_role("button", name="What is the capital?")
    expect(suggestion).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Untick all").click()
    expect(page.get_by_placeholder("Tick at least one document.")).to_be_visible()
    expect(suggestion).to_be_hidden()
    ask(page, "What is the capital of land 1?")
    expect(page.locator(".problem")).to_have_text("Tick at least one document.")
    page.get_by_role("button", name="Tick all").click()
    expect(page.get_by_placeholder("Ask about the documents…")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious_in_any_state(
    library: Library, open_page: Open, url: str, size: tuple[int, int], tmp_path: Path
) -> None:
    with open_page(url, viewport={"width": size[0], "height": size[1]}) as page:
        require_accessible(page)
        show(page, "Documents")
        require_accessible(page)
        fill(library)
        (tmp_path / "bad.txt").write_bytes(BAD)
        page.locator("#upload input[type=file]").set_input_files([tmp_path / "bad.txt"])
        expect(row(page, "bad.txt")).to_be_visible(timeout=30_000)
        drop(page, ("a.doc", "x"))
        expect(page.locator(".told")).to_be_visible()
        show(page, "Documents")
        require_accessible(page)
        show(page, "Chat")
        ask(page, "What is the capital of land 7?")
        require_accessible(page)
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_on_a_phone_a_page_fits_and_its_words_are_seen_without_sideways_scrolling(
    open_page: Open, url: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{'a long name of a report about windmills ' * 3}.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(330, 500, "The mill is insured by Baltic Mutual.")
    canvas.save()
    with open_page(url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        show(page, "Documents")
        page.locator("#upload input[type=file]").set_input_files(file)
        expect(page.locator("#documents label")).to_be_visible(timeout=30_000)
        show(page, "Chat")
        ask(page, "The mill is insured by whom?")
        page.locator(".notes button").first.tap()
        body = page.locator(".source-body")
        expect(page.locator(".source-pages img")).to_be_visible()
        assert body.evaluate("body => body.scrollWidth <= body.clientWidth")
        lit, frame = page.locator(".source-pages .source-answer").first.bounding_box(), body.bounding_box()
        assert lit is not None
        assert frame is not None
        assert frame["x"] <= lit["x"]
        assert lit["x"] + lit["width"] <= frame["x"] + frame["width"]
        title = page.locator(".source-place h2")
        assert title.evaluate("title => title.clientHeight") < 40, "on one line"
        assert (title.get_attribute("title") or "").startswith("a long name of a report")
        before = page.locator(".source-pages img").evaluate("page => page.clientWidth")
        zoom = page.get_by_role("button", name="Zoom")
        zoom.tap()
        expect(zoom).to_have_attribute("aria-pressed", "true")
        assert page.locator(".source-pages img").evaluate("page => page.clientWidth") > 1.5 * before
        assert lit_in_view(page, ".source-pages .source-answer")
        zoom.tap()
        assert body.evaluate("body => body.scrollWidth <= body.clientWidth")


def test_what_is_ticked_while_files_are_added_stays_so_and_more_files_can_come(
    page: Page, library: Library, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(library, 3)
    page.goto(url)
    expect(page.locator("#documents input")).to_have_count(3, timeout=30_000)
    go, add_files = threading.Event(), library.add_files

    def slowly(*arguments: object, **more: object) -> Summary:
        assert go.wait(60)
        return add_files(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "add_files", slowly)
    drop(page, ("one.txt", "The first file."))
    expect(page.get_by_role("progressbar", name="Indexing one.txt")).to_be_visible()
    drop(page, ("two.txt", "The second file."))
    expect(page.get_by_role("progressbar", name="Indexing two.txt")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Indexing one.txt")).to_be_visible()
    for number in (0, 1):  # at once
        page.locator("#documents input").nth(number).click()
    expect(page.locator(".choice")).to_contain_text("1 of 3")
    go.set()
    expect(page.locator("#documents input")).to_have_count(5, timeout=30_000)
    expect(page.locator("progress")).to_have_count(0)
    expect(page.locator(".choice")).to_contain_text("3 of 5")


def test_the_next_question_can_be_asked_while_a_page_is_drawn(
    page: Page, library: Library, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(library, 3)
    page.goto(url)
    go = threading.Event()

    def slowly(text: str, citation: Citation) -> str:
        assert go.wait(60)
        return text_html(text, citation)

    monkeypatch.setattr("ui.source.text_html", slowly)
    ask(page, "What is the capital of land 1?")
    page.wait_for_timeout(500)
    ask(page, "What is the capital of land 2?")
    expect(page.locator(".answer").last).to_contain_text("Town 2")
    expect(page.get_by_role("textbox", name="Question")).to_have_value("")
    go.set()
    expect(page.locator("#source .source-answer")).to_have_text("Town 2")
    expect(page.locator("#source h2")).to_have_text("02.txt")


class Broken:
    """A chat in which things fail that nobody thought of."""

    def __init__(self, library: Library) -> None:
        self.library, self.breaks = library, False

    def stream(
        self, question: str, history: Sequence[Turn], documents: Collection[str] | None
    ) -> Iterator[tuple[Hit, ...] | Answer]:
        for step in assistant(self.library).stream(question, history, documents):
            yield step
            if self.breaks:
                raise RuntimeError("a bug in the middle of an answer")


def fails(*arguments: object, **more: object) -> None:
    raise RuntimeError("a bug in the library")


def test_a_bug_is_said_and_nothing_waits_for_ever(
    library: Library, open_page: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill(library, 2)
    broken = Broken(library)
    with running(chat(library, broken.stream, lambda documents: iter(()))) as url, open_page(url) as page:
        broken.breaks = True
        ask(page, "What is the capital of land 1?")
        expect(page.locator(".problem")).to_have_text("Something went wrong, ask again.")
        expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
        broken.breaks = False
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".answer")).to_contain_text("Town 1", timeout=30_000)
        assert "a bug in the middle of an answer" in caplog.text, "its traceback is in the log"
        toast = page.locator(".toast-wrap")
        acts: dict[str, Callable[[], None]] = {
            "give_feedback": lambda: page.get_by_role("button", name="This is right").click(),
            "remove": lambda: row(page, "00.txt").get_by_role("button").click(),
        }
        for name, act in acts.items():
            monkeypatch.setattr(library, name, fails)
            page.once("dialog", lambda dialog: dialog.accept())
            act()
            expect(toast).to_contain_text("Something went wrong, try again.", timeout=10_000)
            page.locator(".toast-close").first.click()
            expect(toast).not_to_contain_text("Something went wrong")
        monkeypatch.setattr(library, "add_files", fails)
        drop(page, ("new.txt", "x"))
        expect(page.locator(".told")).to_have_text(re.compile("^Something went wrong, add the files again."))
        expect(page.locator("progress")).to_have_count(0)
        monkeypatch.setattr("ui.source.text_html", fails)
        page.locator(".notes button").first.click()
        expect(page.locator("#source .problem")).to_contain_text("Something went wrong")
        expect(page.locator(".answer")).to_contain_text("Town 1")
