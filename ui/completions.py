"""Answers in the form of OpenAI's chat completions, for its clients. Knows nothing of documents but what answers cite.

The last message of the user is the question and what came before it the conversation; system messages, tools and the
settings of a language model say nothing to an extractive reader and are ignored. Usage counts words.
"""

import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from rag.types import Answer
from ui.api import Asking, Text, turns
from ui.render import ABSTAINED, citations_json, place, shorten, shown_citations

MODEL = "footnote"


class Part(BaseModel):
    """A part of a message."""

    type: Text
    text: Text = ""


class Message(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[Part] | None = None


class StreamOptions(BaseModel):
    """What else a stream holds."""

    include_usage: bool = False


class Completion(BaseModel):
    """The body of POST /v1/chat/completions, as far as it is read."""

    messages: list[Message] = Field(min_length=1)
    model: Text = MODEL
    stream: bool = False
    stream_options: StreamOptions | None = None


def routes(ask: Asking) -> APIRouter:
    """GET /v1/models and POST /v1/chat/completions."""
    router = APIRouter(prefix="/v1")

    @router.get("/models")
    def models() -> dict[str, object]:
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}

    @router.post("/chat/completions")
    async def complete(body: Completion) -> Response:
        asked, answers = _conversation(body.messages)
        answer = await ask(asked[-1], await turns(asked[:-1], answers), None)
        about = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body.model}
        usage = _usage(body.messages, answer_markdown(answer))
        if body.stream:
            extra = usage if body.stream_options and body.stream_options.include_usage else None
            return StreamingResponse(_events(about, answer, extra), media_type="text/event-stream")
        message = {"role": "assistant", "content": answer_markdown(answer), "citations": citations_json(answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return JSONResponse({**about, "object": "chat.completion", "choices": [choice], "usage": usage})

    return router


def _conversation(messages: Sequence[Message]) -> tuple[list[str], list[str | None]]:
    """The questions, the last of them to be answered, and what was said to each of the others."""
    asked: list[str] = []
    answers: list[str | None] = []
    for message in messages:
        if message.role == "user":
            asked.append(_text(message))
            answers.append(None)
        elif message.role == "assistant" and asked:
            answers[-1] = _said(_text(message))
    if not asked:
        raise HTTPException(400, 'Expected a message of the role "user", which is the question; found none.')
    return asked, answers[:-1]


def _text(message: Message) -> str:
    if not isinstance(message.content, list):
        return message.content or ""
    for part in message.content:
        if part.type != "text":
            raise HTTPException(400, f"Footnote reads text alone; leave out the part of type {part.type!r}.")
    return "\n".join(part.text for part in message.content)


def _said(content: str) -> str | None:
    """The answer in what `answer_markdown` wrote, without its footnotes; None where it abstained."""
    answer = re.sub(r"\\(.)", r"\1", re.sub(r"(?: \[\d+\])+$", "", content.partition("\n\n")[0]))
    return None if answer == ABSTAINED else answer


def answer_markdown(answer: Answer) -> str:
    """The answer, marked, and its footnotes below it; or that the documents do not say, and what comes nearest."""
    shown = shown_citations(answer)
    said, label, length = ABSTAINED, "Nearest: ", 240
    if answer.text is not None:
        said, label, length = f"{_inert(answer.text)} {_marks(len(shown))}", "", 10**6
    notes = [
        f"{label}[{number}] “{_inert(shorten(citation.quote, length))}” — {_inert(place(citation))}"
        for number, citation in enumerate(shown, start=1)
    ]
    return "\n\n".join([said.rstrip(), *filter(None, [_inert(answer.note)]), *notes])


def _marks(count: int) -> str:
    return " ".join(f"[{number}]" for number in range(1, count + 1))


def _inert(text: str) -> str:
    """Text on one line, in which Markdown sees no links, pictures or HTML, but which reads well as plain text too."""
    return re.sub(r"[\\\[\]<]", r"\\\g<0>", " ".join(text.split()))


def _usage(messages: Sequence[Message], content: str) -> dict[str, int]:
    prompt, completion = sum(len(_words(message)) for message in messages), len(content.split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _words(message: Message) -> list[str]:
    parts = [message.content or ""] if not isinstance(message.content, list) else [p.text for p in message.content]
    return " ".join(parts).split()


def _events(about: dict[str, Any], answer: Answer, usage: dict[str, int] | None) -> Iterator[str]:
    """Server-sent events: the role, the answer and each footnote, the citations, and that it is done."""
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in re.split(r"(?<=\n\n)", answer_markdown(answer))]
    deltas.append({"citations": citations_json(answer)})
    chunk = {**about, "object": "chat.completion.chunk"}
    for number, delta in enumerate(deltas, start=1):
        finish = "stop" if number == len(deltas) else None
        yield _event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    if usage:
        yield _event({**chunk, "choices": [], "usage": usage})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
