"""Which of the passages that a system found are relevant: the rule of `footnote eval`, for any system's passages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.bench.trial import DEPTH
from eval.gold import GoldSet, Place, places, resolve
from index.errors import GoldError
from index.types import Document, Hit, Passage

Search = Callable[[str, int], Sequence[Hit]]
"""The passages for a question, at most so many, best first."""
Ranks = NDArray[np.float64]
"""Of each question the rank of the first relevant passage, counting from 1; `inf` for none."""


@dataclass(frozen=True)
class Wanted:
    """A question that the documents answer, and where: a relevant passage holds one of these places whole."""

    question: str
    places: Sequence[Place]

    def rank(self, found: Iterable[Passage]) -> float:
        """The rank of the first relevant passage among the first ten; `inf` for none."""
        first = enumerate(list(found)[:DEPTH], start=1)
        return next((rank for rank, passage in first if any(place.within(passage) for place in self.places)), np.inf)


def wanted(gold: GoldSet, documents: Sequence[Document]) -> list[Wanted]:
    """The gold set's questions that have an answer and follow no other. Raises GoldError where there are none."""
    texts = {document.path: document.text for document in documents}
    paths = list(texts)
    items = [resolve(item, paths, texts.__getitem__) for item in gold.items if item.answers and not item.follows]
    if not items:
        raise GoldError("A bench needs questions that the documents answer; the gold set has none.")
    return [Wanted(item.question, places(item, texts.__getitem__, paths)) for item in items]


def ranks_of(asked: Sequence[Wanted], search: Search) -> Ranks:
    """What a search, asked for ten passages, finds of these questions."""
    return np.array([each.rank(hit.passage for hit in search(each.question, DEPTH)) for each in asked])


def hit_at(ranks: Ranks, k: int) -> float:
    """Share of questions with a relevant passage among the first k."""
    return float(np.mean(ranks <= k))


def mrr(ranks: Ranks) -> float:
    """Mean reciprocal rank of the first relevant passage."""
    return float(np.mean(1 / ranks))


def ranking_scores(ranks: Ranks) -> dict[str, float]:
    """What is told of a ranking, by the names of `footnote eval`."""
    return {"hit@1": hit_at(ranks, 1), "hit@5": hit_at(ranks, 5), "hit@10": hit_at(ranks, 10), "mrr@10": mrr(ranks)}
