"""The guard beyond names and passwords: headers, sessions, who hangs up, and who guesses."""

import asyncio
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from index.library import Library
from tests.serving import ADA, BOB, asking, client, filled, running, served, until, users
from ui import logins, sessions
from ui.auth import Secret, Users
from ui.guard import guarded
from ui.logins import FREE, Failures
from ui.scratch import private_folder
from ui.server import for_programs
from ui.sessions import Sessions

EVERY_RESPONSE = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("guarded") / "library")


@pytest.fixture(scope="module")
def app(library: Library) -> ASGIApp:
    return served(library)


@pytest.fixture(scope="module")
def url(app: ASGIApp) -> Iterator[str]:
    with running(app) as at:
        yield at


@pytest.fixture(scope="module")
def url_for_users(library: Library) -> Iterator[str]:
    with running(served(library, people=users())) as at:
        yield at


# Headers.


@pytest.mark.parametrize(
    ("method", "path", "status", "cached"),
    [
        ("GET", "/", 200, False),
        ("HEAD", "/", 200, False),
        ("GET", "/theme.css", 200, False),
        ("GET", "/api/documents", 200, False),
        ("GET", "/v1/models", 200, False),
        ("GET", "/api/nothing", 404, False),
        ("GET", "/monitoring/summary", 404, False),
        ("POST", "/api/ask", 400, False),
        ("GET", "/static/js/iframeResizer.contentWindow.min.js", 200, True),
    ],
)
def test_every_response_is_secured(app: ASGIApp, method: str, path: str, status: int, cached: bool) -> None:
    response = client(app).request(method, path)
    assert response.status_code == status
    assert {name: response.headers[name] for name in EVERY_RESPONSE} == EVERY_RESPONSE
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == ("private, max-age=86400" if cached else "no-store")
    assert "access-control-allow-origin" not in response.headers


def test_refusals_are_secured_too(app: ASGIApp) -> None:
    response = client(app).get("/", headers={"Host": "evil.example"})
    assert (response.status_code, response.headers["x-frame-options"]) == (403, "DENY")


def test_only_the_scripts_of_the_page_run(app: ASGIApp) -> None:
    pages = [client(app).get("/", headers={"Accept-Encoding": "br, gzip"}) for _ in range(2)]
    nonces = []
    for page in pages:
        (nonce,) = re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"])
        scripts = re.findall(r"<script[^>]*>", page.text)
        assert len(scripts) > 3
        assert all(f'nonce="{nonce}"' in script for script in scripts)
        (sources,) = re.findall(r"script-src ([^;]+);", page.headers["content-security-policy"])
        assert "unsafe-inline" not in sources
        nonces.append(nonce)
    assert nonces[0] != nonces[1]


# Sessions.


def join(http: Any, session: str, **how: Any) -> Any:
    body = {"fn_index": 0, "data": [[]], "session_hash": session}
    return http.post("/gradio_api/queue/join", json=body, **how)


def test_a_session_is_of_the_browser_that_opened_it(url: str) -> None:
    with httpx.Client(base_url=url) as ada, httpx.Client(base_url=url) as eve:
        for browser in (ada, eve):
            cookie = browser.get("/").headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=" in cookie
        assert "set-cookie" not in ada.get("/").headers
        assert join(ada, "of-ada").status_code == 200
        requests: list[Callable[[httpx.Client], httpx.Response]] = [
            lambda http: http.get("/gradio_api/queue/data", params={"session_hash": "of-ada"}),
            lambda http: join(http, "of-ada"),
            lambda http: http.get("/gradio_api/heartbeat/of-ada"),
            lambda http: http.post(
                "/gradio_api/cancel", json={"session_hash": "of-ada", "fn_index": 0, "event_id": "x"}
            ),
        ]
        for number, request in enumerate(requests):
            response = request(eve)
            said = {"error": "There is no such conversation; reload the page."}
            assert (response.status_code, response.json()) == (404, said), number
        with httpx.Client(base_url=url) as nobody:
            assert requests[0](nobody).status_code == 404
        assert "process_completed" in requests[0](ada).text


