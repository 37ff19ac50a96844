"""Files that a browser uploaded: stored under their name, their bytes kept as long as a document has them."""

import sqlite3
from pathlib import Path

import pytest

from index.errors import LibraryError
from index.library import Library
from index.types import Summary
from tests.fakes import WordEmbedder
from tests.test_library import found, generation, paths
from tests.test_library_safety import run


def upload(folder: Path, name: str, data: bytes) -> tuple[str, Path]:
    """A file as a browser hands it over: somewhere, by a name of its own."""
    file = folder / f"upload-{len(list(folder.glob('upload-*')))}"
    file.write_bytes(data)
    return name, file


def kept(library: Library) -> int:
    """How many files' bytes are in the library."""
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        (count,) = db.execute("SELECT count(*) FROM files").fetchone()
    db.close()
    return int(count)


FERRY, HARBOUR = b"\xef\xbb\xbfThe ferry sails.\r\n", b"The harbour is deep."


def test_an_upload_outlives_its_file(library: Library, tmp_path: Path) -> None:
    name, file = upload(tmp_path, "ferry.txt", FERRY)
    assert library.add_files([(name, file)]) == Summary(added=1)
    file.unlink()
    again = Library(library.folder, WordEmbedder())
    assert again.text("ferry.txt") == "The ferry sails.\n"
    assert again.source("ferry.txt") == FERRY, "to the byte"
    assert found(again, "ferry") == ["ferry.txt"]
    assert [entry.location for entry in again.documents()] == ["added:ferry.txt"]


def test_bytes_of_any_length_are_kept_whole(library: Library, tmp_path: Path) -> None:
    data = b"<p>The ferry sails.</p><!--" + bytes(range(32, 127)) * 30_000 + b"-->"
    library.add_files([upload(tmp_path, "long.html", data)])
    assert library.source("long.html") == data


def test_an_upload_of_the_same_name_replaces_the_first(library: Library, tmp_path: Path) -> None:
    library.add_files([upload(tmp_path, "a.txt", FERRY)])
    assert library.add_files([upload(tmp_path, "a.txt", HARBOUR)]) == Summary(updated=1)
    assert (library.source("a.txt"), kept(library), paths(library)) == (HARBOUR, 1, ["a.txt"])
    assert library.add_files([upload(tmp_path, "a.txt", HARBOUR)]) == Summary(unchanged=1)
    twice = [upload(tmp_path, "a.txt", FERRY), upload(tmp_path, "a.txt", HARBOUR)]
    assert library.add_files(twice) == Summary(unchanged=1), "the last of one name counts"
    assert (library.source("a.txt"), kept(library)) == (HARBOUR, 1)


def test_a_failing_file_stops_nothing(library: Library, tmp_path: Path) -> None:
    files = [
        ("gone.txt", tmp_path / "gone"),
        upload(tmp_path, "song.mp3", b"ID3"),
        upload(tmp_path, "bad.pdf", b"%PDF-1.7 not"),
        upload(tmp_path, "cod\udce9.txt", FERRY),
        upload(tmp_path, "ferry.txt", FERRY),
    ]
    summary = library.add_files(files)
    assert (summary.added, paths(library), kept(library)) == (1, ["ferry.txt"], 1)
    assert {failure.path for failure in summary.failures} == {"gone.txt", "song.mp3", "bad.pdf", "cod?.txt"}
    messages = {failure.path: failure.message for failure in summary.failures}
    assert messages["gone.txt"] == "'gone.txt' cannot be read: No such file or directory."
    assert messages["cod?.txt"] == "'cod\\udce9.txt' is not a name in Unicode; rename it and add it again."
    assert library.add_files([upload(tmp_path, "ferry.txt", b"\0")]).failures[0].path == "ferry.txt"
    assert library.source("ferry.txt") == FERRY, "what was there stays"


def test_the_same_content_is_kept_once_until_the_last_is_removed(library: Library, tmp_path: Path) -> None:
    both = [upload(tmp_path, "a.txt", FERRY), upload(tmp_path, "b.txt", FERRY)]
    assert library.add_files(both) == Summary(added=2)
    assert (kept(library), library.source("a.txt"), library.source("b.txt")) == (1, FERRY, FERRY)
    library.remove("a.txt")
    assert (library.source("a.txt"), library.source("b.txt")) == (None, FERRY)
    library.remove("b.txt")
    assert kept(library) == 0


def test_a_content_that_is_replaced_before_its_copy_is_added(library: Library, tmp_path: Path) -> None:
    library.add_files([upload(tmp_path, "a.txt", FERRY)])
    both = [upload(tmp_path, "a.txt", HARBOUR), upload(tmp_path, "b.txt", FERRY)]
    told: list[float] = []
    assert library.add_files(both, lambda _, share, __: told.append(share)) == Summary(added=1, updated=1)
    assert (library.source("a.txt"), library.source("b.txt")) == (HARBOUR, FERRY)
    assert (max(told), told) == (1.0, sorted(told))


def test_files_on_disk_are_not_copied(library: Library, files: Path) -> None:
    library.update([str(files)])
    path = str(files / "harbour.txt")
    assert (kept(library), library.source(path)) == (0, (files / "harbour.txt").read_bytes())
    (files / "harbour.txt").write_text("Filled in.")
    assert library.source(path) is None, "the file is another now"
    (files / "harbour.txt").unlink()
    assert library.source(path) is None
    assert library.source("unknown") is None


