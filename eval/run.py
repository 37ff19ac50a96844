"""A gold set through an answering function. Knows nothing of how answers are made or shown."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.gold import Evidence, GoldSet, Item, Place, places, resolve
from eval.metrics import Outcomes
from index.errors import GoldError
from index.types import Hit, Passage
from rag.squad import exact_match, token_f1
from rag.types import Answer, Citation, Turn

DEPTH = 10


@dataclass(frozen=True)
class Result:
    """One question, its answer, and what the scores need to know of them."""

    item: Item
    answer: Answer
    relevant: tuple[bool, ...]
    ideal: int
    verbatim: bool
    supported: bool

    @property
    def em(self) -> float:
        """Exact match of the candidate, 0 for an unanswerable question."""
        return exact_match(self.answer.candidate, self.item.answers)

    @property
    def f1(self) -> float:
        """Token F1 of the candidate, 0 for an unanswerable question."""
        return token_f1(self.answer.candidate, self.item.answers)


@dataclass(frozen=True)
class Corpus:
    """The documents a gold set is about: their paths, texts and passages."""

    paths: Sequence[str]
    text: Callable[[str], str]
    passages: Iterable[Passage]


def run_open(
    gold: GoldSet,
    corpus: Corpus,
    answer: Callable[[str, Sequence[Turn]], Answer],
    progress: Callable[[float, int], None] = lambda share, done: None,
) -> list[Result]:
    """Ask every question of the whole corpus; an answer's hits should be ten or more for hit@10 to mean it.

    A follow-up is asked with the turns before it as they were answered, right or wrong.
    """
    items = [resolve(item, corpus.paths) for item in gold.items]
    sought = [places(item, corpus.text, corpus.paths) for item in items]
    passages = defaultdict(list)
    for passage in corpus.passages:
        passages[passage.document].append(passage)
    results: list[Result] = []
    history: list[Turn] = []
    for number, (item, wanted) in enumerate(zip(items, sought, strict=True), start=1):
        history = [*history, results[-1].answer.turn] if item.follows else []
        nearby = (passage for document in {place.document for place in wanted} for passage in passages[document])
        ideal = sum(_holds(wanted, passage) for passage in nearby)
        results.append(_result(item, answer(item.question, history), wanted, ideal, corpus.text))
        progress(number / len(items), number)
    return results


def run_reader(
    gold: GoldSet,
    corpus: Corpus,
    read: Callable[[str, tuple[Hit, ...]], Answer],
    progress: Callable[[float, int], None] = lambda share, done: None,
) -> list[Result]:
    """Give the reader each question's gold evidence alone, as SQuAD's own evaluation does.

    Where all questions are answerable, as in SQuAD v1.1, every one is answered: abstaining is no part of that task.
    Raises GoldError for a follow-up, or a question without evidence.
    """
    if follow_up := next((item.id for item in gold.items if item.follows), None):
        raise GoldError(f"Question {follow_up} follows another, and reader mode asks each alone; use --mode open.")
    if bare := next((item.id for item in gold.items if not item.evidence), None):
        raise GoldError(f"Question {bare} has no evidence, and reader mode gives the reader the evidence alone.")
    items = [resolve(item, corpus.paths) for item in gold.items]
    sought = [places(item, corpus.text, corpus.paths) for item in items]
    must_answer = all(item.answers for item in items)
    results = []
    for number, (item, wanted) in enumerate(zip(items, sought, strict=True), start=1):
        hits = tuple(Hit(_whole(piece, corpus.text), 1.0) for piece in item.evidence)
        answer = read(item.question, hits)
        if must_answer:
            answer = replace(answer, threshold=0.0)
        results.append(_result(item, answer, wanted, len(hits), corpus.text))
        progress(number / len(items), number)
    return results


def _whole(evidence: Evidence, text: Callable[[str], str]) -> Passage:
    start = text(evidence.document).find(evidence.quote)
    return Passage(evidence.document, start, start + len(evidence.quote), evidence.quote)


def _holds(wanted: Sequence[Place], passage: Passage) -> bool:
    return any(place.within(passage) for place in wanted)


def _result(item: Item, answer: Answer, wanted: Sequence[Place], ideal: int, text: Callable[[str], str]) -> Result:
    relevant = tuple(_holds(wanted, hit.passage) for hit in answer.hits[:DEPTH])
    verbatim = all(text(c.document)[c.start : c.end] == c.quote for c in answer.citations)
    supported = any(_supports(citation, item) for citation in answer.citations)
    return Result(item, answer, relevant, ideal, verbatim and bool(answer.citations), supported)


def _supports(citation: Citation, item: Item) -> bool:
    """Whether the quote contains an accepted answer, or the quote and the gold evidence contain one another."""
    if any(answer.lower() in citation.quote.lower() for answer in item.answers):
        return True
    same = (piece.quote for piece in item.evidence if piece.document == citation.document and item.answers)
    return any(citation.quote in quote or quote in citation.quote for quote in same)


def groups(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Opening questions and follow-ups apart; nothing where none follows another."""
    apart = {
        "first": [result for result in results if not result.item.follows],
        "follow-up": [result for result in results if result.item.follows],
    }
    return apart if apart["follow-up"] else {}


def outcomes(results: Sequence[Result]) -> Outcomes:
    """Results as the columns that the scores are computed from."""
    discount = 1 / np.log2(np.arange(2, DEPTH + 2))
    return Outcomes(
        answerable=np.array([bool(r.item.answers) for r in results]),
        answered=np.array([r.answer.answerable for r in results]),
        confidence=np.array([r.answer.confidence for r in results]),
        em=np.array([r.em for r in results]),
        f1=np.array([r.f1 for r in results]),
        rank=np.array([r.relevant.index(True) + 1.0 if any(r.relevant) else np.inf for r in results]),
        dcg=np.array([discount[: len(r.relevant)] @ np.array(r.relevant, dtype=float) for r in results]),
        ideal_dcg=np.array([discount[: r.ideal].sum() for r in results]),
        verbatim=np.array([float(r.verbatim) for r in results]),
        supported=np.array([float(r.supported) for r in results]),
        milliseconds=np.array([r.answer.timings.total for r in results]),
    )
