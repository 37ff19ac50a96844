"""Word documents (.docx) as they read with every change accepted, lists with their printed numbers.

Knows nothing of pages, which Word makes anew whenever it opens a file, nor of headers, footers and comments.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from index.draft import Draft
from index.formats.archive import damaged, open_archive
from index.formats.numbering import Numbering, printed_number
from index.formats.office import MC, NAMES, M, Package, W, is_on, value, whole
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_HEADING = 200  # characters; clauses are at times written in the style of a heading
LONGEST_NAME = 40  # of a column or a key
WIDEST = 100  # columns

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
    pending: list[tuple[str, "Element"]] = field(default_factory=list)  # notes to write after this block
    carried: str = ""  # the text of a paragraph whose end was deleted


def load_docx(data: bytes, name: str) -> Document:
    """The body's text in order: a note follows the block that refers to it, a text box the paragraph it hangs on."""
    with open_archive(data, name) as archive:
        package = Package(archive, name)
        main = package.main("word/document.xml")
        body = package.read(main).find("w:body", NAMES)
        parts = dict(package.related(main).values())
        kinds = ("styles", "numbering", "footnotes", "endnotes")
        entries = {kind: [*package.read(parts[kind])] if kind in parts else [] for kind in kinds}
    if body is None:
        raise damaged(name)
    styles = {style.get(f"{W}styleId", ""): style for style in entries["styles"]}
    notes = {(kind, note.get(f"{W}id", "")): note for kind, _ in NOTES.values() for note in entries[kind]}
    word = _Word(Draft(name), styles, Numbering(entries["numbering"]), notes)
    _write(body, word)
    word.draft.paragraph(word.carried)
    return word.draft.document(data)


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
            label, note = word.pending.pop(0)
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
    text = ""
    for block in _content(element):
        read = _read(block, word) if block.tag == f"{W}p" else _Paragraph(_flat(block, word))
        for part in (read.text.strip(), *(_flat(box, word) for box in read.boxes)):
            comma = "," if read.bullet and part and text[-1:].isalnum() else ""
            text = f"{text}{comma} {part}".strip()
    return text


def _read(element: "Element", word: _Word) -> _Paragraph:
    """Read a paragraph. Counts it and the notes it refers to."""
    style = value(element, "w:pPr/w:pStyle") or ""
    layers = [element, *_chain(style, word)]
    names = [style, *(value(layer, "w:name") or "" for layer in layers[1:])]
    if any(map(CONTENTS.match, names)):
        return _Paragraph()
    text, references, boxes = _words(element)
    for reference in references:
        _refer(reference, word)
    text, word.carried = word.carried + text, ""
    if is_on(element, "w:pPr/w:rPr/w:del") or is_on(element, "w:pPr/w:rPr/w:moveFrom"):
        word.carried = text
        return _Paragraph(boxes=boxes)
    number, bullet = word.numbering.count(layers)
    return _Paragraph(f"{number} {text}" if number and text.strip() else text, _level(layers, names), bullet, boxes)


def _words(paragraph: "Element") -> tuple[str, list["Element"], tuple["Element", ...]]:
    """A paragraph's text, its references to notes and its text boxes."""
    text, references, boxes = "", [], []
    codes: list[bool] = []  # of the fields that are open: whether what they show is yet to come
    stack = [*reversed(paragraph)]
    while stack:
        node = stack.pop()
        if node.tag in SIGNS:
            text += "" if any(codes) else SIGNS[node.tag] or node.text or ""
        elif node.tag == f"{W}fldChar":
            kind = node.get(f"{W}fldCharType")
            codes = [*codes, True] if kind == "begin" else codes[:-1]
            codes += [False] if kind == "separate" else []
        elif node.tag in NOTES:
            references.append(node)
        elif node.tag == f"{W}txbxContent":
            boxes.append(node)
        elif node.tag == f"{W}sym":
            text += SYMBOLS.get(node.get(f"{W}font", "") + node.get(f"{W}char", "")[-2:].upper(), "")
        elif not _is_left_out(node):
            stack += reversed(node)
    return text, references, tuple(boxes)


def _refer(reference: "Element", word: _Word) -> None:
    """Number the note that is referred to, and put it where it is written from."""
    kind, form = NOTES[reference.tag]
    note = word.notes.pop((kind, reference.get(f"{W}id", "")), None)
    if note is not None:
        marked = reference.get(f"{W}customMarkFollows") not in (None, "0", "false")
        word.noted[kind] += not marked
        word.pending.append(("Note" if marked else f"Note {printed_number(word.noted[kind], form)}", note))


def _level(layers: list["Element"], names: list[str]) -> int | None:
    """The level of the heading that a paragraph is, of which these are itself and its styles; 0 for the title."""
    for layer, name in zip(layers, names, strict=True):
        depth = whole(value(layer, "w:pPr/w:outlineLvl"))
        if depth is not None:
            return depth + 1 if 0 <= depth < 9 else None
        if found := HEADING.match(name):
            return int(found[1])
        if name.lower() == "title":
            return 0
    return None


def _chain(name: str, word: _Word) -> list["Element"]:
    """The style of that name, the one it is based on, and so on."""
    chain: list[Element] = []
    while (style := word.styles.get(name)) is not None and style not in chain:
        chain.append(style)
        name = value(style, "w:basedOn") or ""
    return chain


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
    after = first + (marked or _is_head(rows[first:], _is_first_bold(table, tcs[first:], word)))
    heads = ([cell.text for cell in row for _ in range(cell.span)] for row in rows[first:after])
    names = [" ".join(dict.fromkeys(parts)) for parts in zip_longest(*heads, fillvalue="")]
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
        span = min(whole(value(cell, "w:tcPr/w:gridSpan")) or 1, WIDEST)
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
    styles = _chain(value(table, "w:tblPr/w:tblStyle") or "", word)
    styled = any(is_on(style, f"w:tblStylePr[@{W}type='firstRow']/w:rPr/w:b") for style in styles)
    if styled and FIRST_ROW.match(value(table, "w:tblPr/w:tblLook") or ""):
        return True
    bold = (all(_is_bold(cell, word) for cell in row) for row in rows)
    return next(bold, False) and not all(bold)


def _is_bold(cell: "Element", word: _Word) -> bool:
    """Whether a cell's text is bold as a whole; so is no text."""
    return all(
        is_on(run, "w:rPr/w:b") or any(is_on(style, "w:rPr/w:b") for style in styles)
        for paragraph in cell.iter(f"{W}p")
        for styles in [_chain(value(paragraph, "w:pPr/w:pStyle") or "", word)]
        for run in paragraph.iter(f"{W}r")
        if run.findtext("w:t", "", NAMES).strip()
    )


def _is_pair(row: list[_Cell]) -> bool:
    """Whether a row is a key and a value."""
    return len(row) == 2 and len(row[0].text) <= LONGEST_NAME and ":" not in row[0].text[:-1]
