"""A server to test with: an assistant of fakes, a page of a few components, and a port of this machine."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from index.library import Library
from index.types import Document
from rag.assistant import Assistant
from rag.calibration import Calibration
from tests.fakes import OverlapReader, WordEmbedder
from ui import api
from ui.auth import Secret, Users
from ui.line import Line
from ui.serve import serve
from ui.server import application

FRANCE = "😀 About France.\n\nFrance is large. The capital of France is Paris. It has a river.\n"
SPAIN = "Spain is warm. The capital of Spain is <b>[Madrid](http://evil.example)!\n"
QUESTION = "What is the capital of France?"
ABSTAINS = "Who painted Guernica?"
BY_SCORE = Calibration((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.5)  # confident when the reader's score is above 0
ADA = "ada", "correct horse: é"
BOB = "bob", "battery staple"


def users() -> Users:
    """Two users, whose passwords are hashed cheaply."""
    return Users({name: Secret.of(password, n=16, r=1, p=1) for name, password in (ADA, BOB)})


def filled(folder: Path) -> Library:
    """A library of two documents."""
    library = Library(folder, WordEmbedder(), create=True)
    library.add([Document.from_text("france.txt", FRANCE), Document.from_text("spain.txt", SPAIN)])
    return library


def assistant(library: Library) -> Assistant:
    """An assistant of fakes."""
    return Assistant(library, OverlapReader(), BY_SCORE)


def asking(library: Library) -> api.Asking:
    """What an assistant of fakes answers, in a line of its own."""
    return api.asking(Line().answering(assistant(library).stream))


def served(
    library: Library, host: str = "127.0.0.1", people: Users | None = None, allowed: Sequence[str] = ()
) -> ASGIApp:
    """The application with a page that takes text and files, and whose first event reads the files."""

    async def build() -> ASGIApp:
        ask = asking(library)
        with gr.Blocks(title="Footnote", analytics_enabled=False) as page:
            text, upload = gr.Textbox(), gr.UploadButton(file_count="multiple")
            upload.upload(_read, upload, text, api_visibility="private")
            for tool in api.tools(ask, library):
                gr.api(tool, api_name=tool.__name__, queue=False)  # type: ignore[attr-defined]
        return application(page, ask, library, host, people, allowed)

    return asyncio.run(build())  # where no loop runs, Gradio makes some that it never closes


def _read(files: list[str]) -> str:
    return " ".join(Path(file).read_text() for file in files)


def client(app: ASGIApp, address: str = "127.0.0.1") -> TestClient:
    """A client within the process, which calls the server as a program on this machine, or at an address, does."""
    url = "http://127.0.0.1:7860"
    return TestClient(app, base_url=url, raise_server_exceptions=False, client=(address, 50000))


@contextmanager
def running(app: ASGIApp, behind_proxy: bool = False) -> Iterator[str]:
    """The address at which the application is served for a while."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = serve(app, "127.0.0.1", port, open_browser=False, wait=False, behind_proxy=behind_proxy)
    yield f"http://127.0.0.1:{port}"
    stop()


def until(true: Callable[[], object]) -> None:
    """Wait for what is to come true within half a minute."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
