"""Gold sets in tables: CSV and TSV, a row for each question. Knows nothing of documents.

The first line names the columns: `question` and `answer`, or `answers` for several (parted by | or a JSON list); `id`,
`evidence` (a quote), `document` (where the answer stands) and `draft` if need be. Line numbers are the file's.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from eval.gold import Evidence, GoldSet, Item
from eval.lines import misspelt, parse, require_new, require_sound, sound, unquoted
from index.errors import GoldError

COLUMNS = ("question", "answer", "answers", "id", "evidence", "document", "draft")
_MARKS = ",;\t"  # where two part the first line alike, the first
_SHOWN = 12  # columns named in a message

_Row = tuple[int, list[str]]


def table_gold(source: str, name: str) -> GoldSet:
    """The questions of a table. Raises GoldError, naming the malformed rows by the line they begin on."""
    if not source.strip():
        return GoldSet(())
    mark = max(_MARKS, key=lambda mark: len(set(_head(source, mark)[1]) & set(COLUMNS)))
    problems: list[str] = []
    seen: dict[str, int] = {}
    first, names = _head(source, mark)
    _require_columns(names, name)
    rows = ((number, (number, row)) for number, row in _rows(source, mark, problems) if number > first and any(row))
    items = [
        (number, item)
        for number, item in sound(rows, lambda row: _item(row, names), problems)
        if require_new(item.id, number, seen, problems)
    ]
    require_sound(problems, f"{name} is not a table with a question in each row")
    return GoldSet(tuple(item for _, item in items), warnings=unquoted(name, items))


def _rows(source: str, mark: str, problems: list[str]) -> Iterator[_Row]:
    """Rows with the line each begins on and without white space around cells. Ends at one that cannot be parsed."""
    reader = csv.reader(io.StringIO(source), delimiter=mark, skipinitialspace=True, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "expected after" in str(error):
                problems.append(
                    f"line {reader.line_num}: text follows a closing quotation mark; "
                    'write a quotation mark in a quoted cell as ""'
                )
            else:
                problems.append(f"line {number}: a quotation mark opens a cell there and none closes it")
            return
        yield number, [cell.strip() for cell in row]


def _head(source: str, mark: str) -> tuple[int, list[str]]:
    """The line that the first row which is not empty begins on, and the names of the columns it gives."""
    number, row = next((each for each in _rows(source, mark, []) if any(each[1])), (0, []))
    return number, [name.lower() for name in row]


def _require_columns(names: Sequence[str], name: str) -> None:
    wanted = 'a first line that names the columns "question" and "answer", or "answers" for several of them'
    shown = ", ".join(f"“{column[:40]}”" for column in names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    if "question" not in names or not {"answer", "answers"} & set(names):
        raise GoldError(f"{name} needs {wanted}; it has {shown or 'no columns'}.")
    if {"answer", "answers"} <= set(names):
        raise GoldError(f"{name} has both a column “answer” and a column “answers”; leave one of them.")
    if twice := [column for column in COLUMNS if names.count(column) > 1]:
        raise GoldError(f"{name} has more than one column “{twice[0]}”; leave one of them.")
    if wrong := misspelt(filter(None, names), [column for column in COLUMNS if not column.startswith("answer")]):
        raise GoldError(f"{name} cannot be scored as it is: {wrong}, a column that is not there.")


def _item(numbered: _Row, names: Sequence[str]) -> Item:
    number, row = numbered
    if len(row) != len(names):
        cells = f"{len(row)} cell{'s' * (len(row) > 1)}"
        raise ValueError(f"it has {cells}, and the first line names {len(names)} columns")
    cell = dict(zip(names, row, strict=True))
    if not cell["question"]:
        raise ValueError("its question is empty")
    answers = (_several(cell["answers"]) if "answers" in cell else (cell["answer"],)) if _answered(cell) else ()
    evidence, document = cell.get("evidence", ""), cell.get("document", "")
    pieces = (Evidence(document, evidence),) if evidence or (document and answers) else ()
    draft = cell.get("draft", "").lower()
    if draft not in ("", "true", "false"):
        raise ValueError("its draft is not true or false")
    return Item(cell.get("id") or f"line {number}", cell["question"], answers, pieces, draft=draft == "true")


def _answered(cell: Mapping[str, str]) -> bool:
    return bool(cell.get("answers") or cell.get("answer"))


def _several(cell: str) -> tuple[str, ...]:
    """The answers of a cell: a JSON list of strings, or text parted by |."""
    try:
        listed = parse(cell) if cell.startswith("[") else None
    except ValueError:  # text that begins with a bracket
        listed = None
    if listed is None:
        listed = [answer.strip() for answer in cell.split("|") if answer.strip()]
        if not listed:
            raise ValueError("its answers are nothing but |; leave the cell empty where the documents do not say")
    if not all(isinstance(answer, str) and answer.strip() for answer in listed):
        raise ValueError("its answers are a list, but not of non-empty strings")
    return tuple(listed)
