"""The library when its files are harmed, its processes killed and its users many."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest

import index.library
from index.catalog import connect, text_hash
from index.embedding import Vectors
from index.errors import LibraryError
from index.intake import BATCH
from index.library import Library, Rankings
from index.schema import VERSION
from index.types import Document, Summary
from tests.fakes import WordEmbedder
from tests.test_library import QUESTION, snapshot

ROOT = Path(__file__).parents[1]


# The FAISS file is a cache.


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: path.write_bytes(b"")])
def test_a_lost_cache_is_rebuilt_without_embedding(library: Library, files: Path, harm: object) -> None:
    library.update([str(files)])
    expected, path = library.search(QUESTION, 5), snapshot(library)
    whole = path.read_bytes()
    assert callable(harm)
    harm(path)
    embedder = WordEmbedder()
    again = Library(library.folder, embedder)
    assert again.search(QUESTION, 5) == expected
    again.update([str(files)])
    assert embedder.calls == []
    assert snapshot(library).read_bytes() == whole, "an update writes it anew"


def test_a_stale_cache_is_not_used(library: Library, files: Path) -> None:
    library.update([str(files)])
    stale = snapshot(library).read_bytes()
    (files / "harbour.txt").write_text("The lighthouse at Hook is old.")
    library.update([str(files)])
    expected = library.search("old lighthouse", 3)
    assert expected[0][0].passage.document == str(files / "harbour.txt")
    snapshot(library).write_bytes(stale)
    assert Library(library.folder, WordEmbedder()).search("old lighthouse", 3) == expected


# A library that is not as it should be.


def test_no_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"^There is no library in .*; make one with: footnote index PATH"):
        Library(tmp_path, WordEmbedder())
    assert list(tmp_path.iterdir()) == [], "asking makes nothing"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match=r"cannot be made: (Not a directory|File exists)\.$"):
        Library(tmp_path / "file" / "library", WordEmbedder(), create=True)


def test_a_library_of_a_newer_version(library: Library) -> None:
    with closing(connect(library.folder / "library.sqlite")) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(LibraryError, match=rf"by a newer Footnote \(format {VERSION + 1}, this one knows {VERSION}\)"):
        Library(library.folder, WordEmbedder())


FORMAT_1 = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, location TEXT NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_text ON passages (text_hash);
CREATE VIRTUAL TABLE lexical USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE TABLE vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_a_library_of_format_1_is_kept_and_read_anew(tmp_path: Path, files: Path) -> None:
    old, embedder = "The harbour at Cobh is deep.", WordEmbedder()
    location = str(files / "harbour.txt")
    with sqlite3.connect(tmp_path / "library.sqlite") as db:
        db.executescript(FORMAT_1)
        db.execute("INSERT INTO documents VALUES (7, ?, 'harbour.txt', 'hash', ?)", (location, old))
        db.execute("INSERT INTO passages VALUES (9, 7, 0, ?, NULL, ?)", (len(old), text_hash(old)))
        db.execute("INSERT INTO lexical (rowid, text) VALUES (9, ?)", (old,))
        db.execute("INSERT INTO vectors VALUES (?, ?)", (text_hash(old), embedder.encode_question(old).tobytes()))
        db.executemany("INSERT INTO facts VALUES (?, ?)", [("generation", "1"), ("embedder", "words")])
    db.close()
    library = Library(tmp_path, embedder)
    assert library.text("harbour.txt") == old
    dense, lexical, _ = library.search("deep harbour", 5)
    assert [hit.passage.text for hit in dense] == [hit.passage.text for hit in lexical] == [old]
    assert library.update([location]) == Summary(updated=1)
    assert library.text(location).endswith("Liners call in summer.\n")
    assert (len(library.search("Cobh", 5)[1]), library.passage_count()) == (1, 1)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_text("Dear diary, " * 100)
    with pytest.raises(LibraryError, match=r"is damaged: file is not a database; see what is lost and mend it"):
        Library(tmp_path, WordEmbedder())
    assert (tmp_path / "library.sqlite").read_text() == "Dear diary, " * 100


def test_another_embedder(library: Library, files: Path) -> None:
    library.update([str(files)])
    embedder = WordEmbedder("other words", dimension=32)
    other = Library(library.folder, embedder)
    with pytest.raises(LibraryError, match=r"was indexed with another embedder \(words\); run `footnote index`"):
        other.search(QUESTION, 5)
    told: list[str] = []
    assert other.update([], lambda name, *_: told.append(name)) == Summary()
    assert told[0] == "again, because the embedder is another"
    assert embedder.calls == [passage.embedded for passage in other.passages()]
    best = other.search(QUESTION, 5)[0][0]
    assert np.isclose(best.score, embedder.encode_question(best.passage.text) @ embedder.encode_question(QUESTION))
    with pytest.raises(LibraryError, match=r"another embedder \(other words\)"):
        library.search(QUESTION, 5)


# Threads and processes.


def test_two_libraries_on_one_folder_see_each_other(library: Library, files: Path) -> None:
    other = Library(library.folder, WordEmbedder())
    assert other.search(QUESTION, 5) == ([], [], {})
    library.update([str(files)])
    assert other.search(QUESTION, 5) == library.search(QUESTION, 5) != ([], [], {})
    other.remove(str(files / "ferry.md"))
    assert library.search("Rathlin", 5)[1] == []


def test_a_search_sees_one_moment(library: Library) -> None:
    """One document is replaced again and again; no search sees two versions of it or none."""
    library.add([Document.from_text("count", "The count is 0.")])
    done = Event()

    def search() -> list[Rankings]:
        seen = []
        while not done.is_set():
            seen.append(library.search("count", 5))
        return seen

    with ThreadPoolExecutor(3) as pool:
        searches = [pool.submit(search) for _ in range(3)]
        for number in range(1, 25):
            library.add([Document.from_text("count", f"The count is {number}.")])
        done.set()
    seen = [result for future in searches for result in future.result()]
    assert all(len(dense) == len(lexical) == 1 and dense[0].passage == lexical[0].passage for dense, lexical, _ in seen)
    assert len({dense[0].passage.text for dense, _, _ in seen}) > 1, "they ran at the same time"


def test_a_new_library_is_made_once(tmp_path: Path) -> None:
    together = Barrier(6)

    def make(_: int) -> int:
        together.wait()
        return len(Library(tmp_path / "library", WordEmbedder(), create=True).documents())

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(make, range(6))) == [0] * 6


def run(code: str, *args: object) -> "subprocess.Popen[str]":
    """Another process, running in the repository."""
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_one_writer_at_a_time(library: Library, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.library, "LOCK_SECONDS", 0.1)
    hold = "import filelock, sys\nwith filelock.FileLock(sys.argv[1]):\n    print('held', flush=True)\n    input()"
    with run(hold, library.folder / "write.lock") as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LibraryError, match=r"^Another process has been writing .* for 0\.1 seconds; wait"):
            library.update([str(files)])
        assert library.search(QUESTION, 5) == ([], [], {}), "readers do not wait"
        other.communicate("\n")
    assert library.update([str(files)]) == Summary(added=2)


KILLED = """
import os, signal, sys
from pathlib import Path
from index.intake import BATCH
from index.library import Library
from index.schema import VERSION
from tests.fakes import WordEmbedder
from tests.test_library import QUESTION, snapshot

