"""Hybrid retrieval: dense and lexical scores in one. Knows nothing of readers."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from index.library import Library
from index.types import Hit, Passage

DEPTH = 100
# What a point of BM25 is worth in cosine. Of .02, .03, .04, .05, .06 and .08 all but the first put the right passage
# first within a point as often as the best of them, on each of three development sets (rag/training/README.md).
LEXICAL = 0.04
LATE = 3.0
NO_LATE: Mapping[Passage, float] = MappingProxyType({})


def fuse(
    dense: Sequence[Hit], lexical: Sequence[Hit], depth: int, late: Mapping[Passage, float] = NO_LATE
) -> list[Hit]:
    """The passages of either ranking by cosine + BM25 / 25 + 3 late interaction, best first (Bruch et al. 2023).

    Scores are added, not ranks. A passage that a full ranking, one of `depth`, lacks counts there as its last; one that
    a shorter one lacks, as 0.
    """
    cosines, cosine = _scores(dense, depth)
    points, point = _scores(lexical, depth)
    hits = [
        Hit(
            passage,
            cosines.get(passage, cosine) + LEXICAL * points.get(passage, point) + LATE * late.get(passage, 0.0),
        )
        for passage in cosines | points
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage.document, hit.passage.start))


def _scores(ranking: Sequence[Hit], depth: int) -> tuple[dict[Passage, float], float]:
    """The score of each passage, and that of any other."""
    return {hit.passage: hit.score for hit in ranking}, ranking[-1].score if len(ranking) >= depth else 0.0


def retrieve(library: Library, question: str, k: int, documents: Collection[str] | None = None) -> list[Hit]:
    """The `k` passages most likely to hold the answer, best first, of these documents or of all."""
    depth = max(DEPTH, k)
    dense, lexical, late = library.search(question, depth, documents)
    return fuse(dense, lexical, depth, late)[:k]
