"""The library on disk: kept in step with files, safe among threads and processes, its cache never missed."""

import os
import sqlite3
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.errors import DocumentError
from index.library import Library
from index.types import Document, Failure, Summary
from tests.fakes import WordEmbedder

QUESTION = "Where does the ferry to Rathlin leave?"


def paths(library: Library) -> list[str]:
    return [entry.path for entry in library.documents()]


def generation(library: Library) -> int:
    with Catalog(library.folder).reading() as records:
        return records.generation


def snapshot(library: Library) -> Path:
    (path,) = library.folder.glob("vectors-*")
    return path


def test_a_folder_becomes_searchable(library: Library, files: Path) -> None:
    assert library.update([str(files)]) == Summary(added=2)
    dense, lexical = library.search(QUESTION, 5)
    assert dense[0].passage == lexical[0].passage
    assert dense[0].passage.text == "# Ferry\n\nThe ferry to Rathlin leaves Ballycastle."
    assert [hit.score for hit in dense] == sorted((hit.score for hit in dense), reverse=True)
    for passage in library.passages():
        assert library.text(passage.document)[passage.start : passage.end] == passage.text


def test_indexing_again_costs_nothing(library: Library, files: Path) -> None:
    library.update([str(files)])
    embedder = WordEmbedder()
    again = Library(library.folder, embedder)
    before = generation(library), snapshot(library).stat().st_mtime_ns
    assert again.update([str(files)]) == Summary(unchanged=2)
    assert (generation(library), snapshot(library).stat().st_mtime_ns) == before
    assert embedder.calls == []


def test_a_changed_file_is_replaced(library: Library, files: Path) -> None:
    library.update([str(files)])
    (files / "harbour.txt").write_text("The harbour at Cobh is deep.\n\nThe lighthouse at Hook is old.\n")
    assert library.update([str(files)]) == Summary(updated=1, unchanged=1)
    assert not any("Liners" in passage.text for passage in library.passages())
    assert "lighthouse" in library.search("lighthouse", 1)[1][0].passage.text
    assert library.search("liners", 1)[1] == []


def test_only_new_texts_are_embedded(library: Library, files: Path) -> None:
    library.update([str(files)])
    embedder = WordEmbedder()
    with (files / "ferry.md").open("a") as file:
        file.write("\n# Times\n\nTen sharp.\n")
    Library(library.folder, embedder).update([str(files)])
    assert embedder.calls == ["# Times\n\nTen sharp."]


def test_a_vanished_file_is_removed_with_all_its_traces(library: Library, files: Path) -> None:
    library.update([str(files)])
    (files / "ferry.md").unlink()
    assert library.update([str(files)]) == Summary(removed=1, unchanged=1)
    assert paths(library) == [str(files / "harbour.txt")]
    assert library.search("Rathlin ferry", 5)[1] == []
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        counts = [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("passages", "lexical", "vectors")]
    db.close()
    assert counts == [1, 1, 1]


def test_a_file_leaves_only_with_its_own_folder(library: Library, files: Path, tmp_path: Path) -> None:
    other = tmp_path / "files-2"  # its name begins with the other's
    other.mkdir()
    (other / "far.txt").write_text("Far away.")
    library.update([str(files), str(other)])
    (other / "far.txt").unlink()
    assert library.update([str(files)]) == Summary(unchanged=2), "the other folder was not asked about"
    assert library.update([str(other)]) == Summary(removed=1)


@pytest.mark.parametrize("gone", ["", "harbour.txt"])
def test_a_path_that_is_gone_is_removed(library: Library, files: Path, gone: str) -> None:
    library.update([str(files)])
    files.rename(files.with_name("elsewhere"))
    assert library.update([str(files / gone)]) == Summary(removed=1 if gone else 2)


def test_the_library_does_not_index_itself(library: Library, files: Path) -> None:
    (library.folder / "notes.txt").write_text("Inside.")
    assert library.update([str(library.folder.parent)]) == Summary(added=2)


