"""The bench: its corpus, the rule of relevance, the arithmetic of ratios, and what is shown of them."""

import io
import json
import socket
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from eval.bench.corpus import PER_PASSAGE, load_documents, recombined, write
from eval.bench.ratios import Measure, fastest, found, indexing, latency, searching
from eval.bench.relevance import hit_at, mrr, ranking_scores, wanted
from eval.bench.starting import chat_start, cold_start
from eval.bench.tables import measures_json, measures_notes, measures_table, scale_table
from eval.gold import Evidence, GoldSet, Item
from eval.scale import Scale
from index.chunking import split
from index.embedding import SentenceEmbedder, Vectors
from index.encoder import Precision
from index.errors import DocumentError, FootnoteError, GoldError
from index.library import Library
from index.types import Document, Hit, Passage
from rag.retrieve import retrieve
from rag.types import Answer, Timings
from tests.fakes import WordEmbedder
from tests.test_cli import fails
from ui.cli import main

GOLD = Path(__file__).parents[1] / "eval" / "gold"
COBH = Document.from_text("cobh.txt", "Cobh was called Queenstown until 1920.\n\nLiners called at Cobh in summer.")
ASKED = GoldSet(
    (
        Item("1", "What was Cobh called?", ("Queenstown",), (Evidence("cobh.txt", COBH.text.partition("\n")[0]),)),
        Item("2", "Who paid?", ()),
        Item("3", "And when?", ("summer",), follows=True),
    )
)


def shown(*parts: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    for part in parts:
        console.print(part)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture(scope="module")
def shipped() -> list[Document]:
    return load_documents([str(GOLD / "documents")])


def test_a_corpus_is_recombined_the_same_every_time(shipped: list[Document]) -> None:
    made = recombined(shipped, 100)
    assert made == recombined(shipped, 100)
    assert made != recombined(shipped, 100, seed=1)
    length = sum(len(document.text) for document in made)
    assert 100 * PER_PASSAGE <= length < 110 * PER_PASSAGE
    assert len(made) == 6
    said = "\n".join(document.text for document in shipped)
    paragraphs = [part for document in made for part in document.text.split("\n\n") if not part.startswith("#")]
    assert not [number for number in Counter(paragraphs).values() if number > 1], "none is embedded once for two"
    assert paragraphs[0].split(". ")[0] in " ".join(said.split()), "its sentences are the documents' own"


@pytest.mark.integration
def test_a_corpus_has_about_as_many_passages_as_were_asked_for(
    shipped: list[Document], embedder: SentenceEmbedder
) -> None:
    made = recombined(shipped, 300)
    assert 270 <= sum(len(split(document, embedder.token_starts)) for document in made) <= 330


def test_too_little_to_recombine() -> None:
    with pytest.raises(DocumentError, match="10 sentences or more; the documents hold 1"):
        recombined([Document.from_text("a.txt", "The ferry to Rathlin leaves Ballycastle at nine.")], 10)


def test_documents_become_files_of_the_same_text(shipped: list[Document], tmp_path: Path) -> None:
    files = write([*shipped, Document.from_text("An article", "Its text.\r\nAnd more.")], tmp_path / "files")
    assert [file.suffix for file in files.values()] == [".txt", ".md", ".txt", ".md", ".md", ".md", ".txt"]
    again = load_documents([str(tmp_path / "files")])
    assert [document.text for document in again[:-1]] == [document.text for document in shipped]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match="holds no file"):
        load_documents([str(tmp_path / "empty")])


def test_a_passage_is_relevant_that_holds_the_answer_within_the_evidence() -> None:
    (asked,) = wanted(ASKED, [COBH])
    start = COBH.text.index("Queenstown")
    whole = Passage("cobh.txt", 0, len(COBH.text), COBH.text)
    cut, elsewhere = Passage("cobh.txt", 0, start + 5, ""), Passage("other.txt", 0, 100, "")
    assert asked.rank([whole]) == 1
    assert asked.rank([cut, elsewhere, whole]) == 3
    assert asked.rank([cut, elsewhere]) == np.inf
    assert asked.rank([cut] * 10 + [whole]) == np.inf, "ten count"
    with pytest.raises(GoldError, match="has none"):
        wanted(GoldSet(ASKED.items[1:]), [COBH])


def test_scores_of_ranks() -> None:
    told = ranking_scores(np.array([1.0, 4.0, np.inf]))
    assert told == {"hit@1": 1 / 3, "hit@5": 2 / 3, "hit@10": 2 / 3, "mrr@10": pytest.approx(1.25 / 3)}
    ranks = np.array([1, 2, 6, np.inf])
    assert (hit_at(ranks, 1), hit_at(ranks, 5)) == (0.25, 0.5)
    assert mrr(ranks) == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)


