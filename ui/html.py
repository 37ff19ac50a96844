"""The page's HTML, in which everything from a document is escaped; the list of documents is in documents.py."""

import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from index.formats.pdf_view import Box, PageView
from rag.types import Answer, Citation
from ui.markdown import plain_text
from ui.render import (
    ABSTAINED,
    confidence_words,
    marked_parts,
    place,
    printable,
    quote_parts,
    shorten,
    shown_citations,
    where,
)
from ui.session import Exchange, Shown, Talk

CONTEXT = 1200  # characters of the document shown on either side of a citation

_THUMB = (
    '<svg viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.7" '
    'stroke-linejoin="round" aria-hidden="true"><path d="M3 11h4v10H3z M7 11l4-8c2 0 3 1 3 3l-1 4h6a2 2 0 0 1 2 2'
    'l-1.5 7a2 2 0 0 1-2 2H7"/></svg>'
)  # up; the stylesheet turns it down

HEADER = """<header><h1>Footnote</h1><p>Ask your documents. Every answer shows its source.</p>
<nav aria-label="Parts of the page">
<button data-event="show" data-view="documents">Documents</button>
<button data-event="show" data-view="talk" aria-pressed="true">Chat</button>
<button data-event="show" data-view="source">Source</button>
</nav>
<button class="quiet" data-event="theme" aria-label="Light or dark" title="Light or dark">◐</button></header>"""


