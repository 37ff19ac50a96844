"""Follow-ups: what they are understood as, and that questions which stand alone are left alone."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import MAX_QUESTION
from rag.conversation import LONGEST, resolve, understood
from rag.grammar import noun_phrases
from rag.referents import explained
from rag.types import Turn

TALKS = Turn("When did the New York talks take place?", "20 September 2016")
HEATING = Turn("How long does the HP-200 take to heat up?", "6 hours")
ANODE = Turn("How often must the anode be inspected?", "every 24 months")
TREATY = Turn("Which treaty does Kazakhstan want to ratify?", "Paris accord", "It will ratify the Paris accord soon.")
OFFICES = Turn("Where are the offices?", "Leeds and Ghent")
LEADER = Turn("Who led the Kazakh team?", "Yerzhan Ashikbayev, a deputy minister")


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        (TALKS, "And who represented the US?", "Who represented the US (the New York talks)?"),
        (TALKS, "Where was that?", "Where did the New York talks take place?"),
        (Turn("Where will the fair be held?", "Cork"), "When was that?", "When will the fair be held?"),
        (LEADER, "When was that?", "When was that (the Kazakh team)?"),
        (TALKS, "Where?", "Where did the New York talks take place?"),
        (HEATING, "And the HP-260?", "How long does the HP-260 take to heat up?"),
        (HEATING, "How long is it for the HP-260?", "How long does the HP-260 take to heat up?"),
        (HEATING, "and in Eco mode", "How long does the HP-200 take to heat up in Eco mode?"),
        (HEATING, "Why?", "Why does the HP-200 take 6 hours to heat up?"),
        (HEATING, "What is its weight?", "What is the HP-200's weight?"),
        (HEATING, "Tell me more about it.", "Tell me more about the HP-200."),
        (ANODE, "What if my water is soft?", "How often must the anode be inspected if my water is soft?"),
        (ANODE, "Who should do that?", "Who should do that (the anode)?"),
        (ANODE, "What about the filters?", "How often must the filters be inspected?"),
        (TREATY, "By when?", "By when does Kazakhstan want to ratify the Paris accord?"),
        (TREATY, "Who else has signed it?", "Who else has signed the Paris accord?"),
        (OFFICES, "How many people work in the second one?", "How many people work in Ghent?"),
        (OFFICES, "And the second one?", "Ghent (the offices)?"),
        (LEADER, "Who is he?", "Who is Yerzhan Ashikbayev?"),
        (LEADER, "What is his title?", "What is Yerzhan Ashikbayev's title?"),
        (LEADER, "Since when?", "Since when was it that Yerzhan Ashikbayev led the Kazakh team?"),
        (LEADER, "Who else?", "Who else led the Kazakh team?"),
        (Turn("How long is the tank covered?", "7 years"), "What about the fans?", "How long are the fans covered?"),
        (Turn("How many live in Leeds?"), "In Ghent?", "How many live in Ghent?"),
        (Turn("What was the revenue of Acme in 2014?"), "And profit?", "What was the profit of Acme in 2014?"),
        (Turn("What was the profit of Acme in 2014?"), "And in 2015?", "What was the profit of Acme in 2015?"),
        (Turn("Are guests covered by the policy?"), "Why not?", "Why are guests not covered by the policy?"),
        (Turn("How many states take part?", "five"), "Which ones?", "Which states take part?"),
        (Turn("Who runs the plant?", "Jo Hall"), "How old is she?", "How old is Jo Hall?"),
        (Turn("Who is Ann Lee?", "the chair"), "Who is her boss?", "Who is Ann Lee's boss?"),
        (Turn("Who are the owners?", "Jo and Al"), "Where do they live?", "Where do Jo and Al live?"),
        (Turn("How long is a lease granted?"), "How many people have one?", "How many people have a lease?"),
        (Turn("What does E11 mean?", "too hot"), "What do I do then?", "What do I do then (E11)?"),
    ],
)
def test_a_follow_up_stands_on_its_own(before: Turn, question: str, expected: str) -> None:
    assert resolve(question, [before]) == expected
    assert resolve(expected, [before]) == expected, "what stands on its own is understood as it stands"


@pytest.mark.parametrize(
    "question",
    [
        "Who said that it was cold in the room?",
        "Is it safe to drink the water?",
        "How long does it take to fill the tank?",
        "What is it called when ice covers the coil?",
        "Does the pump stop when it is empty?",
        "Why did Kerry say that he would come?",
        "Who lost his keys?",
        "Do interns keep their laptops?",
        "What happens if I leave before the end?",
        "How many people are there?",
        "Summarise this",
        "What is it about?",
        "What are these documents about?",
        "core hours",
        "Thanks!",
        "And?",
        "?",
        "  What does a filter cost ",
    ],
)
def test_a_question_that_explains_itself_is_left_alone(question: str) -> None:
    for before in (TALKS, HEATING, ANODE, TREATY, OFFICES, LEADER):
        assert resolve(question, [before]) == question


def test_the_gold_questions_are_left_alone() -> None:
    lines = Path("eval/gold/questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    leaning = "How loud is it in Silent mode?"  # “it” is nothing in the question itself
    changed = {
        question
        for question in questions
        for before in (TALKS, HEATING, ANODE, TREATY, OFFICES, LEADER)
        if resolve(question, [before]) != question
    }
    assert changed == {leaning}
    assert resolve(leaning, [HEATING]) == "How loud is the HP-200 in Silent mode?"


def test_the_first_question_is_left_alone() -> None:
    assert resolve("And why is that?", []) == "And why is that?"


def test_a_topic_carries_over_several_turns() -> None:
    turns = understood(
        ["How much does the HP-260 weigh?", "And the HP-200?", "How loud is it?", "Is that allowed?"],
        ["108 kg", "92 kg", None, None],
    )
    assert [turn.question for turn in turns] == [
        "How much does the HP-260 weigh?",
        "How much does the HP-200 weigh?",
        "How loud is the HP-200?",
        "Is that allowed (the HP-200)?",
    ]
    assert [turn.answer for turn in turns] == ["108 kg", "92 kg", None, None]
    assert resolve("What does it cost?", [HEATING, Turn("Why?")]) == "What does the HP-200 cost?", "past an empty turn"


def test_an_abstention_leaves_its_question() -> None:
    assert resolve("How old is he?", [Turn("Who is the mayor?")]) == "How old is the mayor?"
    assert resolve("Who signed it?", [Turn("Which treaty does Kazakhstan want?")]) == "Who signed the treaty?"


def test_it_stays_below_the_longest_question() -> None:
    assert LONGEST <= MAX_QUESTION
    for spare, understood_as_asked in ((100, False), (0, True)):
        before = Turn(f"What is the {'x' * (LONGEST - 13 - spare)}?")
        found = resolve("Who sells it in this country?", [before])
        assert len(found) <= MAX_QUESTION
        assert (found == "Who sells it in this country?") == understood_as_asked


WORDS = (
    "who what which why how when and but what about if the a it they his her that one ones second then there is does "
    "did take to of in for at tank Leeds HP-200 E05 £10 pumps (new) \\1 ? . , not else many"
)
SENTENCES = st.lists(st.sampled_from(WORDS.split()), max_size=8).map(" ".join)


@given(SENTENCES, st.lists(SENTENCES, max_size=3))
def test_any_words_give_a_question(question: str, earlier: list[str]) -> None:
    history = [Turn(text, text[::-1] or None, text) for text in earlier]
    found = resolve(question, history)
    assert found == resolve(question, history)
    assert len(found) <= max(len(question), LONGEST)
    assert found.strip() or not question.strip()


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_gives_a_question(question: str, before: str, said: str) -> None:
    found = resolve(question, [Turn(before, said, said)])
    assert len(found) <= max(len(question), LONGEST)


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ("When did the New York talks take place?", ["the New York talks"]),
        ("How often should I rinse the air filter?", ["the air filter"]),
        ("What is the theme of EXPO 2017?", ["the theme of EXPO 2017"]),
        ("Who approves equipment above the allowance?", ["equipment", "the allowance"]),
        ("Does Kazakhstan want to ratify the treaty?", ["Kazakhstan", "the treaty"]),
        ("Who represented the US (the talks) at 47 dB(A)?", ["the US", "the talks", "47 dB(A)"]),
        ("How old is he?", []),
    ],
)
def test_noun_phrases(question: str, phrases: list[str]) -> None:
    assert noun_phrases(question) == phrases


def test_a_pronoun_with_an_antecedent_is_explained() -> None:
    assert explained("it", "Does the pump stop when ", " is cold")
    assert not explained("it", "What does ", " cost")
