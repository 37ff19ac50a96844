"""The browser chat: conversation on the left, the source beside it. Knows nothing of models."""

import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from index.errors import FootnoteError
from index.library import Library
from index.loaders import LOADERS, load
from index.types import Hit
from rag.types import Answer, Citation
from ui.render import answer_html, documents_html, place, safe, shorten, shown_citations, source_html

Stream = Callable[[str], Iterator[tuple[Hit, ...] | Answer]]
Messages = list[dict[str, Any]]

_STYLE = Path(__file__).with_name("web.css")
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
_HEADER = "<header><h1>Footnote</h1><p>Ask your documents. Every answer shows its source.</p></header>"
_NO_SOURCE = '<div class="source-place">Source</div><p class="aside">The source of an answer appears here.</p>'
_WELCOME = "### What do you want to know?\nAnswers come from your documents alone, each with its footnote."
_SHOW_HIGHLIGHT = """() => setTimeout(() => {
  const panel = document.querySelector("#source");
  const mark = panel?.querySelector(".source-answer") ?? panel?.querySelector(".source-quote");
  const below = mark ? mark.getBoundingClientRect().top - panel.getBoundingClientRect().top : 0;
  if (mark) panel.scrollTop += below - panel.clientHeight / 3;
}, 50)"""


def build(stream: Stream, library: Library, examples: Sequence[str] = ()) -> gr.Blocks:
    """The page. `stream` gives the hits and then the answer to a question about the library."""

    def ask(question: str, messages: Messages, answers: dict[int, Answer]) -> Iterator[tuple[Any, ...]]:
        messages = [*messages, {"role": "user", "content": safe(question)}]
        yield "", [*messages, _says("<em>Searching…</em>")], answers, gr.skip(), gr.skip()
        try:
            for step in stream(question):
                if not isinstance(step, Answer):
                    reading = f"<em>Reading {len(step)} passages…</em>"
                    yield "", [*messages, _says(reading)], answers, gr.skip(), gr.skip()
                    continue
                answers = {**answers, len(messages): step}
                yield "", [*messages, _says(answer_html(step))], answers, *panel(step)
        except FootnoteError as error:
            yield "", [*messages, _says(f'<p class="problem">{safe(str(error))}</p>')], answers, gr.skip(), gr.skip()

    def panel(answer: Answer, number: int = 0) -> tuple[Any, ...]:
        shown = shown_citations(answer)
        choices = [
            (f"{i} · {shorten(place(citation, short=True), 48)}", i - 1) for i, citation in enumerate(shown, start=1)
        ]
        return (
            source_of(shown[number]) if shown else _NO_SOURCE,
            gr.Radio(choices=choices, value=number if shown else None, visible=len(shown) > 1),
        )

    def source_of(citation: Citation) -> str:
        try:
            return source_html(library.text(citation.document), citation)
        except FootnoteError as error:
            return f'<p class="problem">{safe(str(error))}</p>'

    def look_back(answers: dict[int, Answer], event: gr.SelectData) -> tuple[Any, ...]:
        index = event.index[0] if isinstance(event.index, list | tuple) else event.index
        answer = answers.get(index)
        return (*panel(answer), index) if answer else (gr.skip(), gr.skip(), gr.skip())

    def choose(event: gr.SelectData) -> str:
        return str(event.value["text"])

    def turn_to(number: int | None, answers: dict[int, Answer], current: int | None) -> Any:
        answer = answers.get(max(answers, default=0) if current is None else current)
        return panel(answer, number)[0] if answer and number is not None else gr.skip()

    def add(files: list[str] | None, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        added = []
        for file in files or []:
            try:
                added.append(load(Path(file), Path(file).name))
                if added[-1].warning:
                    gr.Warning(safe(added[-1].warning))
            except FootnoteError as error:
                gr.Warning(safe(str(error)))
        if added:
            try:
                library.add(added, lambda name, share, _: progress(share, desc=f"Indexing {name}"))
            except FootnoteError as error:
                gr.Warning(safe(str(error)))
        return documents_html(library.documents())

    page = gr.Blocks(title="Footnote", fill_height=True, analytics_enabled=False)
    with page:
        answers = gr.State({})
        current = gr.State(None)
        gr.HTML(_HEADER, elem_id="header")
        with gr.Row(elem_id="rooms"):
            with gr.Column(scale=3, min_width=320, elem_id="conversation"):
                chat = gr.Chatbot(
                    show_label=False,
                    label="Conversation",
                    placeholder=_WELCOME,
                    examples=[{"text": example} for example in examples],
                    latex_delimiters=[],
                    buttons=[],
                    feedback_options=None,
                    layout="bubble",
                    height="100%",
                    elem_id="chat",
                )
                question = gr.Textbox(
                    placeholder="Ask about the documents…",
                    label="Question",
                    show_label=False,
                    submit_btn=True,
                    autofocus=True,
                    elem_id="question",
                )
            with gr.Column(scale=2, min_width=320, elem_id="beside"):
                source = gr.HTML(_NO_SOURCE, elem_id="source")
                citation = gr.Radio(label="Citations", visible=False, elem_id="citations")
                with gr.Accordion("Documents", open=True, elem_id="documents"):
                    documents = gr.HTML(documents_html(library.documents()))
                    upload = gr.UploadButton(
                        "Add documents", file_count="multiple", file_types=sorted(LOADERS), size="sm", elem_id="upload"
                    )
        outputs = [question, chat, answers, source, citation]
        chosen = chat.example_select(choose, None, question)
        for asked in (question.submit, chosen.then):
            answered = asked(ask, [question, chat, answers], outputs, show_progress="hidden")
            answered.then(lambda: None, outputs=current).then(None, js=_SHOW_HIGHLIGHT)
        chat.select(look_back, answers, [source, citation, current]).then(None, js=_SHOW_HIGHLIGHT)
        citation.input(turn_to, [citation, answers, current], source).then(None, js=_SHOW_HIGHLIGHT)
        upload.upload(add, upload, documents)
        chat.clear(lambda: ({}, None, _NO_SOURCE, gr.Radio(visible=False)), None, [answers, current, source, citation])
        page.load(lambda: documents_html(library.documents()), None, documents)
    return page


def _says(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def require_free_port(host: str, port: int) -> None:
    """Raises FootnoteError when nothing can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise FootnoteError(
                f"Footnote cannot listen on {host}, port {port} ({getattr(error, 'strerror', None) or error}); "
                "stop the program that uses it or choose another with --port."
            ) from error


def serve(page: gr.Blocks, host: str, port: int, *, open_browser: bool, wait: bool = True) -> None:
    """Serve the page, until interrupted unless told not to wait."""
    ink = gr.themes.Color(*_INK)
    theme = gr.themes.Base(
        primary_hue=ink,
        secondary_hue=ink,
        neutral_hue=gr.themes.colors.zinc,
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    page.launch(
        server_name=host,
        server_port=port,
        inbrowser=open_browser,
        prevent_thread_lock=True,
        quiet=True,
        footer_links=[],
        theme=theme,
        css_paths=_STYLE,
        ssr_mode=False,
        share=False,
        run_history=False,
    )
    print(f"Footnote is at http://{host}:{port} (Ctrl-C stops it)", flush=True)
    if wait:
        page.block_thread()
