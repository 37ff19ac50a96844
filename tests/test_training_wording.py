import random
from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from rag.training.wording import asked, mistyped

QUESTION = "When does the harbour of Cobh open in 2024?"


@given(st.integers(0, 10**6))
def test_a_slip_changes_one_plain_word_by_a_letter(seed: int) -> None:
    made = mistyped(QUESTION, random.Random(seed))
    assert made.split()[:3] == QUESTION.split()[:3] and made.split()[4:] == QUESTION.split()[4:]
    word = made.split()[3]
    assert abs(len(word) - len("harbour")) <= 1
    assert SequenceMatcher(None, word, "harbour").ratio() > 0.7
    assert word[0] == "h"


def test_names_and_short_words_are_not_mistyped() -> None:
    assert mistyped("Who is Ada in 2024?", random.Random(1)) == "Who is Ada in 2024?"


def test_questions_come_as_people_type_them() -> None:
    made = [asked(QUESTION, random.Random(seed)) for seed in range(2000)]
    bare = sum("?" not in each for each in made)
    assert 0.4 < bare / 2000 < 0.6
    assert any(each.startswith("please tell me") for each in made)
    assert any(each.startswith("When harbour Cobh open 2024") for each in made)
    assert sum(each.rstrip("?") == QUESTION.rstrip("?") for each in made) > 1500
    assert all("Cobh" in each and "2024" in each for each in made)
