"""Files on their way into the library, with what is done of each."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from index.errors import DocumentError
from index.library import Library
from index.types import Summary
from ui.adding import Adding, require_present
from ui.caller import Caller
from ui.waiting_files import in_use

Step = dict[str, float] | list[str] | Summary

MAX_FILES = 50  # at once
MAX_DOCUMENTS = 10_000  # in the library; the command line may add more

_at_work: set[asyncio.Task[None]] = set()  # which Python holds weakly alone


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


async def arrivals(
    library: Library, files: Sequence[tuple[str, Path]], adding: Adding, caller: Caller
) -> AsyncGenerator[Step]:
    """Add files under these names, and delete them: the share of each that is not there yet, 0..1, whenever it grows.

    Then sentences about what was there already or had to be called otherwise, then the summary. Raises DocumentError
    for too many, BusyError, GoneError, after which no further file is read, and what the library raises.
    """
    if not files:
        return
    loop, told = asyncio.get_running_loop(), asyncio.Queue[Step | tuple[str, float] | BaseException]()

    def tell(step: Step | tuple[str, float]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(told.put_nowait, step)

    def add() -> Summary:
        require_room(library, len(files))
        new, sentences = _apart(library, files)
        tell(dict.fromkeys((name for name, _ in new), 0.0))
        still_there = partial(require_present, caller)
        summary = library.add_files(new, each=lambda name, share, _: tell((name, share)), before=still_there)
        tell(sentences)
        return summary

    async def work() -> None:  # a task of its own, since who waits may leave before the files are read
        try:
            with in_use([file for _, file in files]):
                tell(await adding.in_turn(caller, add))
        except BaseException as error:  # raised again below, where the files are waited for
            told.put_nowait(error)
        finally:
            for _, file in files:
                file.unlink(missing_ok=True)

    waiting = dict.fromkeys((name for name, _ in files), 0.0)
    yield dict(waiting)
    task = asyncio.ensure_future(work())
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)
    while not isinstance(step := await told.get(), Summary):
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
