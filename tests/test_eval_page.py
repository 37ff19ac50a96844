"""The report as a file: every question is judged and shown, and nothing in it is more than text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from eval.gold import Evidence
from eval.metrics import Score
from eval.page import EXCERPT, SHOWN, VERDICTS, kind_of, marked, write_page
from eval.records import Cited, Record, Retrieved
from eval.scores import Scores, score
from index.errors import FootnoteError

TEXT = "The tank holds 260 litres. The pump draws 2 kW."
RECORD = Record(
    id="1",
    question="How much does the tank hold?",
    understood="How much does the tank hold?",
    answers=("260 litres",),
    evidence=(Evidence("a.txt", TEXT[:26]),),
    follows=False,
    answer="260 litres",
    candidate="260 litres",
    confidence=0.9,
    threshold=0.4,
    em=1.0,
    f1=1.0,
    citations=(Cited("a.txt", None, 0, 26, TEXT[:26]),),
    passages=(Retrieved("a.txt", None, 0, 47, 0.5, TEXT),),
    relevant=(True,),
    ideal=1,
    evidence_recall=1.0,
    verbatim=True,
    supported=True,
    retrieve_ms=10.0,
    read_ms=20.0,
)
WRONG = replace(
    RECORD,
    answer="2 kW",
    candidate="2 kW",
    em=0.0,
    f1=0.0,
    citations=(Cited("a.txt", 3, 27, 47, TEXT[27:]),),
)
UNANSWERABLE = replace(WRONG, answers=(), evidence=(), relevant=(False,))
EACH = {
    "false answer": UNANSWERABLE,
    "reader miss": WRONG,
    "retrieval miss": replace(WRONG, relevant=(False,)),
    "wrong abstention": replace(RECORD, answer=None, confidence=0.3),
    "right": RECORD,
    "right abstention": replace(UNANSWERABLE, answer=None, confidence=0.1),
}
SCORE = Score(0.5, 0.4, 0.6)
SCORES = Scores(1, {"f1": SCORE, "latency_p50_ms": Score(30.0, 20.0, 40.0)}, {}, {}, {})


def page(
    folder: Path,
    *records: Record,
    title: str = "questions.jsonl",
    scores: Scores = SCORES,
    manifest: Mapping[str, object] = MappingProxyType({}),
    about: Mapping[str, str] = MappingProxyType({}),
) -> LexborHTMLParser:
    path = folder / "report.html"
    write_page(path, title, scores, iter(records), manifest, about)
    return LexborHTMLParser(path.read_text(encoding="utf-8"))


def first(node: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    found = node.css_first(selector)
    assert found is not None, f"the page has {selector}"
    return found


def questions(html: LexborHTMLParser) -> list[str]:
    return [(node.attributes["data-kind"] or "") for node in html.css("#questions > details")]


@pytest.mark.parametrize("kind", VERDICTS)
def test_the_kind_of_a_question(kind: str) -> None:
    assert kind_of(EACH[kind]) == kind


def test_kinds_at_their_edges() -> None:
    assert kind_of(replace(WRONG, f1=0.5)) == "right"
    assert kind_of(replace(WRONG, f1=0.49)) == "reader miss"
    assert kind_of(replace(RECORD, relevant=(False,))) == "right", "right without the passage is right"
    assert kind_of(replace(RECORD, answer=None, relevant=(False,))) == "retrieval miss", "abstaining was wise"
    assert kind_of(replace(RECORD, answer=None, relevant=())) == "retrieval miss"


def test_every_question_is_shown_errors_first_with_its_verdict(tmp_path: Path) -> None:
    html = page(tmp_path, *reversed(EACH.values()))
    assert questions(html) == [kind.replace(" ", "-") for kind in VERDICTS]
    told = {kind: node.text() for kind, node in zip(VERDICTS, html.css("#questions > details"), strict=True)}
    assert "The answer withheld: “2 kW”" in told["right abstention"]
    assert "“260 litres”, would have been right" in told["wrong abstention"]
    assert "stands in passage 1" in told["reader miss"]
    assert "No passage found holds" in told["retrieval miss"]
    assert all("none: the documents do not say" in told[kind] for kind in ("false answer", "right abstention"))
    counts = {first(row, "th").text(): row.css("td")[0].text() for row in html.css(".kinds tbody tr")}
    assert counts == dict.fromkeys(VERDICTS, "1")
    assert [node.text() for node in html.css(".relevant mark")] == ["260 litres"] * 3
    missed = first(html, "[data-kind=reader-miss]")
    assert [node.text() for node in missed.css("blockquote mark")] == ["2 kW", "260 litres"]
    assert "a.txt, page 3, characters 27–47" in missed.text()


def test_scores_groups_and_the_run_are_tables(tmp_path: Path) -> None:
    both = [RECORD, replace(WRONG, follows=True, understood="And how much does the pump draw?")]
    run = {
        "gold": {"sha256": "ab"},
        "documents": [{"path": "a.txt", "sha256": "cd"}, {"path": "b.txt", "sha256": "ef"}],
        "made": {"library": None, "cpus": 2},
    }
    html = page(tmp_path, *both, scores=score(both), manifest=run, about={"mode": "open"})
    assert "questions 2 unanswerable 0 mode open" in re.sub(r"\s+", " ", first(html, "header dl").text(separator=" "))
    rows = {first(row, "th").text(): row.text(separator="|") for row in html.css("table tbody tr") if row.css("th")}
    assert rows["hit@1"].startswith("hit@1|100.0 %|100.0 – 100.0")
    assert rows["false_answer_rate"].split("|")[1] == "–", "no question is unanswerable"
    assert "token F1, answerable" in rows["f1_has"]
    assert rows["first"].split("|")[:3] == ["first", "1", "100.0 "]
    assert rows["follow-up"].split("|")[:2] == ["follow-up", "1"]
    assert rows["how many/much"].split("|")[:2] == ["how many/much", "2"]
    assert rows["gold.sha256"] == "gold.sha256|ab"
    assert rows["documents"] == "documents|a.txt, cd\nb.txt, ef"
    assert rows["made.library"] == "made.library|null"
    assert "And how much does the pump draw?" in first(html, "[data-kind=reader-miss]").text()


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" \'',
    "{{ 7 * 7 }}{% for %}",
    "]]><!-- -->",
    "long" * 5000,
    "\u202egnp.exe\u2066",
    "nul\0 bell\a escape\x1b[31m c1\x9b",
    "lone \ud800 surrogate",
    "&lt;b&gt;&#0;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_text_wherever_it_stands(tmp_path: Path, text: str) -> None:
    clean = page(tmp_path, *EACH.values(), about={"reader": "x"}, manifest={"a": "x", "b": ["x"]})
    hostile = (
        replace(
            record,
            id=text,
            question=text,
            understood=text + "!",
            answers=(text,) * bool(record.answers),
            evidence=tuple(replace(each, document=text, quote=text) for each in record.evidence),
            answer=record.answer and text,
            candidate=text,
            citations=(Cited(text, 1, 0, 1, text),),
            passages=(Retrieved(text, 1, 0, 1, 0.1, text),),
        )
        for record in EACH.values()
    )
    html = page(tmp_path, *hostile, title=text, about={"reader": text}, manifest={text: text, "b": [text]})
    inert = {"br", "mark", "dt", "dd", "small"}  # of which a text may have more or fewer
    tags = [{node.tag for node in each.css("*")} - inert for each in (clean, html)]
    assert tags[0] == tags[1]
    assert len(html.css("script")) == len(html.css("style")) == 1
    assert not html.css("img") and not html.css("[onerror], [onmouseover]")
    shown = re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    assert first(html, ".question").text()[:200] == shown[:200]
    assert first(html, "h1").text() == shown
    assert all(len(node.text()) < 2 * EXCERPT + 100 for node in html.css("#questions bdi"))


def test_the_file_lets_nothing_run_or_load_but_its_own(tmp_path: Path) -> None:
    html = page(tmp_path, RECORD)
    policy = first(html, "meta[http-equiv]").attributes["content"] or ""
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not html.css("[style], [onclick], [src], link, iframe, base")
    assert all((node.attributes["href"] or "").startswith("#") for node in html.css("a"))
    for node in html.css("nav a"):
        assert html.css(node.attributes["href"] or "")


def test_a_long_run_is_cut_errors_before_the_rest_and_kinds_alike(tmp_path: Path) -> None:
    passages = tuple(replace(RECORD.passages[0], text="word " * 400) for _ in range(10))

    def run() -> Iterator[Record]:
        for number in range(6000):
            kind = list(VERDICTS)[number % 6] if number < 600 else "right" if number % 2 else "reader miss"
            relevant = EACH[kind].relevant * 10
            yield replace(EACH[kind], question=f"Question {number}?", passages=passages, relevant=relevant)

    html = page(tmp_path, *run())
    kinds = questions(html)
    assert len(kinds) == SHOWN
    shown = {kind: kinds.count(kind.replace(" ", "-")) for kind in VERDICTS}
    assert shown == {
        "false answer": 100,
        "reader miss": 1700,
        "retrieval miss": 100,
        "wrong abstention": 100,
        "right": 0,
        "right abstention": 0,
    }
    assert f"{SHOWN} of 6000 questions are shown here" in first(html, "section[aria-labelledby=asked] .aside").text()
    assert len(first(html, "#questions > details").css("li")) == 5
    assert (tmp_path / "report.html").stat().st_size < 15e6


def test_the_first_relevant_passage_is_shown_however_late(tmp_path: Path) -> None:
    late = replace(RECORD, passages=RECORD.passages * 10, relevant=(*(False,) * 7, True, True, False))
    ranks = [node.attributes["value"] for node in page(tmp_path, late).css("#questions li")]
    assert ranks == ["1", "2", "3", "4", "5", "8"]


def test_a_run_without_questions_or_passages_is_a_page_too(tmp_path: Path) -> None:
    assert questions(page(tmp_path)) == []
    assert questions(page(tmp_path, replace(RECORD, passages=(), relevant=(), citations=()))) == ["right"]


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    pages = []
    for _ in range(2):
        page(tmp_path, *EACH.values())
        pages.append((tmp_path / "report.html").read_bytes())
    assert pages[0] == pages[1]
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(FootnoteError, match=r"report cannot be written to .*: No such file or directory"):
        page(tmp_path / "nowhere", RECORD)


@given(before=st.text(), sought=st.text(min_size=1), after=st.text())
def test_marking_changes_no_text(before: str, sought: str, after: str) -> None:
    text = f"{before} {sought} {after}"
    found = first(LexborHTMLParser(f"<!doctype html><p>{marked(text, sought)}</p>"), "p")
    printable = re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    shown = found.text()
    assert shown.strip("…") in printable
    assert len(shown) <= EXCERPT + 2


def test_what_is_marked_is_found_in_a_long_text() -> None:
    long = f"{'word ' * 200}the tank holds 260 Litres of water{' word' * 200}"
    assert "<mark>260 Litres</mark> of water" in marked(long, "nowhere", "260 litres")
    assert marked(long, "nowhere").startswith("word word")
    assert "<mark>" not in marked("The 1260 litres", "260 litres"), "a part of a word is no answer"
