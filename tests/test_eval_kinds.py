"""Kinds of question, by their wording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.kinds import QUESTION_KINDS, question_kind


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who led the team?", "who"),
        ("To whom must it be reported?", "who"),
        ("Whose signature is needed?", "who"),
        ("What is it called?", "what"),
        ("By what date?", "what"),
        ("The Normans came from which region?", "which"),
        ("In which year was it made?", "which"),
        ("When was it made?", "when"),
        ("Where’s the tank?", "where"),
        ("Why?", "why"),
        ("How many tanks are there?", "how many/much"),
        ("And how much does it weigh when full?", "how many/much"),
        ("For how long is it covered?", "how long/often/far"),
        ("How often must it be cleaned?", "how long/often/far"),
        ("How far is it?", "how long/often/far"),
        ("How old is it?", "how long/often/far"),
        ("How is it cleaned?", "how"),
        ("Is it covered?", "yes/no"),
        ("Didn’t it leak?", "yes/no"),
        ("Does the policy say who pays?", "yes/no"),
        ("List all error codes.", "list"),
        ("Name the three towns", "list"),
        ("What are all the towns?", "list"),
        ("  WHO   led?", "who"),
        ("And the HP-260?", "other"),
        ("Somehow nowhere", "other"),
        ("", "other"),
    ],
)
def test_by_wording(question: str, expected: str) -> None:
    assert question_kind(question) == expected


@given(st.text())
def test_every_question_is_of_a_kind(question: str) -> None:
    assert question_kind(question) in QUESTION_KINDS
