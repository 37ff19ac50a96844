"""A document's text as it is written down, block by block. Knows nothing of file formats."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, groupby, repeat

from index.errors import DocumentError
from index.sentences import BETWEEN_CELLS
from index.types import Document, Heading, digest

MAX_CHARACTERS = 50_000_000
ANY_SIZE, MAX_GROWTH = 1_000_000, 5  # characters that any file may hold, and more for each of its bytes
ROW_COST = 5  # rows of tables may have so many times more: names of columns repeat, and rows are cut at once
LONGEST_TITLE = 300  # characters of a heading that passages are told of


class Draft:
    """The text of a document called `name` so far. Blocks are parted by a blank line, list items by a new line.

    Every method raises DocumentError once the text is longer than a file of `size` bytes may hold.
    """

    def __init__(self, name: str, size: int | None = None) -> None:
        self._name = name
        self._size = size
        self._parts: list[str] = []
        self._length = 0
        self._cost = 0  # the length, in which rows count less
        self._headings: list[Heading] = []
        self._pages: list[int] = []

    @property
    def length(self) -> int:
        """How many characters the text has so far."""
        return self._length

    def page(self) -> None:
        """What follows stands on the next page. To be called for the first page, too."""
        self._pages.append(self._length)

    def heading(self, title: str, level: int) -> None:
        """A heading; level 0 is the document's title."""
        title = " ".join(title.split())
        if title:
            start = self._append("\n\n", title)
            self._headings.append(Heading(start, self._length, level, title[:LONGEST_TITLE]))

    def paragraph(self, text: str) -> None:
        """A paragraph; its line breaks stay, other white space becomes single blanks."""
        self._append("\n\n", _tidy(text))

    def verbatim(self, text: str) -> None:
        """Preformatted text, as it stands but for empty lines at its ends."""
        self._append("\n\n", text.strip("\n").rstrip())

    def item(self, text: str) -> None:
        """An item of a list, marked with a hyphen."""
        text = _tidy(text)
        if text:
            self._append("\n", f"- {text}")

    def extend(self, text: str) -> None:
        """More of the last block, put there as it stands: after a page turn, say."""
        self._append("", text)

    def table(self, rows: Iterable[Sequence[str]], names: Sequence[str] = ()) -> None:
        """Rows, a block each: the column's name before each cell where it has one, empty cells left out."""
        for row in rows:
            cells = (" ".join(cell.split()) for cell in row)
            named = ((_title(name), cell) for name, cell in zip(chain(names, repeat("")), cells, strict=False) if cell)
            self._append("\n\n", BETWEEN_CELLS.join(f"{title}: {cell}" if title else cell for title, cell in named))

    def document(self, data: bytes, left_out: Iterable[str] = ()) -> Document:
        """The finished document of the file whose bytes are `data`. What of it was left out is its warning."""
        said = "; ".join(filter(None, left_out))
        return Document(
            self._name,
            "".join(self._parts),
            digest(data),
            tuple(self._headings),
            tuple(self._pages),
            f"{self._name!r}: {said}." if said else "",
        )

    def _append(self, gap: str, text: str) -> int:
        """Write a block down; returns where it starts. Characters that cannot be stored become question marks."""
        text = text.replace("\0", "?").encode(errors="replace").decode()
        gap = gap if self._length else ""
        if text:
            self._parts += (gap, text)
            self._length += len(gap) + len(text)
            self._cost += len(text) // ROW_COST if BETWEEN_CELLS in text else len(text)
        require_short(self._name, self._length)
        require_short(self._name, self._cost, self._size)
        return self._length - len(text)


def require_short(name: str, length: int, size: int | None = None) -> None:
    """Raises DocumentError when a text of `length` characters, of a file of `size` bytes, is too long to index."""
    limit = MAX_CHARACTERS if size is None else min(MAX_CHARACTERS, ANY_SIZE + MAX_GROWTH * size)
    if length > limit:
        where = "one file" if limit == MAX_CHARACTERS else "a file of its size"
        raise DocumentError(
            f"{name!r} holds more than {limit:,} characters of text, the most Footnote reads from {where}; "
            "split it into parts."
        )


def counted(number: int, thing: str) -> str:
    """A number of things in words: 1 comment, 2 comments."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def left_out(number: int, thing: str) -> str:
    """What a warning says of things that were not read; nothing where there are none."""
    return f"{counted(number, thing)} {'is' if number == 1 else 'are'} left out" if number else ""


def listed(numbers: Sequence[int], thing: str = "page") -> str:
    """Numbers of pages as a person would write them, at most ten of them or of their ranges."""
    words: list[str] = []
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run)
    if len(words) > 10:
        words[9:] = ["others"]
    said = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"{thing} {said}" if len(numbers) == 1 else f"{thing}s {said}"


@lru_cache(1024)
def _title(name: str) -> str:
    """A column's name as it stands before a cell."""
    return " ".join(name.split()).rstrip(":")


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
