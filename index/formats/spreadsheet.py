"""Workbooks (.xlsx): a block for each row of every sheet, the cells as one sees them.

Merged cells say what their first one does; a formula says what it came to when the file was last saved.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from index.draft import Draft, counted, left_out
from index.formats.archive import damaged, open_archive, read_markup
from index.formats.office import NAMES, A, Package, R, S, whole
from index.formats.tables import write_rows
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST_FORM = 255  # characters of a number format in Excel, of which a workbook has some two hundred
MOST_FORMS = 1_000  # that are understood
LONGEST_UNIT = 60  # characters around a number
LONGEST_NUMBER = 400  # characters
PLACE = re.compile("([A-Z]{1,3})[0-9]")

_Row = list[tuple[int, str]]  # what the cells that say something say, each with the number of its column

TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[\$([^]-]*)[^]]*\]|(\[[^]]*\]|_.|\*.)|([0#?][0#?,.]*)|(.)')


class _Form(NamedTuple):
    """A number format: what stands around the digits, how many there are, and the power of ten they are shown in."""

    before: str
    after: str
    digits: int
    least: int  # decimal places
    most: int
    power: int


class _Sheet(NamedTuple):
    title: str
    path: str


class _Book(NamedTuple):
    """What the cells of all sheets refer to, and the day that dates count from."""

    package: Package
    strings: Sequence[str]
    forms: Sequence[str]  # number formats
    epoch: datetime


def load_xlsx(data: bytes, name: str) -> Document:
    """Every sheet, hidden ones too, under its name where there are several."""
    draft = Draft(name, len(data))
    with open_archive(data, name) as archive:
        package = Package(archive, name)
        main = package.main("xl/workbook.xml")
        root, parts = package.read(main), package.related(main)
        if root.tag != f"{S}workbook":
            raise damaged(name)
        book = _read_book(package, root, dict(parts.values()))
        ids = [(sheet.get("name", ""), sheet.get(f"{R}id", "")) for sheet in root.iterfind("s:sheets/s:sheet", NAMES)]
        sheets = [_Sheet(title, parts[id][1]) for title, id in ids if id in parts and parts[id][0] == "worksheet"]
        uncomputed: list[str] = []
        filled = _filled(sheets, book, uncomputed)
        first, second = next(filled, None), next(filled, None)
        for title, rows in filter(None, chain((first, second), filled)):
            draft.heading(title if second else "", 1)
            write_rows(rows, draft)
        others = sum(kind == "chartsheet" for kind, _ in parts.values())
        said = [_without_value(len(uncomputed)), *_left_out(package, [sheet.path for sheet in sheets], others)]
    return draft.document(data, said)


def _filled(sheets: Iterable[_Sheet], book: _Book, uncomputed: list[str]) -> Iterator[tuple[str, Iterable[_Row]]]:
    """The titles and the rows of the sheets that are not empty."""
    for sheet in sheets:
        rows = _read_rows(sheet, book, uncomputed)
        first = next(filter(None, rows), None)
        if first is not None:
            yield sheet.title, chain([first], rows)


def _read_book(package: Package, root: "Element", parts: dict[str, str]) -> _Book:
    from openpyxl.styles.numbers import BUILTIN_FORMATS
    from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

    items = package.read(parts["sharedStrings"]).iterfind("s:si", NAMES) if "sharedStrings" in parts else ()
    forms: list[str] = []
    if "styles" in parts:
        styles = package.read(parts["styles"])
        listed = islice(styles.iterfind("s:numFmts/s:numFmt", NAMES), MOST_FORMS)
        own = {form.get("numFmtId"): form.get("formatCode", "") for form in listed}
        known = {str(number): form for number, form in BUILTIN_FORMATS.items()} | own
        forms = [known.get(style.get("numFmtId", ""), "") for style in styles.iterfind("s:cellXfs/s:xf", NAMES)]
    since = root.find("s:workbookPr", NAMES)
    old = since is not None and since.get("date1904") in ("1", "true")
    return _Book(package, [*map(_text, items)], forms, CALENDAR_MAC_1904 if old else CALENDAR_WINDOWS_1900)


def _text(item: "Element") -> str:
    """The text of a cell, of which parts may have a look of their own."""
    seen = (child for child in item if child.tag != f"{S}rPh")  # how it is pronounced
    parts = (part for child in seen for part in ([child] if child.tag == f"{S}t" else child.iterfind("s:t", NAMES)))
    return "".join(part.text or "" for part in parts)


def _read_rows(sheet: _Sheet, book: _Book, uncomputed: list[str]) -> Iterator[_Row]:
    """The rows of a sheet. Where formulas hold no value, the places of their cells are added to `uncomputed`."""
    last = 0
    for row in _stream(sheet, book.package):
        number = whole(row.get("r")) or last + 1
        if number > last + 1:
            yield []  # of the rows between, which are empty
        last = number
        cells, column = [], 0
        for cell in row:
            if cell.tag != f"{S}c":
                continue
            place = PLACE.match(cell.get("r", ""))
            column = _column(place[1]) if place else column + 1
            said = _said(cell, book, uncomputed)
            if said:
                cells.append((column, said))
        yield cells


def _stream(sheet: _Sheet, package: Package) -> Iterator["Element"]:
    """The rows of a sheet, each of which is gone when the next one is asked for."""
    from lxml import etree

    data = read_markup(package.archive, sheet.path, package.name)
    data = data.replace(b"http://purl.oclc.org/ooxml/spreadsheetml/main", NAMES["s"].encode())
    guards = {"resolve_entities": False, "no_network": True, "remove_comments": True, "remove_pis": True}
    try:
        for _, row in etree.iterparse(io.BytesIO(data), events=("end",), tag=f"{S}row", **guards):
            yield row
            row.clear()
            parent = row.getparent()
            while parent is not None and (before := row.getprevious()) is not None:
                parent.remove(before)
    except etree.XMLSyntaxError as error:
        raise damaged(package.name) from error


@lru_cache(1024)
def _column(letters: str) -> int:
    """The number of a column, counting from 1."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _said(cell: "Element", book: _Book, uncomputed: list[str]) -> str:
    """What one sees in a cell; a formula without a value is added to `uncomputed`."""
    kind, value, formula = cell.get("t", "n"), "", False
    for child in cell:
        if child.tag == f"{S}v":
            value = (child.text or "") if kind == "str" else (child.text or "").strip()
        elif child.tag == f"{S}is":
            return _text(child)
        formula = formula or child.tag == f"{S}f"
    if not value:
        if formula and kind != "str":
            uncomputed.append(cell.get("r", ""))
        return ""
    if kind == "s":
        index = whole(value)
        if index is None or not 0 <= index < len(book.strings):
            raise damaged(book.package.name)
        return book.strings[index]
    if kind == "b":
        return "FALSE" if value in ("0", "false") else "TRUE"
    if kind == "d":
        try:
            return _shown(datetime.fromisoformat(value), "")
        except ValueError:
            return value
    style = whole(cell.get("s")) or 0
    form = book.forms[style] if 0 <= style < len(book.forms) else ""
    return shown_text(value, form, book.epoch) if kind == "n" else value


