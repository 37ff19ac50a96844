"""Tables (.csv, .tsv, .xlsx): a block for each row, the column's name before each cell.

Knows nothing of merged cells, charts and comments; a formula says what it came to when the file was last saved.
"""

import csv
import io
import re
import struct
import warnings
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple
from zipfile import BadZipFile

from index.draft import Draft
from index.formats.archive import damaged, open_archive, read_part
from index.formats.encoding import decode
from index.types import Document

DELIMITERS = "\t;|,"  # where two part the cells alike, the first
SAMPLE = 65_536  # characters to tell the delimiter from
LAST_ROW = 1_048_576  # that a sheet can have
LONGEST_NUMBER = 40  # characters
NUMBER = re.compile(r"[-+(]?\s*[$€£]?\s*[-+]?\d[\d.,:/\s-]*(?:[$€£%)]|[A-Z]{3})?")
YEAR = re.compile("(?:19|20)[0-9]{2}")
TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[\$([^]-]*)[^]]*\]|(\[[^]]*\]|_.|\*.)|([0#?][0#?,.]*)|(.)')
UNCOMPUTED = re.compile(
    rb'<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*'
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
BROKEN: tuple[type[Exception], ...] = (BadZipFile, zlib.error, struct.error, SyntaxError, EOFError, OSError, ValueError)
BROKEN += (TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)  # openpyxl's, on damaged files


class _Form(NamedTuple):
    """A number format: what stands around the digits, how many there are, and the power of ten they are shown in."""

    before: str
    after: str
    digits: int
    least: int
    most: int
    power: int


def load_csv(data: bytes, name: str) -> Document:
    """The rows of a text file, with whichever of tab, semicolon, bar and comma parts its cells."""
    draft = Draft(name)
    text = decode(data, name)
    first, _, rest = text.partition("\n")
    if told := re.fullmatch('"?sep=([\t;|,])"?', first.rstrip(" ")):  # a note to Excel
        _write_rows(_read_csv(rest, told[1]), draft)
    else:
        _write_rows(_read_csv(text, _delimiter(text)), draft)
    return draft.document(data)


def load_xlsx(data: bytes, name: str) -> Document:
    """Every sheet, hidden ones too, under its name where there are several; the cells as one sees them."""
    from openpyxl import load_workbook

    warnings.filterwarnings("ignore", module="openpyxl")  # it tells of what it would not save
    draft = Draft(name)
    with open_archive(data, name) as archive:
        parts = (part for part in archive.namelist() if re.search(r"/worksheets/[^/]*\.xml$", part))
        missing = sum(1 for part in parts for _ in UNCOMPUTED.finditer(read_part(archive, part, name)))
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except BROKEN as error:
        raise damaged(name) from error
    filled = [sheet for sheet in book.worksheets if any(map(any, _read_sheet(sheet, name)))]
    for sheet in filled:
        draft.heading(sheet.title if len(filled) > 1 else "", 1)
        _write_rows(_read_sheet(sheet, name), draft)
    warning = (
        f"{name!r}: {missing} formulas hold no computed value and are left out; "
        "open it in a spreadsheet program and save it."
    )
    return draft.document(data, warning if missing else "")


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


def _write_rows(rows: Iterable[Sequence[str]], draft: Draft) -> None:
    """Rows with the names of their columns. Cells that stand alone before a table are paragraphs; an empty row ends it.

    The first row of several cells names the columns if it can. So do the first row of a later table, and a row wider
    than those above it, where a number follows.
    """
    names: Sequence[str] = ()
    unused: Sequence[str] = ()  # names that no row has shown yet
    widest, fresh = 0, True
    for row, after in pairwise(chain(rows, [()])):
        filled = [cell for cell in row if cell.strip()]
        if not filled:
            fresh = True
        elif len(filled) == 1 and fresh and not unused:
            draft.paragraph(filled[0])
        elif (fresh or len(filled) > widest) and _are_names(filled) and (not widest or any(map(_is_number, after))):
            draft.table([unused])
            names = unused = row
            fresh = False
        else:
            if names or not any(cell.endswith(":") for cell in filled[:-1]):
                draft.table([row], names)
            else:
                draft.paragraph("; ".join(filled).replace(":; ", ": "))
            unused = ()
            fresh = False
        widest = max(widest, len(filled) if len(filled) > 1 else 0)
    draft.table([unused])


def _are_names(cells: Sequence[str]) -> bool:
    """Whether cells name columns: words, years too, and not some of them with a colon before their value."""
    numbers = [cell for cell in cells if _is_number(cell)]
    years = len(numbers) > 1 and len(set(numbers)) == len(numbers) and all(map(YEAR.fullmatch, numbers))
    colons = sum(cell.rstrip().endswith(":") for cell in cells)
    return (not numbers or years) and colons in (0, len(cells))


def _is_number(cell: str) -> bool:
    return len(cell) <= LONGEST_NUMBER and bool(NUMBER.fullmatch(cell.strip()))


def _read_sheet(sheet: Any, name: str) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # they may be those of the largest sheet there can be
    rows = sheet.iter_rows(max_row=LAST_ROW)
    while True:
        try:
            row = next(rows, None)
            cells = None if row is None else [(cell.value, cell.number_format) for cell in row]
        except BROKEN as error:
            raise damaged(name) from error
        if cells is None:
            return
        yield ["" if value is None else _shown(value, form or "") for value, form in cells]


def _shown(value: object, form: str) -> str:
    """A cell as one sees it, but for dates, which are always those of ISO 8601, and thousands, which run on."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(":00")
    if isinstance(value, time):
        return value.isoformat("seconds").removesuffix(":00")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return shown_number(value, form) if isinstance(value, int | float) else str(value)


def shown_number(value: float, form: str) -> str:
    """A number in a format of a spreadsheet; one in a format that is not understood, in at most ten digits."""
    shape = _shape(form)
    if shape is None or not abs(value) < 1e15:
        return _plain(value)
    exact = abs(Decimal(repr(value))).scaleb(shape.power).quantize(Decimal(1).scaleb(-shape.most), ROUND_HALF_UP)
    whole, _, part = f"{exact:f}".partition(".")
    part = part[: shape.least] + part[shape.least :].rstrip("0")
    digits = f"{whole.zfill(shape.digits)}.{part}" if part else whole.zfill(shape.digits)
    return f"{'-' if value < 0 and exact else ''}{shape.before}{digits}{shape.after}"


@lru_cache
def _shape(form: str) -> _Form | None:
    """What a number format says of positive numbers; None for one of other things, or of more than digits."""
    around, core, power = ["", ""], "", 0
    for quoted, escaped, currency, _, digits, sign in TOKEN.findall(form.partition(";")[0]):
        if (digits and core) or sign.isalpha() or sign in ("/", "@") or (sign == "%" and power):
            return None
        core += digits
        power += 2 * (sign == "%")
        around[bool(core)] += quoted + escaped + currency + sign
    if not core:
        return None
    whole, _, part = core.partition(".")
    power -= 3 * (len(core) - len(core.rstrip(",")))
    places = re.sub("[^0#?]", "", part)[:9]
    return _Form(around[0].lstrip(), around[1].rstrip(), whole.count("0"), places.count("0"), len(places), power)


def _plain(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{10 if abs(value) < 1e9 else 15}g}"
    if not 1e-9 < abs(value) < 1e21:
        return text.removeprefix("-") if not value else text
    return f"{Decimal(text):f}"
