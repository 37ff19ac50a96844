"""Hybrid retrieval: dense and lexical scores in one. Knows nothing of readers."""

from collections.abc import Collection, Sequence

from index.library import Library
from index.types import Hit, Passage

DEPTH = 100
# What a point of BM25 is worth in cosine. Of .02, .03, .04, .05, .06 and .08 all but the first put the right passage
# first within a point as often as the best of them, on each of three development sets (rag/training/README.md).
LEXICAL = 0.04


def fuse(dense: Sequence[Hit], lexical: Sequence[Hit], depth: int) -> list[Hit]:
    """The passages of either ranking by cosine + BM25 / 25, best first: scores, not ranks (Bruch et al. 2023).

    A passage that a full ranking, one of `depth`, lacks counts there as its last; one that a shorter one lacks, as 0.
    """
    cosines, cosine = _scores(dense, depth)
    points, point = _scores(lexical, depth)
    hits = [
        Hit(passage, cosines.get(passage, cosine) + LEXICAL * points.get(passage, point))
        for passage in cosines | points
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage.document, hit.passage.start))


def _scores(ranking: Sequence[Hit], depth: int) -> tuple[dict[Passage, float], float]:
    """The score of each passage, and that of any other."""
    return {hit.passage: hit.score for hit in ranking}, ranking[-1].score if len(ranking) >= depth else 0.0


def retrieve(library: Library, question: str, k: int, documents: Collection[str] | None = None) -> list[Hit]:
    """The `k` passages most likely to hold the answer, best first, of these documents or of all."""
    depth = max(DEPTH, k)
    return fuse(*library.search(question, depth, documents), depth)[:k]