def test_a_session_is_of_the_user_who_opened_it(url_for_users: str) -> None:
    with httpx.Client(base_url=url_for_users, auth=ADA) as ada, httpx.Client(base_url=url_for_users, auth=BOB) as bob:
        assert join(ada, "of-ada-2").status_code == 200
        bob.cookies.set("footnote", ada.get("/").cookies["footnote"])
        assert join(bob, "of-ada-2").status_code == 404
        assert bob.get("/gradio_api/queue/data", params={"session_hash": "of-ada-2"}).status_code == 404
        assert ada.get("/gradio_api/queue/data", params={"session_hash": "of-ada-2"}).status_code == 200


@pytest.mark.parametrize("session", ["", "none", "x" * 65, "../x", "é", "\ud800", "a b"])
def test_a_session_that_is_none_is_said_without_a_traceback(
    app: ASGIApp, session: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    http = client(app)
    quoted = session.encode(errors="surrogatepass")
    assert http.get("/gradio_api/queue/data", params={"session_hash": quoted}).status_code == 404
    if session != "none":
        body = json.dumps({"fn_index": 0, "data": [[]], "session_hash": session})
        assert http.post("/gradio_api/queue/join", content=body).status_code == 404
    assert http.get("/gradio_api/queue/data").status_code == 404
    assert capfd.readouterr().err == ""
    assert not caplog.records


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'{"session_hash": 3}', b"\xff", b'{"session_hash": null}'])
def test_what_names_no_session_is_refused(app: ASGIApp, body: bytes) -> None:
    response = client(app).post("/gradio_api/queue/join", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)


def test_an_endless_event_of_the_page_is_cut_off(app: ASGIApp) -> None:
    body = (b" " * 1_000_000 for _ in range(20))
    response = client(app).post("/gradio_api/queue/join", content=body)
    assert (response.status_code, "send less at a time" in response.text) == (413, True)


# Who guesses passwords.


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_who_guesses_waits_longer_each_time_and_is_forgotten_at_last() -> None:
    clock = Clock()
    failures = Failures(clock)
    waits = []
    for _ in range(FREE + 4):
        waits.append(failures.wait("ada", "192.0.2.1"))
        clock.now += waits[-1]
        failures.add("ada", "192.0.2.1")
    assert waits == [0.0] * FREE + [1.0, 2.0, 4.0, 8.0]
    assert failures.wait("eve", "192.0.2.1") > 0, "whatever name is guessed at"
    clock.now += logins.LONGEST
    assert failures.wait("ada", "192.0.2.1") == 0.0


def test_a_guesser_does_not_lock_out_others() -> None:
    failures = Failures(Clock())
    for n in range(1000):
        failures.add("ada", f"192.0.2.{n % 250}")
    assert failures.wait("ada", "198.51.100.1") == 0.0, "ada elsewhere"
    failures.add("ada", "198.51.100.1")
    assert failures.wait("ada", "198.51.100.1") > 0, "until that one guesses as well"
    assert failures.wait("bob", "198.51.100.1") == 0.0


def test_addresses_of_one_machine_count_as_one() -> None:
    failures = Failures(Clock())
    for n in range(FREE):
        failures.add(f"name {n}", f"2001:db8::{n:x}")
    assert failures.wait("ada", "2001:db8::ffff") > 0
    assert failures.wait("ada", "2001:db8:1::1") == 0.0


def test_what_is_remembered_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "REMEMBERED", 100)
    failures = Failures(Clock())
    for n in range(1000):
        failures.add(f"name {n}", f"10.0.{n // 250}.{n % 250}")
    assert len(failures._failed) == 100


