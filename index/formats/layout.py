"""Lines of pages to paragraphs, headings and items, in the order drawn. Knows nothing of PDFium and of tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from index.draft import Draft

_LARGER = 1.15  # times the body's size makes a heading
_SMALLER = 0.93  # times the body's size makes a footnote
_LONGEST_HEADING = 120

PAGE_NUMBER = re.compile(
    r"\W*(?i:(?:page|p\.|seite|pagina|página)\s*)?(?:\d{1,5}|[ivxl]{1,7})(?:\s*(?:of|von|de|/|\|)\s*\d{1,5})?\W*"
)
_BULLET = re.compile(r"[•‣▪▫■□◦●○►➢✓∙·\uf0a7\uf0b7]\s*")
_ITEM = re.compile(rf"{_BULLET.pattern}|[-–—*]\s+")
_MARK = re.compile(
    rf"{_ITEM.pattern}|(?:\(?(?:\d{{1,3}}|[a-z]|[ivx]{{1,5}})[.)]|\d{{1,3}}(?:\.\d{{1,3}})+\.?|\[\d{{1,3}}\]|§\s?\d+)\s"
)
_LEADER = re.compile(r"(?:\s?[._…·]){4,}\s*")
_CONTENTS = re.compile(r"[\dIVXA-Z]+\.?\s.*\s\d+")
_CAPTION = re.compile(r"(?:figure|fig\.|table|tab\.|abbildung|abb\.|tabelle|tableau)\s*\d", re.IGNORECASE)
_ENDED = re.compile(r"[.!?:…。！？][\"'”’»)\]]*\d{0,2}$")
_NO_TITLE = re.compile(r"[.,;:…]$|^[\W\d_]*$")
_DIGITS = re.compile(r"\d+")
_COMPOUND = re.compile(r"\b\w+-\w+")
_IDEOGRAPH = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef]")
_WORD = re.compile(r"[^\W\d_]+")
_JOINING = {"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o"}  # long- and short-term


class Line(NamedTuple):
    """A line as drawn: the ends and the height of its baseline, y counting upwards, and the size of most of it."""

    text: str
    left: float
    right: float
    y: float
    size: float
    bold: bool


class Page(NamedTuple):
    """A page's lines, and apart from them those that are no part of its text, such as one at its side."""

    lines: Sequence[Line]
    apart: Sequence[Line] = ()


class _Style(NamedTuple):
    """What is usual in a document: size, distance of lines and width of letters in sizes, words with a hyphen."""

    size: float
    leading: float
    letter: float
    bold_titles: bool
    compounds: Collection[str]


class _Block(NamedTuple):
    """Lines that belong together. An aside, such as a footnote, may stand between two parts of a paragraph.

    `fresh` is whether it must begin a paragraph, `full` whether its last line has no room. The next block goes on
    with it after a `gap`, if there is one.
    """

    text: str
    kind: str
    size: float
    aside: bool = False
    fresh: bool = False
    full: bool = False
    gap: str | None = None


def write_pages(pages: Sequence[Page], draft: Draft) -> None:
    """Write down pages with some text: a paragraph as a line, running headers once, page numbers never."""
    style = _style(pages)
    columns = [_columns(page, style) for page in _without_running(pages, style)]
    _join(list(chain(*columns)), style.compounds)
    sizes = sorted({block.size for block in chain(*chain(*columns)) if block.kind == "heading"}, reverse=True)[:5]
    levels = dict(zip(sizes, range(1, 6), strict=False))
    goes_on = False
    for page in columns:
        draft.page()
        for block in chain(*page):
            if block.kind == "heading":
                draft.heading(block.text, levels.get(block.size, 6))
            else:
                write = draft.extend if goes_on else draft.item if block.kind == "item" else draft.paragraph
                write(block.text)
            goes_on = block.gap is not None
            draft.extend(block.gap or "")


