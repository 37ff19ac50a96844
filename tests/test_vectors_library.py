"""A library that outgrows exact search: its index is trained, carried through changes, written anew and made again."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import index.building
import index.records
import index.snapshot
from index.catalog import Catalog, connect
from index.library import Library
from index.schema import VERSION
from index.types import Document, Hit
from index.vectors import Quantizer, VectorIndex
from tests.fakes import WordEmbedder
from tests.old_libraries import take_checksums
from tests.test_kept_files import tables
from tests.test_library import generation, snapshot

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(5)
WORDS = [f"{start}{end}" for start in ("har", "fer", "isl", "tid", "buo", "qua") for end in ("bour", "ry", "and", "es")]
QUESTIONS = [" ".join(RNG.choice(WORDS, size=4)) for _ in range(20)]


def document(number: int) -> Document:
    """Of three passages, each of words of its own."""
    rng = np.random.default_rng(number)
    parts = [f"# Part {part}\n\n{' '.join(rng.choice(WORDS, size=9))}." for part in range(3)]
    return Document.from_text(f"{number}.md", "\n\n".join(parts) + "\n\n" + f"Number {number} ends. " * 40)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large and what is carried, in libraries of hundreds."""
    monkeypatch.setattr(index.building, "EXACT", 100)
    monkeypatch.setattr(index.building, "QUERIES", 20)
    monkeypatch.setattr(index.snapshot, "CARRIED", 40)


@pytest.fixture
def large(library: Library) -> Library:
    library.add([document(number) for number in range(120)])
    assert library.passage_count() > 200
    return library


def quantizer(library: Library) -> Quantizer | None:
    with Catalog(library.folder).reading() as records:
        return records.vectors.quantizer()


def answers(library: Library) -> list[list[Hit]]:
    return [library.search(question, 20)[0] for question in QUESTIONS]


def reopened(library: Library) -> Library:
    return Library(library.folder, WordEmbedder())


def made_again(library: Library, at: Path) -> Library:
    """A copy without the cache."""
    shutil.copytree(library.folder, at)
    for file in at.glob("vectors-*"):
        file.unlink()
    return Library(at, WordEmbedder())


def true(library: Library) -> list[list[float]]:
    """The ten best cosines, by comparing all."""
    with Catalog(library.folder).reading() as records:
        ids, vectors = map(np.concatenate, zip(*records.vectors.blocks(), strict=True))
    exact = VectorIndex.build(ids, vectors)
    return [[score for _, score in exact.search(WordEmbedder().encode_question(each), 10)] for each in QUESTIONS]


def test_a_small_library_is_searched_exactly(library: Library) -> None:
    library.add([document(number) for number in range(20)])
    assert quantizer(library) is None
    assert [[hit.score for hit in hits[:10]] for hits in answers(library)] == true(library)


def test_a_library_that_outgrows_exact_search_is_trained(large: Library) -> None:
    trained = quantizer(large)
    assert trained is not None
    assert trained.size == large.passage_count()
    assert trained.recall > 0.9
    found = [[hit.score for hit in hits[:10]] for hits in answers(large)]
    right = [len(set(scores) & set(best)) / len(set(best)) for scores, best in zip(found, true(large), strict=True)]
    assert np.mean(right) > 0.9, "and the scores are exact"


def test_a_lost_cache_gives_the_same_answers(large: Library, tmp_path: Path) -> None:
    expected = answers(large)
    assert answers(reopened(large)) == expected
    again = made_again(large, tmp_path / "again")
    assert answers(again) == expected
    again.update([])
    assert snapshot(again).stat().st_size == snapshot(large).stat().st_size
    assert answers(reopened(again)) == expected
    assert (quantizer(again), generation(again)) == (quantizer(large), generation(large)), "not trained again"


def test_a_few_changes_do_not_write_the_snapshot_anew(large: Library, tmp_path: Path) -> None:
    """They are carried: whoever searches finds what was added and not what was removed, as with an index made anew."""
    before, kept = snapshot(large), quantizer(large)
    other = reopened(large)
    other.search("harbour", 5)
    for step, number in enumerate([500, 501, 7, 501]):
        if step < 2:
            large.add([document(number)])
        else:
            large.remove(f"{number}.md")
        assert snapshot(large) == before
        again = made_again(large, tmp_path / f"again {step}")
        assert answers(large) == answers(other) == answers(reopened(large)) == answers(again)
        documents = {hit.passage.document for hits in answers(large) for hit in hits}
        assert documents <= {entry.path for entry in large.documents()}
    assert quantizer(large) == kept


def test_many_changes_write_it_anew(large: Library, tmp_path: Path) -> None:
    before, kept = snapshot(large), quantizer(large)
    large.add([document(number) for number in range(500, 530)])
    large.remove("3.md")
    assert snapshot(large) != before
    assert quantizer(large) == kept, "without training"
    assert answers(large) == answers(reopened(large)) == answers(made_again(large, tmp_path / "again"))


