"""Word documents (.docx) as they read with every change accepted, lists with their printed numbers.

Knows nothing of pages, which Word makes anew whenever it opens a file. Headers, footers and comments are left out.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from index.draft import Draft, left_out
from index.formats.archive import damaged, open_archive
from index.formats.layout import PAGE_NUMBER
from index.formats.numbering import Numbering, printed_number
from index.formats.office import MC, NAMES, M, Package, W, is_on, require_words, value, whole
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_HEADING = 200  # characters; clauses are at times written in the style of a heading
LONGEST_NAME = 40  # of a column or a key
WIDEST = 100  # columns that cells may span
MOST_HEADS = 10  # rows that name columns
NOT_READ = {"chart": ("chart",), "diagram": ("diagramData",), "embedded file": ("package", "oleObject", "aFChunk")}
DEEPEST = 20  # styles that a style is based on, one on the other; Word itself stops at fewer

BLOCKS = {f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc"}
SILENT = {f"{W}pPr", f"{W}del", f"{W}moveFrom", f"{MC}Fallback", f"{W}rt"}
SIGNS = {f"{W}t": "", f"{M}t": "", f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
SYMBOLS = {"SymbolA3": "≤", "SymbolB3": "≥", "SymbolB9": "≠", "SymbolB0": "°", "SymbolB1": "±", "SymbolB4": "×"}
SYMBOLS |= {"Symbol6D": "µ", "Wingdings6F": "☐", "WingdingsA8": "☐", "WingdingsFC": "✓", "WingdingsFE": "☒"}
NOTES = {f"{W}footnoteReference": ("footnotes", "decimal"), f"{W}endnoteReference": ("endnotes", "lowerRoman")}
HEADING = re.compile(r"heading ?([1-9])(?:,|$)", re.IGNORECASE)
CONTENTS = re.compile(r"toc ?(?:[1-9]|heading)$|table of figures$", re.IGNORECASE)
FIRST_ROW = re.compile(r"..[2367abef]", re.IGNORECASE)  # a number in hexadecimal of which the bit 0x20 is set


class _Paragraph(NamedTuple):
    """A paragraph as one sees it, with its number."""

    text: str = ""
    level: int | None = None  # of the heading that it is
    bullet: bool = False
    boxes: tuple["Element", ...] = ()  # the text boxes that hang on it


class _Style(NamedTuple):
    """What a style comes to with those it is based on."""

    layers: tuple["Element", ...]  # those that say something of numbers
    contents: bool = False  # whether its paragraphs are a table of contents
    level: int | None = None  # of its headings
    bold: bool = False
    headed: bool = False  # whether the first row of its tables is bold


class _Cell(NamedTuple):
    text: str
    span: int  # columns


@dataclass
class _Word:
    """A document, and how far its reading has come."""

    draft: Draft
    styles: dict[str, "Element"]
    numbering: Numbering
    notes: dict[tuple[str, str], "Element"]  # those that nothing has referred to yet
    noted: Counter[str] = field(default_factory=Counter)
    pending: deque[tuple[str, "Element"]] = field(default_factory=deque)  # notes to write after this block
    carried: list[str] = field(default_factory=list)  # the text of paragraphs whose end was deleted
    known: dict[str, _Style] = field(default_factory=dict)  # the styles that were asked for


def load_docx(data: bytes, name: str) -> Document:
    """The body's text in order: a note follows the block that refers to it, a text box the paragraph it hangs on."""
    with open_archive(data, name) as archive:
        package = Package(archive, name)
        main = package.main("word/document.xml")
        body = package.read(main).find("w:body", NAMES)
        related = [*package.related(main).values()]
        parts = dict(related)
        kinds = ("styles", "numbering", "footnotes", "endnotes")
        entries = {kind: [*package.read(parts[kind])] if kind in parts else [] for kind in kinds}
        said = _left_out(package, related)
    if body is None:
        raise damaged(name)
    styles = {style.get(f"{W}styleId", ""): style for style in entries["styles"]}
    notes = {(kind, note.get(f"{W}id", "")): note for kind, _ in NOTES.values() for note in entries[kind]}
    word = _Word(Draft(name, len(data)), styles, Numbering(entries["numbering"]), notes)
    _write(body, word)
    word.draft.paragraph("".join(word.carried))
    document = word.draft.document(data, said)
    require_words(document, sum(kind == "image" for kind, _ in related))
    return document


