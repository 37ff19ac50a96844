from collections.abc import Sequence
from dataclasses import replace

import pytest

from index.errors import QuestionError
from index.library import Library
from index.types import Document, Heading, Hit, Passage
from rag.assistant import EVIDENCE, MAX_CITATIONS, MAX_QUESTION, Assistant, by_evidence, cite, clean, find, preferred
from rag.calibration import Calibration
from rag.types import Answer, Span, Timings
from tests.fakes import OverlapReader, WordEmbedder

FRANCE = "😀 About France.\n\nFrance is large. The capital of France is Paris. It has a river.\n"
SPAIN = "Spain is warm. The capital of Spain is Madrid.\n"
QUESTION = "What is the capital of France?"
BY_SCORE = Calibration((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.5)  # confident when the reader's score is above 0


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add([Document.from_text("france.txt", FRANCE), Document.from_text("spain.txt", SPAIN)])
    return Assistant(library, OverlapReader(), BY_SCORE)


def timeless(answer: Answer) -> Answer:
    return replace(answer, timings=Timings(0, 0))


def test_an_answer_with_its_footnote(assistant: Assistant) -> None:
    answer = assistant.answer(QUESTION)
    assert (answer.text, answer.answerable) == ("Paris", True)
    (citation,) = answer.citations
    assert (citation.document, citation.quote) == ("france.txt", "The capital of France is Paris.")
    assert FRANCE[citation.start : citation.end] == citation.quote
    assert FRANCE[citation.answer_start : citation.answer_end] == "Paris"
    assert answer.timings.total == answer.timings.retrieve + answer.timings.read > 0


@pytest.mark.parametrize("question", [QUESTION, "Is Spain warm?", "What is the capital of Spain?", "It has a what?"])
def test_every_citation_is_verbatim(assistant: Assistant, library: Library, question: str) -> None:
    answer = assistant.answer(question)
    assert answer.citations
    for citation in answer.citations:
        text = library.text(citation.document)
        assert text[citation.start : citation.end] == citation.quote
        assert citation.start <= citation.answer_start < citation.answer_end <= citation.end
    assert text[citation.answer_start : citation.answer_end] == answer.candidate


def test_it_abstains_without_evidence(assistant: Assistant) -> None:
    answer = assistant.answer("Who painted Guernica?")
    assert (answer.text, answer.answerable) == (None, False)
    assert answer.confidence < answer.threshold
    assert answer.candidate, "what it would have said stays visible"


def test_the_threshold_decides(assistant: Assistant, library: Library) -> None:
    confidence = assistant.answer(QUESTION).confidence
    for threshold, text in ((confidence, "Paris"), (confidence + 1e-9, None)):
        answer = Assistant(library, OverlapReader(), replace(BY_SCORE, threshold=threshold)).answer(QUESTION)
        assert answer.text == text


def test_it_abstains_when_the_reader_finds_nothing(library: Library) -> None:
    library.add([Document.from_text("marks.txt", "?! …")])
    answer = Assistant(library, OverlapReader(), replace(BY_SCORE, threshold=0.0)).answer(QUESTION)
    assert (answer.text, answer.candidate, answer.confidence, answer.citations) == (None, "", 0.0, ())


def test_the_same_question_has_the_same_answer(assistant: Assistant, library: Library) -> None:
    again = Assistant(Library(library.folder, WordEmbedder()), OverlapReader(), BY_SCORE)
    answers = [timeless(a.answer(QUESTION)) for a in (assistant, assistant, again)]
    assert repr(answers[0]) == repr(answers[1]) == repr(answers[2])


def test_the_hits_come_before_the_answer(assistant: Assistant) -> None:
    hits, answer = assistant.stream(QUESTION)
    assert isinstance(answer, Answer)
    assert isinstance(hits, tuple)
    assert {hit.passage for hit in hits} == {hit.passage for hit in answer.hits} != set()
    assert timeless(answer) == timeless(assistant.answer(QUESTION))


def test_an_answer_has_the_hits_in_the_order_of_their_evidence(library: Library) -> None:
    far = "Madrid is the capital of Spain, and Spain is warm. " * 3
    library.add([Document.from_text("far.txt", far), Document.from_text("near.txt", "Spain is warm in May.")])

    class Knows(OverlapReader):
        def read(self, question: str, passages: Sequence[str]) -> list[Span]:
            return [Span(number, 0, 6, 5.0 if "Madrid" in text else -5.0) for number, text in enumerate(passages)]

    retrieved, answer = Assistant(library, Knows(), BY_SCORE).stream("Spain is warm in what?")
    assert isinstance(answer, Answer) and isinstance(retrieved, tuple)
    assert [hit.passage.document for hit in retrieved] == ["near.txt", "far.txt"]
    assert [hit.passage for hit in answer.hits] == [hit.passage for hit in retrieved[::-1]]
    assert answer.hits[0].score == pytest.approx(retrieved[1].score + 5 * EVIDENCE)


def test_evidence_by_hand() -> None:
    found = [
        replace(hit, score=score)
        for hit, score in zip(hits(*((n, 0, 27) for n in "abcd")), (0.4, 0.3, 0.2, 0.1), strict=True)
    ]
    spans = [span(2, 6, 4.0), span(1, 6, 2.0), span(2, 18, 1.0), span(0, 6, -2.0)]
    ranked = by_evidence(found, spans)
    assert [hit.passage.document for hit in ranked] == ["c", "b", "a", "d"]
    assert [hit.score for hit in ranked] == pytest.approx([0.8, 0.6, 0.1, -0.2])
    assert EVIDENCE == 0.15


def test_hits_of_equal_evidence_go_by_document_and_place() -> None:
    found = hits(("b", 0, 27), ("a", 12, 27), ("a", 0, 27))
    order = [(hit.passage.document, hit.passage.start) for hit in by_evidence(found, [span(0, 6)])]
    assert order == [("a", 0), ("a", 12), ("b", 0)]
    assert by_evidence(found[:1], []) == tuple(found[:1])
    assert by_evidence([], []) == ()


def test_it_reads_so_many_passages(library: Library) -> None:
    library.add([Document.from_text(f"{n}.txt", f"Town {n} is by the sea.") for n in range(5)])
    assert len(Assistant(library, OverlapReader(), BY_SCORE, passages=3).answer("Which town?").hits) == 3


def test_the_reader_reads_the_first_of_them(library: Library) -> None:
    library.add([Document.from_text(f"{n}.txt", f"Town {n} is by the sea.") for n in range(5)])

    class Slow(OverlapReader):
        reads = 2

        def read(self, question: str, passages: Sequence[str]) -> list[Span]:
            assert len(passages) == 2
            return super().read(question, passages)

    assert len(Assistant(library, Slow(), BY_SCORE).answer("Which town?").hits) == 5


@pytest.mark.parametrize(("lead", "first"), [(0.68, 0), (0.70, 1)])
def test_a_later_passage_must_score_higher(lead: float, first: int) -> None:
    class Fixed(OverlapReader):
        def read(self, question: str, passages: Sequence[str]) -> list[Span]:
            return [span(1, 6, lead), span(0, 6, 0.0)]

    found = preferred(find("Where?", hits(("a", 0, 27), ("b", 0, 27)), Fixed()))
    assert found[0].passage == first, "log 2 is 0.69: a passage's prior is 1 / rank"
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_the_reader_sees_the_headings_but_answers_from_the_passage(library: Library) -> None:
    text = "# Cork ferry\n\nSee below.\n\n## Fares\n\nA seat on deck is twelve pounds."
    headings = (Heading(0, 12, 1, "Cork ferry"), Heading(26, 34, 2, "Fares"))
    library.add([Document("a.md", text, "", headings, pages=(0, 36))])
    (hit, *_) = [hit for hit in library.search("Cork", 5)[1] if hit.passage.heading == "Cork ferry › Fares"]
    assert hit.passage.embedded == "Cork ferry\n## Fares\n\nA seat on deck is twelve pounds."

    class Fixed(OverlapReader):
        def read(self, question: str, passages: Sequence[str]) -> list[Span]:
            start = passages[0].index("twelve")
            return [Span(0, 0, 4, 9.0), Span(0, start, start + 13, 1.0)]

    (span,) = find("Where?", [hit], Fixed())
    assert hit.passage.text[span.start : span.end] == "twelve pounds"
    (citation,) = cite([span], [span], [hit])
    assert (citation.page, citation.heading) == (2, "Cork ferry › Fares"), "the passage begins on page 1, the quote not"
    assert text[citation.start : citation.end] == citation.quote == "A seat on deck is twelve pounds."


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_an_empty_question(assistant: Assistant, question: str) -> None:
    with pytest.raises(QuestionError, match=r"^The question is empty; ask"):
        assistant.answer(question)


def test_a_question_has_a_greatest_length(assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match=r"^The question has 1,001 characters; Footnote reads up to 1,000\."):
        assistant.answer("x" * (MAX_QUESTION + 1))
    assert assistant.answer(f" {'x' * MAX_QUESTION} ").text is None


def test_a_question_is_unicode() -> None:
    assert clean(" what\ud800 is\0 it? ") == "what? is\0 it?"


def test_an_empty_library(library: Library) -> None:
    with pytest.raises(QuestionError, match=r"^The library holds no documents yet; add some"):
        Assistant(library, OverlapReader(), BY_SCORE).answer(QUESTION)


# Footnotes.

TEXT = "It is Cork. I say Cork. No."


def span(passage: int, at: int, score: float = 1.0) -> Span:
    """“Cork” at this offset of the passage."""
    return Span(passage, at, at + 4, score)


def hits(*slices: tuple[str, int, int]) -> list[Hit]:
    return [Hit(Passage(name, start, end, TEXT[start:end]), 0.1) for name, start, end in slices]


def test_overlapping_passages_give_one_footnote() -> None:
    found = cite([span(0, 18)], [span(0, 18), span(1, 6)], hits(("a", 0, 27), ("a", 12, 27)))
    assert [(citation.start, citation.quote) for citation in found] == [(12, "I say Cork.")]


def test_footnotes_are_of_passages_that_agree() -> None:
    spans = [span(0, 6, -1.0), span(1, 6, 3.0), Span(2, 24, 26, 2.0), span(3, 6, 0.0)]
    found = cite(spans[:1], spans, hits(*((name, 0, 27) for name in "abcd")))
    assert [citation.document for citation in found] == ["a", "b"], "not what says else, nor what the reader doubts"


def test_footnotes_have_a_greatest_number() -> None:
    spans = [span(i, 6) for i in range(5)]
    found = cite(spans[:1], spans, hits(*((name, 0, 27) for name in "abcde")))
    assert [citation.document for citation in found] == ["a", "b", "c"] and MAX_CITATIONS == 3


def test_every_sentence_of_a_list_gets_a_footnote() -> None:
    text = "It is v. It is w or x. It is y. It is z."
    said = [Span(0, at, at + 1, 1.0) for at in map(text.index, "vwxyz")]
    found = cite(said, said, [Hit(Passage("a", 0, len(text), text), 0.1)])
    assert [c.quote for c in found] == ["It is v.", "It is w or x.", "It is y.", "It is z."]
    assert text[found[1].answer_start : found[1].answer_end] == "w or x"


def test_an_answer_over_two_sentences_is_quoted_whole() -> None:
    (citation,) = cite([Span(0, 6, 15, 1.0)], [Span(0, 6, 15, 1.0)], hits(("a", 0, 27)))
    assert (citation.quote, citation.answer_start, citation.answer_end) == ("It is Cork. I say Cork.", 6, 15)


def test_a_footnote_keeps_its_page() -> None:
    (citation,) = cite([span(0, 6)], [span(0, 6)], [Hit(Passage("a", 100, 127, TEXT, page=4), 0.1)])
    assert (citation.page, citation.start, citation.answer_start) == (4, 100, 106)
