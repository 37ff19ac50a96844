"""Writes down a stretch of a page that is laid out flat. Knows nothing of how it was chosen."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import NamedTuple

from index.draft import Draft

MENU, FRAME, HIDDEN = 1, 2, 3  # distances from the content, which is at 0
LONG = 60  # characters of a text that is more than the name of something
MAX_TITLE = 300  # characters of a heading; longer, it is one that was not closed
MAX_CELL, MAX_NAMED_CELL = 500, 5000  # characters of a cell, also in a table that names its columns or rows
MAX_ACROSS, MAX_DOWN = 100, 1000  # columns and rows that cells span: a small file must not make a huge table
MOST_HEADS = 10  # rows that name columns

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = {"ul", "ol", "menu", "dir"}
BLOCKS = {
    *(*HEADINGS, *LISTS, "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr"),
    *("html", "legend", "li", "main", "nav", "p", "pre", "search", "section", "summary", "table", "tbody", "td"),
    *("tfoot", "th", "thead", "tr"),
}
_NOT_IN_PRE = {*HEADINGS, *LISTS, "dl", "p", "pre", "table"}  # unless its end is missing
_SPACE = re.compile(r"[ \t\n\r\f]+")
_INVISIBLE = dict.fromkeys(map(ord, "\xad\u200b\u2060\ufeff"))
_BLOCK, _RAISED = "\x1e", "\x1f"  # stand among words where a block begins, or superscript
_SIGNS = {**dict.fromkeys(BLOCKS, _BLOCK), "br": "\v", "sup": _RAISED}
_POWER = re.compile(f"{_RAISED}(?<=[0-9]{_RAISED})(?=[0-9−+-])")  # ten to the sixth is not 106


@dataclass(slots=True)
class Element:
    """The element whose parts are `parts[start:end]` of its page, the first of them itself."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    end: int = 0
    distance: int = 0
    size: int = 0  # characters of text
    tables: int = 0  # how deep tables nest in it


@dataclass(frozen=True, slots=True)
class Stretch:
    """Texts and elements in their order: `parts[start:end]` of a page, without what is farther than `reach`."""

    parts: Sequence[str | Element]
    start: int
    end: int
    reach: int

    def __iter__(self) -> Iterator[str | Element]:
        at = self.start
        while at < self.end:
            part = self.parts[at]
            if isinstance(part, str) or part.distance <= self.reach:
                at += 1
                yield part
            else:
                at = part.end

    def inside(self, element: Element, reach: int) -> "Stretch":
        """What is in an element of the same page."""
        return Stretch(self.parts, element.start + 1, element.end, reach)


class _Cell(NamedTuple):
    text: str
    head: bool
    across: int
    down: int
    crowded: bool  # holds more than a cell of data does


