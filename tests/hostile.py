"""Files made to harm whoever reads them: small, and slow, huge or endless for a careless parser.

The three that hang inside PDFium can only be stopped from outside: never read or draw them in a test's own process.
"""

import io
import random
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

FONT = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
LINE = b"BT /F 12 Tf 72 700 Td (The ferry leaves at noon.) Tj ET\n"


def packed(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP archive of these parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return data.getvalue()


def links(**targets: str) -> str:
    """A part that lists the parts of these kinds."""
    entries = "".join(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind.rstrip("0123456789")}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{RELATIONS}">{entries}</Relationships>'


def docx(body: str, **parts: str) -> bytes:
    """A Word file whose body and whose further parts, such as `styles`, hold this XML."""
    files: dict[str, str | bytes] = {
        "_rels/.rels": links(officeDocument="/word/document.xml"),
        "word/_rels/document.xml.rels": links(**{kind: f"{kind}.xml" for kind in parts}),
        "word/document.xml": f'<w:document xmlns:w="{WORDS}"><w:body>{body}</w:body></w:document>',
    }
    files |= {f"word/{kind}.xml": f'<w:{kind} xmlns:w="{WORDS}">{xml}</w:{kind}>' for kind, xml in parts.items()}
    return packed(files)


def xlsx(rows: str, **parts: str) -> bytes:
    """A workbook of one sheet whose rows are this XML; `parts` are those of `xl/`, such as `sharedStrings`."""
    sheet = f'<sheets><sheet xmlns:r="{OFFICE}" name="S" sheetId="1" r:id="worksheet"/></sheets>'
    kinds = "".join(
        f'<Override PartName="/{part}" ContentType="{CONTENT}.{kind}+xml"/>'
        for part, kind in (("xl/workbook.xml", "sheet.main"), ("xl/worksheets/sheet1.xml", "worksheet"))
    )
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="xml" ContentType="application/xml"/>{kinds}</Types>',
        "_rels/.rels": links(officeDocument="xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": links(
            worksheet="worksheets/sheet1.xml", **{kind: f"{kind}.xml" for kind in parts}
        ),
        "xl/workbook.xml": f'<workbook xmlns="{SHEETS}">{sheet}</workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEETS}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return packed(files | {f"xl/{kind}.xml": xml for kind, xml in parts.items()})


def pptx(*slides: str, **parts: str) -> bytes:
    """A presentation whose slides hold these shapes; `parts` are what every slide refers to, by its kind."""
    ids = "".join(f'<p:sldId id="{n}" r:id="slide{n}"/>' for n in range(len(slides)))
    spaces = f'xmlns:p="{SLIDES}" xmlns:a="{DRAWING}" xmlns:r="{OFFICE}"'
    files: dict[str, str | bytes] = {
        "_rels/.rels": links(officeDocument="ppt/presentation.xml"),
        "ppt/presentation.xml": f"<p:presentation {spaces}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": links(**{f"slide{n}": f"slides/slide{n}.xml" for n in range(len(slides))}),
    }
    for n, shapes in enumerate(slides):
        files[f"ppt/slides/slide{n}.xml"] = f"<p:sld {spaces}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"
        files[f"ppt/slides/_rels/slide{n}.xml.rels"] = links(**{kind: f"../{kind}.xml" for kind in parts})
    return packed(files | {f"ppt/{kind}.xml": xml for kind, xml in parts.items()})


def epub(*chapters: str) -> bytes:
    """A book of these pages."""
    items = "".join(f'<item id="i{n}" href="{n}.xhtml"/>' for n in range(len(chapters)))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    files: dict[str, str | bytes] = {
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
        "book.opf": f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    return packed(files | {f"{n}.xhtml": page for n, page in enumerate(chapters)})


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, size = len(out), len(places) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start))


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """An object of a PDF with content."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def form(content: bytes, resources: bytes) -> bytes:
    """A drawing in a PDF that its pages can use."""
    box = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]"
    return stream(content, b"%s/Resources<<%s>>" % (box, resources))


def one_page_pdf(content: bytes, resources: bytes, *objects: bytes) -> bytes:
    """A PDF of one page that shows a line of text and this; its objects count from 5."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<%s%s>>/Contents 4 0 R>>" % (FONT, resources)
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", pages, page, stream(LINE + content), *objects)


def self_drawing_pdf() -> bytes:
    """A PDF with a drawing that draws itself twice: PDFium never ends reading it, in ever more memory."""
    again = b"/XObject<</X 5 0 R>>"
    return one_page_pdf(b"/X Do", again, form(b"/X Do /X Do", again))


def nested_forms_pdf(levels: int = 12, times: int = 10) -> bytes:
    """A PDF with a drawing of ten drawings of ten drawings and so on: PDFium reads on in ever more memory."""
    drawings = [form(b"/X Do " * times, b"/XObject<</X %d 0 R>>" % (6 + level)) for level in range(levels - 1)]
    return one_page_pdf(b"/X Do", b"/XObject<</X 5 0 R>>", *drawings, form(LINE, FONT))


def slow_to_draw_pdf() -> bytes:
    """A PDF that is read at once and takes minutes to draw: a pattern repeated at every hundredth of a point."""
    tile = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 100 100]/XStep .01/YStep .01/Resources<<>>"
    fill = b"/Pattern cs /P scn 0 0 600 800 re f"
    return one_page_pdf(fill, b"/Pattern<</P 5 0 R>>", stream(b"0 0 1 1 re f", tile))


