"""Scores and results as a table and as files. Knows nothing of how they came about."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich import box
from rich.table import Table

from eval.metrics import Score
from eval.records import Record, record_json
from index.errors import FootnoteError

Group = tuple[Mapping[str, Score], int]
"""The scores of some of the questions, and how many these are."""

_MAIN = {
    "hit@5": "hit@5",
    "em": "em",
    "f1": "f1",
    "false_answer_rate": "false answers",
    "false_refusal_rate": "false refusals",
}
_MEANING = {
    "hit@1": "a relevant passage is first",
    "hit@5": "… among the first 5",
    "hit@10": "… among the first 10",
    "mrr@10": "mean reciprocal rank",
    "ndcg@10": "ranking quality",
    "em": "exact match, abstaining too",
    "f1": "token F1, abstaining too",
    "em_has": "exact match, answerable",
    "f1_has": "token F1, answerable",
    "best_f1": "F1 at the best threshold",
    "citation_verbatim": "quotes found as cited",
    "citation_support": "quotes that hold the answer",
    "answerable_auroc": "confidence tells answerable",
    "aurc": "risk–coverage, low is good",
    "ece": "miscalibration, low is good",
    "false_answer_rate": "answered what is not there",
    "false_refusal_rate": "abstained though it is there",
    "latency_p50_ms": "median time to answer",
    "latency_p95_ms": "95th percentile",
}


def table(scores: Mapping[str, Score], title: str) -> Table:
    """The scores for a terminal: rates in percent, times in milliseconds."""
    result = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    result.add_column("score")
    result.add_column("value", justify="right")
    result.add_column("95 % interval", justify="right")
    result.add_column("meaning", style="dim")
    for name, score in scores.items():
        unit, factor = ("ms", 1) if name.endswith("_ms") else ("%", 100)
        if math.isnan(score.value):
            result.add_row(name, "–", "", _MEANING[name])
            continue
        interval = f"{factor * score.low:.1f} – {factor * score.high:.1f}"
        result.add_row(name, f"{factor * score.value:.1f} {unit}", interval, _MEANING[name])
    return result


def apart(groups: Mapping[str, Group]) -> Table:
    """The main scores of each group, in percent."""
    result = Table(header_style="bold", box=box.SIMPLE_HEAD)
    result.add_column("questions")
    result.add_column("n", justify="right")
    for heading in _MAIN.values():
        result.add_column(heading, justify="right")
    for name, (scores, n) in groups.items():
        values = (scores[main].value for main in _MAIN)
        result.add_row(name, str(n), *("–" if math.isnan(value) else f"{100 * value:.1f}" for value in values))
    return result


def as_json(
    scores: Mapping[str, Score], n: int, groups: Mapping[str, Group] = MappingProxyType({})
) -> dict[str, object]:
    """`{"n", "scores": {name: {"value", "low", "high"}}}`; null where the gold set cannot tell.

    Where there are groups, "groups" holds the same for each by name.
    """

    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    values = {name: {"value": known(s.value), "low": known(s.low), "high": known(s.high)} for name, s in scores.items()}
    result: dict[str, object] = {"n": n, "scores": values}
    return {**result, "groups": {name: as_json(*group) for name, group in groups.items()}} if groups else result


def write(
    folder: Path,
    scores: Mapping[str, Score],
    records: Sequence[Record],
    groups: Mapping[str, Group] = MappingProxyType({}),
) -> None:
    """`scores.json`, and `questions.jsonl` with every question and how it was answered."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(as_json(scores, len(records), groups), indent=2)
        (folder / "scores.json").write_text(text + "\n", encoding="utf-8")
        lines = (json.dumps(record_json(record), ensure_ascii=False) for record in records)
        (folder / "questions.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise FootnoteError(f"The results cannot be written to {str(folder)!r}: {error.strerror or error}.") from error
