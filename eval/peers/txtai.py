"""txtai, as its documentation builds an index of paragraphs."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from txtai import Embeddings
from txtai.pipeline import Segmentation

from eval.bench.trial import DEPTH
from index.types import Passage


class Peer:
    """An `Embeddings` database in memory; `hybrid` adds BM25."""

    def __init__(self, model: str, *, hybrid: bool) -> None:
        self._split = Segmentation(paragraphs=True)
        self._embeddings = Embeddings(path=model, **({"hybrid": True} if hybrid else {}))
        self._embeddings.batchtransform(["warm"])
        self._passages: list[Passage] = []

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        """Take in text files; the lengths of all paragraphs."""
        for name, file in files.items():
            text = file.read_text(encoding="utf-8")
            self._passages += located(name, text, self._split(text))
        self._embeddings.index((number, passage.text, None) for number, passage in enumerate(self._passages))
        return [len(passage.text) for passage in self._passages]

    def search(self, question: str) -> Sequence[Passage]:
        """The nearest paragraphs."""
        return [self._passages[number] for number, _ in self._embeddings.search(question, DEPTH)]


def located(name: str, text: str, paragraphs: Sequence[str]) -> list[Passage]:
    """Paragraphs, in which runs of spaces became one, where they stand in their text."""
    found, end = [], 0
    for paragraph in paragraphs:
        match = re.compile(" +".join(map(re.escape, paragraph.split(" ")))).search(text, end)
        assert match, f"{name} has no paragraph {paragraph[:60]!r}"
        found.append(Passage(name, match.start(), match.end(), paragraph))
        end = match.end()
    return found
