"""One at a time, in order, and each that waits knows its place."""

import threading
from collections.abc import Iterator

from ui.line import Line


def test_alone_there_is_no_waiting() -> None:
    assert list(Line().answering(lambda word: iter([word, "done"]))("ask")) == ["ask", "done"]


def test_those_who_wait_are_told_their_place_and_answered_in_turn() -> None:
    line, entered, release = Line(), threading.Event(), threading.Event()
    order: list[str] = []

    def slow(name: str) -> Iterator[str]:
        order.append(name)
        entered.set()
        release.wait(30)
        yield name

    answering = line.answering(slow)
    first = threading.Thread(target=lambda: list(answering("first")))
    first.start()
    assert entered.wait(30)
    second, third = answering("second"), answering("third")
    assert next(second) == 1
    assert next(third) == 2
    release.set()
    assert list(second) == ["second"]
    assert [step for step in third if isinstance(step, str)] == ["third"]
    first.join(30)
    assert order == ["first", "second", "third"]


def test_who_gives_up_leaves_the_line() -> None:
    line = Line()
    answering = line.answering(lambda: iter(["answer"]))
    at_work = answering()
    assert next(at_work) == "answer"
    waiting, last = answering(), answering()
    assert next(waiting) == 1
    assert next(last) == 2
    waiting.close()
    assert next(last) == 1
    at_work.close()
    assert list(last) == ["answer"]
