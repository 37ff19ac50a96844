"""Gold sets of lines: JSON Lines, of questions or dialogues. Knows nothing of documents.

What other kinds of text file need too is here: reading, going through them row by row, and saying what is wrong.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from eval.gold import Evidence, GoldSet, Item
from index.errors import GoldError

NAMED = 20  # malformed lines, at most, in one message

_QUESTION = ("question", "answers", "evidence", "draft")
_Row = TypeVar("_Row")
_Read = TypeVar("_Read")


def read_text(path: Path) -> str:
    """A file's text, with new lines as line ends. Raises GoldError unless it is UTF-8, or UTF-16 that says so."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GoldError(f"The gold set {str(path)!r} cannot be read: {error.strerror or error}.") from error
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise GoldError(f"The gold set {str(path)!r} is not UTF-8 text; save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> Any:
    """What JSON says. Raises ValueError, with a reason that goes on from "it", for anything else."""
    try:
        value = json.loads(text)
        if "\\u" in text:  # all that can hold half a character
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg})") from error
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character, a surrogate without the other") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError("it holds a number of too many digits") from error
    return value


def parse_object(text: str) -> dict[str, Any]:
    """As `parse`, and ValueError for what is no object."""
    value = parse(text)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object {…}")
    return value


def filled(source: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number, counting from 1."""
    return ((number, line) for number, line in enumerate(source.split("\n"), start=1) if line.strip())


def sound(
    rows: Iterable[tuple[int, _Row]], read: Callable[[_Row], _Read], problems: list[str]
) -> Iterator[tuple[int, _Read]]:
    """Every row as it is read, with its number; those for which that raises ValueError are added to the problems."""
    for number, row in rows:
        try:
            yield number, read(row)
        except ValueError as error:
            problems.append(f"line {number}: {error}")


def require_sound(problems: Sequence[str], expectation: str) -> None:
    """Raises GoldError with everything that is wrong where anything is."""
    if problems:
        more = [f"and {len(problems) - NAMED:,} lines more"] if len(problems) > NAMED else []
        raise GoldError(f"{expectation}: {'; '.join([*problems[:NAMED], *more])}.")


def require_new(identity: str, number: int, seen: dict[str, int], problems: list[str]) -> bool:
    """Whether no line before had this id; if one had, that is added to the problems."""
    if identity in seen:
        problems.append(f"line {number}: its id {identity!r} is that of line {seen[identity]} too")
        return False
    seen[identity] = number
    return True


def misspelt(found: Iterable[str], known: Collection[str]) -> str | None:
    """What is said of the first unknown name that looks like a known one which is missing."""
    found = list(found)
    missing = [name for name in known if name not in found]
    for name in found:
        if name not in known and (close := get_close_matches(name.strip().lower(), missing, 1, 0.8)):
            return f"its {name!r} is probably meant to be {close[0]!r}"
    return None


def as_id(raw: object) -> str:
    """An id, which is a string or a whole number. Raises ValueError."""
    if isinstance(raw, bool) or not isinstance(raw, str | int) or not str(raw).strip():
        raise ValueError("its id is not a string or a whole number")
    return str(raw)


def unquoted(name: str, items: Sequence[tuple[int, Item]]) -> tuple[str, ...]:
    """A warning of the lines whose evidence holds none of the accepted answers, if there are any."""
    lines = list(dict.fromkeys(str(number) for number, item in items if not item.quoted))
    if not lines:
        return ()
    named = ", ".join(lines[:NAMED]) + (f" and {len(lines) - NAMED:,} more" if len(lines) > NAMED else "")
    return (
        f"{name}: none of the accepted answers stands in the evidence of line {named}; "
        "where that is right, a passage is relevant that holds the evidence whole.",
    )


def lines_gold(source: str, name: str) -> GoldSet:
    """The questions of JSON Lines. Raises GoldError, naming the malformed lines."""
    problems: list[str] = []
    seen: dict[str, int] = {}
    items = [
        (number, item)
        for number, found in sound(filled(source), lambda line: _items(parse_object(line)), problems)
        for item in found
        if require_new(item.id, number, seen, problems)
    ]
    require_sound(
        problems,
        f'{name} is not a gold set of lines {{"id", "question", "answers": […], "evidence": […]}} '
        'or {"id", "turns": [{"question", "answers", "evidence"}, …]}',
    )
    return GoldSet(tuple(item for _, item in items), warnings=unquoted(name, items))


def _items(raw: dict[str, Any]) -> list[Item]:
    """The question of a line, or the turns of a dialogue as questions ID.1, ID.2 …"""
    if "turns" not in raw:
        return [_item(raw, ("id", *_QUESTION, *(() if "question" in raw else ("turns",))))]
    turns = raw["turns"]
    if wrong := misspelt(raw, ("id", "draft")):
        raise ValueError(wrong)
    if "id" not in raw or "question" in raw:
        raise ValueError("it has turns and a question" if "question" in raw else "it has no id")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError('its turns are not a list of {"question", "answers", "evidence"}')
    whole = {"id": as_id(raw["id"]), "draft": raw.get("draft", False)}
    items = []
    for number, turn in enumerate(turns, start=1):
        try:
            item = _item({**whole, **turn, "id": f"{whole['id']}.{number}"}, _QUESTION)
        except ValueError as error:
            raise ValueError(f"turn {number}: {error}") from error
        items.append(replace(item, follows=number > 1))
    return items


def _item(raw: dict[str, Any], known: Collection[str]) -> Item:
    if wrong := misspelt(raw, known):
        raise ValueError(wrong)
    if missing := [key for key in ("id", "question", "answers") if key not in raw]:
        raise ValueError(f"it has no {' and no '.join(missing)}")
    question, answers, evidence, draft = (raw.get(key) for key in _QUESTION)
    if not _is_text(question):
        raise ValueError("its question is empty, or not a string")
    if not isinstance(answers, list) or not all(_is_text(answer) for answer in answers):
        raise ValueError("its answers are not a list of non-empty strings")
    if not isinstance(evidence or [], list) or not all(
        isinstance(e, dict) and _is_text(e.get("document")) and _is_text(e.get("quote")) for e in evidence or []
    ):
        raise ValueError('its evidence is not a list of {"document", "quote"}')
    if not isinstance(draft or False, bool):
        raise ValueError("its draft is not true or false")
    pieces = tuple(Evidence(e["document"], e["quote"]) for e in evidence or [])
    return Item(as_id(raw["id"]), str(question), tuple(answers), pieces, draft=bool(draft))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
