"""An evaluation as one HTML file for a person: scores, plots, and every question by how it went.

Texts of questions and documents are data: Jinja escapes them, and the file's own policy lets no script run but its own.
Knows nothing of how answers came about, and fetches nothing.
"""

import heapq
import json
import math
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eval.metrics import RIGHT, Score
from eval.plots import Plot, confidences, interval, latency, reliability, risk_coverage
from eval.records import Record
from eval.report import MAIN, MEANING
from eval.scores import Group, Scores
from index.errors import FootnoteError

SHOWN = 2000  # questions at most
PASSAGES = 5  # of a question, and the first relevant one
EXCERPT = 300  # characters of a text at most
WORD = 20  # characters that are given up to cut between words
LISTED = 100  # members of a list of the manifest at most

VERDICTS = {
    "false answer": "The documents do not say, and the system answered.",
    "reader miss": "A passage with the answer was found, and the answer given is another.",
    "retrieval miss": "No passage found holds the answer, and none or a wrong one was given.",
    "wrong abstention": "A passage with the answer was found, and the system abstained.",
    "right": f"The answer is an accepted one, or shares at least half of its words (token F1 of {RIGHT} or more).",
    "right abstention": "The documents do not say, and the system abstained.",
}
GOOD = ("right", "right abstention")


def kind_of(record: Record) -> str:
    """How the question went: a key of VERDICTS."""
    if not record.answers:
        return "right abstention" if record.answer is None else "false answer"
    if record.answer is not None and record.f1 >= RIGHT:
        return "right"
    if not any(record.relevant):
        return "retrieval miss"
    return "wrong abstention" if record.answer is None else "reader miss"


@dataclass(frozen=True)
class Asked:
    """A question to be shown; `number` counts from 1 in the order of asking."""

    number: int
    kind: str
    record: Record


@dataclass(frozen=True)
class Survey:
    """All records, counted and drawn, and those to be shown: errors first, each kind its share."""

    n: int
    unanswerable: int
    kinds: Mapping[str, int]
    plots: tuple[Plot, ...]
    shown: tuple[Asked, ...]


