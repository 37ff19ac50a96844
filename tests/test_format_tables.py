"""Tables: every row a block that says what its cells are."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from index.errors import DocumentError
from index.formats.spreadsheet import load_xlsx, shown_number
from index.formats.tables import load_csv
from index.types import Document
from tests.test_format_word import damage

Cell = str | float | date | time | timedelta | None


def read(text: str) -> str:
    return load_csv(text.encode(errors="replace"), "a.csv").text


def saved(book: Workbook) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def book(*rows: Sequence[Cell]) -> tuple[Workbook, Worksheet]:
    made = Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append([*row])
    return made, sheet


def load(*rows: Sequence[Cell]) -> Document:
    return load_xlsx(saved(book(*rows)[0]), "a.xlsx")


def rewritten(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with its first sheet changed."""
    copied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copied, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            part = archive.read(name)
            copy.writestr(name, change(part) if name == "xl/worksheets/sheet1.xml" else part)
    return copied.getvalue()


# Text files.


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_whatever_parts_the_cells(mark: str) -> None:
    rows = ["Name,Price,Note", 'Widget,30 EUR,"a, b; c | d"', "Bolt,,"]
    text = "\r\n".join(rows).replace(",", mark).replace(f"a{mark} b", "a, b")
    assert read(text) == "Name: Widget | Price: 30 EUR | Note: a, b; c | d\n\nName: Bolt"


def test_decimal_commas_part_nothing() -> None:
    assert read("Name;Preis\nNut;1,5\nBolt;2,5\n") == "Name: Nut | Preis: 1,5\n\nName: Bolt | Preis: 2,5"


def test_a_note_to_excel() -> None:
    assert read("sep=|\nName|Price, net\na, b|1\n") == "Name: a, b | Price, net: 1"


def test_quoted_cells_of_several_lines() -> None:
    assert read('Name, Note\nWidget, "He said ""no"".\nTwice."\n') == 'Name: Widget | Note: He said "no". Twice.'


def test_rows_of_different_lengths() -> None:
    assert read("a,b\n1\n1,2,3\n\n,2\n") == "a: 1\n\na: 1 | b: 2 | 3\n\n2"


@pytest.mark.parametrize("first", ["Bolt,30", "Bolt,2024-01-31", "Bolt,12:30", "Bolt,$5.00", "Bolt,-5 %", "Bolt,3 EUR"])
def test_a_first_row_of_values(first: str) -> None:
    assert read(f"{first}\nNut,2\n") == f"{first.replace(',', ' | ')}\n\nNut | 2"


def test_years_are_names() -> None:
    assert read("Region,2023,2024\nNorth,1,2\n") == "Region: North | 2023: 1 | 2024: 2"


def test_one_column_and_names_alone() -> None:
    assert read("Name\nBolt\nNut\n") == "Name\n\nBolt\n\nNut"
    assert read("Name,Price\n") == "Name | Price"
    assert read("\n \n") == ""


def test_encodings() -> None:
    assert load_csv("Größe;Preis\nklein;3 €\n".encode("cp1252"), "a.csv").text == "Größe: klein | Preis: 3 €"
    assert load_csv("Größe\tPreis\nklein\t3 €\n".encode("utf-16"), "a.tsv").text == "Größe: klein | Preis: 3 €"


def test_a_quotation_mark_that_is_none() -> None:
    rows = "\n".join(f"{at},row" for at in range(20_000))
    assert len(rows) > csv.field_size_limit()
    text = read(f'Number,Text\n1,"open\n{rows}\n')
    assert text.startswith('Number: 1 | Text: "open\n\nNumber: 0 | Text: row\n\n')
    assert text.endswith("Number: 19999 | Text: row")


@given(st.lists(st.lists(st.integers(10_000, 99_999) | st.none(), max_size=4), max_size=6), st.sampled_from(",;\t|"))
def test_no_cell_is_lost(rows: list[list[int | None]], mark: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=mark).writerows(rows)
    assert re.findall("[0-9]+", read(written.getvalue())) == [str(cell) for row in rows for cell in row if cell]


