"""Turns at adding files: what one client sends holds up no other, and who hangs up is not served."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

import index.prepare
import index.worker
from index.errors import DocumentError, GivenUpError
from index.library import Library
from index.types import Document
from tests.serving import ADA, BOB, asking, filled, running, until, users
from ui.adding import Adding
from ui.arrivals import Step, arrivals
from ui.caller import Caller
from ui.guard import guarded
from ui.line import BusyError, GoneError
from ui.server import for_programs


class Reading:
    """Files whose names begin with "slow" take until they are released, in one of two workers; `begun` are names."""

    def __init__(self, load: Callable[[bytes, str], Document]) -> None:
        self._load, self._workers = load, threading.Semaphore(2)
        self.begun: list[str] = []
        self.release = threading.Event()

    def __call__(self, data: bytes, name: str) -> Document:
        with self._workers:
            self.begun.append(name)
            if name.startswith("slow"):
                assert self.release.wait(60)
                raise GivenUpError(f"{name!r} was given up: reading it took longer than 10 seconds.")
            return self._load(data, name)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    reads = Reading(index.worker.load_document)
    monkeypatch.setattr(index.prepare, "load_document", reads)
    yield reads
    reads.release.set()


def app(folder: Path, adding: Adding) -> ASGIApp:
    library = filled(folder)
    return guarded(for_programs(asking(library), library, adding), "127.0.0.1", users())


def send(url: str, *names: str, auth: tuple[str, str], timeout: float = 60) -> httpx.Response:
    files = [("files", (name, f"What {name} says of the sea.".encode())) for name in names]
    return httpx.post(f"{url}/api/documents", files=files, auth=auth, timeout=timeout)


def test_slow_files_of_one_client_hold_up_no_other(tmp_path: Path, reading: Reading) -> None:
    adding = Adding()
    with running(app(tmp_path / "library", adding)) as url:
        for number in range(4):
            with pytest.raises(httpx.ReadTimeout):
                send(url, *(f"slow{number}-{n}.pdf" for n in range(4)), auth=ADA, timeout=1)
        assert reading.begun == ["slow0-0.pdf"]
        assert send(url, "small.txt", auth=BOB).json()["added"] == 1
        until(lambda: not adding._waiting)
        reading.release.set()
        assert send(url, "last.txt", auth=ADA).json()["added"] == 1
    assert reading.begun == ["slow0-0.pdf", "small.txt", "last.txt"], "nothing else of who hung up"


def test_who_sends_too_much_at_once_is_told_to_come_again(tmp_path: Path, reading: Reading) -> None:
    adding, answers = Adding(share=2), list[int]()
    with running(app(tmp_path / "library", adding)) as url:
        senders = [
            threading.Thread(target=lambda n=n: answers.append(send(url, f"slow{n}.pdf", auth=ADA).status_code))
            for n in range(3)
        ]
        for sender in senders:
            sender.start()
        until(lambda: len(adding._waiting) == 2)
        refused = send(url, "more.txt", auth=ADA)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert refused.json()["error"].startswith("2 of your uploads wait to be read, as many as may;")
        assert send(url, "small.txt", auth=BOB).status_code == 200
        reading.release.set()
        for sender in senders:
            sender.join(60)
    assert answers == [400] * 3
    assert len(reading.begun) == 4


def test_the_rest_is_not_read_after_files_that_were_given_up(
    library: Library, tmp_path: Path, reading: Reading
) -> None:
    reading.release.set()
    names = ["a.txt", "slow1.txt", "slow2.txt", "b.txt", "slow3.txt", "c.txt", "slow4.txt"]
    files = [(name, tmp_path / name) for name in names]
    for name, file in files:
        file.write_text(f"What {name} says of the sea.")
    summary = library.add_files(files)
    assert summary.added == 2
    assert reading.begun == names[:5]
    assert [failure.path for failure in summary.failures] == [
        "slow1.txt",
        "slow2.txt",
        "slow3.txt",
        "c.txt",
        "slow4.txt",
    ]
    said = "'c.txt' was not read, because 3 files before it took too much time or memory. Add it without those."
    assert summary.failures[3].message == said


def test_a_page_waits_its_turn_and_leaves_nothing_when_it_is_closed(
    library: Library, tmp_path: Path, reading: Reading
) -> None:
    async def arrive(caller: Caller, *names: str) -> Step:
        for name in names:
            (tmp_path / name).write_text(f"What {name} says of the sea.")
        steps = [step async for step in arrivals(library, [(name, tmp_path / name) for name in names], adding, caller)]
        return steps[-1]

    async def pages() -> list[Any]:
        first, closed, open_, one_too_many = (Caller("ada") for _ in range(4))
        tasks = [asyncio.ensure_future(arrive(first, "slow.txt", "after.txt"))]
        while reading.begun != ["slow.txt"]:
            await asyncio.sleep(0.01)
        for caller, name in ((closed, "closed.txt"), (open_, "open.txt"), (one_too_many, "more.txt")):
            tasks.append(asyncio.ensure_future(arrive(caller, name)))
            await asyncio.sleep(0.01)
        with pytest.raises(BusyError, match="uploads wait to be read"):
            await tasks[3]
        closed.gone.set()
        with pytest.raises(GoneError):
            await tasks[1]
        first.gone.set()
        reading.release.set()
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

    adding = Adding(share=2)
    first, _, open_, _ = asyncio.run(pages())
    assert isinstance(first, GoneError), "what was at work stops between two files"
    assert open_.added == 1
    assert reading.begun == ["slow.txt", "open.txt"]
    assert not list(tmp_path.glob("*.txt"))


def test_clients_take_turns_whatever_one_sends() -> None:
    done: list[str] = []

    async def add(client: str, name: str) -> None:
        await adding.in_turn(Caller(client), lambda: done.append(name))

    async def all_of_them() -> None:
        await asyncio.gather(*(add("ada", f"ada {n}") for n in range(4)), add("bob", "bob 0"), add("eve", "eve 0"))
        with suppress(DocumentError):
            await adding.in_turn(Caller("ada"), fail)
        await add("ada", "after a failure")

    def fail() -> None:
        raise DocumentError("No.")

    adding = Adding(together=1)
    asyncio.run(asyncio.wait_for(all_of_them(), 60))
    assert done == ["ada 0", "bob 0", "eve 0", "ada 1", "ada 2", "ada 3", "after a failure"]


def test_as_many_clients_as_may_are_at_work() -> None:
    begun, release = list[str](), threading.Event()

    async def add(client: str) -> None:
        def wait() -> None:
            begun.append(client)
            assert release.wait(60)

        await adding.in_turn(Caller(client), wait)

    async def all_of_them() -> None:
        tasks = [asyncio.ensure_future(add(f"client {n}")) for n in range(5)]
        while len(begun) < 2:
            await asyncio.sleep(0.01)
        with pytest.raises(BusyError, match="as many files as it can") as full:
            await add("one too many")
        assert full.value.status == 503
        release.set()
        await asyncio.gather(*tasks)

    adding = Adding(together=2, most=3)
    asyncio.run(asyncio.wait_for(all_of_them(), 60))
    assert sorted(begun) == [f"client {n}" for n in range(5)]
