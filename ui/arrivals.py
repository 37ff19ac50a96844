"""Files on their way into the library, with what is done of each."""

import hashlib
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from index.errors import DocumentError
from index.library import Library
from index.types import Summary

MAX_FILES = 50  # at once
MAX_DOCUMENTS = 10_000  # in the library; the command line may add more


def require_room(library: Library, files: int) -> None:
    """Raises DocumentError when so many files are too many to be added at once, or to the library."""
    if files > MAX_FILES:
        raise DocumentError(f"These are {files:,} files; Footnote takes up to {MAX_FILES} at once. Add them in parts.")
    if len(library.documents()) + files > MAX_DOCUMENTS:
        raise DocumentError(f"The library would hold more than {MAX_DOCUMENTS:,} documents; remove some first.")


def uploaded(files: Sequence[Mapping[str, str]], folder: Path) -> list[tuple[str, Path]]:
    """The names and paths that a page gives of its uploads. Raises DocumentError for a path that is not in `folder`.

    A name may have folders, and is data: no file is opened by it.
    """
    found = []
    for file in files:
        parts = PurePosixPath(file["name"].replace("\\", "/")).parts
        name = "/".join(part for part in parts if part not in ("/", ".."))
        path = Path(file["path"]).resolve()
        if not name or not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise DocumentError(f"{name!r} did not arrive; add it again.")
        found.append((name, path))
    return found


def arrivals(library: Library, files: Sequence[tuple[str, Path]]) -> Iterator[dict[str, float] | list[str] | Summary]:
    """Add files under these names, and delete them: the share of each that is not there yet, 0..1, whenever it grows.

    Then sentences about what was there already or had to be called otherwise, then the summary. Raises DocumentError
    for too many, and what the library raises.
    """
    told: queue.Queue[tuple[str, float] | dict[str, float] | list[str] | Summary | BaseException] = queue.Queue()

    def add() -> None:
        end: Summary | BaseException
        try:
            require_room(library, len(files))
            new, sentences = _apart(library, files)
            told.put(dict.fromkeys((name for name, _ in new), 0.0))
            end = library.add_files(new, each=lambda name, share, _: told.put((name, share)))
            told.put(sentences)
        except BaseException as error:  # raised again below, where the files are waited for
            end = error
        for _, file in files:  # deleted here, since who waits may leave before they are read
            file.unlink(missing_ok=True)
        told.put(end)

    waiting = dict.fromkeys((name for name, _ in files), 0.0)
    yield dict(waiting)
    threading.Thread(target=add, daemon=True).start()
    while not isinstance(step := told.get(), Summary):
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, list):
            yield step
        elif isinstance(step, dict):
            waiting = step
        else:
            name, share = step
            waiting |= {name: share}
            if share >= 1:
                waiting.pop(name)
            yield dict(waiting)
    yield step


def _apart(library: Library, files: Sequence[tuple[str, Path]]) -> tuple[list[tuple[str, Path]], list[str]]:
    """The files that are new, each under a name that no other content has, and sentences about the rest."""
    there = {entry.path: entry.sha256 for entry in library.documents()}
    new, sentences = [], []
    for name, file in files:
        with file.open("rb") as data:
            content = hashlib.file_digest(data, "sha256").hexdigest()
        free, number = name, 1
        while there.get(free, content) != content:
            number += 1
            free = _numbered(name, number)
        if free in there:
            sentences.append(f"Already there, unchanged: {free}")
            continue
        if free != name:
            sentences.append(f"There is another {name} already, so this one is called {free}")
        there[free] = content
        new.append((free, file))
    return new, sentences


def _numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
