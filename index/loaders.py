"""Files to documents. A new format is one function and one line in LOADERS. Knows nothing of passages."""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from markdown_it import MarkdownIt

from index.errors import DocumentError
from index.types import Document

_BOMS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def load(path: Path, name: str) -> Document:
    """Read a file into a document called `name`. Raises DocumentError."""
    if path.suffix.lower() not in LOADERS:
        raise DocumentError(f"{name!r} is not a kind of file Footnote reads; it reads {', '.join(sorted(LOADERS))}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{name!r} cannot be read: {error.strerror or error}.") from error
    text, breaks = LOADERS[path.suffix.lower()](data, name)
    if not text.strip():
        raise DocumentError(f"{name!r} holds no text; a document needs at least one word.")
    return Document(name, text, hashlib.sha256(data).hexdigest(), breaks)


def find_files(root: Path) -> Iterator[Path]:
    """Files under a folder that Footnote reads, in a fixed order, without hidden ones or links to folders.

    Raises OSError for a folder that cannot be listed, whose files would else seem gone.
    """
    for folder, subfolders, names in os.walk(root, onerror=_raise):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in LOADERS and path.is_file():
                yield path


def _raise(error: OSError) -> None:
    raise error


def _load_text(data: bytes, name: str) -> tuple[str, tuple[int, ...]]:
    encoding = next((codec for bom, codec in _BOMS.items() if data.startswith(bom)), "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"{name!r} is not {encoding.removesuffix('-sig').upper()} text (byte {error.start} does not fit); "
            "save it as UTF-8 and add it again."
        ) from error
    if "\0" in text:
        raise DocumentError(f"{name!r} is a binary file, not text; add the document it was made from instead.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), ()


def _load_markdown(data: bytes, name: str) -> tuple[str, tuple[int, ...]]:
    """The source as it stands; a passage begins at every heading that has a body above it."""
    text, _ = _load_text(data, name)
    lines = text.split("\n")
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    maps = [token.map for token in MarkdownIt().parse(text) if token.type == "heading_open" and token.map]
    previous_end = 0
    breaks = []
    for first, after in maps:
        if "".join(lines[previous_end:first]).strip():
            breaks.append(offsets[first])
        previous_end = after
    return text, tuple(breaks)


LOADERS: dict[str, Callable[[bytes, str], tuple[str, tuple[int, ...]]]] = {
    ".txt": _load_text,
    ".text": _load_text,
    ".md": _load_markdown,
    ".markdown": _load_markdown,
}
