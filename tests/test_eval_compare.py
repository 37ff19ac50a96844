"""Comparing two runs: the tests against SciPy's and by hand; files that hold a run, and files that hold none."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import permutation_test

from eval.compare import Comparison, Difference, compare, load_run
from eval.metrics import SCORES
from eval.records import Cited, Record, Retrieved, outcomes
from eval.verdict import comparison_json, significant_falls
from index.errors import FootnoteError

Ints = NDArray[np.int64]


def run_of(n: int, seed: int, skill: float = 0.6) -> list[Record]:
    """A run in which everything varies but what the gold set says: two in three are answerable, the first answered."""
    rng = np.random.default_rng(seed)

    def record(i: int) -> Record:
        answerable, answered = bool(i % 3), bool(i < 2 or rng.random() < skill)
        f1 = float(rng.choice([0.0, 0.4, 1.0])) * answerable
        relevant = tuple(bool(found) for found in rng.random(10) < skill / 4) if answerable else (False,) * 10
        return Record(
            id=str(i),
            question=f"What is {i}?",
            understood=f"What is {i}?",
            answers=(str(i),) if answerable else (),
            evidence=(),
            follows=False,
            answer="x" if answered else None,
            candidate="x",
            confidence=float(np.round(rng.random(), 2)),
            threshold=0.5,
            em=float(f1 == 1.0),
            f1=f1,
            citations=(Cited("a.txt", None, 0, 1, "x"),),
            passages=(Retrieved("a.txt", None, 0, 1, 1.0, "x"),),
            relevant=relevant,
            ideal=sum(relevant) + 1,
            evidence_recall=0.0,
            verbatim=bool(rng.random() < 0.8),
            supported=bool(rng.random() < skill),
            retrieve_ms=float(rng.random()),
            read_ms=float(10 * rng.random()),
        )

    return [record(i) for i in range(n)]


def by_name(comparison: Comparison) -> dict[str, Difference]:
    return {difference.name: difference for difference in comparison.differences}


def scipy_p(now: list[Record], before: list[Record], score: Callable[..., float], n_resamples: float) -> float:
    """The p of SciPy's test, whose samples are the numbers of rows: first those of now, then those of before."""
    rows = outcomes([*now, *before])

    def statistic(x: Ints, y: Ints) -> float:
        return score(rows.take(x)) - score(rows.take(y))

    numbers = np.arange(len(now)), np.arange(len(now)) + len(now)
    found = permutation_test(
        numbers, statistic, permutation_type="samples", n_resamples=n_resamples, rng=np.random.default_rng(4)
    )
    return float(found.pvalue)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_swaps_of_few_questions_as_scipy_has_them(seed: int) -> None:
    now, before = run_of(8, seed), run_of(8, seed + 10, 0.3)
    found = by_name(compare(now, before, resamples=20))
    assert list(found) == list(SCORES)
    for name, score in SCORES.items():
        assert found[name].p == pytest.approx(scipy_p(now, before, score, np.inf)), name
    assert len({round(difference.p, 6) for difference in found.values()}) > 5


def test_random_swaps_as_scipy_has_them() -> None:
    now, before = run_of(40, 0), run_of(40, 1, 0.4)
    found = by_name(compare(now, before, resamples=20))
    for name in ("hit@5", "mrr@10", "f1", "citation_support", "false_refusal_rate"):
        assert found[name].p == pytest.approx(scipy_p(now, before, SCORES[name], 5000), abs=0.03), name
        assert 10_001 * found[name].p == pytest.approx(round(10_001 * found[name].p)), "the runs as they are count"


def test_scores_and_differences_are_those_of_the_runs() -> None:
    now, before = run_of(60, 0), run_of(60, 1, 0.4)
    comparison = compare(now, before, permutations=20, resamples=200)
    for name, difference in by_name(comparison).items():
        was, is_now = SCORES[name](outcomes(before)), SCORES[name](outcomes(now))
        assert (difference.before, difference.now) == pytest.approx((was, is_now)), name
        assert difference.difference == pytest.approx(is_now - was)
        assert difference.low <= difference.difference <= difference.high, name
    assert comparison == compare(now, before, permutations=20, resamples=200), "the same every time"
    assert comparison != compare(now, before, permutations=20, seed=1, resamples=200)


def test_the_interval_is_about_as_wide_as_the_normal_one() -> None:
    now, before = run_of(300, 0), run_of(300, 1)
    found = by_name(compare(now, before, permutations=20))["false_refusal_rate"]
    answerable = [i for i, record in enumerate(now) if record.answers]
    each = np.array([(now[i].answer is None) - (before[i].answer is None) for i in answerable], dtype=float)
    assert found.high - found.low == pytest.approx(2 * 1.96 * each.std() / math.sqrt(len(each)), rel=0.15)


