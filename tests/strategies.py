"""Hypothesis strategies for text of every kind a document may hold."""

from hypothesis import strategies as st

_LINES = ["# Heading", "## Next", "#tag", "- item", "* item", "1. item", "| a | b |", "> quote", "```", "===", "---"]
_PROSE = ["Sept. 20 ", "the U.S. ", "Mr. Ó Briain went. ", "Is it? ", "“Yes!” ", "e.g. this, ", "1.5 km ", "don't "]
_MARKS = [
    "http://a.b/c.d?e=f ",
    "fooBar.Baz ",
    "hyphen-\n",
    "中文。句子。",
    "😀",
    "👩‍👩‍👧",
    "𐍈",
    "\u0301",
    "\u00a0",
    "\u00ad",
]

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40)
"""Any Unicode text without lone surrogates, which no file can hold, and carriage returns, which loaders take out."""

_pieces = st.one_of(*map(st.sampled_from, (_LINES, _PROSE, _MARKS, ["\n", "\n\n", " "])), any_text)
texts = st.lists(_pieces, min_size=1, max_size=30).map("".join)
"""Documents: lines that look like Markdown, sentences that are hard to part, any Unicode."""
