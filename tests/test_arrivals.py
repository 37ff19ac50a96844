"""Files on their way into the library."""

from pathlib import Path

import pytest

from index.errors import DocumentError, LibraryError
from index.library import Library
from index.types import Summary
from ui.arrivals import arrivals


def test_each_file_is_on_its_way_until_it_is_there(library: Library, files: Path) -> None:
    steps = list(arrivals(library, [("ferry.md", files / "ferry.md"), ("bad.txt", files / "none.txt")]))
    assert steps[0] == {"ferry.md": 0.0, "bad.txt": 0.0}
    shares = [step["ferry.md"] for step in steps if isinstance(step, dict) and "ferry.md" in step]
    assert shares == sorted(shares)
    summary = steps[-1]
    assert isinstance(summary, Summary)
    assert (summary.added, [failure.path for failure in summary.failures]) == (1, ["bad.txt"])
    assert [entry.path for entry in library.documents()] == ["ferry.md"]


def test_what_goes_wrong_is_raised_where_the_files_are_waited_for(library: Library, files: Path) -> None:
    (library.folder / "library.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(LibraryError):
        list(arrivals(library, [("ferry.md", files / "ferry.md")]))


def test_too_many_files_are_refused_before_any_is_read(library: Library, files: Path) -> None:
    with pytest.raises(DocumentError, match="51 files"):
        list(arrivals(library, [(f"{number}.txt", files / "ferry.md") for number in range(51)]))
    assert library.documents() == []
