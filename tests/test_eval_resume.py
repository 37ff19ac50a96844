"""The folder of a run: kept line by line, gone on from after any end, and never mixed with another run's."""

import argparse
import json
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.gold import GoldSet, Item
from eval.manifest import manifest
from eval.records import Record, parse_record
from eval.report import all_json
from eval.results import MANIFEST, QUESTIONS, REPORT, SCORES, earlier, finish, keep
from eval.run import run_open
from eval.scores import score
from index.errors import FootnoteError
from index.types import Hit, Passage
from rag.types import Answer, Turn
from tests.answer_slowly import CORPUS, a_gold_set, answer, asked, stands_on
from ui.cli_eval import answered, scored
from ui.examine import Examination

GOLD = a_gold_set(4)


@pytest.fixture(scope="module")
def gold_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gold") / "gold.jsonl"
    path.write_text("a gold set")
    return path


def complete(folder: Path, gold_file: Path, gold: GoldSet = GOLD) -> bytes:
    """A run from end to end; the bytes of its questions."""
    records = list(asked(folder, gold, stands_on(gold_file), earlier(folder, resume=False)))
    finish(folder, {"n": len(records)})
    return (folder / QUESTIONS).read_bytes()


def resumed(folder: Path, gold_file: Path, gold: GoldSet = GOLD) -> list[Record]:
    return list(asked(folder, gold, stands_on(gold_file), earlier(folder, resume=True)))


def test_a_record_is_a_line(gold_file: Path, tmp_path: Path) -> None:
    lines = complete(tmp_path / "out", gold_file).splitlines()
    records = [parse_record(json.loads(line)) for line in lines]
    assert records == list(run_open(GOLD, CORPUS, answer))
    assert [parse_record(json.loads(json.dumps(asdict(record)))) for record in records] == records
    assert all(record.slim.turn == replace(record, passages=()).turn for record in records)


def test_what_a_follow_up_hears_is_what_the_answer_said() -> None:
    answers = list[Answer]()

    def telling(question: str, history: Sequence[Turn]) -> Answer:
        answers.append(answer(question, history))
        return answers[-1]

    records = list(run_open(GOLD, CORPUS, telling))
    assert [record.slim.turn for record in records] == [each.turn for each in answers]
    assert {each.answerable for each in answers} == {True, False}


