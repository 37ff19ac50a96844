"""Word documents (.docx) as they read with every change accepted, lists with their printed numbers.

Knows nothing of pages, which Word makes anew whenever it opens a file, nor of headers, footers and comments.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple
from zipfile import ZipFile

from index.draft import Draft
from index.formats.archive import damaged, open_archive, read_part
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_HEADING = 200  # characters; clauses are at times written in the style of a heading
LONGEST_NAME = 40  # of a column or a key
WIDEST = 100  # columns

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
NAMES = {"w": W[1:-1]}
BLOCKS = {f"{W}p", f"{W}tbl", f"{W}tr", f"{W}tc"}
SILENT = {f"{W}pPr", f"{W}del", f"{W}moveFrom", f"{MC}Fallback", f"{W}rt"}
SIGNS = {f"{W}t": "", f"{M}t": "", f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
SYMBOLS = {"SymbolA3": "≤", "SymbolB3": "≥", "SymbolB9": "≠", "SymbolB0": "°", "SymbolB1": "±", "SymbolB4": "×"}
SYMBOLS |= {"Symbol6D": "µ", "Wingdings6F": "☐", "WingdingsA8": "☐", "WingdingsFC": "✓", "WingdingsFE": "☒"}
NOTES = {f"{W}footnoteReference": "footnotes", f"{W}endnoteReference": "endnotes"}
HEADING = re.compile(r"heading ?([1-9])(?:,|$)", re.IGNORECASE)
CONTENTS = re.compile(r"toc ?(?:[1-9]|heading)$|table of figures$", re.IGNORECASE)
ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40}
ROMAN |= {"x": 10, "ix": 9, "v": 5, "iv": 4, "i": 1}


class _List(NamedTuple):
    abstract: str
    levels: dict[int, "Element"]
    starts: dict[int, int]


class _Said(NamedTuple):
    text: str = ""
    level: int | None = None
    item: bool = False
    boxes: tuple["Element", ...] = ()


class _Cell(NamedTuple):
    text: str
    span: int
    bold: bool = False


@dataclass
class _Word:
    """A document, and how far its reading has come."""

    draft: Draft
    styles: dict[str, "Element"]
    lists: dict[str, _List]
    notes: dict[tuple[str, str], "Element"]
    counts: dict[str, dict[int, int]] = field(default_factory=dict)  # of each list, by depth
    restarted: set[tuple[str, int]] = field(default_factory=set)
    noted: dict[str, int] = field(default_factory=dict)
    pending: list[tuple[str, "Element"]] = field(default_factory=list)  # notes to write after this block
    carried: str = ""  # the text of a paragraph whose end was deleted


def load_docx(data: bytes, name: str) -> Document:
    """The body's text in order: a note follows the block that refers to it, a text box the paragraph it hangs on."""
    with open_archive(data, name) as archive:
        main = dict(related(archive, "", name).values()).get("officeDocument", "word/document.xml")
        body = read_xml(archive, main, name).find("w:body", NAMES)
        parts = dict(related(archive, main, name).values())
        kinds = ("styles", "numbering", "footnotes", "endnotes")
        roots = {kind: [*read_xml(archive, parts[kind], name)] if kind in parts else [] for kind in kinds}
    if body is None:
        raise damaged(name)
    styles = {style.get(f"{W}styleId", ""): style for style in roots["styles"]}
    notes = {(kind, note.get(f"{W}id", "")): note for kind in NOTES.values() for note in roots[kind]}
    word = _Word(Draft(name), styles, _lists(roots["numbering"]), notes)
    _write(body, word)
    word.draft.paragraph(word.carried)
    return word.draft.document(data)


def _write(parent: "Element", word: _Word) -> None:
    for block in _content(parent):
        if block.tag == f"{W}tbl":
            _write_table(block, word)
        else:
            _write_paragraph(block, word)
        pending, word.pending = word.pending, []
        for label, note in pending:
            word.draft.paragraph(f"{label}: {_flat(note, word)}")
        word.pending = []  # a note within a note would have no end


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
        kind = _value(node, "w:sdtPr/w:docPartObj/w:docPartGallery")
        return kind == "Table of Contents" or _on(node, "w:sdtPr/w:showingPlcHdr")
    return node.tag in SILENT or (node.tag == f"{W}r" and _on(node, "w:rPr/w:vanish"))