def many_cells_xlsx(count: int = 40_000) -> bytes:
    """A workbook whose sheet is `<c ` again and again, damaged XML (S1)."""
    return xlsx("<row>" + "<c " * count)


def far_cells_xlsx(count: int = 2_000) -> bytes:
    """A workbook whose rows each hold one cell, in the last column there is (S7)."""
    return xlsx("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, count + 1)))


def style_chain_docx(links: int = 800, paragraphs: int = 800) -> bytes:
    """A Word file whose paragraphs have a style that is based on another, that on another, and so on (S7)."""
    style = '<w:style w:styleId="s{}"><w:basedOn w:val="s{}"/></w:style>'
    styles = "".join(style.format(n, n + 1) for n in range(links))
    body = '<w:p><w:pPr><w:pStyle w:val="s0"/></w:pPr><w:r><w:t>word</w:t></w:r></w:p>'
    return docx(body * paragraphs, styles=styles)


def field_codes_docx(count: int = 40_000) -> bytes:
    """A Word file of fields that begin and never end, with text in between (S7)."""
    begin = '<w:r><w:fldChar w:fldCharType="begin"/><w:t>code</w:t></w:r>'
    return docx(f"<w:p><w:r><w:t>Shown.</w:t></w:r>{begin * count}</w:p>")


def nested_tables_docx(depth: int = 2_000) -> bytes:
    """A Word file of tables within tables."""
    opened, closed = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    return docx(f"{opened * depth}<w:p><w:r><w:t>deep</w:t></w:r></w:p>{closed * depth}")


def nested_groups_pptx(depth: int = 2_000) -> bytes:
    """A presentation of groups of shapes within groups."""
    text = "<p:sp><p:txBody><a:p><a:r><a:t>deep</a:t></a:r></a:p></p:txBody></p:sp>"
    return pptx("<p:grpSp>" * depth + text + "</p:grpSp>" * depth)


def nested_quotes_html(depth: int = 20_000) -> bytes:
    """A page of quotations within quotations."""
    return b"<blockquote>" * depth + b"<p>deep"


def nested_quotes_md(depth: int = 20_000) -> bytes:
    """A text of quotations within quotations."""
    return b">" * depth + b" deep\n"


def zip_bomb_docx(megabytes: int = 400) -> bytes:
    """A Word file of a few hundred KB that unpacks to hundreds of MB."""
    data = io.BytesIO(docx("<w:p><w:r><w:t>word</w:t></w:r></w:p>"))
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/media/a.bin", "w") as part:
        for _ in range(megabytes):
            part.write(bytes(1_000_000))
    return data.getvalue()


def padded(make: Callable[[], bytes]) -> bytes:
    """An archive with a picture of 60 KB besides, which lets it unpack to more."""
    data = io.BytesIO(make())
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("media/image.png", random.Random(1).randbytes(60_000))
    return data.getvalue()


def many_paragraphs_docx(count: int = 16_000_000) -> bytes:
    """A Word file of 100 KB whose one part unpacks to 96 MB of empty paragraphs."""
    return docx("<w:p/>" * count)


def long_marks_docx(count: int = 20_000) -> bytes:
    """A Word file of a list that prints its number thousands of times before each item."""
    level = f'<w:lvl w:ilvl="0"><w:lvlText w:val="{"%1" * count}"/></w:lvl>'
    numbering = f'<w:abstractNum w:abstractNumId="1">{level}</w:abstractNum>'
    numbering += '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    item = '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>a</w:t></w:r></w:p>'
    return docx(item * count, numbering=numbering)


def wide_heads_docx(count: int = 8_000) -> bytes:
    """A Word file with a table of thousands of rows that name columns, the first of them hundreds of thousands."""
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="100"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>'
    cell = "<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc>"
    head = f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{cell * 2}</w:tr>"
    return docx(
        f"<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>{wide * count}</w:tr>{head * count}<w:tr>{cell}</w:tr></w:tbl>"
    )


def many_notes_docx(count: int = 20_000) -> bytes:
    """A Word file with one paragraph of thousands of notes, and as many whose ends were deleted."""
    refers = "".join(f'<w:r><w:footnoteReference w:id="{n}"/></w:r>' for n in range(count))
    notes = "".join(f'<w:footnote w:id="{n}"><w:p><w:r><w:t>n</w:t></w:r></w:p></w:footnote>' for n in range(count))
    gone = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>word</w:t></w:r></w:p>"
    return docx(f"<w:p>{refers}</w:p>{gone * count}", footnotes=notes)


def crowded_cell_docx(count: int = 20_000) -> bytes:
    """A Word file with a cell of thousands of paragraphs."""
    cell = f"<w:tc>{'<w:p><w:r><w:t>word</w:t></w:r></w:p>' * count}</w:tc><w:tc><w:p/></w:tc>"
    return docx(f"<w:tbl><w:tr>{cell}</w:tr><w:tr>{cell}</w:tr></w:tbl>")


def far_rows_xlsx(count: int = 100) -> bytes:
    """A workbook whose one sheet is listed a hundred times, with a cell in the last row there is."""
    return xlsx('<row r="1048576"><c r="A1048576"><v>1</v></c></row>' * count)


def wide_names_xlsx(count: int = 16_000) -> bytes:
    """A workbook with a row of thousands of names, above as many rows of a few cells."""
    names = "".join(f'<c t="str"><v>n{n}</v></c>' for n in range(count))
    return xlsx(f"<row>{names}</row>" + "<row><c><v>1</v></c><c><v>2</v></c></row>" * count)


def same_string_xlsx(count: int = 50_000) -> bytes:
    """A workbook of thousands of cells that say the same long text."""
    text = f'<sst xmlns="{SHEETS}"><si><t>{"word " * 2_000}</t></si></sst>'
    return xlsx('<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * count, sharedStrings=text)


def many_forms_xlsx(count: int = 30_000) -> bytes:
    """A workbook with thousands of number formats, each slow to understand."""
    own = "".join(f'<numFmt numFmtId="{n}" formatCode="{"[" * 250}{n}"/>' for n in range(200, 200 + count // 20))
    styles = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(count // 20))
    cells = "".join(f'<row><c s="{n % (count // 20)}"><v>1.5</v></c></row>' for n in range(count))
    sheet = f'<styleSheet xmlns="{SHEETS}"><numFmts>{own}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>'
    return xlsx(cells, styles=sheet)


def many_series_pptx(count: int = 20_000) -> bytes:
    """A presentation with a chart of thousands of series of one point each, all at different places."""
    space = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    one = (
        '<c:ser><c:val><c:numRef><c:numCache><c:pt idx="{}"><c:v>1</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>'
    )
    series = "".join(one.format(n) for n in range(count))
    frame = f'<p:graphicFrame><a:graphic><a:graphicData><c:chart {space} r:id="chart"/></a:graphicData></a:graphic>'
    frame += "</p:graphicFrame>"
    return pptx(frame, chart=f"<c:chartSpace {space}>{series}</c:chartSpace>")


def same_chart_pptx(count: int = 10_000) -> bytes:
    """A presentation that shows one large chart thousands of times."""
    space = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    frame = f'<p:graphicFrame><a:graphic><a:graphicData><c:chart {space} r:id="chart"/></a:graphicData></a:graphic>'
    frame += "</p:graphicFrame>"
    return pptx(frame * count, chart=f"<c:chartSpace {space}>{'<c:ser/>' * 50_000}</c:chartSpace>")


def many_levels_pptx(count: int = 40_000) -> bytes:
    """A presentation with a list of thousands of levels, and text in paragraphs within paragraphs."""
    item = '<a:p><a:pPr lvl="{}"><a:buAutoNum type="arabicPeriod"/></a:pPr><a:r><a:t>a</a:t></a:r></a:p>'
    deep = "<a:p>" * 200 + "<a:r><a:t>b</a:t></a:r>" * count + "</a:p>" * 200
    items = "".join(item.format(n) for n in range(count))
    return pptx(f"<p:sp><p:txBody>{items}</p:txBody></p:sp><p:sp><p:txBody>{deep}</p:txBody></p:sp>")


def many_slides_pptx(count: int = 200) -> bytes:
    """A presentation of hundreds of slides that all have one large layout."""
    holder = '<p:sp><p:nvSpPr><p:nvPr><p:ph type="body" idx="{}"/></p:nvPr></p:nvSpPr></p:sp>'
    held = "".join(holder.format(n) for n in range(20_000))
    layout = f'<p:sldLayout xmlns:p="{SLIDES}"><p:cSld><p:spTree>{held}</p:spTree></p:cSld></p:sldLayout>'
    return pptx(*[holder.format(19_999) * 9] * count, slideLayout=layout)


def same_chapter_epub(count: int = 5_000) -> bytes:
    """A book whose one long chapter comes thousands of times."""
    items = "".join(f'<item id="i{n}" href="0.xhtml"/>' for n in range(count))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(count))
    return packed(
        {
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
            "0.xhtml": "<p>The ferry leaves at noon.</p>" * 50_000,
        }
    )


def unclosed_html(count: int = 5_000) -> bytes:
    """A page with thousands of tags that open again in each of the paragraphs after them."""
    return f"<p>{''.join(f'<b a{n}>' for n in range(count))}</p>{'<p>x</p>' * count}".encode()


def wide_heads_html(count: int = 2_500) -> bytes:
    """A page with a table of thousands of rows that name columns, the first of them hundreds of thousands."""
    return f"<table><tr>{'<th colspan=100>x' * count}{'<tr><th>x' * 2 * count}<tr><td>y<td>z".encode()


def long_name_csv(count: int = 25_000) -> bytes:
    """A table whose second column has a name of 50 KB, before a cell of each row."""
    return b"a,%s\n" % (b"n" * 2 * count) + b"1,2\n" * (count // 2)


def wide_csv(count: int = 24_000) -> bytes:
    """A table of thousands of columns and rows of two cells."""
    return b"a," * count + b"b\n" + b"1,2\n" * (count // 2)


def many_lines_pdf(count: int = 150_000) -> bytes:
    """A PDF whose one page has so many lines that they fill gigabytes."""
    said = b"(The ferry leaves at noon from the old harbour.) '\n" * count
    return _packed_page(b"BT /F 12 Tf 12 TL 72 700 Td\n%sET" % said, 1)


def same_page_pdf(count: int = 5_000) -> bytes:
    """A PDF of one full page, thousands of times."""
    said = b"(The ferry leaves at noon from the old harbour.) '\n" * 50
    return _packed_page(b"BT /F 12 Tf 12 TL 72 700 Td\n%sET" % said, count)


def many_pages_pdf(count: int = 100_000) -> bytes:
    """A PDF of 600 bytes that says it has thousands of pages."""
    pages = b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % count
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<%s>>/Contents 4 0 R>>" % FONT
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", pages, page, stream(LINE))


def one_row_pdf(count: int = 40_000) -> bytes:
    """A PDF with thousands of letters over each other, which PDFium compares with each other."""
    letters = b"".join(b"1 0 0 1 %d 700 Tm (a) Tj " % (n % 100 * 30) for n in range(count))
    return _packed_page(b"BT /F 12 Tf %sET" % letters, 1)


def _packed_page(content: bytes, times: int) -> bytes:
    """A PDF of one page, so many times."""
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b"3 0 R " * times, times)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<<%s>>/Contents 4 0 R>>" % FONT
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", pages, page, stream(zlib.compress(content, 9), b"/Filter/FlateDecode"))


def repeated(piece: str, size: int = 100_000) -> bytes:
    """A text of 100 KB that says one thing again and again."""
    return (piece * size)[:size].encode()


TEXTS = (
    "( ",
    "[[[a ",
    "# ",
    "#\n",
    "a\n=\n",
    "\n",
    "a",
    "A. ",
    "1. ",
    "- a\n",
    "[",
    "*a **b ",
    "`",
    "> a\n",
    "<!--",
    "[a]: b\n",
    "a | ",
)
PAGES = (
    "<div>",
    "<ul><li>x",
    "<b><p>",
    "<table><tr><td>",
    "<pre>",
    "<a ",
    "<",
    "&",
    "<dt>x",
    "<h1>x",
    "<svg><p>",
    "<main>x",
)

CASES: dict[str, Callable[[], bytes]] = {
    f"{make.__name__.rpartition('_')[0]}.{make.__name__.rpartition('_')[2]}": make
    for make in (
        *(style_chain_docx, field_codes_docx, nested_tables_docx, many_paragraphs_docx, long_marks_docx),
        *(wide_heads_docx, many_notes_docx, crowded_cell_docx, many_cells_xlsx, far_cells_xlsx, far_rows_xlsx),
        *(wide_names_xlsx, same_string_xlsx, many_forms_xlsx, nested_groups_pptx, many_series_pptx, same_chart_pptx),
        *(many_levels_pptx, many_slides_pptx, same_chapter_epub, unclosed_html, wide_heads_html, long_name_csv),
        *(wide_csv, many_lines_pdf, same_page_pdf, many_pages_pdf, one_row_pdf),
    )
}
CASES |= {
    f"padded.{name}": partial(padded, make)
    for name, make in CASES.items()
    if name.endswith((".docx", ".xlsx", ".pptx", ".epub"))
}
CASES |= {f"{n}.{kind}": partial(repeated, piece) for kind in ("md", "txt") for n, piece in enumerate(TEXTS)}
CASES |= {f"{n}.html": partial(repeated, piece) for n, piece in enumerate(PAGES)}
"""Files of about 100 KB at most that can be read in bounded time and memory, or refused, by their names."""
