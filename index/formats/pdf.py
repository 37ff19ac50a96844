"""PDF files, whose pages PDFium reads as drawn lines. Knows nothing of paragraphs and headings."""

import ctypes
import math
import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from index.draft import Draft, counted, left_out, listed, require_short
from index.errors import DocumentError
from index.formats.annotations import FormValues, read_annotations
from index.formats.layout import Line, Page, write_pages
from index.types import Document

_LOCK = threading.Lock()  # PDFium works in one thread at a time
_TURN = 20  # pages read before another thread has its turn

_MOST_PAGES, _PAGE = 1_000, 50  # pages that any file may have, and the bytes of each one more
_MOST_LINES, _LINE = 20_000, 5  # lines of text, the same way
_MOST_TEXTS = 20_000  # pieces of text on a page

_FEW = 20  # letters that are too few to tell whether they are any
_LAST = 9  # pieces of a line that tell how long it is
_LEADERS = frozenset("._-–—=*·•…|/")
_STRANGE = {"Cc", "Cn", "Co", "Cs"}  # kinds of characters that fonts give for letters they do not know
_INVISIBLE = 3  # how text under a scanned picture is drawn
_PROTECTED = (4, 5)  # PDFium's error codes

_DRAWN_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_CLEAN: dict[int, str | None] = dict.fromkeys((*range(9), *range(14, 32), 127, 0xAD))
_CLEAN |= dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_CLEAN |= dict.fromkeys((0xFFFE, 0x2010, 0x2011), "-")
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|CMBX|SFBX", re.IGNORECASE)


@dataclass
class _Unread:
    """What of a file is not read: the numbers of pages, how many values of its form and how many comments."""

    pictures: list[int] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    values: int = 0
    comments: int = 0


def load_pdf(data: bytes, name: str) -> Document:
    """The text of a PDF file, as `write_pages` writes it. Raises DocumentError."""
    pages, unread = _read(data, name)
    if not any(page.lines for page in pages):
        why = "it is scanned" if not unread.garbled else "its fonts do not say which letters they draw"
        raise DocumentError(
            f"{name!r} has {counted(len(pages), 'page')} without any text: {why}. "
            "Run OCR on it (ocrmypdf, for example) and add it again."
        )
    draft = Draft(name, len(data))
    write_pages(pages, draft)
    return draft.document(data, _left_out(unread))


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Any]:
    """The file as a pypdfium2.PdfDocument, while no other thread uses PDFium. Raises DocumentError."""
    import pypdfium2

    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            if error.err_code in _PROTECTED:
                raise DocumentError(
                    f"{name!r} is protected by a password; save it without one and add it again."
                ) from error
            raise _damaged(name) from error
        try:
            yield document
        finally:
            document.close()


def _give_way() -> None:
    """Let another thread that waits for PDFium have it first."""
    _LOCK.release()
    time.sleep(0.001)
    _LOCK.acquire()


def _damaged(name: str) -> DocumentError:
    return DocumentError(
        f"{name!r} is not a PDF that can be read: it is damaged or incomplete. "
        "Open it in a PDF viewer, save it again and add that."
    )