def _write_paragraph(paragraph: "Element", word: _Word) -> None:
    said = _read(paragraph, word)
    if said.level and len(said.text) <= LONGEST_HEADING:
        word.draft.heading(said.text, said.level)
    elif said.item:
        word.draft.item(said.text)
    else:
        word.draft.paragraph(said.text)
    for box in said.boxes:
        _write(box, word)


def _flat(element: "Element", word: _Word) -> str:
    """The text of a cell or a note in one piece."""
    text = ""
    for block in _content(element):
        said = _read(block, word) if block.tag == f"{W}p" else _Said(_flat(block, word))
        for part in (said.text.strip(), *(_flat(box, word) for box in said.boxes)):
            comma = said.item and text and text[-1].isalnum()
            text = f"{text}{', ' if comma else ' '}{part}".strip() if part else text
    return text


def _read(paragraph: "Element", word: _Word) -> _Said:
    """A paragraph with its number. Counts it and the notes it refers to."""
    style = _value(paragraph, "w:pPr/w:pStyle") or ""
    above = _chain(style, word.styles)
    layers = [paragraph, *above]
    names = ["" if above else style, *(_value(layer, "w:name") or "" for layer in above)]
    text, references, boxes = _words(paragraph)
    if any(map(CONTENTS.match, names)):
        return _Said()
    word.pending += [note for reference in references for note in _note(reference, word)]
    text, word.carried = word.carried + text, ""
    ends = paragraph.find("w:pPr/w:rPr", NAMES)
    if ends is not None and (_on(ends, "w:del") or _on(ends, "w:moveFrom")):
        word.carried = text
        return _Said(boxes=boxes)
    number, item = _count(layers, word)
    return _Said(f"{number} {text}" if number and text.strip() else text, _level(layers, names), item, boxes)


def _words(paragraph: "Element") -> tuple[str, list["Element"], tuple["Element", ...]]:
    """A paragraph's text, its references to notes and its text boxes."""
    text, references, boxes = "", [], []
    instructions: list[bool] = []  # of the fields that are open: whether what is shown is yet to come
    stack = [*reversed(paragraph)]
    while stack:
        node = stack.pop()
        if node.tag in SIGNS:
            text += "" if any(instructions) else SIGNS[node.tag] or node.text or ""
        elif node.tag == f"{W}fldChar":
            kind = node.get(f"{W}fldCharType")
            instructions = [*instructions, True] if kind == "begin" else instructions[:-1]
            instructions += [False] if kind == "separate" else []
        elif node.tag in NOTES:
            references.append(node)
        elif node.tag == f"{W}txbxContent":
            boxes.append(node)
        elif node.tag == f"{W}sym":
            text += SYMBOLS.get(node.get(f"{W}font", "") + node.get(f"{W}char", "")[-2:].upper(), "")
        elif not _is_left_out(node):
            stack += reversed(node)
    return text, references, tuple(boxes)


def _note(reference: "Element", word: _Word) -> Iterator[tuple[str, "Element"]]:
    """What a note is called and its text; nothing for one that is not there."""
    kind = NOTES[reference.tag]
    note = word.notes.get((kind, reference.get(f"{W}id", "")))
    if note is not None and reference.get(f"{W}customMarkFollows") in (None, "0", "false"):
        word.noted[kind] = number = word.noted.get(kind, 0) + 1
        yield f"Note {number if kind == 'footnotes' else printed_number(number, 'lowerRoman')}", note
    elif note is not None:
        yield "Note", note


def _level(layers: list["Element"], names: list[str]) -> int | None:
    """The level of the heading that a paragraph in these styles is."""
    for layer, name in zip(layers, names, strict=True):
        depth = whole(_value(layer, "w:pPr/w:outlineLvl"))
        if depth is not None:
            return depth + 1 if 0 <= depth < 9 else None
        if found := HEADING.match(name):
            return int(found[1])
        if name.lower() == "title":
            return 1
    return None