def _left_out(package: Package, related: Sequence[tuple[str, str]]) -> list[str]:
    """What is said of the parts of these kinds, which are not read."""
    many = Counter({thing: sum(kind in kinds for kind, _ in related) for thing, kinds in NOT_READ.items()})
    for kind, part in related:
        if kind == "comments":
            many["comment"] += sum(1 for _ in package.read(part).iterfind("w:comment", NAMES))
        elif kind in ("header", "footer"):
            text = "".join(node.text or "" for node in package.read(part).iter(f"{W}t")).strip()
            many[kind] += bool(text) and not PAGE_NUMBER.fullmatch(text)
    return [left_out(number, thing) for thing, number in many.items()]


def _write(parent: "Element", word: _Word) -> None:
    for block in _content(parent):
        if block.tag == f"{W}tbl":
            _write_table(block, word)
        else:
            read = _read(block, word)
            if read.level is not None and len(read.text) <= LONGEST_HEADING:
                word.draft.heading(read.text, read.level)
            elif read.bullet:
                word.draft.item(read.text)
            else:
                word.draft.paragraph(read.text)
            for box in read.boxes:
                _write(box, word)
        while word.pending:
            label, note = word.pending.popleft()
            word.draft.paragraph(f"{label}: {_flat(note, word)}")


def _content(parent: "Element") -> Iterator["Element"]:
    """An element's paragraphs and tables, or rows, or cells, whatever they are wrapped in."""
    for child in parent:
        if child.tag in BLOCKS:
            yield child
        elif not _is_left_out(child):
            yield from _content(child)


def _is_left_out(node: "Element") -> bool:
    """Whether a reader does not see it: what is deleted or hidden, or waits to be filled in; nor need the contents."""
    if node.tag == f"{W}sdt":
        kind = value(node, "w:sdtPr/w:docPartObj/w:docPartGallery")
        return kind == "Table of Contents" or is_on(node, "w:sdtPr/w:showingPlcHdr")
    return node.tag in SILENT or (node.tag == f"{W}r" and is_on(node, "w:rPr/w:vanish"))


def _flat(element: "Element", word: _Word) -> str:
    """The text of a cell or a note in one piece."""
    parts: list[str] = []
    for block in _content(element):
        read = _read(block, word) if block.tag == f"{W}p" else _Paragraph(_flat(block, word))
        for part in filter(None, (read.text.strip(), *(_flat(box, word) for box in read.boxes))):
            if read.bullet and parts and parts[-1][-1].isalnum():
                parts[-1] += ","
            parts.append(part)
    return " ".join(parts)


def _read(element: "Element", word: _Word) -> _Paragraph:
    """Read a paragraph. Counts it and the notes it refers to."""
    style = _style(value(element, "w:pPr/w:pStyle") or "", word)
    if style.contents:
        return _Paragraph()
    text, references, boxes = _words(element)
    for reference in references:
        _refer(reference, word)
    if word.carried or is_on(element, "w:pPr/w:rPr/w:del") or is_on(element, "w:pPr/w:rPr/w:moveFrom"):
        word.carried.append(text)
        if is_on(element, "w:pPr/w:rPr/w:del") or is_on(element, "w:pPr/w:rPr/w:moveFrom"):
            return _Paragraph(boxes=boxes)
        text = "".join(word.carried)
        word.carried.clear()
    number, bullet = word.numbering.count([element, *style.layers])
    depth = whole(value(element, "w:pPr/w:outlineLvl"))
    level = style.level if depth is None else _level(depth)
    return _Paragraph(f"{number} {text}" if number and text.strip() else text, level, bullet, boxes)