def safe(text: str) -> str:
    """Text as data for HTML: every sign that could read as markup, in a text or an attribute, becomes a reference."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda sign: f"&#{ord(sign[0])};", text)


def talk_html(talk: Talk) -> str:
    """The conversation; a welcome when there is none yet."""
    if not talk:
        return (
            '<div class="welcome"><h2>What do you want to know?</h2>'
            "<p>Answers come from your documents alone, each with its footnote. "
            "When the documents do not say, Footnote says so.</p></div>"
        )
    last = len(talk) - 1
    state = "pending" if talk[-1].pending else "done"
    articles = "".join(_exchange(number, exchange, number == last) for number, exchange in enumerate(talk))
    return f'<div class="talk" role="log" aria-label="Conversation" data-at="{last} {state}">{articles}</div>'


def _exchange(number: int, exchange: Exchange, last: bool) -> str:
    asked = f'<div class="asked"><p>{_lines(exchange.asked)}</p></div>'
    if exchange.pending:
        reply = f'<p class="status" role="status"><span class="dots" aria-hidden="true"></span>{exchange.status}</p>'
    elif exchange.answer:
        reply = _understood(exchange) + _reply(number, exchange.answer)
    elif exchange.stopped:
        reply = '<p class="aside stopped">Stopped.</p>'
    else:
        reply = f'<p class="problem">{safe(exchange.problem)}</p>'
    return f'<article>{asked}<div class="reply">{reply}{_actions(number, exchange, last)}</div></article>'


def _understood(exchange: Exchange) -> str:
    assert exchange.answer
    question = exchange.answer.question
    if " ".join(question.split()) == " ".join(exchange.asked.split()):
        return ""
    return f'<p class="understood">Understood as: <q>{safe(question)}</q></p>'


def _reply(number: int, answer: Answer) -> str:
    shown = shown_citations(answer)
    note = f'<p class="aside">{safe(answer.note)}</p>' if answer.note else ""
    if answer.text is None:
        short = [safe(shorten(citation.quote, 160)) for citation in shown]
        nearest = f'<p class="aside">The nearest passages:</p>{_notes(number, shown, short)}' if shown else ""
        return f'<p class="abstained">{ABSTAINED}</p>{note}{nearest}'
    overview = len(shown) > 1 and " ".join(c.quote for c in shown).split() == answer.text.split()
    parts = marked_parts(answer)
    said = " ".join(_said(text, "".join(_mark(number, citation) for citation in marks)) for text, marks in parts)
    size = " long" if len(answer.text) > 160 else ""
    notes = _notes(number, shown, [""] * len(shown) if overview else [_quote(citation) for citation in shown])
    return f'<p class="answer{size}">{said}</p>{note}{notes}'


def _said(text: str, marks: str) -> str:
    """The text with its marks, which no line break parts from the last word."""
    *first, last = text.split()
    return " ".join([*map(safe, first), f'<span class="whole">{safe(last)}{marks}</span>'])


def _mark(number: int, citation: int) -> str:
    label = f"Footnote {citation + 1}: show its source"
    return f'<sup><button {_cites(number, citation)} aria-label="{label}">{citation + 1}</button></sup>'


def _cites(number: int, citation: int) -> str:
    return f'data-event="cite" data-turn="{number}" data-citation="{citation}"'


def _notes(number: int, shown: Sequence[Citation], quotes: Sequence[str]) -> str:
    items = []
    for i, (citation, quote) in enumerate(zip(shown, quotes, strict=True)):
        quoted = f"<q>{quote}</q>" if quote else ""
        note = f"<b>{i + 1}</b><span>{quoted}<cite>{safe(place(citation, short=True))}</cite></span>"
        items.append(f"<li><button {_cites(number, i)}>{note}</button></li>")
    return f'<ol class="notes">{"".join(items)}</ol>'


def _quote(citation: Citation) -> str:
    before, said, after = (safe(" ".join(part.split("\n"))) for part in quote_parts(citation))
    return f"{before}<strong>{said}</strong>{after}"


def _actions(number: int, exchange: Exchange, last: bool) -> str:
    """What can be done with an exchange: judge and copy any answer, ask the last question again."""
    if exchange.pending:
        return ""
    parts = []
    if exchange.answer and exchange.answer.text is not None:
        words = confidence_words(exchange.answer)
        percent = f"{min(exchange.answer.confidence, 0.99):.0%}"
        if not exchange.answer.note:
            parts.append(f'<span class="confidence" title="Confidence {percent}">{words}<i> ({percent})</i></span>')
    if last:
        parts.append('<button data-event="edit" title="Change the question and ask again">Edit</button>')
        parts.append(f'<button data-event="retry" data-question="{safe(exchange.asked)}">Ask again</button>')
    if exchange.answer:
        copied = safe(plain_text(exchange.asked, exchange.answer))
        parts.append(f'<button data-event="copy" data-text="{copied}">Copy</button>')
        for verdict, label in (("right", "This is right"), ("wrong", "This is wrong")):
            pressed = str(exchange.verdict == verdict).lower()
            title = "Take this back" if exchange.verdict == verdict else label
            parts.append(
                f'<button data-event="judge" data-turn="{number}" data-verdict="{verdict}" aria-pressed="{pressed}" '
                f'aria-label="{label}" title="{title}">{_THUMB}</button>'
            )
    return f'<div class="actions">{"".join(parts)}</div>{_correction(number, exchange)}'


def _correction(number: int, exchange: Exchange) -> str:
    if exchange.corrected:
        return '<p class="aside" role="status">Thank you. Your answer is kept in the library.</p>'
    if exchange.verdict != "wrong":
        return ""
    return (
        f'<form class="correction" data-event="correct" data-turn="{number}">'
        '<label>The answer is… <input name="text" maxlength="500" autocomplete="off"></label>'
        "<button>Keep</button></form>"
    )


def _lines(text: str) -> str:
    return safe(text.strip()).replace("\n", "<br>")


def no_source_html() -> str:
    """The source panel before anything was cited."""
    return '<div class="source-place"><h2>Source</h2></div><p class="aside">The source of an answer appears here.</p>'


def problem_html(sentence: str) -> str:
    """A sentence about what went wrong."""
    return f'<p class="problem">{safe(sentence)}</p>'


def source_html(citation: Citation, shown: Shown, total: int, body: str, *, has_pages: bool) -> str:
    """The source panel: where a citation stands, ways to the ones beside it, and the page or text with its marks."""
    place_of = safe(where(citation))
    steps = ""
    if total > 1:
        before = _step(-1, "Previous citation", "‹", off=shown.citation == 0)
        after = _step(1, "Next citation", "›", off=shown.citation == total - 1)
        steps = f"{before}<span>{shown.citation + 1} of {total}</span>{after}"
    if has_pages and not shown.as_text:
        steps += '<button data-event="zoom" aria-pressed="false">Zoom</button>'
    if has_pages:
        steps += f'<button data-event="view">{"Show the page" if shown.as_text else "Show as text"}</button>'
    name, path = safe(printable(Path(citation.document).name)), safe(printable(citation.document))
    return (
        f'<div class="source-place"><div><h2 title="{path}">{name}</h2>'
        f'<p title="{place_of}">{place_of}</p></div><div class="steps">{steps}</div></div>'
        f'<div class="source-body" tabindex="0" role="region" aria-label="Source text">{body}</div>'
    )


def _step(by: int, label: str, sign: str, *, off: bool) -> str:
    return f'<button data-event="step" data-by="{by}" aria-label="{label}"{" disabled" if off else ""}>{sign}</button>'


def text_html(text: str, citation: Citation) -> str:
    """The document around a citation, the quoted sentence marked and the answer within it marked again.

    When the text no longer has the quote at its place, this is said and the quote shown alone.
    """
    if text[citation.start : citation.end] != citation.quote:
        return _marked(citation, "The document has changed since it was quoted here:\n\n", "")
    lead, tail = text[: citation.start], text[citation.end :]
    if len(lead) > CONTEXT:
        lead = "… " + lead[-CONTEXT:].partition(" ")[2]
    if len(tail) > CONTEXT:
        tail = tail[:CONTEXT].rpartition(" ")[0] + " …"
    return _marked(citation, lead, tail)


def _marked(citation: Citation, lead: str, tail: str) -> str:
    before, said, after = (safe(part) for part in quote_parts(citation))
    answer = f'<mark class="source-answer">{said}</mark>' if said else ""
    quote = f'<span class="source-quote">{before}{answer}{after}</span>'
    return f'<div class="source-text">{safe(lead)}{quote}{safe(tail)}</div>'


def pages_html(pages: Sequence[PageView], document: str) -> str:
    """Pictures of pages with the boxes of a quote lit, and those of the answer within it again."""
    figures = []
    for page in pages:
        boxes = "".join(_box(box, "source-quote") for box in page.quote)
        boxes += "".join(_box(box, "source-answer") for box in page.answer)
        label = safe(f"Page {page.number} of {printable(Path(document).name)}")
        picture = b64encode(page.picture).decode()
        figures.append(
            f'<figure style="aspect-ratio: {page.width} / {page.height}">'
            f'<img src="data:{page.media_type};base64,{picture}" alt="{label}">{boxes}</figure>'
        )
    return f'<div class="source-pages">{"".join(figures)}</div>'


def _box(box: Box, kind: str) -> str:
    sides = zip(("left", "top", "width", "height"), (box.left, box.top, box.width, box.height), strict=True)
    return f'<span class="{kind}" style="{"; ".join(f"{side}: {100 * share:.2f}%" for side, share in sides)}"></span>'


def suggestions_html(questions: Sequence[str]) -> str:
    """Questions to begin with, a click from being asked."""
    buttons = (f'<button data-event="suggest" data-question="{safe(q)}">{safe(q)}</button>' for q in questions)
    return (
        f'<div class="suggestions" role="group" aria-label="Questions to begin with">{"".join(buttons)}</div>'
        if questions
        else ""
    )
