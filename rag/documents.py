"""Whole documents: which of them a question means, and where in them things stand. Knows nothing of readers."""

from collections.abc import Collection, Sequence
from pathlib import Path

from index.chunking import BETWEEN_TITLES
from index.library import Library
from index.types import Hit, Passage, kind
from rag.scope import DOCUMENT_NOUNS, stems

NAMES = 3  # of documents given in full, at most


def contents(library: Library, documents: Collection[str] | None) -> list[str]:
    """The paths, of these or of all, one for each content that has passages."""
    entries = [entry for entry in library.documents() if documents is None or entry.path in documents]
    first = {(entry.sha256, kind(entry.path)): entry.path for entry in reversed(entries) if entry.passages}
    return sorted(first.values())


def named(phrase: str, paths: Sequence[str], hits: Sequence[Hit]) -> list[str]:
    """Those of the paths whose names have all words of the phrase.

    A document's names are the words of its file name and, where it is among the hits, those of its title.
    """
    words = _words(phrase)
    return [path for path in paths if words and words <= _names(path, hits)]


def meant(phrase: str, paths: Sequence[str], hits: Sequence[Hit]) -> list[str]:
    """Those so named; where there are none, all of them if the phrase is “the document” or there is but one."""
    everything = _words(phrase) <= DOCUMENT_NOUNS or len(paths) == 1
    return named(phrase, paths, hits) or (list(paths) if everything else [])


def _words(phrase: str) -> set[str]:
    return set(stems(phrase)) - {"document", "file", "text", "doc", "whole", "entire", "all"}


def _names(path: str, hits: Sequence[Hit]) -> set[str]:
    titles = (hit.passage.heading.partition(BETWEEN_TITLES)[0] for hit in hits if hit.passage.document == path)
    file = Path(path)
    return set(stems(" ".join((file.stem.replace("_", " "), file.suffix, *titles))))


def called(paths: Sequence[str]) -> str:
    """The documents in words: “a.md and b.txt”, “12 documents”."""
    names = [Path(path).name for path in paths]
    if len(names) > NAMES:
        return f"{len(names):,} documents"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def holding(passages: Sequence[Passage], path: str, text: str, start: int, end: int) -> Passage:
    """The passage with all of these characters of a document's text; they alone where a cut goes through them."""
    alone = Passage(path, start, end, text[start:end])
    return next((p for p in passages if p.start <= start and end <= p.end), alone)
