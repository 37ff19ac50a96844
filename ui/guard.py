"""What stands before every request: its host, its origin, its user, its path, its size, its session.

One layer of ASGI that holds for the page, its files and event streams, the API and MCP alike.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ui.address import called, own_names, reached_at
from ui.auth import Users, credentials
from ui.caller import Caller, introduce
from ui.headers import plain, secured
from ui.logins import Failures
from ui.sessions import Admitted, Sessions, browser, new_cookie

MAX_UPLOAD_BYTES = 100_000_000  # of one file
MAX_UPLOADS_BYTES = 500_000_000  # of all files of a request
MAX_PAGE_BYTES = 10_000_000  # of what the page sends, which carries its conversation along
MAX_JSON_BYTES = 1_000_000
MOST_OF_PATH = 1_000  # characters
CHECKS = 2  # passwords hashed at once, so that guessing slows nobody else

_UPLOADS = ("/api/documents", "/gradio_api/upload")
_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Footnote", charset="UTF-8"'}
# All that the page and MCP need of what Gradio serves.
_PAGE = {"/", "/favicon.ico", "/manifest.json", "/robots.txt", "/theme.css"}
_PAGE |= {f"/gradio_api/{name}" for name in ("app_id", "cancel", "mcp", "upload", "upload_progress")}
_PAGE |= {"/gradio_api/mcp/", "/gradio_api/queue/data", "/gradio_api/queue/join"}
_BELOW = ("/api/", "/v1/", "/assets/", "/static/", "/gradio_api/heartbeat/")


@dataclass(frozen=True)
class _Refusal:
    status: int
    sentence: str
    retry_after: int | None = None


def problem(path: str, status: int, sentence: str, retry_after: int | None = None) -> JSONResponse:
    """An error in the form that clients of this path expect: {"error": sentence}, or OpenAI's object below /v1/."""
    openai = {"message": sentence, "type": _KINDS.get(status, "invalid_request_error"), "param": None, "code": None}
    headers = dict(_CHALLENGE) if status == 401 else {}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return JSONResponse({"error": openai if path.startswith("/v1/") else sentence}, status, headers)


def guarded(
    app: ASGIApp,
    host: str,
    users: Users | None = None,
    allowed: Sequence[str] = (),
    is_open: Callable[[str], bool] = lambda session: True,
) -> ASGIApp:
    """The application behind the checks. `host` is where it listens, `allowed` what else it may be called.

    Without `users` anyone who gets there may use it. `is_open` tells whether a page's session has something to be
    told. Bodies that do not say their size are counted as they come, and cut off.
    """
    names = own_names(host, allowed)
    login = _Login(users) if users else None
    sessions = Sessions(is_open)

    async def refusal(scope: Scope, headers: Headers) -> _Refusal | None:
        return (
            _by_host(headers, names | {reached_at(scope.get("server"))})
            or _by_origin(headers)
            or (await login.refusal(headers, _address(scope)) if login else None)
            or _by_path(scope["path"])
            or _by_size(scope["path"], headers)
        )

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = await refusal(scope, headers)
        if scope["type"] != "http":
            await (WebSocketClose(1008) if refused else app)(scope, receive, send)
            return
        known = browser(headers)
        send = secured(send, scope, "" if known else new_cookie(secure=scope.get("scheme") == "https"))
        if not refused:
            name = login.name(headers) if login else ""
            try:
                admitted = await sessions.admit(scope, _counted(receive, scope["path"]), name or known)
            except HTTPException as error:
                refused = _Refusal(error.status_code, error.detail)
        if refused:
            await problem(scope["path"], refused.status, refused.sentence, refused.retry_after)(scope, receive, send)
            return
        plain(scope)
        introduce(Caller(name or _address(scope), admitted.gone), scope)
        watched = _Watched(admitted)
        try:
            await app(scope, watched.receive, send)
        except ClientDisconnect:
            pass  # in the middle of what it sent
        finally:
            watched.stop()

    return layer


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _by_host(headers: Headers, names: frozenset[str]) -> _Refusal | None:
    """A page of another site can have its name resolve to this machine; so only our own names are answered to."""
    host = headers.get("host", "")
    if called(host) in names - {""}:
        return None
    sentence = f"Footnote answers to localhost and 127.0.0.1, not to {host.lower()!r}"
    return _Refusal(403, f"{sentence}; who started it can add a name with --allow-host.")


