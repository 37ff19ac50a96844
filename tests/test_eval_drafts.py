"""Draft questions: true to the documents, spread over them, and not chosen by what Footnote answers well."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given

from eval.drafts import ALIKE, SAMPLE, Draft, draft, lines
from eval.gold import Evidence
from eval.inputs import load_gold
from eval.subjects import subject_questions
from eval.unsaid import unsaid
from index.embedding import SentenceEmbedder
from index.errors import GoldError
from index.library import Library
from index.types import Passage
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader
from rag.types import Answer, Citation, Timings
from tests.strategies import texts

GOLD = Path(__file__).parents[1] / "eval" / "gold" / "documents"


def passage(text: str, document: str = "d.txt", start: int = 0, heading: str = "") -> Passage:
    return Passage(document, start, start + len(text), text, heading=heading)


def abstains(question: str) -> Answer:
    return Answer(question, "", 0.0, 0.4, (), (), Timings(0, 0))


def says(source: Passage, said: str, confidence: float = 0.9) -> Callable[[str], Answer]:
    """Answers everything with these words of a passage."""
    start = source.start + source.text.index(said)
    citation = Citation(source.document, None, source.start, source.end, source.text, start, start + len(said))
    return lambda question: Answer(question, said, confidence, 0.4, (citation,), (), Timings(0, 0))


def with_answers(drafts: Sequence[Draft]) -> list[Draft]:
    return [each for each in drafts if each.answers]


def without(drafts: Sequence[Draft]) -> list[tuple[str, str]]:
    return [(each.question, each.note) for each in drafts if not each.answers]


FILTER = passage("Rinse the air filter every 3 months. Use lukewarm water. A new anode is 22 mm thick.", "m.md")


def test_a_draft_holds_the_words_it_was_made_from() -> None:
    first, second, *_ = draft([FILTER], abstains, 8)
    assert first == Draft(
        "draft-001",
        "How often should I rinse the air filter?",
        ("every 3 months",),
        (Evidence("m.md", "Rinse the air filter every 3 months."),),
    )
    assert second.evidence == (Evidence("m.md", "A new anode is 22 mm thick."),)


@pytest.mark.parametrize(
    ("text", "question", "answers"),
    [
        (
            "The main tank is rated for a pressure of 8 bar.",
            "What pressure is the main tank rated for?",
            ("8 bar", "8"),
        ),
        (
            "The next review is due on 16 March 2026.",
            "When is the next review due?",
            ("on 16 March 2026", "16 March 2026"),
        ),
        (
            "All keys must be returned within seven days.",
            "How soon must all keys be returned?",
            ("within seven days", "seven days"),
        ),
        ("Ana Silva, who runs the harbour office, spoke.", "Who is Ana Silva?", ("runs the harbour office",)),
        ("A small boat is allowed if it has lights.", "When is a small boat allowed?", ("if it has lights",)),
        (
            "5.3 Late rent must be paid within two\nweeks.",
            "How soon must late rent be paid?",
            ("within two weeks", "two weeks"),
        ),
    ],
)
def test_answers_to_accept(text: str, question: str, answers: tuple[str, ...]) -> None:
    made = {each.question: each for each in draft([passage(text)], abstains, 4)}
    assert made[question].answers == answers
    assert made[question].evidence == (Evidence("d.txt", text),)


@pytest.mark.parametrize(
    "text",
    [
        "They spoke with Ana Silva, the owner of their house.",
        "Funds come from the Medical Programme, and programme costs of medical staff are low.",
        f"A heat pump is a device that {'slowly ' * 20}moves heat.",
        "It rains.",
        "",
    ],
)
def test_no_draft_of_what_is_unclear(text: str) -> None:
    with pytest.raises(GoldError, match=r"No question could be made .* \(1 with text\); prose in whole English"):
        draft([passage(text)], abstains, 4)


def test_what_footnote_answers_does_not_choose_the_answerable() -> None:
    asked: list[str] = []

    def wrong(question: str) -> Answer:
        asked.append(question)
        return says(FILTER, "lukewarm")(question)

    found = draft([FILTER], abstains, 8)
    assert with_answers(found) == draft([FILTER], wrong, 8), "sure of something else, it leaves only these"
    assert asked
    assert not {each.question for each in with_answers(found)} & set(asked)


def test_a_question_without_an_answer_is_one_with_one_thing_changed() -> None:
    assert without(draft([FILTER], abstains, 8)) == [
        (
            "How long should I rinse the air filter?",
            "Made from draft-001 by asking something else about it; kept because Footnote finds no answer. "
            "Check that no document says it.",
        )
    ]


def test_a_question_that_misleads_footnote_is_kept() -> None:
    (kept,) = without(draft([FILTER], says(FILTER, "3 months"), 2 * 4)[:3])
    assert kept[0] == "How long should I rinse the air filter?"
    assert "kept because Footnote answers “3 months”, as to that one." in kept[1]
    assert without(draft([FILTER], says(FILTER, "lukewarm"), 8)) == []
    assert without(draft([FILTER], says(FILTER, "lukewarm", confidence=0.39), 8)) != []
    assert without(draft([FILTER], says(passage(FILTER.text, "other.md"), "3 months"), 8)) == []


@pytest.mark.parametrize(
    ("question", "answer", "near"),
    [
        ("What does E01 mean?", "Air fault", "What does E04 mean?"),
        ("How heavy is the HP-20?", "9 kg", "How heavy is the HP-26?"),
        ("What was released in May 1994?", "Bolt", "What was released in May 1996?"),
        ("What was led by Ana Silva?", "The Irish team", "What was led by Tom Brandt?"),
        ("Who is Ana Silva?", "the mayor of Cobh", "When was Ana Silva born?"),
        ("Who is the contact of Lund Paper?", "Ana Silva", "Who was the contact of Lund Paper before Ana Silva?"),
        ("What is Bolt?", "a company that makes pumps", "Who founded Bolt?"),
        ("When was Cobh Castle sold in Ireland?", "1934", "Who was Cobh Castle sold by?"),
        ("When did Acme Ltd acquire Bolt Brothers?", "in May 2001", "Why did Acme Ltd acquire Bolt Brothers?"),
    ],
)
def test_near_questions(question: str, answer: str, near: str) -> None:
    text = "E01 E02 E03 HP-20 HP-26 C5+1 in May 1994, in June 1996, HQ-30"
    found = [text for text, _ in unsaid(question, answer, text, ["Ana Silva", "Tom Brandt"])]
    assert near in found
    assert question not in found


def test_what_a_document_asks_itself_is_not_near() -> None:
    assert list(unsaid("When is nothing due?", "now", "", [])) != []
    assert list(unsaid("What is the C5+1?", "a format of talks", "C5+1 C6 C7", [])) == []
    assert list(unsaid("Who is Ana Silva?", "a friend", "", ["Ana Silva", "Tom Brandt"])) == []
    table = passage("| Code | Meaning |\n| --- | --- |\n| E01 | Air fault |\n| E02 | Oil fault |")
    assert [question for question, _ in without(draft([table], abstains, 8))] == ["What does E03 mean?"]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (
            "The old harbour bridge was opened to trams in 1934.",
            "What was opened to trams in 1934?",
            "The old harbour bridge",
        ),
        ("President Byrne signed the Harbour Act of 1934.", "Who signed the Harbour Act of 1934?", "President Byrne"),
        (
            "The Bay of Cobh lies north of Spike Island, they say.",
            "What lies north of Spike Island?",
            "The Bay of Cobh",
        ),
    ],
)
def test_what_a_sentence_begins_with(text: str, question: str, answer: str) -> None:
    source = passage(text, start=7)
    assert [(q.text, text[q.start - 7 : q.end - 7]) for q in subject_questions([source])] == [(question, answer)]


@pytest.mark.parametrize(
    "text",
    [
        "It was opened to trams in the city in 1934.",
        "The bridge was opened to trams in 1934.",
        "The women of the city were led to trams in 1934.",
        "The harbour bridge was opened to trams and the public.",
        "The harbour bridge was opened to trams that they built in 1934.",
        "Was the harbour bridge opened to trams in 1934?",
    ],
)
def test_no_question_of_no_one_thing(text: str) -> None:
    assert list(subject_questions([passage(text)])) == []


def test_the_beginning_is_asked_for_only_where_nothing_else_can_be() -> None:
    both = "Cobh Castle (a ruin) was sold to Maeve Byrne in 1934."
    assert [q.text for q in subject_questions([passage(both)])] == ["What was sold to Maeve Byrne in 1934?"]
    assert [each.question for each in with_answers(draft([passage(both)], abstains, 8))] == [
        "When was Cobh Castle sold to Maeve Byrne?"
    ]


def test_drafts_take_turns_between_documents_sections_and_kinds() -> None:
    red = [
        passage("The red pump is covered for 7 years. The red hose is checked every 8 weeks.", "red", 0, "Warranty"),
        passage("The red lamp is covered for 9 years. The red lamp is checked every 2 weeks.", "red", 90, "Lamps"),
    ]
    blue = [passage("The blue pump is covered for 5 years. The blue pump is checked every 3 weeks.", "blue")]
    first = with_answers(draft(red + blue, abstains, 5))
    assert [each.question for each in first] == [
        "How long is the red pump covered?",
        "How long is the blue pump covered?",
        "How often is the red lamp checked?",
        "How often is the blue pump checked?",
    ]


def test_questions_of_one_form_come_last() -> None:
    names = ["Ana Silva", "Tom Brandt", "Rosa Klein", "Maeve Byrne", "Jon Dale"]
    mayors = " ".join(f"{name}, the mayor of Cobh, spoke." for name in names)
    found = with_answers(draft([passage(f"{mayors} The old harbour bridge was opened in 1934.")], abstains, 12))
    position = [each.question.startswith("When") for each in found].index(True)
    assert position <= ALIKE
    assert len(found) == len(names) + 1


def test_repeated_sentences_and_documents_count_once() -> None:
    a, b = "The red pump is covered for 7 years. ", "The red pump is checked every 2 weeks."
    overlapping = [passage(a + b), passage(b, start=len(a))]
    expected = {"How long is the red pump covered?", "How often is the red pump checked?"}
    for passages in (overlapping, [*overlapping, passage(a + b, "copy"), passage(b, "copy", len(a))]):
        found = with_answers(draft(passages, abstains, 8))
        assert {each.question for each in found} == expected
        assert {each.evidence[0].document for each in found} == {"d.txt"}


def test_a_large_library_is_sampled_from_everywhere() -> None:
    places = range(3 * SAMPLE)
    said = [f"Pump P{n} of Cobh is covered for {n + 2} years." if n % 10 == 0 else f"It rains {n}." for n in places]
    found = with_answers(draft([passage(said[n], start=100 * n) for n in places], abstains, 4 * SAMPLE))
    covered = [each.evidence[0].quote for each in found]
    assert len(covered) == SAMPLE / 10, "a third of them"
    assert {said[0], said[30], said[-30]} <= set(covered)


@pytest.mark.parametrize("count", range(10))
def test_no_more_than_asked_for(count: int) -> None:
    passages = [FILTER, passage("The red pump is covered for 7 years. The next review is due on 16 March 2026.")]
    found = draft(passages, abstains, count)
    assert len(found) == min(count, 5)
    assert len(without(found)) == (count >= 4)
    assert [each.id for each in found] == [f"draft-{number:03}" for number in range(1, len(found) + 1)]


def test_lines_read_back(tmp_path: Path) -> None:
    found = draft([FILTER], abstains, 8)
    path = tmp_path / "draft.jsonl"
    path.write_text(lines(found), encoding="utf-8")
    gold = load_gold(path, drafts=True)
    assert [(item.id, item.question, item.answers, item.evidence, item.draft) for item in gold.items] == [
        (each.id, each.question, each.answers, each.evidence, True) for each in found
    ]
    assert not gold.warnings
    with pytest.raises(GoldError, match="3 of 3 questions are drafts"):
        load_gold(path)
    rows = [json.loads(line) for line in lines(found).splitlines()]
    assert [sorted(row) for row in rows[::2]] == [
        ["answers", "draft", "evidence", "id", "question"],
        ["answers", "draft", "evidence", "id", "note", "question"],
    ]


@given(texts)
def test_evidence_stands_in_the_document(text: str) -> None:
    whole = f"{text}\n\nThe red pump is covered for 7 years."
    found = draft([passage(whole, start=5)], abstains, 20)
    assert found == draft([passage(whole, start=5)], abstains, 20)
    for each in with_answers(found):
        (evidence,) = each.evidence
        assert evidence.quote in whole
        assert each.answers[0] in " ".join(evidence.quote.split())


@pytest.mark.integration
def test_the_shipped_documents(tmp_path: Path, embedder: SentenceEmbedder, reader: ExtractiveReader) -> None:
    library = Library(tmp_path / "library", embedder, create=True)
    library.update([str(GOLD / name) for name in ("briefing.txt", "heat-pump-manual.md", "remote-work-policy.md")])
    assistant = Assistant(library, reader, Calibration.load())
    shares: list[float] = []
    found = draft(library.passages(), assistant.answer, 24, lambda share, done: shares.append(share))
    assert len(found) == 24
    assert len(without(found)) == 6
    assert shares == [number / 6 for number in range(1, 7)]
    assert len({each.evidence[0].document for each in with_answers(found)}) == 3
    for each in with_answers(found):
        assert each.evidence[0].quote in library.text(each.evidence[0].document)
    answered = [assistant.answer(question).answerable for question, _ in without(found)]
    assert any(answered), "some mislead Footnote"
    assert not all(answered)
