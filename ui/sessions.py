"""Whose a page's session is: that of the user, or of the browser, who opened it. Gradio asks for its name alone."""

import json
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

COOKIE = "footnote"
REMEMBERED = 10_000  # sessions; the longest unused is forgotten first

_HEARTBEAT = "/gradio_api/heartbeat/"
_STREAM = "/gradio_api/queue/data"
_NAMED_IN_BODY = ("/gradio_api/queue/join", "/gradio_api/cancel")
_BROWSER = re.compile(r"[A-Za-z0-9_-]{32,64}")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Sessions:
    """Who opened which session. `is_open` tells whether Gradio has messages to give for one."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._lock = threading.Lock()
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def refuses(self, scope: Scope, receive: Receive, owner: str) -> tuple[bool, Receive]:
        """Whether this request names the session of another owner, or one that is not open; and its body, unread."""
        path = scope["path"].rstrip("/")
        if path in _NAMED_IN_BODY:
            named, receive = await _named_in(receive)
            return named is not None and not self._is_of(named, owner), receive
        if path.startswith(_HEARTBEAT):
            return not self._is_of(path.removeprefix(_HEARTBEAT), owner), receive
        if path == _STREAM:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            session = query.get("session_hash", [""])[0]
            return not (self._is_open(session) and self._is_of(session, owner)), receive
        return False, receive

    def _is_of(self, session: str, owner: str) -> bool:
        """Whether it is this owner's; a session that nobody has is from now on."""
        if not _SESSION.fullmatch(session):
            return False
        with self._lock:
            known = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            while len(self._owners) > REMEMBERED:
                self._owners.popitem(last=False)
        return secrets.compare_digest(known.encode(), owner.encode())


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
