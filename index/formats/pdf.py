"""PDF files: drawn lines back to paragraphs, larger ones to headings. Knows nothing of tables, forms and pictures.

The order is the one the file is drawn in. Whether a line goes on with the one above is told by where both stand, their
sizes and their words; text with none of a paragraph's shape, such as the cells of a table, comes out line by line.
"""

import ctypes
import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, takewhile
from typing import Any, NamedTuple

from index.draft import Draft, require_short
from index.errors import DocumentError
from index.types import Document

_LOCK = threading.Lock()  # PDFium works in one thread at a time

_LARGER = 1.15  # times the body's size makes a heading
_SMALLER = 0.93  # times the body's size makes a footnote
_LONGEST_HEADING = 120
_INVISIBLE = 3  # how text under a scanned picture is drawn
_PROTECTED = (4, 5)  # PDFium's error codes

_DRAWN_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_CLEAN: dict[int, str | None] = dict.fromkeys((*range(9), *range(14, 32), 127, 0xAD))
_CLEAN |= dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_CLEAN |= dict.fromkeys((0xFFFE, 0x2010, 0x2011), "-")
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|CMBX|SFBX", re.IGNORECASE)
_NUMBER = r"(?:\d{1,5}|(?=[ivxl])l?x{0,3}(?:ix|iv|v?i{0,3}))"
_PAGE_NUMBER = re.compile(
    rf"\W*(?i:(?:page|p\.|seite|pagina|página)\s*)?{_NUMBER}(?:\s*(?:of|von|de|/|\|)\s*\d{{1,5}})?\W*"
)
_BULLET = re.compile(r"[•‣▪▫■□◦●○►➢✓∙·\uf0a7\uf0b7]\s*")
_DASH = re.compile(r"[-–—*]\s+")
_NUMBERED = re.compile(r"(?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]|\d{1,3}(?:\.\d{1,3})+\.?|\[\d{1,3}\]|§\s?\d+)\s")
_LEADER = re.compile(r"(?:\s?[._…·]){4,}\s*")
_CONTENTS = re.compile(r"[\dIVXA-Z]+\.?\s.*\s\d+")
_CAPTION = re.compile(r"(?:figure|fig\.|table|tab\.|abbildung|abb\.|tabelle|tableau)\s*\d", re.IGNORECASE)
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]]*\d{0,2}$")
_NO_TITLE = re.compile(r"[.,;:…]$|^[\W\d_]*$")
_DIGITS = re.compile(r"\d+")
_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]+-[^\W\d_]+")
_IDEOGRAPH = re.compile(r"[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef]")
_WORD = re.compile(r"[^\W\d_]+")
_JOINING = {"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o"}  # long- and short-term


class _Line(NamedTuple):
    """A line as drawn: the ends and the height of its baseline, y counting upwards, and the size of most of it."""

    text: str
    left: float
    right: float
    y: float
    size: float
    bold: bool


class _Page(NamedTuple):
    """A page's lines, and apart from them those at a right angle to them, running headers and running footers.

    `drawn` is whether the page holds anything at all, `lost` whether it could not be read.
    """

    lines: list[_Line]
    sideways: Sequence[_Line] = ()
    heads: Sequence[_Line] = ()
    feet: Sequence[_Line] = ()
    drawn: bool = False
    lost: bool = False


class _Place(NamedTuple):
    """Where a line stands: its height, the number of its page and its own."""

    y: float
    page: int
    line: int


@dataclass(frozen=True)
class _Style:
    """What is usual in a document: size, distance of lines and width of letters in sizes, words with a hyphen."""

    size: float
    leading: float
    letter: float
    bold_titles: bool
    compounds: frozenset[str]


class _Block(NamedTuple):
    """Lines that belong together. An aside, such as a footnote, may stand between two parts of a paragraph."""

    text: str
    kind: str
    size: float
    aside: bool = False
    fresh: bool = False
    full: bool = False


