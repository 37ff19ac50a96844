"""Scores as plain functions of outcomes. Knows nothing of documents, models or files."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RIGHT = 0.5  # token F1 from which a candidate counts as right in risk and calibration
BINS = 10


@dataclass(frozen=True)
class Outcomes:
    """One value a question, as columns of equal length.

    `answerable` is of the question and `answered` of the system. `em` and `f1` score the candidate answer, given or
    withheld, 0 for an unanswerable question. `rank` is that of the first relevant passage, counting from 1, `inf` for
    none; `dcg` and `ideal_dcg` are over ten passages. `recall` is the share of the gold evidence that these hold, NaN
    where there is no evidence. `verbatim` and `supported` are of the citations.
    """

    answerable: Bools
    answered: Bools
    confidence: Floats
    em: Floats
    f1: Floats
    rank: Floats
    dcg: Floats
    ideal_dcg: Floats
    recall: Floats
    verbatim: Floats
    supported: Floats
    retrieve_ms: Floats
    read_ms: Floats

    @property
    def milliseconds(self) -> Floats:
        """Time to answer."""
        return self.retrieve_ms + self.read_ms

    def __len__(self) -> int:
        return len(self.answerable)

    def take(self, which: NDArray[np.int64] | Bools) -> "Outcomes":
        """The chosen questions."""
        return Outcomes(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def mean(values: Floats | Bools) -> float:
    """Mean; NaN of nothing."""
    return float(values.mean()) if values.size else math.nan


def percentile(values: Floats, rank: float) -> float:
    """Percentile, linear between values; NaN of nothing."""
    return float(np.percentile(values, rank)) if values.size else math.nan


def hit_at(outcomes: Outcomes, k: int) -> float:
    """Share of answerable questions with a relevant passage among the first k."""
    rank = outcomes.rank[outcomes.answerable]
    return mean(np.where(np.isnan(rank), np.nan, rank <= k))


def mrr_at_10(outcomes: Outcomes) -> float:
    """Mean reciprocal rank of the first relevant passage, 0 beyond rank 10."""
    rank = outcomes.rank[outcomes.answerable]
    return mean(np.where(rank > 10, 0.0, 1 / rank))


def ndcg_at_10(outcomes: Outcomes) -> float:
    """Normalised discounted cumulative gain, binary relevance (Järvelin and Kekäläinen 2002)."""
    ideal = outcomes.ideal_dcg[outcomes.answerable]
    return mean(np.divide(outcomes.dcg[outcomes.answerable], ideal, out=np.zeros_like(ideal), where=ideal > 0))


def answer_score(outcomes: Outcomes, score: Floats, answered: Bools) -> float:
    """Mean score: the candidate's where it is given, 1 for abstaining where the documents do not say."""
    return mean(np.where(answered, score, (~outcomes.answerable).astype(float)))


def best_f1(outcomes: Outcomes) -> float:
    """F1 over all questions at the confidence threshold that serves it best (SQuAD 2.0's best_f1)."""
    if not len(outcomes):
        return math.nan
    by_confidence = np.argsort(-outcomes.confidence, kind="stable")
    gain = (outcomes.f1 - ~outcomes.answerable)[by_confidence]
    confidence = outcomes.confidence[by_confidence]
    last_of_tie = np.append(confidence[1:] != confidence[:-1], True)
    totals = np.cumsum(gain)[last_of_tie]
    return float(((~outcomes.answerable).sum() + max(0.0, totals.max())) / len(outcomes))


def auroc(outcomes: Outcomes) -> float:
    """Chance that an answerable question gets a higher confidence than an unanswerable one; ties count half."""
    from scipy.stats import rankdata

    positives = int(outcomes.answerable.sum())
    negatives = len(outcomes) - positives
    if not positives or not negatives:
        return math.nan
    ranks = rankdata(outcomes.confidence)[outcomes.answerable].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def aurc(outcomes: Outcomes) -> float:
    """Area under the risk–coverage curve (Geifman and El-Yaniv 2017); lower is better.

    Questions are answered in order of confidence; the risk at each coverage is the share of wrong candidates so far.
    """
    wrong = outcomes.f1[np.argsort(-outcomes.confidence, kind="stable")] < RIGHT
    return mean(np.cumsum(wrong) / np.arange(1, len(outcomes) + 1))


def ece(outcomes: Outcomes) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017); right means F1 of a half or more."""
    right = outcomes.f1 >= RIGHT
    bins = np.minimum((outcomes.confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, outcomes.confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(outcomes)) if len(outcomes) else math.nan


SCORES: dict[str, Callable[[Outcomes], float]] = {
    "hit@1": lambda o: hit_at(o, 1),
    "hit@5": lambda o: hit_at(o, 5),
    "hit@10": lambda o: hit_at(o, 10),
    "mrr@10": mrr_at_10,
    "ndcg@10": ndcg_at_10,
    "em": lambda o: answer_score(o, o.em, o.answered),
    "f1": lambda o: answer_score(o, o.f1, o.answered),
    "em_has": lambda o: mean((o.em * o.answered)[o.answerable]),
    "f1_has": lambda o: mean((o.f1 * o.answered)[o.answerable]),
    "best_f1": best_f1,
    "citation_verbatim": lambda o: mean(o.verbatim[o.answered]),
    "citation_support": lambda o: mean(o.supported[o.answered]),
    "answerable_auroc": auroc,
    "aurc": aurc,
    "ece": ece,
    "false_answer_rate": lambda o: mean(o.answered[~o.answerable]),
    "false_refusal_rate": lambda o: mean(~o.answered[o.answerable]),
    "latency_p50_ms": lambda o: percentile(o.milliseconds, 50),
    "latency_p95_ms": lambda o: percentile(o.milliseconds, 95),
}

MORE: dict[str, Callable[[Outcomes], float]] = {
    "evidence_recall": lambda o: mean(o.recall[~np.isnan(o.recall)]),
    "retrieve_p50_ms": lambda o: percentile(o.retrieve_ms, 50),
    "retrieve_p95_ms": lambda o: percentile(o.retrieve_ms, 95),
    "read_p50_ms": lambda o: percentile(o.read_ms, 50),
    "read_p95_ms": lambda o: percentile(o.read_ms, 95),
}
"""Scores beside those whose names programs rely on."""

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Score:
    """A value and its 95 % bootstrap interval; NaN where the gold set cannot tell."""

    value: float
    low: float
    high: float


def score_all(
    outcomes: Outcomes,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    scores: Mapping[str, Callable[[Outcomes], float]] = MappingProxyType(SCORES),
) -> dict[str, Score]:
    """Every score with the percentile bootstrap over questions (Efron 1979)."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in scores}
    for _ in range(resamples):
        sample = outcomes.take(rng.integers(0, max(1, len(outcomes)), len(outcomes)))
        for name, score in scores.items():
            drawn[name].append(score(sample))
    return {name: _interval(score(outcomes), np.array(drawn[name])) for name, score in scores.items()}


def _interval(value: float, drawn: Floats) -> Score:
    known = drawn[~np.isnan(drawn)]
    if math.isnan(value) or not known.size:
        return Score(value, math.nan, math.nan)
    low, high = np.percentile(known, [2.5, 97.5])
    return Score(value, float(low), float(high))
