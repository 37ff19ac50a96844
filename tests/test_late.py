"""Late interaction: passages by the best match of each token, and the token vectors that the library keeps for it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import late
from index.catalog import connect
from index.check import check
from index.embedding import SentenceEmbedder
from index.errors import ModelError
from index.late import NO_TOKENS, WIDTH, Codes, asked, coded, decoded, late_interaction
from index.library import Library
from index.repair import repair
from index.types import Document, Passage
from rag.retrieve import LATE, fuse
from tests.fakes import WordEmbedder
from tests.old_libraries import TO_FORMAT_5
from tests.test_library import QUESTION
from tests.test_retrieve import hit, names

codes = st.lists(st.binary(min_size=WIDTH // 4, max_size=WIDTH // 4), max_size=9).map(
    lambda rows: np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(-1, WIDTH // 4)
)


@given(codes, st.lists(codes, max_size=5))
def test_the_mean_of_the_best_cosines(question: Codes, passages: list[Codes]) -> None:
    found = late_interaction(decoded(question), passages)
    expected = []
    for passage in passages:
        asks, says = decoded(question).astype(float), decoded(passage).astype(float)
        cosines = [[a @ s / np.sqrt((a @ a) * (s @ s)) for s in says] for a in asks]
        expected.append(np.mean([max(row) for row in cosines]) if cosines and len(says) else 0.0)
    assert found == pytest.approx(expected, abs=1e-6)


@given(codes.filter(len), codes, codes)
def test_a_score_does_not_depend_on_the_passages_beside(question: Codes, one: Codes, other: Codes) -> None:
    asks = decoded(question)
    alone = late_interaction(asks, [one])
    assert late_interaction(asks, [one, other])[:1] == late_interaction(asks, [other, one])[1:] == alone
    assert late_interaction(asks, [question])[0] == pytest.approx(1, abs=1e-6), "nothing is nearer than itself"


def test_codes_point_where_the_states_did() -> None:
    states = np.random.default_rng(1).normal(size=(200, 384)).astype(np.float32)
    before = asked(states)
    after = decoded(coded(states))
    cosines = (before * after).sum(1) / np.linalg.norm(before, axis=1) / np.linalg.norm(after, axis=1)
    assert coded(states).shape == (200, WIDTH // 4)
    assert cosines.min() > 0.8
    assert cosines.mean() > 0.9
    assert (coded(3 * states) == coded(states)).all(), "of any length"
    assert coded(states[:0]).shape == NO_TOKENS.shape


def test_directions_that_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late.directions.cache_clear()
    monkeypatch.setattr(late, "DIRECTIONS", tmp_path / "directions.safetensors")
    with pytest.raises(ModelError, match=r"directions\.safetensors cannot be read .* install Footnote again"):
        late.directions()
    (tmp_path / "directions.safetensors").write_bytes(b"else")
    with pytest.raises(ModelError, match="is not the file that this version of Footnote has"):
        late.directions()


def test_fusion_adds_it() -> None:
    dense, lexical = [hit("p", 0.7), hit("q", 0.5)], [hit("q", 10.0), hit("r", 4.0)]
    scores = {
        found.passage: score for found, score in zip((dense[0], dense[1], lexical[1]), (0.5, 0.4, 0.9), strict=True)
    }
    fused = fuse(dense, lexical, 9, scores)
    assert names(fused) == ["r", "p", "q"]
    assert [found.score for found in fused] == pytest.approx([0.16 + LATE * 0.9, 0.7 + LATE * 0.5, 0.9 + LATE * 0.4])


def late_of(library: Library) -> dict[Passage, float]:
    return library.search(QUESTION, 9).late


def rows(library: Library) -> int:
    with closing(sqlite3.connect(library.folder / "library.sqlite")) as db:
        return int(db.execute("SELECT count(*) FROM tokens").fetchone()[0])


def test_every_passage_that_is_found_has_it(library: Library, files: Path) -> None:
    library.update([str(files)])
    found = library.search(QUESTION, 9)
    assert found.late.keys() == {each.passage for each in (*found.dense, *found.lexical)}
    assert max(found.late.values()) > min(found.late.values())
    library.add([Document.from_text("marks.txt", "…")])  # has no word
    assert len(late_of(library)) == library.passage_count() == rows(library)
    library.remove("marks.txt")
    assert rows(library) == library.passage_count(), "they go with the passages"


def test_the_next_update_makes_those_of_an_older_library(library: Library, files: Path) -> None:
    library.update([str(files)])
    expected, count = late_of(library), rows(library)
    with closing(connect(library.folder / "library.sqlite")) as db:
        db.execute(TO_FORMAT_5)
    embedder = WordEmbedder()
    old = Library(library.folder, embedder)
    found = old.search(QUESTION, 9)
    assert (found.dense, found.late, embedder.calls) == (library.search(QUESTION, 9).dense, {}, [])
    repair(old.folder, embedder, list(check(old.folder)))
    assert late_of(old) == {}, "nothing is wrong with it"
    old.add([Document.from_text("new.txt", "A new ferry.")])
    assert len(embedder.calls) == count + 1
    old.remove("new.txt")
    assert (late_of(old), rows(old)) == (expected, count)
    old.update([str(files)])
    assert len(embedder.calls) == count + 1, "once"


class StoppedEmbedder(WordEmbedder):
    """Is stopped by a person at its second text."""

    def token_starts(self, text: str) -> list[int]:
        if text.startswith("Two"):
            raise KeyboardInterrupt
        return super().token_starts(text)


def test_what_was_made_before_a_stop_is_kept(library: Library, files: Path) -> None:
    library.update([str(files)])
    expected = late_of(library)
    with closing(connect(library.folder / "library.sqlite")) as db:
        db.execute(TO_FORMAT_5)
    stopped = Library(library.folder, StoppedEmbedder())
    with pytest.raises(KeyboardInterrupt):
        stopped.add([Document.from_text("two.txt", "Two words.")])
    embedder = WordEmbedder()
    again = Library(library.folder, embedder)
    again.add([])
    assert (late_of(again), embedder.calls) == (expected, [])


def test_another_embedder_makes_its_own(library: Library, files: Path) -> None:
    library.update([str(files)])
    other = Library(library.folder, WordEmbedder("others"))
    other.update([str(files)])
    assert len(late_of(other)) == other.passage_count() == rows(other)


@pytest.mark.integration
def test_the_shipped_embedder(embedder: SentenceEmbedder) -> None:
    texts = ["The ferry leaves at noon from the small quay.", "A bread of rye is sour and dark."]
    made = embedder.embed_passages(texts)
    assert np.abs(np.stack([each.vector for each in made]) - embedder.encode_passages(texts)).max() < 1e-6
    vector, question = embedder.embed_question("When does the boat go?")
    assert np.abs(vector - embedder.encode_question("When does the boat go?")).max() < 1e-6
    tokens = [codes for each in made if (codes := each.tokens) is not None]
    assert [len(each) for each in tokens] == [len(embedder.token_starts(text)) for text in texts]
    near, far = late_interaction(question, tokens)
    assert near > far + 0.1
    on_torch = SentenceEmbedder(embedder.folder, torch=True).embed_passages(texts)
    assert [each.tokens.tolist() for each in on_torch if each.tokens is not None] == [each.tolist() for each in tokens]
