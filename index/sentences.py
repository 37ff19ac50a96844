"""Sentences as character spans. Knows nothing of passages, tokens or models."""

import re
from itertools import pairwise

from syntok import segmenter

BETWEEN_CELLS = " | "

# A block ends at a blank line, and before and after a line that stands alone: a heading, a list item, a table row.
_STANDALONE = r"[ \t]*(?:#{1,6}[ \t]|[-*+•][ \t]|\||>|\d{1,3}[.)][ \t])"
_BLOCK_BREAK = re.compile(rf"\n[ \t]*\n|\n(?={_STANDALONE})|(?<=\n)(?=#)")
_OPENING = re.compile(r"[(\[{<«‹〈《「『【〔（［｛]")
_CROWDED = 50  # opening brackets in a block, at every eighth character, through which syntok walks again and again
_HEADING_LINE = re.compile(r"^#{1,6}[ \t][^\n]*\n", re.MULTILINE)


def strip_span(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space at its two ends; empty at `start` when it holds nothing else."""
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    return (start + lead, start + len(part.rstrip())) if lead < len(part) else (start, start)


def blocks(text: str) -> list[tuple[int, int]]:
    """Spans of paragraphs, headings, list items and table rows, in order and without outer white space."""
    cuts = {0, len(text)}
    cuts.update(match.end() for match in _BLOCK_BREAK.finditer(text))
    cuts.update(match.end() for match in _HEADING_LINE.finditer(text) if match.start() in cuts)
    spans = (strip_span(text, start, end) for start, end in pairwise(sorted(cuts)))
    return [(start, end) for start, end in spans if start < end]


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences in order; together they hold every character of `text` that is not white space.

    A row of a table is one sentence, whatever its cells hold.
    """
    found: list[tuple[int, int]] = []
    for start, end in blocks(text):
        block = text[start:end]
        if BETWEEN_CELLS in block:
            found.append((start, end))
            continue
        plain, brackets = _OPENING.subn("_", block)
        plain = plain if brackets > max(_CROWDED, len(block) // 8) else block
        starts = {sentence[0].offset for paragraph in segmenter.analyze(plain) for sentence in paragraph if sentence}
        cuts = sorted((starts - {0}) | {0, len(block)})
        spans = (strip_span(text, start + a, start + b) for a, b in pairwise(cuts))
        found.extend((a, b) for a, b in spans if a < b)
    return found


def whole_sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentences that these characters touch."""
    touched = [(a, b) for a, b in sentences(text) if a < end and start < b]
    return touched[0][0], touched[-1][1]
