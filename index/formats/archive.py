"""The ZIP archives that DOCX, PPTX, XLSX and EPUB files are, opened with care. Knows nothing of what is in them."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

from index.errors import DocumentError

MAX_UNPACKED = 300_000_000
MAX_PART = 100_000_000  # of what is parsed as a whole
MAX_PARTS = 20_000
MAX_TAGS = 100_000  # of all parts together, and
TAGS_PER_BYTE = 4  # more of them for each byte of the file: no program that people use packs as many

_PARSED = (".xml", ".rels", ".html", ".xhtml", ".htm", ".opf", ".ncx")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CENTRAL = b"PK\x01\x02"  # begins the entry of each part
_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, KeyError, EOFError, OSError, RuntimeError, ValueError)


class TooMuchError(DocumentError):
    """An archive that unpacks to more than a file of its size does."""


class Archive(zipfile.ZipFile):
    """A ZIP archive, which may unpack to so many tags more."""

    tags_left = MAX_TAGS


def open_archive(data: bytes, name: str) -> Archive:
    """The archive that these bytes are. Raises DocumentError for one that is damaged, protected or too large."""
    if data.startswith(_OLE):
        raise _protected(name)
    if data.count(_CENTRAL) > MAX_PARTS:
        raise DocumentError(
            f"{name!r} holds more than {MAX_PARTS:,} parts, the most Footnote opens; split it into several files."
        )
    try:
        archive = Archive(io.BytesIO(data))
    except _ERRORS as error:
        raise damaged(name) from error
    archive.tags_left = MAX_TAGS + TAGS_PER_BYTE * len(data)
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise _protected(name)
    parsed = max((part.file_size for part in parts if part.filename.lower().endswith(_PARSED)), default=0)
    for size, limit in ((sum(part.file_size for part in parts), MAX_UNPACKED), (parsed, MAX_PART)):
        if size > limit:
            raise DocumentError(
                f"{name!r} unpacks to {-(-size // 1_000_000):,} MB, more than the {limit // 1_000_000} MB "
                "Footnote opens; split it into parts."
            )
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or _forged(part) for part in parts):
        raise damaged(name)
    return archive


def read_part(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """The bytes of one part, no more than the archive says. Raises DocumentError, also for one missing."""
    try:
        part = archive.getinfo(member)
        with archive.open(part) as stream:
            return stream.read(part.file_size + 1)  # a bare read() would inflate all there is before it cuts
    except _ERRORS as error:
        raise damaged(name) from error


def read_markup(archive: Archive, member: str, name: str) -> bytes:
    """The bytes of a part to be parsed, which may be read again and again.

    Raises DocumentError, one that is TooMuchError when all that was read holds more tags than a file of its size does.
    """
    data = read_part(archive, member, name) if archive.tags_left >= 0 else b""
    archive.tags_left -= max(data.count(b"<"), data.count(b"=") // 4, len(data) // 20)
    if archive.tags_left < 0:
        raise TooMuchError(
            f"{name!r} unpacks to more than Footnote reads from a file of its size; "
            "open it in the program that made it, save it again and add that, or split it into parts."
        )
    return data


def damaged(name: str) -> DocumentError:
    """The error for a file that is not what its name says."""
    return DocumentError(
        f"{name!r} is damaged or not the kind of file its name says; "
        "open it in the program that made it, save it again and add that."
    )


def _protected(name: str) -> DocumentError:
    suffix = Path(name).suffix.lower()
    return DocumentError(
        f"{name!r} is protected by a password or in an old Office format; "
        f"save it as {suffix} without a password and add it again."
    )


def _forged(part: zipfile.ZipInfo) -> bool:
    """Whether a part claims to be much smaller than its packed bytes, as one that hides its size does."""
    return part.compress_size > part.file_size + part.file_size // 8 + 1000
