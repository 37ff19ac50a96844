"""The page's HTML: what it shows, and that text from a document stays text."""

import html
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from index.formats.pdf_view import Box, PageView
from index.types import Entry, Notice
from rag.types import Answer, Citation
from tests.answers import TEXT, make
from ui.documents import documents_html, left_behind, told_html
from ui.html import pages_html, safe, source_html, suggestions_html, talk_html, text_html
from ui.session import Exchange, Shown

HOSTILE = "<script>alert(1)</script> \" onmouseover=alert(1) ' ![x](http://evil.example/x.png) ${x} {{x}} &amp;"


def said(answer: Answer, asked: str = "Where?", **more: object) -> str:
    return talk_html((replace(Exchange(asked, answer), **more),))  # type: ignore[arg-type]


def plain(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


@given(st.text(max_size=80))
def test_safe_text_reads_as_itself_and_never_as_markup(text: str) -> None:
    assert html.unescape(safe(text)) == text or "\r" in text or not text.isprintable()
    assert not re.search(r"[<>\"'`*_\[\]()!$\\{}]", safe(text))


def test_hostile_text_and_names_are_escaped_everywhere() -> None:
    text = f"A first sentence. {HOSTILE} Astana {HOSTILE}"
    answer = replace(make(0.9, text), note=HOSTILE, question=HOSTILE)
    citation = replace(answer.citations[0], document=f"{HOSTILE}.txt", heading=HOSTILE)
    answer = replace(answer, citations=(citation,))
    entry = Entry(f"docs/{HOSTILE}.txt", "/x", "0", 1)
    pages = [
        said(answer, HOSTILE),
        said(replace(make(0.1, text), note=HOSTILE)),
        talk_html((Exchange(HOSTILE, problem=HOSTILE),)),
        documents_html([entry], frozenset(), [Notice("/x", HOSTILE, "partly read", HOSTILE)], {HOSTILE: 0.5}),
        documents_html([entry], frozenset(), [Notice(HOSTILE, HOSTILE, "failed", HOSTILE)]),
        told_html(left_behind([HOSTILE], [HOSTILE], [HOSTILE], 51)),
        suggestions_html([HOSTILE]),
        source_html(citation, Shown(0), 2, text_html(text, citation), has_pages=True),
        pages_html([PageView(1, b"", "image/png", 10, 10, (), ())], HOSTILE),
    ]
    for page in pages:
        for sign in ("<script", "onmouseover=", "![", "${", "{{", "&amp;amp;"):
            assert sign not in page
        assert page.count("alert(1)") == 0, "brackets are references"


def test_an_answer_shows_its_marks_notes_and_confidence() -> None:
    page = said(make(0.9))
    assert 'aria-label="Footnote 1: show its source">1</button></sup>' in page
    assert "<q>The fair is in <strong>Astana</strong> this year&#46;</q>" in page
    assert 'title="Confidence 90%">Sure<i>' in page
    assert "Understood as" not in page
    assert "Understood as: Where?" in plain(said(make(0.9), "And there?"))


def test_an_abstention_offers_passages_and_says_why() -> None:
    page = plain(said(replace(make(0.2), note="Nothing was counted.")))
    assert "The documents do not say." in page
    assert "Nothing was counted." in page
    assert "The nearest passages:" in page
    assert "Astana" in page


def test_an_overview_has_a_mark_after_each_of_its_sentences() -> None:
    citations = (Citation("a", None, 0, 17, TEXT[:17], 0, 17), Citation("a", None, 18, 50, TEXT[18:50], 18, 50))
    answer = replace(make(0.9), candidate=TEXT[:50], citations=citations, note="An overview.")
    shown = re.search(r'<p class="answer">(.*?)</p>', said(answer))
    assert shown is not None
    assert plain(shown[1]) == "A first sentence.1 The fair is in Astana this year.2"


def test_only_the_last_question_is_asked_again_and_only_an_answer_is_judged() -> None:
    talk = (Exchange("One?", make(0.9)), Exchange("Two?", problem="Too long."))
    first, second = talk_html(talk).split("</article>")[:2]
    assert ("retry" in first, "judge" in first, "copy" in first) == (False, True, True)
    assert ("retry" in second, "judge" in second, "copy" in second) == (True, False, False)
    waiting = talk_html((Exchange("One?", status="Searching…"),))
    assert "Searching…" in waiting
    assert "retry" not in waiting


def test_a_wrong_answer_can_be_corrected_once() -> None:
    assert "The answer is…" not in said(make(0.9))
    assert "The answer is…" in said(make(0.9), verdict="wrong")
    thanked = said(make(0.9), verdict="wrong", corrected=True)
    assert "Thank you" in thanked
    assert "The answer is…" not in thanked


def test_source_marks_the_quote_and_the_answer_in_it() -> None:
    page = text_html(TEXT, make(0.9).citations[0])
    assert '<span class="source-quote">The fair is in <mark class="source-answer">Astana</mark> this year' in page
    assert plain(page) == TEXT


def test_source_of_a_long_document_is_cut_at_words() -> None:
    text = "word " * 1000 + TEXT + " word" * 1000
    shift = 5000
    citation = Citation("a.txt", None, shift + 18, shift + 50, TEXT[18:50], shift + 33, shift + 39)
    shown = plain(text_html(text, citation))
    assert shown.startswith("… word ")
    assert shown.endswith(" word …")
    assert len(shown) < 2600


def test_a_document_that_changed_is_not_highlighted_at_the_old_place() -> None:
    citation = make(0.9).citations[0]
    page = text_html("Something else entirely, and long enough to slice at the same place as before.", citation)
    assert "has changed since" in page
    assert "Something else" not in page
    assert "Astana" in page


def test_citations_are_walked_from_the_first_to_the_last() -> None:
    citation = make(0.9).citations[0]
    first = source_html(citation, Shown(0, 0), 2, "", has_pages=False)
    last = source_html(citation, Shown(0, 1), 2, "", has_pages=True)
    assert re.findall(r'aria-label="(\w+) citation"( disabled)?', first) == [("Previous", " disabled"), ("Next", "")]
    assert re.findall(r'aria-label="(\w+) citation"( disabled)?', last) == [("Previous", ""), ("Next", " disabled")]
    assert ("Show as text" in first, "Show as text" in last) == (False, True)
    assert "1 of" not in source_html(citation, Shown(0), 1, "", has_pages=False)


def test_a_page_is_shown_with_its_boxes() -> None:
    view = PageView(3, b"\x89PNG", "image/png", 100, 200, (Box(0.1, 0.25, 0.5, 0.02),), ())
    page = pages_html([view], "docs/a.pdf")
    assert '<span class="source-quote" style="left: 10.00%; top: 25.00%; width: 50.00%; height: 2.00%">' in page
    assert 'src="data:image/png;base64,iVBORw=="' in page
    assert "Page 3 of a.pdf" in html.unescape(page)


def test_documents_are_ticked_unless_left_out() -> None:
    entries = [Entry("docs/a.txt", "/a", "0", 1), Entry("docs/b.txt", "/b", "0", 2)]
    page = documents_html(entries, frozenset({"docs/b.txt"}))
    assert page.count(" checked") == 1
    assert "1 of 2 documents" in plain(page)
    assert "All 2 documents" in plain(documents_html(entries, frozenset()))
    assert "No documents yet" in documents_html([], frozenset())
    many = [Entry(f"docs/{i}.txt", f"/{i}", "0", 1) for i in range(600)]
    assert "and 100 more documents" in plain(documents_html(many, frozenset()))


def test_a_notice_stands_below_its_document_or_in_the_place_of_a_file_that_is_not_there() -> None:
    entries = [Entry("docs/scan.pdf", "/docs/scan.pdf", "0", 1), Entry("b.txt", "added:b.txt", "0", 2)]
    notices = [
        Notice("/docs/scan.pdf", "docs/scan.pdf", "partly read", "'docs/scan.pdf': pages 2–9 are pictures."),
        Notice("added:bad.txt", "bad.txt", "failed", "'bad.txt' is a binary file."),
    ]
    page = documents_html(entries, frozenset(), notices)
    first, second, third = re.findall(r"<li.*?</li>", page)
    assert "bad.txtNot read: it is a binary file." in plain(first)
    assert "checkbox" not in first
    assert "Partly read: pages 2–9 are pictures." in plain(second)
    assert ("checkbox" in second, "dismiss" in second, "dismiss" in third) == (True, True, False)
    assert "All 2 documents" in plain(page)
    alone = documents_html([], frozenset(), notices)
    assert "No documents yet" in alone
    assert alone.count('data-event="dismiss"') == 2


def test_two_documents_of_one_name_show_their_folders() -> None:
    entries = [Entry(path, f"/{path}", "0", 1) for path in ("2024/report.pdf", "2025/report.pdf", "docs/only.pdf")]
    shown = plain(documents_html(entries, frozenset()))
    assert "2024/" in shown
    assert "2025/" in shown
    assert "docs/" not in shown


def test_files_that_were_not_sent_are_named_with_what_to_do() -> None:
    sentences = left_behind(
        ["big.pdf"], [*(f"{number}.jpg" for number in range(7)), "old.doc", "README"], ["gone.txt"], 60
    )
    assert len(sentences) == 6
    said = " ".join(sentences)
    for part in ("60 files", "up to 50", "100 MB", "big.pdf", "does not read .jpg", "0.jpg, 1.jpg", "and 2 more"):
        assert part in said
    assert "old.doc. You could save it as .docx." in said
    assert "its name has no ending that says what it is: README" in said
    assert "6.jpg" not in said
    assert left_behind([], [], [], 0) == []
    assert told_html([]) == ""
