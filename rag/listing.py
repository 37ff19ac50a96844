"""Lists: the rows and items that a document sets out itself. Knows nothing of the reader's network."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from index.chunking import BETWEEN_TITLES
from index.library import Library
from index.sentences import BETWEEN_CELLS
from index.types import Hit
from rag.compose import items
from rag.documents import called, contents, holding, meant
from rag.scope import Scope, stems
from rag.types import Answer, Citation, Finding

ITEMS = 50  # given, at most
INTRODUCTION = 120  # characters of a line that says what the list below it holds, at most

MAY_HOLD_MORE = "This is what one passage lists; the documents may hold more."
NOT_LISTED = (
    "Footnote found no list or table of this, and does not gather what stands scattered over a document; "
    "the nearest passages may hold some of it."
)

_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_ANY_THING = "different entry item kind list name point possible row step thing type various"
_ANY = frozenset(_ANY_THING.split())
_RULE = re.compile(r"[\s|:-]+")

Span = tuple[int, int]


def listed(library: Library, scope: Scope, hits: Sequence[Hit], documents: Collection[str] | None) -> Finding | None:
    """The table column or list whose heading, header or first line names all of what is asked for; None without.

    Of a table it is the column that bears the name, else the whole rows.
    """
    words = set(stems(scope.subject)) - _ANY
    paths = meant(scope.within, contents(library, documents), hits)
    for hit in hits:
        path = hit.passage.document
        if path not in paths:
            continue
        text = library.text(path)
        for lines in _runs(text, hit.passage.start, hit.passage.end):
            before = text[: lines[0][0]].rstrip().rpartition("\n")[2]
            before = before if len(before) <= INTRODUCTION else ""
            title = hit.passage.heading.rpartition(BETWEEN_TITLES)[2]
            header = text[slice(*lines[0])] if _is_ruled(text, lines) else ""
            if words and words <= set(stems(f"{title} {before} {header}")):
                return _finding(library, path, text, lines, stems(scope.subject)[-1])
    return None


def checked(answer: Answer) -> Answer:
    """The reader's answer when it lists several things; an abstention when it does not. Either says why."""
    if answer.answerable and items(answer.candidate) > 1:
        return replace(answer, note=MAY_HOLD_MORE)
    return replace(answer, confidence=0.0 if answer.answerable else answer.confidence, note=NOT_LISTED)


def _runs(text: str, start: int, end: int) -> Iterator[list[Span]]:
    """The tables and lists that touch these characters, each as the spans of its two or more lines.

    A list whose items go over more than one line is left out.
    """
    done = 0
    for match in re.finditer(r"[^\n]+", text[start:end]):
        at = start + match.start()
        if at < done or not (kind := _kind(match.group())):
            continue
        lines = [*reversed(list(_lines(text, at, kind, -1))), *_lines(text, at, kind, 1)]
        done = lines[-1][1]
        if len(lines) > 1 and not (kind == "item" and any(_goes_on(text, end) for _, end in lines)):
            yield lines


def _kind(line: str) -> str:
    if BETWEEN_CELLS in line:
        return "row"
    return "item" if _ITEM.match(line) else ""


def _lines(text: str, at: int, kind: str, step: int) -> Iterator[Span]:
    """The lines of this kind from the one at `at` on, or those before it going up. Blank lines do not count."""
    first = text.rfind("\n", 0, at) + 1
    while 0 <= first < len(text):
        last = text.find("\n", first)
        last = len(text) if last < 0 else last
        line = text[first:last]
        if line.strip() and _kind(line) != kind:
            return
        if line.strip() and (step > 0 or last < at):
            yield first, last
        first = last + 1 if step > 0 else (text.rfind("\n", 0, first - 1) + 1 if first else -1)


def _goes_on(text: str, end: int) -> bool:
    """Whether the item of a list that ends with this line has more in the next."""
    following = text[end + 1 :].partition("\n")[0]
    return bool(following.strip()) and _kind(following) != "item"


def _is_ruled(text: str, lines: Sequence[Span]) -> bool:
    """Whether a line of dashes below the first row makes it a header."""
    return len(lines) > 1 and bool(_RULE.fullmatch(text[slice(*lines[1])]))


def _finding(library: Library, path: str, text: str, lines: Sequence[Span], noun: str) -> Finding:
    ruled = _is_ruled(text, lines)
    header = [text[slice(*cell)] for cell in _cells(text, *lines[0])] if ruled else []
    column = next((i for i, name in enumerate(header) if noun in stems(name)), None)
    spans = [_said(text, line, noun, column) for line in lines[2 * ruled :]]
    passages = library.passages([path])
    cited = []
    for (first, last), (start, end) in zip(lines[2 * ruled :][:ITEMS], spans, strict=False):
        passage = holding(passages, path, text, first, last)
        line = replace(passage, start=first, end=last, text=text[first:last], page=passage.page_at(first), turns=())
        cited.append(Citation.of(line, start - first, end - first))
    said = dict.fromkeys(text[start:end] for start, end in spans[:ITEMS])
    part = f", the first {ITEMS} of {len(spans):,} entries" if len(spans) > ITEMS else ""
    note = f"These are the entries of one list or table in {called([path])}{part}; the documents may hold more."
    return Finding("; ".join(said), tuple(cited), note)


def _said(text: str, line: Span, noun: str, column: int | None) -> Span:
    """What a line adds to the list: the cell asked for, the row, or the item without its mark."""
    cells = _cells(text, *line)
    if column is not None and column < len(cells):
        return cells[column]
    for start, end in cells:
        name, colon, value = text[start:end].partition(": ")
        if colon and value and noun in stems(name):
            return start + len(name) + len(colon), end
    if mark := _ITEM.match(text, *line):
        return mark.end(), line[0] + len(text[slice(*line)].rstrip())
    return cells[0][0], cells[-1][1]


def _cells(text: str, start: int, end: int) -> list[Span]:
    """The cells of a row that hold anything, without the blanks and bars around them."""
    found = (
        (match.start() + start, match.end() + start)
        for match in re.finditer(r"[^|\s](?:[^|]*[^|\s])?", text[start:end])
    )
    return list(found)
