import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.training.examples import Example
from rag.training.swap import neighbours, rewritten, swapped

NEAR = {"Cobh": ["Youghal", "Kinsale"], "Kinsale": ["Cobh"], "Lisbon": ["Madrid"]}
CONTEXT = "Ships left Cobh for Lisbon in 1912. In Cobh 45 stayed; cobhs is no name."


def example(answer: str | None, question: str = "When did ships leave Cobh?") -> Example:
    start = CONTEXT.index(answer) if answer else 0
    return Example(question, CONTEXT, (start, start + len(answer)) if answer else None)


def test_a_name_or_number_becomes_the_same_other_one_everywhere() -> None:
    seen = set()
    for seed in range(40):
        made = swapped(example("1912"), NEAR, random.Random(seed))
        assert made.answer
        town = made.question.removeprefix("When did ships leave ").removesuffix("?")
        year = made.context[slice(*made.answer)]
        found = re.fullmatch(
            r"Ships left (\w+) for (\w+) in (19\d\d)\. In (\w+) (4\d) stayed; cobhs is no name\.", made.context
        )
        assert found
        assert (found[1], found[4], found[3]) == (town, town, year)
        assert town in ("Cobh", *NEAR["Cobh"]) and found[2] in ("Lisbon", "Madrid")
        seen |= {town, found[2], year}
    assert {"Cobh", "Youghal", "Kinsale", "Lisbon", "Madrid", "1912"} < seen


def test_an_answer_that_is_a_name_moves_with_it() -> None:
    answers = set()
    for seed in range(20):
        made = swapped(example("Lisbon in", "Whither and when?"), NEAR, random.Random(seed))
        assert made.answer
        answers.add(made.context[slice(*made.answer)])
    assert answers == {"Lisbon in", "Madrid in"}


def test_no_name_becomes_one_that_is_there_already() -> None:
    both = Example("Is Kinsale near?", "Ships left Cobh, then Kinsale.", None)
    assert {swapped(both, {"Kinsale": ["Cobh"]}, random.Random(seed)) for seed in range(9)} == {both}


@given(st.text(alphabet="ab .,é", min_size=1), st.data())
def test_rewriting_keeps_the_answer_to_its_words(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, len(context)))

    def double(match: re.Match[str]) -> str:
        return match.group() * 2

    whole = re.sub(r"\w+", double, context)
    made = rewritten(Example("a?", context, (start, end)), double)
    cuts = [m for m in re.finditer(r"\w+", context) if m.start() < start < m.end() or m.start() < end < m.end()]
    if cuts:
        assert made == Example("a?", context, (start, end))
    else:
        assert made.answer
        assert made.question == "aa?"
        assert made.context == whole
        assert made.context[slice(*made.answer)] == re.sub(r"\w+", double, context[start:end])


@pytest.mark.integration
def test_neighbours_are_of_a_kind() -> None:
    cities, months = ("Paris", "London", "Berlin", "Rome"), ("March", "April", "August", "October")
    text = " ".join(f"It was {word} then." for word in (*cities, *months))
    near = neighbours([text, text, "It was Madrid once."])
    assert set(near) == {*cities, *months}, "only what occurs twice"
    for kind in (cities, months):
        for word in kind:
            assert set(near[word][:3]) == set(kind) - {word}
