"""One process for people and programs: the page, the API and MCP behind one guard. Knows nothing of models."""

import errno
from collections.abc import Callable, Collection, Iterator, Sequence

import gradio as gr
import httpx
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from index.errors import DocumentError, FootnoteError, LibraryError, QuestionError
from index.library import Library
from rag.types import Turn
from ui import api, completions
from ui.adding import Adding
from ui.auth import Users
from ui.guard import MAX_UPLOAD_BYTES, guarded, problem
from ui.line import RETRY_AFTER, BusyError, GoneError, Line
from ui.theme import ICON, STYLE, theme
from ui.waiting_files import held
from ui.web import Step, Suggest, build

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_STATUS = {DocumentError: 400, QuestionError: 400, LibraryError: 503, GoneError: 499}  # which nobody is there to read


def chat(
    library: Library,
    stream: Callable[[str, Sequence[Turn], Collection[str] | None], Iterator[Step]],
    suggest: Suggest,
    host: str = "127.0.0.1",
    users: Users | None = None,
    allowed: Sequence[str] = (),
    line: Line | None = None,
) -> ASGIApp:
    """All of it over one stream of answers, for which people and programs wait in the same line."""
    in_line = (line or Line()).answering(stream)
    ask = api.asking(in_line)
    adding = Adding()
    page = build(in_line, library, suggest, api.tools(ask, library), adding)
    return application(page, ask, library, host, users, allowed, adding)


def application(
    page: gr.Blocks,
    ask: api.Asking,
    library: Library,
    host: str,
    users: Users | None = None,
    allowed: Sequence[str] = (),
    adding: Adding | None = None,
) -> ASGIApp:
    """The page and the API as one guarded application, to be served at `host`. For the rest see `ui.guard.guarded`."""
    app = for_programs(ask, library, adding)
    _stay_offline()
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        app_kwargs={"openapi_url": None},
        allowed_paths=[],
        footer_links=[],
        max_file_size=MAX_UPLOAD_BYTES,
        mcp_server=True,
        run_history=False,
        show_error=False,
        ssr_mode=False,
        theme=theme(),
        css_paths=STYLE,
        favicon_path=ICON,
    )
    page.has_launched = True  # only then does Gradio refuse paths of files that a client has not uploaded
    if failed := getattr(page, "mcp_error", None):
        raise RuntimeError(failed)
    told = page._queue.pending_messages_per_session
    return guarded(held(app), host, users, allowed, is_open=lambda session: session in told)


def for_programs(ask: api.Asking, library: Library, adding: Adding | None = None) -> FastAPI:
    """The API alone, and not guarded; every error is one sentence."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)  # its pages of documentation load from elsewhere
    app.include_router(api.routes(ask, library, adding or Adding()))
    app.include_router(completions.routes(ask))
    for prefix in ("/api", "/v1"):
        app.add_api_route(prefix + "/{rest:path}", _nothing_there, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    for kind in (RequestValidationError, HTTPException, FootnoteError, Exception):
        app.add_exception_handler(kind, _say)
    return app


def _nothing_there(request: Request) -> Response:
    raise HTTPException(404, f"There is no {request.method} {request.url.path} in Footnote's API.")


async def _say(request: Request, error: Exception) -> Response:
    """Every error as one sentence. A bug is a 500, and its traceback goes to the console."""
    status, sentence = 500, "Footnote failed at this, and its console says where; please report it."
    if isinstance(error, RequestValidationError):
        status, sentence = 400, _what_is_wrong(error)
    elif isinstance(error, HTTPException):
        status, sentence = error.status_code, str(error.detail)
    elif isinstance(error, BusyError):
        return problem(request.url.path, error.status, str(error), RETRY_AFTER)
    elif isinstance(error, FootnoteError):
        status, sentence = _STATUS.get(type(error), 500), str(error)
    elif isinstance(error, OSError) and error.errno in _NO_ROOM:
        status, sentence = 507, "There is no room for this on the server's disk; free some and send it again."
    return problem(request.url.path, status, sentence)


def _what_is_wrong(error: RequestValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    if first["type"] == "json_invalid":
        return f"The body is not valid JSON, from character {where}: {first['ctx']['error']}."
    if not where:
        return "Expected a JSON object with the header Content-Type: application/json."
    return f"The field {where!r} is not as expected: {first['msg'][:1].lower()}{first['msg'][1:]}."


def _stay_offline() -> None:
    """Have Gradio refuse to fetch files that a client names by an address on another host."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise FootnoteError(f"Footnote fetches nothing from other hosts, such as {request.url.host}.")

    gr.processing_utils.async_transport = httpx.MockTransport(refuse)  # type: ignore[assignment]
