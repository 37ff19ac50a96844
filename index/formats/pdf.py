"""PDF files, whose pages PDFium reads as drawn lines. Knows nothing of paragraphs and headings."""

import ctypes
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from index.draft import Draft, listed, require_short
from index.errors import DocumentError
from index.formats.layout import Line, Page, write_pages
from index.types import Document

_LOCK = threading.Lock()  # PDFium works in one thread at a time
_TURN = 20  # pages read before another thread has its turn

_INVISIBLE = 3  # how text under a scanned picture is drawn
_PROTECTED = (4, 5)  # PDFium's error codes

_DRAWN_LINE = re.compile(r"[^\r\n\ufffe]+\ufffe?")
_CLEAN: dict[int, str | None] = dict.fromkeys((*range(9), *range(14, 32), 127, 0xAD))
_CLEAN |= dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_CLEAN |= dict.fromkeys((0xFFFE, 0x2010, 0x2011), "-")
_BOLD = re.compile(r"bold|black|heavy|demi|medi$|CMBX|SFBX", re.IGNORECASE)


def load_pdf(data: bytes, name: str) -> Document:
    """The text of a PDF file, as `write_pages` writes it. Raises DocumentError."""
    pages, pictures, lost = _read(data, name)
    if not any(page.lines for page in pages):
        many = f"{len(pages)} pages" if len(pages) > 1 else "1 page"
        raise DocumentError(
            f"{name!r} has {many} without any text: it is scanned. "
            "Run OCR on it (ocrmypdf, for example) and add it again."
        )
    draft = Draft(name)
    write_pages(pages, draft)
    return draft.document(data, _warning(name, pictures, lost))


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


def _read(data: bytes, name: str) -> tuple[list[Page], list[int], list[int]]:
    """The pages, the numbers of those that are pictures and the numbers of those that cannot be read."""
    from pypdfium2 import raw

    pages: list[Page] = []
    pictures: list[int] = []
    lost: list[int] = []
    length = 0
    with opened(data, name) as document:
        for number in range(1, len(document) + 1):
            loaded = raw.FPDF_LoadPage(document, number - 1)
            try:
                page = _page(raw, loaded) if loaded else Page([])
                if not loaded:
                    lost.append(number)
                elif not page.lines and raw.FPDFPage_CountObjects(loaded) > 0:
                    pictures.append(number)
            finally:
                raw.FPDF_ClosePage(loaded)
            pages.append(page)
            length += sum(len(line.text) for line in page.lines)
            require_short(name, length)
            if number % _TURN == 0:
                _give_way()
    if lost and not length and not pictures:
        raise _damaged(name)
    return pages, pictures, lost


def _page(raw: Any, loaded: Any) -> Page:
    layer = raw.FPDFText_LoadPage(loaded)
    try:
        turned = list(_drawn_lines(raw, layer))
        hidden = turned and raw.FPDFTextObj_GetTextRenderMode(raw.FPDFText_GetTextObject(layer, 0)) == _INVISIBLE
    finally:
        raw.FPDFText_ClosePage(layer)
    if hidden:  # OCR guesses the size of each line
        size = sorted(line.size for _, line in turned)[len(turned) // 2]
        turned = [(turn, line._replace(size=size)) for turn, line in turned]
    letters: Counter[int] = Counter()
    for turn, line in turned:
        letters[turn] += len(line.text)
    most = max(letters, key=letters.__getitem__, default=0)
    lines, sideways = ([line for turn, line in turned if (turn == most) is upright] for upright in (True, False))
    return Page(_mended(lines), sideways)


def _mended(lines: Iterable[Line]) -> list[Line]:
    """The lines, without the breaks that PDFium sees at raised and lowered letters."""
    whole: list[Line] = []
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


def layer_text(raw: Any, layer: Any) -> str:
    """The page's text as PDFium counts it: a character stands for each UTF-16 unit."""
    count = max(raw.FPDFText_CountChars(layer), 0)
    buffer = (ctypes.c_ushort * (count + 1))()
    length = raw.FPDFText_GetText(layer, 0, count, buffer) if count else 0
    return "".join(map(chr, buffer[: max(length - 1, 0)]))


def _drawn_lines(raw: Any, layer: Any) -> Iterator[tuple[int, Line]]:
    """Each line and the quarter turns it is drawn at; lines askew, such as watermarks, are left out."""
    text = layer_text(raw, layer)
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


def _warning(name: str, pictures: Sequence[int], lost: Sequence[int]) -> str:
    said = []
    if pictures:
        what = "is a picture" if len(pictures) == 1 else "are pictures"
        said.append(f"{listed(pictures)} {what} without text, which cannot be searched")
    if lost:
        said.append(f"{listed(lost)} cannot be read: the file is damaged there")
    return f"{name!r}: {'; '.join(said)}." if said else ""
