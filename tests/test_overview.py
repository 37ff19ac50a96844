from dataclasses import replace

import pytest

from index.library import Library
from index.types import Document
from rag import overview as rules
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.types import Answer, Timings
from tests.fakes import OverlapReader

BY_SCORE = Calibration((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.5)


def long_document(about: str, chapters: int = 12) -> str:
    """Chapters: a heading, four sentences that can stand alone, one that cannot, and a row of a table."""
    parts = []
    for n in range(chapters):
        rules = " ".join(f"The {about} of chapter {n} has rule {m} for the crew{' of men' * 9}." for m in range(4))
        parts.append(f"Chapter {n}\n\n{rules} It is therefore thought to be the best of them all.\n\n| a | {n} |")
    return "\n\n".join(parts)


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add([Document.from_text("ferry-manual.txt", long_document("ferry")), Document.from_text("b.txt", "No.")])
    return Assistant(library, OverlapReader(), BY_SCORE)


def check(answer: Answer, library: Library) -> None:
    """The answer is its citations, word for word, in the documents' order."""
    assert answer.answerable
    assert answer.text
    assert answer.text.replace("\n", " ") == " ".join(citation.quote for citation in answer.citations)
    for citation in answer.citations:
        assert library.text(citation.document)[citation.start : citation.end] == citation.quote
    places = [(citation.document, citation.start) for citation in answer.citations]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    "question", ["Summarise the ferry manual", "What is ferry-manual.txt about?", "TL;DR: ferry manual"]
)
def test_an_overview_is_sentences_from_all_over_a_document(
    assistant: Assistant, library: Library, question: str
) -> None:
    answer = assistant.answer(question)
    check(answer, library)
    assert len(answer.citations) == rules.SENTENCES
    assert answer.citations[0].quote.startswith("The ferry of chapter 0 has rule 0"), "it begins as the document does"
    assert len({citation.quote.split()[4] for citation in answer.citations}) >= 5, "from other chapters each"
    assert all(citation.quote.startswith("The ferry") for citation in answer.citations), (
        "nothing that cannot stand alone"
    )
    assert answer.note == (
        "An overview of ferry-manual.txt in the document's own sentences; what it leaves out is not judged."
    )


def test_the_chosen_documents_are_meant(assistant: Assistant, library: Library) -> None:
    library.add([Document.from_text("c.txt", long_document("harbour"))])
    answer = assistant.answer("What is this about?", documents=["c.txt"])
    check(answer, library)
    assert {citation.document for citation in answer.citations} == {"c.txt"}
    answer = assistant.answer("What are the main points?", documents=["c.txt", "ferry-manual.txt"])
    check(answer, library)
    assert [citation.document for citation in answer.citations] == ["c.txt"] * 3 + ["ferry-manual.txt"] * 3
    assert "c.txt and ferry-manual.txt in their own sentences" in answer.note


def test_an_overview_is_the_same_every_time(assistant: Assistant) -> None:
    answers = [replace(assistant.answer("Summarise the ferry manual"), timings=Timings(0, 0)) for _ in range(2)]
    assert repr(answers[0]) == repr(answers[1])


def test_an_overview_on_a_topic(library: Library) -> None:
    text = (
        long_document("ferry") + "\n\nThe anchor of the ferry weighs two tons. Paint the anchor black in every spring."
    )
    library.add([Document.from_text("ferry-manual.txt", text)])
    answer = Assistant(library, OverlapReader(), BY_SCORE).answer("Summarise what the manual says about the anchor")
    check(answer, library)
    assert answer.text == "The anchor of the ferry weighs two tons. Paint the anchor black in every spring."
    assert answer.note == "On “anchor”, in the own sentences of ferry-manual.txt; what this leaves out is not judged."


@pytest.mark.parametrize(
    ("question", "note"),
    [
        (
            "Summarise the history of Rome",
            "No sentence of b.txt and ferry-manual.txt was found that is about “history of Rome”",
        ),
        (
            "Summarise the tax report",
            "No document here goes by the name “the tax report”; tick it or give its file name",
        ),
        ("Summarise b.txt", "There are no sentences in b.txt to make an overview of."),
    ],
)
def test_it_says_why_there_is_no_overview(assistant: Assistant, question: str, note: str) -> None:
    answer = assistant.answer(question)
    assert (answer.text, answer.citations) == (None, ())
    assert answer.note.startswith(note)


def test_many_documents_are_not_summed_up(library: Library) -> None:
    library.add([Document.from_text(f"{n}.txt", f"Town {n} is a place beside the cold grey sea.") for n in range(6)])
    answer = Assistant(library, OverlapReader(), BY_SCORE).answer("Summarise these documents")
    assert answer.text is None
    assert answer.note == (
        "That would be an overview of 6 documents, and Footnote gives one of up to 5; "
        "tick some, or name one or a topic."
    )


def test_a_long_document_is_sampled(library: Library) -> None:
    lines = [f"Town {n} is {'a place beside the sea, ' * 35}they say." for n in range(rules.PASSAGES + 50)]
    library.add([Document.from_text("towns.txt", "\n\n".join(lines))])
    passages, vectors = library.sample("towns.txt", 100)
    assert len(passages) == len(vectors) <= 100
    assert [passage.start for passage in passages] == sorted({passage.start for passage in passages})
    assert (vectors == library.embed([passage.embedded for passage in passages])).all()
    every, seen = library.passage_count(), len(library.sample("towns.txt", rules.PASSAGES)[0])
    assert every > rules.PASSAGES >= seen
    note = Assistant(library, OverlapReader(), BY_SCORE).answer("Summarise the document").note
    assert note.endswith(f" It was chosen from {seen} of {every} passages, evenly spaced.")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("question", "document", "first"),
    [
        ("Summarise the briefing", "briefing.txt", "American officials"),
        ("Give me an overview of the heat pump manual", "heat-pump-manual.md", "This manual covers two models"),
        ("Summarise what the manual says about maintenance", "heat-pump-manual.md", "Rinse the air filter"),
    ],
)
def test_overviews_of_the_shipped_documents(shipped: Assistant, question: str, document: str, first: str) -> None:
    answer = shipped.answer(question)
    assert answer.answerable
    assert 4 <= len(answer.citations) <= 6
    assert {citation.document.rpartition("/")[2] for citation in answer.citations} == {document}
    assert str(answer.text).startswith(first)