def _count(layers: list["Element"], word: _Word) -> tuple[str, bool]:
    """The number printed before a paragraph, and whether a bullet is; counts it."""
    values = [_value(layer, "w:pPr/w:numPr/w:numId") for layer in layers]
    name = next((value for value in values if value is not None), "")
    found = word.lists.get(name)
    if found is None:
        return "", False
    linked = {_value(level, "w:pStyle"): depth for depth, level in found.levels.items()}
    depths = (
        depth
        for layer in layers
        for depth in (linked.get(layer.get(f"{W}styleId", "-")), whole(_value(layer, "w:pPr/w:numPr/w:ilvl")))
    )
    depth = next((depth for depth in depths if depth is not None), 0)
    if depth not in found.levels:
        return "", False
    counts = word.counts.setdefault(found.abstract, {})
    if depth in found.starts and (name, depth) not in word.restarted:
        word.restarted.add((name, depth))
        counts[depth] = found.starts[depth]
    else:
        first = found.starts.get(depth, _start(found.levels[depth]))
        counts[depth] = counts[depth] + 1 if depth in counts else first
    for deeper in [deeper for deeper in counts if deeper > depth]:
        restart = whole(_value(found.levels[deeper], "w:lvlRestart")) if deeper in found.levels else None
        if depth < (deeper if restart is None else restart):
            del counts[deeper]
    return _printed(found, depth, counts), _value(found.levels[depth], "w:numFmt") == "bullet"


def _printed(found: _List, depth: int, counts: dict[int, int]) -> str:
    """The text of a list's number; empty for a bullet and where one of its parts is in a form unknown."""
    level = found.levels[depth]
    form, text = _value(level, "w:numFmt"), _value(level, "w:lvlText") or ""
    parts: dict[str, str | None] = {}
    for digit in re.findall("%([1-9])", "" if form == "bullet" else text):
        at = int(digit) - 1
        part = found.levels.get(at, level)
        form = "decimal" if _on(level, "w:isLgl") else _value(part, "w:numFmt") or "decimal"
        parts[f"%{digit}"] = printed_number(counts.get(at, _start(part)), form)
    if not parts or None in parts.values():
        return ""
    return re.sub("%[1-9]", lambda sign: parts[sign[0]] or "", text).strip()


def _start(level: "Element") -> int:
    start = whole(_value(level, "w:start"))
    return 0 if start is None else start  # as Word does


def _lists(numbering: list["Element"]) -> dict[str, _List]:
    abstracts = [one for one in numbering if one.tag == f"{W}abstractNum"]
    links = {_value(abstract, "w:styleLink"): abstract for abstract in abstracts}
    named = {abstract.get(f"{W}abstractNumId"): abstract for abstract in abstracts}
    lists = {}
    for num in (one for one in numbering if one.tag == f"{W}num"):
        abstract = named.get(_value(num, "w:abstractNumId"))
        link = None if abstract is None else _value(abstract, "w:numStyleLink")
        abstract = links.get(link, abstract) if link else abstract
        if abstract is not None:
            overrides = num.findall("w:lvlOverride", NAMES)
            levels = [*abstract.findall("w:lvl", NAMES), *num.findall("w:lvlOverride/w:lvl", NAMES)]
            starts = {whole(one.get(f"{W}ilvl")): whole(_value(one, "w:startOverride")) for one in overrides}
            lists[num.get(f"{W}numId", "")] = _List(
                abstract.get(f"{W}abstractNumId", ""),
                {depth: level for level in levels if (depth := whole(level.get(f"{W}ilvl"))) is not None},
                {depth: start for depth, start in starts.items() if depth is not None and start is not None},
            )
    return lists


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
    marks = [_on(row, "w:trPr/w:tblHeader") for row in trs[first:]]
    after = first + (_heads(rows[first:], marks, _has_styled_head(table, word)) if len(rows) - first > 1 else 0)
    heads = ([cell.text for cell in row for _ in range(cell.span)] for row in rows[first:after])
    names = [" ".join(dict.fromkeys(parts)) for parts in zip_longest(*heads, fillvalue="")]
    pairs = not names and _are_pairs([[cell.text for cell in row] for row in rows[first:] if len(row) > 1])
    for row in rows[:first] + rows[after:]:
        if len(row) == 1:
            word.draft.paragraph(row[0].text)
        elif pairs:
            key, value = (cell.text for cell in row)
            word.draft.paragraph(": ".join(filter(None, (key.removesuffix(":"), value))))
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
    before = min(max(whole(_value(row, "w:trPr/w:gridBefore")) or 0, 0), WIDEST)
    read = [_Cell("", before)] if before else []
    for cell in cells:
        column = sum(one.span for one in read)
        text = above.get(column, "") if _goes_on(cell) else _flat(cell, word)
        above[column] = text
        span = min(max(whole(_value(cell, "w:tcPr/w:gridSpan")) or 1, 1), WIDEST)
        read.append(_Cell(text, span, _is_bold(cell, word)))
    return read


def _goes_on(cell: "Element") -> bool:
    return _value(cell, "w:tcPr/w:vMerge") in ("", "continue")


