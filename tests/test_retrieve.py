from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.library import Library
from index.types import Document, Hit, Passage
from rag.retrieve import DEPTH, LEXICAL, fuse, retrieve
from tests.fakes import WordEmbedder


def hit(name: str, score: float, start: int = 0) -> Hit:
    return Hit(Passage(name, start, start + 1, "x"), score)


def names(hits: Collection[Hit]) -> list[str]:
    return [found.passage.document for found in hits]


def test_fusion_by_hand() -> None:
    fused = fuse([hit("p", 0.7), hit("q", 0.5)], [hit("q", 10.0), hit("r", 4.0), hit("s", 1.0)], 9)
    assert names(fused) == ["q", "p", "r", "s"]
    assert [found.score for found in fused] == pytest.approx([0.9, 0.7, 0.16, 0.04])
    assert LEXICAL == 0.04


def test_a_passage_that_a_full_ranking_lacks_counts_as_its_last() -> None:
    dense, lexical = [hit("p", 0.7), hit("q", 0.5)], [hit("r", 12.5)]
    assert {found.passage.document: round(found.score, 9) for found in fuse(dense, lexical, 2)} == {
        "p": 0.7,  # the lexical ranking is not full: no word of the question is in p
        "q": 0.5,
        "r": 1.0,  # its cosine is at most that of q, the last of a full ranking
    }


def test_what_a_ranking_leaves_out_never_overtakes_what_it_holds() -> None:
    dense = [hit("p", 0.7), hit("q", 0.5)]
    same = [hit("q", 10.0), hit("r", 10.0)]
    assert names(fuse(dense, same, 2)) == ["p", "q", "r"], "r has q's cosine at most, and a tie goes by name"


def test_ties_go_by_document_and_place() -> None:
    one, two = [hit("b", 0.5, 2), hit("c", 0.5, 1)], [hit("a", 12.5, 9), hit("c", 0.0, 0), hit("c", 0.0, 1)]
    for dense in (one, one[::-1]):
        found = [found.passage for found in fuse(dense, two, 9)]
        assert [(p.document, p.start) for p in found] == [("a", 9), ("b", 2), ("c", 1), ("c", 0)]


def test_nothing_to_fuse() -> None:
    assert fuse([], [], 9) == []


SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=9).map(lambda found: sorted(found, reverse=True))


@given(SCORES, SCORES, st.integers(1, 9))
def test_no_passage_gets_less_than_its_shares(cosines: list[float], points: list[float], depth: int) -> None:
    dense = [hit(f"{n}", score) for n, score in enumerate(cosines[:depth])]
    lexical = [hit(f"{n}", score) for n, score in zip((3, 4, 20, 0, 21, 22, 1, 23, 24), points[:depth], strict=False)]
    fused = {found.passage.document: found.score for found in fuse(dense, lexical, depth)}
    assert fused.keys() == {*names(dense), *names(lexical)}
    assert all(fused[found.passage.document] >= found.score - 1e-9 for found in dense)
    assert all(fused[found.passage.document] >= LEXICAL * found.score - 1e-9 for found in lexical)
    assert max(fused.values()) <= cosines[0] + LEXICAL * points[0] + 1e-9


def test_the_best_passages_come_first(library: Library) -> None:
    library.add([Document.from_text(name, f"{name} is a town by the sea.") for name in ("Cobh", "Youghal", "Ardmore")])
    hits = retrieve(library, "Is Youghal a town?", 2)
    assert hits[0].passage.text == "Youghal is a town by the sea."
    assert len(hits) == 2
    assert hits == retrieve(Library(library.folder, WordEmbedder()), "Is Youghal a town?", 2)


def test_more_may_be_asked_for_than_are_usually_looked_at(library: Library) -> None:
    library.add([Document.from_text(f"{n}", f"Town {n} is by the sea.") for n in range(DEPTH + 20)])
    every = retrieve(library, "Which town is by the sea?", DEPTH + 10)
    assert len(every) == DEPTH + 10
    assert every == sorted(every, key=lambda found: -found.score)


def test_an_empty_library_has_no_hits(tmp_path: Path) -> None:
    assert retrieve(Library(tmp_path, WordEmbedder(), create=True), "Anything?", 8) == []
