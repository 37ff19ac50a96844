"""The tables of a file that SQLite opens, but whose b-trees have lost their roots: new roots over what is left."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from index.catalog import connect
from index.legible import PAGE, checksum, first_page

_LEAF, _INNER, _INDEX = 13, 5, (2, 10)  # types of page
_LEVELS = 20  # the most of a b-tree
_CHILDREN = 250  # of a page, at most 15 bytes each
_IS_INDEX = "(type = 'index' OR sql LIKE '%WITHOUT ROWID%')"
_FREE = slice(32, 36)  # of the first page: the first of those that are not used
_COLUMNS = {  # i: a number or NULL, t: text, b: bytes
    "contents": "itttt?",
    "documents": "itti",
    "passages": "iiiiittb",
    "lexical_content": "itt",
    "feedback": "itt[it]t[it][it]ii[it]",
    "vectors": "bb",
    "tokens": "bib",
    "files": "ib",
}
_SAVED = ("contents", "documents", "passages", "lexical_content", "feedback")
"""Those that are known by their columns. The vectors are made again, for their index may be of others."""
_LIKE_FILES = ("lexical_data", "lexical_docsize")


@dataclass(frozen=True)
class _Tree:
    """A page that is under no other, and the row ids from and to which there are rows below it."""

    page: int
    first: int
    last: int


def regrow(copy: Path, *, guessed: bool) -> set[str]:
    """Give the tables that have lost their roots new ones, and return their names: some rows may be missing.

    `guessed`: the roots are those of a fresh library, put in the place of what is lost.
    """
    with closing(connect(copy)) as db:  # and when it is closed, what is in its -wal is written into it
        query = "SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"
        roots = {str(name): int(page) for name, page in db.execute(query)}
        indexes = {name for (name,) in db.execute(f"{query.replace(', rootpage', '')} AND {_IS_INDEX}")}
    with copy.open("r+b") as file:
        pages = _Pages(file)
        lost = {name for name, page in roots.items() if not pages.sound(page)}
        if guessed and not all(pages.fits(name, roots[name], name in indexes) for name in roots.keys() - lost):
            lost = set(roots)
        known_by = {name: _COLUMNS[name] for name in lost.intersection(_SAVED)}
        if "files" in lost and not lost.intersection(_LIKE_FILES):
            known_by["files"] = _COLUMNS["files"]
        if not known_by:
            return lost
        found = pages.trees(set(roots.values()) - {roots[name] for name in lost})
        moved = {name: pages.append(b"\xff" * PAGE) for name in lost}  # for SQLite wants that each has its own
        for name, kinds in known_by.items():
            if trees := _apart([tree for columns, tree in found if re.fullmatch(kinds, columns)]):
                moved[name] = pages.join(trees)
        file.seek(0)
        file.write(first_page(copy, pages.count))
    with closing(connect(copy)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.executemany("UPDATE sqlite_master SET rootpage = ? WHERE name = ?", [(moved[name], name) for name in moved])
    return lost


def _apart(trees: list[_Tree]) -> list[_Tree]:
    """Those whose rows are in no other: of two, one is what was there before, and nobody can tell which."""
    kept: list[_Tree] = []
    until = 0
    for tree in sorted(trees, key=lambda tree: (tree.first, tree.last)):
        if tree.first > until:
            kept.append(tree)
        elif kept and kept[-1].last >= tree.first:
            kept.pop()
        until = max(until, tree.last)
    return kept


class _Pages:
    """The pages of an SQLite file, by number from 1."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = file.seek(0, 2) // PAGE

    def read(self, number: int) -> bytes:
        self._file.seek((number - 1) * PAGE)
        return self._file.read(PAGE)

    def append(self, page: bytes) -> int:
        self._file.seek(self.count * PAGE)
        self._file.write(page)
        self.count += 1
        return self.count

    def sound(self, number: int) -> bool:
        """Whether it is a page of a b-tree, as it was written."""
        return _is_sound(self.read(number))

    def fits(self, name: str, number: int, is_index: bool) -> bool:
        """Whether a sound page can be the root of the table or index of this name."""
        if (self.read(number)[0] in _INDEX) != is_index:
            return False
        columns = self._columns(number) if name in _COLUMNS else ""
        return not columns or bool(re.fullmatch(_COLUMNS[name], columns))

    def trees(self, known: set[int]) -> list[tuple[str, _Tree]]:
        """The tables' trees that are not of the known roots, each with its columns."""
        tops, below = [], set(self._free())
        for number in range(2, self.count + 1):
            page = self.read(number)
            if page[0] in (_LEAF, _INNER) and _is_sound(page):
                tops.append(number)
                below.update(child for child, _ in _children(page))
        found = []
        for number in tops:
            if number not in below and number not in known and (columns := self._columns(number)):
                ends = self._end(number, 0), self._end(number, -1)
                if ends[0] and ends[1]:
                    found.append((columns, _Tree(number, *ends)))
        return found

    def join(self, trees: list[_Tree]) -> int:
        """One tree over these, which are in order. Returns its root."""
        level = [(tree.page, tree.last) for tree in trees]
        while len(level) > 1:
            parts = [level[start : start + _CHILDREN] for start in range(0, len(level), _CHILDREN)]
            level = [(self.append(_parent(part)), part[-1][1]) for part in parts]
        return level[0][0]

    def _free(self) -> Iterator[int]:
        number, seen = int.from_bytes(self.read(1)[_FREE], "big"), set[int]()
        while 1 < number <= self.count and number not in seen:
            seen.add(number)
            page = self.read(number)
            yield number
            numbers = [int.from_bytes(page[place : place + 4], "big") for place in range(0, PAGE - 8, 4)]
            yield from numbers[2 : 2 + min(numbers[1], len(numbers))]
            number = numbers[0]

    def _columns(self, number: int) -> str:
        """The kinds of the columns of a row below a page; nothing where there is none that can be read."""
        leaf = self._leaf(number, 0)
        return _columns(leaf) if leaf else ""

    def _end(self, number: int, which: int) -> int:
        """The first (0) or last (-1) row id below a page; 0 where there is none that can be read."""
        leaf = self._leaf(number, which)
        return _row(leaf, which)[0] if leaf else 0

    def _leaf(self, number: int, which: int) -> bytes | None:
        """The first (0) or last (-1) leaf below a page that can be read and has a row."""
        for _ in range(_LEVELS):
            page = self.read(number)
            if not _is_sound(page) or not _cells(page):
                return None
            if page[0] == _LEAF:
                return page
            sound = [child for child, _ in _children(page) if child <= self.count and self.sound(child)]
            if not sound:
                return None
            number = sound[which]
        return None