def load_pdf(data: bytes, name: str) -> Document:
    """A paragraph is a line, even over a page turn; running headers stand once, page numbers never.

    Raises DocumentError.
    """
    with _LOCK:
        pages = _read(data, name)
    if not any(page.lines for page in pages):
        many = f"{len(pages)} pages" if len(pages) > 1 else "1 page"
        raise DocumentError(
            f"{name!r} has {many} without any text: it is scanned. "
            "Run OCR on it (ocrmypdf, for example) and add it again."
        )
    style = _style(pages)
    columns = [_columns(page, style) for page in _without_running(pages, style)]
    writer = _Writer(Draft(name), columns, style.compounds)
    for page in columns:
        for number, column in enumerate(page):
            writer.column(column, new_page=number == 0)
    return writer.finish().document(data, _warning(name, pages))


def _read(data: bytes, name: str) -> list[_Page]:
    import pypdfium2
    from pypdfium2 import raw

    damaged = DocumentError(
        f"{name!r} is not a PDF that can be read: it is damaged or incomplete. "
        "Open it in a PDF viewer, save it again and add that."
    )
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in _PROTECTED:
            raise DocumentError(
                f"{name!r} is protected by a password; save it without one and add it again."
            ) from error
        raise damaged from error
    pages: list[_Page] = []
    length = 0
    try:
        for number in range(len(document)):
            pages.append(_page(raw, document, number))
            length += sum(len(line.text) for line in pages[-1].lines)
            require_short(name, length)
    finally:
        document.close()
    if any(page.lost for page in pages) and not any(page.drawn for page in pages):
        raise damaged
    return pages


