"""One question is answered at a time; every client has a fair turn, and each question that waits is told its place."""

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from index.errors import FootnoteError
from ui.caller import Caller

P = ParamSpec("P")
T = TypeVar("T")

MOST = 64  # questions that wait
SHARE = 8  # of them, of one client
RETRY_AFTER = 2  # seconds after which it is worth another try

_FULL = "Footnote has as many questions waiting as it takes; ask again in a moment."
_OVER_SHARE = "You have {share} questions waiting, as many as one may; wait for an answer, then ask again."
_STOPPING = "Footnote is being stopped; ask again when it is back."


class BusyError(FootnoteError):
    """A request that finds no place in a line."""

    def __init__(self, sentence: str, *, over_share: bool = False) -> None:
        super().__init__(sentence)
        self.status = 429 if over_share else 503


class GoneError(FootnoteError):
    """A request whose caller has hung up."""


@dataclass(frozen=True)
class _End:
    """That no step follows, and the error that is why."""

    error: BaseException | None = None


@dataclass(eq=False)
class _Place:
    """A question in the line, and where its steps are waited for."""

    client: str
    answer: Callable[[], Iterator[Any]]
    loop: asyncio.AbstractEventLoop
    steps: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    told: int = 0
    left: bool = False

    def tell(self, step: object) -> None:
        if not self.left and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.steps.put_nowait, step)


class Line:
    """Whoever waits to be answered. Clients take turns; of one client's questions the first comes first.

    A thread of the line's own answers, so who waits holds none, and what is done with a step holds up nobody.
    """

    def __init__(self, most: int = MOST, share: int = SHARE) -> None:
        self._most, self._share = most, share
        self._moved = threading.Condition()
        self._waiting: OrderedDict[str, deque[_Place]] = OrderedDict()  # by client, whose turn is next first
        self._at_work: _Place | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)

    def answering(self, stream: Callable[P, Iterator[T]]) -> Callable[Concatenate[Caller, P], AsyncGenerator[int | T]]:
        """The same stream in line, for a caller: how many are before it, whenever that has changed, then its steps.

        Raises BusyError. Who closes it leaves the line, and so does a caller who hangs up, with GoneError.
        """

        async def in_line(caller: Caller, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[int | T]:
            place = _Place(caller.name, partial(stream, *args, **kwargs), asyncio.get_running_loop())
            self._join(place)
            hangs_up = asyncio.ensure_future(caller.gone.wait())
            hangs_up.add_done_callback(lambda _: place.steps.put_nowait(_End(GoneError("The caller hung up."))))
            try:
                while not isinstance(step := await place.steps.get(), _End):
                    yield step
                if step.error:
                    raise step.error
            finally:
                hangs_up.cancel()
                self._leave(place)

        return in_line

    def close(self, timeout: float) -> bool:
        """Send away who waits and let no one in. Whether what was at work has ended within so many seconds."""
        with self._moved:
            self._closed = True
            for place in self._places():
                place.tell(_End(BusyError(_STOPPING)))
            self._waiting.clear()
            self._moved.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _join(self, place: _Place) -> None:
        with self._moved:
            if self._closed:
                raise BusyError(_STOPPING)
            if len(self._waiting.get(place.client, ())) >= self._share:
                raise BusyError(_OVER_SHARE.format(share=self._share), over_share=True)
            if len(self._places()) >= self._most:
                raise BusyError(_FULL)
            if self._thread.ident is None:
                self._thread.start()
            self._waiting.setdefault(place.client, deque()).append(place)
            self._tell_places()
            self._moved.notify_all()

    def _leave(self, place: _Place) -> None:
        with self._moved:
            place.left = True
            if place in self._waiting.get(place.client, ()):
                self._waiting[place.client].remove(place)
                if not self._waiting[place.client]:
                    del self._waiting[place.client]
                self._tell_places()

    def _work(self) -> None:
        while place := self._next():
            try:
                for step in place.answer():
                    place.tell(step)
                    if place.left:
                        break
                end = _End()
            except BaseException as error:  # raised again where the steps are waited for
                end = _End(error)
            place.tell(end)

    def _next(self) -> _Place | None:
        """Whose turn it is, waited for; None once the line is closed."""
        with self._moved:
            self._at_work = None
            while not self._waiting and not self._closed:
                self._moved.wait()
            if self._closed:
                return None
            client, places = self._waiting.popitem(last=False)
            self._at_work = places.popleft()
            if places:
                self._waiting[client] = places  # behind the others
            self._tell_places()
            return self._at_work

    def _places(self) -> list[_Place]:
        return [place for places in self._waiting.values() for place in places]

    def _tell_places(self) -> None:
        lengths = [len(places) for places in self._waiting.values()]
        for turn, places in enumerate(self._waiting.values()):
            for round_, place in enumerate(places):
                before = sum(min(n, round_ + (other < turn)) for other, n in enumerate(lengths) if other != turn)
                ahead = before + round_ + (self._at_work is not None)
                if ahead != place.told:
                    place.told = ahead
                    place.tell(ahead)
