import random

import pytest

from rag.squad import Paragraph, Question
from rag.training.examples import Example, cropped, negatives, positives

TOWNS = ("Cobh", "Youghal", "Ardmore", "Kinsale", "Bantry", "Schull", "Dingle", "Kenmare")


def paragraph(town: str, population: int) -> Paragraph:
    context = f"{town} is a town by the sea. It has {population} people, they say. Its harbour is deep."
    many = context.index(str(population)), str(population)
    more = many[0], f"{population} people"
    questions: tuple[Question, ...] = (Question(f"{town} 1", f"How many people has {town}?", (many, more)),)
    if population % 2:
        questions += (Question(f"{town} 2", "Which town is by the sea?", ((0, town),)),)
    return Paragraph("Towns of Munster", context, questions)


PARAGRAPHS = [paragraph(town, 1000 + number) for number, town in enumerate(TOWNS)]
QUESTIONS = {(question.text, p.context): question for p in PARAGRAPHS for question in p.questions}


def test_positives_are_exact() -> None:
    examples = positives(PARAGRAPHS, 5, random.Random(1))
    assert len(examples) == 5 * len(QUESTIONS)
    drawn = set()
    for example in examples:
        assert example.answer
        start, end = example.answer
        answer = start, example.context[start:end]
        assert answer in QUESTIONS[example.question, example.context].answers
        drawn.add(answer)
    assert drawn == {answer for question in QUESTIONS.values() for answer in question.answers}, "every answer is used"


@pytest.mark.parametrize(("repeat", "counts"), [(1, {1}), (2.5, {2, 3}), (0.5, {0, 1})])
def test_questions_repeat_about_so_often(repeat: float, counts: set[int]) -> None:
    asked = [e.question for e in positives(PARAGRAPHS, repeat, random.Random(1)) if e.question.startswith("How many")]
    assert {asked.count(f"How many people has {town}?") for town in TOWNS} == counts


def test_negatives_lack_every_answer() -> None:
    answers = {text: [q for (asked, _), q in QUESTIONS.items() if asked == text] for text, _ in QUESTIONS}
    for example in negatives(PARAGRAPHS, 1.0, random.Random(1)):
        assert example.answer is None
        asked = answers[example.question]
        lacking = [q for q in asked if not any(text.lower() in example.context.lower() for _, text in q.answers)]
        assert lacking, "no accepted answer of the question as it is asked"


def test_negatives_are_of_three_kinds() -> None:
    examples = negatives(PARAGRAPHS, 1.0, random.Random(1))
    assert len(QUESTIONS) * 2 // 3 <= len(examples) <= len(QUESTIONS)
    whole = {p.context for p in PARAGRAPHS}
    cut = [example for example in examples if example.context not in whole]
    kept = {f"{town} is a town by the sea. Its harbour is deep." for town in TOWNS}
    kept |= {p.context.partition("sea. ")[2] for p in PARAGRAPHS}
    assert len(cut) == len(QUESTIONS) // 3
    assert {example.context for example in cut} <= kept
    crossed = {(e.question, e.context) for e in examples if e.question.startswith("How many") and e not in cut}
    assert crossed
    assert not crossed & set(QUESTIONS), "no town's own passage is left whole"


RENAMED = [
    ("Who is the mayor of Cobh?", "Cobh is old.", {"Who is the mayor of Youghal?"}),
    ("Who led Cobh in 1920?", "Cobh is old.", {"Who led Youghal in 1920?", "Who led Cobh in 2024?"}),
    ("Who is the mayor of Cobh?", "Cobh is older than Youghal.", set()),
    ("Where is the sea?", "Cobh is old.", set()),
]


@pytest.mark.parametrize(("asked", "context", "expected"), RENAMED)
def test_a_name_or_number_is_exchanged(asked: str, context: str, expected: set[str]) -> None:
    question = Question("1", asked, ((0, context),))
    other = Paragraph("Towns", "Ferries call.", (Question("2", "When do ferries call at Youghal in 2024?", ()),))
    made = negatives([Paragraph("Towns", context, (question,) * 40), other], 1.0, random.Random(1))
    assert {e.question for e in made if e.context == context and e.question != other.questions[0].text} == expected


@pytest.mark.parametrize("characters", [0, 30, 60, 999])
def test_a_cropped_example_keeps_its_answer(characters: int) -> None:
    for example in positives(PARAGRAPHS, 1, random.Random(1)):
        short = cropped(example, characters, random.Random(2))
        assert short.context in example.context
        assert len(short.context) <= max(characters, 42), "no longer, or the answer's sentence alone"
        assert short.answer
        assert example.answer
        assert short.context[slice(*short.answer)] == example.context[slice(*example.answer)]
        assert (short == example) == (characters == 999)


def test_a_cropped_negative_is_the_sentence_most_like_the_question() -> None:
    example = Example("Who rules the island?", "One came. He rules this island. Two.", None)
    assert cropped(example, 0, random.Random(1)).context == "He rules this island."
    grown = {cropped(example, 31, random.Random(seed)).context for seed in range(20)}
    assert grown == {"One came. He rules this island.", "He rules this island. Two."}


def test_a_question_that_people_wrote_without_answer_is_a_positive_without() -> None:
    paragraph = Paragraph("Towns", "Cobh is old.", (Question("1", "Who sank Cobh?", ()),))
    assert positives([paragraph], 2, random.Random(1)) == [Example("Who sank Cobh?", "Cobh is old.", None)] * 2
    assert negatives([paragraph], 1.0, random.Random(1)) == []


def test_share_of_negatives() -> None:
    assert negatives(PARAGRAPHS, 0.0, random.Random(1)) == []
    assert 0 < len(negatives(PARAGRAPHS * 5, 0.5, random.Random(1))) < 5 * len(QUESTIONS)


@pytest.mark.parametrize("context", ["Cobh.", "Cobh is old. I like COBH."])
def test_no_negative_where_the_answer_stays(context: str) -> None:
    whole = Paragraph("Towns", context, (Question("1", "Where?", ((0, "Cobh"),)),))
    assert negatives([whole, whole], 1.0, random.Random(1)) == []


def test_the_seed_decides() -> None:
    def both(seed: int) -> tuple[list[Example], list[Example]]:
        rng = random.Random(seed)
        return positives(PARAGRAPHS, 1.5, rng), negatives(PARAGRAPHS, 0.8, rng)

    assert both(1) == both(1)
    assert all(one != other for one, other in zip(both(1), both(2), strict=True))
