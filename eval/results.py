"""The folder of a run's results: what was answered so far, kept as it comes, and gone on from later.

Knows nothing of how answers or scores come about.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from eval.beir import Ranking
from eval.gold import Item
from eval.manifest import Manifest, differences, is_manifest
from eval.records import Record, parse_record
from index.errors import FootnoteError

MANIFEST = "manifest.json"
QUESTIONS = "questions.jsonl"
SCORES = "scores.json"
REPORT = "report.html"

_Line = TypeVar("_Line", Record, Ranking)


@dataclass(frozen=True)
class Kept:
    """The records of a run that stopped, without their passages, and the bytes of the whole lines that hold them."""

    records: tuple[Record, ...]
    size: int


def earlier(folder: Path, *, resume: bool) -> Manifest | None:
    """The manifest of the run to go on from, or None where a new one may begin. Changes nothing.

    Raises FootnoteError where there is no run to resume, and for a folder with results that no run left there.
    """
    if folder.exists() and not folder.is_dir():
        raise FootnoteError(f"The results cannot be kept in {str(folder)!r}: it is a file; name a folder with --out.")
    found = _manifest(folder / MANIFEST)
    if resume and found is None:
        raise FootnoteError(
            f"There is nothing to resume in {str(folder)!r}: it holds no run's {MANIFEST}; begin without --resume."
        )
    taken = next((name for name in (MANIFEST, QUESTIONS, SCORES, REPORT) if (folder / name).exists()), None)
    if found is None and taken:
        raise FootnoteError(
            f"{str(folder)!r} holds a {taken} without the {MANIFEST} of a run, and it would be overwritten; "
            "name another folder with --out."
        )
    return found if resume else None


def kept(folder: Path, before: Manifest, now: Manifest, items: Sequence[Item]) -> Kept:
    """What an earlier run answered of these items, up to a torn last line. Changes nothing.

    Raises FootnoteError where the run stood on something else, so that its records and new ones would not go together.
    """
    if other := differences(before, now):
        raise FootnoteError(
            f"The run in {str(folder)!r} cannot be resumed, for it was made with {' and '.join(other)}; "
            "begin without --resume, or name another folder."
        )
    path = folder / QUESTIONS
    records, size = list[Record](), 0
    if not path.exists():
        return Kept((), 0)
    with _usable(folder), path.open("rb") as stream:
        for line in stream:
            if not line.endswith(b"\n"):
                break
            record = _record(path, len(records), line)
            if len(records) == len(items) or record.id != items[len(records)].id:
                raise FootnoteError(
                    f"{str(path)!r} is not in the order of the gold set from question {record.id} on; "
                    "begin without --resume."
                )
            records.append(record.slim)
            size += len(line)
    return Kept(tuple(records), size)


def keep(folder: Path, now: Manifest, so_far: Kept | None, records: Iterator[_Line]) -> Iterator[_Line]:
    """Each record as soon as it is in questions.jsonl, after those kept so far; None begins a new run's folder.

    What was given out survives the end of this process. Raises FootnoteError for a folder that cannot be written.
    """
    with _usable(folder):
        if so_far is None:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (QUESTIONS, SCORES, REPORT):
                (folder / name).unlink(missing_ok=True)
            _write(folder / MANIFEST, now)
        stream = (folder / QUESTIONS).open("ab")
    with stream:
        stream.truncate(so_far.size if so_far else 0)
        for each in records:
            line = json.dumps(asdict(each), ensure_ascii=False) + "\n"
            with _usable(folder):
                stream.write(line.encode(errors="backslashreplace"))  # a lone surrogate as JSON escapes it
                stream.flush()
            yield each


def stored(folder: Path) -> Iterator[Record]:
    """The records in a folder, whole, one at a time."""
    path = folder / QUESTIONS
    with _usable(folder), path.open("rb") as stream:
        for number, line in enumerate(stream):
            yield _record(path, number, line)


def finish(folder: Path, scores: Mapping[str, object]) -> None:
    """Write scores.json, with which the run is complete."""
    with _usable(folder):
        _write(folder / SCORES, scores)


def _write(path: Path, content: Mapping[str, object]) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def _manifest(path: Path) -> Manifest | None:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return raw if is_manifest(raw) else None


def _record(path: Path, before: int, line: bytes) -> Record:
    try:
        return parse_record(json.loads(line))
    except (KeyError, TypeError, ValueError) as error:
        raise FootnoteError(
            f"Line {before + 1} of {str(path)!r} is not a question's record ({error}); begin without --resume."
        ) from error


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FootnoteError(f"The results in {str(folder)!r} cannot be kept: {error.strerror or error}.") from error
