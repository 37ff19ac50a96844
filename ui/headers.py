"""What every response tells the browser: to run no script and load no file but the page's own, nor to be framed."""

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

# Gradio compiles the page's own scripts from strings and writes style attributes, hence the two words `unsafe-`.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_POLICY = "default-src 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # addresses of event streams name the session
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STAYS_THE_SAME = ("/assets/", "/static/")  # what comes with Gradio, and says nothing of a library
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def plain(scope: Scope) -> None:
    """Ask for the page as it is rather than compressed, since its scripts are to be marked as ours."""
    if scope["path"] == "/":
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]


def secured(send: Send, scope: Scope, cookie: str = "") -> Send:
    """The same with these headers. The page's own scripts get a nonce, and `cookie` is set with it."""
    nonce = secrets.token_urlsafe(16)
    start: Message | None = None  # of the page, kept back until its length is known
    page = bytearray()

    async def sent(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            is_page = scope["path"] == "/" and _is_html(message)
            _add(MutableHeaders(raw=message["headers"]), scope["path"], nonce if is_page else "")
            if is_page and scope["method"] == "GET":
                start = message
                return
        elif start and message["type"] == "http.response.body":
            page.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            marked = _SCRIPT.sub(b'<script nonce="%s"' % nonce.encode(), bytes(page))
            headers = MutableHeaders(raw=start["headers"])
            headers["Content-Length"] = str(len(marked))
            if cookie:
                headers.append("Set-Cookie", cookie)
            await send(start)
            message = {**message, "body": marked}
        await send(message)

    return sent


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _add(headers: MutableHeaders, path: str, nonce: str) -> None:
    headers.update(_ALWAYS)
    headers["Content-Security-Policy"] = _PAGE_POLICY.format(nonce=nonce) if nonce else _POLICY
    headers["Cache-Control"] = "private, max-age=86400" if path.startswith(_STAYS_THE_SAME) else "no-store"
