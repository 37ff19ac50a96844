"""The scores against hand-computed values and the field's reference implementations."""

import math

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, Success, nDCG
from sklearn.metrics import roc_auc_score

from eval.metrics import SCORES, Outcomes, aurc, best_f1, ece, score_all


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
        verbatim=np.ones(n),
        supported=np.ones(n),
        milliseconds=rng.random(n) * 100,
    )


def test_retrieval_scores_equal_ir_measures() -> None:
    rng = np.random.default_rng(5)
    relevant = rng.random((40, 10)) < 0.2
    discount = 1 / np.log2(np.arange(2, 12))
    base = make(40)
    outcomes = Outcomes(
        **{
            **base.__dict__,
            "answerable": np.ones(40, dtype=bool),
            "rank": np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1.0, np.inf),
            "dcg": relevant @ discount,
            "ideal_dcg": np.array([discount[: k + 1].sum() for k in relevant.sum(axis=1)]),
        }
    )
    judged = [
        ir_measures.Qrel(f"q{q:02}", doc, 1)
        for q in range(40)
        for doc in [*(f"d{d}" for d in range(10) if relevant[q, d]), "never found"]
    ]
    run = [ir_measures.ScoredDoc(f"q{q:02}", f"d{d}", 10.0 - d) for q in range(40) for d in range(10)]
    names = {
        "hit@1": Success @ 1,
        "hit@5": Success @ 5,
        "hit@10": Success @ 10,
        "mrr@10": RR @ 10,
        "ndcg@10": nDCG @ 10,
    }
    reference = ir_measures.calc_aggregate(list(names.values()), judged, run)
    for name, measure in names.items():
        assert SCORES[name](outcomes) == pytest.approx(reference[measure], abs=1e-9), name


def test_auroc_equals_scikit_learn() -> None:
    outcomes = make()
    assert SCORES["answerable_auroc"](outcomes) == pytest.approx(
        roc_auc_score(outcomes.answerable, outcomes.confidence), abs=1e-9
    )


def test_best_f1_is_the_maximum_over_all_thresholds() -> None:
    outcomes = make()
    thresholds = [-1.0, *outcomes.confidence, 2.0]
    tried = [np.where(outcomes.confidence >= t, outcomes.f1, ~outcomes.answerable).mean() for t in thresholds]
    assert best_f1(outcomes) == pytest.approx(max(tried), abs=1e-12)


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
