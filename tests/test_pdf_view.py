import io
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from index.errors import DocumentError
from index.formats.pdf import _LOCK, _read, load_pdf
from index.formats.pdf_view import Box, PageView, page_views
from index.sentences import sentences
from tests.test_format_pdf import SENTENCES, TEXT, TOP, Draw, both, lines, make, number, picture, turned, vera, wrapped

WARRANTY = ("The compressor is covered for ", "5 years", " from the day of purchase.")


def view(data: bytes, quote: str, answer: str = "", page: int = 1) -> PageView:
    start = quote.index(answer)
    [only] = page_views(data, "x.pdf", page, quote, (start, start + len(answer)))
    assert only.number == page
    return only


def image(seen: PageView) -> npt.NDArray[np.uint8]:
    """The picture's pixels, height x width x RGB."""
    opened = Image.open(io.BytesIO(seen.picture))
    assert (opened.size, Image.MIME[str(opened.format)]) == ((seen.width, seen.height), seen.media_type)
    return np.asarray(opened.convert("RGB"))


def inside(seen: PageView, boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """The pixels that the boxes cover, with one more on each side."""
    mask = np.zeros((seen.height, seen.width), bool)
    for box in boxes:
        left, right = (round(x * seen.width) for x in (box.left, box.left + box.width))
        top, bottom = (round(y * seen.height) for y in (box.top, box.top + box.height))
        mask[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
    return mask


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text)))


def covered(data: bytes, views: Sequence[PageView]) -> str:
    """The letters that PDFium sees under the boxes of upright pages without a crop box."""
    found = ""
    document = pypdfium2.PdfDocument(data)
    for seen in views:
        page = document[seen.number - 1]
        width, height = page.get_size()
        for box in seen.quote:
            middle, reach = height * (1 - box.top - box.height / 2), height * box.height / 4  # not the lines beside it
            left, right = width * box.left, width * (box.left + box.width)
            found += page.get_textpage().get_text_bounded(left, middle - reach, right, middle + reach)
    document.close()
    return letters(found)


def coloured(x: float, y: float, *texts: str, size: float = 14) -> Draw:
    """Texts after each other: black, red, black ..."""

    def draw(canvas: Canvas) -> None:
        at = x
        canvas.setFont("Helvetica", size)
        for count, text in enumerate(texts):
            canvas.setFillColorRGB(count % 2, 0, 0)
            canvas.drawString(at, y, text)
            at += stringWidth(text, "Helvetica", size)

    return draw


def blue(*draws: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.setFillColorRGB(0, 0, 1)
        both(*draws)(canvas)

    return draw


def assert_covers_ink(seen: PageView) -> None:
    """What is black or red is the quote and what is red the answer; nothing else is covered."""
    red, green, blue = np.moveaxis(image(seen).astype(int), 2, 0)
    dark = green < 128
    quote, answer = inside(seen, seen.quote), inside(seen, seen.answer)
    masks = dark & (red < 128) & (blue < 128), dark & (red > 160) & (blue < 128), dark & (blue > 160) & (red < 128)
    for ink, in_quote, in_answer in zip(masks, (1, 1, 0), (0, 1, 0), strict=True):
        assert ink.sum() > 300
        assert (quote[ink] == in_quote).all()
        assert (answer[ink] == in_answer).all()


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (40, 60, 500, 800)])
@pytest.mark.parametrize("unit", [1, 3])
def test_boxes_are_where_the_words_are_seen(turn: int, crop: tuple[int, int, int, int] | None, unit: int) -> None:
    def page(canvas: Canvas) -> None:
        if crop:
            canvas.setCropBox(crop)

    words = both(
        coloured(-195, 0, *WARRANTY),
        blue(lines("Another line above.", x=-195, y=20), lines("Another line below.", x=-195, y=-20)),
    )
    for angle in (turn, turn + 90):  # upright as seen, and upwards
        data = make(both(page, turned(angle, 270, 430, words)))
        data = data.replace(b"/Rotate 0", b"/UserUnit %d /Rotate %d" % (unit, turn))
        seen = view(data, "".join(WARRANTY), WARRANTY[1])
        assert (len(seen.quote), len(seen.answer)) == (1, 1)
        assert_covers_ink(seen)


