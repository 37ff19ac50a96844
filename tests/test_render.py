"""Answers on their way to a screen: complete, in the contract's shape, and harmless."""

import html
import io
import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from index.types import Entry, Hit, Passage
from rag.types import Answer, Citation, Timings
from ui.render import (
    ABSTAINED,
    answer_html,
    answer_json,
    answer_terminal,
    documents_html,
    place,
    safe,
    shorten,
    source_html,
)

TEXT = "A first sentence. The fair is in Astana this year. A last one."
HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/x.png) **bold** $x$ `c` www.evil.example"


def make(confidence: float, text: str = TEXT, said: str = "Astana") -> Answer:
    start = text.index(said)
    citation = Citation("docs/a.txt", None, 18, 50, text[18:50], start, start + len(said))
    hits = (Hit(Passage("docs/a.txt", 0, len(text), text), 0.03),)
    return Answer("Where?", said, confidence, 0.5, (citation,), hits, Timings(1.25, 2.5))


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


def test_a_place_names_page_and_heading() -> None:
    citation = Citation("docs/a.pdf", 12, 18, 50, TEXT[18:50], 33, 39, "Manual › Warranty")
    assert place(citation) == "docs/a.pdf, p. 12, Manual › Warranty, characters 18–50"
    assert place(citation, short=True) == "a.pdf, p. 12, Warranty, characters 18–50"
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


@given(st.text(max_size=80))
def test_safe_text_reads_as_itself_and_never_as_markup(text: str) -> None:
    assert html.unescape(safe(text)) == text or "\r" in text or not text.isprintable()
    assert not re.search(r"[<>\"'`*_\[\]()!$\\]", safe(text))


def test_markdown_in_a_document_stays_text() -> None:
    rendered = MarkdownIt("commonmark", {"html": True}).render(f"<p>{safe(HOSTILE)}</p>")
    assert "<script" not in rendered
    assert "<img" not in rendered
    assert "<strong" not in rendered
    assert MarkdownIt().render(safe("**a** [b](c)")).strip() == "<p>**a** [b](c)</p>"


def test_hostile_text_and_names_are_escaped_everywhere() -> None:
    text = f"A first sentence. {HOSTILE} Astana {HOSTILE}"
    answer = make(0.9, text)
    hostile_name = Entry("<b>x</b>.txt", "/x", "0", 1)
    for page in (answer_html(answer), answer_html(make(0.1, text)), documents_html([hostile_name])):
        assert "<script" not in page
        assert "<b>" not in page
        assert "![" not in page
    assert "<script" not in source_html(text, answer.citations[0])


def test_source_marks_the_quote_and_the_answer_in_it() -> None:
    page = source_html(TEXT, make(0.9).citations[0])
    assert '<span class="source-quote">The fair is in <mark class="source-answer">Astana</mark> this year' in page
    plain = html.unescape(re.sub(r"<[^>]+>", "", page.partition("</div>")[2]))
    assert plain == TEXT


def test_source_of_a_long_document_is_cut_at_words() -> None:
    text = "word " * 1000 + TEXT + " word" * 1000
    shift = 5000
    citation = Citation("a.txt", None, shift + 18, shift + 50, TEXT[18:50], shift + 33, shift + 39)
    plain = re.sub(r"<[^>]+>", "", source_html(text, citation).partition("</div>")[2])
    assert plain.startswith("… word ")
    assert plain.endswith(" word …")
    assert len(html.unescape(plain)) < 2600


@given(st.text(max_size=200), st.integers(10, 60))
def test_shortened_text_is_one_line_within_its_length(text: str, length: int) -> None:
    line = shorten(text, length)
    assert len(line) <= length
    assert "\n" not in line


def test_a_document_that_changed_is_not_highlighted_at_the_old_place() -> None:
    citation = make(0.9).citations[0]
    page = source_html("Something else entirely, and long enough to slice at the same place as before.", citation)
    assert "has changed since" in page
    assert "Something else" not in page
    assert "Astana" in page
