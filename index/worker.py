"""Files are parsed and PDF pages drawn in worker processes, which a hostile file can kill or slow without harm to us.

`load_document` takes a file's bytes and gives a Document, `draw_pages` gives pictures of a PDF's pages. A worker is
started when it is first needed and used again. One that takes too long, too much memory, or dies costs the file that
it works on, which raises DocumentError. What it answers is read as JSON and bytes, never unpickled.
"""

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from index.errors import DocumentError, GivenUpError
from index.formats.pdf_view import Box, PageView, page_views
from index.loaders import parse
from index.types import Document, Heading

SECONDS = 10.0  # of the processor that a small file may take to be read,
SECONDS_PER_MB = 30.0  # and each MB more,
LONGEST = 3600.0  # to this end
DRAWING_SECONDS = 5.0
PATIENCE = 4.0  # times as long may pass, since the processor is shared
MEMORY = 2 << 30  # bytes of address space,
MEMORY_PER_BYTE = 4  # and so many more for each of the file
TOGETHER = 2  # workers of a kind
WELL_FED = 512 << 20  # bytes of memory after which a worker is replaced, for it gives none back

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from index.worker import serve; serve()"
_log = logging.getLogger(__name__)


class Task(NamedTuple):
    """What a worker is asked: one of TASKS, its arguments, which JSON can hold, a file's bytes, and its time."""

    name: str
    arguments: dict[str, Any]
    data: bytes
    seconds: float


class Reply(NamedTuple):
    """A result as JSON can hold it, and the bytes that belong to it."""

    result: Any
    attachments: Sequence[bytes] = ()


class WorkerError(Exception):
    """A worker that gave no answer; the message says why, to go on "… was stopped because it"."""


def load_document(data: bytes, name: str) -> Document:
    """What `index.loaders.parse` gives, from a worker. Raises DocumentError."""
    size = len(data) / 1_000_000
    seconds = min(SECONDS + SECONDS_PER_MB * size, LONGEST)
    try:
        text, found = _parsers.run(Task("parse", {"name": name}, data, seconds))
    except WorkerError as error:
        raise GivenUpError(
            f"{name!r} was given up: reading it {error}. Save it again with the program that made it, "
            "or split it, and add that."
        ) from error
    headings = tuple(Heading(*heading) for heading in found["headings"])
    return Document(name, text.decode(), found["sha256"], headings, tuple(found["pages"]), str(found["warning"]))


def draw_pages(
    data: bytes, name: str, page: int, quote: str, answer: tuple[int, int] = (0, 0), before: str = ""
) -> list[PageView]:
    """What `index.formats.pdf_view.page_views` gives, from a worker. Raises DocumentError."""
    arguments = {"name": name, "page": page, "quote": quote, "answer": answer, "before": before}
    try:
        *pictures, found = _painters.run(Task("draw", arguments, data, DRAWING_SECONDS))
    except WorkerError as error:
        raise DocumentError(f"Page {page} of {name!r} cannot be shown: drawing it {error}.") from error
    return [
        PageView(**{**view, "picture": picture, "quote": _boxes(view["quote"]), "answer": _boxes(view["answer"])})
        for view, picture in zip(found, pictures, strict=True)
    ]


def _boxes(sides: Sequence[dict[str, float]]) -> tuple[Box, ...]:
    return tuple(Box(**side) for side in sides)


def stop_workers() -> None:
    """End every worker, also one at work, whose caller then gets a DocumentError."""
    for pool in (_parsers, _painters):
        pool.stop()