def test_rounds_are_taken_in_turn_and_the_fastest_counts() -> None:
    order: list[str] = []

    def task(name: str, *times: float) -> Callable[[], float]:
        left = iter(times)

        def run() -> float:
            order.append(name)
            return next(left)

        return run

    assert fastest({"a": task("a", 3, 1, 2), "b": task("b", 5, 6, 4)}, 3) == {"a": 1, "b": 4}
    assert order == ["a", "b"] * 3


def measured(**fields: Any) -> Measure:
    return Measure("name", fields.pop("value", 1.0), "s", **fields)


def test_targets() -> None:
    assert measured(ratio=1.25, target=1.25).met is True
    assert measured(ratio=1.24, target=1.25).met is False
    assert measured(ratio=1.2, target=1.2, at_most=True).met is True
    assert measured(ratio=1.3, target=1.2, at_most=True).met is False
    assert measured(value=3.1, target=3.0, at_most=True).met is False
    assert measured(value=2.9, target=3.0, at_most=True).met is True
    assert measured(value=2.9, ratio=2.0).met is None


class SlowEmbedder(WordEmbedder):
    """Takes a hundredth of a second a text."""

    def encode_passages(self, texts: Any) -> Vectors:
        sleep(0.01 * len(texts))
        return super().encode_passages(texts)


def test_indexing_is_measured_against_encoding_the_same_texts(files: Path, tmp_path: Path) -> None:
    opened: list[tuple[Path, SlowEmbedder]] = []

    def open_library(folder: Path, precision: Precision) -> Library:
        opened.append((folder, SlowEmbedder(precision)))
        return Library(*opened[-1], create=True)

    texts = ["Ferry\nThe ferry to Rathlin leaves Ballycastle.", "Twelve pounds.", "The harbour at Cobh is deep."]
    raw = SlowEmbedder()
    two: list[Precision] = ["float32", "bfloat16"]
    measures = list(indexing([str(files)], texts, open_library, raw.encode_passages, two, 2, tmp_path / "scratch"))
    assert [measure.name for measure in measures] == ["indexing_float32", "indexing_bfloat16"]
    assert [measure.target for measure in measures] == [1.25, 1.5]
    assert raw.calls == texts[:1] + 2 * texts, "loaded first, then once a round"
    assert len({folder for folder, _ in opened}) == 4, "every round begins with an empty library"
    for _, embedder in opened:
        assert embedder.calls[0] == texts[0]
        assert len(embedder.calls) == 1 + 3
    for measure in measures:
        assert measure.baseline and measure.ratio == measure.baseline / measure.value


def test_search_is_measured_against_a_flat_index() -> None:
    embedder = WordEmbedder()
    vectors = embedder.encode_passages([f"word{number}" for number in range(40)])
    asked: list[tuple[int, int]] = []

    def flat(given: Vectors) -> Callable[[Vectors, int], object]:
        assert given is vectors
        return lambda question, depth: asked.append((len(question), depth))

    measure = searching("search", vectors, vectors[:3], flat)
    assert set(asked) == {(64, 40)} and len(asked) == 3 * 10
    assert measure.at_most and measure.baseline and measure.ratio == pytest.approx(measure.value / measure.baseline)


def test_latency_by_stage() -> None:
    answers = [Answer("?", "", 0, 0.4, (), (), Timings(retrieve=each, read=10 * each)) for each in (1.0, 2.0, 3.0)]
    values = {measure.name: measure.value for measure in latency(answers)}
    assert values["retrieve_p50"] == 2 and values["read_p50"] == 20 and values["total_p50"] == 22
    assert values["retrieve_p95"] == pytest.approx(2.9)
    assert [(each.name, each.value) for each in latency(answers, "small")] == [
        ("small_total_p50", 22),
        ("small_total_p95", pytest.approx(31.9)),
    ]


def test_a_cold_start_is_a_whole_process(tmp_path: Path) -> None:
    code = f"import time; time.sleep(0.2); open({str(tmp_path / 'ran')!r}, 'a').write('x')"
    measure = cold_start([sys.executable, "-c", code], 2)
    assert measure.value >= 0.2 and measure.met and (tmp_path / "ran").read_text() == "xx"


def test_a_cold_start_that_fails() -> None:
    with pytest.raises(FootnoteError, match="failed: no library"):
        cold_start([sys.executable, "-c", "import sys; sys.exit('no library')"], 1)


SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def do_POST(self):
        open(sys.argv[2], "ab").write(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(0.2); self.do_GET()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_chat_is_timed_to_its_page_and_to_its_first_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(port), str(tmp_path / "asked")]
    page, answer = chat_start(command, f"http://127.0.0.1:{port}", "Who?", 2)
    assert (tmp_path / "asked").read_text() == 2 * '{"question":"Who?"}'
    assert 0 < page.value <= answer.value - 0.2


