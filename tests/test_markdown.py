"""Answers as Markdown: footnotes that belong together, and text that stays text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.types import Answer, Citation
from tests.answers import TEXT, make
from ui.markdown import heading, literal, paragraph, plain_text, talk_markdown
from ui.render import printable

SIGNS = st.lists(
    st.sampled_from([*"a1 .-+#>*_`~[]()!<>&;:=|\\\"'/\n$^{}é", "http://a.b", "&amp;", "1. ", "- ", "<b>"]), max_size=20
).map("".join)
TEXTS = st.one_of(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), SIGNS)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def shown(markdown: str, kind: str) -> str:
    """The text of Markdown that is one block of this kind, and no more than text."""
    tokens = MARKDOWN.parse(markdown)
    assert [token.type for token in tokens] == [f"{kind}_open", "inline", f"{kind}_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    return "".join(child.content for child in children)


@given(TEXTS)
def test_literal_text_is_shown_as_it_is(text: str) -> None:
    assert shown(f"“{literal(text)}”", "paragraph") == f"“{one_line(text)}”"
    if one_line(text):
        assert shown(paragraph(text), "paragraph") == one_line(text)
    assert shown(f"## {heading(text)}", "heading") == one_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "The fee for 2025. It is $1.10 (net), i.e. 10 % - or more!",
        "snake_case, C:\\Users, a < b & c > d, x = {y}, a+b, tel. +44 20: call | write ^ #3 @me",
    ],
)
def test_what_markdown_would_leave_alone_is_not_escaped(text: str) -> None:
    assert literal(text) == text


@given(st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS.filter(str.strip)), max_size=3), TEXTS)
def test_an_exported_conversation_reads_back_as_it_was(asked: list[tuple[str, str]], note: str) -> None:
    def answered(question: str, said: str) -> tuple[str, Answer]:
        return question, replace(make(0.9, f"{said} {TEXT}", said), question=question, note=note)

    tokens = MARKDOWN.parse(talk_markdown([answered(*each) for each in asked]))
    blocks = ["".join(part.content for part in token.children or []) for token in tokens if token.type == "inline"]
    expected = ["Conversation with Footnote"]
    for number, (question, said) in enumerate(asked, start=1):
        expected += [one_line(question), f"{one_line(said)}[^{number}]", *filter(None, [one_line(note)])]
    assert blocks[: len(expected)] == expected
    assert len(blocks) == len(expected) + len(asked)


def test_each_quote_of_an_overview_and_each_row_of_a_list_has_its_own_mark() -> None:
    ends = [(0, 17), (18, 50), (51, 62)]
    quotes = tuple(Citation("a", None, start, end, TEXT[start:end], start, end) for start, end in ends)
    answer = replace(make(0.9), candidate=TEXT[:62], citations=quotes)
    assert "**A first sentence.**[^1] **The fair is in Astana this year.**[^2] **A last one.**[^3]" in talk_markdown(
        [("Where?", answer)]
    )
    rows = tuple(Citation("a", None, 0, 62, TEXT, *at) for at in ((2, 7), (22, 26)))
    answer = replace(make(0.9), candidate="first; fair", citations=rows)
    assert "**first;**[^1] **fair**[^2]" in talk_markdown([("Which?", answer)])
    assert "first; [1] fair [2]\n" in plain_text("Which?", answer)
    elsewhere = replace(make(0.9), candidate="3 times", citations=rows)
    assert "**3 times**[^1][^2]" in talk_markdown([("How often?", elsewhere)])


def test_a_conversation_has_its_footnotes_counted_through() -> None:
    talk = [("Where?", make(0.9)), ("Why?", replace(make(0.1), question="Why?")), ("And now?", make(0.8))]
    text = talk_markdown(talk)
    assert text.count("**Astana**[^1]") == 1
    assert text.count("**Astana**[^2]") == 1
    assert "*Understood as: Where?*" in text
    assert "The documents do not say. Nearest passages: docs/a.txt, characters 0–62" in text
    assert f"[^2]: “{literal(TEXT[18:50])}” \\(" not in text
    assert f"[^2]: “{literal(TEXT[18:50])}” (docs/a.txt, characters 18–50)" in text


def test_a_copied_answer_names_its_source() -> None:
    assert plain_text("Where?", make(0.9)) == (
        f"Where?\n\nAstana [1]\n[1] “{TEXT[18:50]}” (docs/a.txt, characters 18–50)"
    )
    assert plain_text("Where?", make(0.1)) == "Where?\n\nThe documents do not say."
