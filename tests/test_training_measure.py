import pytest

from rag.squad import Paragraph, Question
from rag.training.measure import drawn, scores, summary
from tests.fakes import OverlapReader

TOWN = "The harbour of Cobh is deep. The mayor of Cobh is Mr Cobhson."
ANSWERED = Question("1", "The harbour of Cobh is", ((24, "deep"),))
WRONG = Question("2", "The mayor of Cobh is", ((24, "deep"),))
NOWHERE = Question("3", "Who sank it?", ())


def test_a_set_in_a_line() -> None:
    asked = [(Paragraph("towns", TOWN, ()), question) for question in (ANSWERED, WRONG, NOWHERE)]
    found = list(scores(OverlapReader(), asked))
    assert [(f1, answerable) for _, f1, answerable in found] == [(1.0, True), (0.0, True), (0.0, False)]
    assert summary(found[:2]) == "50.0"
    assert summary(found) == "50.0; 66.7; 1.000", "the best threshold refuses the last"


def test_questions_are_drawn_by_the_seed() -> None:
    paragraphs = [Paragraph("towns", TOWN, (ANSWERED, WRONG, NOWHERE))] * 9
    assert drawn(paragraphs, 5) == drawn(paragraphs, 5)
    assert len(drawn(paragraphs, 5)) == 5
    assert len(drawn(paragraphs, 50)) == 27


@pytest.mark.parametrize("question", [ANSWERED, NOWHERE])
def test_a_paragraph_without_a_word(question: Question) -> None:
    assert [f1 for _, f1, _ in scores(OverlapReader(), [(Paragraph("towns", "…", ()), question)])] == [0.0]
