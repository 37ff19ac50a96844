"""Asking other systems: Footnote's own server, and a small foreign one that also fails in every way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from eval.gold import Evidence, GoldSet, Item
from eval.metrics import score_all
from eval.records import outcomes
from eval.run import Corpus, run_open
from eval.systems import system
from eval.verdict import TESTED
from index.errors import FootnoteError
from index.library import Library
from rag.types import Answer, Turn
from tests.serving import ABSTAINS, ADA, FRANCE, QUESTION, SPAIN, assistant, filled, running, served, users

TEXTS = {"france.txt": FRANCE, "spain.txt": SPAIN}
SENTENCE = "The capital of France is Paris."
GOLD = GoldSet(
    (
        Item("1", QUESTION, ("Paris",), (Evidence("france.txt", SENTENCE),)),
        Item("2", ABSTAINS, ()),
        Item("3", "What is the capital of Spain?", ("Madrid",), follows=True),
    )
)
Reply = tuple[int, object]


def corpus_of(library: Library) -> Corpus:
    return Corpus(list(TEXTS), lambda path: TEXTS.get(path, ""), library.passages())


EMPTY = Corpus(list(TEXTS), lambda path: TEXTS.get(path, ""), ())


class Foreign:
    """A server that replies as it is told to, and keeps what it was sent: method and path, headers, body."""

    def __init__(self, replies: dict[str, Callable[[Any], Reply]]) -> None:
        self.replies = replies
        self.heard: list[tuple[str, dict[str, str], Any]] = []


@contextmanager
def foreign(replies: dict[str, Callable[[Any], Reply]]) -> Iterator[tuple[str, Foreign]]:
    state = Foreign(replies)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.reply(None)

        def do_POST(self) -> None:
            self.reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def reply(self, body: Any) -> None:
            name = f"{self.command} {self.path}"
            state.heard.append((name, {k.lower(): v for k, v in self.headers.items()}, body))
            status, content = state.replies.get(name, lambda _: (404, "no such page"))(body)
            sent = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            kind = "text/plain" if isinstance(content, str) else "application/json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(sent)))
            if status == 307:
                self.send_header("Location", "http://elsewhere.example/v1")
            self.end_headers()
            self.wfile.write(sent)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def models(_: Any) -> Reply:
    return 200, {"object": "list", "data": [{"id": "small"}, {"id": "large"}]}


def saying(content: str, **fields: Any) -> Callable[[Any], Reply]:
    return lambda _: (200, {"choices": [{"message": {"role": "assistant", "content": content, **fields}}]})


def fails(url: str, corpus: Corpus = EMPTY, **settings: Any) -> str:
    """The sentence with which asking a question there ends."""
    with pytest.raises(FootnoteError) as raised, system(url, corpus, **settings) as ask:
        ask(QUESTION, [])
    return str(raised.value)


@pytest.fixture(scope="module")
def filled_library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("filled") / "library")


@pytest.fixture(scope="module")
def own(filled_library: Library) -> Iterator[str]:
    """The address of Footnote's own server."""
    with running(served(filled_library)) as url:
        yield url


# Footnote's own server.


@pytest.mark.parametrize("path", ["", "/", "/api/ask", "/v1", "/v1/", "/v1/chat/completions"])
def test_footnote_scores_the_same_from_afar(own: str, filled_library: Library, path: str) -> None:
    corpus = corpus_of(filled_library)
    here = list(run_open(GOLD, corpus, assistant(filled_library).answer))
    with system(own + path, corpus) as ask:
        there = list(run_open(GOLD, corpus, ask))
    assert [r.answer for r in there] == [r.answer for r in here] == ["Paris", None, "The capital of Spain"]
    given = [(r.citations, r.verbatim, r.supported) for r in here if r.answer is not None]
    assert [(r.citations, r.verbatim, r.supported) for r in there if r.answer is not None] == given
    assert all(r.read_ms > 0 for r in there)
    if "v1" in path:
        assert [r.passages for r in there] == [()] * 3
        return
    assert [round(r.confidence, 4) for r in here] == [r.confidence for r in there]
    assert [r.relevant for r in there] == [r.relevant for r in here]
    ours, theirs = (score_all(outcomes(records), resamples=10) for records in (here, there))
    for name in TESTED:
        assert theirs[name].value == pytest.approx(ours[name].value, abs=1e-4), name