def test_failures_are_told_and_stop_nothing(library: Library, files: Path) -> None:
    (files / "a.txt").write_bytes(b"\xff")
    missing = str(files / "missing.txt")
    summary = library.update([missing, str(files)])
    assert (summary.added, [failure.path for failure in summary.failures]) == (2, [missing, str(files / "a.txt")])
    assert summary.failures[0].message == f"{missing!r} does not exist; name a file or a folder to index."
    assert "is not UTF-8 text" in summary.failures[1].message


def test_a_file_that_went_bad_stays_as_it_was(library: Library, files: Path) -> None:
    library.update([str(files)])
    (files / "harbour.txt").write_bytes(b"\0")
    summary = library.update([str(files)])
    assert (summary.unchanged, summary.removed, len(summary.failures)) == (1, 0, 1)
    assert library.text(str(files / "harbour.txt")).startswith("The harbour")


def test_a_name_that_is_not_unicode_is_a_failure(library: Library, files: Path) -> None:
    (files / os.fsdecode(b"caf\xe9.txt")).write_text("Coffee.")
    summary = library.update([str(files)])
    name = f"{files}/caf\\udce9.txt"
    assert summary == Summary(
        added=2, failures=(Failure(name, f"'{name}' has a name that is not UTF-8; rename it and index it again."),)
    )


def test_documents_are_called_as_given(library: Library, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    library.update(["ferry.md"])
    assert paths(library) == ["ferry.md"]
    monkeypatch.chdir(files.parent)
    assert library.update(["files"]) == Summary(added=1, unchanged=1), "the same file by another path"
    assert paths(library) == ["files/ferry.md", "files/harbour.txt"]
    assert {passage.document for passage in library.passages()} == {"files/ferry.md", "files/harbour.txt"}


def test_two_files_of_one_name_stay_apart(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text(f"Notes {name}.")
        monkeypatch.chdir(tmp_path / name)
        library.update(["notes.txt"])
    assert library.text("notes.txt") == "Notes one."
    assert library.text(str(tmp_path / "two" / "notes.txt")) == "Notes two."


def test_two_documents_of_the_same_content(library: Library, files: Path) -> None:
    (files / "copy.txt").write_bytes((files / "harbour.txt").read_bytes())
    library.update([str(files)])
    dense, lexical = library.search("deep harbour Cobh", 2)
    both = {str(files / "copy.txt"), str(files / "harbour.txt")}
    assert {hit.passage.document for hit in dense} == {hit.passage.document for hit in lexical} == both
    (files / "copy.txt").unlink()
    library.update([str(files)])
    assert library.search("deep harbour Cobh", 1)[0][0].passage.document == str(files / "harbour.txt")


def test_documents_that_are_not_files(library: Library) -> None:
    library.add([Document.from_text("Cork", "Cork is a city."), Document.from_text("Cobh", "Cobh is a town.")])
    library.add([Document.from_text("Cork", "Cork is on the Lee.")])
    assert [passage.text for passage in library.passages()] == ["Cobh is a town.", "Cork is on the Lee."]
    library.remove("Cobh")
    assert paths(library) == ["Cork"]
    assert [hit.passage.document for hit in library.search("town", 5)[0]] == ["Cork"]


def test_an_unknown_document_gets_a_sentence(library: Library) -> None:
    for ask in (library.text, library.remove):
        with pytest.raises(DocumentError, match=r"^The library has no document 'x'"):
            ask("x")


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.update([]) == Summary()
    assert library.search(QUESTION, 5) == ([], [])


def test_progress_rises_to_one(library: Library, files: Path) -> None:
    told: list[tuple[str, float]] = []
    library.update([str(files)], lambda name, share: told.append((name, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], told[-1]) == (0.0, ("", 1.0))
    assert {name for name, _ in told[:-1]} == {str(files / "ferry.md"), str(files / "harbour.txt")}