class Writer:
    """Writes a stretch into a draft, each heading `lower` levels lower than it is."""

    def __init__(self, draft: Draft, stretch: Stretch, lower: int = 0) -> None:
        self._draft, self._stretch, self._lower = draft, stretch, lower
        self._words: list[str] = []  # of the block that is being read
        self._level = 0  # of the heading that the block is, else 0
        self._label = ""  # of the list item that it begins
        self._terms: list[str] = []  # that it explains
        self._in_term = False
        self._lists: list[tuple[str, int]] = []  # kind and next number

    def write(self) -> None:
        """Write it down; without recursion, for pages nest deeper than Python can."""
        stretch, at = self._stretch, self._stretch.start
        opened: list[Element] = []
        while at < stretch.end:
            part = stretch.parts[at]
            at += 1
            if isinstance(part, str):
                self._words.append(part)
            elif part.distance > stretch.reach or (part.tag in ("pre", "table") and self._whole(part)):
                at = part.end
                if part.tag in BLOCKS:
                    self._flush()
            else:
                self._enter(part)
                opened.append(part)
            while opened and opened[-1].end <= at:
                self._leave(opened.pop().tag)
        self._settle()

    def _whole(self, element: Element) -> bool:
        """Write down an element that is not just its parts; whether it was written."""
        return self._table(element) if element.tag == "table" else self._verbatim(element)

    def _enter(self, element: Element) -> None:
        tag = element.tag
        if tag in BLOCKS:
            self._flush()
        elif tag in _SIGNS:
            self._words.append(_SIGNS[tag])
        self._level = HEADINGS.get(tag, self._level)
        if tag in LISTS:
            self._settle()
            kind = (element.attributes.get("type") or "1") if tag == "ol" else ""
            self._lists.append((kind, _number(element, "start", 1)))
        elif tag == "li":
            kind, number = self._lists.pop() if self._lists else ("", 1)
            number = _number(element, "value", number)
            self._lists.append((kind, number + 1))
            letter = kind in ("a", "A") and 0 < number < 27
            self._label = f"{chr(ord(kind) + number - 1) if letter else number}." if kind else "-"
        elif tag == "dt":
            self._in_term = True

    def _leave(self, tag: str) -> None:
        if tag in BLOCKS:
            self._flush()
        if tag in HEADINGS:
            self._level = 0
        elif tag in LISTS:
            self._lists.pop()
        elif tag == "li":
            self._label = ""
        elif tag == "dt":
            self._in_term = False
        elif tag in ("dd", "dl"):
            self._settle()

    def _flush(self) -> None:
        """Write down the block that ends here."""
        text = _plain(self._words)
        self._words.clear()
        if not text:
            return
        if self._in_term:
            self._terms.append(text)
            return
        label, self._label = self._label, ""
        level, self._level = self._level, 0
        if level and len(text) <= MAX_TITLE:
            self._settle()
            self._draft.heading(f"{label} {text}".removeprefix("- "), level + self._lower)
            return
        if self._terms:
            text = f"{', '.join(self._terms).rstrip(': ')}: {text}"
            self._terms.clear()
        if label == "-":
            self._draft.item(text)
        else:
            self._draft.paragraph(f"{label} {text}")

    def _settle(self) -> None:
        """Write down the block that ends here, and a term that has no explanation."""
        self._flush()
        self._draft.paragraph(", ".join(self._terms))
        self._terms.clear()

    def _verbatim(self, pre: Element) -> bool:
        """Write down preformatted text if it is nothing else."""
        said: list[str] = []
        for part in self._stretch.inside(pre, MENU):
            if isinstance(part, str):
                said += filter(None, [part])
            elif part.tag in _NOT_IN_PRE:
                return False
            elif part.tag == "br" or (part.tag in BLOCKS and said and not said[-1].endswith("\n")):
                said.append("\n")
        self._settle()
        self._draft.verbatim("\n".join("".join(said).splitlines()))
        return True

    def _table(self, table: Element) -> bool:
        """Write down a table if it is one of data, not of layout."""
        if table.tables > 1 or table.attributes.get("role") in ("presentation", "none"):
            return False
        rows: list[list[_Cell]] = [[]]
        head_end = cell_end = 0
        for part in self._stretch.inside(table, FRAME):
            if isinstance(part, str) or part.start < cell_end:
                continue
            if part.tag == "thead":
                head_end = part.end
            elif part.tag in ("caption", "tr"):
                rows.append([])
            if part.tag in ("caption", "td", "th"):
                rows[-1].append(self._cell(part, part.tag == "th" or part.end <= head_end))
                cell_end = part.end
        rows = [row for row in rows if any(cell.text for cell in row)]
        if _is_layout(rows):
            return False
        self._settle()
        self._rows(rows)
        return True

    def _cell(self, cell: Element, head: bool) -> _Cell:
        words: list[str] = []
        tags = set()
        for part in self._stretch.inside(cell, MENU):
            if isinstance(part, str):
                words.append(part)
            else:
                tags.add(part.tag)
                words.append(_SIGNS.get(part.tag, ""))
        blocks = [text for block in _plain(words).split(_BLOCK) if (text := " ".join(block.split()))]
        text = (", " if "li" in tags else " ").join(blocks)
        across = min(_number(cell, "colspan", 1) or 1, MAX_ACROSS)
        down = min(_number(cell, "rowspan", 1) or 1, MAX_DOWN)
        crowded = len(text) > MAX_CELL or len(blocks) > 3 or bool(tags & {*HEADINGS, "pre", "table"})
        return _Cell(text, head, across, down, crowded)

    def _rows(self, rows: list[list[_Cell]]) -> None:
        """Write down the rows of a table, with the names that its first ones give to the columns."""
        titles = list(takewhile(lambda row: len(row) == 1, rows))
        under = rows[len(titles) :]
        heads = list(takewhile(lambda row: all(cell.head for cell in row), under[:MOST_HEADS]))
        if len(titles) + len(heads) == len(rows):
            heads = []
        rows = rows[len(titles) + len(heads) :]
        columns = zip_longest(*_spread(heads, repeat=True), fillvalue="")
        names = [" ".join(dict.fromkeys(filter(None, column))) for column in columns]
        paired = not names and all(len(row) < 3 for row in rows)
        for row, cells in zip(titles + rows, _spread(titles + rows, repeat=False), strict=True):
            said = [cell for cell in cells if cell]
            if len(row) == len(said) == 1:
                self._draft.table([said])
            elif len(said) > 1 and not names and (row[0].head or (paired and len(said[0]) < LONG)):
                self._draft.table([said[1:]], said[:1])
            else:
                self._draft.table([cells], names[: len(cells)])


def _is_layout(rows: Sequence[list[_Cell]]) -> bool:
    """Whether cells are there for where they stand on the page."""
    cells = [cell for row in rows for cell in row]
    named = any(cell.head for cell in cells)
    crowded = any(len(cell.text) > MAX_NAMED_CELL if named else cell.crowded for cell in cells)
    return crowded or max(map(len, rows), default=0) < 2


def _spread(rows: Sequence[list[_Cell]], *, repeat: bool) -> Iterator[list[str]]:
    """The texts of each row, column by column; that of a wide cell in all of its columns or only the first."""
    reaching: dict[int, tuple[str, int]] = {}  # down from the rows before: text and rows to come
    for row in rows:
        line: list[str] = []
        above, reaching = reaching, {}
        own = _apart(row, repeat)
        while found := above.pop(len(line), None) or next(own, None):
            text, down = found
            if down > 1 and len(line) < MAX_ACROSS:
                reaching[len(line)] = text, down - 1
            line.append(text)
        yield line


def _apart(row: Sequence[_Cell], repeat: bool) -> Iterator[tuple[str, int]]:
    """For each column of the cells its text and how many rows it spans; few cells span more than one."""
    column = 0
    for cell in row:
        across = max(1, min(cell.across, MAX_ACROSS - column))
        column += across
        for n in range(across):
            yield cell.text if repeat or not n else "", cell.down


def _plain(words: Sequence[str]) -> str:
    text = _POWER.sub("^", _SPACE.sub(" ", "".join(words))).replace(_RAISED, "").strip()
    return text if text.isascii() else text.translate(_INVISIBLE)


def _number(element: Element, attribute: str, default: int) -> int:
    """The whole number that an attribute is."""
    value = element.attributes.get(attribute)
    return int(value) if value and re.fullmatch(r"\s*[0-9]{1,6}\s*", value) else default