def test_a_chat_that_does_not_start() -> None:
    with pytest.raises(FootnoteError, match="failed: the port is taken"):
        list(chat_start([sys.executable, "-c", "raise SystemExit('the port is taken')"], "http://127.0.0.1:9", "", 1))


def test_hits_of_both_modes(library: Library) -> None:
    library.add([COBH, Document.from_text("rathlin.txt", "The ferry to Rathlin leaves Ballycastle.")])

    def nothing(question: str, k: int) -> list[Hit]:
        return []

    asked = wanted(ASKED, [COBH])
    first, second = found(asked, {"float32": lambda q, k: retrieve(library, q, k), "bfloat16": nothing})
    assert (first.name, first.value, first.baseline) == ("hit@5_float32", 1.0, None)
    assert (second.name, second.value, second.baseline) == ("hit@5_bfloat16", 0.0, 1.0)


def test_what_is_shown() -> None:
    measures = [
        Measure("indexing_float32", 2.0, "s", "encoding alone", 5.0, 2.5, 1.25),
        Measure("search", 0.05, "ms", "FAISS alone", 0.03, 1.67, 1.2, at_most=True),
        Measure("cold_start", 2.5, "s", "the process", target=3.0, at_most=True),
        Measure("hit@5_float32", 0.987, "", "156 questions"),
    ]
    text = shown(measures_table(measures, "gold"), *measures_notes(measures))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "indexing_float32 2 s 5 s 2.50 × ≥ 1.25 × met" in rows
    assert "search 0.05 ms 0.03 ms 1.67 × ≤ 1.2 × missed" in rows
    assert "cold_start 2.5 s ≤ 3 s met" in rows
    assert "hit@5_float32 98.7 %" in rows
    assert "search: FAISS alone." in rows
    told = json.loads(json.dumps(measures_json(measures, {"gold": "gold", "repeats": 3})))
    assert told["repeats"] == 3
    assert told["measures"]["search"] == {
        "value": 0.05, "unit": "ms", "against": "FAISS alone", "baseline": 0.03, "ratio": 1.67, "target": 1.2,
        "at_most": True, "met": False,
    }  # fmt: skip
    assert told["measures"]["hit@5_float32"]["met"] is None


def test_what_is_shown_of_sizes() -> None:
    large = Scale(10_000_000, 640, 8192, 1234.5, 9000.0, 2500.0, 4000.0, 100.0, 12.3, 25.6, 0.99, 0.98)
    small = Scale(10_000, 0, 0, 1.5, 900.0, 250.0, 40.0, 100.0, 1.3, 2.6, 1.0, 1.0)
    rows = [" ".join(line.split()) for line in shown(scale_table([small, large])).splitlines()]
    assert "10,000 exact 2 900 250 40 1.3 2.6 100.0" in rows
    assert "10,000,000 640/8192 1234 9000 2500 4000 12.3 25.6 98.0" in rows


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "1", "question": "Who?", "answers": ["Cobh"]}\n')
    assert "name what it is about with --docs" in fails(capsys, "bench", str(gold))
    assert "--repeats must be 1 or more; found 0." in fails(capsys, "bench", "--repeats", "0")
    assert "from 1,000 on; found 10." in fails(capsys, "bench", "--scale", "10")


@pytest.mark.integration
def test_a_small_bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "1", "question": "Which city will host EXPO 2017?", "answers": ["Astana"]}\n')
    docs = str(GOLD / "documents" / "briefing.txt")
    assert main(["bench", str(gold), "--docs", docs, "--passages", "15", "--repeats", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["gold"] == "gold.jsonl" and told["repeats"] == 1
    for name in ("indexing_float32", "search", "search_20000"):
        assert told["measures"][name]["ratio"] > 0
    for name in (
        "retrieve_p50",
        "read_p95",
        "total_p50",
        "small_total_p95",
        "cold_start",
        "chat_page",
        "chat_first_answer",
    ):
        assert told["measures"][name]["value"] > 0
    assert told["measures"]["hit@5_float32"]["value"] == 1.0


@pytest.mark.integration
def test_rankings_of_a_small_gold_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"id": "1", "question": "Which city will host EXPO 2017?", "answers": ["Astana"]}\n')
    arguments = ["bench", str(gold), "--docs", str(GOLD / "documents" / "briefing.txt"), "--rankings"]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["rankings"]) == ["BM25", "vectors", "both", "both, read"]
    assert told["rankings"]["both, read"] == {"hit@1": 1.0, "hit@5": 1.0, "hit@10": 1.0, "mrr@10": 1.0}
    assert main(arguments) == 0
    assert "both, read 100.0 100.0 100.0 100.0" in " ".join(capsys.readouterr().out.split())
