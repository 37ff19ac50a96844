"""The evaluation's command line: what it refuses, what it keeps, and with which exit code."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from eval.metrics import SCORES
from eval.results import MANIFEST, QUESTIONS, REPORT
from eval.results import SCORES as SCORES_FILE
from rag.calibration import Calibration
from tests.test_cli import BRIEFING, fails
from tests.test_eval_systems import Reply, foreign
from ui.cli import main

ROOT = Path(__file__).parents[1]
CONTEXT = "Cobh is a town in County Cork. It was called Queenstown until 1920. Liners called there."


def lines(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def gold(tmp_path: Path) -> str:
    """Three questions about the briefing, one without an answer."""
    asked = {"Which city will host EXPO 2017?": ["Astana"], "Who led the Kazakh team?": ["Yerzhan Ashikbayev"]}
    rows = [{"id": str(i), "question": q, "answers": a} for i, (q, a) in enumerate({**asked, "Who paid?": []}.items())]
    return lines(tmp_path / "gold.jsonl", *rows)


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    lines(folder / "corpus.jsonl", {"_id": "d1", "text": CONTEXT}, {"_id": "d2", "text": "Spain is warm in May."})
    lines(folder / "queries.jsonl", {"_id": "q1", "text": "What was Cobh called until 1920?"})
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    return folder


def test_options_that_do_not_go_together(gold: str, beir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "name its folder with --out" in fails(capsys, "eval", gold, "--resume")
    assert "name that with --system" in fails(capsys, "eval", gold, "--model", "x")
    assert "leave out --mode reader" in fails(capsys, "eval", gold, "--system", "http://x", "--mode", "reader")
    assert "Expected SCORE=VALUE" in fails(capsys, "eval", gold, "--fail-under", "f2=1")
    message = fails(capsys, "eval", str(beir), "--docs", "x", "--baseline", "y")
    assert "leave out --docs and --baseline" in message


def test_bad_input_is_told_before_anything_is_written(
    gold: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert "nothing to resume" in fails(capsys, "eval", gold, *out, "--resume")
    assert "The baseline" in fails(capsys, "eval", gold, *out, "--baseline", str(tmp_path / "none"))
    bad = lines(tmp_path / "bad.jsonl", {"id": "1", "question": "Why?", "answers": []}, {"id": "2"})
    assert "line 2" in fails(capsys, "eval", bad, *out)
    draft = lines(tmp_path / "draft.jsonl", {"id": "1", "question": "Why?", "answers": [], "draft": True})
    assert "--drafts" in fails(capsys, "eval", draft, *out)
    assert "has no evidence" in fails(capsys, "eval", gold, *out, "--mode", "reader", "--docs", BRIEFING)
    assert "There is no library in" in fails(capsys, "eval", gold, *out, "--library", str(tmp_path / "none"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / QUESTIONS).write_text("mine")
    assert "name another folder" in fails(capsys, "eval", gold, *out)
    assert (tmp_path / "out" / QUESTIONS).read_text() == "mine"


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "eval", "none.jsonl"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("footnote: The gold set 'none.jsonl' cannot be read")


@pytest.mark.integration
def test_a_run_its_baseline_and_its_floors(gold: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["eval", gold, "--docs", BRIEFING, "--out", str(out)]
    assert main([*command, "--json", "--fail-under", "hit@5=0.5"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {path.name for path in out.iterdir()} == {MANIFEST, QUESTIONS, SCORES_FILE, REPORT}
    kept = json.loads((out / SCORES_FILE).read_text())
    assert {name: kept[name] for name in printed} == printed
    assert {name: kind["n"] for name, kind in kept["kinds"].items()} == {"who": 2, "which": 1}
    made = json.loads((out / MANIFEST).read_text())
    assert set(made["models"]) == {"embedder", "reader", "calibration"}
    assert made["settings"]["threshold"] == Calibration.load().threshold

    questions = (out / QUESTIONS).read_bytes()
    assert main([*command, "--resume", "--baseline", str(out), "--fail-under", "latency_p50_ms=0.001"]) == 1
    captured = capsys.readouterr()
    assert "Against the baseline, over 3 questions" in captured.out
    assert captured.err.startswith("footnote: latency_p50_ms is ")
    assert json.loads((out / SCORES_FILE).read_text())["baseline"]["n"] == 3
    assert (out / QUESTIONS).read_bytes() == questions, "nothing was asked again"

    message = fails(capsys, "eval", gold, "--docs", BRIEFING, "README.md", "--out", str(out), "--resume")
    assert "made with other documents and the documents cut into other passages" in message
    wrong = {
        "id": "1",
        "question": "Who?",
        "answers": ["x"],
        "evidence": [{"document": "briefing.txt", "quote": "No x."}],
    }
    fails(capsys, "eval", lines(tmp_path / "wrong.jsonl", wrong), "--docs", BRIEFING, "--out", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists(), "the gold set does not fit, and nothing was written"


@pytest.mark.integration
def test_retrieval_alone(beir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(beir), "--json", "--out", str(tmp_path / "out"), "--fail-under", "ndcg@10=1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed["scores"]) == list(SCORES)
    assert printed["scores"]["hit@1"]["value"] == 1.0
    assert printed["scores"]["f1"]["value"] is None
    assert json.loads((tmp_path / "out" / QUESTIONS).read_text())["found"] == ["d1", "d2"]
    assert main(["eval", str(beir)]) == 0
    assert "1 queries over 2 documents" in capsys.readouterr().out


@pytest.mark.integration
def test_another_system_and_its_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def saying(answer: str) -> dict[str, Callable[[Any], Reply]]:
        return {"POST /api/ask": lambda _: (200, {"answer": answer})}

    rows = [{"id": str(i), "question": f"Which city hosts EXPO {2017 + i}?", "answers": ["Astana"]} for i in range(12)]
    twelve = lines(tmp_path / "twelve.jsonl", *rows)
    command = ["eval", twelve, "--docs", BRIEFING, "--json", "--out"]
    monkeypatch.setenv("FOOTNOTE_API_KEY", "k-e-y")
    for said, folder in (("Astana", "good"), ("Paris", "bad")):
        with foreign(saying(said)) as (url, server):
            address = url.replace("http://", "http://me:s-e-c-r-e-t@")
            assert main([*command, str(tmp_path / folder), "--system", f"{address}/api/ask"]) == 0
        assert len(server.heard) == 12
        printed = json.loads(capsys.readouterr().out)
        assert printed["scores"]["em"]["value"] == (said == "Astana")
        assert printed["scores"]["hit@1"]["value"] is None, "it never tells what it found"
        manifest = (tmp_path / folder / MANIFEST).read_text()
        assert json.loads(manifest)["models"]["system"] == f"{url}/api/ask"
        for path in (tmp_path / folder).iterdir():
            assert not any(hidden in path.read_text() for hidden in ("k-e-y", "s-e-c-r-e-t"))
    with foreign(saying("Paris")) as (url, _):
        bad = [*command, str(tmp_path / "again"), "--system", f"{url}/api/ask", "--baseline", str(tmp_path / "good")]
        assert main(bad) == 1
        assert "footnote: f1 fell from 100.0 % to 0.0 %" in capsys.readouterr().err
        assert main([*bad, "--fail-on", "false_refusal_rate"]) == 0
        assert main([*bad, "--fail-on", "false_refusal_rate", "--fail-on", "em"]) == 1
    capsys.readouterr()
    other = lines(tmp_path / "other.jsonl", {"id": "x", "question": "Who?", "answers": ["Me"]})
    assert "share no question" in fails(capsys, "eval", other, "--baseline", str(tmp_path / "good"))
    assert "found 'em1'" in fails(capsys, "eval", twelve, "--baseline", str(tmp_path / "good"), "--fail-on", "em1")
    assert "name that with --baseline" in fails(capsys, "eval", twelve, "--fail-on", "em")


@pytest.mark.integration
def test_an_interrupted_process_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"text": "Queenstown", "answer_start": CONTEXT.index("Queenstown")}
    asked = [
        {"id": str(i), "question": f"What was Cobh called until {1900 + i}?", "answers": [answer]} for i in range(60)
    ]
    gold, out = tmp_path / "squad.json", tmp_path / "out"
    gold.write_text(json.dumps({"data": [{"title": "Cobh", "paragraphs": [{"context": CONTEXT, "qas": asked}]}]}))
    command = ["eval", str(gold), "--mode", "reader", "--out", str(out)]
    running = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while running.poll() is None and (not (out / QUESTIONS).exists() or not (out / QUESTIONS).stat().st_size):
        sleep(0.02)
    running.send_signal(signal.SIGINT)
    printed, said = running.communicate()
    assert (running.returncode, printed) == (1, "")
    assert "of 60 questions are kept" in said
    assert 0 < (out / QUESTIONS).read_bytes().count(b"\n") < 60
    assert main([*command, "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 60
    assert (out / QUESTIONS).read_bytes().count(b"\n") == 60


@pytest.mark.integration
def test_a_draft_is_scored_once_it_is_looked_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "draft.jsonl"
    assert "--count must be 1 or more" in fails(capsys, "gold", "draft", BRIEFING, "--count", "0")
    assert main(["gold", "draft", BRIEFING, "--count", "4"]) == 0
    printed = capsys.readouterr().out
    assert main(["gold", "draft", BRIEFING, "--count", "4", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert (captured.out, out.read_text(encoding="utf-8")) == ("", printed)
    assert captured.err == f"footnote: {out} holds {len(printed.splitlines())} questions to look through.\n"
    assert "--drafts" in fails(capsys, "eval", str(out), "--docs", BRIEFING)
    out.write_text("".join(json.dumps({**json.loads(line), "draft": False}) + "\n" for line in printed.splitlines()))
    assert main(["eval", str(out), "--docs", BRIEFING, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == len(printed.splitlines())
