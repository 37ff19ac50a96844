"""Answers as JSON, terminal text and HTML. Everything from a document is escaped here and nowhere else."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from index.chunking import BETWEEN_TITLES
from index.types import Entry, Summary
from rag.types import Answer, Citation

ABSTAINED = "The documents do not say."
LONGEST_PATH = 90  # characters of headings
CONTEXT = 1200  # characters of the document shown on either side of a citation


def answer_json(answer: Answer) -> dict[str, object]:
    """The object that `ask --json` prints."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "answerable": answer.answerable,
        "confidence": round(answer.confidence, 4),
        "threshold": round(answer.threshold, 4),
        "citations": [
            {"document": c.document, "page": c.page, "start": c.start, "end": c.end, "quote": c.quote}
            for c in given_citations(answer)
        ],
        "passages": [
            {
                "document": hit.passage.document,
                "page": hit.passage.page,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "score": round(hit.score, 6),
                "text": hit.passage.text,
            }
            for hit in answer.hits
        ],
        "timings_ms": {
            "retrieve": round(answer.timings.retrieve, 1),
            "read": round(answer.timings.read, 1),
            "total": round(answer.timings.total, 1),
        },
    }


def given_citations(answer: Answer) -> tuple[Citation, ...]:
    """The footnotes of a given answer; none when Footnote abstains."""
    return answer.citations if answer.answerable else ()


def place(citation: Citation, *, short: bool = False) -> str:
    """Where a citation stands: document, page, headings, characters; `short` is the file name and the last title."""
    document = Path(citation.document).name if short else citation.document
    titles = citation.heading.rpartition(BETWEEN_TITLES)[2] if short else citation.heading
    page = f"p. {citation.page}" if citation.page else ""
    parts = (document, page, _last_titles(titles), f"characters {citation.start}–{citation.end}")
    return printable(", ".join(part for part in parts if part))


def _last_titles(heading: str) -> str:
    """A path of headings, without its first ones where it is long."""
    last = heading
    while len(last) > LONGEST_PATH and BETWEEN_TITLES in last:
        last = last.partition(BETWEEN_TITLES)[2]
    return ("" if last == heading else f"…{BETWEEN_TITLES}") + shorten(last, LONGEST_PATH)


def answer_terminal(answer: Answer) -> Text:
    """The answer first, then its footnotes with the answer in bold; or the nearest passages."""
    text = Text()
    if answer.text is None:
        text.append(ABSTAINED, "bold").append(f"  (confidence {answer.confidence:.2f})\n")
        text.append("\nNearest passages:\n")
        for passage in shown_citations(answer):
            text.append(f"\n  {place(passage)}\n", "dim")
            text.append(f"  {_harmless(shorten(passage.quote, 240))}\n")
        return text
    text.append(_harmless(answer.text), "bold").append(f"  (confidence {answer.confidence:.2f})\n")
    for number, citation in enumerate(answer.citations, start=1):
        before, said, after = map(_harmless, quote_parts(citation))
        text.append(f"\n  [{number}] “{before}").append(said, "bold underline").append(f"{after}”\n")
        text.append(f"      {place(citation)}\n", "dim")
    return text


def printable(text: str) -> str:
    """One line in which control characters and marks of direction, which could disguise a name, show as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _harmless(text: str) -> str:
    """Text without the characters that command a terminal."""
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)


def quote_parts(citation: Citation) -> tuple[str, str, str]:
    """The quote before, within and after the answer."""
    start, end = citation.answer_start - citation.start, citation.answer_end - citation.start
    return citation.quote[:start], citation.quote[start:end], citation.quote[end:]


def shorten(text: str, length: int) -> str:
    """One line of at most `length` characters, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rsplit(" ", 1)[0] + "…"


def summary_json(summary: Summary, documents: int, passages: int) -> dict[str, object]:
    """The object that `index --json` prints."""
    return {
        "added": summary.added,
        "updated": summary.updated,
        "moved": summary.moved,
        "removed": summary.removed,
        "unchanged": summary.unchanged,
        "failed": [{"path": failure.path, "message": failure.message} for failure in summary.failures],
        "warnings": list(summary.warnings),
        "documents": documents,
        "passages": passages,
    }


