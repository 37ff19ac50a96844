"""One at a time, each client in its turn, and each that waits knows its place."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from ui.caller import Caller
from ui.line import SHARE, BusyError, GoneError, Line


class Slow:
    """A stream that gives a question's name, waits until it is released, and gives its answer."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.entered, self.release = threading.Event(), threading.Event()

    def __call__(self, name: str) -> Iterator[str]:
        self.begun.append(name)
        self.entered.set()
        yield name
        assert self.release.wait(30)
        self.ended.append(name)
        yield f"answer to {name}"


async def steps(answering: AsyncGenerator[int | str]) -> list[int | str]:
    async with aclosing(answering):
        return [step async for step in answering]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


async def entered(slow: Slow) -> None:
    await asyncio.to_thread(slow.entered.wait, 30)


def test_alone_there_is_no_waiting() -> None:
    answering = Line().answering(lambda word: iter([word, "done"]))
    assert asyncio.run(steps(answering(Caller("ada"), "ask"))) == ["ask", "done"]


def test_those_who_wait_are_told_their_place_and_answered_in_turn() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line().answering(slow)
        first = asyncio.create_task(steps(answering(Caller("ada"), "first")))
        await entered(slow)
        second, third = answering(Caller("ada"), "second"), answering(Caller("ada"), "third")
        assert await anext(second) == 1
        assert await anext(third) == 2
        slow.release.set()
        assert await steps(second) == ["second", "answer to second"]
        assert (await steps(third))[-2:] == ["third", "answer to third"]
        await first
        assert slow.begun == ["first", "second", "third"]

    run(test())


def test_a_client_with_many_questions_does_not_keep_others_waiting() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line().answering(slow)
        asked = [asyncio.create_task(steps(answering(Caller("greedy"), "greedy 1")))]
        await entered(slow)
        greedy = [answering(Caller("greedy"), f"greedy {n}") for n in range(2, 8)]
        assert [await anext(place) for place in greedy] == [1, 2, 3, 4, 5, 6]
        ada, bob = answering(Caller("ada"), "ada"), answering(Caller("bob"), "bob")
        assert await anext(ada) == 2
        assert await anext(bob) == 3
        asked += [asyncio.create_task(steps(place)) for place in (*greedy, ada, bob)]
        slow.release.set()
        await asyncio.gather(*asked)
        assert slow.begun[:5] == ["greedy 1", "greedy 2", "ada", "bob", "greedy 3"]

    run(test())


def test_who_gives_up_leaves_the_line() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line().answering(slow)
        at_work = answering(Caller("ada"), "at work")
        assert await anext(at_work) == "at work"
        waiting, last = answering(Caller("bob"), "waiting"), answering(Caller("eve"), "last")
        assert await anext(waiting) == 1
        assert await anext(last) == 2
        await waiting.aclose()
        assert await anext(last) == 1
        slow.release.set()
        assert (await steps(last))[-1] == "answer to last"
        await at_work.aclose()
        assert slow.begun == ["at work", "last"]

    run(test())


def test_who_hangs_up_leaves_the_line() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line().answering(slow)
        at_work, leaving, last = answering(Caller("ada"), "at work"), Caller("bob"), answering(Caller("eve"), "last")
        assert await anext(at_work) == "at work"
        waiting = answering(leaving, "waiting")
        assert await anext(waiting) == 1
        assert await anext(last) == 2
        leaving.gone.set()
        with pytest.raises(GoneError):
            await anext(waiting)
        assert await anext(last) == 1
        slow.release.set()
        assert (await steps(last))[-1] == "answer to last"
        await at_work.aclose()
        assert slow.begun == ["at work", "last"]

    run(test())


def test_who_gives_up_while_being_answered_is_worked_for_no_longer() -> None:
    went_on: list[str] = []
    next_step = threading.Event()

    def stream(name: str) -> Iterator[str]:
        yield name
        assert next_step.wait(30)
        yield "one step more"
        went_on.append(name)
        yield "answer"

    async def test() -> None:
        answering = Line().answering(stream)
        async with aclosing(answering(Caller("ada"), "ada")) as place:
            assert await anext(place) == "ada"
        next_step.set()
        assert (await steps(answering(Caller("bob"), "bob")))[-3:] == ["bob", "one step more", "answer"]

    run(test())
    assert went_on == ["bob"]


def test_an_answer_leaves_the_line_before_it_is_shown() -> None:
    """Who takes long over an answer that was given, as the page does when it draws it, holds up nobody."""

    async def test() -> None:
        answering = Line().answering(lambda name: iter([name]))
        async with aclosing(answering(Caller("ada"), "being drawn")) as drawn:
            assert await anext(drawn) == "being drawn"
            assert (await steps(answering(Caller("bob"), "next")))[-1] == "next"

    run(test())


def test_a_line_is_full_and_so_is_a_share_of_it() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line(most=10).answering(slow)
        at_work = asyncio.create_task(steps(answering(Caller("ada"), "at work")))
        await entered(slow)
        waiting = [answering(Caller("ada"), str(n)) for n in range(SHARE)]
        for place in waiting:
            await anext(place)
        with pytest.raises(BusyError, match="You have 8 questions waiting") as over:
            await anext(answering(Caller("ada"), "one more"))
        assert over.value.status == 429
        others = [answering(Caller(name), name) for name in ("bob", "eve")]
        for place in others:
            await anext(place)
        with pytest.raises(BusyError, match="as many questions waiting as it takes") as full:
            await anext(answering(Caller("joe"), "one more"))
        assert full.value.status == 503
        await others[0].aclose()
        assert isinstance(await anext(answering(Caller("joe"), "now")), int)
        slow.release.set()
        await at_work

    run(test())


def test_those_who_wait_hold_no_thread() -> None:
    slow = Slow()

    async def test() -> None:
        answering = Line().answering(slow)
        at_work = asyncio.create_task(steps(answering(Caller("ada"), "at work")))
        await entered(slow)
        threads = threading.active_count()
        waiting = [answering(Caller(str(n)), str(n)) for n in range(60)]
        for place in waiting:
            await anext(place)
        assert threading.active_count() == threads
        for place in waiting:
            await place.aclose()
        slow.release.set()
        await at_work

    run(test())


def test_an_error_is_raised_where_the_answer_is_waited_for() -> None:
    def stream(name: str) -> Iterator[str]:
        yield name
        raise ZeroDivisionError(name)

    answering = Line().answering(stream)
    with pytest.raises(ZeroDivisionError, match="ada"):
        asyncio.run(steps(answering(Caller("ada"), "ada")))
    with pytest.raises(ZeroDivisionError, match="bob"):
        asyncio.run(steps(answering(Caller("bob"), "bob")))


def test_a_line_that_closes_ends_what_is_at_work_and_sends_the_others_away() -> None:
    slow = Slow()

    async def test() -> None:
        line = Line()
        answering = line.answering(slow)
        at_work = asyncio.create_task(steps(answering(Caller("ada"), "at work")))
        await entered(slow)
        waiting = answering(Caller("bob"), "waiting")
        assert await anext(waiting) == 1
        assert not line.close(0.1)
        with pytest.raises(BusyError, match="being stopped"):
            await anext(waiting)
        with pytest.raises(BusyError, match="being stopped"):
            await anext(answering(Caller("eve"), "late"))
        slow.release.set()
        assert (await at_work)[-1] == "answer to at work"
        assert line.close(30)

    run(test())