class Dying(WordEmbedder):
    def encode_passages(self, texts):
        if any("Kinsale" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode_passages(texts)

Library(Path(sys.argv[1]), Dying()).update(sys.argv[2:])
"""


def test_a_killed_update_leaves_a_whole_library(library: Library, files: Path) -> None:
    library.update([str(files)])
    before = library.text(str(files / "harbour.txt"))
    (files / "ferry.md").write_text("The ferry to Rathlin sails at noon.")
    (files / "harbour.txt").write_text("The harbour at Kinsale is old.")
    with run(KILLED, library.folder, files) as process:
        assert process.wait() == -signal.SIGKILL
    again = Library(library.folder, WordEmbedder())
    assert again.text(str(files / "harbour.txt")) == before
    assert again.update([str(files)]) == Summary(updated=2)
    assert again.search("Kinsale", 1)[1][0].passage.text == "The harbour at Kinsale is old."


def test_updates_killed_at_100_random_moments(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.kill_updates", str(tmp_path), "100", "4"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # FAISS's threads do not survive a fork
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed"] == 100


class InterruptedEmbedder(WordEmbedder):
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if self.calls:
            raise KeyboardInterrupt
        return super().encode_passages(texts)


def test_an_interrupted_update_goes_on(library: Library, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Number {n} " + "word " * 150 for n in range(100)))
    with pytest.raises(KeyboardInterrupt):
        Library(library.folder, InterruptedEmbedder()).update([str(long)])
    assert (library.documents(), library.passages()) == ([], []), "not half of it"
    embedder = WordEmbedder()
    assert Library(library.folder, embedder).update([str(long)]) == Summary(added=1)
    assert (len(embedder.calls), library.passage_count()) == (100 - BATCH, 100), "what was embedded is kept"
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (100,)
    db.close()


def in_another_process(code: str, *args: object) -> str:
    """What the code prints."""
    with run(TELLING + code, *args) as process:
        return process.communicate()[0]


TELLING = """
import os, resource, signal, sys
from pathlib import Path
from index.catalog import connect
from index.errors import LibraryError
from index.intake import BATCH
from index.library import Library
from index.schema import VERSION
from tests.fakes import WordEmbedder

def tell(act):
    try:
        act()
    except LibraryError as error:
        print(error)

connect(Path(sys.argv[1]) / "library.sqlite").close()  # loads a file that not everybody may read
"""
FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
library = Library(Path(sys.argv[1]), WordEmbedder())
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
tell(lambda: library.update([sys.argv[2]]))
"""


def test_a_full_disk(library: Library, files: Path) -> None:
    library.update([str(files)])
    (files / "long.txt").write_text("\n\n".join(f"Number {n} " + "word " * 150 for n in range(100)))
    said = in_another_process(FULL, library.folder, files)
    assert said.startswith(f"The library {library.folder} cannot be ")
    assert "check the disk and the folder's rights" in said
    assert len(library.documents()) == 2
    assert library.update([str(files)]) == Summary(added=1, unchanged=2)


def show_everybody(folder: Path) -> None:
    """Let others read a library, which they may not as it is made."""
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


READ_ONLY = """
os.setuid(65534)
tell(lambda: Library(Path(sys.argv[1]), WordEmbedder()).update([sys.argv[2]]))
tell(lambda: print(Library(Path(sys.argv[1]), WordEmbedder()).search("ferry", 1)[0][0].passage.document))
tell(lambda: Library(Path(sys.argv[1]) / "new", WordEmbedder(), create=True))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_that_is_read_only() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "ferry.txt").write_text("The ferry sails.")
        library = Library(folder / "library", WordEmbedder(), create=True)
        library.update([str(folder / "ferry.txt")])
        show_everybody(library.folder)
        update, search, make = in_another_process(READ_ONLY, library.folder, folder / "ferry.txt").splitlines()
    assert update == f"The library {library.folder} cannot be written: Permission denied."
    assert search == str(folder / "ferry.txt")
    assert make == f"The library {library.folder / 'new'} cannot be made: Permission denied."


CLOSED = """
import os, sys
from pathlib import Path
from index.check import check
from index.errors import LibraryError
from index.library import Library
from tests.fakes import WordEmbedder

os.setuid(65534)
folder = Path(sys.argv[1])
for use in (lambda at: Library(at, WordEmbedder()), lambda at: Library(at, WordEmbedder(), create=True), check):
    try:
        list(use(folder / "library"))
    except LibraryError as error:
        print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_library_of_somebody_else() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        Library(folder / "library", WordEmbedder(), create=True)
        sentences = in_another_process(CLOSED, folder).splitlines()
    assert len(sentences) == 3
    assert set(sentences) == {
        f"The library {folder / 'library'} cannot be read: Permission denied; "
        "ask its owner for the right to, or choose another with --library."
    }


BEHIND = """
import os, sys
from pathlib import Path
from index.catalog import connect
from index.library import Library
from index.worker import load_document
from tests.fakes import WordEmbedder

load_document(b"One.", "a.txt")  # starts a worker while it may
connect(Path(sys.argv[1]) / "first.sqlite").close()
os.setuid(65534)
library = Library(Path(sys.argv[1]) / "library", WordEmbedder(), create=True)
summary = library.update([sys.argv[2]])
print(summary.added, summary.removed, len(library.documents()))
print(*summary.warnings)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_that_is_closed_hides_no_other_and_removes_nothing() -> None:
    with tempfile.TemporaryDirectory() as name:
        top, files = Path(name), Path(name) / "files"
        for part in ("a", "closed", "z"):
            (files / part).mkdir(parents=True)
            (files / part / "ferry.txt").write_text(f"The ferry {part} sails.")
        top.chmod(0o777)
        assert in_another_process(BEHIND, top, files).split() == ["3", "0", "3"]
        (files / "closed").chmod(0o700)
        told = in_another_process(BEHIND, top, files).splitlines()
    assert told[0] == "0 0 3", "what cannot be seen is not gone"
    reason = "closed (is a folder that cannot be listed (Permission denied); change its rights)"
    assert told[1] == f"{str(files)!r}: 1 was left out: {reason}."


class FailingEmbedder(WordEmbedder):
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        raise ArithmeticError("a bug in the embedder")


def test_a_bug_is_not_hidden_and_changes_nothing(library: Library, files: Path) -> None:
    with pytest.raises(ArithmeticError):
        Library(library.folder, FailingEmbedder()).update([str(files)])
    assert library.documents() == []
    assert library.update([str(files)]) == Summary(added=2), "the lock is free again"
