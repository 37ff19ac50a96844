from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given

from index.embedding import SentenceEmbedder
from index.library import Library
from index.types import Passage
from rag.asking.questions import questions
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader
from rag.suggest import ALIKE, CHECKS, SAMPLE, suggest
from rag.types import Answer, Citation, Timings
from tests.fakes import WordEmbedder
from tests.strategies import texts

GOLD = Path(__file__).parents[1] / "eval" / "gold" / "documents"
WORDS = WordEmbedder()


def passage(text: str, document: str = "d", start: int = 0) -> Passage:
    return Passage(document, start, start + len(text), text)


def made(text: str) -> list[tuple[str, str]]:
    """Every question on a text, with what answers it."""
    return [(question.text, text[question.start : question.end]) for question in questions([passage(text)])]


def said(question: str, source: Passage, start: int, end: int, confidence: float = 0.9) -> Answer:
    text = source.text[start - source.start : end - source.start]
    citation = Citation(source.document, None, start, end, text, start, end)
    return Answer(question, text, confidence, 0.4, (citation,), (), Timings(0, 0))


def knowing(passages: Sequence[Passage], confidence: float = 0.9, late: int = 0) -> Callable[[str], Answer]:
    """Answers each question from where it was made, `late` characters after it."""
    places = {question.text: question for question in questions(passages)}

    def answer(text: str) -> Answer:
        place = places[text]
        source = next(p for p in passages if p.document == place.document and p.start <= place.start < p.end)
        return said(text, source, place.start + late, place.end + late, confidence)

    return answer


@pytest.mark.parametrize(
    ("text", "question", "asked"),
    [
        (
            "The red pump is covered by law for 7 years.",
            "How long is the red pump covered by law?",
            "7 years",
        ),
        ("The self-test routine lasts 90 seconds and ends.", "How long does the self-test routine last?", "90 seconds"),
        ("Laptops must be returned within seven days.", "How soon must laptops be returned?", "within seven days"),
        ("The night ferry is inspected every 2 weeks.", "How often is the night ferry inspected?", "every 2 weeks"),
        ("Rinse the filter every 3 months in water.", "How often should I rinse the filter?", "every 3 months"),
        ("The tourist office is open from 8:00 to 18:00.", "When is the tourist office open?", "from 8:00 to 18:00"),
        ("The next review is due on 16 March 2026.", "When is the next review due?", "on 16 March 2026"),
        ("In 1934, Harbour Bridge was opened to trams.", "When was Harbour Bridge opened to trams?", "In 1934"),
        ("Cobh Castle (a ruin) was sold in 1934.", "When was Cobh Castle sold?", "in 1934"),
        ("Acme Ltd acquired Bolt Brothers in May 2001.", "When did Acme Ltd acquire Bolt Brothers?", "in May 2001"),
        ("A small boat is allowed if it has lights.", "When is a small boat allowed?", "if it has lights."),
        ("Cobh Castle is located on a hill.", "Where is Cobh Castle located?", "on a hill"),
        ("The Irish team was led by Maeve Byrne.", "Who was the Irish team led by?", "Maeve Byrne"),
        ("Every cabin must have at least 2 exits.", "How many exits must every cabin have?", "at least 2"),
        ("A cold room must hold 20 m³ of air.", "How much air must a cold room hold?", "20 m³"),
        ("A used anode is 22 mm thick, at most.", "How thick is a used anode?", "22 mm"),
        ("A large crate weighs 92 kg.", "How much does a large crate weigh?", "92 kg"),
        ("The main tank is rated for a pressure of 8 bar.", "What pressure is the main tank rated for?", "8"),
        ("All staff from Ghent must carry an A1 form.", "What must all staff from Ghent carry?", "an A1 form"),
        ("Maeve Byrne, the mayor of Cobh, spoke.", "Who is Maeve Byrne?", "the mayor of Cobh"),
        ("Deputy Mayor Maeve Byrne spoke.", "Who is Maeve Byrne?", "Deputy Mayor"),
        ("They use the C5+1, a format for talks.", "What is the C5+1?", "a format for talks"),
        ("A heat pump is a device that moves heat.", "What is a heat pump?", "a device that moves heat"),
        ("Item: Cable | HP-2: 2 m\n\nItem: Height | HP-2: 9 m", "What is the height of the HP-2?", "9 m"),
        ("Tenant: Lund Paper | Deposit: 80 EUR", "What is the deposit of Lund Paper?", "80 EUR"),
        ("| Code | Meaning |\n| --- | --- |\n| E01 | Air fault |", "What does E01 mean?", "Air fault"),
        ("Stop: Mill Lane | Platforms: 4", "How many platforms does Mill Lane have?", "4"),
        ("Firm: Lund Paper | Owner: Ana Silva", "Who is the owner of Lund Paper?", "Ana Silva"),
    ],
)
def test_questions(text: str, question: str, asked: str) -> None:
    assert (question, asked) in made(text)


