"""The nouns of the library."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """One file's extracted text; every offset in Footnote counts its characters.

    `path` is as the person gave it, `sha256` is of the file's bytes, and a passage must begin at each of `breaks`.
    """

    path: str
    text: str
    sha256: str
    breaks: tuple[int, ...] = ()

    @classmethod
    def from_text(cls, path: str, text: str) -> "Document":
        """A document that is not a file, such as an article of a data set."""
        return cls(path, text, hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True)
class Passage:
    """A slice of a document: `document.text[start:end] == text`. `page` counts from 1, None without pages."""

    document: str
    start: int
    end: int
    text: str
    page: int | None = None


@dataclass(frozen=True)
class Hit:
    """A passage and its retrieval score; higher is nearer, comparable within one search only."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class Failure:
    """A path that could not be indexed, and the sentence that says why."""

    path: str
    message: str


@dataclass(frozen=True)
class Summary:
    """What one update of the library did, in documents."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    failures: tuple[Failure, ...] = ()