@given(st.text())
def test_any_text_is_a_document(text: str) -> None:
    try:
        assert bool(read(text)) >= text.isalnum()
    except DocumentError as error:
        assert "binary" in str(error)


# Workbooks.


def price_list() -> bytes:
    """A price list as people keep them."""
    made, sheet = book(
        ["Price list"],
        ["valid from", date(2025, 1, 1)],
        [],
        ["Item", "Price", "Discount", "Since", "Stock", "Note"],
        ["Widget", 30.5, 0.25, datetime(2024, 5, 1), 1200, None],
        ["Bolt", 0.1 + 0.2, 0.125, datetime(2024, 5, 1, 13, 30), True, "M8"],
        ["Nut", "#N/A", None, time(9, 5, 7), 12.0, timedelta(hours=30)],
        [],
        ["Prices exclude VAT."],
        [],
        ["Carrier", "Days"],
        ["DHL", 2],
    )
    sheet.title = "Prices"
    for row in (5, 6):
        sheet.cell(row, 2).number_format = '#,##0.00 "€"'
        sheet.cell(row, 3).number_format = "0.0%"
    hidden = made.create_sheet("Costs")
    hidden.sheet_state = "hidden"
    for cells in (["Item", "Cost"], ["Widget", -1234.5]):
        hidden.append(cells)
    hidden["B2"].number_format = '"$"#,##0.00_);("$"#,##0.00)'
    made.create_sheet("Empty")
    return saved(made)


PRICES = price_list()


def test_a_price_list() -> None:
    document = load_xlsx(PRICES, "a.xlsx")
    assert document.text.split("\n\n") == [
        "Prices",
        "Price list",
        "valid from | 2025-01-01",
        "Item: Widget | Price: 30.50 € | Discount: 25.0% | Since: 2024-05-01 | Stock: 1200",
        "Item: Bolt | Price: 0.30 € | Discount: 12.5% | Since: 2024-05-01 13:30 | Stock: TRUE | Note: M8",
        "Item: Nut | Price: #N/A | Since: 09:05:07 | Stock: 12 | Note: 30:00",
        "Prices exclude VAT.",
        "Carrier: DHL | Days: 2",
        "Costs",
        "Item: Widget | Cost: -$1234.50",
    ]
    assert [(one.title, one.level) for one in document.headings] == [("Prices", 1), ("Costs", 1)]
    assert [document.text[one.start : one.end] for one in document.headings] == ["Prices", "Costs"]
    assert (document.pages, document.warning) == ((), "")


def test_one_sheet_has_no_heading() -> None:
    document = load(["a", "b"], [1, 2])
    assert (document.text, document.headings) == ("a: 1 | b: 2", ())


def test_tables_below_each_other() -> None:
    rows: Iterable[Sequence[Cell]] = (["Item", "Price"], ["Bolt", 1], [], ["Total", "none"], ["Tax", "none"])
    assert load(*rows).text == "Item: Bolt | Price: 1\n\nItem: Total | Price: none\n\nItem: Tax | Price: none"
    rows = (["Customer", "Acme"], ["Date", "open"], ["Item", "Unit", "Price"], ["Bolt", "box", 1])
    assert load(*rows).text == "Customer: Date | Acme: open\n\nItem: Bolt | Unit: box | Price: 1"


def test_forms() -> None:
    assert load(["Name:", "Acme", None, "Date:", date(2025, 1, 31)], ["City:", "Ulm"]).text == (
        "Name: Acme | Date: 2025-01-31\n\nCity: Ulm"
    )


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (0.25, "0%", "25%"),
        (0.125, "0.0%", "12.5%"),
        (0.285, "0%", "29%"),
        (-0.001, "0%", "0%"),
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.3333333333"),
        (30.0, "", "30"),
        (4006381333931.0, "General", "4006381333931"),
        (12345678901.5, "General", "12345678901.5"),
        (1e21, "General", "1e+21"),
        (float("inf"), "0.00", "inf"),
        (10**400, "0.00", str(10**400)),
        (1234567, "#,##0", "1234567"),
        (1.005, "0.00", "1.01"),
        (30.0, "#,##0.##", "30"),
        (30, "[$€-407] #,##0.00", "€ 30.00"),
        (30, '_-* #,##0.00\\ "€"_-;-* #,##0.00\\ "€"_-', "30.00 €"),
        (-30, "£#,##0;[Red]-£#,##0", "-£30"),
        (1.5, '0.0" kg"', "1.5 kg"),
        (7, "00000", "00007"),
        (1234567, '0.0,,"M"', "1.2M"),
        (0.5, "# ?/?", "0.5"),
        (12345, "0.00E+00", "12345"),
        (3, "@", "3"),
    ],
)
def test_numbers_as_one_sees_them(value: float, form: str, shown: str) -> None:
    assert shown_number(value, form) == shown


