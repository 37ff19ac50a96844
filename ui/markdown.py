"""Answers as Markdown and as plain text with footnotes. Knows nothing of the page."""

import re
from collections.abc import Iterable

from rag.types import Answer, Citation
from ui.render import ABSTAINED, given_citations, place, printable, shown_citations

_SIGNS = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>~&$^=:@]")


def literal(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SIGNS.sub(r"\\\g<0>", printable(" ".join(text.split())))


def plain_text(asked: str, answer: Answer) -> str:
    """A question and its answer with footnotes, to be pasted anywhere."""
    lines = [asked, "", _said(answer)]
    lines += [f"[{n}] “{c.quote}” ({place(c)})" for n, c in enumerate(given_citations(answer), start=1)]
    return "\n".join(lines)


def _said(answer: Answer) -> str:
    if answer.text is None:
        return ABSTAINED
    return answer.text + " " + "".join(f"[{n}]" for n in range(1, len(answer.citations) + 1))


def talk_markdown(exchanges: Iterable[tuple[str, Answer]]) -> str:
    """Questions as headings, answers below them, and the quotes they rest on as footnotes counted through."""
    parts, notes = ["# Conversation with Footnote"], list[str]()
    for asked, answer in exchanges:
        parts.append(f"## {literal(asked)}")
        if literal(asked) != literal(answer.question):
            parts.append(f"*Understood as: {literal(answer.question)}*")
        marks = []
        for citation in given_citations(answer):
            notes.append(_note(len(notes) + 1, citation))
            marks.append(f"[^{len(notes)}]")
        if answer.text is None:
            nearest = "; ".join(literal(place(citation)) for citation in shown_citations(answer))
            parts.append(f"{ABSTAINED}" + (f" Nearest passages: {nearest}" if nearest else ""))
        else:
            parts.append(f"**{literal(answer.text)}**{''.join(marks)}")
        if answer.note:
            parts.append(literal(answer.note))
    return "\n\n".join(parts + notes) + "\n"


def _note(number: int, citation: Citation) -> str:
    return f"[^{number}]: “{literal(citation.quote)}” ({literal(place(citation))})"
