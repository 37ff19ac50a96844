"""The routes for programs: what they take, what they give, and the sentence for what is wrong."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from index.embedding import Vectors
from index.errors import QuestionError
from index.library import Library
from index.types import Document, Entry
from rag.conversation import resolve
from rag.types import Turn
from tests.fakes import WordEmbedder
from tests.serving import ABSTAINS, FRANCE, QUESTION, SPAIN, asking, assistant, client, filled
from ui import api, arrivals
from ui.completions import Message, _conversation, answer_markdown
from ui.guard import guarded
from ui.line import Line
from ui.render import answer_json
from ui.server import for_programs

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def filled_library(tmp_path: Path) -> Library:
    return filled(tmp_path / "library")


@pytest.fixture
def http(filled_library: Library) -> TestClient:
    return programs(filled_library)


def programs(library: Library) -> TestClient:
    return client(guarded(for_programs(asking(library), library), "127.0.0.1"))


def error(response: Any, status: int) -> str:
    """The sentence of a refusal."""
    assert response.status_code == status, response.text
    (sentence,) = response.json().values()
    assert isinstance(sentence, str)
    assert "Traceback" not in sentence
    return sentence


def untimed(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


# Questions.


@pytest.mark.parametrize("question", [QUESTION, ABSTAINS])
def test_an_answer_is_that_of_the_command_line(http: TestClient, filled_library: Library, question: str) -> None:
    given = http.post("/api/ask", json={"question": question}).json()
    expected = answer_json(assistant(filled_library).answer(question))
    assert untimed(given) == untimed(json.loads(json.dumps(expected)))
    assert given["timings_ms"].keys() == {"retrieve", "read", "total"}
    for citation in given["citations"]:
        assert FRANCE[citation["start"] : citation["end"]] == citation["quote"]


def test_some_documents_are_asked(http: TestClient) -> None:
    asked = {"question": "What is the capital of Spain?", "documents": ["france.txt"]}
    assert {p["document"] for p in http.post("/api/ask", json=asked).json()["passages"]} == {"france.txt"}


def test_the_history_is_understood(http: TestClient) -> None:
    history = [{"question": QUESTION, "answer": "Paris"}]
    follow_up = http.post("/api/ask", json={"question": "And of Spain?", "history": history}).json()
    assert follow_up["question"] == resolve("And of Spain?", [Turn(QUESTION, "Paris")]) != "And of Spain?"
    talk = (("user", QUESTION), ("assistant", "Paris [1]"), ("user", "And of Spain?"))
    content = complete(http, *talk).json()["choices"][0]["message"]["content"]
    assert content.startswith(follow_up["answer"].partition("<")[0])


def test_the_history_has_an_end() -> None:
    asked = ["x" * 1001, *(f"Where is town {n}?" for n in range(99))]
    recent = anyio.run(api.turns, asked, ["y" * 2000] * 100)
    assert [turn.question for turn in recent] == asked[-api.MAX_TURNS :]
    assert {len(turn.answer or "") for turn in recent} == {1000}
    assert anyio.run(api.turns, asked[:1], [None]) == []


def test_an_error_on_the_way_reaches_who_asked() -> None:
    def stream(question: str, *_: object) -> Iterator[object]:
        yield 1
        raise QuestionError(question)

    with pytest.raises(QuestionError, match=r"^Why\?$"):
        anyio.run(api.asking(Line().answering(stream)), "Why?", [], None)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 400, "The field 'question' is not as expected: field required."),
        ({"question": 3}, 400, "The field 'question' is not as expected: input should be a valid string."),
        ({"question": ""}, 400, "The question is empty; ask something about the documents."),
        ({"question": "x" * 1001}, 400, "The question has 1,001 characters; Footnote reads up to 1,000."),
        ({"question": "?", "historie": []}, 400, "The field 'historie' is not as expected: extra inputs"),
        ({"question": "?", "history": [{"answer": "x"}]}, 400, "The field 'history.0.question' is not as expected"),
        ({"question": "?", "documents": []}, 400, "The field 'documents' is not as expected"),
        ({"question": "?", "documents": ["france.txt", "x"]}, 404, "The library has no document 'x'."),
        ([], 400, "Expected a JSON object"),
        ({"question": "x" * 1_000_000}, 413, "The request is larger than 1 MB; send less at a time."),
    ],
)
def test_a_wrong_question(http: TestClient, body: object, status: int, says: str) -> None:
    assert error(http.post("/api/ask", json=body), status).startswith(says)


def test_a_wrong_body(http: TestClient) -> None:
    says = "The body is not valid JSON, from character 13: Expecting value."
    assert error(http.post("/api/ask", content='{"question": ', headers=JSON), 400) == says
    assert error(http.post("/api/ask", content=b"\xff\xfe", headers=JSON), 400)
    says = "Expected a JSON object with the header Content-Type: application/json."
    assert (
        error(http.post("/api/ask", content='{"question": "?"}', headers={"Content-Type": "text/plain"}), 400) == says
    )
    assert error(http.post("/api/ask"), 400) == says


@pytest.mark.parametrize("name", ["question", "history", "documents"])
def test_text_that_is_no_unicode_is_mended(http: TestClient, name: str) -> None:
    lone = "Where is \ud800?"
    wrong = {"question": lone, "history": [{"question": lone, "answer": lone}], "documents": [lone]}[name]
    response = http.post("/api/ask", content=json.dumps({"question": "?", name: wrong}), headers=JSON)
    assert response.status_code == (404 if name == "documents" else 200)
    assert r"\ud800" not in response.text


def test_what_is_not_there(http: TestClient) -> None:
    assert error(http.get("/api/ask"), 404) == "There is no GET /api/ask in Footnote's API."
    assert error(http.post("/api/answers", json={}), 404) == "There is no POST /api/answers in Footnote's API."


def test_an_empty_library_is_said(library: Library) -> None:
    says = error(programs(library).post("/api/ask", json={"question": QUESTION}), 400)
    assert says.startswith("The library holds no documents yet")


def test_a_library_that_is_gone_is_said(filled_library: Library) -> None:
    http = programs(filled_library)
    (filled_library.folder / "library.sqlite").unlink()
    assert "cannot be used" in error(http.post("/api/ask", json={"question": QUESTION}), 503)


def test_a_bug_is_a_500_without_its_traceback(filled_library: Library) -> None:
    class Broken(Library):
        def documents(self) -> list[Entry]:
            raise ZeroDivisionError("a secret")

    http = programs(Broken(filled_library.folder, WordEmbedder()))
    says = "Footnote failed at this, and its console says where; please report it."
    assert error(http.get("/api/documents"), 500) == says


# Documents.


def test_documents_come_and_go(http: TestClient, filled_library: Library) -> None:
    listed = [{"document": "france.txt", "passages": 1}, {"document": "spain.txt", "passages": 1}]
    assert http.get("/api/documents").json() == {"documents": listed, "notices": []}
    peru = "Peru is high. The capital of Peru is Lima."
    files = [("files", ("peru.md", peru.encode())), ("other", ("bad.txt", b"\0\1")), ("files", ("x.exe", b"MZ"))]
    added = http.post("/api/documents", files=files)
    assert added.status_code == 200
    summary = added.json()
    assert (summary["added"], summary["documents"], summary["passages"]) == (1, 3, 3)
    assert {failure["path"] for failure in summary["failed"]} == {"x.exe", "bad.txt"}
    asked = http.post("/api/ask", json={"question": "What is the capital of Peru?"}).json()
    assert (asked["answer"], asked["citations"][0]["document"]) == ("Lima", "peru.md")
    again = http.post("/api/documents", files={"files": ("peru.md", peru.encode())}).json()
    assert (again["added"], again["unchanged"]) == (0, 1)
    changed = http.post("/api/documents", files={"files": ("peru.md", b"Peru is long.")}).json()
    assert (changed["updated"], changed["documents"]) == (1, 3)
    gone = http.delete("/api/documents", params={"document": "peru.md"}).json()
    assert (gone["removed"], gone["documents"], gone["passages"]) == (1, 2, 2)
    assert error(http.delete("/api/documents", params={"document": "peru.md"}), 404) == (
        "The library has no document 'peru.md'."
    )
    assert error(http.delete("/api/documents"), 400) == "The field 'document' is not as expected: field required."
    left = http.get("/api/documents").json()
    assert left["documents"] == listed
    assert {notice["path"]: bool(notice["message"]) for notice in left["notices"]} == {"bad.txt": True, "x.exe": True}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("../../up.txt", "up.txt"),
        ("/etc/cron.d/up.txt", "up.txt"),
        ("..\\..\\up.txt", "up.txt"),
        ("C:\\up.txt", "up.txt"),
        ("Bericht für Åse.txt", "Bericht für Åse.txt"),
    ],
)
def test_a_file_name_is_no_path(http: TestClient, tmp_path: Path, name: str, document: str) -> None:
    before = set(tmp_path.rglob("*.txt"))
    assert http.post("/api/documents", files={"files": (name, b"Lima is a city.")}).status_code == 200
    assert document in {entry["document"] for entry in http.get("/api/documents").json()["documents"]}
    assert set(tmp_path.rglob("*.txt")) == before


@pytest.mark.parametrize("name", ["/etc/passwd", "../../.txt", "x.exe", "x.pdf", "x.docx"])
def test_a_file_that_is_no_document(http: TestClient, name: str) -> None:
    says = error(http.post("/api/documents", files={"files": (name, b"root:x:0:0")}), 400)
    assert Path(name).name in says
    assert len(http.get("/api/documents").json()["documents"]) == 2


def test_no_files(http: TestClient) -> None:
    says = "Expected files as multipart/form-data; found none"
    assert error(http.post("/api/documents", json={"files": []}), 400).startswith(says)
    assert error(http.post("/api/documents", data={"files": "x"}), 400).startswith(says)
    assert error(http.post("/api/documents", content=b"x", headers={"Content-Type": "multipart/form-data"}), 400)


def test_too_many_files(http: TestClient) -> None:
    files = [("files", (f"{n}.txt", b"Lima is a city.")) for n in range(arrivals.MAX_FILES + 1)]
    assert error(http.post("/api/documents", files=files), 400) == "Too many files. Maximum number of files is 50."
    assert http.post("/api/documents", files=files[1:]).json()["added"] == arrivals.MAX_FILES


def test_files_that_are_too_large(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_UPLOAD_BYTES", 1_000_000)
    large = {"files": ("large.txt", b"Lima " * 200_001)}
    assert error(http.post("/api/documents", files=large), 413).startswith("'large.txt' is larger than 1 MB;")
    assert http.post("/api/documents", files={"files": ("most.txt", b"Lima." + b" " * 999_995)}).status_code == 200


def test_a_full_library(http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MAX_DOCUMENTS", 3)
    files = [("files", (f"{n}.txt", b"Lima is a city.")) for n in range(2)]
    assert error(http.post("/api/documents", files=files), 400).startswith("The library would hold more than 3")
    assert http.post("/api/documents", files=files[:1]).json()["documents"] == 3


def test_an_endless_body_is_cut_off(http: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 50_000_000:
            sent += 100_000
            yield b" " * 100_000

    assert error(http.post("/api/ask", content=endless(), headers=JSON), 413).startswith("The request is larger")


def test_answers_do_not_wait_for_uploads(filled_library: Library) -> None:
    """While one document is being embedded, a question is answered."""
    embedding, asked = Barrier(2, timeout=30), Barrier(2, timeout=30)

    class Slow(WordEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> Vectors:
            embedding.wait()
            asked.wait()
            return super().encode_passages(texts)

    http = programs(Library(filled_library.folder, Slow()))
    summaries: list[dict[str, Any]] = []
    upload = {"files": ("peru.txt", b"Peru is high.")}
    writer = Thread(target=lambda: summaries.append(http.post("/api/documents", files=upload).json()))
    writer.start()
    embedding.wait()
    assert http.post("/api/ask", json={"question": QUESTION}).json()["answer"] == "Paris"
    assert not summaries
    asked.wait()
    writer.join()
    assert summaries[0]["added"] == 1


# OpenAI's form.


def complete(http: TestClient, *messages: tuple[str, Any], **fields: Any) -> Any:
    said = [{"role": role, "content": content} for role, content in messages]
    return http.post("/v1/chat/completions", json={"model": "any", "messages": said, **fields})


def test_a_completion(http: TestClient) -> None:
    given = complete(http, ("system", "You are a pirate."), ("user", QUESTION), temperature=1, n=3).json()
    assert (given["object"], given["model"]) == ("chat.completion", "any")
    (choice,) = given["choices"]
    assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
    assert choice["message"]["content"] == (
        "Paris [1]\n\n[1] “The capital of France is Paris.” — france.txt, characters 34–65"
    )
    (citation,) = choice["message"]["citations"]
    assert FRANCE[citation["start"] : citation["end"]] == citation["quote"]
    assert given["usage"] == {"prompt_tokens": 10, "completion_tokens": 13, "total_tokens": 23}


def test_an_abstention(http: TestClient) -> None:
    message = complete(http, ("user", ABSTAINS)).json()["choices"][0]["message"]
    first, note, *nearest = message["content"].split("\n\n")
    assert (first, message["citations"]) == ("The documents do not say.", [])
    assert note == "None of the nearest passages mentions “Guernica”."
    assert nearest[0].startswith("Nearest: [1] “")
    assert {note.rpartition("— ")[2].partition(",")[0] for note in nearest} == {"france.txt", "spain.txt"}


def test_text_of_documents_is_no_markdown(http: TestClient) -> None:
    content = complete(http, ("user", "What is the capital of Spain?")).json()["choices"][0]["message"]["content"]
    assert r"“The capital of Spain is \<b>\[Madrid\](http://evil.example)" in content
    assert "The capital of Spain is <b>[Madrid](http://evil.example)" in SPAIN


@pytest.mark.parametrize("content", [QUESTION, [{"type": "text", "text": QUESTION}]])
def test_the_last_words_of_the_user_are_the_question(http: TestClient, content: Any) -> None:
    talk = (("user", ABSTAINS), ("assistant", "The documents do not say."), ("user", content), ("assistant", "Well,"))
    assert complete(http, *talk).json()["choices"][0]["message"]["content"].startswith("Paris [1]")


def test_earlier_messages_are_the_history(filled_library: Library) -> None:
    answer = assistant(filled_library).answer
    talk = [Message(role="assistant", content="Hello!")]
    for question in (QUESTION, ABSTAINS, "What is the capital of Spain?"):
        talk.append(Message(role="user", content=question))
        talk.append(Message(role="assistant", content=answer_markdown(answer(question))))
    asked, answers = _conversation([*talk, Message(role="user", content="Why?")])
    assert asked == [QUESTION, ABSTAINS, "What is the capital of Spain?", "Why?"]
    assert answers == ["Paris", None, answer("What is the capital of Spain?").text]


def test_a_stream(http: TestClient) -> None:
    response = complete(http, ("user", QUESTION), stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    *lines, done, end = response.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    *chunks, usage = [json.loads(line.removeprefix("data: ")) for line in lines]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    whole = complete(http, ("user", QUESTION)).json()
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert deltas[-1]["citations"] == whole["choices"][0]["message"]["citations"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert (usage["choices"], usage["usage"]) == ([], whole["usage"])
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_the_models(http: TestClient) -> None:
    assert [model["id"] for model in http.get("/v1/models").json()["data"]] == ["footnote"]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "The field 'messages' is not as expected"),
        ([("system", "x")], 'Expected a message of the role "user", which is the question; found none.'),
        ([("robot", "x")], "The field 'messages.0.role' is not as expected"),
        ([("user", "")], "The question is empty"),
        ([("user", None)], "The question is empty"),
        ([("user", [{"type": "image_url", "image_url": {"url": "http://evil.example"}}])], "Footnote reads text alone"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_completion(http: TestClient, messages: list[tuple[str, Any]], says: str, stream: bool) -> None:
    response = complete(http, *messages, stream=stream)
    assert response.status_code == 400
    problem = response.json()["error"]
    assert problem["message"].startswith(says)
    assert problem["type"] == "invalid_request_error"


def test_what_openai_has_and_footnote_has_not(http: TestClient) -> None:
    response = http.post("/v1/embeddings", json={})
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")


# MCP's tools, as functions.


def test_the_tools(filled_library: Library) -> None:
    ask, search = api.tools(asking(filled_library), filled_library)
    assert (ask.__name__, search.__name__) == ("ask", "search")
    assert json.loads(anyio.run(ask, QUESTION))["answer"] == "Paris"
    (best,) = json.loads(anyio.run(search, "Spain", 1))
    assert (best["document"], SPAIN[best["start"] : best["end"]]) == ("spain.txt", best["text"])
    assert best.keys() == {"document", "page", "start", "end", "score", "text"}
    for wrong in (("Spain", 0), ("Spain", 51), ("", 5)):
        with pytest.raises(QuestionError):
            anyio.run(search, *wrong)


def test_a_search_of_an_empty_library_finds_nothing(library: Library) -> None:
    library.add([Document.from_text("a.txt", "A word.")])
    library.remove("a.txt")
    _, search = api.tools(asking(library), library)
    assert json.loads(anyio.run(search, "Spain")) == []
