"""The library when its files are harmed, its processes killed and its users many."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event

import numpy as np
import pytest

import index.library
from index.catalog import VERSION
from index.embedding import Vectors
from index.errors import LibraryError
from index.library import Library
from index.types import Document, Hit, Summary
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
    with sqlite3.connect(library.folder / "library.sqlite") as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(LibraryError, match=r"was written by a newer Footnote \(format 2, this one knows 1\); update"):
        Library(library.folder, WordEmbedder())


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_text("Dear diary, " * 100)
    with pytest.raises(LibraryError, match=r"cannot be used \(file is not a database\); check"):
        Library(tmp_path, WordEmbedder())
    assert (tmp_path / "library.sqlite").read_text() == "Dear diary, " * 100


def test_another_embedder(library: Library, files: Path) -> None:
    library.update([str(files)])
    embedder = WordEmbedder("other words", dimension=32)
    other = Library(library.folder, embedder)
    with pytest.raises(LibraryError, match=r"was indexed with another embedder \(words\); run `footnote index`"):
        other.search(QUESTION, 5)
    told: list[str] = []
    assert other.update([], lambda name, share: told.append(name)) == Summary()
    assert told[0] == "again, because the embedder is another"
    assert embedder.calls == [passage.text for passage in other.passages()]
    best = other.search(QUESTION, 5)[0][0]
    assert np.isclose(best.score, embedder.encode_question(best.passage.text) @ embedder.encode_question(QUESTION))
    with pytest.raises(LibraryError, match=r"another embedder \(other words\)"):
        library.search(QUESTION, 5)


# Threads and processes.


def test_two_libraries_on_one_folder_see_each_other(library: Library, files: Path) -> None:
    other = Library(library.folder, WordEmbedder())
    assert other.search(QUESTION, 5) == ([], [])
    library.update([str(files)])
    assert other.search(QUESTION, 5) == library.search(QUESTION, 5) != ([], [])
    other.remove(str(files / "ferry.md"))
    assert library.search("Rathlin", 5)[1] == []


def test_a_search_sees_one_moment(library: Library) -> None:
    """One document is replaced again and again; no search sees two versions of it or none."""
    library.add([Document.from_text("count", "The count is 0.")])
    done = Event()

    def search() -> list[tuple[list[Hit], list[Hit]]]:
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
    assert all(len(dense) == len(lexical) == 1 and dense[0].passage == lexical[0].passage for dense, lexical in seen)
    assert len({dense[0].passage.text for dense, _ in seen}) > 1, "they ran at the same time"


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
        assert library.search(QUESTION, 5) == ([], []), "readers do not wait"
        other.communicate("\n")
    assert library.update([str(files)]) == Summary(added=2)


KILLED = """
import os, signal, sys
from pathlib import Path
from index.library import Library
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
    assert again.search("ferry noon", 1)[0][0].passage.text == "The ferry to Rathlin sails at noon."
    assert again.update([str(files)]) == Summary(updated=1, unchanged=1)
    assert again.search("Kinsale", 1)[1][0].passage.text == "The harbour at Kinsale is old."


class FailingEmbedder(WordEmbedder):
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        raise ArithmeticError("a bug in the embedder")


def test_a_bug_is_not_hidden_and_changes_nothing(library: Library, files: Path) -> None:
    with pytest.raises(ArithmeticError):
        Library(library.folder, FailingEmbedder()).update([str(files)])
    assert library.documents() == []
    assert library.update([str(files)]) == Summary(added=2), "the lock is free again"
