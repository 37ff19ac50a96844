import pytest

from rag.compose import asked_number, chosen, items
from rag.types import Span

TEXT = "Ferries call at Cobh, Youghal and Kinsale. In winter they stop. Dingle and Schull have a lighthouse."
OTHER = "Bantry has a ferry too."


def span(text: str, score: float = 1.0, share: float = 0.9, passage: int = 0) -> Span:
    start = (TEXT, OTHER)[passage].index(text)
    return Span(passage, start, start + len(text), score, share)


def said(question: str, *spans: Span) -> list[str]:
    return [(TEXT, OTHER)[s.passage][s.start : s.end] for s in chosen(question, spans, [TEXT, OTHER])]


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("Which three towns have a ferry?", 3),
        ("What are the two lighthouses?", 2),
        ("In which 4 towns do ferries call?", 4),
        ("Name some ten towns.", 10),
        ("Which town has a ferry?", 1),
        ("Who won two medals?", 1),
        ("What broke after two days?", 1),
        ("Which two-masted ship sank?", 1),
        ("What 2's demeanor?", 1),
        ("", 1),
    ],
)
def test_asked_number(question: str, number: int) -> None:
    assert asked_number(question) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Cobh", 1),
        ("Cobh and Youghal", 2),
        ("Cobh, Youghal, and Kinsale", 3),
        ("Andover; Orwell", 2),
        ("a & b or c", 3),
    ],
)
def test_items(text: str, number: int) -> None:
    assert items(text) == number


def test_one_span_answers() -> None:
    assert said("Which town has a ferry?", span("Cobh", 3), span("Youghal", 2)) == ["Cobh"]
    assert chosen("Which?", [], []) == []


def test_a_list_takes_as_many_as_are_asked_for_in_the_order_of_the_text() -> None:
    spans = span("Schull", 3), span("Cobh", 2), span("Kinsale", 1)
    assert said("Which two towns?", *spans) == ["Cobh", "Schull"]
    assert said("Which three towns?", *spans) == ["Cobh", "Kinsale", "Schull"]
    assert said("Which nine towns?", *spans) == ["Cobh", "Kinsale", "Schull"], "not more than there are"


def test_neighbours_in_an_enumeration_become_one() -> None:
    spans = span("Youghal", 3), span("Kinsale", 2), span("Cobh", 1)
    assert said("Which three towns?", *spans) == ["Cobh, Youghal and Kinsale"]


def test_a_span_that_lists_enough_stands_alone() -> None:
    assert said("Which two towns?", span("Dingle and Schull", 3), span("Cobh", 2)) == ["Dingle and Schull"]


def test_a_list_takes_nothing_that_the_reader_doubts_nor_from_another_passage() -> None:
    assert said("Which two towns?", span("Cobh", 3), span("Bantry", 2, passage=1), span("Kinsale", 0.0)) == ["Cobh"]


@pytest.mark.parametrize("question", ["Why do they stop?", "How do ferries run?", "Describe the ferries.", "But why?"])
def test_how_and_why_get_the_sentence_where_the_reader_is_torn(question: str) -> None:
    assert said(question, span("stop", share=0.01)) == ["In winter they stop."]
    assert said(question, span("stop", share=0.03)) == ["stop"]


@pytest.mark.parametrize("question", ["How many ferries run?", "How long is it?", "Who knows why?", "When?"])
def test_other_questions_get_the_span(question: str) -> None:
    assert said(question, span("stop", share=0.01)) == ["stop"]
