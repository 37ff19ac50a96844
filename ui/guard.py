"""What stands before every request: its host, its origin, its user, its size. Knows nothing of what it guards.

One layer of ASGI that holds for the page, its files and event streams, the API and MCP alike.
"""

from collections.abc import Collection
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from ui.address import is_loopback
from ui.auth import Users, credentials

MAX_UPLOAD_BYTES = 100_000_000  # of one file
MAX_UPLOADS_BYTES = 500_000_000  # of all files of a request
MAX_PAGE_BYTES = 10_000_000  # of what the page sends, which carries its conversation along
MAX_JSON_BYTES = 1_000_000
CHECKS = 2  # passwords hashed at once, so that guessing slows nobody else

_UPLOADS = ("/api/documents", "/gradio_api/upload")
_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 500: "server_error"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Footnote", charset="UTF-8"'}


@dataclass(frozen=True)
class _Refusal:
    status: int
    sentence: str


def problem(path: str, status: int, sentence: str) -> JSONResponse:
    """An error in the form that clients of this path expect: {"error": sentence}, or OpenAI's object below /v1/."""
    openai = {"message": sentence, "type": _KINDS.get(status, "invalid_request_error"), "param": None, "code": None}
    headers = _CHALLENGE if status == 401 else None
    return JSONResponse({"error": openai if path.startswith("/v1/") else sentence}, status, headers)


def guarded(app: ASGIApp, host: str, users: Users | None = None) -> ASGIApp:
    """The application behind the checks. `host` is where it listens; without `users` anyone who gets there may use it.

    Bodies that do not say their size are counted as they come, and cut off.
    """
    checking = CapacityLimiter(CHECKS)
    own_names = {"localhost", "127.0.0.1", "[::1]", host} if is_loopback(host) and users is None else None

    async def refusal(scope: Scope, headers: Headers) -> _Refusal | None:
        return (
            _by_host(headers, own_names)
            or _by_origin(headers)
            or (await _by_user(headers, users, checking) if users else None)
            or _by_path(scope["path"])
            or _by_size(scope["path"], headers)
        )

    async def layer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif refused := await refusal(scope, Headers(scope=scope)):
            http = scope["type"] == "http"
            answer = problem(scope["path"], refused.status, refused.sentence) if http else WebSocketClose(1008)
            await answer(scope, receive, send)
        else:
            await app(scope, _counted(receive, scope["path"]), send)

    return layer


def _by_host(headers: Headers, own_names: Collection[str] | None) -> _Refusal | None:
    """A page of another site can have its name resolve to this machine; so only our own names are answered to."""
    called = headers.get("host", "").lower()
    name, colon, port = called.rpartition(":")
    if own_names is None or (name if colon and port.isdigit() else called) in own_names:
        return None
    return _Refusal(403, f"Footnote answers to localhost and 127.0.0.1, not to {called!r}.")


def _by_origin(headers: Headers) -> _Refusal | None:
    """Browsers name the site whose script asks; programs name none."""
    origin = headers.get("origin")
    if origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower() != "":
        return None
    return _Refusal(403, f"Pages of another site ({origin}) may not use Footnote.")


async def _by_user(headers: Headers, users: Users, checking: CapacityLimiter) -> _Refusal | None:
    given = credentials(headers.get("authorization", "").encode("latin-1").decode(errors="replace"))
    if given is None:
        return _Refusal(401, "Footnote asks for a name and a password.")
    if users.knows(*given) or await to_thread.run_sync(users.check, *given, limiter=checking):
        return None
    return _Refusal(401, "The name or the password is not right.")


def _by_path(path: str) -> _Refusal | None:
    """Addresses that Gradio would fetch from another host and pass on."""
    if path.startswith("/gradio_api/proxy=") or (path.startswith("/gradio_api/file=") and "://" in path):
        return _Refusal(403, "Footnote fetches nothing from other hosts.")
    return None


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