def _by_origin(headers: Headers) -> _Refusal | None:
    """Browsers name the site whose script asks; programs name none."""
    origin = headers.get("origin")
    host = headers.get("host", "").lower()
    if origin is None or (host and origin.lower() in (f"http://{host}", f"https://{host}")):
        return None
    return _Refusal(403, f"Pages of another site ({origin}) may not use Footnote.")


class _Login:
    """The check of names and passwords; who guesses waits."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._failures = Failures()
        self._checking = CapacityLimiter(CHECKS)

    def name(self, headers: Headers) -> str:
        """Who says to send this."""
        return (_given(headers) or ("", ""))[0]

    async def refusal(self, headers: Headers, address: str) -> _Refusal | None:
        """Why this request's user is not let in; None for who is."""
        given = _given(headers)
        if given is None:
            return _Refusal(401, "Footnote asks for a name and a password.")
        if self._users.knows(*given):
            return None
        wait = self._failures.wait(given[0], address)
        if not wait:
            wait = await to_thread.run_sync(self._check, *given, address, limiter=self._checking)
        if wait:
            sentence = f"Too many wrong passwords; try again in {ceil(wait):,} s."
            return _Refusal(429, sentence, ceil(wait))
        if self._users.knows(*given):
            return None
        return _Refusal(401, "The name or the password is not right.")

    def _check(self, name: str, password: str, address: str) -> float:
        """Check a password, unless others have failed while it waited for its turn: how long it is to wait then."""
        if self._users.knows(name, password):
            return 0.0
        if wait := self._failures.wait(name, address):
            return wait
        if not self._users.check(name, password):
            self._failures.add(name, address)
        return 0.0


def _given(headers: Headers) -> tuple[str, str] | None:
    return credentials(headers.get("authorization", "").encode("latin-1").decode(errors="replace"))


def _by_path(path: str) -> _Refusal | None:
    """Gradio serves much more than the page asks for."""
    if len(path) > MOST_OF_PATH:
        return _Refusal(404, "Footnote has nothing at an address that long.")
    return None if path in _PAGE or path.startswith(_BELOW) else _Refusal(404, f"Footnote has nothing at {path}.")


def _by_size(path: str, headers: Headers) -> _Refusal | None:
    declared = headers.get("content-length", "0")
    return None if declared.isdigit() and int(declared) <= _most_bytes(path) else _too_large(path)


def _too_large(path: str) -> _Refusal:
    return _Refusal(413, f"The request is larger than {_most_bytes(path) // 1_000_000:,} MB; send less at a time.")


def _most_bytes(path: str) -> int:
    if path.rstrip("/") in _UPLOADS:
        return MAX_UPLOADS_BYTES
    own = path.startswith(("/api/", "/v1/", "/gradio_api/mcp"))
    return MAX_JSON_BYTES if own else MAX_PAGE_BYTES


def _counted(receive: Receive, path: str) -> Receive:
    come = 0

    async def counted() -> Message:
        nonlocal come
        message = await receive()
        come += len(message.get("body") or b"")
        if come > _most_bytes(path):
            refused = _too_large(path)
            raise HTTPException(refused.status, refused.sentence)
        return message

    return counted


class _Watched:
    """What a request sends; once that is all, it is told when its sender hangs up."""

    def __init__(self, admitted: Admitted) -> None:
        self._receive, self._hangs_up = admitted.receive, admitted.hangs_up
        self._ended = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def receive(self) -> Message:
        if self._watch:
            await self._ended.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._end()
        elif not message.get("more_body"):
            self._watch = asyncio.ensure_future(self._wait())
        return message

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._end()

    def _end(self) -> None:
        self._ended.set()
        self._hangs_up()

    def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
