"""What fails a run, and how differences are shown."""

import json
import math
from io import StringIO

import pytest
from rich.console import Console

from eval.compare import LOW_IS_GOOD, Comparison, Difference
from eval.metrics import SCORES, Score
from eval.verdict import (
    TESTED,
    comparison_json,
    comparison_table,
    failures,
    fall,
    parse_floor,
    significant_falls,
)
from index.errors import FootnoteError


def changed(name: str, p: float, difference: float = -0.1) -> Difference:
    return Difference(name, 0.5, 0.5 + difference, difference, difference - 0.1, difference + 0.1, p)


def test_falls_are_corrected_for_how_many_are_watched() -> None:
    one, two, three = changed("f1", 0.02), changed("em", 0.04), changed("hit@1", 0.03)
    assert significant_falls([two]) == [two]
    assert significant_falls([one, two]) == [one, two], "0.02 ≤ 0.05 / 2, then 0.04 ≤ 0.05"
    assert significant_falls([one, two, three]) == [], "0.02 > 0.05 / 3"
    assert significant_falls([one, two, three], alpha=0.06) == [one, three, two]
    assert significant_falls([changed("ece", 0.01)]) == [], "lower is better"
    assert significant_falls([changed("ece", 0.01, 0.1)]) != []
    assert significant_falls([changed("f1", 0.01, 0.1)]) == []
    assert significant_falls([changed("latency_p50_ms", 0.001, 50.0)]) == []
    assert significant_falls([]) == []
    assert fall(one) == "f1 fell from 50.0 % to 40.0 % (p 0.020)."
    assert fall(changed("aurc", 0.0001, 0.2)) == "aurc rose from 50.0 % to 70.0 % (p < 0.001)."


def test_every_score_has_a_direction() -> None:
    assert set(SCORES) >= LOW_IS_GOOD
    assert set(TESTED) == {name for name in SCORES if "latency" not in name}


def test_floors() -> None:
    assert parse_floor("f1=0.7") == ("f1", 0.7)
    assert parse_floor(" hit@5 = 1 ") == ("hit@5", 1.0)
    assert parse_floor("latency_p95_ms=2e3") == ("latency_p95_ms", 2000.0)
    scores = {"f1": Score(0.65, 0.6, 0.7), "ece": Score(0.2, 0.1, 0.3), "hit@1": Score(math.nan, math.nan, math.nan)}
    assert failures(scores, [("f1", 0.65), ("ece", 0.2)]) == []
    assert failures(scores, [("f1", 0.7), ("ece", 0.15), ("hit@1", 0.5)]) == [
        "f1 is 65.0 %, below 70.0 %.",
        "ece is 20.0 %, above 15.0 %.",
        "hit@1 has no value on this gold set; it was to be 50.0 %.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f1", "Expected SCORE=VALUE, such as f1=0.7; found 'f1'. The scores are hit@1, "),
        ("", "found ''"),
        ("f2=0.5", "found 'f2=0.5'. The scores are"),
        ("f1=", "Expected a share from 0 to 1 in 'f1='; found ''."),
        ("f1=high", "found 'high'"),
        ("f1=70", "Expected a share from 0 to 1 in 'f1=70'; found '70'."),
        ("f1=nan", "found 'nan'"),
        ("ece=-0.1", "found '-0.1'"),
        ("latency_p50_ms=-1", "Expected milliseconds in"),
    ],
)
def test_floors_that_are_none(text: str, said: str) -> None:
    with pytest.raises(FootnoteError) as raised:
        parse_floor(text)
    assert said in str(raised.value)


def test_the_table_and_the_json() -> None:
    better, worse = changed("f1", 0.002, 0.1), changed("em", 0.0004)
    unknown = Difference("hit@1", 0.5, *[math.nan] * 5)
    slower = Difference("latency_p50_ms", 20.0, 25.5, 5.5, 1.0, 9.0, 0.2)
    comparison = Comparison(1200, 3, (better, worse, unknown, slower))
    shown = Console(width=110, file=StringIO())
    shown.print(comparison_table(comparison))
    assert isinstance(shown.file, StringIO)
    lines = [line.split() for line in shown.file.getvalue().splitlines() if line.strip()]
    assert " ".join(lines[0]) == "Against the baseline, over 1,200 questions; 3 in one run alone are left out"
    assert lines[3:7] == [
        ["f1", "50.0", "%", "60.0", "%", "+10.0", "+0.0", "…", "+20.0", "0.002", "better"],
        ["em", "50.0", "%", "40.0", "%", "-10.0", "-20.0", "…", "+0.0", "<", "0.001", "worse"],
        ["hit@1", "50.0", "%", "–", "–"],
        ["latency_p50_ms", "20.0", "ms", "25.5", "ms", "+5.5", "+1.0", "…", "+9.0", "0.200"],
    ]
    found = json.loads(json.dumps(comparison_json(comparison)))
    assert (found["n"], found["left_out"]) == (1200, 3)
    assert found["differences"]["latency_p50_ms"] == {
        "before": 20.0,
        "now": 25.5,
        "difference": 5.5,
        "low": 1.0,
        "high": 9.0,
        "p": 0.2,
    }
