"""What others do to a library while one of them reads and embeds a large file."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from index.embedding import Vectors
from index.errors import LibraryError
from index.library import Library
from index.types import Summary
from tests.fakes import WordEmbedder
from tests.test_library import found, paths

LARGE = "\n\n".join(f"# Part {number}\n\nThe lighthouse number {number} is old." for number in range(300))


class HaltingEmbedder(WordEmbedder):
    """Stops before a text with this word until it is told to go on."""

    def __init__(self, word: str, fingerprint: str = "words") -> None:
        super().__init__(fingerprint)
        self._word = word
        self.halted, self.go_on = Event(), Event()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if any(self._word in text for text in texts) and not self.halted.is_set():
            self.halted.set()
            assert self.go_on.wait(30)
        return super().encode_passages(texts)


@contextmanager
def halted(library: Library, work: Callable[[Library], Summary], word: str) -> Iterator[Future[Summary]]:
    """Work on the library that has come to embed a text with this word, and goes on when this is left."""
    embedder = HaltingEmbedder(word)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work, Library(library.folder, embedder))
        assert embedder.halted.wait(30)
        try:
            yield working
        finally:
            embedder.go_on.set()


def test_adding_a_large_file_holds_up_nobody(
    library: Library, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.library.LOCK_SECONDS", 0.5)
    large, small = tmp_path / "large.md", tmp_path / "small.txt"
    large.write_text(LARGE)
    small.write_text("The pilot boat is orange.")
    library.update([str(files)])
    with halted(library, lambda own: own.add_files([("large.md", large)]), "lighthouse") as adding:
        assert library.add_files([("small.txt", small)]) == Summary(added=1)
        library.remove(str(files / "ferry.md"))
        (files / "harbour.txt").write_text("The harbour at Cobh is shallow.")
        assert library.update([str(files / "harbour.txt")]) == Summary(updated=1)
        assert found(library, "orange") == ["small.txt"]
    assert adding.result() == Summary(added=1)
    assert paths(library) == [str(files / "harbour.txt"), "large.md", "small.txt"]
    assert found(library, "shallow") == [str(files / "harbour.txt")]
    assert len(library.search("lighthouse", 400)[0]) == library.passage_count() == 302


def test_a_text_that_another_removes_meanwhile_is_embedded_again(library: Library, files: Path, tmp_path: Path) -> None:
    shared, new = tmp_path / "shared.md", tmp_path / "new.md"
    shared.write_text("# One\n\nThe pilot boat is orange.\n\n# Two\n\nThe tug is black.")
    new.write_text(shared.read_text() + "\n\n# Three\n\nThe dredger is yellow.")
    library.update([str(shared)])
    with halted(library, lambda own: own.update([str(new)]), "dredger") as adding:
        library.remove(str(shared))
        assert library.passage_count() == 0
    assert adding.result() == Summary(added=1)
    assert len(library.search("pilot tug dredger", 9)[0]) == library.passage_count() == 3


def test_two_who_add_the_same_folder(library: Library, files: Path) -> None:
    with halted(library, lambda own: own.update([str(files)]), "Rathlin") as adding:
        assert library.update([str(files)]) == Summary(added=2)
    assert adding.result() == Summary(unchanged=2)
    assert len(paths(library)) == 2


def test_what_came_back_meanwhile_is_not_removed(library: Library, files: Path) -> None:
    library.update([str(files)])
    ferry = files / "ferry.md"
    text = ferry.read_text()
    ferry.unlink()
    (files / "new.txt").write_text("The pilot boat is orange.")
    with halted(library, lambda own: own.update([str(files)]), "orange") as updating:
        ferry.write_text(text + "\n\n# Times\n\nTen sharp.")
        library.update([str(ferry)])
    assert updating.result() == Summary(added=1, unchanged=1)
    assert str(ferry) in paths(library)


def test_another_embedder_meanwhile(library: Library, files: Path) -> None:
    library.update([str(files / "ferry.md")])
    other = Library(library.folder, WordEmbedder("other"))
    with halted(library, lambda own: own.update([str(files)]), "Liners") as adding:
        other.update([str(files / "ferry.md")])
    with pytest.raises(LibraryError, match="with another embedder meanwhile; index again"):
        adding.result()
    assert len(other.search("ferry", 9)[0]) == other.passage_count() == 2


def test_what_is_added_while_all_is_embedded_again(library: Library, files: Path) -> None:
    library.update([str(files / "ferry.md")])
    again = HaltingEmbedder("Rathlin", "other")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(Library(library.folder, again).update, [str(files / "ferry.md")])
        assert again.halted.wait(30)
        library.update([str(files)])
        again.go_on.set()
        assert working.result() == Summary(unchanged=1)
    now = Library(library.folder, WordEmbedder("other"))
    assert len(now.search("harbour ferry", 9)[0]) == now.passage_count() == 3
