"""Serving an application until it is stopped, over connections that are limited in number and in patience.

So idle, half-sent and slow ones cost nobody an answer.
"""

import asyncio
import logging
import threading
import time
import webbrowser
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from index.errors import FootnoteError
from ui.address import is_loopback, network
from ui.environment import proxies
from ui.line import Line

MOST = 1000  # connections, where the system allows as many files
SHARE = 1 / 8  # of them, of one address: a browser has up to six at work, and one while its page is just open
OF_THIS_MACHINE = 1 / 4  # where everybody is who comes through a proxy
BACKLOG = 64  # that wait to be accepted, which is done for all of them at once
RESERVE = 64  # files that are something else
HEADERS = 10.0  # seconds to send a request's headers in
BODY = 30.0  # seconds for each of these many
BODY_BYTES = 16_384
GRACE = 20.0  # seconds of waiting for a body, after which
RATE = 5_000  # bytes of it have to have come for each
UNREAD = 60.0  # seconds in which nothing of a response is taken

_HERE = "this machine"
_FINISHING = 10.0  # seconds that the answer at work is waited for
_ARRIVING = 0.5  # seconds in which who was about to ask is told that there is no answer
_STOPPING = 2.0  # seconds that what was answered has to be sent
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    open_browser: bool,
    wait: bool = True,
    line: Line | None = None,
    behind_proxy: bool = False,
) -> Callable[[], None]:
    """Serve until interrupted or, told not to wait, until what it returns is called. Raises FootnoteError.

    What `line` has at work is then finished, and who waits in it is told. `behind_proxy` says to believe what a proxy
    on this machine says of whom it speaks for.
    """
    quiet_repeats()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol(most_connections()),
        ws="none",
        backlog=BACKLOG,
        log_level="warning",
        server_header=False,
        proxy_headers=behind_proxy,
        forwarded_allow_ips=["127.0.0.0/8", "::1"],  # whatever the environment says
    )
    server = uvicorn.Server(config)

    def run() -> None:
        with suppress(SystemExit):  # after saying why it cannot start
            server.run()

    def stop() -> None:
        if line:
            line.close(_FINISHING)
            time.sleep(_ARRIVING)
        server.should_exit = True
        thread.join(_STOPPING)
        server.force_exit = True  # pages that are open hold a stream of events, which never ends
        thread.join(_STOPPING)

    thread = threading.Thread(target=run, name="server", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise FootnoteError(f"Footnote could not start on {host}, port {port}; see the message above.")
        time.sleep(0.01)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        print(f"Footnote is at {url} (Ctrl-C stops it)", flush=True)
        if open_browser:
            with proxies():
                webbrowser.open(url)
        while wait and thread.is_alive():
            thread.join(0.2)
    except KeyboardInterrupt:
        stop()
    return stop


def most_connections() -> int:
    """How many may be open, after raising the number of files that this process may open as far as it is allowed to."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST
    wanted = MOST + BACKLOG + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(8, min(MOST, (wanted if soft == resource.RLIM_INFINITY else soft) - BACKLOG - RESERVE))


def protocol(most: int) -> type[H11Protocol]:
    """HTTP/1.1 over at most so many connections."""
    patience = {"headers": HEADERS, "body": BODY, "unread": UNREAD}
    grace, rate = GRACE, RATE
    often = min(1.0, *(seconds / 2 for seconds in (*patience.values(), grace)))

    def share(peer: str) -> int:
        return max(8, int(most * (OF_THIS_MACHINE if peer == _HERE else SHARE)))

    class Connection(H11Protocol):
        """A connection that ends when its client takes too long."""

        _peer = ""
        _waits_for = ""
        _since = 0.0
        _received = 0
        _request: object = None
        _of_request = 0  # bytes that came
        _waited = 0.0  # seconds, for those that did not
        _looked = 0.0
        _look: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            self._peer = _HERE if is_loopback(address) else network(address)
            self._looked = time.monotonic()
            if not self._finds_room():
                transport.write(_FULL)
                transport.close()
            self._watch()

        def data_received(self, data: bytes) -> None:
            self._received += len(data)
            self._of_request += len(data)
            super().data_received(data)
            if self.cycle is not self._request:
                self._request, self._of_request, self._waited = self.cycle, len(data), 0.0

        def connection_lost(self, exc: Exception | None) -> None:
            if self._look:
                self._look.cancel()
            super().connection_lost(exc)

        def _finds_room(self) -> bool:
            """Whether there is room, which an idle or a half-sent request of whoever has most may have to make."""
            others = [c for c in self.connections if isinstance(c, Connection) and c is not self and c._is_open()]
            mine = [c for c in others if c._peer == self._peer]
            if len(mine) >= share(self._peer):
                return _drop_idle(mine) or _drop_slowest(mine)
            if len(others) < most or _drop_idle(others):
                return True
            held = Counter(c._peer for c in others)
            fullest = max(held, key=lambda peer: held[peer] / share(peer))
            return _drop_slowest([c for c in others if c._peer == fullest])

        def _is_open(self) -> bool:
            return not self.transport.is_closing()

        def _is_idle(self) -> bool:
            answered = self.cycle is None or self.cycle.response_complete
            return answered and self.conn.their_state is h11.IDLE and self._is_open()

        def _is_half_sent(self) -> bool:
            return self.conn.their_state is h11.SEND_BODY and self._is_open()

        def _speed(self) -> float:
            return self._of_request / max(1.0, self._waited)

        def _watch(self) -> None:
            now = time.monotonic()
            waits_for = self._client_is_to_do()
            if waits_for == "body":
                self._waited += now - self._looked
            self._looked = now
            came = waits_for == "body" and self._received >= BODY_BYTES
            if waits_for != self._waits_for or came:
                self._waits_for, self._since, self._received = waits_for, now, 0
            elif waits_for and now - self._since > patience[waits_for]:
                self.transport.abort()
                return
            if waits_for == "body" and self._waited > grace and self._speed() < rate:
                self.transport.abort()
                return
            self._look = self.loop.call_later(often, self._watch)

        def _client_is_to_do(self) -> str:
            if self.flow.write_paused:
                return "unread"
            if self._is_idle():
                return "headers"
            return "body" if self._is_half_sent() and not self.flow.read_paused else ""

    def _drop_idle(among: list[Connection]) -> bool:
        """End the one that has sent no request for longest."""
        idle = [c for c in among if c._is_idle()]
        if idle:
            min(idle, key=lambda c: c._since).transport.abort()
        return bool(idle)

    def _drop_slowest(among: list[Connection]) -> bool:
        """End the one whose request comes slowest."""
        half_sent = [c for c in among if c._is_half_sent()]
        if half_sent:
            min(half_sent, key=lambda c: (c._speed(), -c._waited)).transport.abort()
        return bool(half_sent)

    return Connection


class Once(logging.Filter):
    """Lets a message through once in so many seconds: a server out of files would write it without end."""

    def __init__(self, seconds: float = 10.0, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds, self._now = seconds, now
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether nothing that begins alike was let through of late."""
        said, now = record.getMessage()[:80], self._now()
        if now - self._last.get(said, -self._seconds) < self._seconds:
            return False
        if len(self._last) > 100:
            self._last.clear()
        self._last[said] = now
        return True


def quiet_repeats() -> None:
    """Have asyncio and uvicorn say the same thing once in a while only."""
    for name in ("asyncio", "uvicorn.error"):
        logger: Any = logging.getLogger(name)
        if not any(isinstance(known, Once) for known in logger.filters):
            logger.addFilter(Once())
