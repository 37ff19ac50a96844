from itertools import pairwise

import pytest
from hypothesis import given

from index.sentences import blocks, sentences, whole_sentences
from tests.strategies import texts


@given(texts)
def test_spans_hold_everything_in_order(text: str) -> None:
    for spans in (blocks(text), sentences(text)):
        assert all(0 <= a < b <= len(text) for a, b in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert all(text[a:b] == text[a:b].strip() for a, b in spans)
        held = {i for a, b in spans for i in range(a, b)}
        assert held >= {i for i, char in enumerate(text) if not char.isspace()}


@given(texts)
def test_no_sentence_crosses_a_block(text: str) -> None:
    outer = blocks(text)
    assert all(any(a <= start and end <= b for a, b in outer) for start, end in sentences(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\n\t", []),
        ("No full stop", ["No full stop"]),
        ("It opened. It closed.", ["It opened.", "It closed."]),
        ("Is it? Yes! It is.", ["Is it?", "Yes!", "It is."]),
        ("It opened on Sept. 20 in Cork. It closed.", ["It opened on Sept. 20 in Cork.", "It closed."]),
        ("He left the U.S. in May. Dr. Ó Sé stayed.", ["He left the U.S. in May.", "Dr. Ó Sé stayed."]),
        ("It costs 1.5 million. Cheap.", ["It costs 1.5 million.", "Cheap."]),
        ("One line\nof a sentence. And\nanother.", ["One line\nof a sentence.", "And\nanother."]),
        ("First paragraph\n\nSecond paragraph", ["First paragraph", "Second paragraph"]),
        ("# Title\nBody here.", ["# Title", "Body here."]),
        ("Body here\n## Title", ["Body here", "## Title"]),
        ("Bring:\n- a map\n- a torch, lit\n1. a rope", ["Bring:", "- a map", "- a torch, lit", "1. a rope"]),
        ("| a | b |\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("😀 Smile. 𐍈 marks it.", ["😀 Smile.", "𐍈 marks it."]),
    ],
)
def test_examples(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentences(text)] == expected


def test_whole_sentences() -> None:
    text = "Ferries call at Cobh, Youghal and Kinsale. In winter they stop. Dingle has a lighthouse."
    start = text.index("Kinsale")
    assert text[slice(*whole_sentences(text, start, start + 13))] == text[: text.index(" Dingle")]


def test_a_row_of_a_table_is_one_sentence() -> None:
    text = "Before. After.\n\nName: A. Cork Ltd. | Note: It rains. Bring boots. | Price: 3"
    assert [text[a:b] for a, b in sentences(text)] == ["Before.", "After.", text[16:]]
