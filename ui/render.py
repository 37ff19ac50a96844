"""Answers and summaries as JSON and terminal text, and the words that the page shares. Knows nothing of HTML."""

import re
from pathlib import Path

from rich.text import Text

from index.chunking import BETWEEN_TITLES
from index.types import Hit, Summary
from rag.types import Answer, Citation

ABSTAINED = "The documents do not say."
_CLOSING = ",;:.!?)]”’\"'"  # marks that belong to the words before them
LONGEST_PATH = 90  # characters of headings


def answer_json(answer: Answer) -> dict[str, object]:
    """The object that `ask --json` prints."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "answerable": answer.answerable,
        "confidence": round(answer.confidence, 4),
        "threshold": round(answer.threshold, 4),
        "citations": citations_json(answer),
        "passages": [passage_json(hit) for hit in answer.hits],
        "timings_ms": {
            "retrieve": round(answer.timings.retrieve, 1),
            "read": round(answer.timings.read, 1),
            "total": round(answer.timings.total, 1),
        },
    }


def citations_json(answer: Answer) -> list[dict[str, object]]:
    """The footnotes of a given answer; none when Footnote abstains."""
    return [
        {"document": c.document, "page": c.page, "start": c.start, "end": c.end, "quote": c.quote}
        for c in given_citations(answer)
    ]


def passage_json(hit: Hit) -> dict[str, object]:
    """A passage that was found, and its score."""
    return {
        "document": hit.passage.document,
        "page": hit.passage.page,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "score": round(hit.score, 6),
        "text": hit.passage.text,
    }


def given_citations(answer: Answer) -> tuple[Citation, ...]:
    """The footnotes of a given answer; none when Footnote abstains."""
    return answer.citations if answer.answerable else ()


def place(citation: Citation, *, short: bool = False) -> str:
    """Where a citation stands: document, page, headings, characters; `short` is the file name, page and last title."""
    if not short:
        return printable(f"{citation.document}, {where(citation)}")
    title = shorten(citation.heading.rpartition(BETWEEN_TITLES)[2], LONGEST_PATH)
    return printable(", ".join(filter(None, (Path(citation.document).name, _page(citation), title))))


def where(citation: Citation) -> str:
    """Where in its document a citation stands: page, headings, characters."""
    parts = (_page(citation), _last_titles(citation.heading), f"characters {citation.start}–{citation.end}")
    return printable(", ".join(filter(None, parts)))


def _page(citation: Citation) -> str:
    return f"p. {citation.page}" if citation.page else ""


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
        text.append(f"{answer.note}\n" if answer.note else "")
        text.append("\nNearest passages:\n")
        for passage in shown_citations(answer):
            text.append(f"\n  {place(passage)}\n", "dim")
            text.append(f"  {_harmless(shorten(passage.quote, 240))}\n")
        return text
    text.append(_harmless(answer.text), "bold").append(f"  (confidence {answer.confidence:.2f})\n")
    text.append(f"{answer.note}\n" if answer.note else "")
    for number, citation in enumerate(answer.citations, start=1):
        before, said, after = map(_harmless, quote_parts(citation))
        text.append(f"\n  [{number}] “{before}").append(said, "bold underline").append(f"{after}”\n")
        text.append(f"      {place(citation)}\n", "dim")
    return text


def confidence_words(answer: Answer) -> str:
    """How sure Footnote is of a given answer, for a person."""
    return (
        "Sure"
        if answer.confidence >= 0.8
        else "Fairly sure"
        if answer.confidence >= 0.6
        else "Unsure: check the source"
    )


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
        "skipped": [{"path": skipped.path, "message": skipped.message} for skipped in summary.skipped],
        "warnings": list(summary.warnings),
        "documents": documents,
        "passages": passages,
    }


def summary_line(summary: Summary, documents: int, passages: int) -> str:
    """One line for a person."""
    moved = f"{summary.moved} moved, " if summary.moved else ""
    failed = f", {len(summary.failures)} failed" if summary.failures else ""
    failed += f", {len(summary.skipped):,} left out" if summary.skipped else ""
    return (
        f"{summary.added} added, {summary.updated} updated, {moved}{summary.removed} removed, "
        f"{summary.unchanged} unchanged{failed}; "
        f"the library holds {counted(documents, 'document')} in {counted(passages, 'passage')}."
    )


def shown_citations(answer: Answer) -> tuple[Citation, ...]:
    """What the source panel offers: the footnotes or, when Footnote abstains, the three nearest passages."""
    if answer.answerable:
        return answer.citations
    nearest = (hit.passage for hit in answer.hits[:3])
    return tuple(Citation(p.document, p.page, p.start, p.end, p.text, p.start, p.start, p.heading) for p in nearest)


def marked_parts(answer: Answer) -> list[tuple[str, list[int]]]:
    """A given answer in parts, each with the numbers of the citations it rests on, counting from 0.

    Where it is made of what its citations say, one after the other, each part has its own; else all stand at the end.
    """
    text, at = answer.text or "", 0
    parts: list[tuple[str, list[int]]] = []
    for number, citation in enumerate(answer.citations):
        said = quote_parts(citation)[1] or citation.quote
        start = text.find(said, at)
        if start < 0 or text[at:start].strip():
            break
        end = start + len(said)
        end += len(text[end:]) - len(text[end:].lstrip(_CLOSING))
        parts.append((text[at:end].strip(), [number]))
        at = end
    else:
        if parts and not text[at:].strip():
            return parts
    return [(text, list(range(len(answer.citations))))]


def counted(number: int, noun: str) -> str:
    """A number with its noun, which is in the plural unless the number is 1."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