def test_it_is_trained_again_when_it_has_grown_much(large: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = quantizer(large)
    assert trained is not None
    monkeypatch.setattr(index.building, "GROWTH", 1.5)
    large.add([document(number) for number in range(500, 600)])
    again = quantizer(large)
    assert again is not None
    assert again.size == large.passage_count() > 1.5 * trained.size


@pytest.mark.parametrize("texts", [1, 2, 40])
def test_many_passages_of_few_texts(library: Library, texts: int, tmp_path: Path) -> None:
    """Their vectors are too few to learn much from, but they are found."""
    few = [f"The {WORDS[number % 24]} of {WORDS[number // 2 % 24]}." for number in range(texts)]
    library.add([Document(f"{number}.txt", few[number % texts], f"hash {number}") for number in range(150)])
    assert quantizer(library) is not None
    assert len(library.search("harbour", 10**4)[0]) == library.passage_count() == 150
    assert answers(library) == answers(made_again(library, tmp_path / "again"))


def test_a_library_that_shrinks_is_searched_exactly_again(large: Library) -> None:
    for entry in large.documents()[5:]:
        large.remove(entry.path)
    assert quantizer(large) is None
    assert [[hit.score for hit in hits[:10]] for hits in answers(large)] == true(large)
    assert answers(reopened(large)) == answers(large)


def test_a_selection_of_a_large_library(large: Library) -> None:
    paths = [f"{number}.md" for number in range(0, 120, 7)]
    whole = [large.search(question, 10**4)[0] for question in QUESTIONS]
    for question, hits in zip(QUESTIONS, whole, strict=True):
        kept = [hit for hit in hits if hit.passage.document in paths]
        assert large.search(question, 10, paths)[0] == kept[:10]


def test_another_embedder_forgets_what_was_learned(large: Library) -> None:
    before = quantizer(large)
    other = Library(large.folder, WordEmbedder("other words", dimension=32))
    other.update([])
    after = quantizer(other)
    assert before is not None
    assert after is not None
    assert after.trained != before.trained
    assert len(other.search("harbour", 10**4)[0]) == other.passage_count()


def test_pruning_looks_at_what_changed_only(library: Library) -> None:
    """What an interrupted update left is dropped by the next, and what others still use stays."""
    same, embedder = document(1), WordEmbedder()
    library.add([document(0), same, Document("copy.md", same.text, "another")])
    with Catalog(library.folder).writing() as records:
        records.put_vectors(["left behind"], embedder.embed_passages(["left behind"]))
    library.remove("1.md")
    used = {passage.embedded for passage in library.passages()}
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (len(used),)
        assert db.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)
    db.close()
    library.remove("copy.md")
    used = {passage.embedded for passage in library.passages()}
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (len(used),)
    db.close()


# Format 3 had these vectors in a table without row numbers, and none of the tables for change.
TO_FORMAT_3 = """
DROP TABLE tokens; DROP TABLE notices; ALTER TABLE contents DROP COLUMN warning;
DROP TRIGGER passage_removed; DROP TABLE removed; DROP TABLE unsettled; DROP TABLE quantizer;
ALTER TABLE vectors RENAME TO vectors_4;
CREATE TABLE vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO vectors SELECT * FROM vectors_4;
INSERT INTO vectors VALUES (x'00', x'00');
DROP TABLE vectors_4;
UPDATE facts SET value = '7 0123456789abcdef' WHERE name = 'snapshot';
PRAGMA user_version = 3;
"""


def test_a_library_of_format_3_is_kept(library: Library, tmp_path: Path) -> None:
    library.add([document(number) for number in range(20)])
    expected = answers(library)
    shutil.copytree(library.folder, tmp_path / "old")
    with closing(connect(tmp_path / "old" / "library.sqlite")) as db:
        db.execute(TO_FORMAT_3)
    take_checksums(tmp_path / "old" / "library.sqlite")
    embedder = WordEmbedder()
    old = Library(tmp_path / "old", embedder)
    assert answers(old) == expected
    old.remove("3.md")
    library.remove("3.md")
    assert (answers(old), embedder.calls) == (answers(library), [])
    with closing(connect(tmp_path / "old" / "library.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM vectors WHERE text_hash = x'00'").fetchone() == (0,)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert tables(tmp_path / "old") == tables(library.folder), "as if it had been made new"


KILLS = """
import sys
from pathlib import Path
import index.building, index.snapshot
from tests import kill_updates
index.building.EXACT, index.building.QUERIES, index.building.GROWTH, index.snapshot.CARRIED = 60, 20, 1.2, 20
figures = kill_updates.main(Path(sys.argv[1]), 40, 6)
print(figures["killed"])
"""


def test_updates_of_a_large_library_killed_at_random_moments(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # FAISS's threads do not survive a fork
    command = [sys.executable, "-c", KILLS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 40
    assert quantizer(Library(tmp_path / "library", WordEmbedder())) is not None


def test_in_a_large_library_the_rarest_words_choose_what_is_scored(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = [Document.from_text(f"{number}.txt", f"The ferry sails, {number}.") for number in range(60)]
    library.add([*common, Document.from_text("rare.txt", "The pilot boards the ferry.")])
    whole = library.search("Does the pilot ride the ferry?", 100)[1]
    assert len(whole) == 61
    monkeypatch.setattr(index.records, "SCORED", 20)
    few = library.search("Does the pilot ride the ferry?", 100)[1]
    assert few == whole[:1], "with the score of all its words"
    assert len(library.search("ferry", 100)[1]) == 61, "a word alone is looked for wherever it is"
    assert len(library.search("ferry sails", 100)[1]) == 60
    paths = [entry.path for entry in library.documents()]
    assert library.search("pilot ferry", 100, paths)[1][:1] == library.search("pilot ferry", 1)[1]
    monkeypatch.setattr(index.records, "SCORED", 61 + 1)
    assert library.search("Does the pilot ride the ferry?", 100)[1] == whole
