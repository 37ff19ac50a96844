"""A system for `compare` to run: blank lines part its passages, shared words rank them. `broken` gives up instead."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from eval.bench.trial import DEPTH, trial
from index.types import Passage


class Words:
    """Whole paragraphs by how many of the question's words they hold."""

    def __init__(self) -> None:
        self._passages: list[Passage] = []

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        for name, file in files.items():
            text = file.read_text(encoding="utf-8")
            spans = (match.span() for match in re.finditer(r".+(?:\n.+)*", text))
            self._passages += [Passage(name, start, end, text[start:end]) for start, end in spans]
        return [len(passage.text) for passage in self._passages]

    def search(self, question: str) -> Sequence[Passage]:
        asked = _words(question)
        return sorted(self._passages, key=lambda passage: -len(asked & _words(passage.text)))[:DEPTH]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


if __name__ == "__main__":
    if "broken" in sys.argv:
        sys.exit("It has no wheels.")
    trial(Words, *map(Path, sys.argv[-2:]))
