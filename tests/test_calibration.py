import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import ModelError
from index.types import Hit, Passage
from rag.calibration import Calibration, features, span_text
from rag.types import Span

TEXTS = ("In Cork, they say.", "The cork!", "Dublin or Cork.")
HITS = [Hit(Passage(f"{number}.txt", 100, 100 + len(text), text), 0.1) for number, text in enumerate(TEXTS)]


def span(passage: int, text: str, score: float) -> Span:
    start = TEXTS[passage].index(text)
    return Span(passage, start, start + len(text), score)


def test_confidence_is_logistic() -> None:
    calibration = Calibration((2.0, 0.5), -1.0, 0.5)
    assert calibration.confidence((0.5, 0.0)) == 0.5
    assert calibration.confidence((1.0, 2.0)) == pytest.approx(1 / (1 + math.exp(-2)))


@pytest.mark.parametrize(("score", "limit"), [(1e300, 1.0), (-1e300, 0.0), (math.inf, 1.0)])
def test_confidence_stays_within_0_and_1(score: float, limit: float) -> None:
    assert Calibration((1.0,), 0.0, 0.5).confidence((score,)) == pytest.approx(limit)


def test_weights_fit_the_features() -> None:
    with pytest.raises(ValueError, match="zip"):
        Calibration((1.0,), 0.0, 0.5).confidence((1.0, 2.0))


def test_span_text() -> None:
    assert span_text(span(2, "Dublin", 1.0), HITS) == "Dublin"


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([span(0, "Cork", 4.0)], (4.0, 10.0, 1.0, 1.0, 0.5)),
        ([span(1, "The cork", 4.0), span(0, "Cork", 3.0), span(2, "Dublin", 1.5)], (4.0, 2.5, 0.5, 2.0, 0.5)),
        ([span(2, "Dublin", 9.0), span(0, "Cork", -5.0), span(1, "cork", -6.0)], (9.0, 10.0, 1 / 3, 1.0, 0.5)),
        ([span(i, t, 1.0) for i, t in [(0, "Cork"), (1, "cork"), (2, "Cork"), (0, "Cork")]], (1.0, 10.0, 1, 3.0, 0.5)),
    ],
)
def test_features_by_hand(spans: list[Span], expected: tuple[float, ...]) -> None:
    assert features("Is it Cork or Clare?", spans, HITS) == pytest.approx((*expected, 0.0))


@pytest.mark.parametrize(
    ("question", "share"),
    [
        ("Where do they say it?", 0.0),
        ("Clare?", 0.0),
        ("Is it in CORK?", 0.0),
        ("Is the HP-200 in Cork?", 2 / 3),
        ("What is the C5+1, and Cork's?", 2 / 3),
        ("In 1920, who was in Clare?", 1.0),
    ],
)
def test_names_and_numbers_that_the_passage_lacks(question: str, share: float) -> None:
    assert features(question, [span(0, "Cork", 4.0)], HITS)[4] == pytest.approx(share)


@pytest.mark.parametrize(("share", "expected"), [(0.5, math.log(0.5)), (0.0, math.log(0.001))])
def test_the_share_of_its_passage(share: float, expected: float) -> None:
    torn = replace(span(0, "Cork", 4.0), share=share)
    assert features("Where?", [torn], HITS)[5] == pytest.approx(expected)


def test_other_spans_of_its_passage_are_rivals_and_do_not_agree() -> None:
    found = features("Where?", [span(2, "Cork", 4.0), span(2, "Dublin", 3.5), span(0, "Cork", 1.0)], HITS)
    assert (found[1], found[3]) == (0.5, 2.0)


def test_load(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps({"weights": [1, 2.5], "bias": -1, "threshold": 0.4}))
    assert Calibration.load(tmp_path / "c.json") == Calibration((1.0, 2.5), -1.0, 0.4)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"weights": 1, "bias": 0, "threshold": 0.5}', "\udcff"])
def test_a_bad_file_gets_one_sentence(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "c.json"
    if content is not None:
        path.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ModelError, match=r"^.* cannot be read \(.*\); install Footnote again\.$"):
        Calibration.load(path)
