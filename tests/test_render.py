"""Answers on their way out: complete, in the contract's shape, and harmless to a terminal."""

import io
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from rag.types import Answer, Citation
from tests.answers import TEXT, make
from ui.render import ABSTAINED, answer_json, answer_terminal, confidence_words, place, shorten, where


def test_json_has_the_shape_of_the_contract() -> None:
    printed = json.loads(json.dumps(answer_json(make(0.9))))
    assert printed == {
        "question": "Where?",
        "answer": "Astana",
        "answerable": True,
        "confidence": 0.9,
        "threshold": 0.5,
        "citations": [
            {"document": "docs/a.txt", "page": None, "start": 18, "end": 50, "quote": TEXT[18:50]},
        ],
        "passages": [
            {"document": "docs/a.txt", "page": None, "start": 0, "end": len(TEXT), "score": 0.03, "text": TEXT}
        ],
        "timings_ms": {"retrieve": 1.2, "read": 2.5, "total": 3.8},
    }


def test_an_abstention_has_no_answer_and_no_citation() -> None:
    printed = answer_json(make(0.2))
    assert (printed["answer"], printed["answerable"], printed["citations"]) == (None, False, [])
    assert printed["passages"]


def terminal(answer: Answer) -> str:
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture:
        console.print(answer_terminal(answer))
    return capture.get()


def test_terminal_shows_the_answer_first_and_the_footnote_after() -> None:
    shown = terminal(make(0.9))
    assert shown.startswith("Astana")
    assert "[1] “The fair is in Astana this year.”" in shown
    assert "docs/a.txt, characters 18–50" in shown
    assert terminal(make(0.2)).startswith(ABSTAINED)
    assert "Nothing was counted." in terminal(replace(make(0.2), note="Nothing was counted."))


def test_confidence_has_words() -> None:
    assert confidence_words(make(0.95)) == "Sure"
    assert confidence_words(make(0.7)) == "Fairly sure"
    assert confidence_words(make(0.5)) == "Unsure: check the source"


def test_a_place_names_page_and_heading() -> None:
    citation = Citation("docs/a.pdf", 12, 18, 50, TEXT[18:50], 33, 39, "Manual › Warranty")
    assert place(citation) == "docs/a.pdf, p. 12, Manual › Warranty, characters 18–50"
    assert place(citation, short=True) == "a.pdf, p. 12, Warranty"
    assert where(citation) == "p. 12, Manual › Warranty, characters 18–50"
    deep = replace(citation, heading=" › ".join(["A long title " * 4, "Part two " * 4, "Chapter three", "Warranty"]))
    assert "p. 12, … › Part two Part two Part two Part two › Chapter three › Warranty, ch" in place(deep)


def test_names_and_quotes_cannot_command_a_terminal() -> None:
    said = "Asta\x1b[2Jna"
    answer = make(0.9, TEXT.replace("Astana", said), said)
    hostile = replace(answer, citations=(replace(answer.citations[0], document="cod\u202etxt\n.exe"),))
    shown = answer_terminal(hostile).plain
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert r"cod\u202etxt\n.exe, characters 18–50" in shown


@given(st.text(max_size=200), st.integers(10, 60))
def test_shortened_text_is_one_line_within_its_length(text: str, length: int) -> None:
    line = shorten(text, length)
    assert len(line) <= length
    assert "\n" not in line
