"""Files made to harm whoever reads them: small, and slow, huge or endless for a careless parser.

The three that hang inside PDFium can only be stopped from outside: never read or draw them in a test's own process.
"""

import io
import zipfile

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
