import io
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
import reportlab
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, FrameBreak, PageTemplate, Paragraph, SimpleDocTemplate, Table

from index.errors import DocumentError
from index.formats.pdf import load_pdf
from index.types import Document

TOP = 760
SENTENCES = (
    "The committee met in the spring and heard the reports of both working groups on the state of the archive.",
    "Most of the letters had been copied by hand before the fire, and the copies were kept in another town.",
    "Nobody could say how many volumes were lost, because the old catalogue had burned with the shelves.",
    "A new list was drawn up from memory, from receipts, and from the notes of readers who had used the hall.",
    "It took four years until the list was printed and sent to every library that had asked for one.",
)
TEXT = " ".join(SENTENCES)

Draw = Callable[[Canvas], None]


def read(*pages: Draw, encrypt: StandardEncryption | None = None) -> Document:
    return load_pdf(make(*pages, encrypt=encrypt), "x.pdf")


def make(*pages: Draw, encrypt: StandardEncryption | None = None) -> bytes:
    canvas = Canvas(None, pagesize=(595, 842), encrypt=encrypt)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    return bytes(canvas.getpdfdata())


def lines(
    *texts: str, x: float = 72, y: float = TOP, size: float = 11, step: float = 14, font: str = "Helvetica"
) -> Draw:
    """Texts below each other, starting at a height."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        for number, text in enumerate(texts):
            canvas.drawString(x, y - number * step, text)

    return draw


def both(*draws: Draw) -> Draw:
    def draw(canvas: Canvas) -> None:
        for one in draws:
            one(canvas)

    return draw


def wrapped(text: str = TEXT, width: int = 85) -> list[str]:
    return textwrap.wrap(text, width)


def number(text: str) -> Draw:
    return lines(text, x=290, y=30, size=9)


def picture(canvas: Canvas) -> None:
    canvas.rect(72, 300, 400, 300, fill=1)


def blank(canvas: Canvas) -> None:
    pass


def page_starts(document: Document) -> list[str]:
    return [document.text[at:].lstrip().split("\n")[0] for at in document.pages]


def titles(document: Document) -> list[tuple[int, str]]:
    for heading in document.headings:
        assert document.text[heading.start : heading.end] == heading.title
    return [(heading.level, heading.title) for heading in document.headings]


def test_pages_begin_where_their_text_does() -> None:
    document = read(lines("First page."), blank, lines("Third page."), lines("Fourth page."))
    assert document.text == "First page.\n\nThird page.\n\nFourth page."
    assert document.pages == (0, 11, 11, 24)
    assert page_starts(document) == ["First page.", "Third page.", "Third page.", "Fourth page."]
    assert (document.path, document.warning) == ("x.pdf", "")


def test_lines_of_a_paragraph_are_joined_and_a_gap_parts_two() -> None:
    rows = wrapped()
    document = read(both(lines(*rows), lines(*rows, y=TOP - len(rows) * 14 - 6)))
    assert document.text == f"{TEXT}\n\n{TEXT}"


def test_double_spaced_lines_are_joined() -> None:
    rows = wrapped()
    assert read(lines(*rows, step=28)).text == TEXT


def test_a_page_may_be_set_wider_than_the_others() -> None:
    texts = [f"{word} {TEXT} {TEXT}" for word in ("Red.", "Green.", "Blue.", "White.")]
    document = read(*(lines(*wrapped(text), step=step) for text, step in zip(texts, (14, 14, 14, 24), strict=True)))
    assert document.text.split("\n\n") == texts


def test_a_first_line_indent_begins_a_paragraph() -> None:
    rows = wrapped()
    one = both(lines(rows[0], x=90), lines(*rows[1:], y=TOP - 14))
    two = both(lines("    Indented by blanks:"), lines(*rows, y=TOP - 14))
    next_ = TOP - len(rows) * 14
    document = read(both(one, lines(rows[0], x=90, y=next_), lines(*rows[1:], y=next_ - 14)))
    assert document.text == f"{TEXT}\n\n{TEXT}"
    assert read(two).text == f"Indented by blanks:\n\n{TEXT}"


def test_a_paragraph_of_one_indented_line() -> None:
    short = "He said nothing. " + "And again he said nothing to them, and nothing to anyone else."
    rows = wrapped(width=70)
    draw = both(lines(short, x=90), lines(rows[0], x=90, y=TOP - 14), lines(*rows[1:], y=TOP - 28))
    assert read(draw).text == f"{short}\n\n{TEXT}"


def test_a_short_last_line_that_ends_a_sentence_ends_a_paragraph() -> None:
    rows = [*wrapped(f"{SENTENCES[0]} {SENTENCES[1][:40]}."), *wrapped(f"{SENTENCES[2]} {SENTENCES[3]}")]
    assert read(lines(*rows)).text == f"{SENTENCES[0]} {SENTENCES[1][:40]}.\n\n{SENTENCES[2]} {SENTENCES[3]}"


def test_lines_with_room_for_more_stand_alone() -> None:
    address = ("Jane Roe", "12 Long Street with a Name", "Springfield")
    assert read(lines(*address, "", *wrapped())).text == "\n\n".join((*address, TEXT))


def test_a_hanging_indent_stays_in_its_paragraph() -> None:
    entries = [f"Roe, J. ({year}). {SENTENCES[0]} Journal of Archives, {year - 2000}, 11-25." for year in (2011, 2012)]
    draws: list[Draw] = []
    y = TOP
    for entry in entries:
        first, *rest = wrapped(entry)
        draws += [lines(first, y=y), lines(*rest, x=90, y=y - 14)]
        y -= 14 * (1 + len(rest))
    assert read(both(*draws)).text == "\n\n".join(entries)


def test_a_change_of_size_begins_a_paragraph() -> None:
    rows = wrapped(SENTENCES[0] + " " + SENTENCES[1])
    note = wrapped(SENTENCES[2])
    document = read(both(lines(*rows), lines(*note, y=TOP - 14 * len(rows), size=9, step=11)))
    assert document.text == f"{SENTENCES[0]} {SENTENCES[1]}\n\n{SENTENCES[2]}"


def test_superscripts_stay_in_their_line() -> None:
    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(72, TOP)
        text.setFont("Helvetica", 11)
        text.textOut("Water is H")
        text.setRise(-3)
        text.textOut("2")
        text.setRise(0)
        text.textOut("O, as is known")
        text.setRise(5)
        text.textOut("7")
        text.setRise(0)
        text.textOut(" to everyone.")
        canvas.drawText(text)

    assert read(draw).text == "Water is H2O, as is known7 to everyone."


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (("the books of the com-", "pany were burned"), "the books of the company were burned"),
        (("the books of the com\u00ad", "pany were burned"), "the books of the company were burned"),
        (("under the Anglo-", "Irish treaty"), "under the Anglo-Irish treaty"),
        (("in the years 2019-", "2020 it rose"), "in the years 2019-2020 it rose"),
        (("a cost of COVID-", "19 was that"), "a cost of COVID-19 was that"),
        (("the state-of-the-", "art method is"), "the state-of-the-art method is"),
        (("from the DNA-", "based method of"), "from the DNA-based method of"),
        (("for short-", "and long-term loans"), "for short- and long-term loans"),
        (("send it by e-", "mail to the hall"), "send it by e-mail to the hall"),
        (("a well-known man is a well-", "known man here"), "a well-known man is a well-known man here"),
        (("THE WARRANTY IS LIMI-", "TED AS STATED"), "THE WARRANTY IS LIMITED AS STATED"),
        (("he said so -", "or so they say"), "he said so - or so they say"),
        (("pre\u00adcious ar\u00adchives of", "the city"), "precious archives of the city"),
    ],
)
def test_hyphens(rows: tuple[str, str], text: str) -> None:
    assert read(lines(*rows, font=vera())).text == text


def test_a_hyphen_is_mended_over_a_page_turn() -> None:
    text = f"{TEXT} The rest of the books were moved by the shipping com-"
    document = read(lines(*wrapped(text)), lines("pany in May."))
    assert document.text == f"{text[:-1]}pany in May."
    assert document.text[document.pages[1] :] == "pany in May."


def test_ligatures_are_letters() -> None:
    assert read(lines("The ﬁrst ﬂoor of the ofﬁce.", font=vera())).text == "The first floor of the office."


@cache
def vera() -> str:
    registerFont(TTFont("Vera", f"{reportlab.__path__[0]}/fonts/Vera.ttf"))
    return "Vera"


def test_ideographs_are_joined_without_a_blank() -> None:
    registerFont(UnicodeCIDFont("STSong-Light"))
    row = "我们在这里写一个很长的句子用来检查换行是否正确" * 2
    draw = lines(row, f"他{row[:30]}。", f"她{row[1:]}", font="STSong-Light", size=9)
    assert read(draw).text == f"{row}他{row[:30]}。\n\n她{row[1:]}"


def test_bullets_are_items_and_numbers_stay() -> None:
    rows = wrapped(SENTENCES[0], 60)
    draw = both(
        lines("The list has:"),
        lines("• apples,", y=TOP - 14, x=80),
        lines(f"• {rows[0]}", y=TOP - 28, x=80),
        lines(*rows[1:], y=TOP - 42, x=90),
        lines("– pears", y=TOP - 56, x=80),
        lines("1. The first step is this.", "2. The second one is longer and goes on", y=TOP - 100),
        lines("in a second line below it.", y=TOP - 128, x=84),
        lines("a) And a letter.", y=TOP - 142),
    )
    assert read(draw).text == (
        f"The list has:\n- apples,\n- {SENTENCES[0]}\n- pears\n\n1. The first step is this.\n\n"
        "2. The second one is longer and goes on in a second line below it.\n\na) And a letter."
    )


def test_a_dash_or_a_number_may_begin_a_line_of_a_paragraph() -> None:
    rows = (
        "the members who came to the hall that evening were in all about",
        "40. They all had",
        "- so to say - come.",
    )
    assert read(lines(*rows)).text.startswith(f"{rows[0]} {rows[1]}")


def test_a_bullet_drawn_by_itself() -> None:
    draw = both(lines("One of them:"), lines("•", y=TOP - 30, size=9), lines("the item", x=90, y=TOP - 32))
    assert read(draw).text == "One of them:\n- the item"


def columns() -> bytes:
    """A page of two columns, with a title over both."""
    target = io.BytesIO()
    style = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12, firstLineIndent=10, alignment=4)
    title = ParagraphStyle("title", fontName="Times-Bold", fontSize=16, leading=20)
    frames = [Frame(50, 740, 500, 60), Frame(50, 360, 240, 380), Frame(310, 360, 240, 380)]
    document = BaseDocTemplate(target, pagesize=(595, 842))
    document.addPageTemplates([PageTemplate("two", frames)])
    document.build([Paragraph("On the Lost Archive", title), FrameBreak(), *[Paragraph(TEXT, style)] * 5])
    return target.getvalue()


def test_columns_are_read_one_after_the_other() -> None:
    document = load_pdf(columns(), "x.pdf")
    assert document.text == "\n\n".join(["On the Lost Archive", *[TEXT] * 5])
    assert titles(document) == [(1, "On the Lost Archive")]


def test_a_paragraph_goes_on_over_a_page_turn() -> None:
    rows = wrapped()
    document = read(lines(*rows[:3]), lines(*rows[3:]))
    assert document.text == TEXT
    assert document.text[document.pages[1] :].startswith(rows[3])


def test_a_paragraph_goes_on_over_two_page_turns_footnotes_and_running_lines() -> None:
    rows = wrapped(f"{TEXT} {TEXT}")
    parts = (rows[:4], rows[4:8], rows[8:])
    pages = [
        both(lines("The Lost Archive", y=800, size=9), lines(*part), number(str(count)))
        for count, part in enumerate(parts, 1)
    ]
    note = lines("1 See the note of the committee.", y=120, size=8)
    document = read(both(pages[0], note), *pages[1:])
    assert document.text == f"The Lost Archive\n\n1 See the note of the committee.\n\n{TEXT} {TEXT}"
    assert [document.text[at:].startswith(part[0]) for at, part in zip(document.pages, parts, strict=True)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ("and so it was the end of the first part of the whole long story of the archive.", "The next one."),
        ("and so on", "The next one begins here after a short line."),
        ("and so it was the beginning of the first part of the whole long story of the", "1. An item."),
        ("and so it was the beginning of the first part of the whole long story of the", "• An item."),
    ],
)
def test_a_page_turn_ends_a_paragraph(last: str, first: str) -> None:
    document = read(lines(*wrapped(), last), lines(first, "", *wrapped()))
    words = first.replace("• ", "- ")
    assert f"{last}\n{'' if '• ' in first else chr(10)}{words}" in document.text
    assert document.text[document.pages[1] :].lstrip().startswith(words)


def test_a_heading_ends_a_paragraph_over_a_page_turn() -> None:
    rows = wrapped()[:3]
    document = read(lines(*rows), both(lines("The Next Chapter", size=16), lines(*wrapped(), y=TOP - 40)))
    assert titles(document) == [(1, "The Next Chapter")]
    assert page_starts(document) == [" ".join(rows), "The Next Chapter"]


def test_running_lines_stay_once_and_page_numbers_go() -> None:
    pages = [
        both(
            lines("Annual Report", y=810, size=9),
            lines(f"{word} {SENTENCES[0]}"),
            lines(f"Acme Ltd. | Page {count} of 4", y=30, size=9),
        )
        for count, word in enumerate(("Red.", "Green.", "Blue.", "White."), 1)
    ]
    document = read(*pages)
    texts = [f"{word} {SENTENCES[0]}" for word in ("Red.", "Green.", "Blue.", "White.")]
    assert document.text == "\n\n".join(["Annual Report", *texts])
    assert page_starts(document)[1:] == texts[1:]


@pytest.mark.parametrize("text", ["12", "Page 3 of 10", "- 3 -", "iv", "Seite 4", "3/10"])
def test_a_page_number_goes_from_a_short_document(text: str) -> None:
    assert read(both(lines(*wrapped()), number(text))).text == TEXT
    assert read(both(lines(text, x=290, y=810, size=9), lines(*wrapped()))).text == TEXT


def test_body_text_stays_even_if_it_repeats() -> None:
    chapters = [both(lines(f"Chapter {count}", size=18), lines(*wrapped(), y=700)) for count in (1, 2, 3)]
    assert titles(read(*chapters)) == [(1, "Chapter 1"), (1, "Chapter 2"), (1, "Chapter 3")]
    slides = [
        both(lines(title, size=24), lines("Revenue", f"Sales of quarter {count}", "Costs are", "high", y=600, step=40))
        for count, title in enumerate(("Past", "Now", "Soon"), 1)
    ]
    text = read(*slides).text
    assert [text.count(words) for words in ("Sales of quarter 1", "Sales of quarter 2", "Sales of quarter 3")] == [
        1,
        1,
        1,
    ]
    assert text.count("Revenue") == 3
    middle = [lines(SENTENCES[0], "", SENTENCES[1], "", "The same.", "", SENTENCES[2], "", SENTENCES[3]) for _ in "123"]
    assert read(*middle).text.count("The same.") == 3
    assert read(*[lines(*wrapped())] * 3).text.split("\n\n") == [TEXT] * 3


def test_a_number_in_the_last_row_of_a_table_stays() -> None:
    assert read(lines("Apples", "Pears", "42")).text.endswith("42")
    assert read(lines("42")).text == "42"


def test_levels_of_headings_by_size() -> None:
    rows = wrapped()
    document = read(
        both(
            lines("The Archive of the Town", "and What Became of It", size=24, step=28),
            lines("1 The Fire", y=690, size=16),
            lines(*rows, y=660),
            lines("1.1 The Loss", y=560, size=13),
            lines(*rows, y=540),
            lines("2 The List", y=440, size=16),
            lines("This large sentence is no heading.", y=410, size=16),
        )
    )
    assert titles(document) == [
        (1, "The Archive of the Town and What Became of It"),
        (2, "1 The Fire"),
        (3, "1.1 The Loss"),
        (2, "2 The List"),
    ]
    assert document.text.endswith("2 The List\n\nThis large sentence is no heading.")


def test_a_long_large_text_is_no_heading() -> None:
    assert titles(read(both(lines(*wrapped(TEXT[:200], 40), size=16, step=19), lines(*wrapped() * 3, y=500)))) == []


def test_at_most_six_levels() -> None:
    heads = [lines(f"Title {size}", size=size, y=40 * size - 150) for size in (24, 22, 20, 18, 16, 14, 13)]
    document = read(both(*heads, lines(*wrapped(), y=300)))
    assert sorted(level for level, _ in titles(document)) == [1, 2, 3, 4, 5, 6, 6]


def test_bold_lines_are_the_lowest_headings() -> None:
    rows = wrapped()
    document = read(
        both(
            lines("The Archive", size=20),
            lines("The fire", y=720, font="Helvetica-Bold"),
            lines(*rows, y=706),
            lines("This bold sentence is no heading.", y=600, font="Helvetica-Bold"),
            lines(*rows, y=570),
        )
    )
    assert titles(document) == [(1, "The Archive"), (2, "The fire")]
    assert titles(read(lines("The fire", "", *rows, font="Helvetica-Bold"))) == []


def test_the_size_is_the_one_seen() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 1)
        canvas.saveState()
        canvas.scale(20, 20)
        canvas.drawString(3.6, 38, "A Scaled Title")
        canvas.restoreState()
        canvas.scale(11, 11)
        for count, text in enumerate(wrapped()):
            canvas.drawString(6.5, 60 - 1.3 * count, text)

    document = read(draw)
    assert (document.text, titles(document)) == (f"A Scaled Title\n\n{TEXT}", [(1, "A Scaled Title")])


def turned(angle: float, x: float, y: float, draw: Draw) -> Draw:
    def turn(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(angle)
        draw(canvas)
        canvas.restoreState()

    return turn


def test_a_watermark_is_left_out_and_a_line_at_the_side_stands_apart() -> None:
    rows = wrapped()
    watermark = turned(45, 150, 300, lines("DRAFT", x=0, y=0, size=80))
    side = turned(90, 40, 300, lines("In the margin", x=0, y=0))
    document = read(both(watermark, lines(*rows[:2]), watermark, lines(*rows[2:4], y=TOP - 28), side), lines(*rows[4:]))
    assert document.text == f"In the margin\n\n{TEXT}"


def test_a_page_on_its_side() -> None:
    def turn(canvas: Canvas) -> None:
        canvas.setPageRotation(90)

    landscape = turned(90, 595, 0, both(lines("A Wide Title", size=18, y=500), lines(*wrapped(), y=460)))
    assert read(both(turn, landscape)).text == f"A Wide Title\n\n{TEXT}"


def test_invisible_text_over_a_scan_has_one_size() -> None:
    def draw(canvas: Canvas) -> None:
        picture(canvas)
        for count, row in enumerate(wrapped()):
            text = canvas.beginText(72, TOP - 14 * count + count % 2)
            text.setTextRenderMode(3)
            text.setFont("Times-Roman", (10, 11.7, 9.3, 12.5)[count % 4])
            text.setHorizScale((100, 85, 107, 80)[count % 4])
            text.textOut(row)
            canvas.drawText(text)

    document = read(draw)
    assert (document.text, document.headings) == (TEXT, ())


def test_rows_of_a_table_and_contents_stand_alone() -> None:
    target = io.BytesIO()
    style = ParagraphStyle("body", fontSize=10, leading=12)
    rows = [["Model", "Score", "Time"], ["Old one", "31.2", "12 ms"], ["New one", "44.9", "41 ms"]]
    contents = [f"{count} {word} {'.' * 90} {count * 4}" for count, word in ((1, "Start"), (2, "End"))]
    flow = [*(Paragraph(text, style) for text in contents), Paragraph(TEXT, style), Table(rows, [150, 150, 150])]
    SimpleDocTemplate(target).build(flow)
    assert load_pdf(target.getvalue(), "x.pdf").text == "\n\n".join(
        ["1 Start 4", "2 End 8", TEXT, "Model Score Time", "Old one 31.2 12 ms", "New one 44.9 41 ms"]
    )


@pytest.mark.parametrize(("pages", "many"), [([picture], "1 page"), ([picture, blank, picture], "3 pages")])
def test_a_scan_is_refused(pages: Iterable[Draw], many: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(*pages)
    assert str(error.value) == (
        f"'x.pdf' has {many} without any text: it is scanned. Run OCR on it (ocrmypdf, for example) and add it again."
    )


@pytest.mark.parametrize(
    ("kinds", "warning"),
    [
        ("t-t", ""),
        ("tp", "page 2 is a picture"),
        ("ttptttppp", "pages 3 and 7 to 9 are pictures"),
        ("tpp-p", "pages 2, 3 and 5 are pictures"),
        ("t" + "p-" * 15, "pages 2, 4, 6, 8, 10, 12, 14, 16, 18 and others are pictures"),
    ],
)
def test_pictures_are_told_of(kinds: str, warning: str) -> None:
    draws = {"t": lines("Some text."), "p": picture, "-": blank}
    expected = warning and f"'x.pdf': {warning} without text, which cannot be searched."
    assert read(*(draws[kind] for kind in kinds)).warning == expected


def test_passwords() -> None:
    assert read(lines("Secret."), encrypt=StandardEncryption("", ownerPassword="owner", canCopy=0)).text == "Secret."
    with pytest.raises(DocumentError, match=r"^'x\.pdf' is protected by a password; save it without one and add it"):
        read(lines("Secret."), encrypt=StandardEncryption("user", ownerPassword="owner"))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no PDF at all", make(lines("Text."))[:300], make()[:-200]])
def test_damage_is_told_of(data: bytes) -> None:
    with pytest.raises(DocumentError) as error:
        load_pdf(data, "x.pdf")
    assert str(error.value) == (
        "'x.pdf' is not a PDF that can be read: it is damaged or incomplete. "
        "Open it in a PDF viewer, save it again and add that."
    )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_mutated_files_load_or_are_refused(data: st.DataObject) -> None:
    good = sound()
    end = data.draw(st.integers(0, len(good)))
    bad = bytearray(good[:end] if data.draw(st.booleans()) else good)
    for _ in range(data.draw(st.integers(0, 30)) if bad else 0):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    try:
        document = load_pdf(bytes(bad), "x.pdf")
    except DocumentError:
        return
    assert list(document.pages) == sorted(document.pages)
    assert all(0 <= at <= len(document.text) for at in document.pages)
    titles(document)


@cache
def sound() -> bytes:
    """A file without compression, whose mutations reach the text."""
    canvas = Canvas(None, pageCompression=0)
    for page in (both(lines("A Title", size=20), lines(*wrapped(), y=700)), picture, lines(*wrapped())):
        page(canvas)
        canvas.showPage()
    return bytes(canvas.getpdfdata())


def test_lost_pages_are_told_of() -> None:
    good = sound()
    assert good.count(b"/Count 3") == 1
    document = load_pdf(good.replace(b"/Count 3", b"/Count 5"), "x.pdf")
    assert document.warning == (
        "'x.pdf': page 2 is a picture without text, which cannot be searched; "
        "pages 4 and 5 cannot be read: the file is damaged there."
    )
    assert len(document.pages) == 5


def test_threads_wait_for_each_other() -> None:
    good = sound()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: load_pdf(good, "x.pdf"), range(40)))) == 1


def test_three_hundred_pages_are_quick() -> None:
    rows = wrapped(" ".join([TEXT] * 5))
    data = make(*(both(lines(*rows), number(str(count))) for count in range(1, 301)))
    began = time.process_time()
    document = load_pdf(data, "x.pdf")
    assert time.process_time() - began < 5
    assert len(document.pages) == 300
    assert all(document.text[at:].lstrip().startswith(SENTENCES[0]) for at in document.pages)


def test_nothing_heavy_is_imported_before_a_file_is_read() -> None:
    code = "import sys, index.formats.pdf; sys.exit('pypdfium2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
