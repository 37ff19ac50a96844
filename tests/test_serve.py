"""Starting and stopping, and connections that are idle, slow or too many."""

import logging
import os
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from index.errors import FootnoteError
from index.library import Library
from tests.serving import asking, filled, running, served, until, users
from ui import serve as serving
from ui.address import is_loopback, require_free_port, warn_if_open
from ui.environment import proxies, set_proxies_aside
from ui.guard import guarded
from ui.serve import Once, serve
from ui.server import for_programs

FOOTNOTE = [sys.executable, "-c", "import sys; from ui.cli import main; sys.exit(main())"]
DOCUMENTS = "eval/gold/documents"
PORT = 7909
SOCKS = {"ALL_PROXY": "socks5://127.0.0.1:9", "https_proxy": "socks5h://127.0.0.1:9", "HTTP_PROXY": "http://[::bad"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("served") / "library")


@pytest.fixture
def app(library: Library) -> ASGIApp:
    """The API alone, which is there at once."""
    return guarded(for_programs(asking(library), library), "127.0.0.1")


def test_a_server_stops_while_a_page_is_open(library: Library) -> None:
    with ExitStack() as opened, running(served(library)) as url:
        page = opened.enter_context(httpx.Client()).stream("GET", f"{url}/gradio_api/heartbeat/x", timeout=60)
        assert opened.enter_context(page).status_code == 200
        assert httpx.get(f"{url}/api/documents").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/documents")


def test_ctrl_c_stops_it_cleanly(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tests.serving import filled, served; from ui.serve import serve;"
        f"serve(served(filled(Path({str(tmp_path / 'library')!r}))), '127.0.0.1', 0, open_browser=False)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Footnote is at http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")


