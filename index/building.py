"""A vector index made of a stream of vectors, tuned until it misses little. Knows neither FAISS nor SQLite."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.vectors import Ids, Quantizer, VectorIndex, Vectors, lists_for, train

EXACT = 65_536
"""The most vectors that are searched exactly: on one core the slowest of twenty such searches takes about 10 ms."""
GROWTH = 4  # times the size at which it was trained, and an index is trained anew
PER_LIST = 40  # vectors to learn a centroid from
DEPTH = 50  # of searches that recall is measured in: a question's go deeper, and miss no more
QUERIES = 256  # vectors that recall is measured with
NEARNESS = (0.1, 0.8)  # the range of a question's cosine with the passage that it is about

Blocks = Callable[[], Iterator[tuple[Ids, Vectors]]]
Sample = Callable[[int], Vectors]


def build(dimension: int, blocks: Blocks, quantizer: Quantizer | None) -> VectorIndex:
    """The index of every vector in `blocks`: approximate with a quantizer, exact without."""
    index = VectorIndex.empty(dimension, quantizer)
    for ids, vectors in blocks():
        index.add(ids, vectors)
    return index


def is_due(size: int, quantizer: Quantizer | None) -> bool:
    """Whether so many vectors need a quantizer and have none, or one that was trained for far fewer or more."""
    if quantizer is None:
        return size > EXACT
    return not quantizer.size / GROWTH <= size <= quantizer.size * GROWTH


def recall_for(size: int) -> float:
    """The share of the ten nearest that a search of so many vectors should find: less where each share costs more."""
    return 0.985 if size <= 3_000_000 else 0.955


def train_and_build(dimension: int, size: int, blocks: Blocks, sample: Sample) -> tuple[VectorIndex, Quantizer]:
    """An approximate index of `size` vectors, and what it was made with.

    `sample` gives at most so many of them, chosen at random. From most of these the centroids are learned. From the
    others questions are made, for which the nearest are found exactly and then with more and more lists until enough of
    them are found.
    """
    lists = lists_for(size)
    drawn = sample(lists * PER_LIST + 2 * QUERIES)
    held, drawn = np.split(drawn, [min(2 * QUERIES, len(drawn) // 2)])
    lists = max(1, min(lists, len(drawn) // 4))  # where many passages are the same, there is little to learn from
    nearest = Nearest(questions(held))
    quantizer = Quantizer(train(drawn, lists), size, 1, 0.0)
    index = VectorIndex.empty(dimension, quantizer)
    for ids, vectors in blocks():
        index.add(ids, vectors)
        nearest.see(ids, vectors)
    wanted = min(recall_for(size), nearest.recall(index.probing(lists)) - 0.002)
    few, enough = 1, lists
    while few < enough:
        probes = (few + enough) // 2
        few, enough = (few, probes) if nearest.recall(index.probing(probes)) >= wanted else (probes + 1, enough)
    index = index.probing(enough)
    return index, replace(quantizer, probes=enough, recall=nearest.recall(index))


def questions(vectors: Vectors) -> Vectors:
    """Unit vectors that lie to the first half of these as real questions lie to the passages that answer them.

    Cosines of .1 to .8, the rest of each at random in the directions that the vectors take. In 8 of 64 lists of 5,135
    real paragraphs there are 84 % of the ten nearest to real questions, 86 % of the ten nearest to these, and 95 % of
    the ten nearest to stored vectors themselves.
    """
    rng = np.random.default_rng(0)
    passages = vectors[: len(vectors) // 2]
    aside = rng.standard_normal((len(passages), len(vectors)), dtype=np.float32) @ vectors
    return beside(passages, aside, rng.uniform(*NEARNESS, size=(len(passages), 1)))


def beside(passages: Vectors, aside: Vectors, near: NDArray[np.float64]) -> Vectors:
    """Unit vectors at about these cosines [n, 1] with these passages, away from each in its direction of `aside`."""
    share = near.astype(np.float32)
    return unit(share * passages + unit(aside) * np.sqrt(1 - share**2))


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class Nearest:
    """The ten nearest of all vectors seen to each of some queries, by comparing them all."""

    def __init__(self, queries: Vectors) -> None:
        self._queries = queries
        self.ids: Ids = np.empty((len(queries), 0), dtype=np.int64)
        self._scores = np.empty((len(queries), 0), dtype=np.float32)

    def see(self, ids: Ids, vectors: Vectors) -> None:
        """Take further vectors float32[n, d] into account."""
        scores = np.hstack([self._scores, self._queries @ vectors.T])
        known = np.hstack([self.ids, np.broadcast_to(ids, (len(self._queries), len(ids)))])
        best = np.argpartition(-scores, min(10, scores.shape[1]) - 1, axis=1)[:, :10]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self.ids = np.take_along_axis(known, best, axis=1)

    def recall(self, index: VectorIndex) -> float:
        """The share of them that are among the candidates of a search."""
        pairs = zip(self._queries, self.ids.tolist(), strict=True)
        found = [len({each for each, _ in index.candidates(query, DEPTH)} & set(ids)) for query, ids in pairs]
        return sum(found) / max(self.ids.size, 1)
