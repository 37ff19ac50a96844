"""What a bench runs on: documents as plain files, and longer ones made of short ones. Knows nothing of models."""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from index.errors import DocumentError
from index.loaders import load
from index.sentences import BETWEEN_CELLS, sentences
from index.survey import find_files
from index.types import Document, kind

PER_PASSAGE = 650
"""Characters of recombined text that give one passage, more or less."""

_SHORTEST, _LONGEST = 40, 400  # characters of a sentence
_DOCUMENT = 12_000  # characters, four pages of print
_MARKDOWN = (".md", ".markdown")


def load_documents(paths: Iterable[str]) -> list[Document]:
    """The documents of these files and folders. Raises DocumentError for the first that is bad."""
    found = []
    for path in map(Path, paths):
        files = list(find_files(path)) if path.is_dir() else [path]
        if not files:
            raise DocumentError(f"The folder {str(path)!r} holds no file that Footnote reads.")
        found += [load(file, str(file)) for file in files]
    return found


def write(documents: Iterable[Document], folder: Path) -> dict[str, Path]:
    """Each document's text as a file below `folder`, by its path: Markdown stays that, all others are plain text."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for number, document in enumerate(documents, start=1):
        file = folder / f"{number:05}{'.md' if kind(document.path) in _MARKDOWN else '.txt'}"
        file.write_text(document.text, encoding="utf-8", newline="")
        files[document.path] = file
    return files


def recombined(documents: Iterable[Document], passages: int, seed: int = 0) -> list[Document]:
    """About so many passages of new text: sentences of these documents drawn into sections, the same every time.

    Raises DocumentError where there are too few sentences to draw from.
    """
    drawn = list(dict.fromkeys(sentence for document in documents for sentence in _prose(document.text)))
    if len(drawn) < 10:
        raise DocumentError(f"A bench draws on 10 sentences or more; the documents hold {len(drawn)}.")
    rng = random.Random(seed)
    left = passages * PER_PASSAGE
    made: list[Document] = []
    while left > 0:
        text = _document(drawn, min(left, _DOCUMENT), rng)
        made.append(Document.from_text(f"recombined-{len(made) + 1:04}.md", text))
        left -= len(text)
    return made


def _prose(text: str) -> Iterator[str]:
    """Its sentences on one line, without headings, list items and rows of tables."""
    for start, end in sentences(text):
        sentence = " ".join(text[start:end].split())
        whole = sentence[0].isalpha() and sentence[-1] in ".!?" and BETWEEN_CELLS not in sentence
        if whole and _SHORTEST <= len(sentence) <= _LONGEST:
            yield sentence


def _document(drawn: Sequence[str], length: int, rng: random.Random) -> str:
    """Sections of two to four paragraphs of three to six sentences, until there are so many characters."""
    parts: list[str] = []
    section = written = 0
    while written < length:
        section += 1
        parts.append(f"## Section {section}")
        for _ in range(rng.randint(2, 4)):
            parts.append(" ".join(rng.sample(drawn, rng.randint(3, 6))))
            written += len(parts[-1])
    return "\n\n".join(parts) + "\n"
