"""From the reader's spans to what is said: one span, several for a list, a sentence. Knows nothing of confidence."""

import re
from collections.abc import Sequence
from dataclasses import replace

from index.sentences import whole_sentences
from rag.types import Span

# Of 115 how and why questions of the development sets, 17 have a best span with a lower share. There the span scores
# F1 40 % and its sentence, which holds more of what was asked, 28 %; above it they score 74 % and 43 %.
TORN = 0.02

_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LIST = re.compile(
    r"(?:\w+ )?(?:which|what|who|name|list|give)(?: are| were)?(?: the| some| me)* "
    rf"({'|'.join(_NUMBERS)}|[2-9])(?![-\w'’])",
    re.IGNORECASE,
)
_HOW_OR_WHY = re.compile(
    r"(?:\w+ )?(?:why|how (?:do|does|did|is|are|was|were|has|have|can|could|should|would|will|may|might|must|to|come)"
    r"|describe|explain)\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*(?:[,;/&]\s*)?(?:\b(?:and|or)\b)?\s*")
_ITEM_END = re.compile(r"[,;/&]\s*(?:and|or)?\b|\b(?:and|or)\b")


def asked_number(question: str) -> int:
    """How many things the question asks for: 3 for “Which three towns …?”, 1 where it names no number."""
    found = _LIST.match(question)
    if not found:
        return 1
    number = found[1].lower()
    return int(number) if number.isdigit() else 2 + _NUMBERS.index(number)


def items(text: str) -> int:
    """How many things an answer lists, by its commas and conjunctions."""
    return 1 + len(_ITEM_END.findall(text))


def chosen(question: str, spans: Sequence[Span], passages: Sequence[str]) -> list[Span]:
    """The spans that answer, in the order of the text, given all of them best first.

    That is the best one. When it lists fewer things than the question asks for, others of its passage that the reader
    prefers to none come to it, and neighbours in an enumeration become one. When the question is how or why and the
    reader is torn, it is the whole sentence.
    """
    if not spans:
        return []
    best = spans[0]
    text = passages[best.passage]
    if best.share < TORN and _HOW_OR_WHY.match(question):
        start, end = whole_sentences(text, best.start, best.end)
        return [replace(best, start=start, end=end)]
    number, found = asked_number(question), [best]
    for span in spans[1:]:
        listed = sum(items(text[s.start : s.end]) for s in found)
        if span.passage == best.passage and span.score > 0 and listed < number:
            found.append(span)
    return _joined(sorted(found, key=lambda span: span.start), text)


def _joined(spans: list[Span], text: str) -> list[Span]:
    joined = spans[:1]
    for span in spans[1:]:
        last = joined[-1]
        if _SEPARATOR.fullmatch(text, last.end, span.start):
            joined[-1] = replace(last, end=span.end)
        else:
            joined.append(span)
    return joined
