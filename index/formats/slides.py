"""Presentations (.pptx): a page for each slide, its shapes as one reads them, by rows from the top left.

Knows nothing of pictures, animations and comments; numbers, dates and footers of slides are left out.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZipFile

from index.draft import Draft
from index.formats.archive import damaged, open_archive
from index.formats.tables import shown_number
from index.formats.word import printed_number, read_xml, related, whole
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
DATE = re.compile(r'(?:"[^"]*"|\[[^]]*\]|[^"\[dDyY])*[dDyY]')
LAST_DAY = 2_958_466  # and a day, of what a spreadsheet can show
ROW = 457_200  # EMU, half an inch: shapes whose tops are nearer can stand side by side
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
D = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
NAMES = {"a": A[1:-1], "c": C[1:-1], "dgm": D[1:-1], "p": P[1:-1]}
GROUPS = {f"{P}spTree", f"{P}grpSp", f"{MC}AlternateContent", f"{MC}Choice"}
BULLETS = {f"{A}buNone", f"{A}buChar", f"{A}buBlip", f"{A}buAutoNum"}
TITLES = ("title", "ctrTitle")
LEFT_OUT = ("sldNum", "dt", "ftr", "hdr")
FORMS = {"arabic": "decimal", "alphaLc": "lowerLetter", "alphaUc": "upperLetter"}
FORMS |= {"romanLc": "lowerRoman", "romanUc": "upperRoman"}
SIGNS = {"Plain": "{}", "Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}


class _Slide(NamedTuple):
    """What a slide refers to, and the layout and the master it stands on."""

    archive: ZipFile
    name: str
    parts: dict[str, tuple[str, str]]
    behind: list["Element"]


def load_pptx(data: bytes, name: str) -> Document:
    """Every slide, hidden ones too, with the numbers of its charts and its notes."""
    draft = Draft(name)
    with open_archive(data, name) as archive:
        main = dict(related(archive, "", name).values()).get("officeDocument", "ppt/presentation.xml")
        root, parts = read_xml(archive, main, name), related(archive, main, name)
        if root.tag != f"{P}presentation":
            raise damaged(name)
        ids = dict.fromkeys(entry.get(f"{R}id", "") for entry in root.iterfind("p:sldIdLst/p:sldId", NAMES))
        for kind, member in (parts[id] for id in ids if id in parts):
            if kind == "slide":
                draft.page()
                _write_slide(archive, member, draft, name)
    return draft.document(data)


def _write_slide(archive: ZipFile, member: str, draft: Draft, name: str) -> None:
    parts = related(archive, member, name)
    layout = dict(parts.values()).get("slideLayout", "")
    master = dict(related(archive, layout, name).values()).get("slideMaster", "") if layout else ""
    behind = [read_xml(archive, part, name) for part in (layout, master) if part]
    slide = _Slide(archive, name, parts, behind)
    shapes = _shapes(read_xml(archive, member, name), slide)
    for shape in shapes:
        if _role(shape) in TITLES:
            draft.heading("\n".join(_lines(shape)), 1)
    for shape in shapes:
        if _role(shape) not in TITLES:
            _write_shape(shape, slide, draft)
    for kind, part in parts.values():
        if kind == "notesSlide":
            notes = [_lines(shape) for shape in read_xml(archive, part, name).iter(f"{P}sp") if _role(shape) == "body"]
            text = "\n".join(line for lines in notes for line in lines).strip()
            draft.paragraph(f"Notes: {text}" if text else "")


def _shapes(root: "Element", slide: _Slide) -> list["Element"]:
    """A slide's shapes in the order of reading; those of a group stay together."""
    found, stack = [], root.findall("p:cSld/p:spTree", NAMES)
    while stack:
        shape = stack.pop()
        if shape.tag in GROUPS:
            inside = [child for child in shape if child.tag != f"{MC}Fallback"]
            stack += reversed(_in_rows(inside, slide))
        elif _role(shape) not in LEFT_OUT:
            found.append(shape)
    return found