def test_equal_runs_do_not_differ() -> None:
    run = run_of(30, 0)
    for difference in compare(run, run, permutations=200, resamples=50).differences:
        assert (difference.difference, difference.low, difference.high, difference.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_run_that_got_worse() -> None:
    before = run_of(90, 0)
    now = [replace(record, answer=None) if record.answers else replace(record, answer="x") for record in before]
    found = by_name(compare(now, before, resamples=20))
    assert found["f1"].p < 0.001
    falls = significant_falls(list(found.values()))
    assert {"f1", "f1_has", "false_refusal_rate", "false_answer_rate"} <= {d.name for d in falls}
    assert all(d.worse for d in falls)
    better = by_name(compare(before, now, resamples=20))
    assert better["f1"].p == found["f1"].p, "the other way round"
    assert significant_falls(list(better.values())) == []


def test_dialogues_are_swapped_whole() -> None:
    opening = replace(run_of(2, 0)[1], f1=1.0, em=1.0, answer="x")
    turns = [replace(opening, id=str(i), follows=i not in (0, 3, 5)) for i in range(8)]
    right = compare(turns, [replace(turn, f1=0.0) for turn in turns], resamples=20)
    assert by_name(right)["f1"].p == 2 / 2**3, "of three dialogues, either all or none must be swapped"
    apart = [replace(turn, follows=False) for turn in turns]
    assert by_name(compare(apart, [replace(turn, f1=0.0) for turn in apart], resamples=20))["f1"].p == 2 / 2**8
    alone = [turn for turn in turns if turn.id != "3"]
    kept = compare(turns, [replace(turn, f1=0.0) for turn in alone], resamples=20)
    assert by_name(kept)["f1"].p == 2 / 2**3, "a dialogue whose opening question is left out is one still"


def test_questions_of_one_run_alone_are_left_out() -> None:
    now, before = run_of(12, 0), run_of(12, 1)
    other = [replace(before[0], question="Another?"), replace(before[1], answers=("other",)), *before[4:]]
    comparison = compare(now, other, resamples=20)
    assert (comparison.n, comparison.left_out) == (8, 6)
    assert comparison.differences == compare(now[4:], before[4:], resamples=20).differences
    with pytest.raises(
        FootnoteError, match="share no question: none of 12 has the id, question and answers of one of 1"
    ):
        compare(now, [replace(before[0], id="x")])


def test_scores_that_a_run_does_not_have() -> None:
    answerable = [record for record in run_of(12, 0) if record.answers]
    silent = [replace(record, answer=None) for record in answerable]
    found = by_name(compare(silent, answerable, resamples=20))
    for name in ("citation_verbatim", "false_answer_rate", "answerable_auroc"):
        difference = found[name]
        assert all(math.isnan(x) for x in (difference.difference, difference.low, difference.high, difference.p)), name
    assert found["citation_verbatim"].before > 0
    assert found["f1"].p <= 1
    unknown = comparison_json(compare(silent, answerable, resamples=20))["differences"]
    assert isinstance(unknown, dict)
    assert unknown["false_answer_rate"] == dict.fromkeys(("before", "now", "difference", "low", "high", "p"))
    assert "false_answer_rate" not in {d.name for d in significant_falls(list(found.values()))}


def test_an_earlier_run_is_found_by_any_of_its_files(tmp_path: Path) -> None:
    run = run_of(5, 0)
    lines = "".join(json.dumps(asdict(record)) + "\n" for record in run)
    (tmp_path / "questions.jsonl").write_text(lines)
    (tmp_path / "scores.json").write_text("{}")
    for path in (tmp_path, tmp_path / "questions.jsonl", tmp_path / "scores.json"):
        assert load_run(path) == [record.slim for record in run]
    (tmp_path / "renamed.jsonl").write_text(lines + '{"id": "6", "quest')
    assert load_run(tmp_path / "renamed.jsonl") == [record.slim for record in run], "a torn last line"
    (tmp_path / "renamed.jsonl").write_text(lines.rstrip("\n"))
    assert len(load_run(tmp_path / "renamed.jsonl")) == 5


def test_earlier_runs_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FootnoteError, match=r"questions\.jsonl' cannot be read: No such file or directory; expe"):
        load_run(tmp_path)
    with pytest.raises(FootnoteError, match=r"x' cannot be read: No such file"):
        load_run(tmp_path / "x")
    file = tmp_path / "questions.jsonl"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(FootnoteError, match="it is not UTF-8 text"):
        load_run(file)
    line = asdict(run_of(1, 0)[0])
    for raw in ("{}", "7", "not JSON", json.dumps({**line, "more": 1}), json.dumps({**line, "f1": "high"})):
        file.write_text(f"{json.dumps(line)}\n{raw}\n")
        with pytest.raises(FootnoteError, match=r"Line 2 of the baseline '.*' is not a question's record \(.*\);"):
            load_run(tmp_path)
    file.write_text("")
    with pytest.raises(FootnoteError, match="holds no questions"):
        load_run(tmp_path)
