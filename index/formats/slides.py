"""Presentations (.pptx): a page for each slide, its shapes as one reads them, by rows from the top left.

Pictures and comments are left out; so are numbers, dates and footers of slides, without a word.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, NamedTuple

from index.draft import Draft, left_out, listed
from index.formats.archive import damaged, open_archive
from index.formats.numbering import printed_number
from index.formats.office import MC, NAMES, A, C, M, P, Package, R, require_words, whole
from index.formats.spreadsheet import shown_text
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ROW = 457_200  # EMU, half an inch: shapes whose tops are nearer can stand side by side
GROUPS = {f"{P}spTree", f"{P}grpSp", f"{MC}AlternateContent", f"{MC}Choice"}
DEEPEST = 8  # level of a paragraph
BULLETS = {f"{A}buNone", f"{A}buChar", f"{A}buBlip", f"{A}buAutoNum"}
COMMENTS = {f"{P}cm", "{http://schemas.microsoft.com/office/powerpoint/2018/8/main}cm"}
LEFT_OUT = ("sldNum", "dt", "ftr")
FORMS = {"arabic": "decimal", "alphaLc": "lowerLetter", "alphaUc": "upperLetter"}
FORMS |= {"romanLc": "lowerRoman", "romanUc": "upperRoman"}
SIGNS = {"Plain": "{}", "Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}
NUMBERS = {f"{name}{end}": (form, sign) for name, form in FORMS.items() for end, sign in SIGNS.items()}


class _Slide(NamedTuple):
    """What a slide refers to, and the layout and the master it stands on."""

    package: Package
    parts: dict[str, tuple[str, str]]
    behind: "list[_Behind]"
    shown: set[str]  # parts that were written


class _Behind(NamedTuple):
    """A layout or a master, and its shapes by the place that each holds."""

    root: "Element"
    places: dict[str, "Element"]


def load_pptx(data: bytes, name: str) -> Document:
    """Every slide, hidden ones too, with the numbers of its charts and its notes."""
    draft = Draft(name, len(data))
    layouts: dict[str, list[_Behind]] = {}
    pictures: list[int] = []
    seen = comments = 0
    with open_archive(data, name) as archive:
        package = Package(archive, name)
        main = package.main("ppt/presentation.xml")
        root, parts = package.read(main), package.related(main)
        if root.tag != f"{P}presentation":
            raise damaged(name)
        ids = dict.fromkeys(entry.get(f"{R}id", "") for entry in root.iterfind("p:sldIdLst/p:sldId", NAMES))
        members = [parts[id][1] for id in ids if id in parts and parts[id][0] == "slide"]
        for number, member in enumerate(members, 1):
            draft.page()
            slide = _open_slide(package, member, layouts)
            before = draft.length
            _write_slide(slide, member, draft)
            kinds = [kind for kind, _ in slide.parts.values()]
            if "image" in kinds and draft.length == before:
                pictures.append(number)
            seen += kinds.count("image")
            comments += _count_comments(slide)
    document = draft.document(data, [_without_text(pictures), left_out(comments, "comment")])
    require_words(document, seen)
    return document


def _open_slide(package: Package, member: str, layouts: dict[str, list[_Behind]]) -> _Slide:
    """What a slide refers to; `layouts` keeps those that were read."""
    parts = package.related(member)
    layout = dict(parts.values()).get("slideLayout", "")
    if layout not in layouts:
        master = dict(package.related(layout).values()).get("slideMaster", "") if layout else ""
        roots = [package.read(part) for part in (layout, master) if part]
        # of two shapes that hold one place, the first
        held = [{_held(shape): shape for shape in reversed([*root.iter(f"{P}sp")])} for root in roots]
        layouts[layout] = [
            _Behind(root, {place: shape for place, shape in places.items() if place})
            for root, places in zip(roots, held, strict=True)
        ]
    return _Slide(package, parts, layouts[layout], set())


def _count_comments(slide: _Slide) -> int:
    parts = (slide.package.read(part) for kind, part in slide.parts.values() if kind == "comments")
    return sum(child.tag in COMMENTS for root in parts for child in root)


def _without_text(slides: Sequence[int]) -> str:
    """What is said of slides that are pictures."""
    what = "is a picture" if len(slides) == 1 else "are pictures"
    return f"{listed(slides, 'slide')} {what} without text, which cannot be searched" if slides else ""


def _write_slide(slide: _Slide, member: str, draft: Draft) -> None:
    """The titles of a slide, its other shapes, its notes."""
    shapes = _shapes(slide.package.read(member), slide)
    for shape in sorted(shapes, key=lambda shape: _role(shape) != "title"):
        _write_shape(shape, slide, draft)
    notes_part = dict(slide.parts.values()).get("notesSlide")
    if notes_part:
        bodies = (shape for shape in slide.package.read(notes_part).iter(f"{P}sp") if _role(shape) == "body")
        notes = "\n".join(line for shape in bodies for line in _lines(shape)).strip()
        draft.paragraph(f"Notes: {notes}" if notes else "")


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
        if not rows or top > limit:
            rows.append([])
            limit = top + min(height // 2, ROW)
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
    """A shape, and those of the layout and the master that hold its place."""
    yield shape
    held = _held(shape)
    for layer in slide.behind if held else ():
        if held in layer.places:
            yield layer.places[held]


def _role(shape: "Element") -> str:
    """What a placeholder holds a place for; empty for another shape."""
    holder = shape.find("*/p:nvPr/p:ph", NAMES)
    role = "" if holder is None else holder.get("type", "obj")
    return "title" if role == "ctrTitle" else role


def _held(shape: "Element") -> str | None:
    """The place that a placeholder holds; None for another shape."""
    holder = shape.find("*/p:nvPr/p:ph", NAMES)
    if holder is None:
        return None
    return "title" if _role(shape) == "title" else holder.get("idx", "0")


def _lines(element: "Element") -> list[str]:
    return ["".join(_pieces(paragraph)) for paragraph in element.iter(f"{A}p")]


def _pieces(paragraph: "Element") -> Iterator[str]:
    stack = [*reversed(paragraph)]
    while stack:
        node = stack.pop()
        if node.tag in (f"{A}t", f"{M}t"):
            yield node.text or ""
        elif node.tag == f"{A}br":
            yield "\n"
        elif node.tag not in (f"{MC}Fallback", f"{A}p"):
            stack += reversed(node)


def _write_shape(shape: "Element", slide: _Slide, draft: Draft) -> None:
    if _role(shape) == "title":
        draft.heading("\n".join(_lines(shape)), 1)
        return
    for node in shape.iterfind("a:graphic/a:graphicData/*", NAMES):
        if node.tag == f"{A}tbl":
            _write_table(node, draft)
        for kind, part in (slide.parts[id] for id in node.values() if id in slide.parts):
            if part in slide.shown:
                continue
            slide.shown.add(part)
            if kind == "chart":
                _write_chart(slide.package.read(part), draft)
            elif kind == "diagramData":  # of SmartArt
                for text in slide.package.read(part).iterfind("d:ptLst/d:pt/d:t", NAMES):
                    draft.item(" ".join(_lines(text)))
    _write_text(shape, slide, draft)


def _write_text(shape: "Element", slide: _Slide, draft: Draft) -> None:
    said = [one.find("p:txBody/a:lstStyle", NAMES) for one in _twins(shape, slide)]
    if _role(shape):
        said += [layer.root.find("p:txStyles/p:bodyStyle", NAMES) for layer in slide.behind]
    styles = [style for style in said if style is not None]
    counts: dict[int, int] = {}
    for paragraph in shape.iterfind("p:txBody/a:p", NAMES):
        text = "".join(_pieces(paragraph))
        if not text.strip():
            continue
        properties = paragraph.find("a:pPr", NAMES)
        depth = 0 if properties is None else min(abs(whole(properties.get("lvl")) or 0), DEEPEST)
        layers = [properties, *(style.find(f"a:lvl{depth + 1}pPr", NAMES) for style in styles)]
        marks = (mark for layer in layers if layer is not None for mark in layer if mark.tag in BULLETS)
        mark = next(marks, None)
        number = _count(mark, depth, counts)
        if mark is None or mark.tag == f"{A}buNone" or number:
            draft.paragraph(f"{number} {text}")
        else:
            draft.item(text)


def _count(mark: "Element | None", depth: int, counts: dict[int, int]) -> str:
    """The number of a paragraph with that mark, empty without one; `counts` keeps the last one by depth."""
    known = None if mark is None else NUMBERS.get(mark.get("type", ""))
    for other in [other for other in counts if other > depth or (other == depth and not known)]:
        del counts[other]
    if mark is None or not known:
        return ""
    form, sign = known
    counts[depth] = counts.get(depth, (whole(mark.get("startAt")) or 1) - 1) + 1
    number = printed_number(counts[depth], form)
    return sign.format(number) if number else ""


def _write_table(table: "Element", draft: Draft) -> None:
    rows: list[list[str]] = []
    for row in table.iterfind("a:tr", NAMES):
        above = chain(rows[-1] if rows else (), repeat(""))
        cells = zip(row.iterfind("a:tc", NAMES), above, strict=False)
        texts = ((cell, text if _flag(cell, "vMerge") else " ".join(_lines(cell))) for cell, text in cells)
        rows.append(["" if _flag(cell, "hMerge") else text for cell, text in texts])
    properties = table.find("a:tblPr", NAMES)
    headed = properties is not None and _flag(properties, "firstRow") and len(rows) > 1 and len(rows[0]) > 1
    draft.table(rows[headed:], rows[0] if headed else ())


def _flag(element: "Element", name: str) -> bool:
    return element.get(name) in ("1", "true")


def _write_chart(root: "Element", draft: Draft) -> None:
    """A chart's title, and a row for each category with the value of each series."""
    for title in root.iterfind("c:chart/c:title", NAMES):
        draft.paragraph(" ".join(_lines(title)))
    tables: list[tuple[dict[int, str], dict[int, list[tuple[str, str]]]]] = []  # categories, and the values of each
    for series in root.iter(f"{C}ser"):
        categories = _points(series, "cat", "xVal")
        if not tables or (categories and categories != tables[-1][0]):  # series of the same ones share a table
            tables.append((categories, {}))
        name = series.findtext("c:tx//c:v", "", NAMES)
        for at, shown in _points(series, "val", "yVal").items():
            tables[-1][1].setdefault(at, []).append((name, shown))
    for categories, values in tables:
        for at in sorted({*categories, *values}):
            said = [("", categories.get(at, "")), *values.get(at, ())]
            draft.table([[shown for _, shown in said]], [name for name, _ in said])


def _points(series: "Element", *kinds: str) -> dict[int, str]:
    """The values of a series or its categories as the chart last showed them; of categories in levels, the lowest."""
    points: dict[int, str] = {}
    for cache in (cache for kind in kinds for cache in series.iterfind(f"c:{kind}/*/*", NAMES)):
        form = cache.findtext("c:formatCode", "", NAMES)
        for point in cache.iter(f"{C}pt"):
            text = point.findtext("c:v", "", NAMES)
            shown = shown_text(text, form) if cache.tag == f"{C}numCache" else text
            points.setdefault(whole(point.get("idx")) or 0, shown)
    return points
