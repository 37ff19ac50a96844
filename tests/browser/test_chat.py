"""The chat in a real browser, with the real models behind it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate

from index.library import Library
from tests.browser.conftest import Open, ask, lit_in_view

QUESTION = "Which city will host EXPO 2017?"
UNANSWERED = "What is the price of crude oil in Norway?"
HOSTILE = """The password of the vault is swordfish <script>window.hacked = 1</script>, says the keeper.

<img src="http://evil.example/a.png" onerror="window.hacked = 2"> ![x](http://evil.example/b.png) ${window.hacked = 3}
{{constructor.constructor("window.hacked = 4")()}} "onmouseover="window.hacked=5
"""


def add(page: Page, file: Path, called: str = "") -> None:
    page.locator("#upload input[type=file]").set_input_files(file)
    expect(page.locator("#documents label").filter(has_text=called or file.name)).to_be_visible(timeout=60_000)


def remove(page: Page, name: str) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#documents li").filter(has_text=name).get_by_role("button").click()
    expect(page.locator("#documents")).not_to_contain_text(name)


def test_an_answer_comes_with_its_source_lit(page: Page) -> None:
    ask(page, "How long is the compressor under warranty?")
    expect(page.locator(".answer")).to_contain_text("5 years")
    expect(page.locator(".notes strong").first).to_have_text("5 years")
    mark = page.locator("#source .source-answer")
    expect(mark).to_have_text("5 years")
    assert lit_in_view(page, "#source .source-answer")
    expect(page.locator(".source-place")).to_contain_text("heat-pump-manual.md")
    expect(page.locator(".source-place")).to_contain_text("7. Warranty, characters 4923–5000")


def test_a_follow_up_stands_on_the_turn_before(page: Page) -> None:
    ask(page, "Who led the Kazakh team in the talks below ministerial level?")
    ask(page, "What is his position?")
    second = page.locator("article").nth(1)
    expect(second.locator(".understood")).to_contain_text("What is Yerzhan Ashikbayev's position?")
    expect(second.locator(".answer")).to_contain_text("deputy foreign minister")
    ask(page, "How much does the HP-260 weigh when empty?")
    ask(page, "And the HP-200?")
    last = page.locator("article").nth(3)
    expect(last.locator(".understood")).to_contain_text("How much does the HP-200 weigh when empty?")
    expect(last.locator(".answer")).to_contain_text("92 kg")


def test_an_abstention_offers_the_nearest_passages(page: Page) -> None:
    ask(page, UNANSWERED)
    expect(page.locator(".abstained")).to_have_text("The documents do not say.")
    expect(page.locator(".notes li")).to_have_count(3)
    page.get_by_role("button", name="Next citation").click()
    expect(page.locator(".steps")).to_contain_text("2 of 3")
    expect(page.locator("#source .source-quote")).to_be_visible()
    expect(page.locator("#source .source-answer")).to_have_count(0)


def test_a_suggestion_is_asked_with_one_click(page: Page) -> None:
    page.get_by_role("button", name=QUESTION).click()
    expect(page.locator(".answer")).to_contain_text("Astana", timeout=60_000)
    expect(page.locator("#suggestions")).to_be_hidden()


def test_an_empty_question_gets_a_friendly_word(page: Page) -> None:
    ask(page, "   ")
    expect(page.locator(".problem")).to_contain_text("The question is empty")


def test_an_earlier_answer_shows_its_source_again(page: Page) -> None:
    ask(page, QUESTION)
    ask(page, UNANSWERED)
    expect(page.locator("#source .source-answer")).to_have_count(0)
    page.get_by_role("button", name="Footnote 1: show its source").first.click()
    expect(page.locator("#source .source-answer")).to_have_text("Astana")


def test_the_last_question_is_edited_and_asked_again(page: Page) -> None:
    ask(page, UNANSWERED)
    page.get_by_role("button", name="Edit").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit")).to_be_focused()
    page.keyboard.press("Enter")
    box = page.locator("form.editing textarea")
    expect(box).to_have_value(UNANSWERED)
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Astana", timeout=60_000)
    expect(page.locator("article")).to_have_count(1)
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("article .status")).to_have_count(0, timeout=60_000)
    expect(page.locator(".answer")).to_contain_text("Astana")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("article")).to_have_count(0)
    expect(page.locator("#source")).to_contain_text("The source of an answer appears here.")


def test_the_conversation_is_copied_and_exported_with_its_footnotes(open_page: Open, url: str) -> None:
    with open_page(url, permissions=["clipboard-read", "clipboard-write"]) as page:
        ask(page, QUESTION)
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"{QUESTION}\n\nAstana [1]")
        with page.expect_download() as download:
            page.get_by_role("button", name="Export as Markdown").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert "**Astana**[^1]" in text
        page.get_by_role("button", name="New conversation").click()
        expect(page.get_by_role("button", name="Export as Markdown")).to_be_disabled()
        assert re.search(r"^\[\^1\]: “.*EXPO 2017.*” \(.*briefing", text, re.MULTILINE)


def test_a_verdict_is_kept_in_the_library(page: Page, library: Library) -> None:
    ask(page, QUESTION)
    page.get_by_role("button", name="This is right").click()
    expect(page.get_by_role("button", name="This is right")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="This is wrong").click()
    page.get_by_label("The answer is…").fill("Astana, Kazakhstan")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".reply")).to_contain_text("Thank you")
    kept = library.feedback()[-1]
    assert (kept.question, kept.answer, kept.verdict) == (QUESTION, "Astana", "wrong")
    assert kept.correction == "Astana, Kazakhstan"
    page.get_by_role("button", name="This is wrong").click()
    expect(page.get_by_role("button", name="This is wrong")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".reply")).not_to_contain_text("Thank you")
    assert kept.id not in [feedback.id for feedback in library.feedback()], "taken back, it is nowhere kept"


def test_unticked_documents_are_not_asked(page: Page) -> None:
    page.get_by_role("checkbox", name="briefing.txt").uncheck()
    expect(page.locator(".choice")).to_contain_text("2 of 3")
    ask(page, QUESTION)
    expect(page.locator(".abstained")).to_be_visible()
    expect(page.locator(".notes")).not_to_contain_text("briefing.txt")
    page.get_by_role("button", name="Tick all").click()
    expect(page.get_by_role("checkbox", name="briefing.txt")).to_be_checked()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".answer")).to_contain_text("Astana", timeout=60_000)


def test_an_added_document_is_data_and_can_be_asked(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "vault <b> {{x}} ${y}.txt"
    file.write_text(HOSTILE)
    add(page, file, "vault")
    ask(page, "What is the password of the vault?")
    expect(page.locator(".answer")).to_contain_text("swordfish")
    for part in ("${window.hacked = 3}", "<script>window.hacked = 1</script>", "{{constructor"):
        expect(page.locator("#source .source-text")).to_contain_text(part)
    ask(page, "<img src=x onerror='window.hacked = 6'> {{7*7}} ${window.hacked = 7}")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#talk img, #source img, #documents b").count() == 0
    remove(page, "vault")


def test_an_added_pdf_is_shown_as_its_own_page_and_removed(page: Page, tmp_path: Path) -> None:
    style = getSampleStyleSheet()
    filler = Paragraph("The windmill of the island has turned since the spring of that year. " * 60, style["BodyText"])
    parts = [Paragraph("Care", style["Heading1"]), filler, filler, Paragraph("Cover", style["Heading1"]), filler]
    parts += [filler, Paragraph("The windmill is insured by Baltic Mutual.", style["BodyText"])]
    SimpleDocTemplate(str(tmp_path / "mill.pdf")).build(parts)
    add(page, tmp_path / "mill.pdf")
    ask(page, "Who insures the windmill?")
    expect(page.locator(".answer")).to_contain_text("Baltic Mutual")
    expect(page.locator(".source-place")).to_contain_text(re.compile(r"p\. \d, Cover, characters"))
    picture = page.locator("#source img")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 500")
    expect(page.locator(".source-pages .source-answer")).to_have_count(1)
    assert lit_in_view(page, ".source-pages .source-answer")
    page.get_by_role("button", name="Show as text").click()
    expect(page.locator("#source .source-text .source-answer")).to_have_text("Baltic Mutual")
    page.get_by_role("button", name="Show the page").click()
    expect(picture).to_be_visible()
    remove(page, "mill")
    ask(page, "Who insures the windmill?")
    expect(page.locator("article").nth(1).locator(".abstained")).to_be_visible()


def test_an_overview_is_quoted_from_across_the_document(page: Page) -> None:
    page.get_by_role("checkbox", name="briefing.txt").uncheck()
    page.get_by_role("checkbox", name="heat-pump-manual.md").uncheck()
    ask(page, "Summarise the document")
    expect(page.locator(".answer sup").nth(2)).to_be_visible()
    page.locator(".answer sup button").nth(2).click()
    expect(page.locator("#source .source-quote")).to_be_visible()
    expect(page.locator(".steps")).to_contain_text("3 of")


def test_two_people_have_their_own_conversation_and_choice(open_page: Open, url: str) -> None:
    with open_page(url) as one, open_page(url) as other:
        one.get_by_role("checkbox", name="briefing.txt").uncheck()
        expect(one.locator(".choice")).to_contain_text("2 of 3")
        ask(other, QUESTION)
        expect(other.locator(".answer")).to_contain_text("Astana")
        expect(other.get_by_role("checkbox", name="briefing.txt")).to_be_checked()
        expect(one.locator("article")).to_have_count(0)
        ask(one, QUESTION)
        expect(one.locator(".abstained")).to_be_visible()


def test_a_page_with_a_long_file_name_is_kept_in_its_column(page: Page, tmp_path: Path) -> None:
    file = tmp_path / f"{'unbroken' * 20}.pdf"
    canvas = Canvas(str(file))
    canvas.drawString(72, 760, "The tide table hangs in the harbour office.")
    canvas.save()
    add(page, file)
    ask(page, "Where does the tide table hang?")
    expect(page.locator("#source img")).to_be_visible()
    for part in ("#beside", "#conversation", "#source"):
        inside = page.locator(part).evaluate("part => part.scrollWidth <= part.clientWidth")
        assert inside, f"something sticks out of {part}"
    remove(page, "unbroken")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    ask(page, QUESTION)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.scrollHeight") <= 844
    expect(page.get_by_role("textbox", name="Question")).to_be_in_viewport()
