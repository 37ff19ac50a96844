"""Word files: what a reader sees of them, and nothing else."""

import io
import random
import zipfile
from collections.abc import Sequence

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.paragraph import Paragraph
from hypothesis import given
from hypothesis import strategies as st

from index.errors import DocumentError
from index.formats.numbering import printed_number
from index.formats.word import load_docx
from index.types import Document

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    f'xmlns:m="{OFFICE}/math"'
)
BULLETS = '<w:numFmt w:val="bullet"/><w:lvlText w:val="•"/>'


def package(body: str, **parts: str) -> bytes:
    """A Word file with no more in it than these parts."""
    links = "".join(f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>' for kind in parts)
    listing = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        main = f'<Relationship Id="a" Type="{OFFICE}/officeDocument" Target="/word/document.xml"/>'
        archive.writestr("_rels/.rels", listing.format(main))
        archive.writestr("word/_rels/document.xml.rels", listing.format(links))
        archive.writestr("word/document.xml", f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>")
        for kind, xml in parts.items():
            archive.writestr(f"word/{kind}.xml", f"<w:{kind} {NAMESPACES}>{xml}</w:{kind}>")
    return data.getvalue()


def load(body: str, **parts: str) -> Document:
    return load_docx(package(body, **parts), "a.docx")


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def listed(text: str, num: int, depth: int = 0) -> str:
    return paragraph(run(text), properties=f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{num}"/></w:numPr>')


def level(depth: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(*levels: str, nums: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> str:
    return f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{nums}'


def table(*rows: Sequence[str], bold: bool = False, marked: bool = False) -> str:
    """A table; a cell is its text, or the XML of what is in it."""
    xml = ""
    for at, row in enumerate(rows):
        mark = "<w:b/>" if bold and not at else ""
        head = "<w:trPr><w:tblHeader/></w:trPr>" if marked and not at else ""
        cells = (cell if cell.startswith("<") else paragraph(run(cell, mark)) for cell in row)
        xml += f"<w:tr>{head}{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"
    return f"<w:tbl>{xml}</w:tbl>"


def saved(document: "docx.document.Document") -> bytes:
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


# The text of a paragraph.


def test_runs_and_signs() -> None:
    link = f"<w:hyperlink>{run('link')}</w:hyperlink>"
    tag = f"<w:smartTag>{run(' and')}<w:r><w:tab/></w:r></w:smartTag>"
    broken = "<w:r><w:t>two</w:t><w:br/><w:t>lines co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r>"
    stops = '<w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs>'
    assert load(paragraph(run("A "), link, tag, broken, properties=stops)).text == "A link and two\nlines co-op"


def test_changes_are_accepted() -> None:
    inserted = f"<w:ins>{run('three')}</w:ins>"
    deleted = "<w:del><w:r><w:tab/><w:delText>two</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom>{run('gone ')}</w:moveFrom><w:moveTo>{run('come ')}</w:moveTo>"
    assert load(paragraph(run("Term: "), deleted, inserted, run(" years. "), moved)).text == "Term: three years. come"


def test_a_deleted_paragraph_end_joins_two() -> None:
    ends = "<w:rPr><w:del/></w:rPr>"
    joined = paragraph(run("The "), properties=ends) + paragraph(run("company."))
    assert load(joined + paragraph(run("Next."))).text == "The company.\n\nNext."
    assert load(paragraph(run("The end."), properties=ends)).text == "The end."


def test_fields_show_their_results() -> None:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    inner = mark("begin") + "<w:r><w:instrText>REF x</w:instrText></w:r>" + mark("separate") + run("x") + mark("end")
    outer = mark("begin") + inner + run("=1") + mark("separate") + run("result") + mark("end")
    simple = f'<w:fldSimple w:instr="DATE">{run(" today")}</w:fldSimple>'
    assert load(paragraph(run("The "), outer, simple, run("."))).text == "The result today."


def test_nothing_is_said_twice() -> None:
    choices = f"<mc:AlternateContent><mc:Choice>{run('new')}</mc:Choice><mc:Fallback>{run('old')}</mc:Fallback>"
    ruby = f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>"
    assert load(paragraph(f"{choices}</mc:AlternateContent>", ruby)).text == "new漢"


def test_hidden_text_and_prompts_are_left_out() -> None:
    prompt = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    empty = prompt.format("<w:showingPlcHdr/>", run("Click here."))
    filled = prompt.format("", run(" Jane"))
    hidden, shown = run("hidden", "<w:vanish/>"), run("!", '<w:vanish w:val="0"/>')
    assert load(paragraph(run("Name:"), empty, filled, hidden, shown)).text == "Name: Jane!"


def test_symbols() -> None:
    signs = '<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:sym w:font="Wingdings" w:char="F028"/></w:r>'
    assert load(paragraph(signs, run(" 5"))).text == "≥ 5"


def test_formulas_are_read() -> None:
    assert load(paragraph(run("E = "), "<m:oMath><m:r><m:t>mc²</m:t></m:r></m:oMath>")).text == "E = mc²"


def test_text_boxes_follow_their_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph(run('boxed'))}{paragraph(run('twice'))}</w:txbxContent>"
    drawn = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    text = load(paragraph(run("Be"), f"<w:r>{drawn}</w:r>", run("fore")) + paragraph(run("After"))).text
    assert text == "Before\n\nboxed\n\ntwice\n\nAfter"


def test_notes_follow_the_block_that_refers_to_them() -> None:
    def refer(kind: str, id: int, more: str = "") -> str:
        return f'<w:r><w:{kind}Reference w:id="{id}" {more}/></w:r>'

    body = (
        paragraph(run("One"), refer("footnote", 7), run(", two"), refer("endnote", 7), run("."))
        + table(["a", "b"], [paragraph(run("c"), refer("footnote", 8)), "d"])
        + paragraph(run("Last*"), refer("footnote", 9, 'w:customMarkFollows="1"'), refer("footnote", 404))
    )
    notes = {7: paragraph(run("First.")), 8: paragraph(run("Se"), refer("footnote", 8)) + paragraph(run("cond."))}
    notes[9] = paragraph(run("* Marked."))
    footnotes = "".join(f'<w:footnote w:id="{id}">{note}</w:footnote>' for id, note in notes.items())
    endnotes = f'<w:endnote w:id="7">{paragraph(run("End."))}</w:endnote>'
    assert load(body, footnotes=footnotes, endnotes=endnotes).text.split("\n\n") == [
        *["One, two.", "Note 1: First.", "Note i: End.", "a: b", "c: d", "Note 2: Se cond."],
        *["Last*", "Note: * Marked."],
    ]


# What wraps and what is left out.


def test_content_controls_and_contents() -> None:
    contents = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    inside = f"<w:sdtContent>{paragraph(run('inside'))}{table(['k', 'v'])}</w:sdtContent>"
    row = (
        f"<w:tbl><w:sdt><w:sdtContent><w:tr><w:tc>{paragraph(run('only'))}</w:tc></w:tr></w:sdtContent></w:sdt></w:tbl>"
    )
    body = f"<w:sdt>{contents}{inside}</w:sdt><w:sdt>{inside}</w:sdt>{row}"
    toc = paragraph(run("Chapter ... 3"), properties='<w:pStyle w:val="Verzeichnis1"/>')
    styles = '<w:style w:type="paragraph" w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style>'
    assert load(body + toc, styles=styles).text == "inside\n\nk: v\n\nonly"


def test_headers_and_comments_are_left_out() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Confidential"
    document.add_comment(document.add_paragraph("Text.").runs[0], "A comment.", "me", "m")
    assert load_docx(saved(document), "a.docx").text == "Text."


# Headings.


def test_headings_stand_where_they_say() -> None:
    document = docx.Document()
    document.add_heading("Supply\tAgreement", 0)
    document.add_heading("Terms", 1)
    document.add_paragraph("Text.")
    document.add_heading("Details", 2)
    document.add_heading("", 2)
    read = load_docx(saved(document), "a.docx")
    assert [(one.title, one.level) for one in read.headings] == [("Supply Agreement", 0), ("Terms", 1), ("Details", 2)]
    assert [read.text[one.start : one.end] for one in read.headings] == [one.title for one in read.headings]
    assert read.text == "Supply Agreement\n\nTerms\n\nText.\n\nDetails"
    assert read.pages == ()


def test_a_heading_is_one_by_its_style_or_outline() -> None:
    styles = """
        <w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
        <w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift2"/></w:style>
        <w:style w:type="paragraph" w:styleId="Deep"><w:pPr><w:outlineLvl w:val="4"/></w:pPr></w:style>
        <w:style w:type="paragraph" w:styleId="Text"><w:basedOn w:val="Mine"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr>
        </w:style><w:style w:type="paragraph" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>
    """
    names = ("berschrift2", "Mine", "Deep", "Text", "Loop", "Heading3", "Nowhere")
    body = "".join(paragraph(run(name), properties=f'<w:pStyle w:val="{name}"/>') for name in names)
    body += paragraph(run("direct"), properties='<w:outlineLvl w:val="0"/>')
    body += paragraph(run("long " * 50), properties='<w:pStyle w:val="Mine"/>')
    levels = {one.title: one.level for one in load(body, styles=styles).headings}
    assert levels == {"berschrift2": 2, "Mine": 2, "Deep": 5, "Heading3": 3, "direct": 1}


# Lists.


def test_clauses_carry_their_numbers() -> None:
    levels = numbering(
        level(0, "decimal", "%1."),
        level(1, "decimal", "%1.%2"),
        level(2, "lowerLetter", "(%3)"),
        level(3, "upperRoman", "%4."),
    )
    depths = [0, 1, 1, 2, 2, 3, 1, 2, 0, 1]
    text = load("".join(listed("x", 1, depth) for depth in depths), numbering=levels).text
    assert text.replace(" x", "").split() == ["1.", "1.1", "1.2", "(a)", "(b)", "I.", "1.3", "(a)", "2.", "2.1"]


def test_an_empty_item_counts_and_a_deleted_one_does_not() -> None:
    gone = '<w:rPr><w:del/></w:rPr><w:numPr><w:numId w:val="1"/></w:numPr>'
    body = listed("a", 1) + listed("", 1) + paragraph(properties=gone) + listed("b", 1)
    assert load(body, numbering=numbering(level(0, "decimal", "%1)"))).text == "1) a\n\n3) b"


def test_lists_start_go_on_and_restart() -> None:
    override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1")}</w:lvlOverride>'
    nums = "".join(
        f'<w:num w:numId="{id}"><w:abstractNumId w:val="0"/>{more}</w:num>'
        for id, more in ((1, ""), (2, ""), (3, override), (4, own))
    )
    levels = numbering(
        level(0, "decimal", "%1", start=3), level(1, "decimal", "%2", '<w:lvlRestart w:val="0"/>'), nums=nums
    )
    order = [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 0), (4, 0)]
    text = load("".join(listed("x", num, depth) for num, depth in order), numbering=levels).text
    assert text.replace(" x", "").split() == ["3", "1", "4", "2", "7", "8", "I"]


def test_numbers_by_style_are_those_of_headings() -> None:
    def style(id: str, more: str) -> str:
        return f'<w:style w:type="paragraph" w:styleId="{id}"><w:name w:val="heading {id}"/>{more}</w:style>'

    numbered = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    styles = style("1", numbered) + style("2", f'<w:basedOn w:val="1"/>{numbered}')
    levels = numbering(
        level(0, "upperRoman", "Article %1", '<w:pStyle w:val="1"/>'),
        level(1, "decimal", "%1.%2", '<w:pStyle w:val="2"/><w:isLgl/>'),
    )
    plain = '<w:pStyle w:val="1"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    body = "".join(paragraph(run("Title"), properties=f'<w:pStyle w:val="{id}"/>') for id in (1, 2, 2, 1, 2))
    read = load(body + paragraph(run("Annex"), properties=plain), styles=styles, numbering=levels)
    titles = ["Article I Title", "1.1 Title", "1.2 Title", "Article II Title", "2.1 Title", "Annex"]
    assert [one.title for one in read.headings] == titles
    assert [read.text[one.start : one.end] for one in read.headings] == titles
    assert [one.level for one in read.headings] == [1, 2, 2, 1, 2, 1]


def test_bullets_and_unknown_numbers() -> None:
    levels = f'<w:lvl w:ilvl="0">{BULLETS}</w:lvl>' + level(1, "chicago", "%2") + level(2, "decimal", "%2.%3")
    body = listed("a", 1) + listed("b", 1, 1) + listed("c", 1, 2) + listed("d", 1, 8) + listed("e", 2)
    assert load(body, numbering=numbering(levels)).text == "- a\n\nb\n\nc\n\nd\n\ne"


def test_lists_of_a_list_style() -> None:
    linked = '<w:abstractNum w:abstractNumId="5"><w:numStyleLink w:val="S"/></w:abstractNum>'
    nums = '<w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>'
    levels = numbering('<w:styleLink w:val="S"/>', level(0, "decimal", "§ %1"), nums=linked + nums)
    assert load(listed("a", 1) + listed("b", 1), numbering=levels).text == "§ 1 a\n\n§ 2 b"


def test_printed_numbers() -> None:
    assert [printed_number(number, "lowerRoman") for number in (1, 4, 9, 14, 1994)] == [
        "i",
        "iv",
        "ix",
        "xiv",
        "mcmxciv",
    ]
    assert [printed_number(number, "upperLetter") for number in (1, 26, 27, 53)] == ["A", "Z", "AA", "AAA"]
    assert [printed_number(7, form) for form in ("decimal", "decimalZero", "none", "hex")] == ["7", "07", "", None]
    assert printed_number(0, "lowerLetter") is None
    assert printed_number(10**8, "upperRoman") is None


# Tables.


def test_a_table_with_names() -> None:
    rows = (["Item", "Unit", "Price"], ["Widget", "", "30\u00a0EUR"], ["Bolt", "box", "12 EUR"])
    assert load(table(*rows)).text == "Item: Widget | Price: 30 EUR\n\nItem: Bolt | Unit: box | Price: 12 EUR"


@pytest.mark.parametrize("first", [["Item", "Unit", "Unit"], ["Item", "Unit", ""], ["Item", "Unit", "2024"]])
def test_a_first_row_that_names_nothing(first: list[str]) -> None:
    second = ["Widget", "piece", "30"]
    assert load(table(first, second)).text == " | ".join(filter(None, first)) + "\n\nWidget | piece | 30"
    named = " | ".join(f"{name}: {cell}" if name else cell for name, cell in zip(first, second, strict=True))
    assert load(table(first, second, bold=True)).text == named
    assert load(table(first, second, marked=True)).text == named


def test_two_columns_are_keys_and_values() -> None:
    rows = (["Phone:", "030 1234"], ["E-mail", "a@b.example"], ["Fax", ""], ["", "none"])
    assert load(table(*rows)).text == "Phone: 030 1234\n\nE-mail: a@b.example\n\nFax\n\nnone"
    assert load(table(["Item", "Price"], ["Nut", "2"], bold=True)).text == "Item: Nut | Price: 2"
    assert load(table(["By: ___", "By: ___"], ["Date", "Date"])).text == "By: ___ | By: ___\n\nDate | Date"


def test_merged_cells() -> None:
    def merged(text: str, properties: str) -> str:
        return f"<w:tcPr>{properties}</w:tcPr>{paragraph(run(text))}"

    rows = (
        [merged("Price list", '<w:gridSpan w:val="3"/>')],
        [merged("Region", '<w:vMerge w:val="restart"/>'), merged("Price", '<w:gridSpan w:val="2"/>')],
        [merged("", "<w:vMerge/>"), "net", "gross"],
        [merged("North", '<w:vMerge w:val="restart"/>'), "1", "2"],
        [merged("", "<w:vMerge/>"), merged("on request", '<w:gridSpan w:val="2"/>')],
        [merged("Others", '<w:gridSpan w:val="3"/>')],
        [merged("South", '<w:vMerge w:val="restart"/>'), "3", "4"],
    )
    xml = table(*rows)
    for at in (2, 1):  # the rows that name the columns
        parts = xml.split("<w:tr>")
        xml = "<w:tr>".join([*parts[: at + 1], f"<w:trPr><w:tblHeader/></w:trPr>{parts[at + 1]}", *parts[at + 2 :]])
    assert load(xml).text.split("\n\n") == [
        "Price list",
        "Region: North | Price net: 1 | Price gross: 2",
        "Region: North | Price net: on request",
        "Others",
        "Region: South | Price net: 3 | Price gross: 4",
    ]


def test_a_style_marks_the_first_row() -> None:
    document = docx.Document()
    grid = document.add_table(2, 2, style="Light Grid Accent 1")
    for at, text in enumerate(("Year", "2024", "Sales", "7")):
        grid.cell(at // 2, at % 2).text = text
    assert load_docx(saved(document), "a.docx").text == "Year: Sales | 2024: 7"


def test_tables_that_only_place_text() -> None:
    heading = paragraph(run("Aim"), properties='<w:pStyle w:val="Heading1"/>')
    assert load(table([heading], ["Text."])).headings[0].title == "Aim"
    assert load(table([heading + paragraph(run("Text.")), "Side"])).text == "Aim\n\nText.\n\nSide"
    nested = table(["a", "b", "c"], ["d", "e", "f"]) + paragraph()
    assert load(table(["Left", nested], ["x", "y"])).text == "Left\n\na: d | b: e | c: f\n\nx\n\ny"


def test_cells_of_several_paragraphs() -> None:
    body = table(["Name", "Does", "Cost"], ["A", listed("reads", 1) + listed("writes", 1), paragraph(run("1")) * 2])
    text = load(body, numbering=numbering(f'<w:lvl w:ilvl="0">{BULLETS}</w:lvl>')).text
    assert text == "Name: A | Does: reads, writes | Cost: 1 1"


def test_a_deleted_row() -> None:
    row = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph(run('gone'))}</w:tc></w:tr></w:tbl>"
    assert load(table(["a", "b"]).replace("</w:tbl>", row)).text == "a: b"


# Whole files.


def contract() -> bytes:
    """A contract as people write them."""
    spaces = nsdecls("w")
    document = docx.Document()
    lists = document.part.numbering_part.element
    levels = level(0, "decimal", "%1.", '<w:pStyle w:val="Heading1"/>') + level(1, "decimal", "%1.%2")
    levels += level(2, "lowerLetter", "(%3)")
    lists.insert(0, parse_xml(f'<w:abstractNum {spaces} w:abstractNumId="90">{levels}</w:abstractNum>'))
    lists.append(parse_xml(f'<w:num {spaces} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    numbered = f'<w:numPr {spaces}><w:numId w:val="90"/></w:numPr>'
    document.styles["Heading 1"].element.get_or_add_pPr().append(parse_xml(numbered))

    def clause(text: str, depth: int) -> Paragraph:
        written = document.add_paragraph(text)
        place = f'<w:numPr {spaces}><w:ilvl w:val="{depth}"/><w:numId w:val="90"/></w:numPr>'
        written._p.get_or_add_pPr().append(parse_xml(place))
        return written

    document.add_heading("Supply Agreement", 0)
    document.add_paragraph("between Acme GmbH (“Supplier”) and Widget Ltd (“Customer”).")
    document.add_heading("Term", 1)
    term = clause("The agreement runs for ", 1)
    term._p.append(parse_xml(f"<w:del {spaces}><w:r><w:delText>two</w:delText></w:r></w:del>"))
    term._p.append(parse_xml(f"<w:ins {spaces}><w:r><w:t>three</w:t></w:r></w:ins>"))
    term.add_run(" years.")
    clause("Either party may end it", 1)
    clause("for cause; or", 2)
    clause("with ninety days’ notice.", 2)
    document.add_heading("Prices", 1)
    clause("The prices are:", 1)
    prices = document.add_table(3, 3)
    for at, text in enumerate(
        ["Item", "Unit", "Price", "Widget", "piece", "30 EUR", "Bolt, M8", "box of 100", "12 EUR"]
    ):
        prices.cell(at // 3, at % 3).text = text
    document.add_paragraph("They exclude VAT.", style="List Bullet")
    return saved(document)


CONTRACT = contract()


def test_a_contract() -> None:
    assert load_docx(CONTRACT, "contract.docx").text == (
        "Supply Agreement\n\n"
        "between Acme GmbH (“Supplier”) and Widget Ltd (“Customer”).\n\n"
        "1. Term\n\n"
        "1.1 The agreement runs for three years.\n\n"
        "1.2 Either party may end it\n\n"
        "(a) for cause; or\n\n"
        "(b) with ninety days’ notice.\n\n"
        "2. Prices\n\n"
        "2.1 The prices are:\n\n"
        "Item: Widget | Unit: piece | Price: 30 EUR\n\n"
        "Item: Bolt, M8 | Unit: box of 100 | Price: 12 EUR\n"
        "- They exclude VAT."
    )


def test_the_strict_standard() -> None:
    strict = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(CONTRACT)) as archive, zipfile.ZipFile(strict, "w") as copy:
        for name in archive.namelist():
            data = archive.read(name).replace(b"openxmlformats.org/wordprocessingml/2006", b"!")
            data = data.replace(b"http://schemas.!", b"http://purl.oclc.org/ooxml/wordprocessingml")
            copy.writestr(name, data)
    assert load_docx(strict.getvalue(), "a.docx").text == load_docx(CONTRACT, "a.docx").text


@pytest.mark.parametrize("part", ["word/document.xml", "_rels/.rels", None])
def test_another_kind_of_file(part: str | None) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(part or "a.txt", "<workbook/>" if part else "a")
    with pytest.raises(DocumentError, match=r"^'a\.docx' is damaged or not the kind of file its name says; open it"):
        load_docx(data.getvalue(), "a.docx")


def test_entities_are_not_resolved() -> None:
    text = f"<!DOCTYPE d [<!ENTITY e 'secret'>]><w:document {NAMESPACES}><w:body>{paragraph('&e;', run('a&e;'))}&e;"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("word/document.xml", f"{text}</w:body></w:document>")
    assert load_docx(data.getvalue(), "a.docx").text == "a"


def damage(data: bytes, seed: int) -> bytes:
    """The file with bytes changed, in it or in one of its parts, or cut short."""
    dice = random.Random(seed)

    def harm(piece: bytes) -> bytes:
        changed = bytearray(piece)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(changed) + 1)
            changed[at : at + dice.randrange(40)] = dice.choice((b"", b"\0", b"<", b'"-1"', b"9" * 30, b"</w:p>"))
        return bytes(changed)

    if dice.random() < 0.3:
        return harm(data)[: dice.choice((None, dice.randrange(len(data))))]
    copied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copied, "w") as copy:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
        chosen = dice.choice(parts)
        for name in archive.namelist():
            copy.writestr(name, harm(archive.read(name)) if name == chosen else archive.read(name))
    return copied.getvalue()


@given(st.integers(0, 2**32))
def test_a_damaged_file_is_a_document_or_an_error(seed: int) -> None:
    try:
        assert load_docx(damage(CONTRACT, seed), "a.docx").path == "a.docx"
    except DocumentError as error:
        assert str(error).startswith("'a.docx' is damaged")