@pytest.mark.parametrize(
    "text",
    [
        "It is covered for 7 years.",
        "This pump is covered for 7 years.",
        "Officials said the plan was approved in 2010.",
        "The film was released in 2010.",
        "A bridge was built in 1934.",
        "Which lamp is covered for 7 years?",
        "I think the red pump is covered for 7 years.",
        "The pump was bought in 1934, they say.",
        "During the Crimean War, a fleet attacked the fort.",
        "They sell the Start Menu, a desktop, and the Dock.",
        "Nothing to ask about here.",
        "Item: 1001 | Amount: 7.25",
        "Step: Open the valve | Time: 5 s",
        "",
    ],
)
def test_no_clumsy_question(text: str) -> None:
    assert made(text) == []


def test_a_name_keeps_its_capital_and_a_word_does_not() -> None:
    text = "People like Windows here. Windows is sold in May 2001. They ban smoking. Smoking is banned in May 2001."
    assert [question for question, _ in made(text)] == ["When is Windows sold?", "When is smoking banned?"]


def test_what_two_places_could_answer_is_not_asked() -> None:
    text = "The red pump is covered for 7 years. The red pump is covered for 9 years."
    assert made(text) == []


def test_a_sentence_that_two_passages_share_is_asked_once() -> None:
    text = "Laptops must be returned within seven days of the last day."
    assert [question.text for question in questions([Passage("a", 0, len(text), text)] * 2)] == [
        "How soon must laptops be returned?"
    ]


@given(texts)
def test_questions_are_short_and_point_into_their_passage(text: str) -> None:
    extra = "The red pump is covered for 7 years."
    for question in questions([passage(f"{text}\n\n{extra}", start=5)]):
        assert question.text.endswith("?")
        assert len(question.text) <= 80
        assert 5 <= question.start < question.end <= 5 + len(f"{text}\n\n{extra}")


PUMPS = [
    passage("The red pump is covered for 7 years. The red pump is checked every 2 weeks.", "red"),
    passage("The blue pump is covered for 9 years. The blue pump is checked every 3 weeks.", "blue"),
]


def test_suggestions_take_turns_between_documents_and_kinds() -> None:
    assert list(suggest(PUMPS, knowing(PUMPS), count=2)) == [
        "How long is the red pump covered?",
        "How often is the blue pump checked?",
    ]
    assert len(list(suggest(PUMPS, knowing(PUMPS)))) == 4


def test_only_what_is_answered_surely_and_from_there_is_suggested() -> None:
    assert list(suggest(PUMPS, knowing(PUMPS, confidence=0.5))) == [], "just above the threshold"
    assert list(suggest(PUMPS, knowing(PUMPS, late=20))) == [], "from another place"
    assert list(suggest(PUMPS, lambda q: Answer(q, "x", 0.9, 0.4, (), (), Timings(0, 0)))) == []
    elsewhere = passage(PUMPS[0].text, "elsewhere")
    assert list(suggest(PUMPS, lambda q: said(q, elsewhere, 0, 76))) == []


def test_a_document_of_no_help_leaves_room_for_the_others() -> None:
    know = knowing(PUMPS)

    def answer(text: str) -> Answer:
        return know(text) if "blue" in text else Answer(text, "", 0.0, 0.4, (), (), Timings(0, 0))

    assert sorted(suggest(PUMPS, answer)) == [
        "How long is the blue pump covered?",
        "How often is the blue pump checked?",
    ]


def test_questions_of_one_form_are_few() -> None:
    names = ["Ana Silva", "Tom Brandt", "Rosa Klein", "Maeve Byrne"]
    mayors = [passage(" ".join(f"{name}, the mayor of Cobh, spoke." for name in names))]
    assert len(questions(mayors)) == len(names)
    assert len(list(suggest(mayors, knowing(mayors)))) == ALIKE


def test_a_large_library_is_sampled_and_asked_little() -> None:
    asked: list[str] = []

    def refuse(text: str) -> Answer:
        asked.append(text)
        return Answer(text, "", 0.0, 0.4, (), (), Timings(0, 0))

    many = [passage(f"Pump P{n} of Cobh is covered for {n + 2} years.", f"d{n % 300}", n) for n in range(3000)]
    assert list(suggest(many, refuse)) == []
    assert len(asked) == CHECKS == len(set(asked))
    one = [passage(f"Pump P{n} of Cobh is covered for {n + 2} years.", start=n) for n in range(SAMPLE * 5)]
    assert not list(suggest(one, refuse))


def test_nothing_of_nothing() -> None:
    assert list(suggest([], knowing([]))) == []
    assert list(suggest(PUMPS, knowing(PUMPS), count=0)) == []


@pytest.mark.integration
def test_the_shipped_documents(tmp_path: Path, embedder: SentenceEmbedder, reader: ExtractiveReader) -> None:
    library = Library(tmp_path / "library", embedder, create=True)
    library.update([str(GOLD)])
    assistant = Assistant(library, reader, Calibration.load())
    found = list(suggest(library.passages(), assistant.answer))
    assert len(found) == 4
    answers = [assistant.answer(question) for question in found]
    assert all(answer.answerable for answer in answers)
    assert len({answer.citations[0].document for answer in answers}) == 4
    assert found == list(suggest(library.passages(), assistant.answer))