def _is_bold(cell: "Element", word: _Word) -> bool:
    """Whether a cell's text is bold as a whole; so is no text."""
    return all(
        _on(run, "w:rPr/w:b") or any(_on(style, "w:rPr/w:b") for style in _chain(style, word.styles))
        for paragraph in cell.iter(f"{W}p")
        for style in [_value(paragraph, "w:pPr/w:pStyle") or ""]
        for run in paragraph.iter(f"{W}r")
        if run.findtext("w:t", "", NAMES).strip()
    )


def _has_styled_head(table: "Element", word: _Word) -> bool:
    """Whether the table's style makes the first row bold."""
    look = table.find("w:tblPr/w:tblLook", NAMES)
    bits = "" if look is None else look.get(f"{W}val", "")
    first = look is not None and look.get(f"{W}firstRow") in ("1", "true")
    first = first or bool(re.fullmatch("[0-9A-Fa-f]{4}", bits) and int(bits, 16) & 0x20)
    styles = _chain(_value(table, "w:tblPr/w:tblStyle") or "", word.styles)
    return first and any(_on(style, f"w:tblStylePr[@{W}type='firstRow']/w:rPr/w:b") for style in styles)


def _heads(rows: list[list[_Cell]], marks: list[bool], styled: bool) -> int:
    """How many of the rows, of which there are two or more, name the columns."""
    marked = next((at for at, mark in enumerate(marks) if not mark), 0)
    texts = [cell.text for cell in rows[0]]
    bold = all(cell.bold for cell in rows[0]) and not all(cell.bold for row in rows[1:] for cell in row)
    words = all(text and not re.search(r"\d", text) for text in texts) and len(set(texts)) == len(texts) > 2
    guessed = (styled or bold or words) and max(map(len, texts)) <= LONGEST_NAME
    return marked or int(guessed and not all(row[0].text.endswith(":") for row in rows))


def _are_pairs(rows: list[list[str]]) -> bool:
    """Whether rows are a key and a value each."""
    return all(len(row) == 2 and len(row[0]) <= LONGEST_NAME and ":" not in row[0][:-1] for row in rows)


def _chain(name: str, styles: dict[str, "Element"]) -> list["Element"]:
    """The style of that name, the one it is based on, and so on."""
    chain: list[Element] = []
    while (style := styles.get(name)) is not None and style not in chain:
        chain.append(style)
        name = _value(style, "w:basedOn") or ""
    return chain


def _value(element: "Element", path: str) -> str | None:
    """The w:val of the element at that path, empty without one; None where there is no such element."""
    found = element.find(path, NAMES)
    return None if found is None else found.get(f"{W}val", "")


def _on(element: "Element", path: str) -> bool:
    """Whether a property is there and not switched off."""
    return _value(element, path) not in (None, "0", "false", "off", "none")


def printed_number(number: int, form: str) -> str | None:
    """A number as a list prints it; None in a form unknown."""
    if form in ("decimal", "decimalZero", "none"):
        return {"decimal": str(number), "decimalZero": f"{number:02}"}.get(form, "")
    if form not in ("lowerLetter", "upperLetter", "lowerRoman", "upperRoman") or not 0 < number < 4000:
        return None
    text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    if form.endswith("Roman"):
        text = ""
        for digits, value in ROMAN.items():
            text, number = text + digits * (number // value), number % value
    return text.upper() if form.startswith("upper") else text


def whole(text: str | None) -> int | None:
    """A whole number of at most nine digits; None where there is none."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,9}", text) else None


def read_xml(archive: ZipFile, member: str, name: str) -> "Element":
    """The root of a part of an Office file, in the names of the transitional standard. Raises DocumentError."""
    from lxml import etree

    data = read_part(archive, member, name)
    data = re.sub(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)", rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise damaged(name) from error


def related(archive: ZipFile, member: str, name: str) -> dict[str, tuple[str, str]]:
    """The kind and the path of the parts that a part refers to, by its ids for them; "" refers to the main part.

    Those that are elsewhere or not there are left out.
    """
    folder, base = posixpath.split(member)
    listing = posixpath.join(folder, "_rels", f"{base}.rels")
    present = set(archive.namelist())
    links = read_xml(archive, listing, name) if listing in present else ()
    return {
        link.get("Id", ""): (link.get("Type", "").rpartition("/")[2], path)
        for link in links
        if (path := posixpath.normpath(posixpath.join("/", folder, link.get("Target", "")))[1:]) in present
        and link.get("TargetMode") != "External"
    }
