"""Where the characters of a quote stand in another form of its text. Knows nothing of pages and documents.

Letters and digits alone are compared, so that line breaks, hyphens, bullets and ligatures do not matter. Between its
parts a quote may be interrupted, by a footnote or a running header, say.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import NamedTuple

_SHORTEST = 6  # letters that a part needs, unless it is all that is missing between others
_SHARE = 0.5  # of a quote's letters that must be found: fewer are other sentences with the same words
_CONTEXT = 200  # characters before a quote that are looked at
_MOST_PAIRS = (
    600_000  # of equal letters that quote and text may have for parts to be looked for; a crowded page has half
)

_BREAK = re.compile(r"[\r\n\ufffe]")  # PDFium has U+FFFE for a hyphen at the end of a line


class _Letters(NamedTuple):
    """Letters without case and accents, and for each the index of the character that it comes from."""

    text: str
    at: Sequence[int]


class _Run(NamedTuple):
    """Letters that two texts share: where they start in the quote and in the text, and how many they are."""

    quote: int
    text: int
    size: int


def align(quote: str, text: str, before: str = "") -> list[int | None]:
    """For each character of the quote the index of the one in the text, None where it is not there.

    Of several places the one after `before` is taken, else the first. All are None when most of the quote is missing.
    """
    symbols = not any(map(str.isalnum, quote))
    wanted, there = _letters(quote, symbols), _letters(text, symbols)
    edges = _edges(text, there)
    runs = _whole(wanted.text, there.text, edges, _letters(before[-_CONTEXT:], symbols).text)
    counts = Counter(there.text)
    if not runs and sum(counts[letter] for letter in wanted.text) <= _MOST_PAIRS:
        runs = _parts(wanted.text, there.text, edges)
    places: list[int | None] = [None] * len(quote)
    if sum(run.size for run in runs) >= _SHARE * len(wanted.text):
        for run in runs:
            for offset in reversed(range(run.size)):  # a character is where its first letter is
                places[wanted.at[run.quote + offset]] = there.at[run.text + offset]
        _add_marks(places, quote, text, 1)
        _add_marks(places, quote, text, -1)
    return places


def _letters(text: str, symbols: bool) -> _Letters:
    """The letters of a text; with symbols, all its characters but white space."""
    found = [(letter, index) for index, char in enumerate(text) for letter in _folded(char, symbols)]
    return _Letters("".join(letter for letter, _ in found), [index for _, index in found])


@lru_cache(4096)
def _folded(char: str, symbols: bool) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(part for part in plain if part.isalnum() or (symbols and not part.isspace()))


def _edges(text: str, letters: _Letters) -> list[int]:
    """Before each letter and after the last, whether a line (2) or a word (1) ends there."""
    edges = [2]
    for last, now in pairwise(letters.at):
        between = text[last + 1 : now]
        joined = now == last or (now == last + 1 and text[now].isalnum() and text[last].isalnum())
        edges.append(2 if _BREAK.search(between) else 0 if joined else 1)
    return [*edges, 2]


def _whole(quote: str, text: str, edges: Sequence[int], before: str) -> list[_Run]:
    """The quote in one piece, best between two ends of words and after `before`."""
    found = list(_occurrences(quote, text)) if quote else []

    def fit(start: int) -> tuple[int, int]:
        shared = takewhile(
            lambda pair: pair[0] == pair[1],
            zip(before[::-1], text[max(0, start - len(before)) : start][::-1], strict=False),
        )
        return bool(edges[start]) + bool(edges[start + len(quote)]), sum(1 for _ in shared)

    return [_Run(0, max(found, key=fit), len(quote))] if found else []


def _occurrences(part: str, text: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _parts(quote: str, text: str, edges: Sequence[int]) -> list[_Run]:
    """The quote in several pieces, in order: the longest that is there, and the same again on both sides of it."""
    matcher = SequenceMatcher(None, quote, text, autojunk=False)

    def inside(start: int, end: int, low: int, high: int, ahead: bool) -> list[_Run]:
        """The pieces of a part of the quote; of several places, one at the end of a line, then the nearest."""
        run = _Run(*matcher.find_longest_match(start, end, low, high))
        if not run.size:
            return []
        places = [low + at for at in _occurrences(quote[run.quote : run.quote + run.size], text[low:high])]
        if run.size < _SHORTEST:  # if it is all that is missing, a word must not hold it by chance
            places = [at for at in places if run.size == end - start and edges[at] and edges[at + run.size]]
        if not places:
            return []
        at = max(places if ahead else reversed(places), key=lambda at: edges[at if ahead else at + run.size])
        return around(run._replace(text=at), start, end, low, high)

    def around(run: _Run, start: int, end: int, low: int, high: int) -> list[_Run]:
        first, last = run.text, run.text + run.size
        while first < last and run.quote > start and not edges[first]:  # a letter of what interrupts the quote
            first += 1
        while first < last and run.quote + run.size < end and not edges[last]:
            last -= 1
        run = _Run(run.quote + first - run.text, first, last - first)
        if not run.size or run.size < min(_SHORTEST, end - start):
            return []
        left = inside(start, run.quote, low, first, False)
        return [*left, run, *inside(run.quote + run.size, end, last, high, True)]

    longest = _Run(*matcher.find_longest_match(0, len(quote), 0, len(text)))
    if longest.size < _SHORTEST:
        return []
    words = quote[longest.quote : longest.quote + longest.size]
    ways = (around(longest._replace(text=at), 0, len(quote), 0, len(text)) for at in [*_occurrences(words, text)][:4])
    runs = max(ways, key=lambda runs: sum(run.size for run in runs))
    for index in range(1, len(runs)):
        runs[index - 1 : index + 1] = _parted(runs[index - 1], runs[index], quote, text, edges)
    return runs


def _parted(one: _Run, two: _Run, quote: str, text: str, edges: Sequence[int]) -> list[_Run]:
    """Two runs that meet in the quote, parted where lines end: one may hold a word of what interrupts them."""
    end, shift, away = two.quote, one.text - one.quote, two.text - two.quote
    if one.quote + one.size != end:
        return [one, two]
    low = high = end
    while low - 1 > one.quote and quote[low - 1] == text[low - 1 + away]:
        low -= 1
    while high + 1 < end + two.size and quote[high] == text[high + shift]:
        high += 1
    cut = max(range(low, high + 1), key=lambda at: (edges[at + shift] + edges[at + away], -abs(at - end)))
    return [one._replace(size=cut - one.quote), _Run(cut, cut + away, end + two.size - cut)]


def _add_marks(places: list[int | None], quote: str, text: str, step: int) -> None:
    """Add each mark of the quote, such as a full stop, that stands in the text too, next to a character found."""
    last: int | None = None
    for index in range(len(quote))[::step]:
        place = places[index]
        if place is None and last is not None and not quote[index].isspace():
            place = last + step
            while 0 <= place < len(text) and text[place].isspace():
                place += step
            place = place if 0 <= place < len(text) and text[place] == quote[index] else None
            places[index] = place
        last = last if quote[index].isspace() else place
