"""A library that begins with nothing readable, or whose first run failed, is as good as a new one afterwards."""

import json
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.library import Library
from index.types import Document, Summary
from index.vectors import Quantizer, VectorIndex, train
from tests.fakes import WordEmbedder
from tests.serving import QUESTION, assistant, client, served
from tests.test_library_safety import KILLED, run
from ui.cli import main

FRANCE = "The capital of France is Paris.\n"


def update(library: Library, file: Path) -> None:
    library.update([str(file)])


def add_files(library: Library, file: Path) -> None:
    library.add_files([(file.name, file)])


def add_documents(library: Library, file: Path) -> None:
    if file.read_bytes().isascii():
        library.add([Document.from_text(file.name, file.read_text())])


def upload(library: Library, file: Path) -> None:
    with client(served(library)) as http:
        http.post("/api/documents", files=[("files", (file.name, file.read_bytes()))])
        if library.documents():
            assert http.post("/api/ask", json={"question": QUESTION}).json()["answer"] == "Paris"


DOORS = [update, add_files, add_documents, upload]
Door = Callable[[Library, Path], None]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.txt").write_bytes(b"\xff\0\1")
    return tmp_path / "bad.txt"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "france.txt").write_text(FRANCE)
    return tmp_path / "france.txt"


def answers(library: Library) -> None:
    assert assistant(library).answer(QUESTION).text == "Paris"
    dense, lexical, _ = library.search(QUESTION, 5)
    assert [hit.passage.text for hit in dense] == [hit.passage.text for hit in lexical] == [FRANCE.strip()]


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("door", DOORS)
def test_a_library_that_began_with_nothing_works(
    library: Library, bad: Path, good: Path, door: Door, reopened: bool
) -> None:
    door(library, bad)
    assert library.search(QUESTION, 5) == ([], [], {})
    assert list(library.folder.glob("vectors-*")) == [], "an empty library has no snapshot"
    if reopened:
        library = Library(library.folder, WordEmbedder())
    door(library, good)
    answers(library)
    answers(Library(library.folder, WordEmbedder()))


@pytest.mark.parametrize("door", DOORS)
def test_a_library_that_was_emptied_works(library: Library, good: Path, door: Door) -> None:
    door(library, good)
    other = Library(library.folder, WordEmbedder())
    answers(other)
    (entry,) = library.documents()
    library.remove(entry.path)
    assert library.search(QUESTION, 5) == other.search(QUESTION, 5) == ([], [], {})
    assert list(library.folder.glob("vectors-*")) == []
    door(library, good)
    answers(library)
    answers(other)


@pytest.mark.integration
@pytest.mark.parametrize("first", ["index", "ask"])
def test_through_the_command_line(
    tmp_path: Path, bad: Path, good: Path, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ["--library", str(tmp_path / "library")]
    assert main(["index", str(bad), *library]) == 2
    if first == "ask":
        assert main(["ask", QUESTION, *library]) == 2
        assert "The library holds no documents yet" in capsys.readouterr().err
    assert main(["index", str(good), *library]) == 0
    capsys.readouterr()
    assert main(["ask", QUESTION, *library, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == "Paris"


def as_before(library: Library) -> None:
    """What an empty library wrote before: a snapshot of vectors of length 0, believed ever after."""
    path = library.folder / "vectors-1.faiss"
    with Catalog(library.folder).writing() as records:
        records.put_snapshot(f"1 0 {VectorIndex.empty(0).save(path)}")


@pytest.mark.parametrize("door", DOORS)
def test_a_library_that_was_broken_so_before_works(library: Library, bad: Path, good: Path, door: Door) -> None:
    door(library, bad)
    as_before(library)
    library = Library(library.folder, WordEmbedder())
    assert library.search(QUESTION, 5) == ([], [], {})
    door(library, good)
    answers(library)
    answers(Library(library.folder, WordEmbedder()))
    assert [path.name for path in library.folder.glob("vectors-*")] != ["vectors-1.faiss"]


def test_a_library_that_stored_a_document_and_then_broke_works(library: Library, good: Path) -> None:
    library.update([str(good)])
    as_before(library)
    answers(Library(library.folder, WordEmbedder()))
    again = Library(library.folder, WordEmbedder())
    assert again.update([str(good)]) == Summary(unchanged=1)
    answers(again)


@pytest.mark.parametrize("wrong", ["dimension", "count", "kind"])
def test_a_snapshot_of_other_vectors_is_made_again(library: Library, good: Path, wrong: str) -> None:
    """It has the checksum that SQLite knows, and is not of the vectors there."""
    library.update([str(good)])
    (path,) = library.folder.glob("vectors-*")
    embedder = WordEmbedder(dimension=8 if wrong == "dimension" else 64)
    other = VectorIndex.empty(embedder.dimension)
    with Catalog(library.folder).writing() as records:
        ids, vectors = next(records.vectors.blocks())
        if wrong != "count":
            other.add(ids, embedder.encode_passages([FRANCE]))
        if wrong == "kind":
            other = VectorIndex.build(ids, vectors, Quantizer(train(vectors, 1), 1, 1, 1.0))
        records.set_fact("snapshot", f"{records.generation} {ids[-1]} {other.save(path)}")
    answers(Library(library.folder, WordEmbedder()))
    again = Library(library.folder, WordEmbedder())
    again.update([str(good)])
    answers(again)
    assert VectorIndex.build(ids, vectors).save(path.with_name("expected")) in open_facts(library)["snapshot"]


def open_facts(library: Library) -> dict[str, str]:
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        facts = dict(db.execute("SELECT name, value FROM facts"))
    db.close()
    return facts


def test_an_empty_library_serves_another_embedder(library: Library, bad: Path, good: Path) -> None:
    library.update([str(bad)])
    other = Library(library.folder, WordEmbedder("others", dimension=32))
    assert other.search(QUESTION, 5) == ([], [], {}), "there is nothing to be embedded again"
    other.update([str(good)])
    answers(other)


def test_a_database_file_of_no_bytes_is_a_new_library(tmp_path: Path, good: Path) -> None:
    """What is left by a run that was killed before it made the tables."""
    for name in ("library.sqlite", "write.lock"):
        (tmp_path / name).touch()
    library = Library(tmp_path, WordEmbedder())
    assert library.search(QUESTION, 5) == ([], [], {})
    library.update([str(good)])
    answers(library)


def test_a_first_run_that_was_killed(library: Library, tmp_path: Path, good: Path) -> None:
    (tmp_path / "kinsale.txt").write_text("The harbour at Kinsale is old.")
    with run(KILLED, library.folder, tmp_path / "kinsale.txt") as process:
        assert process.wait() == -signal.SIGKILL
    again = Library(library.folder, WordEmbedder())
    assert again.search(QUESTION, 5) == ([], [], {})
    again.update([str(good)])
    answers(again)