class _Pool:
    """Workers that take one task each at a time; who comes when all are busy waits."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.forget()

    def forget(self) -> None:
        """Begin without workers: those there are belong to the process that this one was forked from."""
        self._free = threading.Semaphore(self._size)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    def run(self, task: Task) -> tuple[Any, ...]:
        """The attachments of the reply and then its result. Raises DocumentError and WorkerError."""
        with self._free, self._borrowed() as worker:
            return worker.run(task)

    @contextmanager
    def _borrowed(self) -> Iterator["_Worker"]:
        with self._lock:
            worker = self._idle.pop() if self._idle else _Worker()
            self._busy.add(worker)
        try:
            yield worker
        finally:
            with self._lock:
                self._busy.discard(worker)
                if worker.is_alive:
                    self._idle.append(worker)

    def stop(self) -> None:
        with self._lock:
            for worker in self._busy:
                worker.end()
            for worker in self._idle:
                worker.kill()
            self._idle.clear()


class _Worker:
    """One process, to be used by one thread at a time."""

    def __init__(self) -> None:
        ours, theirs = os.pipe(), os.pipe()  # each to read from, to write to
        command = [sys.executable, "-c", _START, json.dumps(sys.path), str(theirs[0]), str(ours[1])]
        self._process = subprocess.Popen(
            command,
            pass_fds=(theirs[0], ours[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs[0])
        os.close(ours[1])
        self._replies = Connection(ours[0], writable=False)
        self._tasks = Connection(theirs[1], readable=False)
        self.is_alive = True

    def run(self, task: Task) -> tuple[Any, ...]:
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            self.end()

        timer = threading.Timer(PATIENCE * task.seconds, end)
        timer.daemon = True
        timer.start()
        try:
            self._tasks.send_bytes(json.dumps([task.name, task.arguments, task.seconds]).encode())
            self._tasks.send_bytes(task.data)
            reply = json.loads(self._replies.recv_bytes())
            attachments = [self._replies.recv_bytes() for _ in range(reply["attachments"])]
        except (EOFError, OSError, ValueError) as error:
            with suppress(subprocess.TimeoutExpired):  # one that has ended says how
                self._process.wait(0.5)
            self.kill()
            if overdue.is_set() or self._process.returncode == -signal.SIGXCPU:
                raise WorkerError(f"took longer than {task.seconds:.0f} seconds") from error
            raise WorkerError(
                f"ended the process that did it, as damage or a need of more than {_room(task)} of memory does"
            ) from error
        finally:
            timer.cancel()
        if reply["last"] or overdue.is_set():
            self.kill()
        match reply["outcome"]:
            case "done":
                return (*attachments, reply["result"])
            case "document":
                raise DocumentError(reply["result"])
            case "memory":
                raise WorkerError(f"needed more than {_room(task)} of memory")
            case _:
                _log.error("Footnote failed at %s\n%s", task.arguments.get("name"), reply["result"])
                raise WorkerError("failed in a way that was not foreseen; please report it")

    def end(self) -> None:
        """Have the process end, and with it what another thread waits for."""
        self._process.kill()

    def kill(self) -> None:
        self.is_alive = False
        self.end()
        self._process.wait()
        for pipe in (self._tasks, self._replies):
            with suppress(OSError):
                pipe.close()


def _room(task: Task) -> str:
    return f"{(MEMORY + MEMORY_PER_BYTE * len(task.data)) / (1 << 30):.1f} GB"


_parsers = _Pool(TOGETHER)
_painters = _Pool(TOGETHER)
for _pool in (_parsers, _painters):
    os.register_at_fork(after_in_child=_pool.forget)


# In the worker itself


def _parse(data: bytes, name: str) -> Reply:
    document = parse(data, name)
    about = {
        "sha256": document.sha256,
        "headings": [[heading.start, heading.end, heading.level, heading.title] for heading in document.headings],
        "pages": document.pages,
        "warning": document.warning,
    }
    return Reply(about, [document.text.encode()])


def _draw(data: bytes, **arguments: Any) -> Reply:
    views = page_views(data, **arguments)
    return Reply([{**asdict(view), "picture": None} for view in views], [view.picture for view in views])


TASKS: dict[str, Callable[..., Reply]] = {"parse": _parse, "draw": _draw}


def serve() -> None:
    """Do tasks until there are none to come. The command line names the pipes to read from and to write to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to deal with
    tasks = Connection(int(sys.argv[2]), writable=False)
    replies = Connection(int(sys.argv[3]), readable=False)
    parent = os.getppid()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    with suppress(OSError):
        os.nice(5)  # who waits for an answer goes first
    while True:
        try:
            name, arguments, seconds = json.loads(tasks.recv_bytes())
            data = tasks.recv_bytes()
        except (EOFError, OSError):
            return
        _limit(seconds, len(data))
        outcome, result, attachments = _done(TASKS[name], data, arguments)
        _limit(0, 0)
        last = _resident() > WELL_FED or outcome == "memory"
        head = {"outcome": outcome, "result": result, "attachments": len(attachments), "last": last}
        with suppress(OSError):
            replies.send_bytes(json.dumps(head).encode())
            for attachment in attachments:
                replies.send_bytes(attachment)


def _done(task: Callable[..., Reply], data: bytes, arguments: dict[str, Any]) -> tuple[str, Any, Sequence[bytes]]:
    import traceback

    try:
        return "done", *task(data, **arguments)
    except DocumentError as error:
        return "document", str(error), ()
    except MemoryError:
        return "memory", "", ()
    except Exception:
        return "bug", traceback.format_exc(), ()


def _limit(seconds: float, size: int) -> None:
    """Limits of the next task on time of the processor and on memory; none with 0."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime + seconds) + 1 if seconds else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    room = MEMORY + MEMORY_PER_BYTE * size if size else resource.RLIM_INFINITY
    with suppress(ValueError, OSError):  # where the system has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))


def _resident() -> int:
    """Bytes in memory now. The most that ever were, as the system counts them, begin with those of the parent."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, where there is no /proc
    return int(pages) * resource.getpagesize()


def _leave_with(parent: int) -> None:
    """End when the parent has, at work too."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
