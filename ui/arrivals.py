"""Files on their way into the library, with what is done of each. Knows nothing of HTML."""

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

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


def arrivals(library: Library, files: Sequence[tuple[str, Path]]) -> Iterator[dict[str, float] | Summary]:
    """Add files under these names: the share of each that is not there yet, 0..1, whenever it grows; then the summary.

    Raises DocumentError for too many, and what the library raises.
    """
    require_room(library, len(files))
    told: queue.Queue[tuple[str, float] | Summary | BaseException] = queue.Queue()

    def add() -> None:
        try:
            told.put(library.add_files(files, each=lambda name, share, _: told.put((name, share))))
        except BaseException as error:  # raised again below, where the files are waited for
            told.put(error)

    waiting = dict.fromkeys((name for name, _ in files), 0.0)
    yield dict(waiting)
    threading.Thread(target=add, daemon=True).start()
    while isinstance(step := told.get(), tuple):
        name, share = step
        waiting |= {name: share}
        if share >= 1:
            waiting.pop(name)
        yield dict(waiting)
    if isinstance(step, BaseException):
        raise step
    yield step
