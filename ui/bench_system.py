"""Footnote's turn in `footnote bench --peers`: python -m ui.bench_system PRECISION|read JOB OUTCOME."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from eval.bench.trial import DEPTH, trial
from index.encoder import Precision
from index.types import Hit, Passage
from rag.retrieve import retrieve
from ui.assemble import open_assistant, open_library


class Footnote:
    """A library in a folder, searched or, told to `read`, asked."""

    def __init__(self, folder: Path, how: str) -> None:
        precision: Precision = "bfloat16" if how == "bfloat16" else "float32"
        self._library = open_library(folder, create=True, precision=precision)
        self._library.embed(["warm"])
        self._assistant = open_assistant(self._library) if how == "read" else None
        self._names: dict[str, str] = {}

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        """Take in text files; the lengths of all passages."""
        self._names = {str(file): name for name, file in files.items()}
        self._library.update(list(self._names))
        return [len(passage.text) for passage in self._library.passages()]

    def search(self, question: str) -> Sequence[Passage]:
        """The passages that a question is answered from."""
        found = [hit.passage for hit in self._hits(question)]
        return [Passage(self._names[each.document], each.start, each.end, each.text) for each in found]

    def _hits(self, question: str) -> Sequence[Hit]:
        if self._assistant:
            return self._assistant.answer(question).hits
        return retrieve(self._library, question, DEPTH)


if __name__ == "__main__":
    how, job, outcome = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
        trial(partial(Footnote, Path(folder), how), Path(job), Path(outcome))
