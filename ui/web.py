"""The browser chat: documents on the left, the conversation, the source beside it. Knows nothing of models."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from index.errors import FootnoteError
from index.library import Library
from index.types import Feedback, Hit, Summary, Verdict
from rag.types import Answer, Citation, Turn
from ui.arrivals import arrivals
from ui.html import (
    HEADER,
    documents_html,
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
from ui.source import source_body

Stream = Callable[[str, Sequence[Turn], Collection[str] | None], Iterator[int | tuple[Hit, ...] | Answer]]
Suggest = Callable[[Collection[str] | None], Iterator[str]]

_SCRIPT = Path(__file__).with_name("web.js").read_text(encoding="utf-8")
_UPLOADS_STAY = (3600, 3600)  # seconds between two looks, and of an upload's age; the library keeps its own copy
_PRIVATE: Any = {"api_visibility": "private", "show_progress": "hidden"}
_DOWNLOAD = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/markdown"}));
  link.download = "conversation.md";
  link.click();
}"""


def build(stream: Stream, library: Library, suggest: Suggest, tools: Sequence[Callable[..., Any]] = ()) -> gr.Blocks:
    """The page. `stream` gives a question's place in the line, the hits and then the answer; `tools` go to MCP."""

    def ask(asked: str, talk: Talk, left_out: frozenset[str]) -> Iterator[dict[Any, Any]]:
        talk = stopped(talk)
        history = turns(talk)
        talk = (*talk, Exchange(asked, status="Searching…"))
        yield {question: waiting(), **said(talk)}
        try:
            for step in stream(asked, history, chosen(paths(), left_out)):
                if isinstance(step, Answer):
                    talk = with_last(talk, Exchange(asked, step))
                    yield said(talk)
                    yield source(talk, Shown(len(talk) - 1))
                else:
                    talk = with_status(talk, _status(step))
                    yield said(talk)
        except FootnoteError as error:
            yield said(with_last(talk, Exchange(asked, problem=str(error))))
        yield {question: ready()}

    def again(talk: Talk, left_out: frozenset[str], event: gr.EventData) -> Iterator[dict[Any, Any]]:
        yield from ask(event.question, talk[:-1], left_out)

    def suggested(talk: Talk, left_out: frozenset[str], event: gr.EventData) -> Iterator[dict[Any, Any]]:
        yield from ask(event.question, talk, left_out)

    def stop(talk: Talk) -> dict[Any, Any]:
        return {question: ready(), **said(stopped(talk))}

    def clear() -> dict[Any, Any]:
        return {question: ready(), shown: None, source_view: no_source_html(), **said(())}

    def said(talk: Talk) -> dict[Any, Any]:
        return {conversation: talk, talk_view: talk_html(talk)}

    def waiting() -> gr.Textbox:
        return gr.Textbox(value="", submit_btn=False, stop_btn=True)

    def ready() -> gr.Textbox:
        return gr.Textbox(submit_btn=True, stop_btn=False)

    def source(talk: Talk, now: Shown) -> dict[Any, Any]:
        answer = talk[now.exchange].answer if now.exchange < len(talk) else None
        citations = shown_citations(answer) if answer else ()
        if now.citation not in range(len(citations)):
            return {shown: None, source_view: no_source_html()}
        return {shown: now, source_view: panel(citations[now.citation], now, len(citations))}

    def panel(citation: Citation, now: Shown, total: int) -> str:
        try:
            body, has_pages = source_body(library, citation, as_text=now.as_text)
        except FootnoteError as error:
            body, has_pages = problem_html(str(error)), False
        return source_html(citation, now, total, body, has_pages=has_pages)

    def cite(talk: Talk, now: Shown | None, event: gr.EventData) -> dict[Any, Any]:
        as_text = bool(now and now.as_text)
        return source(talk, Shown(int(event.turn), int(event.citation), as_text))

    def step(talk: Talk, now: Shown | None, event: gr.EventData) -> dict[Any, Any]:
        return source(talk, replace(now, citation=now.citation + int(event.by))) if now else {shown: None}

    def view(talk: Talk, now: Shown | None) -> dict[Any, Any]:
        return source(talk, replace(now, as_text=not now.as_text)) if now else {shown: None}

    def judge(talk: Talk, event: gr.EventData) -> dict[Any, Any]:
        return said(judged(talk, int(event.turn), "right" if event.verdict == "right" else "wrong", None))

    def correct(talk: Talk, event: gr.EventData) -> dict[Any, Any]:
        return said(judged(talk, int(event.turn), "wrong", event.text.strip()) if event.text.strip() else talk)

    def judged(talk: Talk, number: int, verdict: Verdict, correction: str | None) -> Talk:
        if number not in range(len(talk)) or not (answer := talk[number].answer):
            return talk
        try:
            given = library.give_feedback(_feedback(answer, verdict, correction, talk[number].feedback))
        except FootnoteError as error:
            gr.Warning(safe(str(error)))
            return talk
        exchange = replace(talk[number], verdict=verdict, corrected=bool(correction), feedback=given)
        return with_exchange(talk, number, exchange)

    def paths() -> list[str]:
        return [entry.path for entry in library.documents()]

    def tick(left_out: frozenset[str], event: gr.EventData) -> dict[Any, Any]:
        if every := getattr(event, "all", None):
            return listed(frozenset() if every == "true" else frozenset(paths()))
        return listed(left_out - {event.document} if event.ticked else left_out | {event.document})

    def listed(left_out: frozenset[str]) -> dict[Any, Any]:
        return {unticked: left_out, documents: documents_html(library.documents(), left_out)}

    def remove(left_out: frozenset[str], event: gr.EventData) -> dict[Any, Any]:
        try:
            library.remove(event.document)
        except FootnoteError as error:
            gr.Warning(safe(str(error)))
        return listed(left_out)

    def add(files: list[str] | None, left_out: frozenset[str]) -> Iterator[dict[Any, Any]]:
        yield {upload: None}
        try:
            for step in arrivals(library, [(Path(file).name, Path(file)) for file in files or []]):
                if isinstance(step, Summary):
                    for message in (*(failure.message for failure in step.failures), *step.warnings):
                        gr.Warning(safe(message))
                else:
                    yield {documents: documents_html(library.documents(), left_out, step)}
        except FootnoteError as error:
            gr.Warning(safe(str(error)))
        yield listed(left_out)

    def begin(talk: Talk, left_out: frozenset[str]) -> Iterator[dict[Any, Any]]:
        yield listed(left_out)
        found: list[str] = []
        for text in [] if talk else suggest(chosen(paths(), left_out)):
            found.append(text)
            yield {suggestions: suggestions_html(found)}

    def export(talk: Talk) -> str:
        return talk_markdown([(exchange.asked, exchange.answer) for exchange in talk if exchange.answer])

    page = gr.Blocks(title="Footnote", fill_height=True, analytics_enabled=False, delete_cache=_UPLOADS_STAY)
    with page:
        conversation, shown, unticked = gr.State(()), gr.State(None), gr.State(frozenset())
        exported = gr.Textbox(visible="hidden", show_label=False)
        _part(HEADER, "header")
        with gr.Row(elem_id="rooms"):
            with gr.Column(elem_id="beside", min_width=0):
                documents = _part(documents_html(library.documents(), frozenset()), "documents")
                upload = gr.File(
                    label="Add documents", show_label=False, file_count="multiple", height=88, elem_id="upload"
                )
            with gr.Column(elem_id="conversation", min_width=0):
                talk_view = _part(talk_html(()), "talk")
                suggestions = _part("", "suggestions")
                question = gr.Textbox(
                    placeholder="Ask about the documents…",
                    label="Question",
                    show_label=False,
                    submit_btn=True,
                    max_lines=6,
                    autofocus=True,
                    elem_id="question",
                )
                with gr.Row(elem_id="below"):
                    new = gr.Button("New conversation", size="sm", elem_classes="quiet")
                    save = gr.Button("Export as Markdown", size="sm", elem_classes="quiet")
            source_view = _part(no_source_html(), "source")

        talking = [question, conversation, talk_view, shown, source_view]
        answering = [
            question.submit(ask, [question, conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
            talk_view.retry(again, [conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
            suggestions.suggest(suggested, [conversation, unticked], talking, concurrency_limit=None, **_PRIVATE),
        ]
        # What was on its way when an answer is cancelled comes by the queue, so what follows must come by it too.
        cancelled = question.stop(None, cancels=answering, **_PRIVATE)
        cancelled.then(stop, conversation, talking, concurrency_limit=None, **_PRIVATE)
        cancelled = new.click(None, cancels=answering, **_PRIVATE)
        cancelled.then(clear, None, talking, concurrency_limit=None, **_PRIVATE)
        save.click(export, conversation, exported, **_PRIVATE).then(None, exported, js=_DOWNLOAD, **_PRIVATE)
        talk_view.cite(cite, [conversation, shown], [shown, source_view], **_PRIVATE)
        source_view.step(step, [conversation, shown], [shown, source_view], **_PRIVATE)
        source_view.view(view, [conversation, shown], [shown, source_view], **_PRIVATE)
        talk_view.judge(judge, conversation, [conversation, talk_view], **_PRIVATE)
        talk_view.correct(correct, conversation, [conversation, talk_view], **_PRIVATE)
        documents.tick(tick, unticked, [unticked, documents], **_PRIVATE)
        removed = documents.remove(remove, unticked, [unticked, documents], **_PRIVATE)
        added = upload.upload(add, [upload, unticked], [upload, unticked, documents], **_PRIVATE)
        beginning = [conversation, unticked], [unticked, documents, suggestions]
        for begins in (page.load, removed.then, added.then):
            begins(begin, *beginning, concurrency_limit=None, **_PRIVATE)
        for tool in tools:
            gr.api(tool, api_name=tool.__name__, queue=False)  # type: ignore[attr-defined]
    return page


def _part(html: str, name: str) -> Any:
    return gr.HTML(html, js_on_load=_SCRIPT, apply_default_css=False, elem_id=name)


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


def theme() -> gr.themes.Base:
    """The page's colours and fonts as a Gradio theme; `web.css` does the rest."""
    ink = gr.themes.Color(*_INK)
    return gr.themes.Base(
        primary_hue=ink,
        secondary_hue=ink,
        neutral_hue=gr.themes.colors.zinc,
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )


_INK = (
    "#f3f6fb",
    "#e3eaf5",
    "#c8d6ea",
    "#a3b9d9",
    "#7b97c2",
    "#5677a8",
    "#3f5f90",
    "#2f4a75",
    "#24395b",
    "#1a2a44",
    "#121d30",
)
STYLE = Path(__file__).with_name("web.css")
ICON = Path(__file__).with_name("icon.svg")
