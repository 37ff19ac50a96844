"""Whether scores are good enough, and what differs from an earlier run, as sentences, a table and JSON.

Knows nothing of how scores and differences are computed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

from rich import box
from rich.table import Table

from eval.compare import LOW_IS_GOOD, Comparison, Difference
from eval.metrics import SCORES, Score
from index.errors import FootnoteError

TESTED = tuple(name for name in SCORES if not name.endswith("_ms"))
"""The scores that may fail a run; the time to answer depends on what else the machine did."""
ALPHA = 0.05


def significant_falls(differences: Sequence[Difference], alpha: float = ALPHA) -> list[Difference]:
    """Those of the given scores that got worse, with Holm's (1979) correction for how many are given.

    The chance that one of them is named though none changed is at most alpha. The time to answer is never named.
    """
    tested = sorted((d for d in differences if d.name in TESTED and not math.isnan(d.p)), key=lambda d: d.p)
    kept = [d.p * (len(tested) - i) > alpha for i, d in enumerate(tested)]
    first_kept = kept.index(True) if True in kept else len(tested)
    return [d for d in tested[:first_kept] if d.worse]


def fall(difference: Difference) -> str:
    """A sentence for a score that got worse."""
    name, d = difference.name, difference
    went = "rose" if name in LOW_IS_GOOD else "fell"
    return f"{name} {went} from {_shown(name, d.before)} to {_shown(name, d.now)} (p {_chance(d.p)})."


def require_tested(name: str) -> str:
    """The name of a score that may fail a run. Raises FootnoteError for another."""
    if name not in TESTED:
        raise FootnoteError(f"Expected a score, such as f1; found {name!r}. The scores are {', '.join(TESTED)}.")
    return name


def parse_floor(text: str) -> tuple[str, float]:
    """`f1=0.7`: a score and the worst value that is good enough. Raises FootnoteError for anything else."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or name not in SCORES:
        raise FootnoteError(
            f"Expected SCORE=VALUE, such as f1=0.7; found {text!r}. The scores are {', '.join(SCORES)}."
        )
    try:
        floor = float(value)
    except ValueError:
        floor = math.nan
    if not 0 <= floor <= (math.inf if name.endswith("_ms") else 1):
        expected = "milliseconds" if name.endswith("_ms") else "a share from 0 to 1"
        raise FootnoteError(f"Expected {expected} in {text!r}; found {value!r}.")
    return name, floor


def failures(scores: Mapping[str, Score], floors: Sequence[tuple[str, float]]) -> list[str]:
    """A sentence for each score that is not as good as its floor, or that the gold set cannot tell."""
    sentences = []
    for name, floor in floors:
        value, wanted = scores[name].value, _shown(name, floor)
        if math.isnan(value):
            sentences.append(f"{name} has no value on this gold set; it was to be {wanted}.")
        elif value > floor if name in LOW_IS_GOOD else value < floor:
            side = "above" if name in LOW_IS_GOOD else "below"
            sentences.append(f"{name} is {_shown(name, value)}, {side} {wanted}.")
    return sentences


def comparison_table(comparison: Comparison) -> Table:
    """The differences for a terminal: rates in percent, times in milliseconds."""
    left_out = f"; {comparison.left_out:,} in one run alone are left out" if comparison.left_out else ""
    result = Table(
        title=f"Against the baseline, over {comparison.n:,} questions{left_out}",
        caption="Each p is of its own test: of 20 scores that did not change, one is below 0.05 by chance.",
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
    )
    result.add_column("score")
    for heading in ("before", "now", "difference", "95 % interval", "p"):
        result.add_column(heading, justify="right")
    result.add_column("")
    for d in comparison.differences:
        factor = 1 if d.name.endswith("_ms") else 100
        before, now = _shown(d.name, d.before), _shown(d.name, d.now)
        if math.isnan(d.difference):
            result.add_row(d.name, before, now, "–", "", "", "")
            continue
        interval = f"{factor * d.low:+.1f} … {factor * d.high:+.1f}"
        verdict = ("worse" if d.worse else "better") if d.p < ALPHA else ""
        style = "bold" if verdict else None
        result.add_row(
            d.name, before, now, f"{factor * d.difference:+.1f}", interval, _chance(d.p), verdict, style=style
        )
    return result


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """`{"n", "left_out", "differences": {name: {"before", "now", "difference", "low", "high", "p"}}}`."""
    names = [field.name for field in fields(Difference) if field.name != "name"]

    def values(difference: Difference) -> dict[str, float | None]:
        found = {name: getattr(difference, name) for name in names}
        return {name: None if math.isnan(value) else value for name, value in found.items()}

    differences = {difference.name: values(difference) for difference in comparison.differences}
    return {"n": comparison.n, "left_out": comparison.left_out, "differences": differences}


def _shown(name: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{100 * value:.1f} %"


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
