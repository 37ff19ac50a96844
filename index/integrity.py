"""Whether a file is the one that was written, and files that are for their owner alone."""

import hashlib
import os
from pathlib import Path

from index.errors import LibraryError, ModelError

WHOLE = 512 << 20  # bytes of a file that is checked whole
SAMPLES, SAMPLE = 256, 1 << 14  # so many blocks of so many bytes


def intact(path: Path, expected: str) -> bool:
    """Whether a file is there and has this checksum."""
    try:
        return checksum(path) == expected
    except OSError:
        return False


def checksum(path: Path) -> str:
    """What tells a damaged file: SHA-256 of a file of at most WHOLE bytes.

    Of a larger one, SHA-256 of its size and of 256 blocks of 16 KiB spread over it, first and last among them: that
    finds a file which is cut short, half written or another one. A flipped bit elsewhere it misses, but all that a
    large file gives is candidates, whose ids and scores are looked up in SQLite. Raises OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for number in range(SAMPLES):
            file.seek((size - SAMPLE) * number // (SAMPLES - 1))
            digest.update(file.read(SAMPLE))
        return digest.hexdigest()


def read_shipped(path: Path, sha256: str | None) -> bytes:
    """The bytes of a file of ours, or of any where `sha256` is None. Raises ModelError where it is not as it was."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}); install Footnote again.") from error
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(f"{path} is not the file that this version of Footnote has; install Footnote again.")
    return data


class DamageError(Exception):
    """What is stored does not fit together; says how. A transaction makes a sentence of it that names the library."""


def make_private(path: Path) -> None:
    """Make an empty file that only its owner reads, or empty one that is there."""
    os.close(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))


def damaged(folder: Path, what: str) -> LibraryError:
    """What to say of a library that is not as it was written."""
    return LibraryError(
        f"The library {folder} is damaged: {what}; see what is lost and mend it with: "
        f"footnote check --repair --library {folder}"
    )


def is_library(folder: Path) -> bool:
    """Whether there is a library in a folder. Raises LibraryError where that cannot be told."""
    try:
        return (folder / "library.sqlite").is_file()
    except OSError as error:
        raise LibraryError(
            f"The library {folder} cannot be read: {error.strerror or error}; "
            "ask its owner for the right to, or choose another with --library."
        ) from error
