from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import split
from index.sentences import blocks, sentences
from index.types import Document
from tests.fakes import WordEmbedder
from tests.strategies import texts

token_starts = WordEmbedder().token_starts
limits = st.sampled_from([3, 8, 20, 192])


def document(text: str, breaks: tuple[int, ...] = ()) -> Document:
    return Document("notes.md", text, "", breaks)


def cut(text: str, max_tokens: int) -> list[str]:
    return [passage.text for passage in split(document(text), token_starts, max_tokens)]


@given(texts, limits, st.data())
def test_passages_are_exact_bounded_and_hold_everything(text: str, max_tokens: int, data: st.DataObject) -> None:
    breaks = data.draw(st.sets(st.integers(0, len(text)), max_size=4).map(sorted).map(tuple))
    passages = split(document(text, breaks), token_starts, max_tokens)
    assert all(passage.document == "notes.md" for passage in passages)
    assert all(text[p.start : p.end] == p.text == p.text.strip() != "" for p in passages)
    assert all(len(token_starts(p.text)) <= max_tokens for p in passages)
    held = {i for p in passages for i in range(p.start, p.end)}
    assert held >= {i for i, char in enumerate(text) if not char.isspace()}
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(passages)), "in order, none inside another"
    assert not any(p.start < at < p.end for p in passages for at in breaks), "none crosses a break"


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
    passages = split(document(text, (text.index("#"),)), token_starts)
    assert [passage.text for passage in passages] == ["Above.", "# Title\n\nBelow."]


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_nothing_to_cut(text: str) -> None:
    assert cut(text, 8) == []