def _read(data: bytes, name: str) -> tuple[list[Page], _Unread]:
    """The pages, and what is not read."""
    from pypdfium2 import raw

    pages: list[Page] = []
    unread = _Unread()
    length = lines = 0
    with opened(data, name) as document:
        _require_fewer(name, len(document), _MOST_PAGES + len(data) // _PAGE, "pages")
        values = FormValues(document)
        for number in range(1, len(document) + 1):
            loaded = raw.FPDF_LoadPage(document, number - 1)
            try:
                page = _page(raw, loaded, name, number, unread, values) if loaded else Page([])
                if not loaded:
                    unread.lost.append(number)
            finally:
                raw.FPDF_ClosePage(loaded)
            pages.append(page)
            length += sum(len(line.text) for line in page.lines)
            lines += len(page.lines)
            require_short(name, length, len(data))
            _require_fewer(name, lines, _MOST_LINES + len(data) // _LINE, "lines of text")
            if number % _TURN == 0:
                _give_way()
    if unread.lost and not length and not unread.pictures:
        raise _damaged(name)
    return pages, unread


def _require_fewer(name: str, number: int, limit: int, things: str) -> None:
    """Raises DocumentError for a file that says that it holds more than it can."""
    if number > limit:
        raise DocumentError(
            f"{name!r} holds more than {limit:,} {things}, the most Footnote reads from a PDF of its size; "
            "split it into parts."
        )


def _page(raw: Any, loaded: Any, name: str, number: int, unread: _Unread, values: FormValues) -> Page:
    """The page's lines; what of it is not read is added to `unread`."""
    if _count_texts(raw, loaded) > _MOST_TEXTS:
        raise DocumentError(
            f"Page {number} of {name!r} holds more than {_MOST_TEXTS:,} pieces of text, the most Footnote reads from "
            "one; split it into several pages."
        )
    layer = raw.FPDFText_LoadPage(loaded)
    try:
        text = layer_text(raw, layer)
        garbled = _is_garbled(text)
        turned = [] if garbled else list(_drawn_lines(raw, layer, text))
        hidden = turned and raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(layer, 0)) == _INVISIBLE
    finally:
        raw.FPDFText_ClosePage(layer)
    added = read_annotations(raw, loaded, values)
    unread.values += sum(_letters(value) not in _letters(text) for value in added.values)
    unread.comments += added.comments
    if garbled:
        unread.garbled.append(number)
    elif not turned and raw.FPDFPage_CountObjects(loaded) > 0:
        unread.pictures.append(number)
    if hidden:  # OCR guesses the size of each line
        size = sorted(line.size for _, line in turned)[len(turned) // 2]
        turned = [(turn, line._replace(size=size)) for turn, line in turned]
    letters: Counter[int] = Counter()
    for turn, line in turned:
        letters[turn] += len(line.text)
    most = max(letters, key=letters.__getitem__, default=0)
    lines, sideways = ([line for turn, line in turned if (turn == most) is upright] for upright in (True, False))
    return Page(_mended(lines), sideways)


def _count_texts(raw: Any, loaded: Any) -> int:
    """How many pieces of text a page draws, itself or by the drawings in it; not all, where they are too many."""
    todo = [(raw.FPDFPage_GetObject(loaded, index)) for index in range(raw.FPDFPage_CountObjects(loaded))]
    texts = 0
    while todo and texts <= _MOST_TEXTS:
        drawn = todo.pop()
        kind = raw.FPDFPageObj_GetType(drawn)
        texts += kind == raw.FPDF_PAGEOBJ_TEXT
        if kind == raw.FPDF_PAGEOBJ_FORM:
            todo += [raw.FPDFFormObj_GetObject(drawn, at) for at in range(raw.FPDFFormObj_CountObjects(drawn))]
    return texts


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _is_garbled(text: str) -> bool:
    """Whether most of a text cannot be letters: its fonts do not say which they draw."""
    signs = [char for char in text if not (char.isspace() or char in _LEADERS)]
    strange = sum(unicodedata.category(char) in _STRANGE or char == "\ufffd" for char in signs)
    known = sum(map(str.isalnum, signs))
    return len(signs) >= _FEW and (3 * strange > len(signs) or 10 * known < len(signs))


def _mended(lines: Iterable[Line]) -> list[Line]:
    """The lines, without the breaks that PDFium sees at raised and lowered letters."""
    whole: list[Line] = []
    words: list[list[str]] = []  # of each line
    for line in lines:
        above = whole[-1] if whole else line
        em = max(above.size, line.size)
        gap = (line.left - above.right) / em
        if whole and abs(line.y - above.y) < em / 2 and -0.5 < gap < 1.5:
            longer = above if sum(map(len, words[-1][-_LAST:])) >= len(line.text) else line
            words[-1] += (" " if gap > 0.15 else "", line.text)
            whole[-1] = longer._replace(left=above.left, right=line.right)
        else:
            whole.append(line)
            words.append([line.text])
    return [line._replace(text="".join(parts)) for line, parts in zip(whole, words, strict=True)]


def layer_text(raw: Any, layer: Any) -> str:
    """The page's text as PDFium counts it: a character stands for each UTF-16 unit."""
    count = max(raw.FPDFText_CountChars(layer), 0)
    buffer = (ctypes.c_ushort * (count + 1))()
    length = raw.FPDFText_GetText(layer, 0, count, buffer) if count else 0
    return "".join(map(chr, buffer[: max(length - 1, 0)]))


def _drawn_lines(raw: Any, layer: Any, text: str) -> Iterator[tuple[int, Line]]:
    """Each line and the quarter turns it is drawn at; lines askew, such as watermarks, are left out."""
    matrix, box, font = raw.FS_MATRIX(), raw.FS_RECTF(), ctypes.create_string_buffer(100)
    x, y = ctypes.c_double(), ctypes.c_double()

    def place(index: int, turn: int) -> tuple[float, float]:
        raw.FPDFText_GetCharOrigin(layer, index, x, y)
        return ((x.value, y.value), (y.value, -x.value), (-x.value, -y.value), (-y.value, x.value))[turn]

    def bold(index: int) -> bool:
        size = raw.FPDFText_GetFontInfo(layer, index, font, len(font), None)
        return size <= len(font) and bool(_BOLD.search(font.value.decode("latin-1")))

    for drawn in _DRAWN_LINE.finditer(text):
        words = " ".join(drawn[0].translate(_CLEAN).split())
        words = words.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if not words:
            continue
        ink = [index for index in range(*drawn.span()) if not text[index].isspace()]
        some = [raw.FPDFText_GetCharIndexFromTextIndex(layer, ink[(len(ink) - 1) * part // 4]) for part in range(5)]
        sizes = []
        for index in some:
            raw.FPDFText_GetMatrix(layer, index, matrix)
            scale = abs(matrix.a * matrix.d - matrix.b * matrix.c) / (math.hypot(matrix.a, matrix.b) or 1)
            sizes.append(raw.FPDFText_GetFontSize(layer, index) * scale)
        size = round(sorted(sizes)[2], 1)
        if size <= 0 or not math.isfinite(sum(sizes)):
            continue
        angle = math.degrees(math.atan2(matrix.b, matrix.a)) / 90
        turn = round(angle) % 4
        raw.FPDFText_GetLooseCharBox(layer, some[4], box)
        end = (box.right, box.top, -box.left, -box.bottom)[turn]
        left, right = sorted((place(some[0], turn)[0], end))
        height = place(some[2], turn)[1]
        if abs(angle - round(angle)) < 0.05 and math.isfinite(left + right + height):
            yield turn, Line(words, left, right, height, size, bold(some[0]) and bold(some[2]) and bold(some[4]))


def _left_out(unread: _Unread) -> list[str]:
    """What is said of what is not read."""
    said = []
    if unread.pictures:
        what = "is a picture" if len(unread.pictures) == 1 else "are pictures"
        said.append(f"{listed(unread.pictures)} {what} without text, which cannot be searched")
    if unread.garbled:
        said.append(
            f"{listed(unread.garbled)} cannot be searched: the fonts do not say which letters they draw; OCR would help"
        )
    if unread.lost:
        said.append(f"{listed(unread.lost)} cannot be read: the file is damaged there")
    return [*said, left_out(unread.values, "filled form field"), left_out(unread.comments, "comment")]
