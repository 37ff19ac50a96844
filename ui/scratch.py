"""A private folder for uploads on their way into the library, gone when the server is."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import LibraryError

_PREFIX = "uploads-"


@contextmanager
def private_folder(library: Path) -> Iterator[Path]:
    """A folder in the library's, which Gradio and Python put uploads in. What a killed server left there is removed.

    Raises LibraryError. To be entered before Gradio is imported.
    """
    try:
        _remove_left(library)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=library))  # for nobody but its owner
    except OSError as error:
        raise LibraryError(f"Nothing can be written to {library} ({error.strerror or error}).") from error
    alive = FileLock(folder / ".lock")
    alive.acquire()
    before = os.environ.get("GRADIO_TEMP_DIR"), tempfile.tempdir
    os.environ["GRADIO_TEMP_DIR"], tempfile.tempdir = str(folder / "page"), str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before[1]
        if before[0] is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = before[0]
        alive.release()
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(library: Path) -> None:
    for folder in library.glob(f"{_PREFIX}*"):
        try:
            with FileLock(folder / ".lock", timeout=0):
                pass
        except Timeout:
            continue  # of a server that runs
        shutil.rmtree(folder, ignore_errors=True)


def warn_if_writable(folder: Path) -> None:
    """Say on standard error when everybody on this machine can write to the folder."""
    if folder.stat().st_mode & stat.S_IWOTH:
        sentence = f"every user of this machine can write to {folder}; chmod o-w {folder} keeps what it holds safe."
        print(f"footnote: {sentence}", file=sys.stderr)