def test_footnote_behind_a_password(filled_library: Library) -> None:
    with running(served(filled_library, people=users())) as url:
        address = url.replace("//", "//ada:correct%20horse%3A%20%C3%A9@")
        assert ADA == ("ada", "correct horse: é")
        for path in ("", "/v1", "/api/ask"):
            with system(address + path, EMPTY) as ask:
                assert ask(QUESTION, []).text == "Paris"
            sentence = fails(url + path)
            assert "answered 401" in sentence
            assert "FOOTNOTE_API_KEY" in sentence
        wrong = fails(url.replace("//", "//ada:secret@"))
        assert "answered 401" in wrong
        assert "secret" not in wrong


def test_a_question_that_footnote_refuses(own: str) -> None:
    with system(own, EMPTY) as ask:
        refused = r"/api/ask answered 4\d\d: .*1,000.* The question was 'why why"
        with pytest.raises(FootnoteError, match=refused) as raised:
            ask("why " * 300, [])
        assert len(str(raised.value)) < 400


# A foreign server.


def test_a_foreign_system_is_scored(filled_library: Library) -> None:
    said = {
        QUESTION: {
            "role": "assistant",
            "content": "**Paris** [1].\n\nSources:\n[1] france.txt",
            "citations": [{"document": "/srv/france.txt", "quote": SENTENCE}],
        },
        ABSTAINS: {"content": "I'm sorry, but the documents do not mention that."},
        "What is the capital of Spain?": {
            "content": "The capital is Madrid.",
            "citations": [{"document": "atlas.txt", "quote": "Madrid"}],
        },
    }

    def complete(body: Any) -> Reply:
        message = said[body["messages"][-1]["content"]]
        return 200, {"choices": [{"message": message}]}

    corpus = corpus_of(filled_library)
    replies = {"GET /v1/models": models, "POST /v1/chat/completions": complete}
    with foreign(replies) as (url, server), system(url, corpus, key="k1") as ask:
        records = list(run_open(GOLD, corpus, ask))
    assert [(r.answer, r.em, r.verbatim, r.supported) for r in records] == [
        ("Paris.", 1.0, True, True),
        (None, 0.0, False, False),
        ("The capital is Madrid.", 0.0, False, True),
    ]
    scores = {name: score.value for name, score in score_all(outcomes(records), resamples=10).items()}
    assert (scores["false_answer_rate"], scores["false_refusal_rate"], scores["citation_verbatim"]) == (0.0, 0.0, 0.5)
    assert scores["latency_p50_ms"] > 0
    assert [name for name, _, _ in server.heard[:3]] == [
        "POST /api/ask",
        "GET /v1/models",
        "POST /v1/chat/completions",
    ]
    assert all(headers["authorization"] == "Bearer k1" for _, headers, _ in server.heard)
    assert server.heard[-1][2] == {
        "model": "small",
        "stream": False,
        "messages": [
            {"role": "user", "content": ABSTAINS},
            {"role": "assistant", "content": "The documents do not say."},
            {"role": "user", "content": "What is the capital of Spain?"},
        ],
    }


def test_a_model_that_is_named_needs_no_list_and_a_query_is_kept() -> None:
    with foreign({"POST /x/chat/completions?version=2": saying("Paris")}) as (url, server):
        with system(f"{url}/x/chat/completions?version=2", EMPTY, model="large") as ask:
            assert ask("\ud800?", [Turn("Where?", "There")]).text == "Paris"
        assert "version" not in fails(f"{url}/y/chat/completions?version=2", model="large")
    assert [body and body["model"] for _, _, body in server.heard] == ["large", "large"]
    assert len(server.heard[0][2]["messages"]) == 3


