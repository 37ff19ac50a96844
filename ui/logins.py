"""Passwords that were not right: who gives many waits, longer each time, and no hash is spent on what they try then."""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from ui.address import network

FREE = 5  # failures that nobody waits for
LONGEST = 900.0  # seconds that a name waits at an address, after which failures are forgotten
LONGEST_OF_ADDRESS = 30.0  # whatever name is tried there; others may log in from the same
LONGEST_OF_NAME = 60.0
REMEMBERED = 10_000  # addresses, names, and names at addresses; the longest unheard of is forgotten first
MOST_OF_NAME = 200  # characters that are told apart

_log = logging.getLogger("footnote.logins")


class Failures:
    """Failed logins by name and address. Safe to use from several threads.

    A name waits where it was guessed at, any name a little at an address where much was guessed. A name that many
    addresses guess at waits too, but not at one where it has not failed yet: so who guesses cannot lock its owner out
    elsewhere.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()  # how often, and when last

    def wait(self, name: str, address: str) -> float:
        """Seconds until this name may be tried again at this address."""
        with self._lock:
            here, anywhere, both = _keys(name, address)
            by_name = self._left(*anywhere, LONGEST_OF_NAME) if self._count(*both) else 0.0
            return max(self._left(*here, LONGEST_OF_ADDRESS), self._left(*both, LONGEST), by_name)

    def add(self, name: str, address: str) -> None:
        """Count a failure, and log it."""
        with self._lock:
            for kind, value in _keys(name, address):
                count = self._count(kind, value) + 1
                self._failed.pop((kind, value), None)
                self._failed[kind, value] = count, self._now()
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)
        _log.warning("footnote: failed login as %s from %s", repr(name[:80]), address)

    def _count(self, kind: str, value: str) -> int:
        count, last = self._failed.get((kind, value), (0, -math.inf))
        return count if self._now() - last < LONGEST else 0

    def _left(self, kind: str, value: str, longest: float) -> float:
        count = self._count(kind, value)
        if count < FREE:
            return 0.0
        _, last = self._failed[kind, value]
        return max(0.0, last + min(longest, 2.0 ** min(count - FREE, 30)) - self._now())


def _keys(name: str, address: str) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
    """What failures are counted under: the address, the name, and the name at the address."""
    name, where = name[:MOST_OF_NAME], network(address)
    return ("address", where), ("name", name), ("both", f"{where} {name}")