def _page(raw: Any, document: Any, number: int) -> _Page:
    page = raw.FPDF_LoadPage(document, number)
    if not page:
        return _Page([], lost=True)
    text = raw.FPDFText_LoadPage(page)
    try:
        turned = list(_drawn_lines(raw, text))
        hidden = turned and raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(text, 0)) == _INVISIBLE
        drawn = raw.FPDFPage_CountObjects(page) > 0
    finally:
        raw.FPDFText_ClosePage(text)
        raw.FPDF_ClosePage(page)
    if hidden:  # OCR guesses the size of each line
        size = sorted(line.size for _, line in turned)[len(turned) // 2]
        turned = [(turn, line._replace(size=size)) for turn, line in turned]
    letters: Counter[int] = Counter()
    for turn, line in turned:
        letters[turn] += len(line.text)
    most = max(letters, key=letters.__getitem__, default=0)
    lines, sideways = ([line for turn, line in turned if (turn == most) is upright] for upright in (True, False))
    return _Page(_mended(lines), sideways, drawn=drawn)


def _mended(lines: Iterable[_Line]) -> list[_Line]:
    """The lines, without the breaks that PDFium sees at raised and lowered letters."""
    whole: list[_Line] = []
    for line in lines:
        above = whole[-1] if whole else line
        em = max(above.size, line.size)
        gap = (line.left - above.right) / em
        if whole and abs(line.y - above.y) < em / 2 and -0.5 < gap < 1.5:
            longer = max(above, line, key=lambda part: len(part.text))
            text = above.text + (" " if gap > 0.15 else "") + line.text
            whole[-1] = longer._replace(text=text, left=above.left, right=line.right)
        else:
            whole.append(line)
    return whole


def _drawn_lines(raw: Any, page: Any) -> Iterator[tuple[int, _Line]]:
    """Each line and the quarter turns it is drawn at; lines askew, such as watermarks, are left out."""
    count = max(raw.FPDFText_CountChars(page), 0)
    buffer = (ctypes.c_ushort * (count + 1))()
    length = raw.FPDFText_GetText(page, 0, count, buffer) if count else 0
    text = "".join(map(chr, buffer[: max(length - 1, 0)]))  # as PDFium counts: UTF-16 units
    matrix, box, font = raw.FS_MATRIX(), raw.FS_RECTF(), ctypes.create_string_buffer(100)
    x, y = ctypes.c_double(), ctypes.c_double()

    def place(index: int, turn: int) -> tuple[float, float]:
        raw.FPDFText_GetCharOrigin(page, index, x, y)
        return ((x.value, y.value), (y.value, -x.value), (-x.value, -y.value), (-y.value, x.value))[turn]

    def bold(index: int) -> bool:
        size = raw.FPDFText_GetFontInfo(page, index, font, len(font), None)
        return size <= len(font) and bool(_BOLD.search(font.value.decode("latin-1")))

    for drawn in _DRAWN_LINE.finditer(text):
        words = " ".join(drawn[0].translate(_CLEAN).split())
        words = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if not words:
            continue
        ink = [index for index in range(*drawn.span()) if not text[index].isspace()]
        some = [raw.FPDFText_GetCharIndexFromTextIndex(page, ink[(len(ink) - 1) * part // 4]) for part in range(5)]
        sizes = []
        for index in some:
            raw.FPDFText_GetMatrix(page, index, matrix)
            height = abs(matrix.a * matrix.d - matrix.b * matrix.c) / (math.hypot(matrix.a, matrix.b) or 1)
            sizes.append(raw.FPDFText_GetFontSize(page, index) * height)
        size = round(sorted(sizes)[2], 1)
        angle = math.degrees(math.atan2(matrix.b, matrix.a)) / 90
        if size > 0 and abs(angle - round(angle)) < 0.05:
            turn = round(angle) % 4
            raw.FPDFText_GetLooseCharBox(page, some[4], box)
            end = (box.right, box.top, -box.left, -box.bottom)[turn]
            left, right = sorted((place(some[0], turn)[0], end))
            heavy = bold(some[0]) and bold(some[2]) and bold(some[4])
            yield turn, _Line(words, left, right, place(some[2], turn)[1], size, heavy)


def _warning(name: str, pages: Sequence[_Page]) -> str:
    pictures = [number for number, page in enumerate(pages, 1) if page.drawn and not page.lines]
    lost = [number for number, page in enumerate(pages, 1) if page.lost]
    said = []
    if pictures:
        what = "is a picture" if len(pictures) == 1 else "are pictures"
        said.append(f"{_listed(pictures)} {what} without text, which cannot be searched")
    if lost:
        said.append(f"{_listed(lost)} cannot be read: the file is damaged there")
    return f"{name!r}: {'; '.join(said)}." if said else ""


def _listed(numbers: Sequence[int]) -> str:
    """Numbers of pages as a person would write them, at most ten of them or of their ranges."""
    words: list[str] = []
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run)
    if len(words) > 10:
        words[9:] = ["others"]
    listed = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return f"page {listed}" if len(numbers) == 1 else f"pages {listed}"


def _style(pages: Sequence[_Page]) -> _Style:
    sizes: Counter[float] = Counter()
    bold = 0
    compounds: set[str] = set()
    for line in (line for page in pages for line in page.lines):
        sizes[line.size] += len(line.text)
        bold += len(line.text) * line.bold
        if "-" in line.text:
            compounds.update(_COMPOUND.findall(line.text.lower()))
    size = max(sizes, key=sizes.__getitem__)
    body = [[line for line in page.lines if line.size == size] for page in pages]
    widths = sorted((line.right - line.left) / len(line.text) / size for lines in body for line in lines)
    leading = _leading(body) or 1.25
    return _Style(size, leading, widths[len(widths) // 2], bold < 0.3 * sizes.total(), frozenset(compounds))


def _leading(pages: Iterable[list[_Line]], share: float = 0) -> float:
    """The distance of most lines' baselines in sizes, 0 where less than that share of the text keeps it."""
    steps: Counter[float] = Counter()
    for above, line in (pair for lines in pages for pair in pairwise(lines)):
        if above.size == line.size and 0.9 < (step := (above.y - line.y) / line.size) < 2.6:
            steps[round(step * 20) / 20] += len(above.text)
    step, many = steps.most_common(1)[0] if steps else (0.0, 0)
    return step if many >= share * steps.total() else 0.0


def _without_running(pages: Sequence[_Page], style: _Style) -> list[_Page]:
    """The pages without page numbers, and with a running line apart on its first page and gone from the others."""
    rows = [_rows(page.lines) for page in pages]
    places: defaultdict[str, list[_Place]] = defaultdict(list)
    stays: list[dict[int, bool]] = [{} for _ in pages]  # of each running line, whether it is the first and stays
    for number, page in enumerate(pages):
        if len(rows[number]) > 1 or len(pages) > 1:
            stays[number].update((index, False) for index in _page_numbers(page.lines, rows[number], style))
        for index in {index for row in rows[number][:2] + rows[number][-2:] if len(row) <= 3 for index in row}:
            line = page.lines[index]
            if line.size < _LARGER * style.size or not _DIGITS.search(line.text):
                places[_DIGITS.sub("0", line.text)].append(_Place(line.y, number, index))
    for shape, alike in places.items():
        for group in _by_height(alike):
            texts = [pages[place.page].lines[place.line].text for place in group]
            times, counted, seen = Counter(texts), _count_pages(group, texts), set[str]()
            for place, text in zip(group, texts, strict=True):
                if counted if times[text] < 3 else shape != "0":
                    stays[place.page].setdefault(place.line, times[text] > 2 and text not in seen)
                    seen.add(text)
    return [_parted(page, at, stay, style) for page, at, stay in zip(pages, rows, stays, strict=True)]


def _parted(page: _Page, rows: Sequence[list[int]], stays: dict[int, bool], style: _Style) -> _Page:
    """The page without its running lines: those with nothing but such lines further out, and room further in."""
    out: list[list[int]] = []
    for inwards in (rows, rows[::-1]):
        running = list(takewhile(lambda row: any(index in stays for index in row), inwards[:2]))
        if len(running) > 1 and not all(index in stays for index in running[0]):
            running.pop()
        while running and len(inwards) > len(running):
            last, inner = page.lines[running[-1][0]], page.lines[inwards[len(running)][0]]
            if abs(last.y - inner.y) > 1.2 * style.leading * min(last.size, inner.size):
                break
            running.pop()
        out.append(sorted(index for row in running for index in row if index in stays))
    lines = [line for index, line in enumerate(page.lines) if index not in out[0] + out[1]]
    heads, feet = ([page.lines[index] for index in side if stays[index]] for side in out)
    return page._replace(lines=lines, heads=heads, feet=feet)


def _rows(lines: Sequence[_Line]) -> list[list[int]]:
    """The lines' indexes by height, from the top; those at one height are a row."""
    rows: list[list[int]] = []
    for index in sorted(range(len(lines)), key=lambda index: -lines[index].y):
        if rows and lines[rows[-1][0]].y - lines[index].y < 2:
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows


def _page_numbers(lines: Sequence[_Line], rows: Sequence[list[int]], style: _Style) -> Iterator[int]:
    """Indexes of lines that hold but a page number, alone at the top or bottom; a bare one has room around it."""
    for row, beside in ((rows[:1], rows[1:2]), (rows[-1:], rows[-2:-1])):
        for index in row[0] if row and len(row[0]) == 1 else ():
            line = lines[index]
            room = abs(lines[beside[0][0]].y - line.y) if beside and beside != row else math.inf
            alone = room > 1.5 * line.size or not line.text.isalnum()
            if alone and line.size < _LARGER * style.size and _PAGE_NUMBER.fullmatch(line.text):
                yield index


def _by_height(places: Iterable[_Place]) -> Iterator[list[_Place]]:
    """Lines at about one height on three pages or more, in the order of the pages."""
    group: list[_Place] = []
    for place in [*sorted(places), _Place(math.inf, 0, 0)]:
        if group and place.y - group[-1].y > 3:
            if len({place.page for place in group}) > 2:
                yield sorted(group, key=lambda place: place[1:])
            group = []
        group.append(place)


def _count_pages(places: Sequence[_Place], texts: Sequence[str]) -> bool:
    """Whether a number in most of the texts grows as the pages do."""
    numbers = [[int(digits[:9]) for digits in _DIGITS.findall(text)] for text in texts]
    steps = pairwise(zip(places, numbers, strict=True))
    grown = (
        any(n - m == here.page - there.page for m, n in zip(a, b, strict=False)) for (there, a), (here, b) in steps
    )
    return 2 * sum(grown) >= len(texts) - 1


def _columns(page: _Page, style: _Style) -> list[list[_Block]]:
    """The page's blocks; a new column begins where the text goes up again."""
    if len(page.lines) > 8:  # enough to tell a page that is set in its own way
        style = replace(style, leading=_leading([page.lines], 0.7) or style.leading)
    columns: list[list[_Line]] = [page.lines[:1]]
    for above, line in pairwise(page.lines):
        if line.y > above.y + above.size / 2:
            columns.append([])
        columns[-1].append(line)
    blocks = [list(_paragraphs(column, style)) for column in columns]
    heads, feet = (
        [_Block(line.text, "text", line.size, aside=True) for line in part] for part in (page.heads, page.feet)
    )
    sideways = (block._replace(kind="text", aside=True) for block in _paragraphs(page.sideways, style))
    blocks[0][:0] = heads
    blocks[-1] += (*sideways, *feet)
    return blocks


def _paragraphs(lines: Sequence[_Line], style: _Style) -> Iterator[_Block]:
    group: list[_Line] = []
    edge = 0.0
    for index, line in enumerate(lines):
        near = [other.right for other in lines[max(0, index - 4) : index + 4] if _alike(other.size, line.size)]
        below = lines[index + 1] if index + 1 < len(lines) else None
        if group and _starts(group, line, below, max(near), style):
            yield _block(group, edge, style)
            group = []
        group.append(line)
        edge = max(near)
    if group:
        yield _block(group, edge, style)


def _starts(group: Sequence[_Line], line: _Line, below: _Line | None, edge: float, style: _Style) -> bool:
    """Whether a line begins a block rather than goes on with those above; `edge` is where full lines end."""
    above, em = group[-1], line.size
    step = (above.y - line.y) / em
    if _BULLET.fullmatch(above.text):
        return step > 2
    alike = _alike(above.size, em)
    if step < 0.3 or not (alike or 0.87 * style.size < min(above.size, em) < max(above.size, em) < 1.05 * style.size):
        return True  # a line of code in a paragraph may be a little smaller
    if em >= _LARGER * style.size:
        return step > 1.8 or bool(_NUMBERED.match(line.text))
    ended = bool(_ENDED.search(above.text))
    if step > 1.2 * style.leading or _LEADER.search(above.text) or _spread(above, style) or _spread(line, style):
        return True
    if above.text.endswith("-") and line.text[0].islower():
        return False
    listed = _marked(group[0].text)
    word = 1 if _IDEOGRAPH.match(line.text) else len(line.text.split(maxsplit=1)[0])
    room = edge - above.right - (word + 1) * style.letter * em
    if room > em + (0 if ended else 0.15 * (edge - above.left)):  # the next word had room above
        return True
    if _BULLET.match(line.text) or (ended and not (above.bold == line.bold and alike)):
        return True
    aside = line.left - above.left
    if _marked(line.text) and (ended or above.text[-1] in ":;," or abs(aside) > 0.3 * em or listed):
        return True
    if aside > 0.6 * em:
        hangs = len(group) == 1 and (listed or not (ended or above.text.endswith(":")))
        return not hangs
    if aside < -0.6 * em:
        return len(group) > 1 or (listed and ended)
    return ended and len(group) == 1 and below is not None and below.left < line.left - 0.6 * em


def _alike(one: float, other: float) -> bool:
    return abs(one - other) < 0.07 * max(one, other)


def _marked(text: str) -> bool:
    return any(mark.match(text) for mark in (_BULLET, _DASH, _NUMBERED))


def _spread(line: _Line, style: _Style) -> bool:
    """Whether words stand far apart, as the cells of a row do."""
    return " " in line.text and (line.right - line.left) > 1.5 * style.letter * line.size * len(line.text)


def _block(lines: Sequence[_Line], edge: float, style: _Style) -> _Block:
    parts = [lines[0].text]
    for line in lines[1:]:
        parts[-1], gap = _splice(parts[-1], line.text, style.compounds)
        parts += (gap, line.text)
    written = "".join(parts)
    text = _LEADER.sub(" ", written).strip()
    last = lines[-1]
    spread = any(_spread(line, style) for line in lines)
    full = last.right > edge - 0.2 * (edge - last.left) and not spread
    if mark := _BULLET.match(text) or _DASH.match(text):
        return _Block(text[mark.end() :], "item", last.size, full=full)
    if len(text) <= _LONGEST_HEADING and not (spread or _NO_TITLE.search(text) or _LEADER.search(written)):
        if last.size >= _LARGER * style.size:
            return _Block(text, "heading", last.size)
        bold = style.bold_titles and all(line.bold for line in lines)
        if bold and not (text[0].islower() or _CONTENTS.fullmatch(text)):
            return _Block(text, "heading", 0)
    aside = last.size < _SMALLER * style.size or bool(_CAPTION.match(text))
    fresh = len(lines) == 1 or lines[0].left > lines[1].left + 0.6 * last.size
    return _Block(text, "text", last.size, aside, fresh, full)


def _splice(first: str, then: str, compounds: frozenset[str]) -> tuple[str, str]:
    """The first text as it reads before the second, its hyphen mended, and what comes between them."""
    if not first.endswith("-"):
        return first, "" if _IDEOGRAPH.match(first[-1]) and _IDEOGRAPH.match(then) else " "
    stem = first.rsplit(maxsplit=1)[-1][:-1].lstrip("\"'“„‘«([")
    word = found[0] if (found := _WORD.match(then)) else ""
    if not stem or word in _JOINING:
        return first, " "
    capitals = first.isupper() and then.isupper()
    broken = stem.isalpha() and len(stem) > 1 and (capitals or (word[:1].islower() and not stem.isupper()))
    if broken and f"{stem}-{word}".lower() not in compounds:
        return first[:-1], ""
    return first, ""


class _Writer:
    """Writes columns down. A column's last paragraph waits for the next column, which may go on with it."""

    def __init__(self, draft: Draft, pages: Iterable[Iterable[Sequence[_Block]]], compounds: frozenset[str]) -> None:
        sizes = {block.size for page in pages for column in page for block in column if block.kind == "heading"}
        self._levels = {size: min(rank, 6) for rank, size in enumerate(sorted(sizes, reverse=True), 1)}
        self._draft = draft
        self._compounds = compounds
        self._waiting: list[_Block] = []  # a paragraph and the asides after it
        self._begun = False  # whether the first part of that paragraph is written already

    def column(self, blocks: Sequence[_Block], new_page: bool) -> None:
        """The next column, whose page may be a new one."""
        at = next((number for number, block in enumerate(blocks) if not block.aside), None)
        if at is not None and self._waiting and _continues(self._waiting[0], blocks[at]):
            paragraph, *asides = self._waiting
            text, gap = _splice(paragraph.text, blocks[at].text, self._compounds)
            self._write(*asides, paragraph._replace(text=text))
            self._draft.extend(gap)
            self._begun = True
            if new_page:
                self._draft.page()
            if len(blocks) == 1:
                self._waiting = [blocks[at]]
                return
            self._write(blocks[at], *blocks[:at])
            blocks = blocks[at + 1 :]
        else:
            self._write(*self._waiting)
            if new_page:
                self._draft.page()
        last = max((number for number, block in enumerate(blocks) if not block.aside), default=len(blocks))
        self._write(*blocks[:last])
        self._waiting = list(blocks[last:])

    def finish(self) -> Draft:
        """The draft with all that has waited."""
        self._write(*self._waiting)
        return self._draft

    def _write(self, *blocks: _Block) -> None:
        for block in blocks:
            if self._begun:
                self._draft.extend(block.text)
            elif block.kind == "heading":
                self._draft.heading(block.text, self._levels[block.size])
            elif block.kind == "item":
                self._draft.item(block.text)
            else:
                self._draft.paragraph(block.text)
            self._begun = False


def _continues(above: _Block, block: _Block) -> bool:
    """Whether a paragraph goes on in the first one of the next column or page."""
    if above.kind == "heading" or block.kind != "text" or _marked(block.text) or not _alike(above.size, block.size):
        return False
    if above.text.endswith("-") or not above.full:
        return above.text.endswith("-") and block.text[:1].isalnum()
    if block.text[:1].islower():
        return True
    return above.kind == "text" and not block.fresh and not (_ENDED.search(above.text) or above.text.endswith(":"))