def test_an_upload_of_what_was_indexed_keeps_its_own_bytes(library: Library, files: Path, tmp_path: Path) -> None:
    library.update([str(files)])
    data, embedder = (files / "harbour.txt").read_bytes(), WordEmbedder()
    (files / "harbour.txt").unlink()
    again = Library(library.folder, embedder)
    assert again.add_files([upload(tmp_path, "harbour.txt", data)]) == Summary(added=1), "not moved from there"
    assert (again.source("harbour.txt"), embedder.calls) == (data, [])
    assert again.update([str(files)]) == Summary(removed=1, unchanged=1)
    assert again.source("harbour.txt") == data


def test_a_path_that_is_taken(library: Library, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    library.update(["harbour.txt"])
    library.add_files([upload(tmp_path, "harbour.txt", FERRY)])
    assert paths(library) == ["added:harbour.txt", "harbour.txt"]
    assert library.source("added:harbour.txt") == FERRY
    assert library.source("harbour.txt") == (files / "harbour.txt").read_bytes()


def test_each_file_shows_its_own_progress(library: Library, tmp_path: Path) -> None:
    long = "\n\n".join(f"Number {n} " + "word " * 150 for n in range(200)).encode()
    sent = [upload(tmp_path, "a.txt", long), upload(tmp_path, "bad.txt", b"\0"), upload(tmp_path, "b.txt", long + b".")]
    whole: list[tuple[str, float, int]] = []
    own: list[tuple[str, float, int]] = []
    library.add_files(sent, lambda *report: whole.append(report), lambda *report: own.append(report))
    assert whole == sorted(whole, key=lambda report: report[1:])
    assert (whole[0], whole[-1][:2]) == (("a.txt", 0.0, 0), ("", 1.0))
    assert [name for name, _, _ in own] == sorted((name for name, _, _ in own)), "one after the other"
    for name in ("a.txt", "b.txt"):
        shares = [share for told, share, _ in own if told == name]
        assert (shares[0], shares[-1], shares) == (0.0, 1.0, sorted(shares))
        assert any(0 < share < 1 for share in shares)
    assert "bad.txt" not in {name for name, _, _ in own}


KILLED = """
import os, signal, sys
from pathlib import Path
from index.library import Library
from tests.fakes import WordEmbedder

class Dying(WordEmbedder):
    def encode_passages(self, texts):
        if any("Kinsale" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_passages(texts)

names = [(name, Path(name)) for name in sys.argv[2:]]
Library(Path(sys.argv[1]), Dying()).add_files(names)
"""


def test_a_killed_upload_leaves_whole_files(library: Library, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(FERRY)
    (tmp_path / "b.txt").write_bytes(b"The harbour at Kinsale.")
    with run(KILLED, library.folder, tmp_path / "a.txt", tmp_path / "b.txt") as process:
        assert process.wait() == -9
    again = Library(library.folder, WordEmbedder())
    assert (again.source(str(tmp_path / "a.txt")), kept(again)) == (FERRY, 1)
    assert paths(again) == [str(tmp_path / "a.txt")]


FORMAT_2 = """
CREATE TABLE contents (
    id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (sha256, kind)
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, location TEXT NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE,
    content_id INTEGER NOT NULL REFERENCES contents
);
CREATE INDEX documents_by_content ON documents (content_id);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, turns TEXT NOT NULL DEFAULT '',
    heading TEXT NOT NULL DEFAULT '', text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_content ON passages (content_id);
CREATE INDEX passages_by_text ON passages (text_hash);
CREATE VIRTUAL TABLE lexical USING fts5 (text, context, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE TABLE vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 2;
"""


def tables(folder: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(folder / "library.sqlite") as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL ORDER BY name").fetchall()
    db.close()
    return [(name, " ".join(sql.split())) for name, sql in rows]


def make_format_2(folder: Path, like: Library) -> None:
    """A library of format 2 with the contents of another."""
    folder.mkdir()
    with sqlite3.connect(folder / "library.sqlite") as db:
        db.executescript(FORMAT_2)
        db.execute("ATTACH ? AS new", (str(like.folder / "library.sqlite"),))
        db.execute("INSERT INTO contents SELECT id, sha256, kind, text FROM new.contents")
        for table in ("documents", "passages", "vectors", "facts"):
            db.execute(f"INSERT INTO {table} SELECT * FROM new.{table}")
        db.execute("INSERT INTO lexical (rowid, text, context) SELECT rowid, text, context FROM new.lexical")
    db.close()


def test_a_library_of_format_2_is_kept(library: Library, files: Path, tmp_path: Path) -> None:
    library.update([str(files)])
    library.add_files([upload(tmp_path, "ferry.txt", FERRY)])
    make_format_2(tmp_path / "old", library)
    before, embedder = generation(library), WordEmbedder()
    old = Library(tmp_path / "old", embedder)
    assert old.documents() == library.documents()
    assert old.search("ferry harbour", 9) == (*library.search("ferry harbour", 9)[:2], {})
    assert (generation(old), old.update([str(files)])) == (before, Summary(unchanged=2))
    assert set(embedder.calls) == {passage.embedded for passage in library.passages()}, "for its tokens, once"
    assert old.search("ferry harbour", 9) == library.search("ferry harbour", 9)
    assert tables(tmp_path / "old") == tables(library.folder), "as if it had been made new"
    assert old.source("ferry.txt") is None, "format 2 kept no bytes"
    assert old.add_files([upload(tmp_path, "ferry.txt", FERRY)]) == Summary(unchanged=1)
    assert old.source("ferry.txt") == FERRY


def test_a_write_that_fails_is_a_sentence(library: Library, tmp_path: Path) -> None:
    (library.folder / "write.lock").unlink(missing_ok=True)
    (library.folder / "write.lock").mkdir()
    with pytest.raises(LibraryError, match="cannot be written"):
        library.add_files([upload(tmp_path, "ferry.txt", FERRY)])
