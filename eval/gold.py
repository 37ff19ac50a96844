"""What a gold set is, and where its answers stand in the documents. Knows nothing of files or models."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import GoldError
from index.sentences import blocks, whole_sentences
from index.types import Document, Passage


@dataclass(frozen=True)
class Evidence:
    """The quote of a document that supports the answer; `document` may be the end of a longer path.

    Either may be empty until it is resolved: whichever document has the quote, or what the document says of the answer.
    """

    document: str
    quote: str


@dataclass(frozen=True)
class Item:
    """One question, which may go on from the item before. No `answers` means that the documents do not say.

    A `draft` was made by a program and nobody has looked at it yet.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    follows: bool = False
    draft: bool = False

    @property
    def quoted(self) -> bool:
        """Whether some accepted answer, or a part of one that lists several, stands in a quote of the evidence."""
        quotes = [piece.quote for piece in self.evidence if piece.quote]
        parts = [part for answer in self.answers for part in (answer, *answer.split("; "))]
        return not parts or not quotes or any(_occurrences(parts, quote) for quote in quotes)


@dataclass(frozen=True)
class GoldSet:
    """Questions, and the documents where the gold file carries them (SQuAD does).

    `warnings` are sentences about what is odd in the file but can be scored.
    """

    items: tuple[Item, ...]
    documents: tuple[Document, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Characters of a document that a relevant passage must hold."""

    document: str
    start: int
    end: int

    def within(self, passage: Passage) -> bool:
        """Whether the passage holds all of it."""
        return passage.document == self.document and passage.start <= self.start and self.end <= passage.end


def resolve(item: Item, paths: Iterable[str], text: Callable[[str], str]) -> Item:
    """The item with whole evidence: its documents spelled as the library's paths, its quotes as they stand there.

    Raises GoldError where a document is not there, or has nothing to quote.
    """
    known = list(paths)
    evidence: list[Evidence] = []
    for piece in item.evidence:
        document = _named(item, piece.document, known) if piece.document else _holder(item, piece.quote, known, text)
        quotes = [piece.quote] if piece.quote else dict.fromkeys(_sayings(item, text(document)))
        if not quotes:
            raise GoldError(f"Question {item.id}: its document {piece.document!r} contains none of its answers.")
        evidence += [Evidence(document, quote) for quote in quotes]
    return replace(item, evidence=tuple(evidence))


def _named(item: Item, document: str, known: Sequence[str]) -> str:
    if document in known:
        return document
    parts = Path(document).parts
    same = [path for path in known if Path(path).parts[-len(parts) :] == parts]
    if len(same) != 1:
        found = "is not in the library" if not same else f"could be any of {', '.join(same)}"
        raise GoldError(f"Question {item.id}: its evidence document {document!r} {found}.")
    return same[0]


def _holder(item: Item, quote: str, known: Sequence[str], text: Callable[[str], str]) -> str:
    holders = [path for path in known if quote in text(path)]
    if len(holders) != 1:
        found = f"in {', '.join(holders)}; name one of them as its document" if holders else "in no document"
        raise GoldError(f"Question {item.id}: its evidence {quote[:60]!r} stands {found}.")
    return holders[0]


def _sayings(item: Item, text: str) -> Iterator[str]:
    """The sentences that hold an accepted answer."""
    for start, end in blocks(text):
        block = text[start:end]
        for span in _occurrences(item.answers, block):
            first, last = whole_sentences(block, *span)
            yield block[first:last]


def places(item: Item, text: Callable[[str], str], paths: Sequence[str]) -> list[Place]:
    """Where the answer stands: each accepted answer inside the evidence, or anywhere when there is no evidence.

    Evidence without an accepted answer in it counts as a whole. Raises GoldError for a quote its document lacks.
    """
    if not item.answers:
        return []
    found = []
    for piece in item.evidence:
        start = text(piece.document).find(piece.quote)
        if start < 0:
            raise GoldError(
                f"Question {item.id}: {piece.document!r} does not contain its evidence {piece.quote[:60]!r}."
            )
        spans = _occurrences(item.answers, piece.quote) or [(0, len(piece.quote))]
        found += [Place(piece.document, start + a, start + b) for a, b in spans]
    if not item.evidence:
        found = [Place(path, a, b) for path in paths for a, b in _occurrences(item.answers, text(path))]
    return found


def _occurrences(answers: Iterable[str], text: str) -> list[tuple[int, int]]:
    """Spans of the answers as whole words, upper or lower case."""
    longest_first = sorted(set(answers), key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(answer)}(?!\w)" for answer in longest_first)
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