def test_a_question_is_asked_twice_where_the_server_fails() -> None:
    replies = iter([(500, {"error": {"message": "warming up"}}), saying("Paris")(None), (503, "busy"), (502, "gone")])
    chat = {"GET /v1/models": models, "POST /v1/chat/completions": lambda _: next(replies)}
    with foreign(chat) as (url, server), system(f"{url}/v1", EMPTY) as ask:
        assert ask(QUESTION, []).text == "Paris"
        with pytest.raises(FootnoteError) as raised:
            ask(QUESTION, [])
    assert str(raised.value) == (
        f"{url}/v1/chat/completions answered 502: gone. The question was 'What is the capital of France?'."
    )
    assert len(server.heard) == 5


def test_a_silent_server_is_waited_for_twice() -> None:
    silent, over = iter([True, False, True, True]), Event()

    def slow(_: Any) -> Reply:
        if next(silent):
            over.wait(30)
        return saying("Paris")(None)

    with foreign({"POST /v1/chat/completions": slow}) as (url, server):
        with system(f"{url}/v1", EMPTY, model="m", timeout=0.5) as ask:
            assert ask(QUESTION, []).text == "Paris"
            with pytest.raises(FootnoteError, match="was silent for too long"):
                ask(QUESTION, [])
        over.set()
    assert len(server.heard) == 4


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((200, "<html>Hello</html>"), "expected JSON; found '<html>Hello</html>'"),
        ((200, ""), "expected JSON; found ''"),
        (
            (200, {"choices": []}),
            'expected a chat completion, {"choices": [{"message": …}]}; found an object with \'choices\'.',
        ),
        ((200, [1]), "found a list"),
        ((400, {"error": {"message": "no such model"}}), "answered 400: no such model. The question"),
        ((422, {"detail": [{"msg": "bad"}]}), 'answered 422: [{"msg": "bad"}].'),
        ((418, "tea\x1b[31m\n pot" + "!" * 500), "answered 418: tea\ufffd[31m pot!!!"),
        ((307, ""), "answered 307, a redirect to http://elsewhere.example/v1; name that address if you mean it."),
    ],
)
def test_replies_of_another_shape(reply: Reply, said: str) -> None:
    with foreign({"POST /v1/chat/completions": lambda _: reply}) as (url, server):
        sentence = fails(f"{url}/v1", model="m")
        assert sentence.startswith(f"{url}/v1/chat/completions")
        assert said in sentence
        assert len(sentence) < 400
        assert sentence.isprintable()
        assert len(server.heard) == 1, "not asked again"


def test_replies_to_api_ask_of_another_shape() -> None:
    with foreign({"POST /api/ask": lambda _: (200, {"text": "Paris"})}) as (url, _):
        expected = "expected a JSON object with \"answer\", a string or null; found an object with 'text'."
        assert fails(f"{url}/api/ask") == f"{url}/api/ask: {expected}"


def test_servers_that_are_no_system() -> None:
    page: dict[str, Callable[[Any], Reply]] = {"POST /api/ask": lambda _: (200, "<html>")}
    with foreign(page) as (url, _):
        assert fails(url).startswith(f"{url}/ serves neither /api/ask nor /v1/models; expected http://HOST:PORT, or")
        assert "names no model; say which with --model" not in fails(f"{url}/x")
        assert "answered 404: no such page. Expected" in fails(f"{url}/v1")
    with foreign({"GET /v1/models": lambda _: (200, {"data": []})}) as (url, _):
        assert fails(url) == f"{url}/v1/models names no model; say which with --model."
    assert "cannot be reached" in fails(url), "the server has stopped"
    assert "is the system running there?" in fails(f"{url}/api/ask")


@pytest.mark.parametrize(
    "url", ["", "localhost:7860", "ftp://127.0.0.1/v1", "file:///etc/passwd", "http://", "http://[::1", "http://a:b:c"]
)
def test_addresses_that_are_none(url: str) -> None:
    assert "is not the address of a system" in fails(url)
    assert "expected http://HOST:PORT" in fails(url)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with foreign({"POST /api/ask": lambda _: (200, {"answer": "Paris"})}) as (url, _):
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://proxy.example:3128")
        with system(url, EMPTY) as ask:
            answer = ask(QUESTION, [])
    assert isinstance(answer, Answer)
    assert (answer.text, answer.question, answer.citations) == ("Paris", QUESTION, ())
