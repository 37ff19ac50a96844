"""Where the answers of a gold set stand."""

from pathlib import Path

import pytest

from eval.gold import Evidence, Item, places, resolve
from eval.inputs import load_gold
from index.errors import GoldError

TEXTS = {"docs/a.txt": "The tank holds 260 litres. The pump draws 2 kW.", "docs/b.txt": "It weighs 260 kg."}


def test_evidence_documents_are_found_by_the_end_of_their_path() -> None:
    item = Item("1", "?", ("260",), (Evidence("a.txt", "The tank"),))
    assert resolve(item, TEXTS, TEXTS.__getitem__).evidence[0].document == "docs/a.txt"
    with pytest.raises(GoldError, match="not in the library"):
        resolve(Item("1", "?", ("x",), (Evidence("c.txt", "x"),)), TEXTS, TEXTS.__getitem__)
    with pytest.raises(GoldError, match="could be any of"):
        resolve(item, ["x/a.txt", "y/a.txt"], TEXTS.__getitem__)


def test_evidence_without_a_document_is_in_the_one_that_has_the_quote() -> None:
    def resolved(quote: str) -> tuple[Evidence, ...]:
        return resolve(Item("1", "?", ("260",), (Evidence("", quote),)), TEXTS, TEXTS.__getitem__).evidence

    assert resolved("It weighs 260 kg.") == (Evidence("docs/b.txt", "It weighs 260 kg."),)
    with pytest.raises(GoldError, match=r"Question 1: its evidence '260' stands in docs/a.txt, docs/b.txt; name one"):
        resolved("260")
    with pytest.raises(GoldError, match="its evidence 'nowhere' stands in no document"):
        resolved("nowhere")


def test_a_document_without_a_quote_is_quoted_where_it_says_the_answer() -> None:
    text = "Cork is a city. It has a port.\n\n- Ferries leave Cork daily.\n- Liners call."
    documents = {"docs/c.txt": text, "docs/d.txt": "Cork, too."}

    def resolved(*answers: str) -> tuple[Evidence, ...]:
        return resolve(Item("1", "?", answers, (Evidence("c.txt", ""),)), documents, documents.__getitem__).evidence

    assert [piece.quote for piece in resolved("Cork", "Cobh")] == ["Cork is a city.", "- Ferries leave Cork daily."]
    assert {piece.document for piece in resolved("Cork", "port")} == {"docs/c.txt"}
    with pytest.raises(GoldError, match=r"Question 1: its document 'c.txt' contains none of its answers\.$"):
        resolved("Cobh")


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


def test_the_shipped_dialogues_are_sound() -> None:
    folder = Path("eval/gold")
    items = load_gold(folder / "dialogues.jsonl").items
    texts = {str(path): path.read_text(encoding="utf-8") for path in (folder / "documents").iterdir()}
    follow_ups = [item for item in items if item.follows]
    assert len(items) - len(follow_ups) >= 32
    assert sum(not item.answers for item in follow_ups) >= 12
    for item in items:
        assert bool(places(resolve(item, texts, texts.__getitem__), texts.__getitem__, list(texts))) == bool(
            item.answers
        ), item.id
        for piece in item.evidence:
            assert any(answer in piece.quote for answer in item.answers), item.id