def write_page(
    path: Path,
    title: str,
    scores: Scores,
    records: Iterable[Record],
    manifest: Mapping[str, object],
    about: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write the page. Records are passed once and not kept, but for those shown.

    `about` is what a reader must know first (mode, when, models), by name. Raises FootnoteError when the file cannot be
    written.
    """
    survey = _survey(records)
    here = Path(__file__).parent
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    context = {
        "title": title,
        "about": about,
        "scores": list(_score_rows({**scores.scores, **scores.more})),
        "divisions": list(_divisions(scores)),
        "survey": survey,
        "meanings": VERDICTS,
        "good": GOOD,
        "manifest": list(_flat(manifest)),
        "style": Markup(style),
        "script": Markup(script),
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; "
        "form-action 'none'",
    }
    beside = path.with_name(f"{path.name}.new")
    try:
        with beside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_environment().get_template("page.html").generate(context))
        beside.replace(path)
    except OSError as error:
        raise FootnoteError(f"The report cannot be written to {str(path)!r}: {error.strerror or error}.") from error


def _environment() -> Environment:
    result = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else _printable(value),
    )
    result.filters.update(marked=marked, percent=_percent, drawn=Markup, sentence=sentence, passages=_passages)
    result.filters["slug"] = lambda kind: kind.replace(" ", "-")
    return result


def _survey(records: Iterable[Record]) -> Survey:
    counts: Counter[str] = Counter()
    columns: list[tuple[float, bool, bool, bool, float]] = []
    threshold = 0.0

    def passing() -> Iterator[tuple[tuple[bool, int, int], Asked]]:
        nonlocal threshold
        for number, record in enumerate(records, start=1):
            kind = kind_of(record)
            counts[kind] += 1
            threshold = record.threshold
            milliseconds = record.retrieve_ms + record.read_ms
            answered, right = record.answer is not None, record.f1 >= RIGHT
            columns.append((record.confidence, right, answered, bool(record.answers), milliseconds))
            yield (kind in GOOD, counts[kind], number), Asked(number, kind, record)

    chosen = heapq.nsmallest(SHOWN, passing(), key=lambda pair: pair[0])
    by_kind = list(VERDICTS)
    shown = sorted((asked for _, asked in chosen), key=lambda asked: (by_kind.index(asked.kind), asked.number))
    n = len(columns)
    if not n:
        return Survey(0, 0, {}, (), ())
    confidence, right, answered, answerable, milliseconds = (np.array(column) for column in zip(*columns, strict=True))
    plots = (
        risk_coverage(confidence, right, answered, threshold),
        reliability(confidence, right),
        confidences(confidence, answerable, threshold),
        latency(milliseconds),
    )
    kinds = {kind: counts[kind] for kind in VERDICTS}
    return Survey(n, int((~answerable).sum()), kinds, plots, tuple(shown))


def sentence(asked: Asked) -> str:
    """What came of it, in a sentence or two; HTML where it quotes."""
    record, f1 = asked.record, f"token F1 {asked.record.f1:.2f}"
    rank = record.relevant.index(True) + 1 if any(record.relevant) else 0
    withheld = Markup("“<bdi>{}</bdi>”").format(marked(record.candidate)) if record.candidate else "none"
    match asked.kind:
        case "right":
            return "An accepted answer, word for word." if record.em else f"Close to an accepted answer: {f1}."
        case "false answer":
            return "The documents do not say this."
        case "right abstention":
            return Markup("The documents do not say this. The answer withheld: {}.").format(withheld)
        case "reader miss":
            return f"The answer stands in passage {rank}, and the one given is another: {f1}."
        case "wrong abstention":
            would = "right" if record.f1 >= RIGHT else "wrong"
            found = Markup("The answer stands in passage {}. The one withheld, {}, would have been {}: {}.")
            return found.format(rank, withheld, would, f1)
        case _ if record.answer is None:
            return Markup("No passage found holds an accepted answer. The one withheld: {}.").format(withheld)
        case _:
            return f"No passage found holds an accepted answer. The one given is another: {f1}."


def marked(text: str, *sought: str) -> Markup:
    """At most EXCERPT characters of the text, with the first of the sought texts that stands in it marked there."""
    text = str(_printable(text))
    found = next((match for each in sought if each and (match := _find(str(_printable(each)), text))), None)
    start, end = found.span() if found else (0, 0)
    first = max(0, start - EXCERPT // 3) if end > EXCERPT else 0
    last = min(len(text), first + EXCERPT)
    if first:
        first = text.find(" ", first, min(first + WORD, start)) + 1 or first
    if last < len(text):
        last = text.rfind(" ", last - WORD, last) + 1 or last
    start, end = min(start, last), min(end, last)
    before, after = "…" if first else "", "…" if last < len(text) else ""
    if not found:
        return Markup("{}{}").format(text[first:last], after)
    parts = (before, text[first:start], text[start:end], text[end:last], after)
    return Markup("{}{}<mark>{}</mark>{}{}").format(*parts)


def _find(sought: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<!\w){re.escape(sought)}(?!\w)", text, re.IGNORECASE)


def _passages(record: Record) -> Iterator[tuple[int, bool, Any]]:
    """Rank, relevance and passage of the first few, and of the first relevant one where that comes later."""
    pairs = list(zip(range(1, len(record.passages) + 1), record.relevant, record.passages, strict=False))
    first_relevant = next((rank for rank, relevant, _ in pairs if relevant), 0)
    return (pair for pair in pairs if pair[0] <= PASSAGES or pair[0] == first_relevant)


def _printable(value: object) -> object:
    """A text without the signs that HTML or UTF-8 cannot hold."""
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}"


def _divisions(scores: Scores) -> Iterator[tuple[str, dict[str, str], Mapping[str, Group]]]:
    """What divides the questions, the scores to be shown of each part with their headings, and the parts."""
    for name, parts in (("Turns of dialogues", scores.groups), ("Kinds of question", scores.kinds)):
        if parts:
            in_all = set.intersection(*(set(found) for found, _ in parts.values()))
            yield name, {score: heading for score, heading in MAIN.items() if score in in_all}, parts


def _score_rows(scores: Mapping[str, Score]) -> Iterator[tuple[str, str, str, Markup, str]]:
    """Name, value, interval, its drawing and meaning of each score."""
    slowest = max((s.high for name, s in scores.items() if name.endswith("_ms") and not math.isnan(s.high)), default=1)
    for name, s in scores.items():
        if math.isnan(s.value):
            yield name, "–", "", Markup(), MEANING[name]
            continue
        unit, factor, most = ("ms", 1, slowest) if name.endswith("_ms") else ("%", 100, 1.0)
        span = "" if math.isnan(s.low) else f"{factor * s.low:.1f} – {factor * s.high:.1f}"
        bar = Markup(interval(s.low, s.value, s.high, most)) if span else Markup()
        yield name, f"{factor * s.value:.1f} {unit}", span, bar, MEANING[name]


def _flat(manifest: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and values; those of a mapping in a mapping as `outer.inner`, and a line for each member of a list."""
    for name, value in manifest.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            rest = [f"and {len(value) - LISTED} more"] if len(value) > LISTED else []
            yield f"{prefix}{name}", "\n".join([*map(_words, value[:LISTED]), *rest])
        else:
            yield f"{prefix}{name}", _words(value)


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(map(_words, value.values()))
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"