def test_boxes_are_where_the_words_are_drawn() -> None:
    seen = view(make(lines("".join(WARRANTY), x=100, y=300, size=14)), "".join(WARRANTY), WARRANTY[1])
    ends = [100 + stringWidth("".join(WARRANTY[:count]), "Helvetica", 14) for count in range(4)]
    for [box], left, right in ((seen.quote, ends[0], ends[3]), (seen.answer, ends[1], ends[2])):
        assert [595 * box.left, 595 * (box.left + box.width)] == pytest.approx([left, right], abs=0.1)
        top, bottom = (842 * (1 - y) for y in (box.top, box.top + box.height))
        assert 290 < bottom < 300 - 0.2 * 14 and 300 + 0.7 * 14 < top < 320


@pytest.mark.parametrize(
    ("rows", "quote", "answer", "boxes"),
    [
        (("the books of the com-", "pany were burned"), "the books of the company were burned", "company", 2),
        (("the books of the com\u00ad", "pany were burned"), "the books of the company were burned", "company", 2),
        (("The ﬁrst ﬂoor of", "the ofﬁce."), "The first floor of the office.", "floor of the office", 2),
        (("He said: “Yes”", "(5 %)."), "He said: “Yes” (5 %).", "“Yes” (5 %)", 2),
        (("It is as follows:", "• apples,", "• pears."), "It is as follows:\n- apples,\n- pears.", "apples", 1),
    ],
)
def test_breaks_ligatures_and_marks(rows: tuple[str, ...], quote: str, answer: str, boxes: int) -> None:
    data = make(lines(*rows, font=vera()))
    assert load_pdf(data, "x.pdf").text == quote
    seen = view(data, quote, answer)
    assert (len(seen.quote), len(seen.answer)) == (len(rows), boxes)
    dark = image(seen).max(2) < 128
    assert inside(seen, seen.quote)[dark].mean() > (0.9 if "•" in rows[1] else 0.999)
    assert covered(data, [replace(seen, quote=seen.answer)]) == letters(answer)


def test_a_quote_goes_around_a_footnote_into_the_next_column() -> None:
    rows = wrapped(TEXT, 40)
    left = both(lines(*rows[:8]), lines("1 See the note of the committee.", y=500, size=8))
    data = make(both(left, lines(*rows[8:], x=320)))
    document = load_pdf(data, "x.pdf")
    quote = next(sentence for sentence in SENTENCES if rows[7].split()[-1] + " " + rows[8][:9] in sentence)
    assert quote in document.text
    seen = view(data, quote, rows[8][:9])
    assert covered(data, [seen]) == letters(quote)
    assert {box.left > 0.5 for box in seen.quote} == {True, False}
    assert all(box.left > 0.5 for box in seen.answer)


def test_cells_of_a_row_have_boxes_of_their_own() -> None:
    data = make(both(*(lines(text, x=x) for text, x in (("Model", 72), ("Score", 220), ("Time", 400)))))
    assert len(view(data, "Model Score Time").quote) == 3


def test_raised_letters_stay_in_the_box_of_their_line() -> None:
    data = make(both(coloured(72, 700, "as is known"), lines("7", x=145, y=704, size=7), lines("to all", x=151, y=700)))
    assert load_pdf(data, "x.pdf").text == "as is known7 to all"
    assert len(view(data, "as is known7 to all").quote) == 1


def test_a_page_turn_gives_two_views() -> None:
    rows = wrapped()
    pages = [
        both(lines("The Lost Archive", y=800, size=9), lines(*part), number(str(at)))
        for at, part in enumerate((rows[:3], rows[3:], rows), 1)
    ]
    data = make(*pages)
    document = load_pdf(data, "x.pdf")
    at = document.text.index(SENTENCES[2])
    assert at < document.pages[1] < at + len(SENTENCES[2])
    end = len(SENTENCES[2])
    views = page_views(data, "x.pdf", 1, SENTENCES[2], (end - 8, end), document.text[:at])
    assert [seen.number for seen in views] == [1, 2]
    assert covered(data, views) == letters(SENTENCES[2])
    assert [len(seen.answer) for seen in views] == [0, 1]


