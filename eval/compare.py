"""Two runs over the same questions: which scores differ by more than chance. Knows nothing of how they were answered.

Each score is tested by swapping the two runs' answers at random, question by question, which would change nothing if
the runs were alike. Dialogues are swapped and drawn whole, as a turn's answer depends on those before it.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.gold import Item
from eval.metrics import SCORES, Bools, Floats, Outcomes
from eval.records import Record, outcomes, parse_record
from eval.results import QUESTIONS
from eval.results import SCORES as SCORES_FILE
from index.errors import FootnoteError

LOW_IS_GOOD = frozenset({"aurc", "ece", "false_answer_rate", "false_refusal_rate", "latency_p50_ms", "latency_p95_ms"})
NOT_MEANS = frozenset({"best_f1", "answerable_auroc", "aurc", "ece", "latency_p50_ms", "latency_p95_ms"})
_CELLS = 4_000_000  # of a matrix of weights

Weighted = Callable[[Floats], Floats]
"""Scores, float64[m, scores], of the rows as often as each of m lines of weights says."""


@dataclass(frozen=True)
class Difference:
    """A score of two runs and its difference, with the 95 % bootstrap interval over questions; NaN where one has none.

    `p` is the two-sided probability of a difference as large if the runs were alike, of this test alone.
    """

    name: str
    before: float
    now: float
    difference: float
    low: float
    high: float
    p: float

    @property
    def worse(self) -> bool:
        """Whether the score went the wrong way, by however little."""
        return self.difference > 0 if self.name in LOW_IS_GOOD else self.difference < 0


@dataclass(frozen=True)
class Comparison:
    """The differences over the `n` questions that two runs share; `left_out` are in one of them alone."""

    n: int
    left_out: int
    differences: tuple[Difference, ...]


def load_run(path: Path) -> list[Record]:
    """The questions of a run, without passages, from the folder that `eval --out` wrote or a file in it.

    What a killed run left of a last line is passed over. Raises FootnoteError for what is no run.
    """
    file = path / QUESTIONS if path.is_dir() else path.with_name(QUESTIONS) if path.name == SCORES_FILE else path
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or error) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FootnoteError(
            f"The baseline {str(file)!r} cannot be read: {why}; expected a folder that footnote eval --out wrote."
        ) from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(_checked(parse_record(json.loads(line))).slim)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if number == len(lines):
                break
            raise FootnoteError(
                f"Line {number} of the baseline {str(file)!r} is not a question's record ({error}); "
                "expected what this version of footnote eval --out writes."
            ) from error
    if not records:
        raise FootnoteError(f"The baseline {str(file)!r} holds no questions; expected a run of footnote eval --out.")
    return records


def _checked(record: Record) -> Record:
    for name in ("confidence", "em", "f1", "retrieve_ms", "read_ms", "evidence_recall", "ideal"):
        if not isinstance(value := getattr(record, name), int | float):
            raise TypeError(f"{name} is {value!r}")
    return record


def compare(
    now: Sequence[Record], before: Sequence[Record], permutations: int = 10_000, resamples: int = 1_000, seed: int = 0
) -> Comparison:
    """Every score of two runs over the questions they share: same id, question and accepted answers.

    p is of the paired randomisation test, which counts the runs as they are among the swaps (Phipson and Smyth 2010);
    exact where there are no more swaps than `permutations`. Scores that are no means take a tenth as many; where they
    rank by confidence, a difference shows less readily if the two runs' confidences are on different scales. Raises
    FootnoteError without a shared question.
    """
    earlier = {record.id: record for record in before}
    both = shared(now, before)
    rows = _alternating(outcomes([earlier[now[i].id] for i in both]), outcomes([now[i] for i in both]))
    _, unit = np.unique(np.cumsum([not record.follows for record in now])[both], return_inverse=True)
    means = [name for name in SCORES if name not in NOT_MEANS]
    others = [name for name in SCORES if name in NOT_MEANS]
    found = [
        *_differences(means, _means(rows, means), unit, permutations, resamples, seed),
        *_differences(others, _one_by_one(rows, others), unit, max(1, permutations // 10), resamples, seed),
    ]
    in_order = sorted(found, key=lambda difference: list(SCORES).index(difference.name))
    return Comparison(len(both), len(now) + len(before) - 2 * len(both), tuple(in_order))


def shared(asked: Sequence[Item | Record], before: Sequence[Record]) -> list[int]:
    """The places of the questions that an earlier run has too: same id, question and accepted answers.

    Raises FootnoteError where it has none.
    """
    earlier = {(record.id, record.question, record.answers) for record in before}
    both = [i for i, each in enumerate(asked) if (each.id, each.question, each.answers) in earlier]
    if not both:
        raise FootnoteError(
            f"The run and its baseline share no question: none of {len(asked)} has the id, question and answers of one "
            f"of {len(before)}; compare runs over the same gold set."
        )
    return both


def _alternating(first: Outcomes, second: Outcomes) -> Outcomes:
    both = {field.name: (getattr(first, field.name), getattr(second, field.name)) for field in fields(Outcomes)}
    return Outcomes(**{name: np.stack(columns, axis=1).ravel() for name, columns in both.items()})


def _means(rows: Outcomes, names: Sequence[str]) -> Weighted:
    """Scores that are means over some of the questions, from their values for each row alone, NaN where it is none."""
    alone = [rows.take(np.array([i])) for i in range(len(rows))]
    values = np.array([[SCORES[name](row) for name in names] for row in alone])
    counted = ~np.isnan(values)
    values = np.where(counted, values, 0.0)

    def weighted(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray((weights @ values) / (weights @ counted.astype(float)))

    return weighted


def _one_by_one(rows: Outcomes, names: Sequence[str]) -> Weighted:
    def weighted(weights: Floats) -> Floats:
        drawn = (rows.take(np.repeat(np.arange(len(rows)), line.astype(int))) for line in weights)
        return np.array([[SCORES[name](some) for name in names] for some in drawn])

    return weighted


def _differences(
    names: Sequence[str], weighted: Weighted, unit: NDArray[np.intp], permutations: int, resamples: int, seed: int
) -> Iterator[Difference]:
    """Of rows that alternate between before and now, two for each question; `unit` numbers the dialogue of each."""
    units, rng = int(unit.max()) + 1, np.random.default_rng(seed)
    before, now = (weighted(_weights(np.ones((1, len(unit))), system))[0] for system in (0, 1))
    observed = now - before
    extreme = np.zeros(len(names))
    for swaps in _swaps(units, len(unit), permutations, rng):
        kept = ~swaps[:, unit]
        weights = _weights(kept, 1) + _weights(~kept, 0)
        difference = weighted(weights) - weighted(1 - weights)
        extreme += (~(np.abs(difference) < np.abs(observed) - 1e-9)).sum(axis=0)  # what has no value counts too
    p = extreme / 2**units if 2**units <= permutations else (extreme + 1) / (permutations + 1)
    drawn = []
    for size in _sizes(resamples, len(unit)):
        counts = rng.multinomial(units, np.full(units, 1 / units), size)[:, unit]
        drawn.append(weighted(_weights(counts, 1)) - weighted(_weights(counts, 0)))
    for name, was, value, change, chance, sample in zip(
        names, before, now, observed, p, np.concatenate(drawn).T, strict=True
    ):
        known = sample[~np.isnan(sample)]
        told = known.size and not math.isnan(change)
        low, high = np.percentile(known, [2.5, 97.5]) if told else (math.nan, math.nan)
        yield Difference(name, *map(float, (was, value, change, low, high, chance if told else math.nan)))


def _weights(counts: Floats | Bools | NDArray[np.int64], system: int) -> Floats:
    """Counts of questions as those of one system's rows: float64[m, 2 n]."""
    weights = np.zeros((*counts.shape, 2))
    weights[:, :, system] = counts
    return weights.reshape(len(counts), -1)


def _swaps(units: int, questions: int, permutations: int, rng: np.random.Generator) -> Iterator[Bools]:
    """Which units to swap: all ways where they are few, or else random ones; bool[m, units] at a time."""
    if 2**units <= permutations:
        yield (np.arange(2**units)[:, None] >> np.arange(units)) % 2 == 1
        return
    for size in _sizes(permutations, questions):
        yield rng.random((size, units), dtype=np.float32) < 0.5


def _sizes(total: int, questions: int) -> Iterator[int]:
    """How many lines of weights to have in memory at a time."""
    most = max(1, _CELLS // (2 * questions))
    for done in range(0, total, most):
        yield min(most, total - done)
