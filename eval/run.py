"""A gold set through an answering function. Knows nothing of how answers are made or shown."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from eval.gold import Evidence, GoldSet, Item, Place, places, resolve
from eval.records import DEPTH, Cited, Record, Retrieved
from index.errors import GoldError
from index.types import Hit, Passage
from rag.squad import exact_match, token_f1
from rag.types import Answer, Citation, Turn


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
    done: Sequence[Record] = (),
) -> Iterator[Record]:
    """Ask every question of the whole corpus; an answer's hits should be ten or more for hit@10 to mean it.

    A follow-up is asked with the turns before it as they were answered, right or wrong. The first questions, whose
    records are `done`, are not asked again. Raises GoldError at once, before anything is asked.
    """
    asked = _asked(gold, corpus)
    passages = defaultdict(list)
    for passage in corpus.passages:
        passages[passage.document].append(passage)

    def records() -> Iterator[Record]:
        history: list[Turn] = []
        for record in done:
            history = [*(history if record.follows else ()), record.turn]
        for item, wanted in asked[len(done) :]:
            nearby = (passage for document in {place.document for place in wanted} for passage in passages[document])
            ideal = sum(_holds(wanted, passage) for passage in nearby)
            history = history if item.follows else []
            answered = answer(item.question, history)
            history = [*history, answered.turn]
            yield _record(item, answered, wanted, ideal, corpus.text)

    return records()


def run_reader(
    gold: GoldSet,
    corpus: Corpus,
    read: Callable[[str, tuple[Hit, ...]], Answer],
    done: Sequence[Record] = (),
) -> Iterator[Record]:
    """Give the reader each question's gold evidence alone, as SQuAD's own evaluation does.

    Where all questions are answerable, as in SQuAD v1.1, every one is answered: abstaining is no part of that task.
    The first questions, whose records are `done`, are not asked again. Raises GoldError at once, before anything is
    asked.
    """
    require_evidence(gold)
    asked = _asked(gold, corpus)
    must_answer = all(item.answers for item, _ in asked)

    def records() -> Iterator[Record]:
        for item, wanted in asked[len(done) :]:
            hits = tuple(Hit(_whole(piece, corpus.text), 1.0) for piece in item.evidence)
            answer = read(item.question, hits)
            if must_answer:
                answer = replace(answer, threshold=0.0)
            yield _record(item, answer, wanted, len(hits), corpus.text)

    return records()


def require_evidence(gold: GoldSet) -> None:
    """Raise GoldError for a question that reader mode cannot ask: a follow-up, or one without evidence."""
    if follow_up := next((item.id for item in gold.items if item.follows), None):
        raise GoldError(f"Question {follow_up} follows another, and reader mode asks each alone; use --mode open.")
    if bare := next((item.id for item in gold.items if not item.evidence), None):
        raise GoldError(f"Question {bare} has no evidence, and reader mode gives the reader the evidence alone.")


def _asked(gold: GoldSet, corpus: Corpus) -> list[tuple[Item, list[Place]]]:
    """The questions, and where their answers stand. Raises GoldError."""
    items = [resolve(item, corpus.paths, corpus.text) for item in gold.items]
    return [(item, places(item, corpus.text, corpus.paths)) for item in items]


def _whole(evidence: Evidence, text: Callable[[str], str]) -> Passage:
    start = text(evidence.document).find(evidence.quote)
    return Passage(evidence.document, start, start + len(evidence.quote), evidence.quote)


def _holds(wanted: Sequence[Place], passage: Passage) -> bool:
    return any(place.within(passage) for place in wanted)


def _record(item: Item, answer: Answer, wanted: Sequence[Place], ideal: int, text: Callable[[str], str]) -> Record:
    first = [hit.passage for hit in answer.hits[:DEPTH]]
    relevant = tuple(_holds(wanted, passage) for passage in first)
    verbatim = all(text(c.document)[c.start : c.end] == c.quote for c in answer.citations)
    return Record(
        id=item.id,
        question=item.question,
        understood=answer.question,
        answers=item.answers,
        evidence=item.evidence,
        follows=item.follows,
        answer=answer.text,
        candidate=answer.candidate,
        confidence=answer.confidence,
        threshold=answer.threshold,
        em=exact_match(answer.candidate, item.answers),
        f1=token_f1(answer.candidate, item.answers),
        citations=tuple(Cited(c.document, c.page, c.start, c.end, c.quote) for c in answer.citations),
        passages=tuple(_retrieved(hit) for hit in answer.hits[:DEPTH]),
        relevant=relevant,
        ideal=max(ideal, sum(relevant)),
        evidence_recall=_recall(item.evidence, first),
        verbatim=verbatim and bool(answer.citations),
        supported=any(_supports(citation, item) for citation in answer.citations),
        retrieve_ms=answer.timings.retrieve,
        read_ms=answer.timings.read,
    )


def _retrieved(hit: Hit) -> Retrieved:
    passage = hit.passage
    return Retrieved(passage.document, passage.page, passage.start, passage.end, hit.score, passage.text)


def _recall(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> float:
    """The share of the evidence that stands whole in one of the passages; 0 where there is none."""
    found = sum(any(e.document == p.document and e.quote in p.text for p in passages) for e in evidence)
    return found / len(evidence) if evidence else 0.0


def _supports(citation: Citation, item: Item) -> bool:
    """Whether the quote contains an accepted answer, or the quote and the gold evidence contain one another."""
    if any(answer.lower() in citation.quote.lower() for answer in item.answers):
        return True
    same = (piece.quote for piece in item.evidence if piece.document == citation.document and item.answers)
    return any(citation.quote in quote or quote in citation.quote for quote in same)
