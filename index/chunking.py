"""Documents to passages: whole sentences, bounded in tokens, exact in characters. Knows nothing of models."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import pairwise

from index.sentences import blocks, sentences, strip_span
from index.types import Document, Passage

MAX_TOKENS = 192

Span = tuple[int, int]
TokenStarts = Callable[[str], list[int]]


def split(document: Document, token_starts: TokenStarts, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """Cut a document into passages of at most `max_tokens` tokens.

    Paragraphs stay whole and small neighbours share a passage. One too long is cut between sentences into parts of
    about equal length, each of which repeats the last sentence of the one before; a sentence too long, between tokens.
    `token_starts` gives the character offsets at which the tokens of a text begin, in order.
    """
    text = document.text
    sections = pairwise(sorted({0, *document.breaks, len(text)}))
    spans = [span for a, b in sections for span in _pack(text, a, b, token_starts, max_tokens)]
    return [Passage(document.path, start, end, text[start:end]) for start, end in spans]


def _pack(text: str, start: int, end: int, token_starts: TokenStarts, max_tokens: int) -> list[Span]:
    section = text[start:end]
    starts = token_starts(section)

    def count(a: int, b: int) -> int:
        return bisect_left(starts, b) - bisect_left(starts, a)

    packed: list[Span] = []
    open_start: int | None = None
    open_end = 0
    for a, b in blocks(section):
        if open_start is not None and count(open_start, b) <= max_tokens:
            open_end = b
            continue
        if open_start is not None:
            packed.append((open_start, open_end))
        open_start, open_end = a, b
        if count(a, b) > max_tokens:
            packed += _cut(section, a, b, starts, max_tokens)
            open_start = None
    if open_start is not None:
        packed.append((open_start, open_end))
    return [(start + a, start + b) for a, b in packed]


def _cut(section: str, start: int, end: int, starts: list[int], max_tokens: int) -> list[Span]:
    """Parts of one long block."""

    def count(a: int, b: int) -> int:
        return bisect_left(starts, b) - bisect_left(starts, a)

    pieces = [
        piece
        for a, b in sentences(section[start:end])
        for piece in _bounded(section, start + a, start + b, starts, max_tokens)
    ]
    parts = -(-count(start, end) // max_tokens)
    target = -(-count(start, end) // parts)
    cut: list[Span] = []
    first = 0
    for i, (_, piece_end) in enumerate(pieces):
        at_end = i + 1 == len(pieces)
        fits = not at_end and count(pieces[first][0], pieces[i + 1][1]) <= max_tokens
        if fits and count(pieces[first][0], piece_end) < target:
            continue
        cut.append((pieces[first][0], piece_end))
        repeats = i > first and not at_end and count(pieces[i][0], pieces[i + 1][1]) <= max_tokens
        first = i if repeats else i + 1
    return cut


def _bounded(section: str, start: int, end: int, starts: list[int], max_tokens: int) -> Iterator[Span]:
    """One sentence, or its parts when it has more than `max_tokens`: cut at white space where there is any."""
    while bisect_left(starts, end) - bisect_left(starts, start) > max_tokens:
        limit = starts[bisect_left(starts, start) + max_tokens]
        words = section[start:limit].rstrip()
        if limit == start + len(words):
            words = words.rpartition(" ")[0].rstrip() or words
        yield start, start + len(words)
        start = strip_span(section, start + len(words), end)[0]
    yield start, end
