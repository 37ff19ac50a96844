"""A conversation as values: what a follow-up stands on, and what stopping and judging leave."""

from dataclasses import replace

from tests.answers import TEXT, make
from ui.session import Exchange, chosen, stopped, turns, with_exchange, with_status


def test_a_follow_up_stands_on_answers_and_abstentions_but_not_on_problems() -> None:
    talk = (Exchange("Where?", make(0.9)), Exchange("x", stopped=True), Exchange("Who?", make(0.1)))
    assert [(turn.answer, turn.quote) for turn in turns(talk)] == [("Astana", TEXT[18:50]), (None, "")]


def test_stopping_ends_the_waiting_alone() -> None:
    talk = (Exchange("One?", make(0.9)), Exchange("Two?", status="Searching…"))
    assert [exchange.stopped for exchange in stopped(talk)] == [False, True]
    assert stopped(talk)[-1].problem == "", "who stops a question has done nothing wrong"
    assert not stopped(talk)[-1].pending
    assert stopped(talk[:1]) == talk[:1]
    assert stopped(()) == ()


def test_the_last_waits_with_a_status_and_any_can_be_replaced() -> None:
    talk = (Exchange("One?", make(0.9)), Exchange("Two?"))
    assert with_status(talk, "Reading…")[1] == Exchange("Two?", status="Reading…")
    judged = with_exchange(talk, 0, replace(talk[0], verdict="wrong"))
    assert [exchange.verdict for exchange in judged] == ["wrong", ""]


def test_all_documents_are_no_choice() -> None:
    assert chosen(["a", "b"], frozenset()) is None
    assert chosen(["a", "b"], frozenset({"gone"})) is None
    assert chosen(["a", "b"], frozenset({"a"})) == ["b"]
    assert chosen(["a"], frozenset({"a"})) == []
