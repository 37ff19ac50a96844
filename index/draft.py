"""A document's text as it is written down, block by block. Knows nothing of file formats."""

from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from index.errors import DocumentError
from index.sentences import BETWEEN_CELLS
from index.types import Document, Heading, digest

MAX_CHARACTERS = 50_000_000


class Draft:
    """The text of a document called `name` so far. Blocks are parted by a blank line, list items by a new line.

    Every method raises DocumentError once the text is longer than MAX_CHARACTERS.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._pages: list[int] = []

    def page(self) -> None:
        """What follows stands on the next page. To be called for the first page, too."""
        self._pages.append(self._length)

    def heading(self, title: str, level: int) -> None:
        """A heading; level 0 is the document's title."""
        title = " ".join(title.split())
        if title:
            start = self._append("\n\n", title)
            self._headings.append(Heading(start, self._length, level, title))

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
        titles = [" ".join(name.split()).rstrip(":") for name in names]
        for row in rows:
            cells = (" ".join(cell.split()) for cell in row)
            named = zip(chain(titles, repeat("")), cells, strict=False)
            said = (f"{name}: {cell}" if name else cell for name, cell in named if cell)
            self._append("\n\n", BETWEEN_CELLS.join(said))

    def document(self, data: bytes, warning: str = "") -> Document:
        """The finished document of the file whose bytes are `data`."""
        return Document(
            self._name,
            "".join(self._parts),
            digest(data),
            tuple(self._headings),
            tuple(self._pages),
            warning,
        )

    def _append(self, gap: str, text: str) -> int:
        """Write a block down; returns where it starts. Characters that cannot be stored become question marks."""
        text = text.replace("\0", "?").encode(errors="replace").decode()
        gap = gap if self._length else ""
        if text:
            self._parts += (gap, text)
            self._length += len(gap) + len(text)
        require_short(self._name, self._length)
        return self._length - len(text)


def require_short(name: str, length: int) -> None:
    """Raises DocumentError when a text of `length` characters is too long to index."""
    if length > MAX_CHARACTERS:
        raise DocumentError(
            f"{name!r} holds more than {MAX_CHARACTERS:,} characters of text, the most Footnote reads from one file; "
            "split it into parts."
        )


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
