import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.library import Library
from index.types import Document
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.counting import NOT_COUNTED, NOT_STATED, phrase_pattern, stated
from rag.scope import asked
from rag.types import Answer, Citation
from tests.fakes import OverlapReader

HARBOUR = "The harbour at Cobh is deep. A liner calls at Cobh, and cobh\nliners are long.\n\nCobham is no harbour."
FERRY = "The ferry leaves Cork.\n\nCobh has two ferries. Café Cork is open."
BY_SCORE = Calibration((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.5)


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add([Document.from_text("harbour.txt", HARBOUR), Document.from_text("ferry-guide.txt", FERRY)])
    return Assistant(library, OverlapReader(), BY_SCORE)


def verbatim(answer: Answer, library: Library) -> list[str]:
    """What the citations mark, each checked against the document."""
    texts = [(library.text(c.document), c) for c in answer.citations]
    assert all(text[c.start : c.end] == c.quote and c.start <= c.answer_start for text, c in texts)
    return [text[c.answer_start : c.answer_end] for text, c in texts]


def test_a_word_is_counted_in_all_documents(assistant: Assistant, library: Library) -> None:
    answer = assistant.answer("How many times is Cobh mentioned?")
    assert (answer.text, answer.confidence) == ("4 times", 1.0)
    assert verbatim(answer, library) == ["Cobh", "Cobh", "Cobh"], "two places share a sentence"
    assert answer.note == (
        "“Cobh” was counted as whole words, in capitals or not, and in no other form: "
        "1 in ferry-guide.txt, 3 in harbour.txt. The first 3 places are cited."
    )


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How often does the ferry guide mention Cobh?", "once"),
        ("How many times does the word harbour appear in harbour.txt?", "twice"),
        ("How many times does “cobh liners” occur?", "once"),
        ("How often is Cafe\u0301 Cork mentioned?", "once"),
        ("How many documents mention Cobh?", "2 of 2: ferry-guide.txt, harbour.txt"),
        ("How many documents mention ferries?", "1 of 2: ferry-guide.txt"),
        ("How many documents are there?", "2 documents: ferry-guide.txt, harbour.txt"),
    ],
)
def test_it_counts(assistant: Assistant, library: Library, question: str, text: str) -> None:
    answer = assistant.answer(question)
    assert answer.text == text
    assert all(verbatim(answer, library))
    assert answer.note


def test_only_the_chosen_documents_are_counted(assistant: Assistant) -> None:
    answer = assistant.answer("How many times is Cobh mentioned?", documents=["harbour.txt"])
    assert answer.text == "3 times"
    assert {citation.document for citation in answer.citations} == {"harbour.txt"}
    assert (
        assistant.answer("How many documents are there?", documents=["harbour.txt"]).text == "1 document: harbour.txt"
    )


def test_the_same_content_counts_once(assistant: Assistant, library: Library) -> None:
    library.add([Document.from_text("again.txt", HARBOUR)])
    assert assistant.answer("How many times is Cobh mentioned?").text == "4 times"
    assert assistant.answer("How many documents are there?").text == "2 documents: again.txt, ferry-guide.txt"


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("How many times is Galway mentioned?", "“Galway” stands nowhere in ferry-guide.txt and harbour.txt; it was"),
        ("How many documents mention Galway?", "“Galway” stands in none of ferry-guide.txt and harbour.txt; it was"),
        (
            "How often is Cobh mentioned in the tax report?",
            "No document here goes by the name “the tax report”; tick it",
        ),
        ("How many towns are mentioned?", NOT_COUNTED),
        ("Count the ferries", NOT_COUNTED),
        ("How many liners are there?", NOT_STATED),
    ],
)
def test_it_says_why_it_does_not_count(assistant: Assistant, question: str, note: str) -> None:
    answer = assistant.answer(question)
    assert answer.text is None
    assert answer.note.startswith(note)


@given(st.lists(st.sampled_from(["Cobh", "cobh", "Cobham", "Cork", "x-Cobh", "Cobh,", "2", "(COBH)", "é"])))
def test_whole_words_are_counted(words: list[str]) -> None:
    expected = sum(word.strip("(),").lower().removeprefix("x-") == "cobh" for word in words)
    assert len(phrase_pattern("Cobh").findall(" ".join(words))) == expected


def test_a_phrase_goes_over_lines_not_over_paragraphs() -> None:
    assert len(phrase_pattern("deep harbour's").findall("deep harbour’s, deep\n harbour's; deep\n\nharbour's")) == 2
    assert not phrase_pattern("cafe").search("Cafe\u0301")


@pytest.mark.parametrize(
    ("question", "quote", "said", "expected"),
    [
        ("How many models are there?", "It covers two models.", "two", True),
        ("How many days a week may I be away?", "Up to three remote days a week.", "three", True),
        ("How many states take part?", "In it five states of the region meet.", "five", True),
        ("What is the number of models?", "It covers two models.", "two", True),
        ("How many times did it run?", "It ran twice.", "twice", True),
        ("How many are lethal?", "Among them 155 were lethal.", "155", True),
        ("How many pieces are in it?", "A 36-piece set.", "36", True),
        ("How many error codes are there?", "## 5. Error codes", "5", False),
        ("How many error codes are there?", "5. Error codes", "5", False),
        ("How many error codes are there?", "Error code E05 is shown.", "E05", False),
        ("How many models are there?", "The HP-200 models are new.", "200", False),
        ("How many anchor days are there?", "Each team picks one more anchor day.", "one", False),
        ("How many modes are there?", "If E05 returns three times, call.", "three", False),
        ("How many offices does Larkfield have?", "It applies at its offices in Leeds.", "its offices", False),
        ("How many officials did he meet?", "On 20 September five states met.", "five", False),
        ("How many requests need approval?", "| Abroad | Maren Oduya | 15 working days |", "15 working days", False),
    ],
)
def test_a_stated_number(question: str, quote: str, said: str, expected: bool) -> None:
    at = quote.index(said)
    citation = Citation("a", None, 0, len(quote), quote, at, at + len(said))
    assert stated(asked(question).subject, citation) is expected


def test_a_sure_reader_may_call_things_otherwise() -> None:
    quote = "As many as 15,000 individuals sleep there."
    citation = Citation("a", None, 0, len(quote), quote, 11, 17)
    assert stated("homeless persons does it shelter", citation, sure=True)
    assert not stated("homeless persons does it shelter", citation)
    assert not stated("homeless persons are there", citation, sure=True)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many models does this manual cover?", "two"),
        ("How many company weeks are there?", "two"),
        ("How many days a week may I work remotely?", "three"),
        ("How often does the policy mention VPN?", "twice"),
        ("How many error codes are there?", None),
        ("What is the number of error codes?", None),
        ("How many assistant secretaries did Ashikbayev meet?", None),
        ("How many sections does the policy have?", None),
        ("How many anchor days are there?", None),
        ("How many countries are mentioned in the briefing?", None),
    ],
)
def test_no_wrong_number_of_the_shipped_documents(shipped: Assistant, question: str, text: str | None) -> None:
    answer = shipped.answer(question)
    assert answer.text == text
    assert text or answer.note in (NOT_COUNTED, NOT_STATED)
