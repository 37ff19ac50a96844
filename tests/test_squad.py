import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.errors import GoldError
from rag.squad import Paragraph, Question, exact_match, is_squad, load_squad, normalize, parse_squad, token_f1

CONTEXT = "😀 Cobh lies in Cork."
RAW: dict[str, Any] = {
    "version": "v2.0",
    "data": [
        {
            "title": "Cobh",
            "paragraphs": [
                {
                    "context": CONTEXT,
                    "qas": [
                        {
                            "id": 1,
                            "question": "Where?",
                            "answers": [{"answer_start": 15, "text": "Cork"}, {"answer_start": 12, "text": "in Cork"}],
                        },
                        {"id": "2", "question": "When?", "is_impossible": True, "answers": []},
                    ],
                }
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Eiffel-Tower!", "eiffeltower"),
        ("  an  apple\ta day ", "apple day"),
        ("U.S.", "us"),
        ("Theatre and a panama", "theatre and panama"),
        ("a.m.", "am"),
        ("", ""),
    ],
)
def test_normalize(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    ("prediction", "answers", "exact", "f1"),
    [
        ("the cat sat", ["A cat sat down"], 0.0, 0.8),
        ("The Cat.", ["dog", "cat"], 1.0, 1.0),
        ("cat cat", ["cat"], 0.0, 2 / 3),
        ("to be to", ["be to be"], 0.0, 2 / 3),
        ("dog", ["cat"], 0.0, 0.0),
        ("", ["cat"], 0.0, 0.0),
        ("", [""], 1.0, 1.0),
        ("the", ["a"], 1.0, 1.0),
        ("cat", [], 0.0, 0.0),
    ],
)
def test_scores(prediction: str, answers: list[str], exact: float, f1: float) -> None:
    assert exact_match(prediction, answers) == exact
    assert token_f1(prediction, answers) == pytest.approx(f1)


def test_parse(tmp_path: Path) -> None:
    where = Question("1", "Where?", ((15, "Cork"), (12, "in Cork")))
    expected = [Paragraph("Cobh", CONTEXT, (where, Question("2", "When?", ())))]
    assert parse_squad(RAW, "cobh.json") == expected
    (tmp_path / "cobh.json").write_text(json.dumps(RAW))
    assert load_squad(tmp_path / "cobh.json") == expected


@pytest.mark.parametrize(("raw", "expected"), [(RAW, True), ({"data": {}}, False), ([], False), ({}, False)])
def test_is_squad(raw: object, expected: bool) -> None:
    assert is_squad(raw) == expected


def paragraph(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["data"][0]["paragraphs"][0]
    return found


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw.pop("data"),
        lambda raw: raw.update(data=3),
        lambda raw: raw.update(data=["x"]),
        lambda raw: raw["data"][0].pop("paragraphs"),
        lambda raw: paragraph(raw).pop("context"),
        lambda raw: paragraph(raw).update(qas=None),
        lambda raw: paragraph(raw)["qas"][0].pop("question"),
        lambda raw: paragraph(raw)["qas"][0].pop("answers"),
        lambda raw: paragraph(raw)["qas"][0].update(answers=["Cork"]),
        lambda raw: paragraph(raw)["qas"][0]["answers"][0].update(answer_start="fifteen"),
    ],
)
def test_what_is_not_squad_gets_one_sentence(harm: Callable[[dict[str, Any]], object]) -> None:
    raw = copy.deepcopy(RAW)
    harm(raw)
    with pytest.raises(GoldError, match=r"^cobh\.json is not SQuAD JSON .*\.$"):
        parse_squad(raw, "cobh.json")


def test_an_answer_stands_where_it_says() -> None:
    raw = copy.deepcopy(RAW)
    paragraph(raw)["context"] = CONTEXT[1:]
    with pytest.raises(GoldError, match=r"^cobh\.json, question 1: answer “Cork” is not at character 15"):
        parse_squad(raw, "cobh.json")
