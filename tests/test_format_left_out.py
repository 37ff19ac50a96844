"""What a file holds and its text does not is said in one calm sentence, and nothing where all is read."""

import io

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from reportlab.pdfgen.canvas import Canvas

from index.errors import DocumentError
from index.loaders import parse
from tests import hostile
from tests.hostile import docx, epub, pptx

SHAPE = "<p:sp><p:txBody><a:p><a:r><a:t>The ferry</a:t></a:r></a:p></p:txBody></p:sp>"
SAID = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"


def warning(name: str, data: bytes) -> str:
    return parse(data, name).warning.removeprefix(f"{name!r}: ")


def form_pdf(value: str, drawn: str) -> bytes:
    canvas = Canvas(None, pagesize=(595, 842))
    canvas.drawString(72, 700, f"Name of the boat: {drawn}")
    canvas.acroForm.textfield(name="boat", value=value, x=72, y=600)
    canvas.acroForm.textfield(name="empty", value="", x=72, y=500)
    canvas.acroForm.checkbox(name="box", checked=True, x=72, y=400)
    canvas.showPage()
    return bytes(canvas.getpdfdata())


def garbled_pdf(text: bytes = b"The ferry leaves at noon for Rathlin.", readable: bool = True) -> bytes:
    """A PDF whose first page has a font that says of each letter that it is one of nobody's."""
    letters = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <20> <7F> <E020> endbfrange"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<%s>>/Contents %d 0 R>>"
    font = b"/Font<</G<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 5 0 R>>>>"
    kids = b"3 0 R 6 0 R" if readable else b"3 0 R"
    return hostile.pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(kids.split()) // 3),
        page % (font, 4),
        hostile.stream(b"BT /G 12 Tf 72 700 Td (%s) Tj ET" % text),
        hostile.stream(b"begincmap %s endcmap" % letters),
        page % (hostile.FONT, 7),
        hostile.stream(hostile.LINE),
    )


def noted_pdf() -> bytes:
    canvas = Canvas(None, pagesize=(595, 842))
    canvas.drawString(72, 700, "The ferry leaves at noon.")
    canvas.textAnnotation("Is this still so?", (72, 600, 90, 620))
    canvas.freeTextAnnotation("Ask the harbour master.", (72, 500, 190, 520))
    canvas.linkURL("https://example.org", (72, 700, 200, 720))
    canvas.showPage()
    return bytes(canvas.getpdfdata())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.pdf", form_pdf("Heron II", ""), "1 filled form field is left out."),
        ("a.pdf", form_pdf("Heron II", "Heron II"), ""),
        ("a.pdf", noted_pdf(), "2 comments are left out."),
        (
            "a.pdf",
            garbled_pdf(),
            "page 1 cannot be searched: the fonts do not say which letters they draw; OCR would help.",
        ),
        ("a.pdf", garbled_pdf(b"A few"), ""),  # signs can be such letters
        ("a.docx", docx(SAID.format("a")), ""),
        (
            "a.docx",
            docx(SAID.format("a"), comments=f"<w:comment>{SAID.format('b')}</w:comment>" * 2),
            "2 comments are left out.",
        ),
        ("a.docx", docx(SAID.format("a"), header=SAID.format("Secret"), footer=SAID.format("Page 1 of 3")),
         "1 header is left out."),
        ("a.docx", docx(SAID.format("a"), chart="", oleObject="", image=""),
         "1 chart is left out; 1 embedded file is left out."),
        ("a.pptx", pptx(SHAPE), ""),
        ("a.pptx", pptx(SHAPE, "", image=""), "slide 2 is a picture without text, which cannot be searched."),
        ("a.pptx", pptx(SHAPE, comments=f'<p:cmLst xmlns:p="{hostile.SLIDES}"><p:cm/><p:cm/></p:cmLst>'),
         "2 comments are left out."),
        ("a.epub", epub("<p>One</p>", "<p>Two</p>"), ""),
        ("a.epub", epub("<p>One</p>", "<p>Two</p>").replace(b"1.xhtml", b"2.xhtml"),
         "1 chapter cannot be read: the file is damaged there."),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(name: str, data: bytes, said: str) -> None:
    assert warning(name, data) == said


def test_notes_and_charts_of_a_workbook() -> None:
    book = Workbook()
    sheet = book.create_sheet("Prices")
    sheet.append(["Item", "Price"])
    sheet.append(["Bolt", 2])
    sheet["A1"].comment = Comment("Which one?", "Ada")
    sheet.add_chart(BarChart(), "D1")
    book.create_sheet("Secret").append(["hidden"])
    book["Secret"].sheet_state = "veryHidden"
    book.create_chartsheet("Chart").add_chart(BarChart())
    data = io.BytesIO()
    book.save(data)
    assert warning("a.xlsx", data.getvalue()) == "1 comment is left out; 2 charts are left out."
    assert "hidden" in parse(data.getvalue(), "a.xlsx").text


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.docx", docx("<w:p/>", image=""), "'a.docx' holds 1 picture and no text: it is scanned."),
        ("a.pptx", pptx("", "", image=""), "'a.pptx' holds 2 pictures and no text: it is scanned."),
        (
            "a.pdf",
            garbled_pdf(readable=False),
            "'a.pdf' has 1 page without any text: its fonts do not say which letters they draw.",
        ),
        ("a.docx", docx("<w:p/>"), "'a.docx' holds no text; a document needs at least one word."),
    ],
)
def test_a_file_without_words_says_why(name: str, data: bytes, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(data, name)
    assert str(caught.value).startswith(said)


def test_an_empty_page_is_no_news() -> None:
    canvas = Canvas(None, pagesize=(595, 842))
    canvas.drawString(72, 700, "The ferry leaves at noon.")
    canvas.showPage()
    canvas.showPage()
    assert warning("a.pdf", bytes(canvas.getpdfdata())) == ""
