"""A private folder for uploads on their way into the library, gone when the server is."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from starlette.types import ASGIApp, Receive, Scope, Send

from index.errors import LibraryError

UPLOAD = "/gradio_api/upload"
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


def swept(app: ASGIApp) -> ASGIApp:
    """The application, of whose uploads nothing stays that has not arrived whole."""
    if "GRADIO_TEMP_DIR" not in os.environ:
        return app  # what others share is not to be swept
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    under_way = 0

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal under_way
        if scope.get("path") != UPLOAD:
            await app(scope, receive, send)
            return
        under_way += 1
        try:
            await app(scope, receive, send)
        finally:
            under_way -= 1
            if not under_way:  # Gradio names a file only when it is there
                for part in folder.glob("tmp*"):
                    part.unlink(missing_ok=True)

    return layer


def _remove_left(library: Path) -> None:
    for folder in library.glob(f"{_PREFIX}*"):
        try:
            with FileLock(folder / ".lock", timeout=0):
                pass
        except Timeout:
            continue  # of a server that runs
        shutil.rmtree(folder, ignore_errors=True)
