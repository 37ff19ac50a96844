# ruff: noqa: E501
"""Damages small valid files on purpose, the same way for the same seed: for tests, and to be run for longer.

python -m tests.mutations SECONDS    mutates files for that long and tells of what was raised but DocumentError
"""

import io
import random
import re
import sys
import time
import traceback
import zipfile
from collections.abc import Callable

from reportlab.pdfgen.canvas import Canvas

from index.chunking import split
from index.errors import DocumentError
from index.loaders import parse
from tests import hostile

STORY = "The ferry to Rathlin leaves at noon. It costs 12 pounds; dogs travel free. See www.example.org (page 3)."
PIECES = (b"<", b">", b"/>", b"&#0;", b"\0", b'"', b"'", b"99999999999", b"-1", b"\xff\xfe", b"<![CDATA[", b"%", b"]]>")
PARSED = re.compile(r"\.(xml|rels|xhtml|opf)$")


def word() -> bytes:
    spread = '<w:tc><w:tcPr><w:gridSpan w:val="2"/><w:vMerge w:val="restart"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>'
    cell = "<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Item</w:t></w:r></w:p></w:tc>"
    row = f"<w:tr><w:trPr><w:gridBefore w:val='1'/><w:tblHeader/></w:trPr>{spread}{cell}</w:tr>"
    return hostile.docx(
        '<w:p><w:pPr><w:pStyle w:val="h"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
        f"<w:r><w:t>Title</w:t></w:r></w:p><w:p><w:r><w:t>{STORY}</w:t><w:footnoteReference w:id='2'/></w:r>"
        '<w:r><w:fldChar w:fldCharType="begin"/><w:t>x</w:t><w:fldChar w:fldCharType="separate"/></w:r></w:p>'
        f"<w:tbl><w:tblPr><w:tblStyle w:val='t'/><w:tblLook w:val='04A0'/></w:tblPr>{row}{row}{row}</w:tbl>"
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:p/></w:sdtContent></w:sdt>",
        styles='<w:style w:styleId="h"><w:name w:val="heading 1"/><w:basedOn w:val="t"/><w:pPr><w:outlineLvl w:val="0"/>'
        '</w:pPr></w:style><w:style w:styleId="t"><w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>',
        numbering='<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/>'
        '<w:lvlText w:val="%1."/><w:pStyle w:val="h"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>',
        footnotes=f'<w:footnote w:id="2"><w:p><w:r><w:t>{STORY}</w:t></w:r></w:p></w:footnote>',
        comments='<w:comment w:id="1"><w:p><w:r><w:t>Why?</w:t></w:r></w:p></w:comment>',
        header="<w:p><w:r><w:t>Confidential</w:t></w:r></w:p>",
    )


def workbook() -> bytes:
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>Price</t></is></c></row>'
        '<row r="3"><c r="A3" s="1"><v>45000.5</v></c><c r="B3" t="str"><f>A1</f><v>x</v></c><c r="D3" t="b"><v>1</v></c></row>'
        '<row r="4"><c r="A4" t="d"><v>2024-05-01</v></c><c r="B4" s="2"><f>1+1</f></c><c r="C4" t="e"><v>#N/A</v></c></row>'
    )
    strings = f'<sst xmlns="{hostile.SHEETS}"><si><t>Item</t></si><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>'
    forms = '<numFmts><numFmt numFmtId="170" formatCode="0.0,&quot;k&quot;"/></numFmts>'
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="170"/></cellXfs>'
    return hostile.xlsx(
        rows, sharedStrings=strings, styles=f'<styleSheet xmlns="{hostile.SHEETS}">{forms}{styles}</styleSheet>'
    )


def deck() -> bytes:
    place = '<p:spPr><a:xfrm><a:off x="1" y="{}"/><a:ext cx="9" cy="9"/></a:xfrm></p:spPr>'
    holder = '<p:nvSpPr><p:nvPr><p:ph type="{}" idx="1"/></p:nvPr></p:nvSpPr>'
    text = "<p:txBody><a:p><a:pPr lvl='1'><a:buAutoNum type='arabicPeriod'/></a:pPr><a:r><a:t>{}</a:t></a:r></a:p></p:txBody>"
    shapes = "".join(
        f"<p:sp>{holder.format(kind)}{place.format(at)}{text.format(STORY)}</p:sp>"
        for at, kind in enumerate(("title", "body", "ftr"))
    )
    cells = "<a:tr><a:tc><a:txBody><a:p><a:r><a:t>a</a:t></a:r></a:p></a:txBody></a:tc><a:tc hMerge='1'/></a:tr>"
    frame = "<p:graphicFrame><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></p:graphicFrame>"
    table = frame.format(f"<a:tbl><a:tblPr firstRow='1'/>{cells}{cells}</a:tbl>")
    space = 'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
    chart = frame.format(f'<c:chart {space} r:id="chart"/>')
    points = "<c:{0}><c:numRef><c:numCache><c:formatCode>0.0</c:formatCode><c:pt idx='{1}'><c:v>4.25</c:v></c:pt></c:numCache></c:numRef></c:{0}>"
    series = f"<c:ser><c:tx><c:v>Sales</c:v></c:tx>{points.format('cat', 0)}{points.format('val', 0)}</c:ser>"
    return hostile.pptx(
        f"<p:grpSp>{shapes}</p:grpSp>{table}{chart}", shapes, chart=f"<c:chartSpace {space}>{series}</c:chartSpace>"
    )


