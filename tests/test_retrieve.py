from pathlib import Path

import pytest

from index.library import Library
from index.types import Document, Hit, Passage
from rag.retrieve import fuse, retrieve
from tests.fakes import WordEmbedder


def hit(name: str, start: int = 0) -> Hit:
    return Hit(Passage(name, start, start + 1, "x"), 0.5)


def test_fusion_by_hand() -> None:
    dense, lexical = [hit("p"), hit("q")], [hit("q"), hit("r"), hit("s")]
    fused = fuse([dense, lexical], (1.0, 1.0))
    assert [found.passage.document for found in fused] == ["q", "p", "r", "s"]
    assert [found.score for found in fused] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 63])


def test_weights() -> None:
    fused = fuse([[hit("p")], [hit("q")]], (1.0, 3.0))
    assert [found.passage.document for found in fused] == ["q", "p"]
    assert [found.score for found in fused] == pytest.approx([3 / 61, 1 / 61])


def test_ties_go_by_document_and_place() -> None:
    one, two = [hit("b", 2), hit("c", 1)], [hit("a", 9), hit("c", 0)]
    for rankings in ([one, two], [two, one]):
        found = [found.passage for found in fuse(rankings, (1.0, 1.0))]
        assert [(passage.document, passage.start) for passage in found] == [("a", 9), ("b", 2), ("c", 0), ("c", 1)]


def test_nothing_to_fuse() -> None:
    assert fuse([[], []], (1.0, 1.0)) == []


def test_each_ranking_has_a_weight() -> None:
    with pytest.raises(ValueError, match="zip"):
        fuse([[], []], (1.0,))


def test_the_best_passages_come_first(library: Library) -> None:
    library.add([Document.from_text(name, f"{name} is a town by the sea.") for name in ("Cobh", "Youghal", "Ardmore")])
    hits = retrieve(library, "Is Youghal a town?", 2)
    assert hits[0].passage.text == "Youghal is a town by the sea."
    assert len(hits) == 2
    assert hits == retrieve(Library(library.folder, WordEmbedder()), "Is Youghal a town?", 2)


def test_an_empty_library_has_no_hits(tmp_path: Path) -> None:
    assert retrieve(Library(tmp_path, WordEmbedder(), create=True), "Anything?", 8) == []
