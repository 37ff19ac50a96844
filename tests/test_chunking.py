from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.chunking
from index.chunking import split
from index.sentences import blocks, sentences
from index.types import Document, Heading
from tests.fakes import WordEmbedder
from tests.strategies import texts

token_starts = WordEmbedder().token_starts
limits = st.sampled_from([3, 8, 20, 192])


def document(text: str, headings: tuple[Heading, ...] = (), pages: tuple[int, ...] = ()) -> Document:
    return Document("notes.md", text, "", headings, pages)


def headings_of(text: str, *lines: tuple[int, str]) -> tuple[Heading, ...]:
    return tuple(Heading(text.index(t), text.index(t) + len(t), level, t.strip("# ")) for level, t in lines)


def cut(text: str, max_tokens: int) -> list[str]:
    return [passage.text for passage in split(document(text), token_starts, max_tokens)]


@given(texts, limits, st.data())
def test_passages_are_exact_bounded_and_hold_everything(text: str, max_tokens: int, data: st.DataObject) -> None:
    edges = data.draw(st.sets(st.integers(0, len(text)), max_size=8).map(sorted))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    headings = tuple(Heading(a, b, data.draw(st.integers(1, 3)), text[a:b]) for a, b in spans)
    pages = tuple(data.draw(st.lists(st.integers(0, len(text)), max_size=4).map(sorted)))
    source = document(text, headings, (0, *pages) if pages else ())
    passages = split(source, token_starts, max_tokens)
    assert all(passage.document == "notes.md" for passage in passages)
    assert all(text[p.start : p.end] == p.text == p.text.strip() != "" for p in passages)
    assert all(len(token_starts(p.text)) <= max_tokens for p in passages)
    held = {i for p in passages for i in range(p.start, p.end)}
    assert held >= {i for i, char in enumerate(text) if not char.isspace()}
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(passages)), "in order, none inside another"
    assert not any(p.start < at < p.end for p in passages for at in source.breaks), "none crosses a heading"
    for p in passages:
        for at in (p.start, p.end - 1):
            assert p.page_at(at) == (sum(turn <= at for turn in source.pages) or None)


@given(texts, limits)
def test_only_sentences_of_one_long_block_repeat(text: str, max_tokens: int) -> None:
    passages = split(document(text), token_starts, max_tokens)
    for before, after in pairwise(passages):
        if after.start < before.end:
            assert any(a <= before.start and after.end <= b for a, b in blocks(text)), "within one block"
            assert any(a <= after.start and before.end <= b for a, b in sentences(text)), "at most one sentence"
    assert all(a.end <= b.start for a, b in zip(passages, passages[2:], strict=False)), "never twice"


def test_small_blocks_share_a_passage() -> None:
    assert cut("One two.\n\nThree four.\n\nFive six seven.", 8) == ["One two.\n\nThree four.", "Five six seven."]


def test_a_long_block_repeats_one_sentence() -> None:
    text = "A one. B two. C three. D four. E five."
    assert cut(text, 9) == ["A one. B two. C three.", "C three. D four. E five."]


def test_a_long_block_shares_no_passage() -> None:
    text = "Hi.\n\nA one. B two. C three. D four.\n\nBye."
    assert cut(text, 9) == ["Hi.", "A one. B two.", "B two. C three.", "C three. D four.", "Bye."]


def test_a_long_sentence_is_cut_between_words() -> None:
    assert cut("one two three four five six seven", 3) == ["one two three", "four five six", "seven"]


def test_a_long_run_without_spaces_is_cut_between_tokens() -> None:
    assert cut("a,b,c,d", 3) == ["a,b", ",c,", "d"]


def test_a_passage_begins_at_a_break() -> None:
    text = "Above.\n\n# Title\n\nBelow."
    passages = split(document(text, headings_of(text, (1, "# Title"))), token_starts)
    assert [passage.text for passage in passages] == ["Above.", "# Title\n\nBelow."]
    assert [passage.heading for passage in passages] == ["", "Title"]


def test_a_passage_knows_the_headings_it_stands_under() -> None:
    text = "# Pump\n\nOne two.\n\n## Care\n\n### Filter\n\nWash it. Dry it. Put it back.\n\n## Terms\n\nFive years."
    headings = headings_of(text, (1, "# Pump"), (2, "## Care"), (3, "### Filter"), (2, "## Terms"))
    passages = split(document(text, headings), token_starts, 15)
    assert [(p.heading, p.context) for p in passages] == [
        ("Pump", ""),
        ("Pump › Care › Filter", "Pump"),
        ("Pump › Care › Filter", "Pump › Care › Filter"),
        ("Pump › Terms", "Pump"),
    ]
    assert passages[-1].embedded == "Pump\n## Terms\n\nFive years."


def test_a_long_path_of_headings_loses_its_first() -> None:
    text = "A " + "word " * 60 + "\n\nCare\n\nLong.\n\nMore."
    headings = (Heading(0, 300, 1, "word " * 60), *headings_of(text, (2, "Care")))
    assert split(document(text, headings), token_starts, 4)[-1].context == "Care"


def test_a_passage_over_a_page_turn() -> None:
    text = "One two three. Four five six."
    (passage,) = split(document(text, pages=(0, 9, 9, len(text))), token_starts)
    assert (passage.page, passage.turns) == (1, (9, 9))
    assert [passage.page_at(at) for at in (0, 8, 9, 28)] == [1, 1, 3, 3]


def test_a_long_text_is_tokenized_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.chunking, "WINDOW", 100)
    lengths: list[int] = []

    def measured(text: str) -> list[int]:
        lengths.append(len(text))
        return token_starts(text)

    text = "One two three four. " * 50 + "\n\n" + "x" * 150
    passages = split(document(text), measured, 20)
    assert max(lengths) <= 100
    held = {i for passage in passages for i in range(passage.start, passage.end)}
    assert held >= {i for i, char in enumerate(text) if not char.isspace()}


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_nothing_to_cut(text: str) -> None:
    assert cut(text, 8) == []
