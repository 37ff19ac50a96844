"""Passwords that were not right: who gives many waits, longer each time, and no hash is spent on what they try then."""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

FREE = 5  # failures that nobody waits for
LONGEST = 900.0  # seconds that an address waits, after which its failures are forgotten
LONGEST_OF_NAME = 60.0
REMEMBERED = 10_000  # addresses and names; the longest unheard of is forgotten first

_log = logging.getLogger("footnote.logins")


class Failures:
    """Failed logins by address and by name. Safe to use from several threads.

    A name that many addresses guess at waits too, but not at an address that has not failed yet: so who guesses
    cannot lock its owner out elsewhere.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()  # how often, and when last

    def wait(self, name: str, address: str) -> float:
        """Seconds until this name may be tried again at this address."""
        with self._lock:
            own = self._count("address", _network(address))
            if not own:
                return 0.0
            by_address = self._left("address", _network(address), LONGEST)
            return max(by_address, self._left("name", name, LONGEST_OF_NAME))

    def add(self, name: str, address: str) -> None:
        """Count a failure, and log it."""
        with self._lock:
            for kind, value in (("address", _network(address)), ("name", name)):
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


def _network(address: str) -> str:
    """An address; of IPv6 the network, since a machine has all addresses in it."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) and not ip.ipv4_mapped else str(ip)
