"""Question → answer with footnotes. Knows nothing of screens or gold sets."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from index.errors import QuestionError
from index.library import Library
from index.sentences import sentences
from index.types import Hit
from rag.calibration import Calibration, features, span_text
from rag.reader import Reader
from rag.retrieve import retrieve
from rag.squad import normalize
from rag.types import Answer, Citation, Span, Timings

PASSAGES = 10
MAX_QUESTION = 1000
MAX_CITATIONS = 3


class Assistant:
    """Answers questions about one library."""

    def __init__(self, library: Library, reader: Reader, calibration: Calibration, passages: int = PASSAGES) -> None:
        self._library = library
        self._reader = reader
        self._calibration = calibration
        self._passages = passages

    def answer(self, question: str) -> Answer:
        """One grounded answer, or an abstention. Raises QuestionError and LibraryError."""
        *_, answer = self.stream(question)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str) -> Iterator[tuple[Hit, ...] | Answer]:
        """The retrieved hits as soon as they are known, then the answer."""
        question = clean(question)
        began = perf_counter()
        hits = tuple(retrieve(self._library, question, self._passages))
        milliseconds = 1000 * (perf_counter() - began)
        if not hits:
            raise QuestionError("The library holds no documents yet; add some in the chat or with: footnote index PATH")
        yield hits
        yield answer_from(question, hits, self._reader, self._calibration, milliseconds)


def answer_from(
    question: str, hits: tuple[Hit, ...], reader: Reader, calibration: Calibration, retrieve_ms: float = 0.0
) -> Answer:
    """The answer that these hits support."""
    began = perf_counter()
    spans = find(question, hits, reader)
    return Answer(
        question,
        candidate=span_text(spans[0], hits) if spans else "",
        confidence=calibration.confidence(features(question, spans, hits)) if spans else 0.0,
        threshold=calibration.threshold,
        citations=cite(spans, hits),
        hits=hits,
        timings=Timings(retrieve_ms, 1000 * (perf_counter() - began)),
    )


def find(question: str, hits: Sequence[Hit], reader: Reader) -> list[Span]:
    """The best span of each hit, best first by the reader's log odds and a prior of 1 / rank for its passage."""
    read = reader.read(question, [hit.passage.text for hit in hits])
    spans = [replace(span, score=span.score - math.log(span.passage + 1)) for span in read]
    return sorted(spans, key=lambda span: (-span.score, span.passage))


def clean(question: str) -> str:
    """The question without outer white space and lone surrogates. Raises QuestionError when it is empty or too long."""
    question = question.encode(errors="replace").decode().strip()
    if not question:
        raise QuestionError("The question is empty; ask something about the documents.")
    if len(question) > MAX_QUESTION:
        raise QuestionError(
            f"The question has {len(question):,} characters; Footnote reads up to {MAX_QUESTION:,}. Ask a shorter one."
        )
    return question


def cite(spans: Sequence[Span], hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Footnotes for the best span: its own sentence first, then others that the reader finds the same answer in."""
    if not spans:
        return ()
    said = normalize(span_text(spans[0], hits))
    agreeing = [s for s in spans[1:] if s.score > 0 and normalize(span_text(s, hits)) == said]
    citations = dict.fromkeys(_citation(span, hits[span.passage]) for span in [spans[0], *agreeing])
    return tuple(citations)[:MAX_CITATIONS]


def _citation(span: Span, hit: Hit) -> Citation:
    passage = hit.passage
    touched = [(a, b) for a, b in sentences(passage.text) if a < span.end and span.start < b]
    start, end = touched[0][0], touched[-1][1]
    return Citation(
        document=passage.document,
        page=passage.page,
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        answer_start=passage.start + span.start,
        answer_end=passage.start + span.end,
    )
