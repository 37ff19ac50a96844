"""Reading gold sets and finding where their answers stand."""

import json
from pathlib import Path

import pytest

from eval.gold import Evidence, Item, load_gold, places, resolve
from index.errors import GoldError

TEXTS = {"docs/a.txt": "The tank holds 260 litres. The pump draws 2 kW.", "docs/b.txt": "It weighs 260 kg."}


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_json_lines(tmp_path: Path) -> None:
    row = {"id": "1", "question": "How much?", "answers": ["260"], "evidence": [{"document": "a.txt", "quote": "260"}]}
    gold = load_gold(write(tmp_path / "gold.jsonl", row, "", {"id": 2, "question": "Why?", "answers": []}))
    assert gold.items == (
        Item("1", "How much?", ("260",), (Evidence("a.txt", "260"),)),
        Item("2", "Why?", ()),
    )


def test_every_malformed_line_is_named(tmp_path: Path) -> None:
    good = {"id": "1", "question": "How?", "answers": []}
    path = write(tmp_path / "gold.jsonl", good, "{", good, {"id": "2"}, {**good, "id": "3", "answers": "x"}, "7")
    with pytest.raises(GoldError) as caught:
        load_gold(path)
    for line in ("line 2 ", "line 3:", "line 4:", "line 5:", "line 6:"):
        assert line in str(caught.value)


def test_dialogues_among_questions(tmp_path: Path) -> None:
    turns = [{"question": "How much?", "answers": ["260"]}, {"question": "Why?", "answers": []}]
    single = {"id": "2", "question": "Who?", "answers": []}
    gold = load_gold(write(tmp_path / "gold.jsonl", {"id": "1", "turns": turns}, single))
    assert gold.items == (
        Item("1.1", "How much?", ("260",)),
        Item("1.2", "Why?", (), follows=True),
        Item("2", "Who?", ()),
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"turns": []}, "it has no id"),
        ({"id": "1", "turns": []}, "its turns are not a list"),
        ({"id": "1", "turns": ["Why?"]}, "its turns are not a list"),
        ({"id": "1", "question": "Why?", "turns": []}, "it has turns and a question"),
        ({"id": "1", "turns": [{"question": "Why?", "answers": []}, {"answers": []}]}, "turn 2: it has no question"),
        ({"id": "0", "turns": [{"question": "Why?", "answers": []}]}, "its id '0.1' is that of line 1 too"),
    ],
)
def test_a_malformed_dialogue_is_named(tmp_path: Path, row: object, problem: str) -> None:
    first = {"id": "0.1", "question": "How?", "answers": []}
    with pytest.raises(GoldError) as caught:
        load_gold(write(tmp_path / "gold.jsonl", first, row))
    assert f"line 2: {problem}" in str(caught.value)


@pytest.mark.parametrize("source", ["", "\n\n", '{"data": []}'])
def test_no_questions(tmp_path: Path, source: str) -> None:
    with pytest.raises(GoldError, match="holds no questions"):
        load_gold(write(tmp_path / "gold.json", source))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"cannot be read: No such file or directory\.$"):
        load_gold(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"caf\xe9")
    with pytest.raises(GoldError, match="is not UTF-8 text"):
        load_gold(tmp_path / "latin.jsonl")


def test_squad_articles_become_documents(tmp_path: Path) -> None:
    answer = {"text": "blue", "answer_start": 7}
    questions = [
        {"id": "q1", "question": "Colour?", "answers": [answer, answer]},
        {"id": "q2", "question": "Height?", "answers": [], "is_impossible": True},
    ]
    paragraphs = [{"context": "Intro.", "qas": []}, {"context": "It was blue.", "qas": questions}]
    gold = load_gold(write(tmp_path / "squad.json", {"data": [{"title": "Sky", "paragraphs": paragraphs}]}))
    assert [(d.path, d.text) for d in gold.documents] == [("Sky", "Intro.\n\nIt was blue.")]
    assert gold.items[0].answers == ("blue",)
    assert gold.items[1].answers == ()
    assert gold.items[0].evidence == (Evidence("Sky", "It was blue."),)


def test_evidence_documents_are_found_by_the_end_of_their_path() -> None:
    item = Item("1", "?", ("260",), (Evidence("a.txt", "The tank"),))
    assert resolve(item, TEXTS).evidence[0].document == "docs/a.txt"
    with pytest.raises(GoldError, match="not in the library"):
        resolve(Item("1", "?", ("x",), (Evidence("c.txt", "x"),)), TEXTS)
    with pytest.raises(GoldError, match="could be any of"):
        resolve(item, ["x/a.txt", "y/a.txt"])


def test_places_are_answers_inside_the_evidence() -> None:
    item = Item("1", "?", ("260 litres", "260"), (Evidence("docs/a.txt", "The tank holds 260 litres."),))
    found = places(item, TEXTS.__getitem__, list(TEXTS))
    assert [TEXTS[p.document][p.start : p.end] for p in found] == ["260 litres"]


def test_places_without_evidence_are_everywhere_and_whole_words() -> None:
    found = places(Item("1", "?", ("260",)), TEXTS.__getitem__, list(TEXTS))
    assert {p.document for p in found} == {"docs/a.txt", "docs/b.txt"}
    assert places(Item("1", "?", ("26",)), TEXTS.__getitem__, list(TEXTS)) == []


def test_a_quote_that_is_not_there_is_an_error() -> None:
    with pytest.raises(GoldError, match="does not contain its evidence"):
        places(Item("1", "?", ("x",), (Evidence("docs/a.txt", "nowhere"),)), TEXTS.__getitem__, list(TEXTS))


def test_the_shipped_gold_set_is_sound() -> None:
    folder = Path("eval/gold")
    gold = load_gold(folder / "questions.jsonl")
    texts = {str(path): path.read_text(encoding="utf-8") for path in (folder / "documents").iterdir()}
    unanswerable = [item for item in gold.items if not item.answers]
    assert len(gold.items) >= 60
    assert 3 * len(unanswerable) >= len(gold.items)
    for item in gold.items:
        assert bool(places(resolve(item, texts), texts.__getitem__, list(texts))) == bool(item.answers), item.id
        for piece in item.evidence:
            assert any(answer in piece.quote for answer in item.answers), item.id


def test_the_shipped_dialogues_are_sound() -> None:
    folder = Path("eval/gold")
    items = load_gold(folder / "dialogues.jsonl").items
    texts = {str(path): path.read_text(encoding="utf-8") for path in (folder / "documents").iterdir()}
    follow_ups = [item for item in items if item.follows]
    assert len(items) - len(follow_ups) >= 32
    assert sum(not item.answers for item in follow_ups) >= 12
    for item in items:
        assert bool(places(resolve(item, texts), texts.__getitem__, list(texts))) == bool(item.answers), item.id
        for piece in item.evidence:
            assert any(answer in piece.quote for answer in item.answers), item.id
