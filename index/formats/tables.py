"""Tables: a block for each row, the column's name before each cell; among them those of text files (.csv, .tsv).

Knows nothing of types: a number is what looks like one.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise

from index.draft import Draft
from index.formats.encoding import decode
from index.types import Document

DELIMITERS = "\t;|,"  # where two part the cells alike, the first
SAMPLE = 65_536  # characters to tell the delimiter from
LONGEST_NUMBER = 40  # characters
NUMBER = re.compile(r"[-+(]?\s*[$€£]?\s*[-+]?\d[\d.,:/\s-]*(?:[$€£%)]|[A-Z]{3})?")
YEAR = re.compile("(?:19|20)[0-9]{2}")


def load_csv(data: bytes, name: str) -> Document:
    """The rows of a text file, with whichever of tab, semicolon, bar and comma parts its cells."""
    draft = Draft(name, len(data))
    text = decode(data, name)
    told = re.match('"?sep=([\t;|,])"? *(?:\n|$)', text)  # a note to Excel
    delimiter = told[1] if told else _delimiter(text)
    rows = _read_csv(text[told.end() :] if told else text, delimiter)
    write_rows((enumerate(row) for row in rows), draft)
    return draft.document(data)


def _delimiter(text: str) -> str:
    """What gives most rows the same number of cells."""

    def share(mark: str) -> float:
        rows = csv.reader(io.StringIO(text[:SAMPLE]), delimiter=mark, skipinitialspace=True)
        widths = Counter(len(row) for row in islice(rows, 500) if row)
        return max((count for width, count in widths.items() if width > 1), default=0) / max(widths.total(), 1)

    return max(DELIMITERS, key=share)


def _read_csv(text: str, delimiter: str) -> Iterable[list[str]]:
    def rows() -> Iterator[list[str]]:
        return csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)

    try:
        deque(rows(), maxlen=0)
    except csv.Error:  # a cell longer than any program makes, so a quotation mark that is none
        return (line.split(delimiter) for line in text.split("\n"))
    return rows()


def write_rows(rows: Iterable[Iterable[tuple[int, str]]], draft: Draft) -> None:
    """Rows with the names of their columns. Cells that stand alone before a table are paragraphs; an empty row ends it.

    A row's cells come with the number of their column; empty ones may be missing. The first row of several cells names
    the columns if it can. So do the first row of a later table, and a row wider than those above it, where a number
    follows.
    """
    names: dict[int, str] = {}
    unused: Sequence[str] = ()  # names that no row has shown yet
    widest, fresh = 0, True
    filled = ({column: cell for column, cell in row if cell.strip()} for row in rows)
    for row, after in pairwise(chain(filled, [{}])):
        cells = [*row.values()]
        if not cells:
            fresh = True
        elif len(cells) == 1 and fresh and not unused:
            draft.paragraph(cells[0])
        else:
            new = fresh or len(cells) > widest
            if new and _are_names(cells) and (not widest or any(map(_is_number, after.values()))):
                draft.table([unused])
                names, unused = row, cells
            else:
                draft.table([cells if names else _joined(cells)], [names.get(column, "") for column in row])
                unused = ()
            widest, fresh = max(widest, len(cells)), False
    draft.table([unused])


def _joined(cells: Sequence[str]) -> list[str]:
    """Cells, of which one that ends with a colon goes before its value."""
    return "\0".join(cells).replace(":\0", ": ").split("\0")


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells name columns: words, years too, and not some of them with a colon before their value."""
    numbers = [cell for cell in cells if _is_number(cell)]
    years = len(numbers) > 1 and len(set(numbers)) == len(numbers) and all(map(YEAR.fullmatch, numbers))
    colons = sum(cell.rstrip().endswith(":") for cell in cells)
    return (not numbers or years) and colons in (0, len(cells))


def _is_number(cell: str) -> bool:
    return len(cell) <= LONGEST_NUMBER and bool(NUMBER.fullmatch(cell.strip()))
