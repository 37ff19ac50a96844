"""Whose a page's session is: that of the user, or of the browser, who opened it. Gradio asks for its name alone."""

import asyncio
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

COOKIE = "footnote"
SHARE = 100  # sessions of an owner that are remembered; the longest unused is forgotten first
LINGERS = 2.0  # seconds in which a page that closed its stream may open another: it does so when it asks again at once
REMEMBERED = 20_000  # of all; the longest unused of the owner who was longest away is forgotten first

_HEARTBEAT = "/gradio_api/heartbeat/"
_STREAM = "/gradio_api/queue/data"
_CANCEL = "/gradio_api/cancel"
_NAMED_IN_BODY = ("/gradio_api/queue/join", _CANCEL)
_BROWSER = re.compile(r"[A-Za-z0-9_-]{32,64}")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Admitted:
    """A request, unread. `gone` is set when who sends it is gone; `hangs_up` is to be called when it breaks off."""

    gone: asyncio.Event
    hangs_up: Callable[[], None]
    receive: Receive


class Sessions:
    """Who opened which session. `is_open` tells whether Gradio has messages to give for one."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._owner: dict[str, str] = {}
        self._of: OrderedDict[str, OrderedDict[str, asyncio.Event]] = OrderedDict()  # the sessions of each owner
        self._streams: dict[str, int] = {}  # how many each session has opened

    async def admit(self, scope: Scope, receive: Receive, owner: str) -> Admitted:
        """A request with its caller, who of a session's requests is the page: gone when its stream is, and stays so.

        Raises HTTPException where it names the session of another owner, or one that is not open.
        """
        path = scope["path"].rstrip("/")
        named: str | None = None
        if path in _NAMED_IN_BODY:
            named, receive = await _named_in(receive)
        elif path == _STREAM:
            named = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        elif path.startswith(_HEARTBEAT):
            named = path.removeprefix(_HEARTBEAT)
        if named is None:
            alone = asyncio.Event()
            return Admitted(alone, alone.set, receive)
        is_there = named in self._owner if path == _CANCEL else path != _STREAM or self._is_open(named)
        gone = self._gone(named, owner) if is_there else None
        if gone is None:
            raise HTTPException(404, "There is no such conversation; reload the page.")
        if path != _STREAM:
            return Admitted(gone, lambda: None, receive)
        self._streams[named] = number = self._streams.get(named, 0) + 1
        return Admitted(gone, partial(self._lingers, named, number, gone), receive)

    def _lingers(self, session: str, number: int, gone: asyncio.Event) -> None:
        """Take a page for gone when it opens no other stream for a while."""

        def look() -> None:
            if self._streams.get(session, number) == number:
                gone.set()

        asyncio.get_running_loop().call_later(LINGERS, look)

    def _gone(self, session: str, owner: str) -> asyncio.Event | None:
        """When this owner's page is gone; None for another's. A session that nobody has is the owner's from now on."""
        if not _SESSION.fullmatch(session):
            return None
        if self._owner.setdefault(session, owner) != owner:
            return None
        own = self._of.setdefault(owner, OrderedDict())
        gone = own.pop(session, None)
        if gone is None or gone.is_set():
            gone = asyncio.Event()  # new, or back again
        own[session] = gone
        self._of.move_to_end(owner)
        if len(own) > SHARE:
            self._forget_one(owner)
        if len(self._owner) > REMEMBERED:
            self._forget_one(next(iter(self._of)))
        return gone

    def _forget_one(self, owner: str) -> None:
        session, _ = self._of[owner].popitem(last=False)
        del self._owner[session]
        self._streams.pop(session, None)
        if not self._of[owner]:
            del self._of[owner]


def browser(headers: Headers) -> str:
    """The browser that sends this, as its cookie tells; empty where there is none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel and _BROWSER.fullmatch(morsel.value) else ""


def new_cookie(secure: bool) -> str:
    """A cookie for a browser without one. Lax: opened from another site's link, the page keeps the one it has."""
    flag = "; Secure" if secure else ""
    return f"{COOKIE}={secrets.token_urlsafe(32)}; Path=/; HttpOnly; SameSite=Lax{flag}"


async def _named_in(receive: Receive) -> tuple[str | None, Receive]:
    """The session that a JSON body names, and the body again; what is no JSON is for Gradio to refuse."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None, _again(message, receive)
        body += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        named = json.loads(body)["session_hash"]
    except (ValueError, KeyError, TypeError, RecursionError):
        named = None
    again = _again({"type": "http.request", "body": bytes(body), "more_body": False}, receive)
    return (named if isinstance(named, str) else None), again


def _again(message: Message, receive: Receive) -> Receive:
    first = [message]

    async def received() -> Message:
        return first.pop() if first else await receive()

    return received
