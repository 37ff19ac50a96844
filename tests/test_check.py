"""Damaged libraries: nothing is answered from what is not as it was written, and `footnote check` mends it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.catalog import connect
from index.check import check
from index.errors import LibraryError
from index.library import Library
from index.repair import repair
from index.snapshot import Snapshots
from index.types import Summary
from tests.fakes import WordEmbedder
from tests.old_libraries import TO_FORMAT_4, take_checksums
from tests.test_library import QUESTION, snapshot
from ui.cli import main

ROOT = Path(__file__).parents[1]
LEXICAL = ["lexical_data", "lexical_content"]
UPLOADED = "The pilot lives at Kinsale."
TABLES = [
    "contents",
    "passages",
    "documents",
    "facts",
    "vectors",
    "tokens",
    "files",
    "lexical_data",
    "lexical_content",
    "feedback",
]


@pytest.fixture
def filled(library: Library, files: Path, tmp_path: Path) -> Library:
    """Two files, and an upload that is nowhere else."""
    library.update([str(files)])
    (tmp_path / "upload").write_text(UPLOADED)
    library.add_files([("pilot.txt", tmp_path / "upload")])
    return library


def database(library: Library) -> Path:
    return library.folder / "library.sqlite"


def damage(library: Library, words: str) -> None:
    """Turn a bit wherever these words stand in the file."""
    data, found = bytearray(database(library).read_bytes()), -1
    while (found := data.find(words.encode(), found + 1)) >= 0:
        data[found] ^= 1
    database(library).write_bytes(data)


def page_of(library: Library, table: str) -> int:
    with closing(connect(database(library))) as db:
        return int(db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).get)


def damage_page(library: Library, table: str) -> None:
    data = bytearray(database(library).read_bytes())
    data[page_of(library, table) * 4096 - 2000] ^= 4
    database(library).write_bytes(data)


def everything(library: Library) -> object:
    return library.documents(), library.search(QUESTION, 9), [library.text(e.path) for e in library.documents()]


def test_a_whole_library(filled: Library) -> None:
    assert list(check(filled.folder)) == []


@pytest.mark.parametrize("read", [everything, lambda library: library.update([])])
@pytest.mark.parametrize("table", ["contents", "passages", "documents", "facts", "vectors", "lexical_data"])
def test_what_is_damaged_is_not_answered_from(filled: Library, table: str, read: Callable[[Library], object]) -> None:
    damage_page(filled, table)
    if read is not everything and table in ("contents", "lexical_data"):
        read = everything  # an update that changes nothing has no need of them
    with pytest.raises(LibraryError, match=r"^The library .* is damaged: .* footnote check --repair --library"):
        read(Library(filled.folder, WordEmbedder()))


@pytest.mark.parametrize(
    "table",
    [*TABLES, "documents_by_content", "passages_by_text", "passages_by_content", "sqlite_autoindex_documents_1"],
)
def test_what_can_be_had_again_is_mended(filled: Library, table: str) -> None:
    expected = everything(filled)
    damage_page(filled, table)
    findings = list(check(filled.folder))
    assert findings
    names = table == "documents"
    lost = names or table == "files"
    mendings = repair(filled.folder, WordEmbedder(), findings)
    assert any(mending.lost for mending in mendings) == lost
    assert list(check(filled.folder)) == []
    again = Library(filled.folder, WordEmbedder())
    if not names:
        assert everything(again) == expected
        assert again.source("pilot.txt") == (None if table == "files" else UPLOADED.encode())
    assert (filled.folder / "library.sqlite.damaged").stat().st_mode & 0o777 == 0o600


def test_a_document_without_its_name(filled: Library) -> None:
    damage_page(filled, "documents")
    lost = [mending.message for mending in repair(filled.folder, WordEmbedder(), list(check(filled.folder)))]
    assert f"A document that begins with {UPLOADED!r} has lost its name; add it again." in lost
    assert Library(filled.folder, WordEmbedder()).documents() == []


def test_a_text_that_is_lost_is_said_by_name(filled: Library, files: Path) -> None:
    """Its file is another now, so its document is taken out rather than answered from."""
    for page in ("contents", "files"):
        damage_page(filled, page)
    (files / "harbour.txt").unlink()
    mendings = repair(filled.folder, WordEmbedder(), list(check(filled.folder)))
    lost = {mending.document: mending.message for mending in mendings if mending.lost}
    assert lost == {
        str(files / "harbour.txt"): f"'{files / 'harbour.txt'}' has a text that cannot be read; add it again.",
        "pilot.txt": "'pilot.txt' has a text that cannot be read; add it again.",
        "": "1 of 3 documents are here again.",
    }
    again = Library(filled.folder, WordEmbedder())
    assert [entry.path for entry in again.documents()] == [str(files / "ferry.md")]
    assert again.search("Rathlin", 1)[1][0].passage.text.startswith("# Ferry")


def test_passages_of_a_text_without_its_source_are_cut_again(filled: Library, files: Path) -> None:
    damage_page(filled, "passages")
    (files / "harbour.txt").write_text("Other.")
    mendings = repair(filled.folder, WordEmbedder(), list(check(filled.folder)))
    (lost,) = [mending.message for mending in mendings if mending.lost]
    assert lost.endswith("its text is whole, but its pages and headings are lost: add it again to have them.")
    again = Library(filled.folder, WordEmbedder())
    assert "Cobh" in again.search("Where do liners call?", 1)[1][0].passage.text


def test_a_file_that_is_no_database_any_more(filled: Library, files: Path) -> None:
    database(filled).write_bytes(b"Dear diary, " * 1000)
    findings = list(check(filled.folder))
    assert [finding.message for finding in findings] == ["library.sqlite cannot be read (file is not a database)."]
    (mending,) = repair(filled.folder, WordEmbedder(), findings)
    assert mending.message.startswith("Nothing of the documents could be saved; index them again with: footnote index")
    assert (filled.folder / "library.sqlite.damaged").read_bytes().startswith(b"Dear diary")
    assert Library(filled.folder, WordEmbedder()).update([str(files)]) == Summary(added=2)
    assert list(check(filled.folder)) == []


def test_a_library_whose_last_changes_are_lost(filled: Library, files: Path) -> None:
    """As by a damaged -wal, of which SQLite drops what follows without a word."""
    before = database(filled).read_bytes()
    (files / "new.txt").write_text("Newer than what is in the file.")
    filled.update([str(files)])
    database(filled).write_bytes(before)
    for read in (everything, lambda library: library.update([str(files)])):
        with pytest.raises(LibraryError, match=r"library\.sqlite is older than vectors-\d+\.faiss and has lost"):
            read(Library(filled.folder, WordEmbedder()))
    findings = list(check(filled.folder))
    assert [mending.lost for mending in repair(filled.folder, WordEmbedder(), findings)] == [True] * bool(findings)
    assert list(check(filled.folder)) == []


def test_vectors_that_are_not_of_their_texts_lengths(filled: Library) -> None:
    """Written by SQLite, whole as far as it can tell."""
    expected = everything(filled)
    with closing(connect(database(filled))) as db:
        db.execute("UPDATE vectors SET vector = zeroblob(length(vector)) WHERE rowid = 1")
        db.execute("DELETE FROM vectors WHERE rowid = 2")
    snapshot(filled).unlink()
    with pytest.raises(LibraryError, match=r"4 passages have 3 vectors"):
        everything(Library(filled.folder, WordEmbedder()))
    findings = list(check(filled.folder))
    assert {finding.message.partition("has ")[2] for finding in findings} == {
        "vectors that are not as they were written."
    }
    repair(filled.folder, WordEmbedder(), findings)
    assert everything(Library(filled.folder, WordEmbedder())) == expected


def test_a_library_whose_first_update_was_stopped_is_whole(
    library: Library, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(snapshots: Snapshots) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Snapshots, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        library.update([str(files)])
    assert len(library.documents()) == 2
    assert not list(library.folder.glob("vectors-*"))
    assert list(check(library.folder)) == []


def test_the_snapshot_alone(filled: Library) -> None:
    snapshot(filled).write_bytes(b"")
    before = database(filled).stat().st_ino
    (finding,) = check(filled.folder)
    assert finding.message == "The file of the vector index is missing or not as it was written."
    assert repair(filled.folder, WordEmbedder(), [finding]) == []
    assert list(check(filled.folder)) == []
    assert database(filled).stat().st_ino == before, "library.sqlite is the same"


def test_an_older_library_is_given_checksums(filled: Library) -> None:
    expected = everything(filled)
    with closing(connect(database(filled))) as db:
        db.execute(TO_FORMAT_4)
    take_checksums(database(filled))
    database(filled).chmod(0o644)
    old = Library(filled.folder, WordEmbedder())
    old.add([])
    assert everything(old) == expected
    assert database(filled).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in filled.folder.glob("library*")) == ["library.sqlite"]
    damage(filled, "liners".title())
    with pytest.raises(LibraryError, match="is damaged"):
        everything(Library(filled.folder, WordEmbedder()))


@pytest.mark.parametrize("place", range(16, 24))
def test_a_header_that_turns_the_checksums_off(filled: Library, place: int) -> None:
    whole = database(filled).read_bytes()
    for bit in range(8):
        data = bytearray(whole)
        data[place] ^= 1 << bit
        database(filled).write_bytes(data)
        with pytest.raises(LibraryError, match=r"is damaged|cannot be used \(file is not a database"):
            everything(Library(filled.folder, WordEmbedder()))


FLIPS = "import json, sys; from pathlib import Path; from tests.flip_bits import main\n"
FLIPS += "print(json.dumps(main(Path(sys.argv[1]), 20, 7, files=12)))"


def test_no_flipped_bit_is_silent(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # FAISS's threads do not survive a fork
    command = [sys.executable, "-c", FLIPS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures.get("silent", 0) == 0, done.stderr
    assert figures["said"] > 3
    assert figures["said"] + figures["harmless"] == 20


@pytest.mark.integration
def test_the_command(tmp_path: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--library", str(tmp_path / "library")]
    assert main(["check", *at]) == 2
    assert "There is no library in" in capsys.readouterr().err
    assert main(["index", str(files), *at]) == 0
    capsys.readouterr()
    assert main(["check", *at]) == 0
    assert capsys.readouterr().out == "The library is whole.\n"
    whole = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "library").iterdir()}
    assert main(["check", "--repair", *at]) == 0
    assert capsys.readouterr().out == "The library is whole; nothing was to be mended.\n"
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "library").iterdir()} == whole
    path = tmp_path / "library" / "library.sqlite"
    data = bytearray(path.read_bytes())
    for page in range(2 * 4096, len(data), 4096):
        data[page + 1000] ^= 1
    path.write_bytes(data)
    assert main(["check", *at, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["whole"] is False
    assert said["damaged"]
    assert main(["index", str(files), *at]) == 2
    assert main(["ask", QUESTION, *at]) == 2
    assert capsys.readouterr().err.count("footnote check --repair --library") == 2
    assert main(["check", "--repair", *at]) == 2, "nothing could be read"
    said_of_loss = capsys.readouterr().out
    assert "index them again with: footnote index PATH" in said_of_loss
    assert said_of_loss.endswith("The library can be used again, without what is lost.\n")
    assert main(["index", str(files), *at]) == 0
    assert main(["check", *at]) == 0
