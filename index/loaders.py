"""Files to documents. A new format is a module in `formats` and a line in LOADERS."""

from collections.abc import Callable
from pathlib import Path

from index.errors import DocumentError
from index.formats.epub import load_epub
from index.formats.html import load_html
from index.formats.pdf import load_pdf
from index.formats.slides import load_pptx
from index.formats.spreadsheet import load_xlsx
from index.formats.tables import load_csv
from index.formats.text import load_markdown, load_text
from index.formats.word import load_docx
from index.types import Document, kind

MAX_BYTES = 512_000_000

LOADERS: dict[str, Callable[[bytes, str], Document]] = {
    ".csv": load_csv,
    ".docx": load_docx,
    ".epub": load_epub,
    ".htm": load_html,
    ".html": load_html,
    ".markdown": load_markdown,
    ".md": load_markdown,
    ".pdf": load_pdf,
    ".pptx": load_pptx,
    ".text": load_text,
    ".tsv": load_csv,
    ".txt": load_text,
    ".xhtml": load_html,
    ".xlsx": load_xlsx,
}


_SAVE_AS = {
    ".docx": (".doc", ".dot", ".odt", ".ott", ".rtf", ".wpd", ".wps", ".pages", ".dotx", ".docm"),
    ".xlsx": (".xls", ".xlt", ".ods", ".numbers", ".xlsb", ".xlsm", ".xltx"),
    ".pptx": (".ppt", ".pps", ".odp", ".key", ".ppsx", ".pptm"),
    "PDF": (".eml", ".msg", ".mht", ".mhtml", ".djvu", ".xps", ".ps", ".mobi", ".azw3", ".vsd", ".vsdx", ".dwg"),
}
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".heic")
_SOUND = (".mp3", ".wav", ".m4a", ".ogg", ".mp4", ".mov", ".avi", ".mkv", ".webm")
_PACKED = (".zip", ".7z", ".rar", ".tar", ".gz", ".bz2", ".xz")
_ADVICE = {suffix: f"save it as {to}" for to, suffixes in _SAVE_AS.items() for suffix in suffixes}
_ADVICE |= dict.fromkeys(_PICTURES, "run OCR on it (ocrmypdf, for example) and add the PDF")
_ADVICE |= dict.fromkeys(_SOUND, "add a transcript of it")
_ADVICE |= dict.fromkeys(_PACKED, "unpack it and add what is in it")


def advice(name: str) -> str:
    """What to do with a file of a kind that Footnote does not read."""
    return _ADVICE.get(kind(name), "save it as PDF or, if it holds plain text, as .txt")


def load(path: Path, name: str) -> Document:
    """Read a file into a document called `name`. Raises DocumentError."""
    return parse(read(path, name), name)


def read(path: Path, name: str) -> bytes:
    """The bytes of a file of a kind that Footnote reads. Raises DocumentError."""
    if kind(name) not in LOADERS and not (path.is_dir() or is_missing(path)):
        raise DocumentError(f"{name!r} is not a kind of file Footnote reads ({', '.join(LOADERS)}); {advice(name)}.")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise DocumentError(f"{name!r} is not a file but a device or a pipe; name a file or a folder.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(
                f"{name!r} has {size // 1_000_000:,} MB; Footnote reads files of up to {MAX_BYTES // 1_000_000} MB. "
                "Split it into parts."
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{name!r} cannot be read: {error.strerror or error}.") from error


def is_missing(path: Path) -> bool:
    """Whether there is nothing of that path."""
    try:
        return not path.exists()
    except (OSError, ValueError):
        return False


def parse(data: bytes, name: str) -> Document:
    """The document that these bytes are, by the ending of their name. Raises DocumentError."""
    document = LOADERS[kind(name)](data, name)
    if not document.text.strip():
        raise DocumentError(f"{name!r} holds no text; a document needs at least one word.")
    return document
