"""Plots: their coordinates and captions are what the scores say."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import Outcomes, aurc, ece
from eval.plots import Axes, Plot, confidences, interval, latency, reliability, risk_coverage, ticks

RNG = np.random.default_rng(7)
CONFIDENCE = RNG.random(50)
RIGHT = RNG.random(50) < CONFIDENCE
ANSWERED = CONFIDENCE >= 0.4


def outcomes() -> Outcomes:
    none = np.zeros(50)
    f1 = RIGHT.astype(float)
    return Outcomes(RIGHT, ANSWERED, CONFIDENCE, f1, f1, none, none, none, none, none, none, none, none)


def shapes(plot: Plot, style: str) -> list[dict[str, str]]:
    return [dict(node.attrib) for node in ElementTree.fromstring(plot.svg).iter() if node.get("class") == style]


def test_risk_and_coverage_say_the_area_and_the_threshold() -> None:
    plot = risk_coverage(CONFIDENCE, RIGHT, ANSWERED, 0.4)
    assert f"area below the curve is {100 * aurc(outcomes()):.1f}" in plot.caption
    share, risk = ANSWERED.mean(), (~RIGHT[ANSWERED]).mean()
    axes = Axes("", "")
    assert shapes(plot, "point")[0]["cx"] == str(axes.x(share))
    assert shapes(plot, "point")[0]["cy"] == str(axes.y(risk))
    on_curve = f"{axes.x(share):g} {axes.y(risk):g}"
    assert on_curve in shapes(plot, "curve")[0]["d"], "the threshold's point is on the curve"
    assert plot.rows[-1] == ("100\N{NO-BREAK SPACE}%", f"{100 * (~RIGHT).mean():.1f}\N{NO-BREAK SPACE}%")


def test_nothing_answered_has_no_point() -> None:
    plot = risk_coverage(CONFIDENCE, RIGHT, np.zeros(50, dtype=bool), 2.0)
    assert shapes(plot, "point") == []


def test_reliability_says_the_error_and_counts_every_question() -> None:
    plot = reliability(CONFIDENCE, RIGHT)
    assert f"mean distance is {100 * ece(outcomes()):.1f}" in plot.caption
    assert sum(int(row[1]) for row in plot.rows) == 50
    assert len(shapes(plot, "bar")) == len(plot.rows) <= 10


def test_confidences_count_both_kinds_of_question() -> None:
    plot = confidences(np.array([0.0, 0.12, 0.5, 1.0]), np.array([True, False, True, True]), 0.4)
    assert [row[1:] for row in plot.rows] == [("1", "0"), ("0", "1"), ("1", "0"), ("1", "0")]
    axes = Axes("", "")
    assert shapes(plot, "threshold")[0]["x1"] == str(axes.x(0.4))
    assert len(shapes(plot, "bar other")) == 1


def test_latency_counts_the_slow_in_the_last_bar() -> None:
    plot = latency(np.array([100.0] * 95 + [120.0] * 4 + [9000.0]))
    assert "Half of the answers took 100 ms" in plot.caption
    assert "counts 1 that took longer" in plot.caption
    assert "9000 ms" in plot.caption
    assert sum(int(row[1]) for row in plot.rows) == 100


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=30))
def test_any_latency_is_drawn(milliseconds: list[float]) -> None:
    plot = latency(np.array(milliseconds))
    assert sum(int(row[1]) for row in plot.rows) == len(milliseconds)
    ElementTree.fromstring(plot.svg)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 6
    assert all(low - 1e-6 <= value <= low + width + 1e-6 for value in found)


@pytest.mark.parametrize("n", [1, 2, 3000])
def test_any_number_of_questions_is_drawn_inside_the_frame(n: int) -> None:
    confidence, yes = np.linspace(0, 1, n), np.arange(n) % 3 == 0
    plots = (
        risk_coverage(confidence, yes, yes, 0.5),
        reliability(confidence, yes),
        confidences(confidence, yes, 0.5),
        latency(confidence * 1000),
    )
    for plot in plots:
        assert "nan" not in plot.svg
        assert len(plot.svg) < 20_000
        root = ElementTree.fromstring(plot.svg)
        assert root.get("role") == "img" and root.get("aria-label")
        for node in root.iter():
            for name, most in (("x", 440), ("y", 300), ("cx", 440), ("cy", 300)):
                assert 0 <= float(node.get(name, 0)) <= most


def test_an_interval_is_where_it_belongs() -> None:
    drawn = interval(0.2, 0.5, 0.9, 1.0)
    assert re.findall(r'x="([\d.]+)" y="3" width="([\d.]+)"', drawn) == [("22", "70")]
