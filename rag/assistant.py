"""Question → answer with footnotes. Knows nothing of screens or gold sets."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from index.errors import QuestionError
from index.library import Library
from index.sentences import whole_sentences
from index.types import Hit
from rag.calibration import Calibration, features, span_text
from rag.compose import chosen
from rag.conversation import resolve
from rag.reader import Reader
from rag.retrieve import retrieve
from rag.squad import normalize
from rag.types import Answer, Citation, Span, Timings, Turn

PASSAGES = 10
MAX_QUESTION = 1000
MAX_CITATIONS = 3  # more only where a list needs them


class Assistant:
    """Answers questions about one library."""

    def __init__(self, library: Library, reader: Reader, calibration: Calibration, passages: int = PASSAGES) -> None:
        self._library = library
        self._reader = reader
        self._calibration = calibration
        self._passages = passages

    def answer(self, question: str, history: Sequence[Turn] = (), documents: Collection[str] | None = None) -> Answer:
        """One grounded answer, or an abstention. Raises QuestionError and LibraryError.

        `history` are the earlier turns of the conversation, `documents` the paths to ask; None asks them all.
        """
        *_, answer = self.stream(question, history, documents)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self, question: str, history: Sequence[Turn] = (), documents: Collection[str] | None = None
    ) -> Iterator[tuple[Hit, ...] | Answer]:
        """The retrieved hits as soon as they are known, then the answer."""
        question = resolve(clean(question), history)
        began = perf_counter()
        hits = tuple(retrieve(self._library, question, self._passages, documents))
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
    said = chosen(question, spans, [hit.passage.text for hit in hits])
    return Answer(
        question,
        candidate="; ".join(span_text(span, hits) for span in said),
        confidence=calibration.confidence(features(question, spans, hits)) if spans else 0.0,
        threshold=calibration.threshold,
        citations=cite(said, spans, hits),
        hits=hits,
        timings=Timings(retrieve_ms, 1000 * (perf_counter() - began)),
    )


def find(question: str, hits: Sequence[Hit], reader: Reader) -> list[Span]:
    """The best spans of the hits, best first by the reader's log odds and a prior of 1 / rank for the passage.

    The reader sees each passage below its headings, but answers come from the passage alone.
    """
    above = [len(hit.passage.embedded) - len(hit.passage.text) for hit in hits]
    spans = [
        replace(
            span,
            start=span.start - above[span.passage],
            end=span.end - above[span.passage],
            score=span.score - math.log(span.passage + 1),
        )
        for span in reader.read(question, [hit.passage.embedded for hit in hits])
        if span.start >= above[span.passage]
    ]
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


def cite(said: Sequence[Span], spans: Sequence[Span], hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Footnotes for what is said, then for the same as the best span elsewhere, where the reader prefers it to none."""
    if not said:
        return ()
    same = normalize(span_text(spans[0], hits))
    agreeing = [s for s in spans[1:] if s.score > 0 and normalize(span_text(s, hits)) == same]
    citations: dict[tuple[str, int], Citation] = {}
    for span in said:
        citation = _citation(span, hits[span.passage])
        earlier = citations.get((citation.document, citation.start), citation)
        citations[citation.document, citation.start] = replace(citation, answer_start=earlier.answer_start)
    needed = len(citations)
    for span in agreeing:
        citation = _citation(span, hits[span.passage])
        citations.setdefault((citation.document, citation.start), citation)
    return tuple(citations.values())[: max(needed, MAX_CITATIONS)]


def _citation(span: Span, hit: Hit) -> Citation:
    passage = hit.passage
    start, end = whole_sentences(passage.text, span.start, span.end)
    return Citation(
        document=passage.document,
        page=passage.page_at(passage.start + start),
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        answer_start=passage.start + span.start,
        answer_end=passage.start + span.end,
        heading=passage.heading,
    )
