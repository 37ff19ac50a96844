"""The library on disk: kept in step with files, safe among threads and processes, its cache never missed."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.errors import DocumentError
from index.library import Library
from index.types import Document, Failure, Notice, Summary
from tests.fakes import WordEmbedder
from tests.test_format_pdf import lines, make, picture

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
    dense, lexical, _ = library.search(QUESTION, 5)
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
    path = str(files / gone)
    told = f"{path!r} is there no more: what the library held of it is removed."
    assert library.update([path]) == Summary(removed=1 if gone else 2, warnings=(told,))


def test_the_library_does_not_index_itself(library: Library, files: Path) -> None:
    (library.folder / "notes.txt").write_text("Inside.")
    assert library.update([str(library.folder.parent)]) == Summary(added=2)


def test_failures_are_told_and_stop_nothing(library: Library, files: Path) -> None:
    (files / "a.txt").write_bytes(b"a\0b")
    missing = str(files / "missing.txt")
    summary = library.update([missing, str(files)])
    assert (summary.added, [failure.path for failure in summary.failures]) == (2, [missing, str(files / "a.txt")])
    assert summary.failures[0].message == f"{missing!r} does not exist; name a file or a folder to index."
    assert "is a binary file" in summary.failures[1].message


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


def test_links_in_a_circle_and_pipes_hold_up_nothing(library: Library, files: Path) -> None:
    (files / "loop.txt").symlink_to(files / "loop.txt")
    (files / "up").symlink_to(files)
    os.mkfifo(files / "pipe.txt")
    summary = library.update([str(files)])
    assert (summary.added, len(summary.skipped)) == (2, 3)
    failures = library.update([str(files / "loop.txt"), str(files / "pipe.txt"), "nul\0.txt"]).failures
    assert "cannot be searched for files" in failures[0].message
    assert "cannot be searched for files" in failures[1].message
    assert failures[2].message == f"'{files}/pipe.txt' is not a file but a device or a pipe; name a file or a folder."


@pytest.mark.parametrize("name", ["two\nlines.txt", "cod\u202etxt.exe.txt", "a 'quoted' ?#%.txt", "\u05d0\u05d1.txt"])
def test_names_that_are_strange(library: Library, files: Path, name: str) -> None:
    (files / name).write_text("The lighthouse at Hook.")
    assert library.update([str(files)]) == Summary(added=3)
    assert found(library, "lighthouse") == [str(files / name)]
    assert library.update([str(files)]) == Summary(unchanged=3)


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


def test_the_same_content_is_stored_once(library: Library, files: Path) -> None:
    (files / "a copy.txt").write_bytes((files / "harbour.txt").read_bytes())
    assert library.update([str(files)]) == Summary(added=3)
    assert library.passage_count() == 3, "two of the ferry, one of the harbour"
    assert paths(library) == [str(files / name) for name in ("a copy.txt", "ferry.md", "harbour.txt")]
    assert library.text(str(files / "a copy.txt")) == library.text(str(files / "harbour.txt"))
    assert found(library, "deep harbour") == [str(files / "a copy.txt")]
    (files / "a copy.txt").unlink()
    assert library.update([str(files)]) == Summary(removed=1, unchanged=2)
    assert found(library, "deep harbour") == [str(files / "harbour.txt")]


def found(library: Library, question: str) -> list[str]:
    """Documents that hold a word of the question."""
    return [hit.passage.document for hit in library.search(question, 5)[1]]


def test_a_copy_outlives_the_change_of_its_original(library: Library, files: Path) -> None:
    library.update([str(files)])
    (files / "z.txt").write_bytes((files / "harbour.txt").read_bytes())
    (files / "harbour.txt").write_text("Filled in.")
    embedder = WordEmbedder()
    assert Library(library.folder, embedder).update([str(files)]) == Summary(added=1, updated=1, unchanged=1)
    assert embedder.calls == ["Filled in."], "the copy keeps the vectors of the original"
    assert found(library, "deep") == [str(files / "z.txt")]
    assert len(library.search("deep", 9)[0]) == library.passage_count() == 4


def test_the_same_bytes_as_another_kind_of_file_are_another_text(library: Library, files: Path) -> None:
    (files / "ferry.txt").write_bytes((files / "ferry.md").read_bytes())
    assert library.update([str(files)]) == Summary(added=3)
    assert found(library, "twelve pounds") == [str(files / "ferry.md"), str(files / "ferry.txt")]


def test_a_moved_file_is_recognised(library: Library, files: Path, tmp_path: Path) -> None:
    library.update([str(files)])
    embedder = WordEmbedder()
    again = Library(library.folder, embedder)
    (files / "harbour.txt").rename(files / "port.txt")
    assert again.update([str(files)]) == Summary(moved=1, unchanged=1)
    assert found(library, "deep") == [str(files / "port.txt")]
    (tmp_path / "elsewhere").mkdir()
    (files / "port.txt").rename(tmp_path / "elsewhere" / "port.txt")
    assert again.update([str(tmp_path / "elsewhere")]) == Summary(moved=1), "though its old folder was not named"
    assert again.update([str(files)]) == Summary(unchanged=1)
    assert (len(paths(again)), embedder.calls) == (2, [])


def test_two_files_change_names(library: Library, files: Path) -> None:
    (files / "port.txt").write_text("The port of Foynes.")
    library.update([str(files)])
    (files / "port.txt").rename(files / "x.txt")
    (files / "harbour.txt").rename(files / "port.txt")
    (files / "x.txt").rename(files / "harbour.txt")
    assert library.update([str(files)]) == Summary(updated=2, unchanged=1)
    assert found(library, "Foynes") == [str(files / "harbour.txt")]
    assert found(library, "deep") == [str(files / "port.txt")]
    assert len(library.search("deep", 9)[0]) == library.passage_count() == 4


def test_what_an_edit_leaves_as_it_was_is_still_found_by_meaning(library: Library, files: Path) -> None:
    library.update([str(files)])
    with (files / "ferry.md").open("a") as file:
        file.write("\n# Times\n\nTen sharp.\n")
    library.update([str(files)])
    assert len(library.search(QUESTION, 9)[0]) == library.passage_count() == 4
    assert library.search(QUESTION, 1)[0][0].passage.text.endswith("The ferry to Rathlin leaves Ballycastle.")


def half_a_pdf(folder: Path) -> Path:
    """A PDF whose second page is a picture."""
    path = folder / "half.pdf"
    path.write_bytes(make(lines("Text of the first page."), picture))
    return path


def test_what_was_not_read_is_told_and_remembered(library: Library, files: Path) -> None:
    half = half_a_pdf(files)
    warning = f"{str(half)!r}: page 2 is a picture without text, which cannot be searched."
    assert library.update([str(files)]) == Summary(added=3, warnings=(warning,))
    note = Notice(str(half), str(half), "partly read", warning)
    assert library.notices() == [note]
    assert library.update([str(files)]) == Summary(unchanged=3)
    assert library.notices() == [note]
    copied = files / "copy.pdf"
    copied.write_bytes(half.read_bytes())
    assert library.update([str(files)]).warnings == (warning,), "the same content, under another name too"
    assert [notice.path for notice in library.notices()] == [str(copied), str(half)]
    library.dismiss(str(half))
    assert library.update([str(files)]) == Summary(unchanged=4)
    assert [notice.path for notice in library.notices()] == [str(copied)]
    copied.unlink()
    library.update([str(files)])
    assert library.notices() == []


def test_a_file_that_failed_is_remembered_until_it_is_read_or_gone(library: Library, files: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (files / name).write_bytes(b"%PDF-1.4 and no more")
    failures = library.update([str(files)]).failures
    assert [(notice.path, notice.problem) for notice in library.notices()] == [
        (str(files / "a.pdf"), "failed"),
        (str(files / "b.pdf"), "failed"),
    ]
    assert [notice.message for notice in library.notices()] == [failure.message for failure in failures]
    half_a_pdf(files).replace(files / "a.pdf")
    (files / "b.pdf").unlink()
    library.update([str(files)])
    assert [(notice.path, notice.problem) for notice in library.notices()] == [(str(files / "a.pdf"), "partly read")]


def test_files_that_are_skipped_are_named_with_what_to_do(library: Library, files: Path) -> None:
    for name in ("a.doc", "b.DOC", "deep/c.rtf", "photo.png", "log", ".hidden.doc", "~$a.docx"):
        (files / name).parent.mkdir(exist_ok=True)
        (files / name).write_text("hi")
    summary = library.update([str(files)])
    assert [Path(skipped.path).name for skipped in summary.skipped] == ["a.doc", "b.DOC", "log", "photo.png", "c.rtf"]
    first = f"{str(files / 'a.doc')!r} is not a kind of file Footnote reads; save it as .docx."
    assert summary.skipped[0].message == first
    sentence = (
        f"{str(files)!r}: 5 were left out: a.doc, b.DOC, c.rtf (save it as .docx); "
        "log (save it as PDF or, if it holds plain text, as .txt); "
        "photo.png (run OCR on it (ocrmypdf, for example) and add the PDF)."
    )
    assert summary.warnings == (sentence,)
    assert library.notices() == [Notice(str(files), str(files), "skipped", sentence)]
    for path in files.rglob("*.*"):
        if path.suffix.lower() in (".doc", ".rtf", ".png"):
            path.unlink()
    (files / "log").unlink()
    assert library.update([str(files)]) == Summary(unchanged=2)
    assert library.notices() == []


def test_many_that_are_skipped_are_counted(library: Library, files: Path) -> None:
    for number in range(4):
        (files / f"{number}.doc").write_text("hi")
        (files / f"{number}.RTF").write_text("hi")
    (files / "nowhere").symlink_to(files / "gone")
    [warning] = library.update([str(files)]).warnings
    said = "9 were left out: 4 .rtf, 4 .doc (save it as .docx); nowhere (is a link to nothing; remove it)."
    assert warning == f"{str(files)!r}: {said}"


def test_what_was_said_of_a_folder_goes_with_it(library: Library, files: Path) -> None:
    (files / "a.doc").write_text("hi")
    (files / "b.pdf").write_bytes(b"%PDF-1.4 and no more")
    library.update([str(files)])
    assert [notice.problem for notice in library.notices()] == ["skipped", "failed"]
    moved = files.rename(files.parent / "moved")
    assert library.update([str(moved)]).moved == 2
    assert {notice.path for notice in library.notices()} == {str(moved), str(moved / "b.pdf")}
    shutil.rmtree(moved)
    gone = f"{str(moved)!r} is there no more: what the library held of it is removed."
    assert library.update([str(moved)]) == Summary(removed=2, warnings=(gone,))
    assert library.notices() == []


def test_links_lead_nowhere_outside_a_folder(library: Library, files: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("The password is swordfish.")
    (tmp_path / "far").mkdir()
    (files / "out.txt").symlink_to(tmp_path / "secret.txt")
    (files / "in.txt").symlink_to(files / "harbour.txt")
    (files / "elsewhere").symlink_to(tmp_path / "far")
    (files / "nowhere.txt").symlink_to(tmp_path / "gone")
    summary = library.update([str(files)])
    assert {Path(skipped.path).name: skipped.message.partition(" is ")[2] for skipped in summary.skipped} == {
        "elsewhere": "a link to a folder; add the folder that it leads to.",
        "nowhere.txt": "a link to nothing; remove it.",
        "out.txt": "a link out of the folder; add the file that it leads to.",
    }
    assert library.search("password swordfish", 5)[1] == []
    assert library.update([str(files / "out.txt")]).added == 1, "one that a person names is followed"


def test_documents_that_are_not_files(library: Library) -> None:
    library.add([Document.from_text("Cork", "Cork is a city."), Document.from_text("Cobh", "Cobh is a town.")])
    library.add([Document.from_text("Cork", "Cork is on the Lee.")])
    assert [passage.text for passage in library.passages()] == ["Cobh is a town.", "Cork is on the Lee."]
    library.remove("Cobh")
    assert paths(library) == ["Cork"]
    assert [hit.passage.document for hit in library.search("town", 5)[0]] == ["Cork"]
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (1,)
    db.close()


def test_an_unknown_document_gets_a_sentence(library: Library) -> None:
    for ask in (library.text, library.remove):
        with pytest.raises(DocumentError, match=r"^The library has no document 'x'"):
            ask("x")


def test_an_empty_library_finds_nothing(library: Library) -> None:
    assert library.update([]) == Summary()
    assert library.search(QUESTION, 5) == ([], [], {})


def test_progress_rises_to_one(library: Library, files: Path) -> None:
    told: list[tuple[str, float, int]] = []
    library.update([str(files)], lambda *report: told.append(report))
    assert told == sorted(told, key=lambda report: report[1:])
    assert (told[0][1:], told[-1]) == ((0.0, 0), ("", 1.0, 3))
    assert {name for name, _, _ in told[:-1]} == {str(files / "ferry.md"), str(files / "harbour.txt")}