def _in_rows(shapes: list["Element"], slide: _Slide) -> list["Element"]:
    rows: list[list[tuple[int, Element]]] = []
    limit = 0
    for top, height, left, shape in sorted(((*_place(shape, slide), shape) for shape in shapes), key=lambda it: it[0]):
        if not rows or top >= limit:
            rows.append([])
            limit = top + max(1, min(height // 2, ROW))
        rows[-1].append((left, shape))
    return [shape for row in rows for _, shape in sorted(row, key=lambda it: it[0])]


def _place(shape: "Element", slide: _Slide) -> tuple[int, int, int]:
    """Top, height and left; what it does not say itself, its layout or master does."""
    off = next((off for one in _twins(shape, slide) for off in one.iter(f"{A}off")), None)
    if off is None:
        return 0, 0, 0
    size = off.getnext()
    height = None if size is None else whole(size.get("cy"))
    return whole(off.get("y")) or 0, height or 0, whole(off.get("x")) or 0


def _twins(shape: "Element", slide: _Slide) -> Iterator["Element"]:
    """A shape, and those of the layout and the master that it takes after."""
    yield shape
    role, place = _role(shape), _place_held(shape)
    for depth, root in enumerate(slide.behind if role else ()):
        for other in root.iter(f"{P}sp"):
            kind = _role(other)
            if kind in TITLES if role in TITLES else kind == "body" if depth else kind and _place_held(other) == place:
                yield other
                break


def _role(shape: "Element") -> str:
    """What a placeholder holds a place for; empty for another shape."""
    holder = None if shape.tag in GROUPS else next(shape.iter(f"{P}ph"), None)
    return "" if holder is None else holder.get("type", "obj")


def _place_held(shape: "Element") -> str:
    return next((holder.get("idx", "0") for holder in shape.iter(f"{P}ph")), "")


def _lines(shape: "Element") -> list[str]:
    return ["".join(_pieces(paragraph)) for paragraph in shape.iterfind("*/a:p", NAMES)]


def _pieces(node: "Element") -> Iterator[str]:
    if node.tag in (f"{A}t", f"{M}t"):
        yield node.text or ""
    elif node.tag == f"{A}br":
        yield "\n"
    elif node.tag != f"{MC}Fallback":
        for child in node:
            yield from _pieces(child)


def _write_shape(shape: "Element", slide: _Slide, draft: Draft) -> None:
    table = shape.find("a:graphic/a:graphicData/a:tbl", NAMES)
    if table is not None:
        _write_table(table, draft)
    for node in shape.iterfind("a:graphic/a:graphicData/*", NAMES):
        kind, part = slide.parts.get(node.get(f"{R}id" if node.tag == f"{C}chart" else f"{R}dm", ""), ("", ""))
        if kind == "chart":
            _write_chart(read_xml(slide.archive, part, slide.name), draft)
        elif kind == "diagramData":
            for text in read_xml(slide.archive, part, slide.name).iterfind("dgm:ptLst/dgm:pt/dgm:t", NAMES):
                draft.item(" ".join("".join(_pieces(paragraph)) for paragraph in text))
    _write_text(shape, slide, draft)


def _write_text(shape: "Element", slide: _Slide, draft: Draft) -> None:
    styles = [style for one in _twins(shape, slide) for style in one.iterfind("p:txBody/a:lstStyle", NAMES)]
    if _role(shape):
        styles += [style for root in slide.behind for style in root.iterfind("p:txStyles/p:bodyStyle", NAMES)]
    counts: dict[int, int] = {}
    for paragraph in shape.iterfind("p:txBody/a:p", NAMES):
        text = "".join(_pieces(paragraph))
        if not text.strip():
            continue
        properties = paragraph.find("a:pPr", NAMES)
        depth = 0 if properties is None else whole(properties.get("lvl")) or 0
        layers = [properties, *(style.find(f"a:lvl{depth + 1}pPr", NAMES) for style in styles)]
        marks = (mark for layer in layers if layer is not None for mark in layer if mark.tag in BULLETS)
        mark = next(marks, None)
        number = _count(mark, depth, counts)
        if number:
            draft.paragraph(f"{number} {text}")
        elif depth or (mark is not None and mark.tag != f"{A}buNone"):
            draft.item(text)
        else:
            draft.paragraph(text)


def _count(mark: "Element | None", depth: int, counts: dict[int, int]) -> str:
    """The number of a paragraph with that mark, empty without one; `counts` keeps the last one by depth."""
    numbered = mark is not None and mark.tag == f"{A}buAutoNum"
    for deeper in [other for other in counts if other > depth or (other == depth and not numbered)]:
        del counts[deeper]
    form = mark.get("type", "") if numbered and mark is not None else ""
    found = re.fullmatch("(arabic|alphaLc|alphaUc|romanLc|romanUc)(Plain|Period|ParenR|ParenBoth)", form)
    if mark is None or not found:
        return ""
    counts[depth] = counts.get(depth, (whole(mark.get("startAt")) or 1) - 1) + 1
    number = printed_number(counts[depth], FORMS[found[1]])
    return SIGNS[found[2]].format(number) if number else ""


def _write_table(table: "Element", draft: Draft) -> None:
    rows: list[list[str]] = []
    for row in table.iterfind("a:tr", NAMES):
        texts: list[str] = []
        for at, cell in enumerate(row.iterfind("a:tc", NAMES)):
            above = rows[-1][at] if rows and at < len(rows[-1]) else ""
            text = above if _flag(cell, "vMerge") else " ".join(_lines(cell))
            texts.append("" if _flag(cell, "hMerge") else text)
        rows.append(texts)
    properties = table.find("a:tblPr", NAMES)
    headed = properties is not None and _flag(properties, "firstRow") and len(rows) > 1 and len(rows[0]) > 1
    draft.table(rows[headed:], rows[0] if headed else ())


def _flag(element: "Element", name: str) -> bool:
    return element.get(name) in ("1", "true")


def _write_chart(root: "Element", draft: Draft) -> None:
    """A chart's title, and a row for each category with the value of each series."""
    for title in root.iterfind("c:chart/c:title", NAMES):
        draft.paragraph("".join(_pieces(title)))
    categories: dict[int, str] = {}
    tables: list[tuple[list[str], list[dict[int, str]]]] = []
    for series in root.iter(f"{C}ser"):
        own = _points(series, "cat", "xVal") or categories
        if own != categories or not tables:
            categories = own
            tables.append(([""], [own]))
        tables[-1][0].append(series.findtext("c:tx//c:v", "", NAMES))
        tables[-1][1].append(_points(series, "val", "yVal"))
    for names, columns in tables:
        for at in sorted({at for column in columns for at in column}):
            draft.table([[column.get(at, "") for column in columns]], names)


def _points(series: "Element", *kinds: str) -> dict[int, str]:
    """The values of a series or its categories as the chart last showed them; of categories in levels, the lowest."""
    points: dict[int, str] = {}
    for cache in (cache for kind in kinds for cache in series.iterfind(f"c:{kind}/*/*", NAMES)):
        form = cache.findtext("c:formatCode", "", NAMES)
        for point in cache.iter(f"{C}pt"):
            text = point.findtext("c:v", "", NAMES)
            text = _shown(text, form) if cache.tag == f"{C}numCache" else text
            points.setdefault(whole(point.get("idx")) or 0, text)
    return points


def _shown(text: str, form: str) -> str:
    value = float(text) if FLOAT.fullmatch(text) else 0
    if DATE.match(form) and 0 < value < LAST_DAY:
        return (date(1899, 12, 30) + timedelta(days=int(value))).isoformat()
    return shown_number(value, form) if FLOAT.fullmatch(text) else text