def test_guessing_is_refused_without_hashing_and_logged(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    hashed: list[str] = []

    class Counting(Users):
        def check(self, name: str, password: str) -> bool:
            hashed.append(name)
            return super().check(name, password)

    people = Counting({name: Secret.of(password, n=16, r=1, p=1) for name, password in (ADA, BOB)})
    app = guarded(for_programs(asking(library), library), "127.0.0.1", people)
    guesser, valid = client(app, "192.0.2.1"), client(app, "192.0.2.2")
    assert valid.get("/api/documents", auth=BOB).status_code == 200
    with caplog.at_level(logging.WARNING):
        refused = [guesser.get("/v1/models", auth=("ada", f"guess {n}")) for n in range(40)]
    statuses = [response.status_code for response in refused]
    tried = statuses.count(401)  # one more with each second
    assert statuses[: FREE + 1] == [401] * FREE + [429]
    assert tried <= 2 * FREE
    assert refused[FREE].headers["retry-after"] == "1"
    assert refused[FREE].json()["error"]["message"] == "Too many wrong passwords; try again in 1 s."
    assert len(hashed) == 1 + tried
    logged = [record.getMessage() for record in caplog.records]
    assert logged == ["footnote: failed login as 'ada' from 192.0.2.1"] * tried
    assert valid.get("/api/documents", auth=ADA).status_code == 200, "ada elsewhere"
    assert guesser.get("/api/documents", auth=BOB).status_code == 200, "a password that is remembered"


def test_many_guesses_at_once_are_as_few(library: Library) -> None:
    app = guarded(for_programs(asking(library), library), "127.0.0.1", users())
    with running(app) as url:
        statuses: list[int] = []
        guesses: Sequence[threading.Thread] = [
            threading.Thread(
                target=lambda n=n: statuses.append(httpx.get(f"{url}/api/documents", auth=("ada", str(n))).status_code)
            )
            for n in range(30)
        ]
        for guess in guesses:
            guess.start()
        for guess in guesses:
            guess.join(60)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= FREE + 1


# Uploads.


def test_an_upload_that_breaks_off_leaves_nothing(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with private_folder(tmp_path) as folder, running(served(library)) as url:
        assert folder.stat().st_mode & 0o777 == 0o700

        def files() -> list[Path]:
            return [file for file in folder.rglob("*") if file.is_file() and file.name != ".lock"]

        def broken() -> Iterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n' + b"A word. " * 5000
            until(files)
            raise httpx.WriteError("the line broke")

        with pytest.raises(httpx.WriteError):
            how = {"Content-Type": "multipart/form-data; boundary=x"}
            httpx.post(f"{url}/gradio_api/upload", content=broken(), headers=how)
        until(lambda: not files())
        assert not caplog.records
        (uploaded,) = httpx.post(f"{url}/gradio_api/upload", files={"files": ("b.txt", b"A word.")}).json()
        assert files() == [Path(uploaded)]
    assert not folder.exists()


def test_what_a_killed_server_left_is_removed_and_what_another_uses_is_not(tmp_path: Path) -> None:
    (tmp_path / "uploads-killed").mkdir()
    (tmp_path / "uploads-killed" / "secret.txt").write_text("swordfish")
    with private_folder(tmp_path) as one, private_folder(tmp_path) as other:
        assert {folder.name for folder in tmp_path.iterdir()} == {one.name, other.name}
    assert not list(tmp_path.iterdir())


# Who says to be somebody else.


@pytest.mark.parametrize("behind_proxy", [False, True])
def test_a_forwarded_address_is_believed_behind_a_proxy_alone(
    library: Library, behind_proxy: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    app = guarded(for_programs(asking(library), library), "127.0.0.1", users())
    with running(app, behind_proxy=behind_proxy) as url:
        statuses = [
            httpx.get(
                f"{url}/api/documents", auth=("ada", f"guess {n}"), headers={"X-Forwarded-For": f"192.0.2.{n}"}
            ).status_code
            for n in range(FREE + 3)
        ]
    assert (429 in statuses) is not behind_proxy
    said = {record.getMessage().rpartition(" ")[2] for record in caplog.records}
    assert said == ({f"192.0.2.{n}" for n in range(FREE + 3)} if behind_proxy else {"127.0.0.1"})


def test_others_at_the_address_of_a_guesser_wait_a_little_alone() -> None:
    failures = Failures(Clock())
    for _ in range(100):
        failures.add("ada", "192.0.2.1")
    assert failures.wait("ada", "192.0.2.1") == logins.LONGEST
    assert 0 < failures.wait("bob", "192.0.2.1") <= 30


@pytest.mark.parametrize("origin", ["chrome-extension", "moz-extension", "file", "ftp", "", "httpx"])
def test_pages_of_no_site_are_refused(app: ASGIApp, origin: str) -> None:
    http = client(app)
    for scheme, status in ((origin, 403), ("http", 200), ("HTTPS", 200)):
        given = http.get("/api/documents", headers={"Origin": f"{scheme}://127.0.0.1:7860"})
        assert given.status_code == status


@pytest.mark.parametrize(
    "host",
    [
        "::1]",
        "[[::1]]",
        "]localhost[",
        "[::1",
        "[localhost]",
        "localhost]",
        "[]",
        "localhost:x",
        "localhost:1:2",
        "::1",
    ],
)
def test_a_host_that_is_not_written_as_one_is_refused(app: ASGIApp, host: str) -> None:
    assert client(app).get("/api/documents", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:7860", "[::1]", "[::1]:7860"])
def test_its_own_names_are_answered_to(app: ASGIApp, host: str) -> None:
    assert client(app).get("/api/documents", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/assets/", "/static/", "/gradio_api/heartbeat/", "/api/", "/v1/", "/"])
def test_a_path_of_any_length_is_not_there(app: ASGIApp, path: str, caplog: pytest.LogCaptureFixture) -> None:
    response = client(app).get(path + "a/assets/" * 1000)
    assert (response.status_code, "at an address that long" in response.text) == (404, True)
    assert not caplog.records


# Who names many sessions.


def test_whoever_names_many_sessions_forgets_only_their_own(
    url_for_users: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SHARE", 10)
    with httpx.Client(base_url=url_for_users, auth=ADA) as ada, httpx.Client(base_url=url_for_users, auth=BOB) as bob:
        assert join(ada, "of-ada-3").status_code == 200
        for n in range(50):
            body = {"session_hash": f"cancelled{n}", "fn_index": 0, "event_id": "x"}
            assert bob.post("/gradio_api/cancel", json=body).status_code == 404
            assert join(bob, f"of-bob-{n}").status_code == 200
        assert join(bob, "of-ada-3").status_code == 404
        assert join(ada, "cancelled0").status_code == 200, "a session that was only cancelled is nobody's"
        assert ada.get("/gradio_api/queue/data", params={"session_hash": "of-ada-3"}).status_code == 200


def test_what_is_remembered_of_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SHARE", 3)
    monkeypatch.setattr(sessions, "REMEMBERED", 10)
    known = Sessions(lambda session: True)
    assert known._gone("first", "ada")
    for n in range(5):
        assert known._gone(f"ada-{n}", "ada")
    assert set(known._of["ada"]) == {"ada-2", "ada-3", "ada-4"}
    for n in range(100):
        known._gone("ada-4", "ada")
        known._gone(f"of-{n}", f"owner {n}")
    assert len(known._owner) == sum(map(len, known._of.values())) == 10
    assert known._gone("ada-4", "eve") is None, "who is still there keeps what they use"
    assert all(known._of.values())


def test_a_page_is_gone_when_it_opens_no_other_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """It closes its stream after an answer and opens another for the next question, which may be on its way already."""
    monkeypatch.setattr(sessions, "LINGERS", 0.1)
    known = Sessions(lambda session: True)

    async def request(path: str, session: str = "") -> sessions.Admitted:
        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps({"session_hash": session}).encode()}

        scope = {"path": f"/gradio_api/{path}", "query_string": f"session_hash={session}".encode()}
        return await known.admit(scope, receive, "ada")

    async def run() -> None:
        first = await request("queue/data", "page")
        first.hangs_up()
        asks = await request("queue/join", "page")
        asks.hangs_up()
        second = await request("queue/data", "page")
        assert first.gone is asks.gone is second.gone
        await asyncio.sleep(0.3)
        assert not asks.gone.is_set(), "it is there"
        second.hangs_up()
        assert not asks.gone.is_set()
        await asyncio.wait_for(asks.gone.wait(), 5)
        alone = await request("config")
        alone.hangs_up()
        assert alone.gone.is_set(), "nothing is to follow"

    asyncio.run(run())