def _style(pages: Sequence[Page]) -> _Style:
    lines = list(chain(*(page.lines for page in pages)))
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    bold = sum(len(line.text) for line in lines if line.bold)
    compounds = {word for line in lines if "-" in line.text for word in _COMPOUND.findall(line.text.lower())}
    size = max(sizes, key=sizes.__getitem__)
    body = [[line for line in page.lines if line.size == size] for page in pages]
    widths = sorted((line.right - line.left) / len(line.text) / size for line in chain(*body))
    return _Style(size, _leading(body) or 1.25, widths[len(widths) // 2], bold < 0.3 * sizes.total(), compounds)


def _leading(pages: Iterable[Sequence[Line]], share: float = 0) -> float:
    """The distance of most lines' baselines in sizes, 0 where less than that share of the text keeps it."""
    steps: Counter[float] = Counter()
    for above, line in chain(*map(pairwise, pages)):
        if above.size == line.size and 0.9 < (step := (above.y - line.y) / line.size) < 2.6:
            steps[round(step * 20) / 20] += len(above.text)
    step, many = steps.most_common(1)[0] if steps else (0.0, 0)
    return step if many >= share * steps.total() else 0.0


def _without_running(pages: Sequence[Page], style: _Style) -> Iterator[Page]:
    """The pages without page numbers, and with a running line apart on its first page and gone from the others."""
    rows = [_rows(page.lines) for page in pages]
    running: list[dict[Line, bool]] = [{} for _ in pages]  # each such line, and whether it stays
    alike: defaultdict[tuple[str, int], list[tuple[int, Line]]] = defaultdict(list)
    for number, inwards in enumerate(rows):
        for line in dict.fromkeys(chain(*(row for row in inwards[:2] + inwards[-2:] if len(row) < 4))):
            if line.size < _LARGER * style.size or not _DIGITS.search(line.text):
                alike[_DIGITS.sub("0", line.text), round(line.y / 3)].append((number, line))
                outer = inwards[0] + inwards[-1] if len(inwards) + len(pages) > 2 else []  # not the only line there is
                if line in outer and PAGE_NUMBER.fullmatch(line.text):
                    running[number][line] = False
    for places in alike.values():
        times, seen = Counter(line.text for _, line in places), set[str]()
        counted = _counts_pages(places)
        for number, line in places if len({number for number, _ in places}) > 2 else ():
            often = times[line.text] > 2
            if often or counted:
                running[number].setdefault(line, often and line.text not in seen)
                seen.add(line.text)
    for page, inwards, stays in zip(pages, rows, running, strict=True):
        gone = _margin(inwards, stays, style) + _margin(inwards[::-1], stays, style)
        lines = [line for line in page.lines if line not in gone]
        yield Page(lines, [*(line for line in gone if stays[line]), *page.apart])


def _rows(lines: Iterable[Line]) -> list[list[Line]]:
    """The lines by height, from the top; those at one height are a row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if rows and rows[-1][0].y - line.y < 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _counts_pages(places: Iterable[tuple[int, Line]]) -> bool:
    """Whether a number in most of the lines grows as the pages do."""
    ahead = [{int(digits[:9]) - number for digits in _DIGITS.findall(line.text)} for number, line in places]
    return 2 * sum(bool(one & other) for one, other in pairwise(ahead)) >= len(ahead) - 1


def _margin(rows: Sequence[Sequence[Line]], running: Collection[Line], style: _Style) -> list[Line]:
    """The lines of the first row, or two, if all of them are running and have room further in."""
    for count in (2, 1):
        outer, inner = list(chain(*rows[:count])), rows[count : count + 1]
        if all(line in running for line in outer) and (not inner or _distant(outer[-1], inner[0][0], style)):
            return outer
    return []


def _distant(one: Line, other: Line, style: _Style) -> bool:
    """Whether lines stand further apart than those of a paragraph."""
    return abs(one.y - other.y) > 1.2 * style.leading * min(one.size, other.size)


def _columns(page: Page, style: _Style) -> list[list[_Block]]:
    """The page's blocks, those apart first; a new column begins where the text goes up again."""
    if len(page.lines) > 8:  # enough to tell a page that is set in its own way
        style = style._replace(leading=_leading([page.lines], 0.7) or style.leading)
    columns: list[list[Line]] = [[]]
    for line in page.lines:
        if columns[-1] and line.y > columns[-1][-1].y + line.size / 2:
            columns.append([])
        columns[-1].append(line)
    apart = [block._replace(kind="text", aside=True) for block in _blocks(page.apart, style)]
    first, *others = (list(_blocks(column, style)) for column in columns)
    return [apart + first, *others]


def _blocks(lines: Sequence[Line], style: _Style) -> Iterator[_Block]:
    group: list[Line] = []
    edge = 0.0
    for index, line in enumerate(lines):
        near = max(other.right for other in lines[max(0, index - 4) : index + 4] if _alike(other.size, line.size))
        below = lines[index + 1] if index + 1 < len(lines) else None
        if group and _starts(group, line, below, near, style):
            yield _block(group, edge, style)
            group = []
        group.append(line)
        edge = near
    if group:
        yield _block(group, edge, style)


def _starts(group: Sequence[Line], line: Line, below: Line | None, edge: float, style: _Style) -> bool:
    """Whether a line begins a block rather than goes on with those above; `edge` is where full lines end."""
    above, em = group[-1], line.size
    step = (above.y - line.y) / em
    small, large = sorted((above.size, em))
    if step < 0.3 or not (_alike(small, large) or 0.87 * style.size < small < large < 1.05 * style.size):
        return True  # a line of code in a paragraph may be a little smaller
    if em >= _LARGER * style.size:
        return step > 1.8 or bool(_MARK.match(line.text))
    if _distant(above, line, style) or _LEADER.search(above.text) or _spread(above, style) or _spread(line, style):
        return True
    if above.text.endswith("-") and line.text[0].islower():
        return False
    ended, listed = bool(_ENDED.search(above.text)), bool(_MARK.match(group[0].text))
    word = 1 if _IDEOGRAPH.match(line.text) else len(line.text.split(maxsplit=1)[0])
    room = edge - above.right - (word + 1) * style.letter * em
    if room > em + (0 if ended else 0.15 * (edge - above.left)):  # the next word had room above
        return True
    aside = line.left - above.left
    marked = _MARK.match(line.text) and (ended or listed or abs(aside) > 0.3 * em)
    if marked or _BULLET.match(line.text) or (ended and above.bold != line.bold):
        return True
    if abs(aside) > 0.6 * em:
        return len(group) > 1 or (aside > 0 and ended and not listed)
    return ended and len(group) == 1 and below is not None and below.left < line.left - 0.6 * em


def _alike(one: float, other: float) -> bool:
    return abs(one - other) < 0.07 * max(one, other)


def _spread(line: Line, style: _Style) -> bool:
    """Whether words stand far apart, as the cells of a row do."""
    return " " in line.text and (line.right - line.left) > 1.5 * style.letter * line.size * len(line.text)


def _block(lines: Sequence[Line], edge: float, style: _Style) -> _Block:
    parts = [lines[0].text]
    for line in lines[1:]:
        parts[-1], gap = _splice(parts[-1], line.text, style.compounds)
        parts += (gap, line.text)
    written = "".join(parts)
    text = _LEADER.sub(" ", written).strip()
    last = lines[-1]
    spread = _spread(last, style)
    full = last.right > edge - 0.2 * (edge - last.left) and not spread
    if mark := _ITEM.match(text):
        return _Block(text[mark.end() :], "item", last.size, full=full)
    large = last.size >= _LARGER * style.size
    bold = style.bold_titles and all(line.bold for line in lines)
    title = large or (bold and not (text[:1].islower() or _CONTENTS.fullmatch(text)))
    if title and len(text) <= _LONGEST_HEADING and not (spread or text != written or _NO_TITLE.search(text)):
        return _Block(text, "heading", last.size if large else 0)
    aside = last.size < _SMALLER * style.size or bool(_CAPTION.match(text))
    fresh = len(lines) == 1 or lines[0].left > lines[1].left + 0.6 * last.size
    return _Block(text, "text", last.size, aside, fresh, full)


def _splice(first: str, then: str, compounds: Collection[str]) -> tuple[str, str]:
    """The first text as it reads before the second, its hyphen mended, and what comes between them."""
    if not first.endswith("-"):
        return first, "" if _IDEOGRAPH.match(first[-1]) and _IDEOGRAPH.match(then) else " "
    stem = first.rsplit(maxsplit=1)[-1][:-1].lstrip("\"'“„‘«([")
    word = found[0] if (found := _WORD.match(then)) else ""
    if not stem or word in _JOINING:
        return first, " "
    capitals = first.isupper() and then.isupper()
    broken = stem.isalpha() and len(stem) > 1 and (capitals or (word[:1].islower() and not stem.isupper()))
    return (first[:-1] if broken and f"{stem}-{word}".lower() not in compounds else first), ""


def _join(columns: Sequence[list[_Block]], compounds: Collection[str]) -> None:
    """Bring the two parts of each paragraph that goes on in the next column together, the asides around them."""
    joined = False
    for column, then in pairwise(columns):
        above, below = ([at for at, block in enumerate(part) if not block.aside] for part in (column, then))
        parted = joined and len(above) == 1 < len(column)  # by an aside, from the next column
        joined = bool(above and below) and not parted and _continues(column[above[-1]], then[below[0]])
        if joined:
            block, after = column.pop(above[-1]), then.pop(below[0])
            text, gap = _splice(block.text, after.text, compounds)
            column.append(block._replace(text=text, gap=gap))
            then.insert(0, after)


def _continues(above: _Block, block: _Block) -> bool:
    """Whether a paragraph goes on in the first one of the next column or page."""
    if not above.text or above.kind == "heading" or block.kind != "text" or _MARK.match(block.text):
        return False
    goes_on = block.text[:1].islower() or not (block.fresh or _ENDED.search(above.text))
    return _alike(above.size, block.size) and (above.text.endswith("-") or (above.full and goes_on))