def _without_value(missing: int) -> str:
    if not missing:
        return ""
    verb = "holds no computed value and is" if missing == 1 else "hold no computed value and are"
    return f"{counted(missing, 'formula')} {verb} left out; open it in a spreadsheet program and save it"


def _left_out(package: Package, sheets: Sequence[str], charts: int) -> list[str]:
    """What is said of comments, charts and texts in drawings."""
    comments = texts = 0
    for sheet in sheets:
        for kind, part in package.related(sheet).values():
            if kind == "comments":
                comments += sum(1 for _ in package.read(part).iter(f"{S}comment"))
            elif kind == "drawing":
                texts += sum(
                    1 for shape in package.read(part).iter("{*}txBody") if any(t.text for t in shape.iter(f"{A}t"))
                )
                charts += sum(other == "chart" for other, _ in package.related(part).values())
    found = ((comments, "comment"), (texts, "text box"), (charts, "chart"))
    return [left_out(number, thing) for number, thing in found]


def shown_text(text: str, form: str, epoch: datetime = datetime(1899, 12, 30)) -> str:
    """What a number in the text of a file looks like in a format of a spreadsheet; other text as it is."""
    from openpyxl.utils.datetime import from_excel

    if len(text) > LONGEST_NUMBER:
        return text
    try:
        number = float(text) if re.search("[.eEnN]", text) else int(text)
        dated = _dated(form)
        return _shown(number if dated is None else from_excel(number, epoch, timedelta=dated), form)
    except (ValueError, OverflowError):
        return text


@lru_cache(2 * MOST_FORMS)
def _dated(form: str) -> bool | None:
    """Whether what a number format shows is a span of time; None where it shows no date or time."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    if len(form) > LONGEST_FORM or not is_date_format(form):
        return None
    return bool(is_timedelta_format(form))


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
    shape = _shape(form) if len(form) <= LONGEST_FORM else None
    if shape is None or not abs(value) < 1e15:
        return _plain(value)
    exact = abs(Decimal(repr(value))).scaleb(shape.power).quantize(Decimal(1).scaleb(-shape.most), ROUND_HALF_UP)
    whole, _, part = f"{exact:f}".partition(".")
    part = part[: shape.least] + part[shape.least :].rstrip("0")
    digits = f"{whole.zfill(shape.digits)}.{part}" if part else whole.zfill(shape.digits)
    return f"{'-' if value < 0 and exact else ''}{shape.before}{digits}{shape.after}"


@lru_cache(2 * MOST_FORMS)
def _shape(form: str) -> _Form | None:
    """What a number format says of positive numbers; None for one of other things, or of more than digits."""
    around, core, power = ["", ""], "", 0
    for quoted, escaped, currency, _, digits, sign in TOKEN.findall(form.partition(";")[0]):
        if (digits and core) or sign.isalpha() or sign in ("/", "@") or (sign == "%" and power):
            return None
        core += digits
        power += 2 * (sign == "%")
        around[bool(core)] += quoted + escaped + currency + sign
    if not core or sum(map(len, around)) > LONGEST_UNIT:
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
