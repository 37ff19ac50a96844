"""Files on their way into the library."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from index.errors import DocumentError, LibraryError
from index.library import Library
from index.types import Summary
from ui.adding import Adding
from ui.arrivals import Step, arrivals, uploaded
from ui.caller import Caller


def sent(folder: Path, name: str, text: bytes = b"The ferry leaves at nine.") -> tuple[str, Path]:
    """A file that a page has sent, whose place says nothing of its name."""
    folder.mkdir(exist_ok=True)
    path = folder / f"file{len(list(folder.iterdir()))}"
    path.write_bytes(text)
    return name, path


def arrived(library: Library, files: Sequence[tuple[str, Path]], adding: Adding | None = None) -> list[Step]:
    """What is told of files until they are there."""

    async def steps() -> list[Step]:
        return [step async for step in arrivals(library, files, adding or Adding(), Caller())]

    return asyncio.run(steps())


def added(library: Library, *files: tuple[str, Path]) -> tuple[list[str], Summary]:
    """The sentences that are said, and the summary."""
    *_, sentences, summary = arrived(library, files)
    assert isinstance(sentences, list)
    assert isinstance(summary, Summary)
    return sentences, summary


def paths(library: Library) -> list[str]:
    return [entry.path for entry in library.documents()]


def test_each_file_is_on_its_way_until_it_is_there(library: Library, tmp_path: Path) -> None:
    files = [sent(tmp_path / "sent", "ferry.md"), sent(tmp_path / "sent", "bad.txt", b"\0\1\2")]
    steps = arrived(library, files)
    assert steps[0] == {"ferry.md": 0.0, "bad.txt": 0.0}
    shares = [step["ferry.md"] for step in steps if isinstance(step, dict) and "ferry.md" in step]
    assert shares == sorted(shares)
    summary = steps[-1]
    assert isinstance(summary, Summary)
    assert (summary.added, [failure.path for failure in summary.failures]) == (1, ["bad.txt"])
    assert paths(library) == ["ferry.md"]


def test_no_copy_stays_where_the_page_had_sent_it(library: Library, tmp_path: Path) -> None:
    files = [sent(tmp_path / "sent", "ferry.md"), sent(tmp_path / "sent", "bad.txt", b"\0\1\2")]
    added(library, *files)
    assert list((tmp_path / "sent").iterdir()) == []
    too_many = [sent(tmp_path / "sent", f"{number}.txt") for number in range(51)]
    with pytest.raises(DocumentError, match="51 files"):
        arrived(library, too_many)
    assert list((tmp_path / "sent").iterdir()) == []
    assert paths(library) == ["ferry.md"]


def test_what_goes_wrong_is_raised_where_the_files_are_waited_for(library: Library, tmp_path: Path) -> None:
    (library.folder / "library.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(LibraryError):
        arrived(library, [sent(tmp_path / "sent", "ferry.md")])


def test_another_file_of_the_same_name_takes_the_place_of_none(library: Library, tmp_path: Path) -> None:
    added(library, sent(tmp_path / "sent", "2024/fees.txt", b"The fee is 5 EUR."))
    assert added(library, sent(tmp_path / "sent", "2024/fees.txt", b"The fee is 5 EUR."))[0] == [
        "Already there, unchanged: 2024/fees.txt"
    ]
    sentences, summary = added(
        library,
        sent(tmp_path / "sent", "2024/fees.txt", b"The fee is 6 EUR."),
        sent(tmp_path / "sent", "2024/fees.txt", b"The fee is 7 EUR."),
        sent(tmp_path / "sent", "2025/fees.txt", b"The fee is 8 EUR."),
    )
    assert summary.added == 3
    assert paths(library) == ["2024/fees (2).txt", "2024/fees (3).txt", "2024/fees.txt", "2025/fees.txt"]
    assert "so this one is called 2024/fees (2).txt" in sentences[0]
    assert library.text("2024/fees.txt") == "The fee is 5 EUR."
    sentences, _ = added(library, sent(tmp_path / "sent", "2024/fees.txt", b"The fee is 7 EUR."))
    assert sentences == ["Already there, unchanged: 2024/fees (3).txt"]
    assert len(paths(library)) == 4


def test_a_page_can_name_its_own_uploads_alone(tmp_path: Path) -> None:
    _, path = sent(tmp_path / "sent", "x")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "sent" / "link").symlink_to(secret)
    assert uploaded([{"name": "../../a\\b.txt", "path": str(path)}], tmp_path / "sent") == [("a/b.txt", path)]
    for wrong in (
        secret,
        tmp_path / "sent" / ".." / "secret.txt",
        tmp_path / "sent" / "link",
        tmp_path / "sent" / "no",
    ):
        with pytest.raises(DocumentError, match=r"'x\.txt' did not arrive"):
            uploaded([{"name": "x.txt", "path": str(wrong)}], tmp_path / "sent")
    with pytest.raises(DocumentError):
        uploaded([{"name": "..", "path": str(path)}], tmp_path / "sent")