def _words(paragraph: "Element") -> tuple[str, list["Element"], tuple["Element", ...]]:
    """A paragraph's text, its references to notes and its text boxes."""
    parts: list[str] = []
    references, boxes = [], []
    fields: list[bool] = []  # that are open: whether what they show is yet to come
    coded = 0  # of them
    stack = [*reversed(paragraph)]
    while stack:
        node = stack.pop()
        if node.tag in SIGNS:
            parts.append("" if coded else SIGNS[node.tag] or node.text or "")
        elif node.tag == f"{W}fldChar":
            kind = node.get(f"{W}fldCharType")
            if kind != "begin":
                coded -= fields.pop() if fields else False
            if kind in ("begin", "separate"):
                fields.append(kind == "begin")
                coded += kind == "begin"
        elif node.tag in NOTES:
            references.append(node)
        elif node.tag == f"{W}txbxContent":
            boxes.append(node)
        elif node.tag == f"{W}sym":
            parts.append(SYMBOLS.get(node.get(f"{W}font", "") + node.get(f"{W}char", "")[-2:].upper(), ""))
        elif not _is_left_out(node):
            stack += reversed(node)
    return "".join(parts), references, tuple(boxes)


def _refer(reference: "Element", word: _Word) -> None:
    """Number the note that is referred to, and put it where it is written from."""
    kind, form = NOTES[reference.tag]
    note = word.notes.pop((kind, reference.get(f"{W}id", "")), None)
    if note is not None:
        marked = reference.get(f"{W}customMarkFollows") not in (None, "0", "false")
        word.noted[kind] += not marked
        word.pending.append(("Note" if marked else f"Note {printed_number(word.noted[kind], form)}", note))


def _level(depth: int) -> int | None:
    """The level of the headings that Word has at a depth of its outline."""
    return depth + 1 if 0 <= depth < 9 else None


def _style(name: str, word: _Word) -> _Style:
    """The style of that name, with the one it is based on, and so on."""
    if name not in word.known:
        word.known[name] = _put_together(name, word)
    return word.known[name]


def _put_together(name: str, word: _Word) -> _Style:
    layers: list[Element] = []
    named = name
    while (style := word.styles.get(named)) is not None and style not in layers and len(layers) < DEEPEST:
        layers.append(style)
        named = value(style, "w:basedOn") or ""
    names = [name, *(value(layer, "w:name") or "" for layer in layers)]
    depths = (None, *(whole(value(layer, "w:pPr/w:outlineLvl")) for layer in layers))
    level = None
    for depth, named in zip(depths, names, strict=True):
        found = HEADING.match(named)
        if depth is not None or found or named.lower() == "title":
            level = _level(depth) if depth is not None else int(found[1]) if found else 0  # the title's
            break
    return _Style(
        tuple(filter(word.numbering.concerns, layers)),
        any(map(CONTENTS.match, names)),
        level,
        any(is_on(layer, "w:rPr/w:b") for layer in layers),
        any(is_on(layer, f"w:tblStylePr[@{W}type='firstRow']/w:rPr/w:b") for layer in layers),
    )


