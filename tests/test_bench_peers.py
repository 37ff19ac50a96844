"""The bench's comparison: each system in its own process, judged by one rule; and what becomes of one that fails."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from eval.bench.corpus import write
from eval.bench.peers import PEERS, Comparison, Contender, compare, standing
from eval.bench.relevance import Wanted, wanted
from eval.bench.tables import peers_json, peers_notes, peers_table
from eval.bench.trial import peak_memory
from eval.gold import Evidence, GoldSet, Item
from index.types import Document

ROOT = Path(__file__).parents[1]
WORDS = Contender("Words", "tests.bench_contender", (), ("footnote",), "paragraphs")
DOCUMENTS = [
    Document.from_text("towns/cobh.txt", "Cobh was called Queenstown until 1920.\n\nLiners called at Cobh in summer."),
    Document.from_text(
        "rathlin.md", "# Rathlin\n\nThe ferry to Rathlin leaves  Ballycastle at nine.\n\nIt is an island."
    ),
]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def asked() -> list[Wanted]:
    quote = "The ferry to Rathlin leaves  Ballycastle at nine."
    items = (
        Item("1", "What was Cobh called until 1920?", ("Queenstown",)),
        Item("2", "When does the ferry leave?", ("nine",), (Evidence("rathlin.md", quote),)),
        Item("3", "Which liners?", ("an island",)),  # the word is elsewhere
    )
    return wanted(GoldSet(items), DOCUMENTS)


def shown(comparison: Comparison) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(peers_table(comparison, "gold"), *peers_notes(comparison), sep="\n", markup=False, soft_wrap=True)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_each_system_is_run_and_judged_by_the_same_rule(asked: list[Wanted], tmp_path: Path) -> None:
    turns: list[str] = []
    files = write(DOCUMENTS, tmp_path / "files")
    contenders = [
        WORDS,
        replace(WORDS, name="Broken", arguments=("broken",)),
        replace(WORDS, name="Absent", packages=("footnote", "no-such-package")),
    ]
    comparison = compare(contenders, files, asked, tmp_path, turns.append)
    (words,) = comparison.standings
    assert turns == ["Words", "Broken"]
    assert words.passages == 5
    assert [words.hit_1, words.hit_5] == pytest.approx([2 / 3, 1.0])
    assert 2 / 3 < words.mrr_10 < 1
    assert words.peak_mb > 5 and words.index_s > 0 and 0 < words.p50_ms <= words.p95_ms
    assert comparison.absent == ("Absent",)
    assert comparison.failures == (f"Broken {WORDS.version} did not get through: It has no wheels.",)
    text = shown(comparison)
    assert "pip install --editable '.[bench]'" in text and "Absent" in text
    assert "It has no wheels." in text and f"Words ({WORDS.version}): paragraphs." in text
    told = json.loads(json.dumps(peers_json(comparison, {"questions": 3})))
    assert told["systems"][0]["hit_5"] == 1.0 and told["not_installed"] == ["Absent"]


def test_a_cut_answer_is_not_relevant(asked: list[Wanted]) -> None:
    start = DOCUMENTS[0].text.index("Queenstown")
    outcome = {
        "lengths": [10, 20],
        "load_s": 1.0,
        "index_s": 1.0,
        "peak_mb": 100.0,
        "milliseconds": [1.0, 2.0, 3.0],
        "found": [[["towns/cobh.txt", 0, start + 5], ["towns/cobh.txt", start, start + 10]], [], []],
    }
    result = standing(WORDS, outcome, asked)
    assert [result.hit_1, result.hit_5, result.mrr_10] == pytest.approx([0, 1 / 3, 1 / 6])
    assert (result.passages, result.characters, result.p50_ms) == (2, 15, 2.0)


def test_memory_is_a_process_own() -> None:
    ballast = bytearray(b"x" * 200_000_000)
    code = "from eval.bench.trial import peak_memory; print(peak_memory())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert len(ballast) < peak_memory()
    assert 5_000_000 < int(child.stdout) < len(ballast)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer(peer: Contender, asked: list[Wanted], tmp_path: Path) -> None:
    if peer.version is None:
        pytest.skip(f"{peer.name} is not installed")
    comparison = compare([peer], write(DOCUMENTS, tmp_path / "files"), asked, tmp_path)
    assert not comparison.failures
    assert comparison.standings[0].hit_5 == 1.0
    outcome = json.loads((tmp_path / "outcome.json").read_text())
    texts = {document.path: document.text for document in DOCUMENTS}
    for document, start, end in (place for places in outcome["found"] for place in places):
        assert 0 <= start < end <= len(texts[document])
