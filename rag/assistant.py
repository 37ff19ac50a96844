"""Question → answer with footnotes. Knows nothing of screens or gold sets."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from time import perf_counter

from index.errors import QuestionError
from index.library import Library
from index.types import Hit
from rag import counting, listing
from rag.calibration import Calibration, features, span_text, unmentioned
from rag.compose import chosen
from rag.conversation import resolve
from rag.overview import overview
from rag.reader import Reader
from rag.retrieve import retrieve
from rag.scope import Kind, Scope, asked
from rag.squad import normalize
from rag.types import Answer, Citation, Finding, Span, Timings, Turn

PASSAGES = 10
# What a point of the reader's log odds is worth in a hit's score. Of .05, .1, .15, .2 and .3 it puts the right passage
# first most often on wiki.dev, and within a point of that on reddit.dev, amazon.dev and the shipped gold set.
EVIDENCE = 0.15
MAX_QUESTION = 1000
MAX_CITATIONS = 3  # more only where a list needs them


class Assistant:
    """Answers questions about one library."""

    def __init__(self, library: Library, reader: Reader, calibration: Calibration, passages: int = PASSAGES) -> None:
        """`passages` is how many are retrieved for a question; the reader reads the first of them."""
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
        if not hits and documents is not None:
            raise QuestionError("None of the library's documents is to be asked; tick or name at least one.")
        if not hits:
            raise QuestionError("The library holds no documents yet; add some in the chat or with: footnote index PATH")
        yield hits
        began = perf_counter()
        finding = gathered(self._library, asked(question), hits, documents)
        if finding is None:
            yield answer_from(question, hits, self._reader, self._calibration, milliseconds)
            return
        yield Answer(
            question,
            candidate=finding.text,
            confidence=1.0 if finding.text else 0.0,
            threshold=self._calibration.threshold,
            citations=finding.citations,
            hits=hits,
            timings=Timings(milliseconds, 1000 * (perf_counter() - began)),
            note=finding.note,
        )


def gathered(library: Library, scope: Scope, hits: Sequence[Hit], documents: Collection[str] | None) -> Finding | None:
    """What whole documents have on a question that no passage answers; None for one that a passage may answer."""
    match scope.kind:
        case Kind.OVERVIEW:
            return overview(library, scope, hits, documents)
        case Kind.OCCURRENCES:
            return counting.occurrences(library, scope, hits, documents)
        case Kind.DOCUMENTS:
            return counting.documents_counted(library, scope, documents)
        case Kind.COUNT:
            return Finding("", (), counting.NOT_COUNTED)
        case Kind.LIST:
            return listing.listed(library, scope, hits, documents)
        case _:
            return None


def answer_from(
    question: str, hits: tuple[Hit, ...], reader: Reader, calibration: Calibration, retrieve_ms: float = 0.0
) -> Answer:
    """The answer that these hits support."""
    began = perf_counter()
    found = find(question, hits[: reader.reads], reader)
    spans = preferred(found)
    said = chosen(question, spans, [hit.passage.text for hit in hits])
    answer = Answer(
        question,
        candidate="; ".join(span_text(span, hits) for span in said),
        confidence=calibration.confidence(features(question, spans, hits)) if spans else 0.0,
        threshold=calibration.threshold,
        citations=cite(said, spans, hits),
        hits=by_evidence(hits, found),
        timings=Timings(retrieve_ms, 1000 * (perf_counter() - began)),
    )
    scope = asked(question)
    if scope.kind is Kind.NUMBER:
        answer = counting.checked(answer, scope.subject)
    elif scope.kind is Kind.LIST:
        answer = listing.checked(answer)
    return answer if answer.answerable or answer.note else replace(answer, note=narrowing(question, hits))


def narrowing(question: str, hits: Sequence[Hit]) -> str:
    """A sentence that helps to ask a question again that has no answer; empty where there is nothing to say."""
    if lacking := unmentioned(question, [hit.passage.embedded for hit in hits]):
        return f"None of the nearest passages mentions {' or '.join(f'“{name}”' for name in lacking)}."
    return "A whole question finds more than a word or two." if len(question.split()) < 3 else ""


def find(question: str, hits: Sequence[Hit], reader: Reader) -> list[Span]:
    """The best spans of the passages, best first.

    The reader sees each passage below its headings, but answers come from the passage alone.
    """
    above = [len(hit.passage.embedded) - len(hit.passage.text) for hit in hits]
    return [
        replace(span, start=span.start - above[span.passage], end=span.end - above[span.passage])
        for span in reader.read(question, [hit.passage.embedded for hit in hits])
        if span.start >= above[span.passage]
    ]


def preferred(spans: Sequence[Span]) -> list[Span]:
    """The spans by the reader's log odds and a prior of 1 / rank for the passage, best first."""
    weighed = [replace(span, score=span.score - math.log(span.passage + 1)) for span in spans]
    return sorted(weighed, key=lambda span: (-span.score, span.passage))


def by_evidence(hits: Sequence[Hit], spans: Sequence[Span]) -> tuple[Hit, ...]:
    """The hits best first, each scored by retrieval + 0.15 × the reader's log odds for its best span.

    One without a span counts as the reader's least.
    """
    odds: dict[int, float] = {}
    for span in spans:
        odds[span.passage] = max(span.score, odds.get(span.passage, -math.inf))
    least = min(odds.values(), default=0.0)
    scored = [replace(hit, score=hit.score + EVIDENCE * odds.get(number, least)) for number, hit in enumerate(hits)]
    return tuple(sorted(scored, key=lambda hit: (-hit.score, hit.passage.document, hit.passage.start)))


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
        citation = Citation.of(hits[span.passage].passage, span.start, span.end)
        earlier = citations.get((citation.document, citation.start), citation)
        citations[citation.document, citation.start] = replace(citation, answer_start=earlier.answer_start)
    needed = len(citations)
    for span in agreeing:
        citation = Citation.of(hits[span.passage].passage, span.start, span.end)
        citations.setdefault((citation.document, citation.start), citation)
    return tuple(citations.values())[: max(needed, MAX_CITATIONS)]
