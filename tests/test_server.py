"""The whole application: the guard before it, files and tools behind it, and real clients that talk to it."""

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent
from openai import AuthenticationError, BadRequestError, OpenAI
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from starlette.websockets import WebSocketDisconnect

from index.errors import FootnoteError
from index.library import Library
from tests.serving import ADA, BOB, FRANCE, QUESTION, client, filled, running, served, users
from ui.address import own_names
from ui.auth import Users

BASIC = {"Authorization": "Basic " + base64.b64encode(":".join(ADA).encode()).decode()}
BEARER = {"Authorization": b"Bearer " + ":".join(ADA).encode()}
EVERYTHING = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/file=/etc/passwd"),
    ("GET", "/gradio_api/queue/data?session_hash=x"),
    ("GET", "/gradio_api/heartbeat/x"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/call/ask"),
    ("POST", "/gradio_api/mcp/"),
    ("GET", "/gradio_api/mcp/sse"),
    ("POST", "/api/ask"),
    ("GET", "/api/documents"),
    ("POST", "/api/documents"),
    ("DELETE", "/api/documents?document=france.txt"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/v1/models"),
    ("OPTIONS", "/api/ask"),
    ("GET", "/nowhere"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("served") / "library")


@pytest.fixture(scope="module")
def app(library: Library) -> ASGIApp:
    return served(library)


@pytest.fixture(scope="module")
def app_for_users(library: Library) -> ASGIApp:
    return served(library, people=users())


@pytest.fixture
def http(app: ASGIApp) -> TestClient:
    return client(app)


@pytest.fixture(scope="module")
def url(app: ASGIApp) -> Iterator[str]:
    with running(app) as at:
        yield at


@pytest.fixture(scope="module")
def url_for_users(app_for_users: ASGIApp) -> Iterator[str]:
    with running(app_for_users) as at:
        yield at


# Names and passwords.


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_nothing_is_open_without_a_password(app_for_users: ASGIApp, method: str, path: str) -> None:
    http = client(app_for_users, f"192.0.2.{EVERYTHING.index((method, path))}")  # where nobody has failed before
    wrong = {"Authorization": "Bearer ada:wrong"}
    for headers, says in (({}, "Footnote asks for a name and a password."), (wrong, "The name or the password is")):
        response = http.request(method, path, headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Basic realm="Footnote", charset="UTF-8"'
        problem = response.json()["error"]
        assert (problem["message"] if path.startswith("/v1/") else problem).startswith(says)


@pytest.mark.parametrize("headers", [BASIC, BEARER])
def test_a_password_opens_everything(app_for_users: ASGIApp, headers: dict[str, Any]) -> None:
    http = client(app_for_users)
    assert "Footnote" in http.get("/", headers=headers).text
    assert http.get("/api/documents", headers=headers).status_code == 200
    assert http.get("/v1/models", headers=headers).status_code == 200
    assert http.post("/api/ask", headers=headers, json={"question": QUESTION}).json()["answer"] == "Paris"


def test_a_password_is_hashed_once(library: Library) -> None:
    people = users()
    http = client(served(library, people=people))
    http.get("/api/documents", headers={"Authorization": "Bearer ada:wrong"})
    assert not people.knows("ada", "wrong")
    http.get("/api/documents", headers=BASIC)
    assert people.knows(*ADA)


def test_web_sockets_are_guarded(app: ASGIApp, app_for_users: ASGIApp) -> None:
    for guarded, headers in ((app_for_users, {}), (app, {"Origin": "http://evil.example"}), (app, {"Host": "evil"})):
        with pytest.raises(WebSocketDisconnect) as refused, client(guarded).websocket_connect("/", headers=headers):
            pass
        assert refused.value.code == 1008


def test_behind_a_proxy_the_name_it_is_called_by_is_allowed(library: Library, app_for_users: ASGIApp) -> None:
    headers = {**BASIC, "Host": "Docs.example", "Origin": "https://docs.example"}
    assert client(app_for_users).get("/api/documents", headers=headers).status_code == 403
    named = served(library, people=users(), allowed=["docs.example"])
    assert client(named).get("/api/documents", headers=headers).status_code == 200


# Other sites.


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil", ""])
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/api/ask"), ("GET", "/gradio_api/info")])
def test_a_foreign_name_for_this_machine_is_refused(http: TestClient, method: str, path: str, host: str) -> None:
    response = http.request(method, path, headers={"Host": host})
    assert response.status_code == 403
    assert response.json()["error"].startswith(f"Footnote answers to localhost and 127.0.0.1, not to {host!r};")


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:7860", "[::1]", "[::1]:7860", "LOCALHOST:80"])
def test_this_machine_has_several_names(http: TestClient, host: str) -> None:
    assert http.get("/api/documents", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("people", [None, users()])
def test_a_server_for_others_answers_to_its_own_names_alone(library: Library, people: Users | None) -> None:
    http = client(served(library, host="0.0.0.0", people=people, allowed=["docs.example"]))
    headers = BASIC if people else {}
    own = [socket.gethostname(), "localhost:7860", "127.0.0.1", "docs.example:443"]
    for host, status in ((name, 200) for name in own):
        assert http.get("/api/documents", headers={**headers, "Host": host}).status_code == status, host
    for host in ("evil.example", "docs.example.evil", "192.0.2.7", "127.0.0.1.evil"):
        forged = {**headers, "Host": host, "Origin": f"http://{host}"}
        assert http.get("/api/documents", headers=forged).status_code == 403, host
        assert http.delete("/api/documents?document=france.txt", headers=forged).status_code == 403, host


def test_a_server_answers_to_the_address_it_is_reached_at(library: Library) -> None:
    http = TestClient(served(library, host="0.0.0.0"), base_url="http://192.0.2.7:7860")
    assert http.get("/api/documents").status_code == 200


@pytest.mark.parametrize("name", ["", "*", "http://docs.example", "docs.example:443", "a b", "a..b"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(FootnoteError, match="is not the name of a host; name one as in"):
        own_names("0.0.0.0", [name])


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:7861", "http://localhost:7860", ""]
)
@pytest.mark.parametrize(("method", "path"), EVERYTHING)
def test_pages_of_other_sites_are_refused(http: TestClient, method: str, path: str, origin: str) -> None:
    response = http.request(method, path, headers={"Origin": origin})
    assert response.status_code == 403
    assert "may not use Footnote" in response.text


def test_the_own_page_is_not(http: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:7860"}
    assert http.post("/api/ask", json={"question": QUESTION}, headers=headers).status_code == 200


# Sizes, and what Gradio could be talked into.


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/api/ask", 1_000_001),
        ("/v1/chat/completions", 1_000_001),
        ("/gradio_api/mcp/", 1_000_001),
        ("/gradio_api/queue/join", 10_000_001),
        ("/gradio_api/upload", 500_000_001),
        ("/api/documents", 500_000_001),
        ("/api/documents/", 500_000_001),
    ],
)
def test_a_body_that_says_it_is_too_large(http: TestClient, path: str, size: int) -> None:
    response = http.post(path, headers={"Content-Length": str(size), "Content-Type": "application/json"})
    assert (response.status_code, "send less at a time" in response.text) == (413, True)


@pytest.mark.parametrize("length", ["-1", "x", "1e3"])
def test_a_body_of_no_size(http: TestClient, length: str) -> None:
    assert http.post("/api/ask", headers={"Content-Length": length}).status_code == 413


def test_no_file_is_served_nor_what_was_uploaded(http: TestClient, library: Library, tmp_path: Path) -> None:
    private = ["/etc/passwd", str(library.folder / "library.sqlite"), "README.md", str(Path("README.md").resolve())]
    for path in (*private, "../../../etc/passwd", ".git/config", "ui/web.css", "%2e%2e/%2e%2e/etc/passwd"):
        assert http.get(f"/gradio_api/file={path}").status_code in (403, 404), path
    (uploaded,) = http.post("/gradio_api/upload", files={"files": ("a.txt", b"A word.")}).json()
    assert Path(uploaded).read_text() == "A word."
    for path in (f"/gradio_api/file={uploaded}", f"/gradio_api/file/{uploaded}", f"/file={uploaded}"):
        assert (http.get(path).status_code, http.head(path).status_code) == (404, 404)


def event(http: httpx.Client, *data: Any) -> str:
    """What the page's first event says to these values."""
    http.post("/gradio_api/queue/join", json={"fn_index": 0, "data": data, "session_hash": "x"}).raise_for_status()
    return http.get("/gradio_api/queue/data", params={"session_hash": "x"}).text


def test_an_upload_is_not_a_path_on_this_machine(url: str, tmp_path: Path) -> None:
    def file(path: str) -> list[dict[str, Any]]:
        return [{"path": path, "meta": {"_type": "gradio.FileData"}}]

    (tmp_path / "secret.txt").write_text("swordfish")
    with httpx.Client(base_url=url) as http:
        said = event(http, file(str(tmp_path / "secret.txt")))
        assert '"success":false' in said
        assert "swordfish" not in said
        (uploaded,) = http.post("/gradio_api/upload", files={"files": ("a.txt", b"swordfish")}).json()
        assert "swordfish" in event(http, file(uploaded)), "so the page reads what was uploaded"


@pytest.mark.parametrize("address", ["http://example.com/a.txt", "https://huggingface.co/a.txt"])
def test_nothing_is_fetched_for_a_client(url: str, address: str, outbound: list[str]) -> None:
    with httpx.Client(base_url=url) as http:
        assert http.get(f"/gradio_api/file={address}").status_code == 404
        assert http.get(f"/gradio_api/proxy={address}").status_code == 404
        assert '"success":false' in event(http, [{"path": address, "meta": {"_type": "gradio.FileData"}}])
    assert outbound == []


@pytest.mark.parametrize(
    "path",
    [
        *("/config", "/monitoring", "/monitoring/summary", "/openapi.json", "/docs", "/user", "/login", "/logout"),
        *(
            f"/gradio_api/{name}"
            for name in (
                "info",
                "openapi.json",
                "runs",
                "token",
                "user",
                "queue/status",
                "startup-events",
                "call/ask/x",
            )
        ),
        *("/gradio_api/mcp/schema", "/gradio_api/mcp/sse", "/gradio_api/vibe-code", "/gradio_api/deep_link"),
    ],
)
def test_what_the_page_does_not_need_is_not_there(http: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        response = http.request(method, path)
        assert (response.status_code, response.json()) == (404, {"error": f"Footnote has nothing at {path}."})


# Real clients.


def test_the_openai_client(url: str) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as openai:
        completion = openai.chat.completions.create(
            model="footnote", messages=[{"role": "user", "content": QUESTION}], temperature=0.0
        )
        message = completion.choices[0].message
        assert message.content is not None
        assert message.content.startswith("Paris [1]\n\n[1] “The capital of France is Paris.” — france.txt")
        (citation,) = (message.model_extra or {})["citations"]
        assert FRANCE[citation["start"] : citation["end"]] == citation["quote"]
        assert completion.usage is not None
        assert [model.id for model in openai.models.list()] == ["footnote"]

        chunks = list(
            openai.chat.completions.create(
                model="footnote", messages=[{"role": "user", "content": QUESTION}], stream=True
            )
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == message.content
        assert (chunks[-1].choices[0].delta.model_extra or {})["citations"] == [citation]

        with pytest.raises(BadRequestError, match="The question is empty"):
            openai.chat.completions.create(model="footnote", messages=[{"role": "user", "content": " "}])


def test_the_openai_client_and_passwords(url_for_users: str) -> None:
    with OpenAI(base_url=f"{url_for_users}/v1", api_key=":".join(BOB), max_retries=0) as openai:
        assert openai.models.list().data
    with (
        OpenAI(base_url=f"{url_for_users}/v1", api_key="bob:wrong", max_retries=0) as openai,
        pytest.raises(AuthenticationError, match="The name or the password is not right"),
    ):
        openai.models.list()


def talk_to_tools(url: str, headers: dict[str, Any]) -> dict[str, Any]:
    """What an MCP client learns: the tools, two results and a refusal."""

    async def talk() -> dict[str, Any]:
        async with (
            httpx.AsyncClient(headers=headers) as http,
            streamable_http_client(f"{url}/gradio_api/mcp/", http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            results = [
                await session.call_tool("ask", {"question": QUESTION}),
                await session.call_tool("search", {"question": "Spain", "k": 1}),
                await session.call_tool("ask", {"question": " "}),
            ]
        texts = [content.text for result in results for content in result.content if isinstance(content, TextContent)]
        return {"tools": tools, "texts": texts, "failed": [result.isError for result in results]}

    return anyio.run(talk)


@pytest.mark.parametrize("guarded", [False, True])
def test_an_mcp_client(guarded: bool, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("url_for_users" if guarded else "url")
    told = talk_to_tools(url, BASIC if guarded else {})
    tools = {tool.name: tool for tool in told["tools"]}
    assert tools.keys() == {"ask", "search"}
    assert "exact quotes" in tools["ask"].description
    assert tools["ask"].inputSchema["required"] == ["question"]
    assert tools["search"].inputSchema["properties"]["k"]["default"] == 5
    answer, passages, refusal = told["texts"]
    assert json.loads(answer)["citations"][0]["quote"] == "The capital of France is Paris."
    assert [passage["document"] for passage in json.loads(passages)] == ["spain.txt"]
    assert told["failed"] == [False, False, True]
    assert refusal == "The question is empty; ask something about the documents."


def test_an_mcp_client_without_a_password(url_for_users: str) -> None:
    with pytest.raises(ExceptionGroup):
        talk_to_tools(url_for_users, {})
