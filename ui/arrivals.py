"""Files on their way into the library, with what is done of each. Knows nothing of HTML."""

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.library import Library
from index.types import Summary


def arrivals(library: Library, files: Sequence[tuple[str, Path]]) -> Iterator[dict[str, float] | Summary]:
    """Add files under these names: the share of each that is not there yet, 0..1, whenever it grows; then the summary.

    Raises what the library raises.
    """
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
