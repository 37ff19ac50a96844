"""Documents to passages: whole sentences, bounded in tokens, exact in characters. Knows nothing of models."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from index.sentences import blocks, sentences, strip_span
from index.types import Document, Heading, Passage

MAX_TOKENS = 192
MAX_CONTEXT = 48  # tokens; with a passage they fit the 256 that the embedder reads
WINDOW = 200_000  # characters tokenized at once
BETWEEN_TITLES = " › "

Span = tuple[int, int]
TokenStarts = Callable[[str], list[int]]


def split(document: Document, token_starts: TokenStarts, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """Cut a document into passages of at most `max_tokens` tokens, none across a heading.

    Paragraphs stay whole and small neighbours share a passage. One too long is cut between sentences into parts of
    about equal length, each of which repeats the last sentence of the one before; a sentence too long, between tokens.
    `token_starts` gives the character offsets at which the tokens of a text begin, in order.
    """
    text = document.text
    sections = pairwise(sorted({0, *document.breaks, len(text)}))
    windows = (window for a, b in sections for window in _windows(text, a, b))
    spans = [span for a, b in windows for span in _pack(text, a, b, token_starts, max_tokens)]
    return list(_passages(document, spans, token_starts))


def _passages(document: Document, spans: Sequence[Span], token_starts: TokenStarts) -> Iterator[Passage]:
    """The spans as passages that know their page and the headings they stand under."""
    trails = _trails(document.headings)
    starts = [heading.start for heading in document.headings]
    for start, end in spans:
        trail = trails[bisect_left(starts, end)]
        page = bisect_left(document.pages, start + 1)
        yield Passage(
            document.path,
            start,
            end,
            document.text[start:end],
            page=page or None,
            turns=document.pages[page : bisect_left(document.pages, end)] if page else (),
            heading=BETWEEN_TITLES.join(heading.title for heading in trail),
            context=_context([heading.title for heading in trail if heading.start < start], token_starts),
        )


def _trails(headings: Sequence[Heading]) -> list[tuple[Heading, ...]]:
    """The path of headings that holds after none of them, after the first, and so on."""
    trails: list[tuple[Heading, ...]] = [()]
    for heading in headings:
        trails.append((*(above for above in trails[-1] if above.level < heading.level), heading))
    return trails


def _context(titles: Sequence[str], token_starts: TokenStarts) -> str:
    """The path of titles; without its first ones where it is longer than MAX_CONTEXT tokens."""
    path = BETWEEN_TITLES.join(titles)
    if not titles or len(token_starts(path)) <= MAX_CONTEXT:
        return path
    return _context(titles[1:], token_starts)


def _windows(text: str, start: int, end: int) -> Iterator[Span]:
    """Parts of at most WINDOW characters, cut at a blank line, else a new line, else a blank, else anywhere."""
    while end - start > WINDOW:
        limit = start + WINDOW
        cuts = (text.rfind(gap, start + WINDOW // 2, limit) for gap in ("\n\n", "\n", " "))
        cut = next((at for at in cuts if at >= 0), limit)
        yield start, cut
        start = cut
    yield start, end


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