def test_of_two_sentences_the_one_after_the_text_before() -> None:
    data = make(lines("Red.", SENTENCES[4], "Green.", SENTENCES[4], "Blue.", SENTENCES[4]))
    for count, before in enumerate(("Red.", "Green.", "Blue.")):
        [seen] = page_views(data, "x.pdf", 1, SENTENCES[4], before=f"{SENTENCES[3]} {before} ")
        [box] = seen.quote
        assert box.top == pytest.approx((842 - TOP + 28 * count + 14 - 11) / 842, abs=0.005)


def test_without_the_words_a_page_has_no_boxes() -> None:
    data = make(lines(*wrapped()), lines(*wrapped()))
    quote = "The warranty of the compressor lasts for 5 years."
    seen = view(data, quote, "5 years")
    assert (seen.quote, seen.answer) == ((), ())
    assert view(data, "").quote == ()
    assert view(make(picture), quote, "5 years").quote == ()


def test_a_scan_with_hidden_text() -> None:
    def hidden(canvas: Canvas) -> None:
        canvas.drawInlineImage(Image.fromarray(scan), 0, 0, 595, 842)
        text = canvas.beginText(72, TOP)
        text.setTextRenderMode(3)
        text.setFont("Times-Roman", 11)
        text.textLines(wrapped())
        canvas.drawText(text)

    rng = np.random.default_rng(1)
    scan = rng.integers(150, 255, (421, 297, 3)).astype(np.uint8)
    data = make(hidden)
    seen = view(data, SENTENCES[1], "copied by hand")
    assert covered(data, [seen]) == letters(SENTENCES[1])
    assert seen.media_type == "image/webp"
    assert image(seen).std() > 10


def test_only_the_pages_that_are_needed_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[int] = []
    get_page = pypdfium2.PdfDocument.get_page

    def spy(document: pypdfium2.PdfDocument, index: int) -> pypdfium2.PdfPage:
        loaded.append(index + 1)
        return get_page(document, index)

    monkeypatch.setattr(pypdfium2.PdfDocument, "get_page", spy)
    data = make(*(lines(f"Page {count} holds this.") for count in range(1, 301)))
    assert len(view(data, "Page 150 holds this.", page=150).quote) == 1
    assert loaded == [150]
    loaded.clear()
    view(data, "Other words are not here.", page=150)
    assert loaded == [150, 151]


@pytest.mark.parametrize("size", [(595, 842), (842, 595), (200, 90), (3000, 4000), (14000, 20), (20, 14000)])
def test_pictures_are_sharp_and_bounded(size: tuple[int, int]) -> None:
    canvas = Canvas(None, pagesize=size)
    canvas.drawString(5, 5, "Text.")
    seen = view(bytes(canvas.getpdfdata()), "Text.")
    assert image(seen)[:2, :2].min() == 255
    assert len(seen.quote) == 1
    assert (
        min(seen.width, seen.height) >= 1100
        or seen.width * seen.height > 3_900_000
        or max(seen.width, seen.height) >= 8_000
    )
    assert seen.width * seen.height < 4_010_000
    assert max(seen.width, seen.height) <= 8_001
    assert seen.width / seen.height == pytest.approx(size[0] / size[1], rel=0.1)


def test_the_shorter_side_may_be_chosen() -> None:
    [seen] = page_views(make(lines("Text.")), "x.pdf", 1, "Text.", side=300)
    assert (seen.width, seen.height) == (300, 425)


def test_a_page_of_text_is_small() -> None:
    seen = view(make(both(lines(*wrapped(TEXT * 9, 48)[:50]), lines(*wrapped(TEXT * 9, 48)[:50], x=320))), SENTENCES[0])
    assert len(seen.picture) < 250_000


def test_annotations_are_drawn() -> None:
    def fields(canvas: Canvas) -> None:
        lines("The tank:")(canvas)
        canvas.acroForm.textfield(value="Copper", x=72, y=400, width=200, height=50, fontSize=30)

    plain, filled = (image(view(make(draw), "The tank:")) for draw in (lines("The tank:"), fields))
    assert (plain != filled).any(2).sum() > 1000


