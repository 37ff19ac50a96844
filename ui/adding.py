"""Whose turn it is to add files: a client has one request at work at a time, and a few clients have at once."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from ui.caller import Caller
from ui.line import BusyError, GoneError

T = TypeVar("T")

TOGETHER = 4  # clients at work
SHARE = 4  # requests of a client that wait
MOST = 32  # requests that wait

_FULL = "Footnote is adding as many files as it can; add yours again in a moment."
_OVER_SHARE = "{share} of your uploads wait to be read, as many as may; add these files again when those are done."


@dataclass(eq=False)
class _Place:
    client: str
    loop: asyncio.AbstractEventLoop
    comes: asyncio.Event = field(default_factory=asyncio.Event)


class Adding:
    """Who adds files, and who waits to. Clients take turns; of one client's requests the first comes first."""

    def __init__(self, together: int = TOGETHER, share: int = SHARE, most: int = MOST) -> None:
        self._together, self._share, self._most = together, share, most
        self._threads = CapacityLimiter(together)  # not those of the page
        self._lock = threading.Lock()
        self._at_work: set[str] = set()
        self._waiting: list[_Place] = []

    async def in_turn(self, caller: Caller, add: Callable[[], T]) -> T:
        """What `add` gives, in a thread, when it is this caller's turn. Raises BusyError; GoneError for who hangs up.

        The turn lasts until `add` ends, which is to look now and then whether its caller is still there.
        """
        async with self._turn(caller):
            return await to_thread.run_sync(add, limiter=self._threads)

    @asynccontextmanager
    async def _turn(self, caller: Caller) -> AsyncGenerator[None]:
        place = self._join(caller.name)
        try:
            waits = [asyncio.ensure_future(event.wait()) for event in (place.comes, caller.gone)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            require_present(caller)
            yield
        finally:
            self._leave(place)

    def _join(self, client: str) -> _Place:
        place = _Place(client, asyncio.get_running_loop())
        with self._lock:
            if sum(other.client == client for other in self._waiting) >= self._share:
                raise BusyError(_OVER_SHARE.format(share=self._share), over_share=True)
            if len(self._waiting) >= self._most:
                raise BusyError(_FULL)
            self._waiting.append(place)
            self._call()
        return place

    def _leave(self, place: _Place) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
            else:
                self._at_work.discard(place.client)
                self._waiting.sort(key=lambda other: other.client == place.client)  # behind the others'
            self._call()

    def _call(self) -> None:
        for place in list(self._waiting):
            if len(self._at_work) < self._together and place.client not in self._at_work:
                self._waiting.remove(place)
                if not place.loop.is_closed():
                    self._at_work.add(place.client)
                    place.loop.call_soon_threadsafe(place.comes.set)


def require_present(caller: Caller) -> None:
    """Raises GoneError when the caller has hung up."""
    if caller.gone.is_set():
        raise GoneError("The caller hung up.")
