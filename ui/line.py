"""One question is answered at a time, in the order of asking, and each that waits is told its place."""

import threading
from collections.abc import Callable, Generator, Iterator
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_LOOK = 0.3  # seconds between two looks at one's place


class Line:
    """Whoever waits to be answered, by order of arrival. Safe to use from several threads."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._waiting: list[object] = []

    def answering(self, stream: Callable[P, Iterator[T]]) -> Callable[P, Generator[int | T]]:
        """The same stream in line: how many are before it, whenever that has changed, then its own steps."""

        def in_line(*args: P.args, **kwargs: P.kwargs) -> Generator[int | T]:
            me = object()
            with self._moved:
                self._waiting.append(me)
            try:
                yield from self._places(me)
                yield from stream(*args, **kwargs)
            finally:
                with self._moved:
                    self._waiting.remove(me)
                    self._moved.notify_all()

        return in_line

    def _places(self, me: object) -> Iterator[int]:
        told = 0
        while True:
            with self._moved:
                ahead = self._waiting.index(me)
                if ahead == told != 0:
                    self._moved.wait(_LOOK)
                    ahead = self._waiting.index(me)
            if not ahead:
                return
            if ahead != told:
                told = ahead
                yield ahead
