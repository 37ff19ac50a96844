"""Questions as they were asked and answered: lines of questions.jsonl, which scores and reports are made of.

Knows nothing of how answers came about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eval.gold import Evidence
from eval.metrics import Outcomes
from rag.types import Turn

DEPTH = 10


@dataclass(frozen=True)
class Cited:
    """A citation as the answer gave it."""

    document: str
    page: int | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True)
class Retrieved:
    """A passage as it was found."""

    document: str
    page: int | None
    start: int
    end: int
    score: float
    text: str


@dataclass(frozen=True)
class Record:
    """One question of a gold set, what was answered, and how that is to be judged.

    `answers` is empty where the documents do not say, `answer` None where the system abstained; `candidate` is its best
    guess even then, and `em` and `f1` are the candidate's, 0 for an unanswerable question. `relevant` says of each of
    the first ten passages whether it is relevant, as `ideal` passages are; `evidence_recall` is the share of the gold
    evidence that those ten hold. `verbatim` and `supported` are of the citations.
    """

    id: str
    question: str
    understood: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    follows: bool
    answer: str | None
    candidate: str
    confidence: float
    threshold: float
    em: float
    f1: float
    citations: tuple[Cited, ...]
    passages: tuple[Retrieved, ...]
    relevant: tuple[bool, ...]
    ideal: int
    evidence_recall: float
    verbatim: bool
    supported: bool
    retrieve_ms: float
    read_ms: float

    @property
    def slim(self) -> "Record":
        """Without the passages, which the scores do not need."""
        return replace(self, passages=())

    @property
    def turn(self) -> Turn:
        """What a follow-up needs to know of this, as `Answer.turn` has it."""
        quote = self.citations[0].quote if self.answer is not None and self.citations else ""
        return Turn(self.understood, self.answer, quote)


def parse_record(raw: Mapping[str, Any]) -> Record:
    """The record of a line of questions.jsonl. Raises KeyError, TypeError and ValueError for another."""
    parts = {
        **raw,
        "answers": tuple(raw["answers"]),
        "evidence": tuple(Evidence(**each) for each in raw["evidence"]),
        "citations": tuple(Cited(**each) for each in raw["citations"]),
        "passages": tuple(Retrieved(**each) for each in raw["passages"]),
        "relevant": tuple(raw["relevant"]),
    }
    return Record(**parts)


def groups(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Opening questions and follow-ups apart; nothing where none follows another."""
    apart = {
        "first": [record for record in records if not record.follows],
        "follow-up": [record for record in records if record.follows],
    }
    return apart if apart["follow-up"] else {}


def outcomes(records: Sequence[Record]) -> Outcomes:
    """Records as the columns that the scores are computed from.

    Of a system that never tells what it found there is nothing to say: its ranks and gains are NaN.
    """
    discount = 1 / np.log2(np.arange(2, DEPTH + 2))
    found = 1.0 if any(r.relevant for r in records) else np.nan
    return Outcomes(
        answerable=np.array([bool(r.answers) for r in records], dtype=bool),
        answered=np.array([r.answer is not None for r in records], dtype=bool),
        confidence=np.array([r.confidence for r in records]),
        em=np.array([r.em for r in records]),
        f1=np.array([r.f1 for r in records]),
        rank=found * np.array([r.relevant.index(True) + 1.0 if any(r.relevant) else np.inf for r in records]),
        dcg=found * np.array([discount[: len(r.relevant)] @ np.array(r.relevant, dtype=float) for r in records]),
        ideal_dcg=np.array([discount[: r.ideal].sum() for r in records]),
        recall=found * np.array([r.evidence_recall if r.evidence else np.nan for r in records]),
        verbatim=np.array([float(r.verbatim) for r in records]),
        supported=np.array([float(r.supported) for r in records]),
        retrieve_ms=np.array([r.retrieve_ms for r in records]),
        read_ms=np.array([r.read_ms for r in records]),
    )