def summary_line(summary: Summary, documents: int, passages: int) -> str:
    """One line for a person."""
    moved = f"{summary.moved} moved, " if summary.moved else ""
    failed = f", {len(summary.failures)} failed" if summary.failures else ""
    return (
        f"{summary.added} added, {summary.updated} updated, {moved}{summary.removed} removed, "
        f"{summary.unchanged} unchanged{failed}; "
        f"the library holds {_count(documents, 'document')} in {_count(passages, 'passage')}."
    )


def safe(text: str) -> str:
    """Text as data for HTML and Markdown alike: every sign that either could read as markup becomes a reference."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda sign: f"&#{ord(sign[0])};", text)


def shown_citations(answer: Answer) -> tuple[Citation, ...]:
    """What the source panel offers: the footnotes or, when Footnote abstains, the three nearest passages."""
    if answer.answerable:
        return answer.citations
    nearest = (hit.passage for hit in answer.hits[:3])
    return tuple(Citation(p.document, p.page, p.start, p.end, p.text, p.start, p.start, p.heading) for p in nearest)


def answer_html(answer: Answer) -> str:
    """A chat message: the answer, then its footnotes; or that the documents do not say, and what comes nearest."""
    shown = shown_citations(answer)
    if answer.text is None:
        notes = "".join(_note_html(number, safe(shorten(c.quote, 160)), c) for number, c in enumerate(shown, start=1))
        return f'<p class="abstained">{ABSTAINED}</p><p class="aside">The nearest passages:</p>{notes}'
    marks = "".join(f"<sup>{number}</sup>" for number in range(1, len(shown) + 1))
    notes = "".join(
        _note_html(number, _quote_html(citation), citation) for number, citation in enumerate(shown, start=1)
    )
    confidence = f'<p class="aside">Confidence {min(answer.confidence, 0.99):.0%}</p>'
    return f'<p class="answer">{safe(" ".join(answer.text.split()))}{marks}</p>{notes}{confidence}'


def _quote_html(citation: Citation) -> str:
    before, said, after = (safe(" ".join(part.split("\n"))) for part in quote_parts(citation))
    return f"{before}<strong>{said}</strong>{after}"


def _note_html(number: int, quote: str, citation: Citation) -> str:
    return f"<blockquote><sup>{number}</sup> “{quote}”<br><cite>{safe(place(citation, short=True))}</cite></blockquote>"


def source_html(text: str, citation: Citation) -> str:
    """The document around a citation, the quoted sentence marked and the answer within it marked again.

    When the text no longer has the quote at its place, this is said and the quote shown alone.
    """
    if text[citation.start : citation.end] != citation.quote:
        return _source(citation, "The document has changed since it was quoted here:\n\n", "")
    lead, tail = text[: citation.start], text[citation.end :]
    if len(lead) > CONTEXT:
        lead = "… " + lead[-CONTEXT:].partition(" ")[2]
    if len(tail) > CONTEXT:
        tail = tail[:CONTEXT].rpartition(" ")[0] + " …"
    return _source(citation, lead, tail)


def _source(citation: Citation, lead: str, tail: str) -> str:
    before, said, after = (safe(part) for part in quote_parts(citation))
    answer = f'<mark class="source-answer">{said}</mark>' if said else ""
    return (
        f'<div class="source-place">{safe(place(citation))}</div><div class="source-text">{safe(lead)}'
        f'<span class="source-quote">{before}{answer}{after}</span>{safe(tail)}</div>'
    )


def documents_html(entries: Sequence[Entry]) -> str:
    """The documents of the library as a list."""
    if not entries:
        return '<p class="aside">No documents yet. Add one to ask about it.</p>'
    rows = (
        f'<li title="{safe(printable(entry.path))}">{safe(printable(Path(entry.path).name))} '
        f"<small>{_count(entry.passages, 'passage')}</small></li>"
        for entry in entries
    )
    return f'<ul class="documents">{"".join(rows)}</ul>'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