def drawn() -> bytes:
    canvas = Canvas(None, pagesize=(595, 842), invariant=True, pageCompression=0)
    for page in range(2):
        for line in range(8):
            canvas.drawString(72, 700 - 14 * line, f"{page}.{line} {STORY}")
        canvas.acroForm.textfield(name=f"f{page}", value="Heron II", x=72, y=72)
        canvas.showPage()
    return bytes(canvas.getpdfdata())


PAGE = (
    f"<html><head><title>Ferry</title></head><body><nav><a href=x>Home</a></nav><main><h1>Ferry</h1><p>{STORY}"
    "<table><tr><th colspan=2>a<th>b<tr><td rowspan=3>1<td>2</table><ol start=3><li>One<ul><li>Two</ul></ol>"
    "<dl><dt>Term<dd>Is explained</dl><pre>x\n y</pre><sup>[1]</sup>10<sup>6</sup></main></body></html>"
)

FILES: dict[str, Callable[[], bytes]] = {
    "a.docx": word,
    "a.xlsx": workbook,
    "a.pptx": deck,
    "a.pdf": drawn,
    "a.epub": lambda: hostile.epub(f'<html xmlns="http://www.w3.org/1999/xhtml"><p>{STORY}</p></html>', PAGE),
    "a.html": PAGE.encode,
    "a.csv": lambda: f'sep=;\nItem;"Price, net";Since\nBolt;"1,5";2024\n"Nut\nM8";2;"{STORY}"\n\nTotal;3\n'.encode(),
    "a.md": lambda: (
        f"# Ferry\n\n{STORY}\n\n> - a\n>   1. b\n\n| a | b |\n|---|---|\n\nFares\n=====\n\n```x\n```\n[a]: b\n".encode()
    ),
    "a.txt": lambda: f"{STORY}\r\n\r\n1. One\n2. Twö\n\n{STORY.upper()}\n".encode("cp1252"),
}


def mutate(name: str, data: bytes, seed: int) -> bytes:
    """The file with some bytes changed; of an archive mostly those of a part, packed again."""
    chance = random.Random(seed)
    if data.startswith(b"PK") and chance.random() < 0.9:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist()}
        part = chance.choice([part for part in parts if PARSED.search(part)])
        if chance.random() < 0.05:
            del parts[part]
        else:
            content = parts[part]
            assert isinstance(content, bytes)
            parts[part] = _changed(content, chance)
        return hostile.packed(parts)
    return _changed(data, chance)


def _changed(data: bytes, chance: random.Random) -> bytes:
    """Some of: a byte or a number changed, a slice gone, doubled or moved, an odd piece put in, a tag taken twice."""
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 2, 8, 40, 200)))
        way = chance.randrange(8)
        if way == 0:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif way == 1:
            data = data[:at] + data[to:]
        elif way == 2:
            data = data[:to] + data[at:to] * chance.choice((1, 2, 50)) + data[to:]
        elif way == 3:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif way == 4 and (numbers := [*re.finditer(rb"\d+", data)]):
            found, number = (
                chance.choice(numbers),
                chance.choice((b"0", b"-1", b"4294967296", b"1e999", b"1" * 40, b"")),
            )
            data = data[: found.start()] + number + data[found.end() :]
        elif way == 5 and (words := [*re.finditer(rb"[A-Za-z]{2,}", data)]):
            one, other = chance.choice(words), chance.choice(words)
            data = data[: one.start()] + other[0] + data[one.end() :]
        elif way == 6 and (tags := [*re.finditer(rb"<[^<>]*>", data)]):
            found, other = chance.choice(tags), chance.choice(tags)
            data = data[: found.start()] + other[0] + data[found.start() :]
        elif way == 7:
            data = data[:at]
    return data


def word_starts(text: str) -> list[int]:
    """Where tokens begin, for passages."""
    return [found.start() for found in re.finditer(r"\w+|[^\w\s]", text)]


def read(name: str, data: bytes) -> bool:
    """Read a file and cut it into passages; whether it could be read. Raises what is not DocumentError."""
    try:
        document = parse(data, name)
    except DocumentError as error:
        assert repr(name) in str(error) and "\n" not in str(error)
        return False
    passages = split(document, word_starts)
    assert all(document.text[passage.start : passage.end] == passage.text for passage in passages)
    return True


def main(seconds: float) -> None:
    """Mutate files until the time is up."""
    begun, seed, seen = time.monotonic(), int(time.time()) * 1000, set[str]()
    whole = {name: make() for name, make in FILES.items()}
    readable = dict.fromkeys(FILES, 0)
    while time.monotonic() < begun + seconds:
        for name, data in whole.items():
            seed += 1
            start = time.process_time()
            try:
                readable[name] += read(name, mutate(name, data, seed))
            except Exception:
                told = traceback.format_exc(limit=-3)
                if told not in seen:
                    seen.add(told)
                    print(name, seed, told, flush=True)
            if (took := time.process_time() - start) > 2:
                print(name, seed, f"took {took:.1f} s", flush=True)
    print(f"{seed % 1_000_000_000:,}: readable", readable, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
