"""Searching some documents only: exactly the ranking of all of them, without the others."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.library import Library
from index.types import Document, Hit
from index.vectors import VectorIndex
from rag.retrieve import retrieve
from tests.fakes import WordEmbedder

WORDS = ["harbour", "ferry", "island", "tide", "buoy", "quay"]
EVERYTHING = 10**4


@pytest.fixture(scope="module")
def harbours(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Fifty small documents of few words, so that many are alike and some are the same."""
    rng = np.random.default_rng(2)
    library = Library(tmp_path_factory.mktemp("selection"), WordEmbedder(), create=True)
    texts = [" ".join(rng.choice(WORDS, size=rng.integers(1, 4))) + "." for _ in range(47)]
    documents = [Document.from_text(f"{number:02}.txt", text) for number, text in enumerate(texts)]
    same = [Document.from_text(name, "The ferry leaves the quay.") for name in ("x.txt", "a.txt", "m.txt")]
    library.add([*documents, *same])
    assert library.passage_count() < 48 < len(library.documents()) == 50
    return library


def paths(library: Library) -> list[str]:
    return [entry.path for entry in library.documents()]


selections = st.sets(st.sampled_from([*(f"{number:02}.txt" for number in range(47)), "x.txt", "a.txt", "m.txt"]))
questions = st.lists(st.sampled_from([*WORDS, "the", "leaves"]), min_size=1, max_size=4).map(" ".join)


def texts_and_scores(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.text, hit.score) for hit in hits]


@given(questions, selections, st.integers(1, 60))
def test_a_selection_is_the_whole_ranking_without_the_rest(
    harbours: Library, question: str, selection: set[str], depth: int
) -> None:
    chosen = {harbours.text(path) for path in selection}
    whole = harbours.search(question, EVERYTHING)
    some = harbours.search(question, depth, selection)
    late = {passage.text: score for passage, score in whole.late.items()}
    assert {late[passage.text] - score for passage, score in some.late.items()} <= {0.0}
    for ranking, hits in zip(whole[:2], some[:2], strict=True):
        kept = [pair for pair in texts_and_scores(ranking) if pair[0] in chosen]
        assert texts_and_scores(hits) == kept[:depth], "the same scores in the same order, ties too"
        assert all(hit.passage.document in selection for hit in hits)
        assert all(harbours.text(hit.passage.document) == hit.passage.text for hit in hits)


@given(questions, st.integers(1, 60))
def test_all_documents_are_no_selection(harbours: Library, question: str, depth: int) -> None:
    assert harbours.search(question, depth, paths(harbours)) == harbours.search(question, depth)
    assert harbours.passages(paths(harbours)) == harbours.passages()


def test_one_content_is_called_by_the_first_selected_path(harbours: Library) -> None:
    def named(*selection: str) -> set[str]:
        dense, lexical, _ = harbours.search("leaves", EVERYTHING, selection)
        return {hit.passage.document for hit in [*dense, *lexical]} | {p.document for p in harbours.passages(selection)}

    assert named("x.txt", "m.txt") == {"m.txt"}
    assert named("x.txt") == {"x.txt"}
    assert named("m.txt", "x.txt", "a.txt") == {"a.txt"}
    assert harbours.search("leaves", 1)[1][0].passage.document == "a.txt"


@pytest.mark.parametrize("selection", [[], ["unknown.txt"], ["cod\udce9.txt", "nul\0.txt", "'; --", "[1]"]])
def test_nothing_selected_finds_nothing(harbours: Library, selection: list[str]) -> None:
    assert harbours.search("ferry", 5, selection) == ([], [], {})
    assert harbours.passages(selection) == []
    assert retrieve(harbours, "ferry", 5, selection) == []


def test_an_unknown_path_is_simply_not_there(harbours: Library) -> None:
    assert harbours.search("ferry", 5, ["x.txt", "unknown.txt"]) == harbours.search("ferry", 5, ["x.txt"])


def test_a_selection_lasts_for_one_search(harbours: Library) -> None:
    before = harbours.search("ferry", EVERYTHING)
    harbours.search("ferry", EVERYTHING, ["x.txt"])
    assert harbours.search("ferry", EVERYTHING) == before


def test_a_selection_follows_the_library(library: Library, files: Path) -> None:
    library.update([str(files)])
    chosen = [str(files / "harbour.txt")]
    assert [hit.passage.document for hit in library.search("ferry", 5, chosen)[0]] == chosen
    (files / "harbour.txt").write_text("The ferry is gone.")
    library.update([str(files)])
    assert [hit.passage.text for hit in library.search("ferry", 5, chosen)[1]] == ["The ferry is gone."]
    library.remove(chosen[0])
    assert library.search("ferry", 5, chosen) == ([], [], {})


def test_more_documents_than_a_statement_has_variables(library: Library) -> None:
    library.add([Document.from_text(f"{number}", f"Buoy number {number}.") for number in range(40)])
    many = [*(f"no {number}" for number in range(300_000)), *map(str, range(30))]
    dense, lexical, _ = library.search("buoy", EVERYTHING, many)
    assert len(dense) == len(lexical) == 30


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.data())
def test_any_depth_is_the_beginning_of_the_whole(kinds: list[int], data: st.DataObject) -> None:
    """Whichever of many equal vectors a search meets first, it takes those of the smallest ids."""
    rows = np.array([(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (0.8, 0.6)], dtype=np.float32)[kinds]
    ids = np.arange(len(rows), dtype=np.int64) * 3 + 1
    among = np.array(sorted(data.draw(st.sets(st.sampled_from(ids.tolist())))), dtype=np.int64)
    index, asked = VectorIndex.build(ids, rows), np.array([1.0, 0.0], dtype=np.float32)
    expected = sorted(zip(ids.tolist(), rows[:, 0].tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    for depth in range(len(rows) + 2):
        assert index.search(asked, depth) == expected[:depth]
        assert index.search(asked, depth, among) == [pair for pair in expected if pair[0] in among][:depth]
