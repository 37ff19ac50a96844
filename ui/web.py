"""The browser chat: documents on the left, the conversation, the source beside it."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from anyio import to_thread
from gradio.utils import get_upload_folder

from index.errors import QuestionError
from index.library import Library
from index.types import Feedback, Hit, Verdict
from rag.types import Answer, Citation, Turn
from ui.adding import Adding
from ui.arrivals import arrivals, uploaded
from ui.caller import Caller, caller
from ui.documents import adding_html, documents_html, left_behind, nothing_yet_html, told_html
from ui.faults import safely, sentence
from ui.html import (
    HEADER,
    no_source_html,
    problem_html,
    safe,
    source_html,
    suggestions_html,
    talk_html,
)
from ui.markdown import talk_markdown
from ui.render import counted, given_citations, shown_citations
from ui.session import Exchange, Shown, Talk, chosen, stopped, turns, with_exchange, with_last, with_status
from ui.source import Sources

Step = int | tuple[Hit, ...] | Answer
Stream = Callable[[Caller, str, Sequence[Turn], Collection[str] | None], AsyncGenerator[Step]]
Updates = AsyncGenerator[dict[Any, Any]]
Suggest = Callable[[Collection[str] | None], Iterator[str]]

_SCRIPT = Path(__file__).with_name("web.js").read_text(encoding="utf-8")
_ADDING_SCRIPT = Path(__file__).with_name("adding.js").read_text(encoding="utf-8")
ASK, UNTICKED = "Ask about the documents…", "Tick at least one document."
_UPLOADS_STAY = (3600, 3600)  # seconds between two looks, and of an upload's age; the library keeps its own copy
_PRIVATE: Any = {"api_visibility": "private", "show_progress": "hidden"}
_EACH: Any = {**_PRIVATE, "trigger_mode": "multiple"}  # what is done before the last such event has ended is done too
_DOWNLOAD = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/markdown"}));
  link.download = "conversation.md";
  link.click();
}"""