@pytest.mark.parametrize(
    ("data", "page", "message"),
    [
        (b"no PDF", 1, r"^'x\.pdf' is not a PDF that can be read"),
        (make(lines("Text."), encrypt=StandardEncryption("user")), 1, r"^'x\.pdf' is protected by a password"),
        (make(lines("Text.")), 2, r"^'x\.pdf' has 1 page, so that page 2 cannot be shown; index the file again\.$"),
        (make(lines("A."), lines("B.")), 0, r"^'x\.pdf' has 2 pages, so that page 0 cannot be shown"),
        (
            make(lines("Text.")).replace(b"/Count 1", b"/Count 2"),
            2,
            r"^Page 2 of 'x\.pdf' cannot be shown: the file is",
        ),
    ],
)
def test_what_cannot_be_shown_is_told_of(data: bytes, page: int, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        page_views(data, "x.pdf", page, "Text.")


def test_a_quote_ends_before_a_damaged_page() -> None:
    data = make(lines("The letters had been copied")).replace(b"/Count 1", b"/Count 2")
    assert len(view(data, "The letters had been copied by hand.").quote) == 1


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_every_sentence_of_a_document_is_found(data: st.DataObject) -> None:
    width, columns = data.draw(st.sampled_from([(85, 1), (38, 2), (45, 1)])), data.draw(st.integers(6, 12))
    order = data.draw(st.lists(st.sampled_from(SENTENCES), min_size=6, max_size=9))
    rows = list(hyphenated(" ".join(order), width[0], data.draw(st.integers(0, 3))))
    parts = [rows[at : at + columns] for at in range(0, len(rows), columns)]
    pages = [
        both(
            lines("The Lost Archive", y=810, size=8),
            *(lines(*part, x=72 + 250 * place) for place, part in enumerate(parts[at : at + width[1]])),
            lines(f"{at + 1} See page {at + 3} of the minutes.", y=80, size=7),
            number(f"{at}"),
        )
        for at in range(0, len(parts), width[1])
    ]
    made = make(*pages)
    document = load_pdf(made, "x.pdf")
    for start, end in sentences(document.text):
        page = sum(at <= start for at in document.pages)
        quote = document.text[start:end]
        views = page_views(made, "x.pdf", page, quote, (0, 0), document.text[:start], side=100)
        assert covered(made, views) == letters(quote)


def hyphenated(text: str, width: int, every: int) -> Iterator[str]:
    """Rows of the text; some break a word in two."""
    for count, row in enumerate(wrapped(text, width)):
        match = re.fullmatch(r"(.*\b[a-z]{3})([a-z]{3,}\W?)", row)
        yield from (f"{match[1]}-", match[2]) if match and every and count % every == 0 else (row,)


def test_threads_wait_for_each_other() -> None:
    data = make(lines(*wrapped()))

    def work(count: int) -> object:
        return load_pdf(data, "x.pdf") if count % 2 else view(data, SENTENCES[1], "fire")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(24)))
    assert all(one == found[count % 2] for count, one in enumerate(found))


def test_nothing_heavy_is_imported_before_a_page_is_shown() -> None:
    code = "import sys, index.formats.pdf_view; sys.exit('pypdfium2' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_page_is_shown_while_a_long_file_is_read() -> None:
    def many(canvas: Canvas) -> None:
        for _ in range(600):
            for row in range(50):
                canvas.drawString(72, 800 - 14 * row, "The harbour at Cobh is deep, and liners call in summer.")
            canvas.showPage()

    long, ended = make(many), list[str]()
    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(_read, long, "long.pdf")
        while not _LOCK.locked():
            time.sleep(0.001)
        reading.add_done_callback(lambda _: ended.append("read"))
        view(make(lines("".join(WARRANTY))), "".join(WARRANTY), "5 years")
        ended.append("shown")
    assert len(reading.result()[0]) >= 600
    assert ended == ["shown", "read"]
