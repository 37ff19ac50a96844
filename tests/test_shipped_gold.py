import re
from pathlib import Path

import pytest

from eval.gold import Item, places
from eval.inputs import load_gold
from index.loaders import load
from index.survey import find_files

FOLDER = Path(__file__).parents[1] / "eval" / "gold"
TEXTS = {path.name: load(path, path.name).text for path in find_files(FOLDER / "documents")}
ITEMS = load_gold(FOLDER / "questions.jsonl").items
ABOUT = {
    "briefing": "briefing.txt",
    "manual": "heat-pump-manual.md",
    "policy": "remote-work-policy.md",
    "lease": "equipment-lease-terms.md",
    "minutes": "harbour-board-minutes.html",
    "datasheet": "sensor-datasheet.md",
}
JOINED = ("multi", "list")  # their answers join several places


def kind(item: Item) -> str:
    return item.id.partition("-")[0]


def holds(text: str, answer: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE) is not None


def evidence(item: Item) -> str:
    return "\n".join(piece.quote for piece in item.evidence)


def test_documents_and_kinds() -> None:
    assert set(TEXTS) == set(ABOUT.values())
    assert {kind(item) for item in ITEMS} == {*ABOUT, *JOINED}
    for name, text in TEXTS.items():
        assert 500 <= len(text.split()) <= 1500, name


def test_its_size() -> None:
    assert len(ITEMS) >= 190
    assert 4 * sum(not item.answers for item in ITEMS) >= len(ITEMS)
    for name in ABOUT:
        of_kind = [item for item in ITEMS if kind(item) == name]
        assert len(of_kind) >= 20, name
        assert 4 * sum(not item.answers for item in of_kind) >= len(of_kind), name
        assert any(item.answers for item in of_kind), name
    for name in JOINED:
        assert sum(bool(item.answers) for item in ITEMS if kind(item) == name) >= 8, name


def test_no_question_is_asked_twice() -> None:
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert len({re.sub(r"\W+", " ", item.question).strip().lower() for item in ITEMS}) == len(ITEMS)


@pytest.mark.parametrize("item", ITEMS, ids=[item.id for item in ITEMS])
def test_evidence_stands_in_its_document(item: Item) -> None:
    assert bool(item.evidence) == bool(item.answers)
    assert len(item.answers) == len(set(item.answers))
    for piece in item.evidence:
        assert TEXTS[piece.document].count(piece.quote) == 1, piece.quote
        assert kind(item) in JOINED or piece.document == ABOUT[kind(item)]
    assert bool(places(item, TEXTS.__getitem__, list(TEXTS))) == bool(item.answers)


@pytest.mark.parametrize(
    "item", [item for item in ITEMS if item.answers and kind(item) not in JOINED], ids=lambda item: item.id
)
def test_an_answer_stands_in_its_evidence(item: Item) -> None:
    for answer in item.answers:
        assert all(holds(piece.quote, answer) for piece in item.evidence), answer


@pytest.mark.parametrize("item", [item for item in ITEMS if kind(item) == "multi"], ids=lambda item: item.id)
def test_a_joined_answer_takes_two_places(item: Item) -> None:
    assert len(set(item.evidence)) == len(item.evidence) >= 2
    assert any(holds(evidence(item), answer) for answer in item.answers)


@pytest.mark.parametrize(
    "item", [item for item in ITEMS if kind(item) == "list" and item.answers], ids=lambda item: item.id
)
def test_a_list_is_accepted_with_semicolons_and_with_commas(item: Item) -> None:
    lists = [answer.split("; ") for answer in item.answers if "; " in answer]
    assert lists
    for parts in lists:
        assert len(set(parts)) == len(parts) >= 2
        assert all(holds(evidence(item), part) for part in parts), parts
        assert ", ".join(parts) in item.answers