def _is_sound(page: bytes) -> bool:
    return len(page) == PAGE and page[0] in (_LEAF, _INNER, *_INDEX) and page[-8:] == checksum(page)


def _cells(page: bytes) -> list[int]:
    start, number = (12 if page[0] == _INNER else 8), int.from_bytes(page[3:5], "big")
    return [int.from_bytes(page[at : at + 2], "big") for at in range(start, start + 2 * number, 2)]


def _children(page: bytes) -> list[tuple[int, int]]:
    """The pages under one, each with the last row id in it, which of the last is not known (0)."""
    if page[0] != _INNER:
        return []
    found = [(int.from_bytes(page[at : at + 4], "big"), _varint(page, at + 4)[0]) for at in _cells(page)]
    return [*found, (int.from_bytes(page[8:12], "big"), 0)]


def _row(page: bytes, which: int) -> tuple[int, int]:
    """The id of a row of a leaf, and where its record begins."""
    _, place = _varint(page, _cells(page)[which])
    return _varint(page, place)


def _columns(page: bytes) -> str:
    _, start = _row(page, 0)
    size, place = _varint(page, start)
    kinds = ""
    while place < min(start + size, PAGE - 10):
        kind, place = _varint(page, place)
        kinds += "i" if kind < 12 else "bt"[kind % 2]
    return kinds


def _varint(page: bytes, place: int) -> tuple[int, int]:
    """A number as SQLite writes it, and the place after it."""
    value = 0
    for at in range(place, place + 8):
        value = value << 7 | page[at] & 0x7F
        if page[at] < 0x80:
            return value, at + 1
    return value << 8 | page[place + 8], place + 9


def _parent(children: list[tuple[int, int]]) -> bytes:
    """A page over these, each with the last row id in it."""
    page = bytearray(PAGE)
    end = PAGE - 8
    for number, (child, last) in enumerate(children[:-1]):
        cell = child.to_bytes(4, "big") + _as_varint(last)
        end -= len(cell)
        page[end : end + len(cell)] = cell
        page[12 + 2 * number : 14 + 2 * number] = end.to_bytes(2, "big")
    page[0] = _INNER
    page[3:5] = (len(children) - 1).to_bytes(2, "big")
    page[5:7] = end.to_bytes(2, "big")
    page[8:12] = children[-1][0].to_bytes(4, "big")
    page[-8:] = checksum(page)
    return bytes(page)


def _as_varint(value: int) -> bytes:
    """Of a number below 2^56, which every row id here is."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
