"""Workbooks (.xlsx): a block for each row of every sheet, the cells as one sees them.

Knows nothing of merged cells, charts and comments; a formula says what it came to when the file was last saved.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from zipfile import BadZipFile

from index.draft import Draft
from index.formats.archive import damaged, open_archive, read_part
from index.formats.tables import write_rows
from index.types import Document

LAST_ROW = 1_048_576  # that a sheet can have
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
    least: int  # decimal places
    most: int
    power: int


def load_xlsx(data: bytes, name: str) -> Document:
    """Every sheet, hidden ones too, under its name where there are several."""
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
        write_rows(_read_sheet(sheet, name), draft)
    number = f"{missing} formulas hold no computed value and are"
    if missing == 1:
        number = "1 formula holds no computed value and is"
    warning = f"{name!r}: {number} left out; open it in a spreadsheet program and save it."
    return draft.document(data, warning if missing else "")


def _read_sheet(sheet: Any, name: str) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # they may be those of the largest sheet there can be
    try:
        for row in sheet.iter_rows(max_row=LAST_ROW):
            yield ["" if cell.value is None else _shown(cell.value, cell.number_format or "") for cell in row]
    except BROKEN as error:
        raise damaged(name) from error


def shown_text(text: str, form: str) -> str:
    """What a number in the text of a file looks like in a format of a spreadsheet; other text as it is."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format
    from openpyxl.utils.datetime import from_excel

    try:
        number = float(text)
        when = from_excel(number, timedelta=is_timedelta_format(form)) if is_date_format(form) else number
        return _shown(when, form)
    except (ValueError, OverflowError):
        return text


def _shown(value: object, form: str) -> str:
    """A cell as one sees it, but for dates, which are always those of ISO 8601, and thousands, which run on."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(":00").removesuffix(" 00:00")
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
    text = f"{value + 0:.{10 if abs(value) < 1e9 else 15}g}"  # which is never -0
    return f"{Decimal(text):f}" if 1e-9 < abs(value) < 1e21 else text
