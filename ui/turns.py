"""Work that waits for its turn without holding a thread."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from anyio import CancelScope, CapacityLimiter, to_thread

from ui.caller import Caller

T = TypeVar("T")


class Turns:
    """So many pieces of work are done at a time, one of them a client's. Of what a session wants, the last counts.

    They have threads of their own, so that however long they take nothing else waits for one.
    """

    def __init__(self, together: int) -> None:
        self._free = asyncio.Semaphore(together)
        self._threads = CapacityLimiter(together)
        self._clients: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._last: dict[tuple[str, str], CancelScope] = {}

    async def take(
        self, caller: Caller, session: str, at_once: Callable[[], T | None], work: Callable[[], T]
    ) -> T | None:
        """What `at_once` gives or, where that is None, `work` in its turn.

        None where the caller left before its turn, or the session wanted something else meanwhile.
        """
        key = caller.name, session
        client = self._clients.setdefault(caller.name, asyncio.Lock())
        if before := self._last.get(key):
            before.cancel()
        waiting = self._last[key] = CancelScope()
        try:
            async with AsyncExitStack() as turn:
                with waiting, _ends_with(caller, waiting):
                    done = await to_thread.run_sync(at_once)
                    if done is None:
                        await turn.enter_async_context(client)
                        await turn.enter_async_context(self._free)
                if waiting.cancel_called:
                    return None
                if done is None:
                    done = await to_thread.run_sync(work, limiter=self._threads)
            return done if self._last.get(key) is waiting else None
        finally:
            if self._last.get(key) is waiting:
                del self._last[key]


@contextmanager
def _ends_with(caller: Caller, waiting: CancelScope) -> Iterator[None]:
    """Have nobody wait for a caller who leaves."""
    leaves = asyncio.ensure_future(caller.gone.wait())
    leaves.add_done_callback(lambda left: None if left.cancelled() else waiting.cancel())
    try:
        yield
    finally:
        leaves.cancel()
