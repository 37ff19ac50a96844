"""A copy of a damaged library.sqlite that SQLite opens, so that what is left of it can be read page by page."""

import shutil
import struct
from pathlib import Path

from index.schema import VERSION

PAGE = 4096  # bytes, of which the last eight are the checksum
_MAGIC = b"SQLite format 3\0"
_COUNT, _VERSION, _RESERVED, _CHANGED, _COUNTED = 28, 60, 20, slice(24, 28), slice(92, 96)
"""Where the first page tells of the pages that there are, of the format, of the room for checksums, of its changes."""


def make_legible(damaged: Path, copy: Path, fresh: Path) -> bool:
    """Copy a file and its -wal, with a first page from a fresh library in the place of a lost one, and no page too few.

    SQLite opens nothing without a first page, and nothing that is shorter than this says. What is put in the place of
    missing pages has a wrong checksum, so that nothing is read of it. Returns whether the first page is its own.
    """
    wal = damaged.with_name(f"{damaged.name}-wal")
    if wal.exists():  # before the file, into which another process may write it in the meantime
        shutil.copyfile(wal, copy.with_name(f"{copy.name}-wal"))
    shutil.copyfile(damaged, copy)
    with copy.open("r+b") as file:
        first = file.read(PAGE)
        size = copy.stat().st_size
        pages = -(-size // PAGE)
        own = is_first(first)
        if own:
            pages = max(pages, _number(first, _COUNT))
        else:
            pages = max(pages, 1)
            file.seek(0)
            file.write(first_page(fresh, pages))
        for page in range(-(-size // PAGE), pages):
            file.seek(page * PAGE)
            file.write(b"\xff")
        file.truncate(pages * PAGE)
    return own


def is_first(page: bytes) -> bool:
    """Whether this is the first page of a library as it was written."""
    if len(page) < PAGE or not page.startswith(_MAGIC):
        return False
    older = page[_RESERVED] == 0 and 0 < _number(page, _VERSION) < VERSION  # and has no checksums
    return older or page[-8:] == checksum(page)


def first_page(fresh: Path, pages: int) -> bytes:
    """The first page of a fresh library, for a file of so many pages."""
    with fresh.open("rb") as file:
        page = bytearray(file.read(PAGE))
    page[_COUNT : _COUNT + 4] = pages.to_bytes(4, "big")
    page[_COUNTED] = page[_CHANGED]  # without which the number is not believed
    page[-8:] = checksum(page)
    return bytes(page)


def checksum(page: bytes | bytearray) -> bytes:
    """What SQLite's extension `cksumvfs` writes at the end of a page."""
    one = two = 0
    words = struct.unpack(f"<{PAGE // 4}I", page)[:-2]
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = one + even + two & 0xFFFFFFFF
        two = two + odd + one & 0xFFFFFFFF
    return struct.pack("<2I", one, two)


def _number(page: bytes, place: int) -> int:
    return int.from_bytes(page[place : place + 4], "big")