def build(
    stream: Stream,
    library: Library,
    suggest: Suggest,
    tools: Sequence[Callable[..., Any]] = (),
    adding: Adding | None = None,
) -> gr.Blocks:
    """The page. `stream` gives a client's question its place in line, the hits and the answer; `tools` go to MCP."""

    sources = Sources(library)

    def failed(asked: str, talk: Talk, left_out: set[str], request: gr.Request, problem: str) -> dict[Any, Any]:
        return {question: ready(), **said((*stopped(talk), Exchange(asked, problem=problem)))}

    def warned(*arguments: Any) -> Any:
        gr.Warning(safe(arguments[-1]))
        return gr.skip()

    @safely(failed, "ask again")
    async def ask(asked: str, talk: Talk, left_out: set[str], request: gr.Request) -> Updates:
        talk = stopped(talk)
        history = turns(talk)
        talk = (*talk, Exchange(asked, status="Searching…"))
        yield {question: waiting(), **said(talk)}
        among = await to_thread.run_sync(to_ask, left_out)
        asking = caller(request.request.scope if request.request else None)
        async with aclosing(stream(asking, asked, history, among)) as steps:
            async for step in steps:
                if isinstance(step, Answer):
                    yield {question: ready(), **said(with_last(talk, Exchange(asked, step)))}
                else:
                    talk = with_status(talk, _status(step))
                    yield said(talk)

    def to_ask(left_out: set[str]) -> list[str] | None:
        if not (there := paths()):
            raise QuestionError("There are no documents yet: drop some files anywhere on this page, then ask.")
        among = chosen(there, left_out)
        if among == []:
            raise QuestionError(UNTICKED)
        return among

    @safely(warned)
    async def again(talk: Talk, left_out: set[str], event: gr.EventData, request: gr.Request) -> Updates:
        async with aclosing(ask(event.question, talk[:-1], left_out, request)) as updates:
            async for update in updates:
                yield update

    @safely(warned)
    async def suggested(talk: Talk, left_out: set[str], event: gr.EventData, request: gr.Request) -> Updates:
        async with aclosing(ask(event.question, talk, left_out, request)) as updates:
            async for update in updates:
                yield update

    @safely(warned)
    def stop(talk: Talk) -> dict[Any, Any]:
        return {question: ready(), **said(stopped(talk))}

    @safely(warned)
    def clear() -> dict[Any, Any]:
        return {question: ready(), shown: None, source_view: no_source_html(), **said(())}

    def said(talk: Talk) -> dict[Any, Any]:
        answered = any(exchange.answer for exchange in talk)
        return {conversation: talk, talk_view: talked(talk), save: gr.Button(interactive=answered)}

    def talked(talk: Talk) -> str:
        return talk_html(talk) if talk or paths() else nothing_yet_html()

    def waiting() -> gr.Textbox:
        return gr.Textbox(value="", submit_btn=False, stop_btn="Stop")

    def ready() -> gr.Textbox:
        return gr.Textbox(submit_btn="Ask", stop_btn=False)

    async def source(talk: Talk, now: Shown, request: gr.Request) -> dict[Any, Any]:
        answer = talk[now.exchange].answer if now.exchange < len(talk) else None
        citations = shown_citations(answer) if answer else ()
        if now.citation not in range(len(citations)):
            return {shown: None, source_view: no_source_html()}
        view = await panel(citations[now.citation], now, len(citations), request)
        return {shown: now, source_view: view} if view else gr.skip()

    async def panel(citation: Citation, now: Shown, total: int, request: gr.Request) -> str:
        asking = caller(request.request.scope if request.request else None)
        try:
            body = await sources.body(asking, str(request.session_hash), citation, as_text=now.as_text)
        except Exception as error:
            body = problem_html(sentence(error, "choose another citation")), False
        return source_html(citation, now, total, body[0], has_pages=body[1]) if body else ""

    @safely(warned)
    async def newest(talk: Talk, request: gr.Request) -> dict[Any, Any]:
        return await source(talk, Shown(len(talk) - 1), request) if talk and talk[-1].answer else gr.skip()

    @safely(warned)
    async def cite(talk: Talk, now: Shown | None, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        as_text = bool(now and now.as_text)
        return await source(talk, Shown(int(event.turn), int(event.citation), as_text), request)

    @safely(warned)
    async def step(talk: Talk, now: Shown | None, event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        by = int(event.by)
        return await source(talk, replace(now, citation=now.citation + by), request) if now else {shown: None}

    @safely(warned)
    async def view(talk: Talk, now: Shown | None, request: gr.Request) -> dict[Any, Any]:
        return await source(talk, replace(now, as_text=not now.as_text), request) if now else {shown: None}

    @safely(warned)
    def judge(talk: Talk, event: gr.EventData) -> dict[Any, Any]:
        return said(judged(talk, int(event.turn), "right" if event.verdict == "right" else "wrong", None))

    @safely(warned)
    def correct(talk: Talk, event: gr.EventData) -> dict[Any, Any]:
        correction = event.text.strip()
        return said(judged(talk, int(event.turn), "wrong", correction) if correction else talk)

    def judged(talk: Talk, number: int, verdict: Verdict, correction: str | None) -> Talk:
        if number not in range(len(talk)) or not (answer := talk[number].answer):
            return talk
        exchange = talk[number]
        if exchange.verdict == verdict and exchange.feedback and correction is None:
            library.withdraw_feedback(exchange.feedback)
            return with_exchange(talk, number, replace(exchange, verdict="", corrected=False, feedback=None))
        given = library.give_feedback(_feedback(answer, verdict, correction, exchange.feedback))
        exchange = replace(exchange, verdict=verdict, corrected=bool(correction), feedback=given)
        return with_exchange(talk, number, exchange)

    def paths() -> list[str]:
        return [entry.path for entry in library.documents()]

    def listed(left_out: set[str]) -> dict[Any, Any]:
        entries = library.documents()
        none = bool(entries) and chosen([entry.path for entry in entries], left_out) == []
        return {
            documents: documents_html(entries, left_out, library.notices(), arriving()),
            question: gr.Textbox(placeholder=UNTICKED if none else ASK),
        }

    on_their_way: dict[object, dict[str, float]] = {}

    def arriving() -> dict[str, float]:
        return {name: share for files in list(on_their_way.values()) for name, share in files.items()}

    def warned_list(left_out: set[str], *rest: Any) -> dict[Any, Any]:
        gr.Warning(safe(rest[-1]))
        return listed(left_out)

    @safely(warned_list)
    def tick(left_out: set[str], event: gr.EventData) -> dict[Any, Any]:
        every = getattr(event, "all", "")
        named = set(paths()) if every else {event.document}
        if every == "true" or (not every and event.ticked):
            left_out -= named
        else:
            left_out |= named
        return listed(left_out)

    @safely(warned_list)
    def remove(left_out: set[str], event: gr.EventData) -> dict[Any, Any]:
        library.remove(event.document)
        return listed(left_out)

    @safely(warned_list)
    def dismiss(left_out: set[str], event: gr.EventData) -> dict[Any, Any]:
        own = {entry.location for entry in library.documents()}
        every = [notice.location for notice in library.notices() if notice.location not in own]
        for location in [event.location] if event.location else every:
            library.dismiss(location)
        return listed(left_out)

    turns_at_adding = adding or Adding()

    def not_added(left_out: set[str], event: gr.EventData, request: gr.Request, problem: str) -> dict[Any, Any]:
        return {told: told_html([problem]), **listed(left_out)}

    @safely(not_added, "add the files again")
    async def add(left_out: set[str], event: gr.EventData, request: gr.Request) -> Updates:
        sentences, mine = left_behind(event.large, event.unread, event.unsent, event.many), object()
        yield {told: told_html(sentences)}
        try:
            files = await to_thread.run_sync(uploaded, event.files, Path(get_upload_folder()))
            sender = caller(request.request.scope if request.request else None)
            async with aclosing(arrivals(library, files, turns_at_adding, sender)) as steps:
                async for step in steps:
                    if isinstance(step, dict):
                        on_their_way[mine] = step
                        yield {documents: await to_thread.run_sync(list_html, left_out)}
                    elif isinstance(step, list):
                        yield {told: told_html([*sentences, *step])}
        finally:
            on_their_way.pop(mine, None)
        yield await to_thread.run_sync(listed, left_out)

    def list_html(left_out: set[str]) -> str:
        return documents_html(library.documents(), left_out, library.notices(), arriving())

    def hush() -> str:
        return ""

    @safely(warned)
    def begin(talk: Talk, left_out: set[str]) -> Iterator[dict[Any, Any]]:
        yield listed(left_out) | ({} if talk else {talk_view: talked(talk)})
        found: list[str] = []
        for text in [] if talk else suggest(chosen(paths(), left_out)):
            found.append(text)
            yield {suggestions: suggestions_html(found)}

    @safely(warned)
    def export(talk: Talk) -> str:
        return talk_markdown([(exchange.asked, exchange.answer) for exchange in talk if exchange.answer])

    page = gr.Blocks(title="Footnote", fill_height=True, analytics_enabled=False, delete_cache=_UPLOADS_STAY)
    with page:
        conversation, shown = gr.State(()), gr.State(None)
        unticked = gr.State(set())  # a session's own, changed in place: files may be added for minutes meanwhile
        exported = gr.Textbox(visible="hidden", show_label=False)
        _part(HEADER, "header")
        with gr.Row(elem_id="rooms"):
            with gr.Column(elem_id="beside", min_width=0):
                documents = _part(documents_html(library.documents(), (), library.notices()), "documents")
                told = _part("", "told")
                upload = _part(adding_html(), "upload", _ADDING_SCRIPT)
            with gr.Column(elem_id="conversation", min_width=0):
                talk_view = _part(talked(()), "talk")
                suggestions = _part("", "suggestions")
                question = gr.Textbox(
                    placeholder=ASK,
                    label="Question",
                    show_label=False,
                    submit_btn="Ask",
                    max_lines=6,
                    autofocus=True,
                    elem_id="question",
                )
                with gr.Row(elem_id="below"):
                    new = gr.Button("New conversation", size="sm", elem_classes="quiet")
                    save = gr.Button("Export as Markdown", size="sm", elem_classes="quiet", interactive=False)
            source_view = _part(no_source_html(), "source")

        said_in = [conversation, talk_view, save]
        seen, drawing = [conversation, shown], {**_PRIVATE, "concurrency_limit": None, "trigger_mode": "always_last"}
        talking = [question, shown, source_view, *said_in]
        answering = [
            question.submit(ask, [question, conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
            talk_view.retry(again, [conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
            suggestions.suggest(suggested, [conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
        ]
        for answered in answering:
            answered.then(listed, unticked, [documents, question], **_EACH)  # others add and remove documents too
            # An event of its own: while a page is drawn, the next question can be asked.
            answered.then(newest, conversation, [shown, source_view], **drawing)
        # What was on its way when an answer is cancelled comes by the queue, so what follows must come by it too.
        cancelled = question.stop(None, cancels=answering, **_PRIVATE)
        cancelled.then(stop, conversation, talking, concurrency_limit=None, **_PRIVATE)
        cancelled = new.click(None, cancels=answering, **_PRIVATE)
        cancelled.then(clear, None, talking, concurrency_limit=None, **_PRIVATE)
        save.click(export, conversation, exported, **_PRIVATE).success(None, exported, js=_DOWNLOAD, **_PRIVATE)
        talk_view.cite(cite, seen, [shown, source_view], **drawing)
        source_view.step(step, seen, [shown, source_view], **drawing)
        source_view.view(view, seen, [shown, source_view], **drawing)
        talk_view.judge(judge, conversation, said_in, **_PRIVATE)
        talk_view.correct(correct, conversation, said_in, **_PRIVATE)
        listing = [documents, question]
        documents.tick(tick, unticked, listing, **_EACH)
        documents.dismiss(dismiss, unticked, listing, **_EACH)
        removed = documents.remove(remove, unticked, listing, **_EACH)
        added = upload.arrive(add, unticked, [told, *listing], concurrency_limit=None, **_EACH)
        told.hush(hush, None, told, **_PRIVATE)
        beginning = [conversation, unticked], [*listing, talk_view, suggestions]
        for begins in (page.load, removed.then, added.then):
            begins(begin, *beginning, concurrency_limit=None, **_PRIVATE)
        for tool in tools:
            gr.api(tool, api_name=tool.__name__, queue=False)  # type: ignore[attr-defined]
    return page


def _part(html: str, name: str, script: str = _SCRIPT) -> Any:
    return gr.HTML(html, js_on_load=script, apply_default_css=False, elem_id=name)


def _status(step: int | tuple[Hit, ...]) -> str:
    if isinstance(step, int):
        return f"Waiting: {counted(step, 'question')} before yours…" if step else "Searching…"
    return f"Reading {counted(len(step), 'passage')}…"


def _feedback(answer: Answer, verdict: Verdict, correction: str | None, number: int | None) -> Feedback:
    said = Feedback(answer.question, answer.text, verdict, correction, id=number)
    cited = given_citations(answer)[:1]
    for c in cited:
        said = replace(said, document=c.document, start=c.start, end=c.end, quote=c.quote)
    return said
