"""What `footnote check --repair` saves of a library whose file is cut short, overwritten or empty."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from index.catalog import connect
from index.check import check
from index.errors import LibraryError
from index.library import Library
from index.repair import repair
from index.types import Summary
from tests.fakes import WordEmbedder
from tests.old_libraries import TO_FORMAT_4, take_checksums
from tests.test_check import damage_page, database, everything, filled
from tests.test_library import QUESTION

__all__ = ["filled"]


@pytest.fixture
def large(library: Library, tmp_path: Path) -> Library:
    """Thirty uploads, the last of which are at the end of the file."""
    words = [f"{word}{number}" for word in ("tide", "quay", "pilot") for number in range(300)]
    for number in range(30):
        (tmp_path / "upload").write_text(" ".join(words[number::7] * 4))
        library.add_files([(f"{number:02}.txt", tmp_path / "upload")])
    assert database(library).stat().st_size > 150 * 4096
    return library


def without_first_page(data: bytes) -> bytes:
    return bytes(4096) + data[4096:]


@pytest.mark.parametrize(
    ("harm", "least"),
    [
        (lambda data: data[: len(data) * 96 // 100], 28),
        (lambda data: data[: len(data) * 96 // 100 - 1000], 28),
        (lambda data: data[: len(data) // 2], 12),
        (without_first_page, 30),
        (lambda data: b"x" * 100 + data[100:], 30),
        (lambda data: without_first_page(data)[: len(data) // 2], 12),
    ],
    ids=["cut by 4 %", "cut within a page", "cut to half", "first page zeroed", "header lost", "zeroed and cut"],
)
def test_what_is_left_of_a_file_is_not_thrown_away(large: Library, harm: Callable[[bytes], bytes], least: int) -> None:
    texts = {entry.path: large.text(entry.path) for entry in large.documents()}
    database(large).write_bytes(harm(database(large).read_bytes()))
    findings = list(check(large.folder))
    assert findings
    mendings = repair(large.folder, WordEmbedder(), findings)
    assert list(check(large.folder)) == []
    again = Library(large.folder, WordEmbedder())
    found = {entry.path for entry in again.documents()}
    assert len(found) >= least
    assert {path: again.text(path) for path in found} == {path: texts[path] for path in found}
    assert {mending.document for mending in mendings if mending.lost} >= set(texts) - found, "each is named"
    counted = [mending.message for mending in mendings if "are here again" in mending.message]
    assert counted == [f"{len(found)} of 30 documents are here again."] * (len(found) < 30)


def roots(library: Library) -> dict[str, int]:
    with closing(connect(database(library))) as db:
        return {str(name): int(page) for name, page in db.execute("SELECT name, rootpage FROM sqlite_master")}


def make_old(library: Library) -> None:
    """As an older Footnote left it, whose tables then have other roots than in a new library."""
    with closing(connect(database(library))) as db:
        db.execute(TO_FORMAT_4)
    take_checksums(database(library))


@pytest.mark.parametrize(
    ("is_old", "lost"),
    [
        (False, ["contents", "files"]),
        (False, ["passages", "lexical_content", "vectors"]),
        (False, ["first page", "contents", "files"]),
        (True, ["contents"]),
        (True, ["first page"]),
        (True, ["first page", "contents", "passages"]),
    ],
)
def test_tables_without_their_roots(large: Library, is_old: bool, lost: list[str]) -> None:
    """Also where the first page, which tells of the roots, is lost too: those of an old library are elsewhere."""
    if is_old:
        new = roots(large)
        make_old(large)
        large = Library(large.folder, WordEmbedder())
        assert roots(large) != new
    texts = {entry.path: large.text(entry.path) for entry in large.documents()}
    data = bytearray(database(large).read_bytes())
    places = {"first page": 1} | roots(large)
    for page in (places[name] for name in lost):
        data[(page - 1) * 4096 : page * 4096] = bytes(4096)
    database(large).write_bytes(data)
    repair(large.folder, WordEmbedder(), list(check(large.folder)))
    assert list(check(large.folder)) == []
    again = Library(large.folder, WordEmbedder())
    assert {entry.path: again.text(entry.path) for entry in again.documents()} == texts
    assert again.search("tide1 quay2", 1)[1]


@pytest.mark.parametrize(
    "left", [b"", b"SQLite format 3\0" + bytes(34), b"x" * 50], ids=["nothing", "50 bytes", "noise"]
)
def test_a_file_of_which_nothing_is_left(filled: Library, files: Path, left: bytes) -> None:
    database(filled).write_bytes(left)
    with pytest.raises(LibraryError, match=r"is damaged: .* footnote check --repair --library"):
        Library(filled.folder, WordEmbedder(), create=True)
    (mending,) = repair(filled.folder, WordEmbedder(), list(check(filled.folder)))
    assert mending.lost
    assert f"could be saved; index them again with: footnote index PATH --library {filled.folder}" in mending.message
    assert (filled.folder / "library.sqlite.damaged").read_bytes() == left
    again = Library(filled.folder, WordEmbedder(), create=True)
    assert again.update([str(files)]) == Summary(added=2)
    assert again.search(QUESTION, 1)[1]
    assert list(check(filled.folder)) == []


def test_a_library_that_is_about_to_be_made(tmp_path: Path, files: Path) -> None:
    """As when its first run was killed at once: it has nothing to lose."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "library.sqlite").touch()
    with pytest.raises(LibraryError, match=r"There is no library in .* make one with: footnote index PATH"):
        list(check(folder))
    assert Library(folder, WordEmbedder(), create=True).update([str(files)]) == Summary(added=2)


def test_an_older_library_that_is_damaged(filled: Library) -> None:
    expected = everything(filled)
    make_old(filled)
    with pytest.raises(LibraryError, match=r"of format 4, .* run `footnote index`"):
        list(check(filled.folder))
    database(filled).write_bytes(database(filled).read_bytes()[:-4096])
    mendings = repair(filled.folder, WordEmbedder(), list(check(filled.folder)))
    assert not any(mending.lost for mending in mendings)
    assert everything(Library(filled.folder, WordEmbedder())) == expected


def test_a_second_repair_keeps_what_the_first_kept(filled: Library) -> None:
    kept = []
    for _ in range(3):
        damage_page(filled, "contents")
        kept.append(database(filled).read_bytes())
        repair(filled.folder, WordEmbedder(), list(check(filled.folder)))
    names = ["library.sqlite.damaged", "library.sqlite.damaged-2", "library.sqlite.damaged-3"]
    assert sorted(path.name for path in filled.folder.glob("*.damaged*")) == names
    assert [(filled.folder / name).read_bytes() for name in names] == kept