def _write_table(table: "Element", word: _Word) -> None:
    trs = [row for row in _content(table) if row.tag == f"{W}tr" and row.find("w:trPr/w:del", NAMES) is None]
    tcs = [[cell for cell in _content(row) if cell.tag == f"{W}tc"] for row in trs]
    if _is_layout(tcs):
        for cell in (cell for row in tcs for cell in row if not _goes_on(cell)):
            _write(cell, word)
        return
    above: dict[int, str] = {}
    rows = [_cells(row, cells, above, word) for row, cells in zip(trs, tcs, strict=True)]
    first = next((at for at, row in enumerate(rows) if len(row) > 1), len(rows))  # after the titles
    marked = next((at for at, row in enumerate(trs[first:]) if not is_on(row, "w:trPr/w:tblHeader")), 0)
    heads = min(marked, MOST_HEADS) or _is_head(rows[first:], _is_first_bold(table, tcs[first:], word))
    after = first + heads
    named = ([cell.text for cell in row for _ in range(cell.span)] for row in rows[first:after])
    names = [" ".join(dict.fromkeys(parts)) for parts in zip_longest(*named, fillvalue="")]
    pairs = not names and all(_is_pair(row) for row in rows[first:] if len(row) > 1)
    for row in rows[:first] + rows[after:]:
        if len(row) == 1:
            word.draft.paragraph(row[0].text)
        elif pairs and row and row[1].text:
            word.draft.table([[row[1].text]], [row[0].text])
        else:
            word.draft.table([[text for cell in row for text in (cell.text, *[""] * (cell.span - 1))]], names)


def _is_layout(rows: list[list["Element"]]) -> bool:
    """Whether a table only places text: it has one column, or one row of several paragraphs, or tables within."""
    blocks = [[*_content(cell)] for row in rows for cell in row]
    return (
        all(len(row) <= 1 for row in rows)
        or (len(rows) == 1 and any(len(cell) > 1 for cell in blocks))
        or any(block.tag == f"{W}tbl" for cell in blocks for block in cell)
    )


def _cells(row: "Element", cells: list["Element"], above: dict[int, str], word: _Word) -> list[_Cell]:
    """A row's cells. One merged with that above says the same; `above` keeps the text last seen in each column."""
    column = min(whole(value(row, "w:trPr/w:gridBefore")) or 0, WIDEST)
    read = [_Cell("", column)] if column else []
    for cell in cells:
        if not _goes_on(cell):
            above[column] = _flat(cell, word)
        span = max(1, min(whole(value(cell, "w:tcPr/w:gridSpan")) or 1, WIDEST - column))
        read.append(_Cell(above.get(column, ""), span))
        column += span
    return read


def _goes_on(cell: "Element") -> bool:
    """Whether a cell is merged with the one above it."""
    return value(cell, "w:tcPr/w:vMerge") in ("", "continue")


def _is_head(rows: list[list[_Cell]], bold: bool) -> bool:
    """Whether the first of the rows, which alone is bold or is not, looks as if it named the columns."""
    if len(rows) < 2 or all(row[0].text.endswith(":") for row in rows if row):
        return False
    texts = [cell.text for cell in rows[0]]
    words = all(text and not re.search(r"\d", text) for text in texts) and len(set(texts)) == len(texts) > 2
    return (bold or words) and max(map(len, texts)) <= LONGEST_NAME


def _is_first_bold(table: "Element", rows: list[list["Element"]], word: _Word) -> bool:
    """Whether the first of the rows, but not all of them, is bold, be it by the style of the table."""
    styled = _style(value(table, "w:tblPr/w:tblStyle") or "", word).headed
    if styled and FIRST_ROW.match(value(table, "w:tblPr/w:tblLook") or ""):
        return True
    bold = (all(_is_bold(cell, word) for cell in row) for row in rows)
    return next(bold, False) and not all(bold)


def _is_bold(cell: "Element", word: _Word) -> bool:
    """Whether a cell's text is bold as a whole; so is no text."""
    return all(
        is_on(run, "w:rPr/w:b") or bold
        for paragraph in cell.iter(f"{W}p")
        for bold in [_style(value(paragraph, "w:pPr/w:pStyle") or "", word).bold]
        for run in paragraph.iter(f"{W}r")
        if run.findtext("w:t", "", NAMES).strip()
    )


def _is_pair(row: list[_Cell]) -> bool:
    """Whether a row is a key and a value."""
    return len(row) == 2 and len(row[0].text) <= LONGEST_NAME and ":" not in row[0].text[:-1]