def test_a_port_in_use(app: ASGIApp) -> None:
    with running(app) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(FootnoteError, match=rf"cannot listen on 127.0.0.1, port {port} .* --port"):
            require_free_port("127.0.0.1", port)
        with pytest.raises(FootnoteError, match="could not start"):
            serve(app, "127.0.0.1", port, open_browser=False, wait=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9")),
        *((host, False) for host in ("0.0.0.0", "::", "192.0.2.1", "docs.example", "")),
    ],
)
def test_an_open_server_is_warned_of(host: str, loopback: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_loopback(host) == loopback
    warn_if_open(host, users())
    assert capsys.readouterr().err == ""
    warn_if_open(host, None)
    assert capsys.readouterr().err.count("\n") == (0 if loopback else 1)


# Connections.


HALF_SENT = b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n{"


def connected(url: str, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    host, _, port = url.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=30, source_address=(source, 0))
    connection.sendall(sent)
    return connection


def is_open(connection: socket.socket) -> bool:
    """Whether the server has not ended the connection so far, or answered over it."""
    return not select.select([connection], [], [], 0)[0]


def ended(connection: socket.socket) -> bool:
    """Whether the server ends the connection, in so much time as it waits for an answer."""
    with suppress(ConnectionError):
        while connection.recv(4096):
            pass
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow",
        b"POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST /api/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 1000\r\n\r\n--x\r\n",
        b"POST /gradio_api/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_who_sends_nothing_more_is_not_waited_for(app: ASGIApp, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(serving, "HEADERS", 0.5)
    monkeypatch.setattr(serving, "BODY", 0.5)
    with running(app) as url, connected(url, sent) as connection:
        assert ended(connection)


def test_who_sends_slowly_but_steadily_is(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BODY", 1.0)
    monkeypatch.setattr(serving, "GRACE", 0.5)

    def body() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\n'
        for _ in range(20):
            time.sleep(0.15)
            yield b"Lima is slow. " * 2000
        yield b"\r\n--x--\r\n"

    with running(served(library)) as url:
        how = {"Content-Type": "multipart/form-data; boundary=x"}
        assert httpx.post(f"{url}/gradio_api/upload", content=body(), headers=how, timeout=60).status_code == 200


def test_who_sends_too_little_is_not(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some bytes every now and then, for a minute."""
    monkeypatch.setattr(serving, "GRACE", 0.5)
    with running(app) as url, connected(url, HALF_SENT) as connection, pytest.raises(ConnectionError):
        for _ in range(600):
            time.sleep(0.1)
            connection.sendall(b"a" * 100)


def test_half_sent_requests_keep_nobody_out(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at their address, of which so many are let in, nor at another."""
    monkeypatch.setattr(serving, "MOST", 20)
    with running(app) as url, ExitStack() as opened:
        half_sent = [opened.enter_context(connected(url, HALF_SENT)) for _ in range(40)]
        for _ in range(3):
            assert httpx.get(f"{url}/api/documents", timeout=30).status_code == 200
        until(lambda: sum(map(is_open, half_sent)) < 8)
    monkeypatch.setattr(serving, "is_loopback", lambda _: False)  # as if the next came from afar
    with running(app) as url, ExitStack() as opened:
        half_sent = [opened.enter_context(connected(url, HALF_SENT)) for _ in range(40)]
        for source in ("127.0.0.1", "127.0.0.2"):
            with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as http:
                assert http.get(f"{url}/api/documents", timeout=30).status_code == 200
        until(lambda: sum(map(is_open, half_sent)) < 8)


def test_who_has_most_connections_makes_room(app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the request that comes slowest."""
    monkeypatch.setattr(serving, "MOST", 20)
    monkeypatch.setattr(serving, "is_loopback", lambda _: False)
    with running(app) as url, ExitStack() as opened:

        def opens(count: int, source: str, sent: bytes) -> list[socket.socket]:
            return [opened.enter_context(connected(url, sent, source)) for _ in range(count)]

        few = opens(6, "127.0.0.2", HALF_SENT) + opens(6, "127.0.0.3", HALF_SENT)
        most = opens(3, "127.0.0.4", HALF_SENT + b"a" * 50)
        slowest = opens(1, "127.0.0.4", HALF_SENT)
        most += opens(4, "127.0.0.4", HALF_SENT + b"a" * 50)
        assert all(map(is_open, [*few, *most, *slowest]))
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.5")) as http:
            assert http.get(f"{url}/api/documents", timeout=30).status_code == 200
        until(lambda: not is_open(slowest[0]))
        assert all(map(is_open, [*few, *most]))


def test_an_event_stream_may_be_silent(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADERS", "BODY", "UNREAD"):
        monkeypatch.setattr(serving, name, 0.3)
    heartbeat = b"GET /gradio_api/heartbeat/y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with running(served(library)) as url, connected(url, heartbeat) as page:
        assert b"ALIVE" in page.recv(4096) + page.recv(4096)
        page.settimeout(1.5)
        with pytest.raises(TimeoutError):
            page.recv(4096)


def test_idle_connections_keep_nobody_out(tmp_path: Path) -> None:
    """300 of them to a server that may open 256 files; each is closed for the next, and little is logged."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
        "from pathlib import Path; from tests.serving import filled, served; from ui.serve import serve;"
        f"serve(served(filled(Path({str(tmp_path / 'library')!r}))), '127.0.0.1', {PORT}, open_browser=False)"
    )
    url = f"http://127.0.0.1:{PORT}"
    log = tmp_path / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=errors) as process,
        ExitStack() as opened,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(300):
            opened.enter_context(connected(url))
        for _ in range(5):
            assert httpx.get(f"{url}/api/documents", timeout=30).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert log.stat().st_size < 10_000


def test_the_number_of_connections_follows_the_number_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))
    for limits, raised, most in (
        ((256, 256), (256, 256), 128),
        ((256, 4096), (1128, 4096), 1000),
        ((1024, resource.RLIM_INFINITY), (1128, resource.RLIM_INFINITY), 1000),
        ((4096, 4096), None, 1000),
        ((64, 64), (64, 64), 8),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limits=limits: limits)
        set_to.clear()
        assert (serving.most_connections(), set_to) == (most, [raised] if raised else [])


def test_the_same_is_logged_once_in_a_while() -> None:
    now = [0.0]
    once = Once(10.0, lambda: now[0])

    def passes(text: str) -> bool:
        return once.filter(logging.LogRecord("asyncio", logging.ERROR, "", 0, text, None, None))

    assert [passes("out of files"), passes("out of files"), passes("something else")] == [True, False, True]
    now[0] = 10.0
    assert passes("out of files")


# The environment.


def test_proxies_are_set_aside_and_there_for_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SOCKS.items():
        monkeypatch.setenv(name, value)
    set_proxies_aside()
    assert not SOCKS.keys() & os.environ.keys()
    with proxies():
        assert {name: os.environ[name] for name in SOCKS} == SOCKS
    assert not SOCKS.keys() & os.environ.keys()


# The program itself.


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The program, which is killed when a test leaves it running."""
    with subprocess.Popen(
        [*FOOTNOTE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def chatting(library: Path, **environment: str) -> Any:
    return started("chat", "--library", str(library), "--port", str(PORT), "--no-browser", **environment)


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Footnote is at"), line + process.communicate()[1]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the example documents, indexed by the program."""
    folder = tmp_path_factory.mktemp("shelf") / "library"
    subprocess.run([*FOOTNOTE, "index", DOCUMENTS, "--library", str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.integration
@pytest.mark.parametrize("number", range(10))
def test_ctrl_c_while_answering_ends_without_an_abort(shelf: Path, number: int) -> None:
    """Whoever is being answered gets the answer, who waits a sentence; SIGTERM does the same."""
    replies: list[httpx.Response] = []

    def ask(http: httpx.Client) -> None:
        replies.append(http.post("/api/ask", json={"question": "Which city will host EXPO 2017?"}))

    with chatting(shelf) as process, ExitStack() as opened:
        ready(process)
        clients = [httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) for _ in range(8)]
        asking = [threading.Thread(target=ask, args=(opened.enter_context(http),)) for http in clients]
        for thread in asking:
            thread.start()
        time.sleep(random.Random(number).uniform(0.1, 1.0))
        process.send_signal(signal.SIGTERM if number % 2 else signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        for thread in asking:
            thread.join(60)
    assert (process.returncode, errors, len(replies)) == (0, "", 8)
    assert {reply.status_code for reply in replies} <= {200, 503}
    assert all("is being stopped" in reply.json()["error"] for reply in replies if reply.status_code == 503)
    assert not list(shelf.glob("uploads-*"))


@pytest.mark.integration
def test_an_upload_under_way_leaves_nothing_when_it_is_stopped(shelf: Path, tmp_path: Path) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    sent = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    sent += b"Content-Length: 90000000\r\n\r\n" + head + b"A word. " * 500_000
    (tmp_path / "temporary").mkdir()
    with chatting(shelf, TMPDIR=str(tmp_path / "temporary")) as process:
        ready(process)
        paths = (b"/gradio_api/upload", b"/api/documents")
        with ExitStack() as opened:
            for path in paths:
                opened.enter_context(connected(f"http://127.0.0.1:{PORT}", sent % path))
            time.sleep(1)
            assert list(shelf.glob("uploads-*/page/tmp*"))
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not list(shelf.glob("uploads-*"))
    assert not [file for file in (tmp_path / "temporary").rglob("*") if file.is_file()]


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_indexing_is_stopped_with_a_sentence(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "long.txt").write_text("\n\n".join(f"The ferry number {n} leaves at {n}." for n in range(200_000)))
    with started("index", str(tmp_path / "long.txt"), "--library", str(tmp_path / "library")) as process:
        while not (tmp_path / "library" / "library.sqlite").exists():
            time.sleep(0.05)
        time.sleep(1)
        process.send_signal(number)
        printed, errors = process.communicate(timeout=60)
    assert (process.returncode, printed) == (1, "")
    assert errors == "footnote: stopped; what was stored so far is kept.\n"


@pytest.mark.integration
def test_proxies_in_the_environment_stop_nothing(shelf: Path, tmp_path: Path) -> None:
    with chatting(shelf, **SOCKS) as process:
        ready(process)
        assert "Footnote" in httpx.get(f"http://127.0.0.1:{PORT}/").text
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
    for command in (
        ("index", DOCUMENTS, "--library", str(tmp_path / "library")),
        ("ask", "Which city will host EXPO 2017?", "--library", str(shelf)),
    ):
        done = subprocess.run([*FOOTNOTE, *command], env={**os.environ, **SOCKS}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), command


@pytest.mark.integration
def test_a_shared_temporary_folder_that_cannot_be_written_stops_no_upload(shelf: Path) -> None:
    """Nor does one that is not there. Files above a megabyte are spooled to a disk."""
    with chatting(shelf, TMPDIR="/proc") as process:
        ready(process)
        files = {"files": ("ferry.txt", b"The ferry to Rathlin leaves Ballycastle at noon. " * 40_000)}
        added = httpx.post(f"http://127.0.0.1:{PORT}/api/documents", files=files, timeout=300)
        assert (added.status_code, added.json().get("added")) == (200, 1)
        httpx.delete(f"http://127.0.0.1:{PORT}/api/documents", params={"document": "ferry.txt"}, timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
