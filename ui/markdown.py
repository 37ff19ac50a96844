"""Answers as Markdown and as plain text with footnotes."""

import re
from collections.abc import Iterable

from rag.types import Answer, Citation
from ui.render import ABSTAINED, given_citations, marked_parts, place, printable, shown_citations

# What Markdown would read as more than itself within a line: always; where what follows makes it so; and beside a word.
_SIGNS = re.compile(r"[`*\[~]|\\(?=[!-/:-@\[-`{-~]|$)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
_FIRST = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|[-+](?:[\s-]|$)|>))")
_CLOSED = re.compile(r"(?:^|(?<=\s))#+$")


def literal(text: str) -> str:
    """Text that Markdown shows as it is, on one line, behind other words."""
    return _SIGNS.sub(r"\\\g<0>", printable(" ".join(text.split())))


def paragraph(text: str) -> str:
    """Text that Markdown shows as it is, as a paragraph of its own."""
    return _FIRST.sub(r"\1\\", literal(text))


def heading(text: str) -> str:
    """Text that Markdown shows as it is in a heading, at whose end it takes `#` for a part of the mark."""
    return _CLOSED.sub(r"\\\g<0>", literal(text))


def plain_text(asked: str, answer: Answer) -> str:
    """A question and its answer with footnotes, to be pasted anywhere."""
    lines = [asked, "", ABSTAINED if answer.text is None else _said(answer)]
    lines += [f"[{n}] “{c.quote}” ({place(c)})" for n, c in enumerate(given_citations(answer), start=1)]
    return "\n".join(lines)


def _said(answer: Answer) -> str:
    parts = ((text, "".join(f"[{n + 1}]" for n in numbers)) for text, numbers in marked_parts(answer))
    return " ".join(f"{text} {marks}" for text, marks in parts)


def talk_markdown(exchanges: Iterable[tuple[str, Answer]]) -> str:
    """Questions as headings, answers below them, and the quotes they rest on as footnotes counted through."""
    parts, notes = ["# Conversation with Footnote"], list[str]()
    for asked, answer in exchanges:
        parts.append(f"## {heading(asked)}")
        if literal(asked) != literal(answer.question):
            parts.append(f"*Understood as: {literal(answer.question)}*")
        if answer.text is None:
            nearest = "; ".join(literal(place(citation)) for citation in shown_citations(answer))
            parts.append(f"{ABSTAINED}" + (f" Nearest passages: {nearest}" if nearest else ""))
        else:
            marks = [f"[^{len(notes) + n}]" for n in range(1, len(answer.citations) + 1)]
            said = ((f"**{literal(text)}**", [marks[n] for n in numbers]) for text, numbers in marked_parts(answer))
            parts.append(" ".join(text + "".join(each) for text, each in said))
            notes += [_note(len(notes) + n, citation) for n, citation in enumerate(answer.citations, start=1)]
        if answer.note:
            parts.append(paragraph(answer.note))
    return "\n\n".join(parts + notes) + "\n"


def _note(number: int, citation: Citation) -> str:
    return f"[^{number}]: “{literal(citation.quote)}” ({literal(place(citation))})"
