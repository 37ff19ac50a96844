"""Scores as tables and as JSON. Knows nothing of how they came about."""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from rich import box
from rich.table import Table

from eval.metrics import Score
from eval.scores import BY_KIND, Group, Scores

MAIN = {
    "hit@5": "hit@5",
    "em": "em",
    "f1": "f1",
    "false_answer_rate": "false answers",
    "false_refusal_rate": "false refusals",
}
MEANING = {
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
    "evidence_recall": "evidence among the first 10",
    "retrieve_p50_ms": "median time to search",
    "retrieve_p95_ms": "95th percentile",
    "read_p50_ms": "median time to read",
    "read_p95_ms": "95th percentile",
}


def tables(scores: Scores, title: str) -> Iterator[Table]:
    """All of a run for a terminal: its scores, those of follow-ups apart, and those by kind of question."""
    yield table({**scores.scores, **scores.more}, title)
    if scores.groups:
        yield apart(scores.groups)
    if scores.kinds:
        yield by_kind(scores.kinds)


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
            result.add_row(name, "–", "", MEANING[name])
            continue
        value, low, high = (_short(factor * number) for number in (score.value, score.low, score.high))
        result.add_row(name, f"{value} {unit}", f"{low} – {high}", MEANING[name])
    return result


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 1000 else f"{number:.0f}"


def apart(groups: Mapping[str, Group]) -> Table:
    """The main scores of each group, in percent."""
    result = Table(header_style="bold", box=box.SIMPLE_HEAD)
    result.add_column("questions")
    result.add_column("n", justify="right")
    for heading in MAIN.values():
        result.add_column(heading, justify="right")
    for name, (scores, n) in groups.items():
        values = (scores[main].value for main in MAIN)
        result.add_row(name, str(n), *("–" if math.isnan(value) else f"{100 * value:.1f}" for value in values))
    return result


def by_kind(kinds: Mapping[str, Group]) -> Table:
    """Exact match and F1 of each kind of question, in percent with their intervals."""
    result = Table(header_style="bold", box=box.SIMPLE_HEAD)
    result.add_column("kind of question")
    result.add_column("n", justify="right")
    for name in BY_KIND:
        result.add_column(name, justify="right")
        result.add_column("95 % interval", justify="right")
    for kind, (scores, n) in kinds.items():
        cells = (
            (f"{100 * score.value:.1f}", f"{100 * score.low:.1f} – {100 * score.high:.1f}") for score in scores.values()
        )
        result.add_row(kind, str(n), *(cell for pair in cells for cell in pair))
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


def all_json(scores: Scores) -> dict[str, object]:
    """What `as_json` gives, and "more" scores and the "kinds" of question in the same form: what scores.json holds.

    Names that end in `_ms` are of time; all the rest is the same for the same records.
    """
    return {
        **as_json(scores.scores, scores.n, scores.groups),
        "kinds": {name: as_json(*group) for name, group in scores.kinds.items()},
        "more": as_json(scores.more, scores.n)["scores"],
    }
