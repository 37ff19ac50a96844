import hashlib

import pytest

import index.draft
from index.draft import Draft
from index.errors import DocumentError
from index.types import Heading


def test_blocks_headings_and_pages() -> None:
    draft = Draft("a.pdf")
    draft.page()
    draft.heading(" The\n title ", 1)
    draft.paragraph("  One  two.\n\n three\u00a0four. ")
    draft.page()
    draft.item("first")
    draft.item("second")
    document = draft.document(b"bytes", ["page 3 is a picture", "", "1 note is left out"])
    assert document.text == "The title\n\nOne two.\nthree four.\n- first\n- second"
    assert document.headings == (Heading(0, 9, 1, "The title"),)
    assert [document.text[at:] for at in document.pages] == [document.text, "\n- first\n- second"]
    assert (document.path, document.warning) == ("a.pdf", "'a.pdf': page 3 is a picture; 1 note is left out.")
    assert document.sha256 == hashlib.sha256(b"bytes").hexdigest()


def test_a_paragraph_goes_on_over_a_page_turn() -> None:
    draft = Draft("a.pdf")
    draft.page()
    draft.paragraph("The com")
    draft.page()
    draft.extend("pany.")
    document = draft.document(b"")
    assert (document.text, document.pages) == ("The company.", (0, 7))


def test_rows_carry_the_names_of_their_columns() -> None:
    draft = Draft("a.csv")
    draft.table([["Widget", "30\nEUR", ""], ["Bolt", "", "2 kg", "extra"]], ["Name:", "Price", "Weight"])
    assert draft.document(b"").text == "Name: Widget | Price: 30 EUR\n\nName: Bolt | Weight: 2 kg | extra"


def test_nothing_leaves_no_trace() -> None:
    draft = Draft("a.docx")
    draft.heading(" ", 1)
    draft.paragraph("\n")
    draft.item("")
    draft.table([["", " "]])
    assert (draft.document(b"").text, draft.document(b"").headings) == ("", ())


def test_verbatim_text_keeps_its_shape() -> None:
    draft = Draft("a.html")
    draft.verbatim("\n  if x:\n\n      y\n\n")
    assert draft.document(b"").text == "  if x:\n\n      y"


def test_a_text_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.draft, "MAX_CHARACTERS", 10)
    draft = Draft("a.pdf")
    draft.paragraph("0123456789")
    with pytest.raises(DocumentError, match=r"^'a\.pdf' holds more than 10 characters of text, .*; split it"):
        draft.extend("!")


def test_characters_that_cannot_be_stored() -> None:
    draft = Draft("a.pdf")
    draft.paragraph("a\ud800b\0c")
    assert draft.document(b"").text == "a?b?c"
