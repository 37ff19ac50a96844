"""The command line: what it prints, where, and with which exit code."""

import json
import socket
from pathlib import Path

import pytest

from eval.metrics import SCORES
from ui.cli import main

BRIEFING = "eval/gold/documents/briefing.txt"


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that a command fails with."""
    assert main(list(arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("footnote: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("index", "ask", "chat", "eval", "text"))


@pytest.mark.parametrize("arguments", [[], ["frobnicate"], ["ask"], ["ask", "x", "--library", "a", "--docs", "b"]])
def test_a_wrong_call_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)


def test_text_prints_what_offsets_count_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffAn é,\r\nand 😀".encode())
    assert main(["text", str(tmp_path / "a.txt")]) == 0
    assert capsys.readouterr().out == "An é,\nand 😀"


def test_bad_input_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = ["--library", str(tmp_path / "none")]
    assert "There is no library in" in fails(capsys, "ask", "Where?", *library)
    assert "The question is empty" in fails(capsys, "ask", "  ", *library)
    assert "has 10,000 characters" in fails(capsys, "ask", "x" * 10_000, *library)
    assert "cannot be read" in fails(capsys, "eval", str(tmp_path / "none.jsonl"), *library)
    assert "cannot be read" in fails(capsys, "text", str(tmp_path / "none.txt"))
    assert not (tmp_path / "none").exists()


def test_a_port_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        message = fails(capsys, "chat", "--no-browser", "--port", port, "--library", str(tmp_path / "library"))
    assert f"cannot listen on 127.0.0.1, port {port}" in message
    assert "--port" in message


@pytest.mark.integration
def test_index_then_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = ["--library", str(tmp_path / "library")]
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\0\1\2")
    assert main(["index", BRIEFING, *library, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["added"], first["unchanged"], first["documents"]) == (1, 0, 1)
    assert main(["index", BRIEFING, str(bad), str(tmp_path / "gone.txt"), *library, "--json"]) == 2
    captured = capsys.readouterr()
    second = json.loads(captured.out)
    assert (second["added"], second["unchanged"], second["documents"]) == (0, 1, 1)
    assert [failure["path"] for failure in second["failed"]] == [str(tmp_path / "gone.txt"), str(bad)]
    assert "is a binary file" in captured.err
    assert "does not exist" in captured.err

    assert main(["ask", "Which city will host EXPO 2017?", *library, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    text = Path(BRIEFING).read_text(encoding="utf-8")
    assert answer["answer"] == "Astana"
    assert answer["citations"][0]["document"] == BRIEFING
    assert all(text[c["start"] : c["end"]] == c["quote"] for c in answer["citations"])
    assert all(text[p["start"] : p["end"]] == p["text"] for p in answer["passages"])

    next((tmp_path / "library").glob("vectors-*.faiss")).write_bytes(b"damaged")
    assert main(["ask", "Which city will host EXPO 2017?", *library]) == 0
    assert capsys.readouterr().out.startswith("Astana")


@pytest.mark.integration
def test_what_a_folder_has_that_is_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, library = tmp_path / "old", ["--library", str(tmp_path / "library")]
    folder.mkdir()
    for name in ("contract.doc", "letter.rtf", "mail.eml"):
        (folder / name).write_text("hi")
    named = "contract.doc, letter.rtf (save it as .docx); mail.eml (save it as PDF)"
    left_out = f"{str(folder)!r}: 3 were left out: {named}."
    assert main(["index", str(folder), *library]) == 2, "nothing could be read"
    captured = capsys.readouterr()
    assert captured.out.startswith("0 added")
    assert left_out in captured.err
    assert "3 left out" in captured.out
    assert captured.err.count("\n") == 1
    assert left_out in fails(capsys, "ask", "Where?", "--docs", str(folder))
    (folder / "a.txt").write_text("The ferry leaves Cobh at noon.")
    assert main(["index", str(folder), *library, "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    assert (summary["added"], summary["warnings"]) == (1, [left_out])
    assert [Path(skipped["path"]).name for skipped in summary["skipped"]] == ["contract.doc", "letter.rtf", "mail.eml"]
    assert summary["skipped"][0]["message"].endswith("is not a kind of file Footnote reads; save it as .docx.")
    assert main(["index", str(folder), *library]) == 0, "what was read before is read"


@pytest.mark.integration
def test_ask_without_a_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "What is the price of crude oil in Norway?", "--docs", BRIEFING]) == 0
    assert capsys.readouterr().out.startswith("The documents do not say.")
    assert "does not exist" in fails(capsys, "ask", "Where?", "--docs", BRIEFING, "none.txt")


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["open", "reader"])
def test_eval_of_squad(mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = "Cobh is a town in County Cork. It was called Queenstown until 1920."
    answer = {"text": "Queenstown", "answer_start": context.index("Queenstown")}
    question = {"id": "1", "question": "What was Cobh called until 1920?", "answers": [answer]}
    paragraphs = [{"context": context, "qas": [question]}, {"context": "Spain is warm in May.", "qas": []}]
    gold = tmp_path / "squad.json"
    gold.write_text(json.dumps({"version": "1.1", "data": [{"title": "Cobh", "paragraphs": paragraphs}]}))
    assert main(["eval", str(gold), "--mode", mode, "--json", "--out", str(tmp_path / "out")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["n"] == 1
    assert list(printed["scores"]) == list(SCORES)
    assert printed["scores"]["hit@1"]["value"] == 1.0
    assert printed["scores"]["em_has"]["value"] == 1.0
    assert printed["scores"]["answerable_auroc"] == {"value": None, "low": None, "high": None}
    assert (tmp_path / "out" / "questions.jsonl").exists()


@pytest.mark.integration
def test_eval_of_dialogues_tells_follow_ups_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turns = [
        {"question": "Who led the Kazakh team?", "answers": ["Yerzhan Ashikbayev"]},
        {"question": "What is his position?", "answers": ["a deputy foreign minister", "deputy foreign minister"]},
    ]
    gold = tmp_path / "dialogues.jsonl"
    gold.write_text(json.dumps({"id": "1", "turns": turns}))
    command = ["eval", str(gold), "--docs", BRIEFING, "--out", str(tmp_path / "out")]
    assert main([*command, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["n", "scores", "groups"]
    assert {name: group["n"] for name, group in printed["groups"].items()} == {"first": 1, "follow-up": 1}
    assert printed["groups"]["follow-up"]["scores"]["em"]["value"] == 1.0
    rows = [json.loads(line) for line in (tmp_path / "out" / "questions.jsonl").read_text().splitlines()]
    assert rows[1]["understood"] == "What is Yerzhan Ashikbayev's position?"
    assert main(command) == 0
    assert "follow-up" in capsys.readouterr().out