@given(st.floats() | st.integers(), st.text('0#?.,%E+-/@"[]$€_*\\ ;m', max_size=12))
def test_any_number_in_any_format(value: float, form: str) -> None:
    assert shown_number(value, form)


def test_formulas_without_a_value() -> None:
    data = saved(book(["a", "b"], ["=1+1", "=A2"], ["x", '="y"'])[0])
    document = load_xlsx(data, "a.xlsx")
    assert document.text == "a: x"
    assert document.warning == (
        "'a.xlsx': 3 formulas hold no computed value and are left out; open it in a spreadsheet program and save it."
    )
    known = rewritten(data, lambda part: part.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>"))
    assert load_xlsx(known, "a.xlsx").text == "a: 2\n\na: x"
    assert load_xlsx(known, "a.xlsx").warning.startswith("'a.xlsx': 2 formulas")
    empty = rewritten(data, lambda part: re.sub(b"(<c [^>]*)><f>", rb'\1 t="str"><f>', part))
    assert load_xlsx(empty, "a.xlsx").warning == ""


@pytest.mark.parametrize("size", [b'ref="A1:XFD1048576"', b'ref="A1"', b""])
def test_the_size_a_sheet_claims_is_not_believed(size: bytes) -> None:
    data = rewritten(saved(book(["a", "b"], [1, 2])[0]), lambda part: part.replace(b'ref="A1:B2"', size, 1))
    assert load_xlsx(data, "a.xlsx").text == "a: 1 | b: 2"


def test_empty_rows_cost_little() -> None:
    data = saved(book(["a", "b"], [1, 2])[0])
    rows = b"<row/>" * 100_000 + b'<row r="200000"><c r="A200000"><v>7</v></c><c r="B200000"><v>8</v></c></row>'
    document = load_xlsx(rewritten(data, lambda part: part.replace(b"</sheetData>", rows + b"</sheetData>")), "a.xlsx")
    assert document.text == "a: 1 | b: 2\n\na: 7 | b: 8"


def test_a_row_beyond_the_last() -> None:
    far = b'<row r="99999999999999"><c r="A99999999999999"><v>7</v></c></row></sheetData>'
    data = rewritten(saved(book(["a", "b"], [1, 2])[0]), lambda part: part.replace(b"</sheetData>", far))
    assert load_xlsx(data, "a.xlsx").text == "a: 1 | b: 2\n\na: 7"


def test_what_openpyxl_would_not_save_is_no_matter() -> None:
    more = b'</sheetData><extLst><ext uri="{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}"/></extLst>'
    data = rewritten(saved(book(["a", "b"], [1, 2])[0]), lambda part: part.replace(b"</sheetData>", more))
    assert load_xlsx(data, "a.xlsx").text == "a: 1 | b: 2"


def test_another_kind_of_file() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(DocumentError, match=r"^'a\.xlsx' is damaged or not the kind of file its name says; open it"):
        load_xlsx(data.getvalue(), "a.xlsx")


@given(st.integers(0, 2**32))
def test_a_damaged_file_is_a_document_or_an_error(seed: int) -> None:
    try:
        assert load_xlsx(damage(PRICES, seed), "a.xlsx").path == "a.xlsx"
    except DocumentError as error:
        assert str(error).startswith("'a.xlsx' is damaged")
