"""The scores against hand-computed values and the field's reference implementations."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import ir_measures
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG
from sklearn.metrics import roc_auc_score

from eval.gold import Evidence, GoldSet, Item
from eval.metrics import MORE, SCORES, Outcomes, aurc, best_f1, ece, score_all
from eval.records import outcomes
from eval.run import Corpus, run_open
from index.types import Hit, Passage
from rag.types import Answer, Timings

PASSAGES = 12
TIMES = Timings(1, 2)
SHARES = st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.95, 1.0])  # few, so that there are ties


@st.composite
def drawn(draw: st.DrawFn) -> Outcomes:
    """Outcomes of no to thirty questions, often with ties, or all of them answerable or not."""
    n = draw(st.integers(0, 30))
    answerable = np.array(
        draw(st.lists(draw(st.sampled_from([st.booleans(), st.just(True), st.just(False)])), min_size=n, max_size=n)),
        dtype=bool,
    )
    confidence = np.array(draw(st.lists(SHARES, min_size=n, max_size=n)), dtype=float)
    f1 = np.array(draw(st.lists(SHARES, min_size=n, max_size=n)), dtype=float) * answerable
    return replace(make(n), answerable=answerable, answered=confidence >= 0.5, confidence=confidence, f1=f1, em=f1 // 1)


def make(n: int = 60, seed: int = 3) -> Outcomes:
    rng = np.random.default_rng(seed)
    relevant = rng.random((n, 10)) < 0.15
    discount = 1 / np.log2(np.arange(2, 12))
    extra = rng.integers(0, 3, n)
    answerable = rng.random(n) < 0.7
    f1 = np.where(answerable, rng.choice([0.0, 0.4, 1.0], n), 0.0)
    confidence = np.round(rng.random(n), 2)
    return Outcomes(
        answerable=answerable,
        answered=confidence >= 0.5,
        confidence=confidence,
        em=(f1 == 1.0).astype(float),
        f1=f1,
        rank=np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1.0, np.inf),
        dcg=relevant @ discount,
        ideal_dcg=np.array([discount[:k].sum() for k in relevant.sum(axis=1) + extra]),
        recall=np.where(rng.random(n) < 0.2, np.nan, rng.random(n)),
        verbatim=np.ones(n),
        supported=np.ones(n),
        retrieve_ms=rng.random(n) * 20,
        read_ms=rng.random(n) * 100,
    )


def asked(items: Sequence[Item], found: Sequence[Sequence[int]]) -> Outcomes:
    """Outcomes of questions to which these passages were found, each a document."""
    texts = {f"d{number}": f"Fact {number}." for number in range(PASSAGES)}
    passages = [Passage(name, 0, len(text), text) for name, text in texts.items()]
    corpus = Corpus(list(texts), texts.__getitem__, passages)
    answers = (
        Answer(
            item.question,
            "",
            0.0,
            0.5,
            (),
            tuple(Hit(passages[i], 1 / (1 + rank)) for rank, i in enumerate(order)),
            TIMES,
        )
        for item, order in zip(items, found, strict=True)
    )
    return outcomes(list(run_open(GoldSet(tuple(items)), corpus, lambda question, history: next(answers))))


@pytest.mark.parametrize("seed", range(6))
def test_retrieval_scores_equal_ir_measures(seed: int) -> None:
    """Questions with one to twelve right passages, of which none to twelve are found, in any order."""
    rng = np.random.default_rng(seed)
    right = [rng.permutation(PASSAGES)[: rng.integers(1, PASSAGES + 1)].tolist() for _ in range(40)]
    found = [rng.permutation(PASSAGES)[: rng.integers(0, PASSAGES + 1)].tolist() for _ in right]
    evidence = [tuple(Evidence(f"d{i}", f"Fact {i}.") for i in each) for each in right]
    ours = asked([Item(f"q{q}", "What?", ("nothing",), each) for q, each in enumerate(evidence)], found)
    judged = [ir_measures.Qrel(f"q{q}", f"d{i}", 1) for q, each in enumerate(right) for i in each]
    run = [
        ir_measures.ScoredDoc(f"q{q}", f"d{i}", 100.0 - rank)
        for q, order in enumerate(found)
        for rank, i in enumerate(order)
    ]
    measures = {
        "hit@1": Success @ 1,
        "hit@5": Success @ 5,
        "hit@10": Success @ 10,
        "mrr@10": RR @ 10,
        "ndcg@10": nDCG @ 10,
        "evidence_recall": R @ 10,
    }
    reference = ir_measures.calc_aggregate(list(measures.values()), judged, run)
    for name, measure in measures.items():
        assert {**SCORES, **MORE}[name](ours) == pytest.approx(reference[measure], abs=1e-9), name


@given(drawn())
def test_auroc_equals_scikit_learn(outcomes: Outcomes) -> None:
    value = SCORES["answerable_auroc"](outcomes)
    if len(set(outcomes.answerable)) < 2:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(roc_auc_score(outcomes.answerable, outcomes.confidence), abs=1e-9)


@given(drawn())
def test_risk_and_calibration_equal_their_definitions(outcomes: Outcomes) -> None:
    if not len(outcomes):
        assert math.isnan(aurc(outcomes))
        assert math.isnan(ece(outcomes))
        return
    pairs = list(zip(outcomes.confidence.tolist(), (outcomes.f1 >= 0.5).tolist(), strict=True))
    ranked = sorted(pairs, key=lambda pair: -pair[0])
    risks = [sum(not right for _, right in ranked[:n]) / n for n in range(1, len(ranked) + 1)]
    assert aurc(outcomes) == pytest.approx(statistics.fmean(risks), abs=1e-9)
    error = 0.0
    for number in range(10):
        some = [pair for pair in pairs if min(int(pair[0] * 10), 9) == number]
        if some:
            accuracy, confidence = statistics.fmean(r for _, r in some), statistics.fmean(c for c, _ in some)
            error += len(some) / len(pairs) * abs(accuracy - confidence)
    assert ece(outcomes) == pytest.approx(error, abs=1e-9)


@given(drawn())
def test_best_f1_is_the_maximum_over_all_thresholds(outcomes: Outcomes) -> None:
    if not len(outcomes):
        assert math.isnan(best_f1(outcomes))
        return
    thresholds = [-1.0, *outcomes.confidence, 2.0]
    tried = [np.where(outcomes.confidence >= t, outcomes.f1, ~outcomes.answerable).mean() for t in thresholds]
    assert best_f1(outcomes) == pytest.approx(max(tried), abs=1e-9)


@given(drawn())
def test_every_score_is_a_share_or_a_time_or_unknown(outcomes: Outcomes) -> None:
    for name, score in {**SCORES, **MORE}.items():
        value = score(outcomes)
        assert math.isnan(value) or 0 <= value <= (120 if name.endswith("_ms") else 1 + 1e-9), name
        assert isinstance(value, float), name


def test_nothing_asked_is_unknown() -> None:
    scores = score_all(outcomes([]), resamples=3, scores={**SCORES, **MORE})
    assert all(math.isnan(part) for score in scores.values() for part in (score.value, score.low, score.high))


@pytest.mark.parametrize("name", ["em", "f1", "evidence_recall"])
def test_intervals_of_a_mean_equal_scipy_s(name: str) -> None:
    """The same resamples where scipy draws from the same generator, one at a time; nearly the same from another."""
    base = make(150)
    outcomes = replace(base, recall=np.nan_to_num(base.recall))
    values = {
        "em": np.where(outcomes.answered, outcomes.em, ~outcomes.answerable),
        "f1": np.where(outcomes.answered, outcomes.f1, ~outcomes.answerable),
        "evidence_recall": outcomes.recall,
    }[name]
    ours = score_all(outcomes, resamples=1000, seed=7, scores={name: {**SCORES, **MORE}[name]})[name]
    assert ours.value == pytest.approx(values.mean(), abs=1e-9)

    def theirs(seed: int, resamples: int, batch: int | None) -> list[float]:
        interval = scipy.stats.bootstrap(
            (values,), np.mean, n_resamples=resamples, batch=batch, method="percentile", rng=np.random.default_rng(seed)
        ).confidence_interval
        return [interval.low, interval.high]

    assert [ours.low, ours.high] == pytest.approx(theirs(7, 1000, 1), abs=1e-9)
    assert [ours.low, ours.high] == pytest.approx(theirs(8, 20_000, None), abs=0.2 * (ours.high - ours.low))


def small(**columns: list[float] | list[bool]) -> Outcomes:
    n = len(next(iter(columns.values())))
    base = make(n)
    return Outcomes(**{**base.__dict__, **{name: np.array(values) for name, values in columns.items()}})


def test_abstaining_counts_one_where_the_documents_do_not_say() -> None:
    outcomes = small(
        answerable=[True, True, False, False], answered=[True, False, True, False], f1=[0.8, 1.0, 0.0, 0.0]
    )
    assert SCORES["f1"](outcomes) == pytest.approx((0.8 + 0 + 0 + 1) / 4)
    assert SCORES["f1_has"](outcomes) == pytest.approx(0.4)
    assert SCORES["false_answer_rate"](outcomes) == 0.5
    assert SCORES["false_refusal_rate"](outcomes) == 0.5


def test_aurc_and_ece_by_hand() -> None:
    outcomes = small(confidence=[0.95, 0.85, 0.15], f1=[1.0, 0.2, 1.0])
    assert aurc(outcomes) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert ece(outcomes) == pytest.approx((0.05 + 0.85 + 0.85) / 3)


def test_intervals_hold_the_value_and_are_the_same_every_time() -> None:
    scores = score_all(make(), resamples=200)
    assert scores == score_all(make(), resamples=200)
    assert list(scores) == list(SCORES)
    for name, score in scores.items():
        assert score.low <= score.value <= score.high, name


def test_what_the_gold_set_cannot_tell_is_nan() -> None:
    outcomes = small(answerable=[True, True], confidence=[0.3, 0.9])
    scores = score_all(outcomes, resamples=20)
    assert math.isnan(scores["answerable_auroc"].value)
    assert math.isnan(scores["false_answer_rate"].value)
