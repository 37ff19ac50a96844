import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.formats.alignment import align
from tests.strategies import any_text

words = st.lists(
    st.sampled_from(["archive", "letters", "burned", "before", "the", "hall", "of", "four", "in"]), min_size=4
)


def found(quote: str, text: str, before: str = "") -> str:
    """The characters of the text where those of the quote stand, a blank where there is none."""
    return "".join(" " if place is None else text[place] for place in align(quote, text, before))


@given(any_text, any_text, any_text)
def test_a_quote_is_found_where_it_stands(start: str, quote: str, end: str) -> None:
    text = f"{start}\n{quote}\n{end}"
    for char, place in zip(quote, align(quote, text, start), strict=True):
        assert place is not None if not char.isspace() and char.isalnum() else True
        assert place is None or text[place].casefold() == char.casefold() or not char.isalnum()


@given(words, st.data())
def test_breaks_hyphens_and_capitals_do_not_matter(some: list[str], data: st.DataObject) -> None:
    quote = " ".join(some)
    breaks = [data.draw(st.sampled_from(["", "", "-\r\n", "\ufffe", "\u00ad", "\n"])) for _ in quote]
    text = "".join(char.upper() + gap for char, gap in zip(quote, breaks, strict=True))
    assert found(quote, text).lower() == quote


@given(st.integers(1, 102), st.integers(1, 102))
def test_a_quote_may_be_interrupted_twice(one: int, other: int) -> None:
    quote = "Most of the letters had been copied by hand before the fire, and the copies were kept in another town."
    first, second = sorted((one, other))
    text = f"{quote[:first]}\n1 See 1934.\n{quote[first:second]}\nPage 17\n{quote[second:]}"
    assert re.sub(r"\s", "", found(quote, text)).rstrip(".") == re.sub(r"\s", "", quote).rstrip(".")


@pytest.mark.parametrize(
    ("quote", "text", "marked"),
    [
        ("The first office.", "The ﬁrst oﬃce.", "The ﬁﬁrst oﬃﬃﬃce."),
        ("“Yes” (5 %).", "1. “Yes” (5 %). No.", "“Yes” (5 %)."),
        ("x² + ½ = Straße", "X2 + 1/2 = STRASSE", "X2 + 1 = STRASE"),
        ("→ €", "a → € b", "→ €"),
        ("𝑥 is 5", "where 𝑥 is 5", "𝑥 is 5"),
        ("", "Text.", ""),
        ("Yes.", "", "    "),
    ],
)
def test_letters_and_marks(quote: str, text: str, marked: str) -> None:
    assert found(quote, text).split() == marked.split()


def test_whole_words_come_first() -> None:
    assert align("42", "In 1942 and 142, 42 of them") == [17, 18]
    assert align("yes", "Her eyes. Yes.") == [10, 11, 12]


def test_the_place_after_the_text_before_is_taken() -> None:
    text = "Red. It took years.\nGreen. It took years.\nBlue. It took years."
    for colour in ("Red", "Green", "Blue"):
        assert align("It took years.", text, f"White. {colour}.")[0] == text.index(colour) + len(colour) + 2
    assert align("It took years.", text)[0] == 5


def test_of_several_beginnings_the_one_that_goes_on_is_taken() -> None:
    start, end = "The reports of both working groups", "were heard in the spring of that year."
    text = f"{start} burned.\n{start}\n1 A footnote.\n{end}"
    assert align(f"{start} {end}", text)[0] == text.rindex(start)


def test_what_is_not_there_is_not_found() -> None:
    text = "Most of the letters had been copied by hand before the fire in another town."
    assert set(align("The warranty of the compressor and the tank lasts for the first 5 years.", text)) == {None}
    assert set(align("!?", text)) == {None}


def test_words_that_are_missing_leave_the_others() -> None:
    text = "Most of the letters had been copied by hand."
    assert found("Most of the ancient letters had been copied.", text).split() == text.split()[:-2]
