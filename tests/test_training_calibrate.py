import random

import numpy as np

from index.library import Library
from index.types import Document
from rag.calibration import Calibration
from rag.squad import Paragraph, Question
from rag.training.calibrate import Asked, draw, drawn, fit, reliability, rows
from tests.fakes import OverlapReader

CORK = "The harbour at Cobh is deep."
CLARE = "The harbour at Kilrush is wide."
ASKED = Question("1", "How is the harbour at Cobh?", ((CORK.index("deep"), "deep"),))
PARAGRAPHS = [
    Paragraph("Harbours", CORK, (ASKED,)),
    Paragraph("Harbours", CLARE, (Question("2", "Is the harbour at Kilrush wide?", ()),)),
]


def test_a_question_is_drawn_with_one_about_another_name() -> None:
    drawn = draw(PARAGRAPHS[:1] + PARAGRAPHS, 99, random.Random(1))
    assert len(drawn) == 3
    assert {each.other for each in drawn if each.question == ASKED} == {"How is the harbour at Kilrush?"}
    assert len(draw(PARAGRAPHS, 1, random.Random(1))) == 1


def test_a_row_as_it_is_one_withheld_and_one_about_another_name(library: Library) -> None:
    library.add([Document.from_text(p.context[15:19], p.context) for p in PARAGRAPHS])
    collected = list(rows(library, OverlapReader(), [Asked(PARAGRAPHS[0], ASKED, "How is the harbour at Kilrush?")]))
    assert [(right, answerable) for _, right, answerable in collected] == [(True, True), (False, False), (False, False)]
    as_it_is, withheld, _ = (values for values, _, _ in collected)
    assert as_it_is[0] > withheld[0], "the passage about Cobh is gone"
    without_another = list(rows(library, OverlapReader(), [Asked(PARAGRAPHS[0], ASKED, None)]))
    assert without_another == collected[:2]


def test_the_fit_is_calibrated_for_its_share_of_unanswerable_questions() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=4000)
    right = rng.random(4000) < 1 / (1 + np.exp(1 - 2 * scores))
    collected = [((float(s), 0.0), bool(r), i % 3 > 0) for i, (s, r) in enumerate(zip(scores, right, strict=True))]
    weights, bias = fit(collected)
    assert np.allclose([*weights, bias], [2, 0, -1], atol=0.2), "the model that drew the labels"
    assert abs(Calibration(tuple(weights), bias, 0.5).confidence((0.5, 0.0)) - 0.5) < 0.05


def test_reliability_as_a_table_and_as_a_chart() -> None:
    found = [(0.04, False, True), (0.06, True, True), (0.92, True, True), (1.0, True, False)]
    assert reliability(found).splitlines() == [
        "confidence | n | mean | right",
        ".0–.1 | 2 | 5 | 50",
        ".9–1 | 2 | 96 | 100",
    ]
    chart = drawn(found).splitlines()
    assert chart[0] == "```mermaid"
    assert [line.strip() for line in chart[2:-1]] == [
        'x-axis "mean confidence, percent" ["5", "96"]',
        'y-axis "right, percent" 0 --> 100',
        "bar [50, 100]",
        "line [5, 96]",
    ]
