"""Who waits for an answer, is sent away, or hangs up: programs, MCP's clients and the page alike."""

import asyncio
import json
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from index.library import Library
from tests.serving import QUESTION, assistant, client, filled, running, until
from ui import api
from ui.guard import guarded
from ui.line import Line
from ui.server import chat, for_programs

MCP = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("waiting") / "library")


class Slow:
    """A stream that waits to be released before it answers; `asked` are the questions it has begun."""

    def __init__(self, library: Library) -> None:
        self.stream = assistant(library).stream
        self.asked: list[str] = []
        self.release = threading.Event()

    def __call__(self, question: str, *rest: Any) -> Iterator[Any]:
        self.asked.append(question)
        assert self.release.wait(30)
        yield from self.stream(QUESTION, *rest)


def whole(library: Library, slow: Slow, line: Line) -> ASGIApp:
    async def build() -> ASGIApp:
        return chat(library, slow, lambda _: iter(()), line=line)

    return asyncio.run(build())  # where no loop runs, Gradio makes some that it never closes


def lined_up(library: Library, slow: Slow, line: Line) -> ASGIApp:
    return guarded(for_programs(api.asking(line.answering(slow)), library), "127.0.0.1")


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_who_hangs_up_is_not_answered(library: Library, path: str) -> None:
    slow, line = Slow(library), Line()

    def body(question: str) -> dict[str, Any]:
        api_body = {"question": question}
        return api_body if path == "/api/ask" else {"messages": [{"role": "user", "content": question}]}

    with running(lined_up(library, slow, line)) as url:
        first = threading.Thread(target=lambda: httpx.post(f"{url}{path}", json=body("first"), timeout=60))
        first.start()
        until(lambda: slow.asked == ["first"])
        for _ in range(5):
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{url}{path}", json=body("hung up"), timeout=0.3)
        until(lambda: not line._places())
        slow.release.set()
        assert httpx.post(f"{url}{path}", json=body("last"), timeout=60).status_code == 200
        first.join(30)
    assert slow.asked == ["first", "last"]


def test_a_full_line_is_said_with_when_to_come_again(library: Library) -> None:
    slow, line = Slow(library), Line(most=2, share=1)
    app = lined_up(library, slow, line)
    answers: list[int] = []

    def ask(address: str) -> None:
        answers.append(client(app, address).post("/api/ask", json={"question": QUESTION}).status_code)

    def stands(number: int) -> bool:
        return len(slow.asked) + len(line._places()) == number

    threads = [threading.Thread(target=ask, args=(f"192.0.2.{n}",)) for n in range(3)]
    for number, thread in enumerate(threads):
        thread.start()
        until(partial(stands, number + 1))
    own = client(app, "192.0.2.2").post("/api/ask", json={"question": QUESTION})
    assert (own.status_code, own.headers["retry-after"]) == (429, "2")
    assert own.json()["error"].startswith("You have 1 questions waiting")
    asked = {"messages": [{"role": "user", "content": QUESTION}]}
    full = client(app, "192.0.2.9").post("/v1/chat/completions", json=asked)
    assert (full.status_code, full.headers["retry-after"]) == (503, "2")
    assert full.json()["error"]["type"] == "server_error"
    assert full.json()["error"]["message"].startswith("Footnote has as many questions waiting as it takes")
    slow.release.set()
    for thread in threads:
        thread.join(30)
    assert answers == [200, 200, 200]


def test_an_mcp_client_that_hangs_up_is_not_answered(library: Library) -> None:
    slow, line = Slow(library), Line()
    with running(whole(library, slow, line)) as url:

        def call(question: str, timeout: float) -> httpx.Response:
            params = {"name": "ask", "arguments": {"question": question}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            return httpx.post(f"{url}/gradio_api/mcp/", json=body, headers=MCP, timeout=timeout)

        first = threading.Thread(target=call, args=("first", 60))
        first.start()
        until(lambda: slow.asked == ["first"])
        with pytest.raises(httpx.ReadTimeout):
            call("hung up", 1)
        until(lambda: not line._places())
        slow.release.set()
        assert "Paris" in call("last", 60).text
        first.join(30)
    assert slow.asked == ["first", "last"]


class Tab:
    """The page as a browser has it open: it asks, and is told what to show."""

    def __init__(self, url: str, session: str) -> None:
        self.http, self.session = httpx.Client(base_url=url, timeout=60), session
        found = re.search(r"window\.gradio_config = (\{.*?\});</script>", self.http.get("/").text)
        assert found
        config = json.loads(found[1])
        (box,) = (c["id"] for c in config["components"] if c["props"].get("elem_id") == "question")
        (self.asks,) = (d["id"] for d in config["dependencies"] if [box, "submit"] in d["targets"])

    def ask(self, question: str) -> None:
        body = {"fn_index": self.asks, "data": [question, None, None], "session_hash": self.session}
        self.http.post("/gradio_api/queue/join", json=body).raise_for_status()

    def close(self) -> None:
        self.http.close()

    def shown(self) -> Generator[str]:
        """The lines of its stream of events, until that ends or is closed."""
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            yield from stream.iter_lines()


def test_a_page_that_is_closed_is_not_answered_and_one_too_many_is_told(library: Library) -> None:
    slow, line = Slow(library), Line(most=2)
    with running(whole(library, slow, line)) as url, ExitStack() as opened:

        def waits(number: int) -> bool:
            return len(line._places()) == number

        tabs = [opened.enter_context(closing(Tab(url, f"tab{number}"))) for number in range(4)]
        tabs[0].ask("first")
        until(lambda: slow.asked == ["first"])
        for number, tab in enumerate(tabs[1:3], start=1):
            tab.ask("closed" if number == 1 else "last")
            until(partial(waits, number))
        tabs[3].ask("one too many")
        assert any("as many questions waiting as it takes" in line for line in tabs[3].shown())
        shown = tabs[1].shown()
        assert any("Waiting: 1 question" in line for line in shown)
        shown.close()
        until(lambda: len(line._places()) == 1)
        slow.release.set()
        assert any("Paris" in line for line in tabs[2].shown())
    assert slow.asked == ["first", "last"]
