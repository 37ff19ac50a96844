"""Answers as Markdown: footnotes that belong together, and text that stays text."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.answers import TEXT, make
from ui.markdown import literal, plain_text, talk_markdown


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_literal_text_is_shown_as_it_is(text: str) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parseInline(literal(text))
    children = tokens[0].children or []
    shown = "".join(child.content for child in children)
    assert all(child.type in ("text", "text_special") for child in children)
    if text.isprintable():
        assert shown == " ".join(text.split())


def test_a_conversation_has_its_footnotes_counted_through() -> None:
    talk = [("Where?", make(0.9)), ("Why?", replace(make(0.1), question="Why?")), ("And now?", make(0.8))]
    text = talk_markdown(talk)
    assert text.count("**Astana**[^1]") == 1
    assert text.count("**Astana**[^2]") == 1
    assert "*Understood as: Where?*" in text
    assert "The documents do not say. Nearest passages: docs/a\\.txt, characters 0–62" in text
    assert f"[^2]: “{literal(TEXT[18:50])}” \\(" not in text
    assert f"[^2]: “{literal(TEXT[18:50])}” (docs/a\\.txt, characters 18–50)" in text


def test_a_copied_answer_names_its_source() -> None:
    assert plain_text("Where?", make(0.9)) == (
        f"Where?\n\nAstana [1]\n[1] “{TEXT[18:50]}” (docs/a.txt, characters 18–50)"
    )
    assert plain_text("Where?", make(0.1)) == "Where?\n\nThe documents do not say."
