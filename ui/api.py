"""The API and the MCP tools: questions and documents for programs. Knows nothing of the page or of who may use it."""

import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from index.errors import DocumentError, QuestionError
from index.library import Library
from index.types import Summary
from rag.assistant import MAX_QUESTION, clean
from rag.conversation import understood
from rag.retrieve import retrieve
from rag.types import Answer, Turn
from ui.adding import Adding, require_present
from ui.arrivals import MAX_FILES, require_room
from ui.caller import Caller, caller
from ui.guard import MAX_UPLOAD_BYTES
from ui.render import answer_json, passage_json, summary_json

MAX_TURNS = 50  # of a conversation; earlier ones are forgotten
MAX_PASSAGES = 50  # that a search gives
SEARCHING = 8  # searches at once, so that many cannot use up the threads of the page

Text = Annotated[str, AfterValidator(lambda text: text.encode(errors="replace").decode())]
"""Text without lone surrogates, which JSON can hold and UTF-8 cannot."""
Stream = Callable[[Caller, str, Sequence[Turn], Collection[str] | None], AsyncGenerator[object]]
Asking = Callable[[str, Sequence[Turn], Collection[str] | None], Awaitable[Answer]]
Tool = Callable[..., Awaitable[str]]


class Exchange(BaseModel):
    """An earlier question and what was answered; null where Footnote abstained."""

    model_config = ConfigDict(extra="forbid")
    question: Text
    answer: Text | None = None


class Ask(BaseModel):
    """The body of POST /api/ask."""

    model_config = ConfigDict(extra="forbid")
    question: Text
    history: list[Exchange] = []
    documents: list[Text] | None = Field(None, min_length=1)


def asking(stream: Stream) -> Asking:
    """What a stream of steps ends with, as a coroutine."""

    async def ask(question: str, history: Sequence[Turn], documents: Collection[str] | None) -> Answer:
        async with aclosing(stream(caller(), question, history, documents)) as steps:
            async for step in steps:
                answer = step
        assert isinstance(answer, Answer)
        return answer

    return ask


async def turns(asked: Sequence[str], answers: Sequence[str | None]) -> list[Turn]:
    """The end of a conversation as a further question may refer to it, without what was too long to be answered."""
    recent = [
        (question, answer and answer[:MAX_QUESTION])
        for question, answer in zip(asked, answers, strict=True)
        if len(question) <= MAX_QUESTION
    ][-MAX_TURNS:]
    return await to_thread.run_sync(understood, [turn[0] for turn in recent], [turn[1] for turn in recent])


def routes(ask: Asking, library: Library, adding: Adding) -> APIRouter:
    """POST /api/ask, and GET, POST and DELETE /api/documents."""
    router = APIRouter(prefix="/api")
    removing = CapacityLimiter(1)  # whoever waits holds no thread

    @router.post("/ask")
    async def answer(body: Ask) -> dict[str, object]:
        if body.documents is not None:
            known = {entry.path for entry in await to_thread.run_sync(library.documents)}
            for unknown in sorted(set(body.documents) - known):
                raise HTTPException(404, f"The library has no document {unknown!r}.")
        history = await turns([turn.question for turn in body.history], [turn.answer for turn in body.history])
        return answer_json(await ask(body.question, history, body.documents))

    @router.get("/documents")
    def documents() -> dict[str, object]:
        listed = [{"document": entry.path, "passages": entry.passages} for entry in library.documents()]
        notices = [{"path": n.path, "problem": n.problem, "message": n.message} for n in library.notices()]
        return {"documents": listed, "notices": notices}

    @router.post("/documents")
    async def add(request: Request) -> dict[str, object]:
        async with request.form(max_files=MAX_FILES) as form:
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            return await adding.in_turn(caller(), partial(_add, library, files, caller()))

    @router.delete("/documents")
    async def remove(document: str) -> dict[str, object]:
        try:
            await to_thread.run_sync(library.remove, document, limiter=removing)
        except DocumentError as error:
            raise HTTPException(404, str(error)) from error
        return _summary(library, Summary(removed=1))

    return router


def _add(library: Library, files: Sequence[UploadFile], sender: Caller) -> dict[str, object]:
    if not files:
        raise HTTPException(400, "Expected files as multipart/form-data; found none, try: curl -F files=@report.pdf")
    require_room(library, len(files))
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        found = [_stored(file, Path(folder, str(number))) for number, file in enumerate(files)]
        summary = library.add_files(found, before=partial(require_present, sender))
    if summary.failures and not (summary.added or summary.updated or summary.unchanged):
        raise HTTPException(400, " ".join(failure.message for failure in summary.failures))
    return _summary(library, summary)


def _stored(file: UploadFile, path: Path) -> tuple[str, Path]:
    """An upload's name, which only names the document, and the path its bytes are written to."""
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    if not name:
        raise HTTPException(400, "Expected a name with every file; found one without.")
    if (file.size or 0) > MAX_UPLOAD_BYTES:
        most = MAX_UPLOAD_BYTES // 1_000_000
        raise HTTPException(413, f"{name!r} is larger than {most} MB; index it with: footnote index PATH")
    with path.open("wb") as copy:
        shutil.copyfileobj(file.file, copy)
    return name, path


def _summary(library: Library, summary: Summary) -> dict[str, object]:
    return summary_json(summary, len(library.documents()), library.passage_count())


def tools(ask: Asking, library: Library) -> tuple[Tool, Tool]:
    """`ask` and `search` for MCP; their names, docstrings and hints are what a model is told of them.

    They answer in JSON, and raise FootnoteError with the sentence that the model then reads.
    """
    searching = CapacityLimiter(SEARCHING)

    async def answer(question: str) -> str:
        """Answer a question from the documents of the library, with the exact quotes that support the answer.

        Gives a JSON object with "answer", null when the documents do not say; "confidence"; "citations", each with
        "document", "page", "start", "end" and "quote"; and the "passages" that were read.

        Args:
            question: A question in English about what the documents say, of at most 1,000 characters.
        """
        return json.dumps(answer_json(await ask(question, (), None)), ensure_ascii=False)

    async def search(question: str, k: int = 5) -> str:
        """Find the passages of the documents that are most likely to hold the answer to a question, best first.

        Gives a JSON array of objects with "document", "page", "start", "end", "score" and "text".

        Args:
            question: A question or words to look for, of at most 1,000 characters.
            k: How many passages to give, from 1 to 50.
        """
        if not isinstance(k, int) or not 1 <= k <= MAX_PASSAGES:
            raise QuestionError(f"Expected k from 1 to {MAX_PASSAGES}; found {k!r}.")
        hits = await to_thread.run_sync(partial(retrieve, library, clean(question), k), limiter=searching)
        return json.dumps([passage_json(hit) for hit in hits], ensure_ascii=False)

    answer.__name__ = "ask"
    return answer, search