@pytest.fixture(scope="module")
def whole(gold_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run from end to end."""
    folder = tmp_path_factory.mktemp("whole")
    complete(folder, gold_file)
    return folder


@given(cut=st.integers(0, 20_000))
def test_cut_at_any_byte_a_run_ends_as_if_it_had_not_been(cut: int, whole: Path, gold_file: Path) -> None:
    lines = (whole / QUESTIONS).read_bytes()
    records = [parse_record(json.loads(line)).slim for line in lines.splitlines()]
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / MANIFEST).write_bytes((whole / MANIFEST).read_bytes())
        (folder / QUESTIONS).write_bytes(lines[: cut % (len(lines) + 1)])
        assert [record.slim for record in resumed(folder, gold_file)] == records
        assert (folder / QUESTIONS).read_bytes() == lines


def test_the_same_gives_the_same_scores(whole: Path, gold_file: Path, tmp_path: Path) -> None:
    complete(tmp_path, gold_file)
    for folder in (tmp_path, whole):
        records = [parse_record(json.loads(line)) for line in (folder / QUESTIONS).read_bytes().splitlines()]
        finish(folder, all_json(score(records)))
    assert (tmp_path / SCORES).read_bytes() == (whole / SCORES).read_bytes()
    assert (tmp_path / QUESTIONS).read_bytes() == (whole / QUESTIONS).read_bytes()
    one, other = (json.loads((folder / MANIFEST).read_text()) for folder in (tmp_path, whole))
    assert {**one, "made": 0} == {**other, "made": 0}


def test_nothing_answered_is_asked_again(gold_file: Path, tmp_path: Path) -> None:
    complete(tmp_path, gold_file)
    assert len(resumed(tmp_path, gold_file)) == len(GOLD.items)
    lines = (tmp_path / QUESTIONS).read_bytes().splitlines(keepends=True)
    (tmp_path / QUESTIONS).write_bytes(b"".join(lines[:5]) + lines[5][:40])
    records = [parse_record(json.loads(line)) for line in lines[:5]]
    heard = list[str]()

    def telling(question: str, history: Sequence[Turn]) -> Answer:
        heard.append(question)
        return answer(question, history)

    list(run_open(GOLD, CORPUS, telling, [record.slim for record in records]))
    assert heard == [item.question for item in GOLD.items[5:]]
    (tmp_path / QUESTIONS).unlink()
    assert len(resumed(tmp_path, gold_file)) == len(GOLD.items), "killed before the first line"


def test_a_killed_process_leaves_whole_lines(tmp_path: Path) -> None:
    folder, root = tmp_path / "out", Path(__file__).parents[1]
    slow = subprocess.Popen([sys.executable, "-m", "tests.answer_slowly", str(folder)], cwd=root)
    while slow.poll() is None and (not (folder / QUESTIONS).exists() or (folder / QUESTIONS).stat().st_size < 5000):
        sleep(0.02)
    slow.kill()
    assert slow.wait() == -signal.SIGKILL
    source, gold = root / "tests" / "answer_slowly.py", a_gold_set(1000)
    done = (folder / QUESTIONS).read_bytes().count(b"\n")
    assert 0 < done < len(gold.items)
    short = GoldSet(gold.items[: done + 5])
    before = earlier(folder, resume=True)
    records = list(asked(folder, short, stands_on(source), before))
    assert [replace(record, passages=()) for record in records] == [r.slim for r in run_open(short, CORPUS, answer)]


def test_records_are_kept_before_they_are_given(gold_file: Path, tmp_path: Path) -> None:
    records = asked(tmp_path / "out", GOLD, stands_on(gold_file), None)
    for number, record in enumerate(records, start=1):
        lines = (tmp_path / "out" / QUESTIONS).read_bytes().splitlines()
        assert len(lines) == number
        assert json.loads(lines[-1])["id"] == record.id


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"gold": Path(__file__)}, "another gold set"),
        ({"documents": {"ferries.txt": "5b"}}, "other documents"),
        ({"documents": {"ferries.md": "5a"}}, "other documents"),
        ({"passages": []}, "the documents cut into other passages"),
        ({"models": {"reader": "another"}}, "other models"),
        ({"settings": {"mode": "reader"}}, "other settings"),
        ({"documents": {}, "models": {}}, "other documents and other models"),
    ],
)
def test_another_run_is_not_gone_on_with(other: dict[str, Any], said: str, gold_file: Path, tmp_path: Path) -> None:
    whole = complete(tmp_path, gold_file)
    same: dict[str, Any] = {
        "gold": gold_file,
        "documents": {"ferries.txt": "5a"},
        "passages": list(CORPUS.passages),
        "models": {"reader": "none"},
        "settings": {},
        "arguments": {"docs": "elsewhere"},
    }
    before = earlier(tmp_path, resume=True)
    list(asked(tmp_path, GOLD, manifest(**same), before))
    with pytest.raises(FootnoteError, match=f"cannot be resumed, for it was made with {said};"):
        list(asked(tmp_path, GOLD, manifest(**{**same, **other}), before))
    assert (tmp_path / QUESTIONS).read_bytes() == whole


def test_other_versions_are_another_run(gold_file: Path, tmp_path: Path) -> None:
    complete(tmp_path, gold_file)
    stored = json.loads((tmp_path / MANIFEST).read_text())
    assert set(stored["versions"]) >= {"footnote", "python", "torch", "sentence-transformers", "transformers", "numpy"}
    stored["versions"]["torch"] = "1.0"
    (tmp_path / MANIFEST).write_text(json.dumps(stored))
    with pytest.raises(FootnoteError, match="other versions of the software"):
        resumed(tmp_path, gold_file)


@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"name": "an app", "start_url": "/"}'])
def test_nothing_to_resume(manifest: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with pytest.raises(FootnoteError, match="nothing to resume"):
        earlier(folder, resume=True)
    assert not folder.exists()
    folder.mkdir()
    if manifest is not None:
        (folder / MANIFEST).write_text(manifest)
        with pytest.raises(FootnoteError, match=f"holds a {MANIFEST}"):
            earlier(folder, resume=False)
    with pytest.raises(FootnoteError, match="nothing to resume"):
        earlier(folder, resume=True)


def test_only_a_run_is_overwritten(gold_file: Path, tmp_path: Path) -> None:
    complete(tmp_path, gold_file)
    records = asked(tmp_path, GOLD, stands_on(gold_file), earlier(tmp_path, resume=False))
    next(records)
    assert not (tmp_path / SCORES).exists(), "which are not those of the new run"
    assert (tmp_path / QUESTIONS).read_bytes().count(b"\n") == 1
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(FootnoteError, match=rf"holds a {QUESTIONS} .* would be overwritten"):
        earlier(tmp_path, resume=False)
    (tmp_path / QUESTIONS).unlink()
    (tmp_path / "notes.txt").touch()
    assert earlier(tmp_path, resume=False) is None
    with pytest.raises(FootnoteError, match="it is a file"):
        earlier(tmp_path / "notes.txt", resume=False)
    with pytest.raises(FootnoteError, match="cannot be kept"):
        list(asked(tmp_path / "notes.txt" / "out", GOLD, stands_on(gold_file), None))


def test_lines_that_a_person_changed(gold_file: Path, tmp_path: Path) -> None:
    lines = complete(tmp_path, gold_file).splitlines(keepends=True)
    (tmp_path / QUESTIONS).write_bytes(lines[0] + lines[2])
    with pytest.raises(FootnoteError, match=r"not in the order of the gold set from question 0\.3 on"):
        resumed(tmp_path, gold_file)
    (tmp_path / QUESTIONS).write_bytes(lines[0] + b'{"id": "0.2"}\n')
    with pytest.raises(FootnoteError, match=r"Line 2 of .* is not a question's record"):
        resumed(tmp_path, gold_file)


def test_any_text_survives(gold_file: Path, tmp_path: Path) -> None:
    gold = GoldSet((Item("1", 'a\u2028b\x85\ud800"\\\n\0?', ("\udfff", "é")),))
    line = complete(tmp_path, gold_file, gold)
    line.decode()
    assert line.count(b"\n") == 1
    assert resumed(tmp_path, gold_file, gold)[0].question == gold.items[0].question


def test_memory_does_not_grow_with_passages(gold_file: Path, tmp_path: Path) -> None:
    text = "x" * 100_000

    def long(question: str, history: Sequence[Turn]) -> Answer:
        hit = Hit(Passage("ferries.txt", 0, len(text), text + question), 1.0)
        return replace(answer(question, ()), hits=(hit,) * 3)

    gold = GoldSet(tuple(Item(str(number), "Who?", ()) for number in range(200)))
    records = keep(tmp_path / "out", stands_on(gold_file), None, run_open(gold, CORPUS, long))
    tracemalloc.start()
    slim = [record.slim for record in records]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "out" / QUESTIONS).stat().st_size > 60_000_000
    assert most < 10_000_000
    assert len(slim) == 200


def arguments(gold: Path, out: Path | None) -> argparse.Namespace:
    """Those of `footnote eval GOLD --out DIR --json`."""
    chosen = {"gold": gold, "out": out, "json": True, "mode": "open", "library": Path("library")}
    return argparse.Namespace(**chosen, docs=None, drafts=False, system=None, model=None, reader=None, embedder=None)


def test_what_a_person_stops_goes_on(gold_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command, short of the models."""

    def stopping(question: str, history: Sequence[Turn]) -> Answer:
        if question == GOLD.items[7].question:
            raise KeyboardInterrupt
        return answer(question, history)

    def examined(ask: Any, out: Path | None, *, resume: bool = False) -> list[Record] | None:
        passages = list(CORPUS.passages)
        asked = Examination({"ferries.txt": "5a"}, passages, {}, {}, partial(run_open, GOLD, CORPUS, ask))
        before = earlier(out, resume=resume) if out else None
        return answered(arguments(gold_file, out), GOLD, asked, before)

    out, whole = tmp_path / "out", tmp_path / "whole"
    assert examined(stopping, out) is None
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"footnote: stopped; 7 of 12 questions are kept in '{out}'.")
    assert "--resume" in captured.err
    for folder, records in ((out, examined(answer, out, resume=True)), (whole, examined(answer, whole))):
        assert records is not None
        scored(arguments(gold_file, folder), records)
    one, other = capsys.readouterr().out.splitlines()
    assert one == other
    for name in (QUESTIONS, SCORES):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert (out / REPORT).exists()
    with pytest.raises(KeyboardInterrupt):
        examined(stopping, None)
