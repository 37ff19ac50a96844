"""Files that were sent and are not in the library yet: how much room they may take, and how long they may wait."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.caller import caller
from ui.guard import MAX_UPLOADS_BYTES, problem

UPLOAD = "/gradio_api/upload"
MOST_BYTES = 2 * MAX_UPLOADS_BYTES  # of all clients' files
MARGIN = 200_000_000  # bytes of the disk that stay free
LEAST_BYTES = 100_000  # that a file counts as, so that there are not too many of them
STAY = 600.0  # seconds in which the page, or who pretends to be one, is to say what a file is

_OVER_SHARE = "Your files that are not added yet would take more than {most:,} MB; add those first, or wait 10 minutes."
_FULL = "Footnote has as many files waiting to be added as it takes; send yours again in a while."
_NO_ROOM = "There is no room for this on the server's disk; free some and send it again."

_in_use: Counter[Path] = Counter()


@contextmanager
def in_use(files: Sequence[Path]) -> Iterator[None]:
    """Have these files stay, however long it takes until they are added."""
    _in_use.update(files)
    try:
        yield
    finally:
        _in_use.subtract(files)
        for file in files:
            if _in_use[file] <= 0:
                del _in_use[file]


@dataclass(frozen=True)
class _Sent:
    """Whose a file is, how large, and when it came."""

    client: str
    size: int
    at: float


def held(app: ASGIApp) -> ASGIApp:
    """The application, whose uploads have limited room. Of what has not arrived whole, nothing stays."""
    if "GRADIO_TEMP_DIR" not in os.environ:
        return app  # what others share is not to be swept
    files = _Files(Path(os.environ["GRADIO_TEMP_DIR"]))

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").rstrip("/")
        if scope["type"] != "http" or scope["method"] != "POST" or path not in (UPLOAD, "/api/documents"):
            await app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        coming = _Coming(caller(scope).name)
        files.coming.append(coming)
        answer = bytearray()

        async def counted() -> Message:
            message = await receive()
            coming.come += len(message.get("body") or b"")
            if coming.come > coming.bytes:
                coming.bytes = coming.come
                files.require_room(coming.client)
            return message

        async def read(message: Message) -> None:
            answer.extend(message.get("body") or b"")
            await send(message)

        try:
            coming.bytes = int(declared)
            files.sweep()
            try:
                files.require_room(coming.client)
            except HTTPException as error:
                await problem(path, error.status_code, error.detail)(scope, receive, send)
                return
            await app(scope, counted, read if path == UPLOAD else send)
        finally:
            files.coming.remove(coming)
            if path == UPLOAD:
                files.keep(coming.client, bytes(answer))

    return layer


@dataclass(eq=False)
class _Coming:
    """A request that brings files, the bytes that it says to have or has brought."""

    client: str
    bytes: int = 0
    come: int = 0


class _Files:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent: dict[Path, _Sent] = {}
        self.coming: list[_Coming] = []

    def require_room(self, client: str) -> None:
        """Raises HTTPException when those that wait and those that come are too large."""
        taken: Counter[str] = Counter()
        for each in self._sent.values():
            taken[each.client] += each.size
        for coming in self.coming:
            taken[coming.client] += coming.bytes
        if taken[client] > MAX_UPLOADS_BYTES:
            raise HTTPException(413, _OVER_SHARE.format(most=MAX_UPLOADS_BYTES // 1_000_000))
        if taken.total() > MOST_BYTES:
            raise HTTPException(507, _FULL)
        to_come = sum(coming.bytes - coming.come for coming in self.coming)
        if shutil.disk_usage(tempfile.gettempdir()).free - to_come < MARGIN:
            raise HTTPException(507, _NO_ROOM)

    def keep(self, client: str, answer: bytes) -> None:
        """Note the files that were received, as Gradio names them, and delete parts that nobody sends any more."""
        try:
            named = json.loads(answer)
        except ValueError:
            named = None
        for path in map(Path, named if isinstance(named, list) else ()):
            if path.is_file():
                self._sent[path] = _Sent(client, max(path.stat().st_size, LEAST_BYTES), time.monotonic())
        if named:
            asyncio.get_running_loop().call_later(STAY + 1, self.sweep)
        if not self.coming:  # Gradio names a file only when it is there
            for part in self._folder.glob("tmp*"):
                part.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Forget the files that are gone, and delete those that nobody came for."""
        old = time.monotonic() - STAY
        for path, sent in list(self._sent.items()):
            if sent.at < old and path not in _in_use:
                path.unlink(missing_ok=True)
            if not path.exists():
                del self._sent[path]
