import pytest

from index.library import Library
from index.types import Document, Heading
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.listing import ITEMS, MAY_HOLD_MORE, NOT_LISTED
from tests.fakes import OverlapReader

CODES = """# Codes

## Error codes

| Code | Meaning |
| --- | --- |
| E1 | Too hot |
| E2 | Too cold |

Call service.

## Other

Tools:
- a long spoon. It bends.
- a knife

The wear parts are the hose and the filter. The pump is no wear part."""
HEADINGS = tuple(
    Heading(CODES.index(mark), CODES.index(mark) + len(mark), mark.count("#"), mark.lstrip("# "))
    for mark in ("# Codes", "## Error codes", "## Other")
)
BY_SCORE = Calibration((1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0.5)


@pytest.fixture
def assistant(library: Library) -> Assistant:
    library.add([Document("codes.md", CODES, "1", HEADINGS)])
    return Assistant(library, OverlapReader(), BY_SCORE)


@pytest.mark.parametrize(
    ("question", "text", "quote"),
    [
        ("List all error codes", "E1; E2", "| E1 | Too hot |"),
        ("What are all the meanings?", "Too hot; Too cold", "| E1 | Too hot |"),
        ("List all the tools", "a long spoon. It bends.; a knife", "- a long spoon. It bends."),
    ],
)
def test_a_table_or_list_is_given_whole(
    assistant: Assistant, library: Library, question: str, text: str, quote: str
) -> None:
    answer = assistant.answer(question)
    assert answer.text == text
    assert answer.citations[0].quote == quote
    for citation, said in zip(answer.citations, text.split("; "), strict=True):
        assert CODES[citation.start : citation.end] == citation.quote
        assert CODES[citation.answer_start : citation.answer_end] == said
    assert answer.note == "These are the entries of one list or table in codes.md; the documents may hold more."


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_rows_with_named_cells_are_a_table_without_a_header(library: Library, between: str) -> None:
    rows = [f"Tenant: T{number} | Deposit: {number} EUR" for number in range(ITEMS + 10)]
    library.add([Document.from_text("flats.csv", "Tenants\n\n" + between.join(rows))])
    answer = Assistant(library, OverlapReader(), BY_SCORE).answer("List all tenants")
    assert answer.text == "; ".join(f"T{number}" for number in range(ITEMS))
    assert "the first 50 of 60 entries" in answer.note
    assert [citation.quote for citation in answer.citations] == rows[:ITEMS]


def test_a_list_of_wrapped_items_is_left_to_the_reader(library: Library) -> None:
    library.add([Document.from_text("tools.txt", "Tools:\n- a long\n  spoon\n- a knife\n")])
    answer = Assistant(library, OverlapReader(), BY_SCORE).answer("List all tools")
    assert (answer.text, answer.note) == (None, NOT_LISTED)


def test_a_sentence_that_lists_is_given_with_a_note(assistant: Assistant) -> None:
    answer = assistant.answer("Name all of the wear parts are")
    assert (answer.text, answer.note) == ("hose and the filter", MAY_HOLD_MORE)


@pytest.mark.parametrize("question", ["List all pumps that are no wear part", "List every captain of the ferry"])
def test_what_is_scattered_is_declined(assistant: Assistant, question: str) -> None:
    answer = assistant.answer(question)
    assert (answer.text, answer.note) == (None, NOT_LISTED)
    assert answer.confidence < answer.threshold


@pytest.mark.integration
@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("List all error codes", "E01; E03; E05; E08; E11; P2"),
        ("List all the equipment that Larkfield lends", "each remote worker a laptop, a headset and a docking station"),
        ("What are all the modes?", None),
        ("List all the officials Ashikbayev met", None),
    ],
)
def test_lists_of_the_shipped_documents(shipped: Assistant, question: str, text: str | None) -> None:
    answer = shipped.answer(question)
    assert answer.text == text
    assert answer.note
