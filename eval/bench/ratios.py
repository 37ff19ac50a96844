"""How fast Footnote is, as ratios to a baseline measured in the same run. Puts no models together: they are given."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter

import numpy as np

from eval.bench.relevance import Search, Wanted, hit_at, ranks_of
from index.embedding import Vectors
from index.encoder import Precision
from index.library import Library
from index.vectors import VectorIndex
from rag.types import Answer

SPEED_TARGETS: Mapping[Precision, float] = {"float32": 1.25, "bfloat16": 1.5}  # the default, and the lossy mode
SEARCH_TARGET = 1.2

NEIGHBOURS = 50  # of a search, ours and the raw one
SEARCHES = 10  # rounds, which take milliseconds

OpenLibrary = Callable[[Path, Precision], Library]
"""Makes a library in a folder, with the embedder of a precision."""


@dataclass(frozen=True)
class Measure:
    """One number of a bench. `target` is for the ratio, or for the value where there is no ratio.

    `ratio` is how many times faster than the baseline or, where `at_most` is set, how many times its cost.
    """

    name: str
    value: float
    unit: str
    against: str = ""
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.target if self.at_most else reached >= self.target


def fastest(tasks: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, float]:
    """The least of the seconds that each task says it took, over so many rounds of all tasks in turn.

    What else the machine does only ever adds to a time, so the least is the nearest to the task's own.
    """
    rounds = [{name: task() for name, task in tasks.items()} for _ in range(repeats)]
    return {name: min(taken[name] for taken in rounds) for name in tasks}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def indexing(
    files: Sequence[str],
    texts: Sequence[str],
    open_library: OpenLibrary,
    encode: Callable[[Sequence[str]], object],
    precisions: Sequence[Precision],
    repeats: int,
    scratch: Path,
) -> Iterator[Measure]:
    """From files to a searchable library, against encoding the same passages' texts and nothing else.

    Models are loaded before the clock starts, on both sides.
    """
    numbers = count()

    def indexed(precision: Precision) -> float:
        library = open_library(scratch / f"library-{next(numbers)}", precision)
        library.embed(texts[:1])
        return seconds(lambda: library.update(files))

    encode(texts[:1])
    tasks: dict[str, Callable[[], float]] = {precision: partial(indexed, precision) for precision in precisions}
    taken = fastest({"encode": lambda: seconds(lambda: encode(texts)), **tasks}, repeats)
    raw, against = taken["encode"], f"SentenceTransformer.encode alone, {len(texts):,} passages"
    for precision in precisions:
        ours = taken[precision]
        yield Measure(f"indexing_{precision}", ours, "s", against, raw, raw / ours, SPEED_TARGETS[precision])


def searching(
    name: str, vectors: Vectors, questions: Vectors, flat: Callable[[Vectors], Callable[[Vectors, int], object]]
) -> Measure:
    """The nearest passages of each question, float32[m, d], against FAISS's own exact search over the same vectors."""
    ours, raw = VectorIndex.build(np.arange(len(vectors), dtype=np.int64), vectors), flat(vectors)
    depth = min(NEIGHBOURS, len(vectors))
    tasks = {
        "ours": lambda: seconds(lambda: [ours.search(question, depth) for question in questions]),
        "raw": lambda: seconds(lambda: [raw(question, depth) for question in questions]),
    }
    taken = fastest(tasks, SEARCHES)
    mine, baseline = (1000 * spent / len(questions) for spent in taken.values())
    against = f"FAISS IndexFlatIP.search alone, {len(vectors):,} vectors, the fastest of {SEARCHES} rounds"
    return Measure(name, mine, "ms", against, baseline, mine / baseline, SEARCH_TARGET, at_most=True)


def latency(answers: Sequence[Answer], reader: str = "") -> Iterator[Measure]:
    """Median and 95th percentile of the milliseconds to answer, by stage and in all; with a `reader` named, in all."""
    for stage in (f"{reader}_total",) if reader else ("retrieve", "read", "total"):
        spent = [getattr(answer.timings, stage.rpartition("_")[2]) for answer in answers]
        for rank in (50, 95):
            against = f"{len(answers)} questions"
            yield Measure(f"{stage}_p{rank}", float(np.percentile(spent, rank)), "ms", against)


def found(asked: Sequence[Wanted], searches: Mapping[str, Search]) -> Iterator[Measure]:
    """hit@5 of each way to search, against that of the first."""
    first: float | None = None
    for name, search in searches.items():
        value = hit_at(ranks_of(asked, search), 5)
        against = f"{len(asked)} questions" if first is None else f"hit@5 of {next(iter(searches))}"
        yield Measure(f"hit@5_{name}", value, "", against, first)
        first = value if first is None else first
