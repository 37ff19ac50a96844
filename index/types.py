"""The nouns of the library."""

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

Verdict = Literal["right", "wrong"]
Problem = Literal["failed", "skipped", "partly read"]


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal: what tells one content from another."""
    return hashlib.sha256(data).hexdigest()


def kind(name: str) -> str:
    """The ending of a file's name, which says how to read it: the same bytes are another text as another kind."""
    return PurePath(name).suffix.lower()


@dataclass(frozen=True)
class Heading:
    """A heading, whose mark and words stand at `text[start:end]`. It holds until one of no greater level.

    Level 0 is the document's title, 1 the highest heading below it.
    """

    start: int
    end: int
    level: int
    title: str


@dataclass(frozen=True)
class Document:
    """One file's extracted text; every offset in Footnote counts its characters.

    `path` is as the person gave it and `sha256` of the file's bytes. Page i + 1 begins at `pages[i]`; none without
    pages. `warning` is a sentence about what the file holds and the text does not.
    """

    path: str
    text: str
    sha256: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()
    warning: str = ""

    @classmethod
    def from_text(cls, path: str, text: str) -> "Document":
        """A document that is not a file, such as an article of a data set."""
        return cls(path, text, digest(text.encode()))

    @property
    def breaks(self) -> tuple[int, ...]:
        """Where a passage must begin: at every heading that does not directly follow another."""
        ends = (0, *(heading.end for heading in self.headings))
        return tuple(
            heading.start
            for heading, above in zip(self.headings, ends, strict=False)
            if self.text[above : heading.start].strip()
        )


@dataclass(frozen=True)
class Passage:
    """A slice of a document: `document.text[start:end] == text`.

    `page` is the page it begins on, counting from 1, None without pages; at each offset in `turns` a page more begins.
    `heading` is the path of headings it stands under, `context` the part of that path which its text does not show.
    """

    document: str
    start: int
    end: int
    text: str
    page: int | None = None
    turns: tuple[int, ...] = ()
    heading: str = ""
    context: str = ""

    @property
    def embedded(self) -> str:
        """What the embedder is given: the text, below the headings that it does not show."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    def page_at(self, offset: int) -> int | None:
        """The page on which this character of the document stands."""
        return self.page and self.page + sum(turn <= offset for turn in self.turns)


@dataclass(frozen=True)
class Hit:
    """A passage and its retrieval score; higher is nearer, comparable within one search only."""

    passage: Passage
    score: float


@dataclass(frozen=True)
class Entry:
    """A stored document, without its text. `location` identifies it: its absolute path, or `added:` and its name."""

    path: str
    location: str
    sha256: str
    passages: int


@dataclass(frozen=True)
class Failure:
    """A path that could not be indexed, and the sentence that says why. `location` is that of a file to be noted."""

    path: str
    message: str
    location: str = field(default="", compare=False)


@dataclass(frozen=True)
class Notice:
    """What the library remembers that it could not read of a file, until it can or a person dismisses it.

    `location` identifies it like an entry's: that of the file or, of files that were skipped, of the folder.
    """

    location: str
    path: str
    problem: Problem
    message: str


@dataclass(frozen=True)
class Summary:
    """What one update of the library did, in documents.

    `failures` were to be read and could not be, `skipped` are files of a folder that Footnote does not read, and
    `warnings` are sentences about parts of files that were not read.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failures: tuple[Failure, ...] = ()
    skipped: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether it did or found anything worth telling."""
        return bool(self.added or self.updated or self.moved or self.removed or self.failures)

    @property
    def read_nothing(self) -> bool:
        """Whether nothing that it was given is in the library now, nor was taken from it."""
        return not (self.added or self.updated or self.moved or self.removed or self.unchanged)


@dataclass(frozen=True)
class Feedback:
    """What a person said of the answer to a question; `answer` is None where Footnote abstained.

    `correction` is the right answer to a wrong one, in the person's words. The first citation, if any, is
    `document.text[start:end] == quote` as it was then. The library sets `time` (ISO 8601, UTC), and `id` where None.
    """

    question: str
    answer: str | None
    verdict: Verdict
    correction: str | None = None
    document: str | None = None
    start: int | None = None
    end: int | None = None
    quote: str | None = None
    time: str = ""
    id: int | None = None
