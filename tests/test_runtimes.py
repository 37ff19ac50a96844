"""One model on two runtimes and in two precisions; one question on one core or two."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedding import SentenceEmbedder, minilm_folder, obstacle
from index.encoder import batches, computes, padded
from index.library import Library
from rag.reader import SMALL_WEIGHTS, WEIGHTS, ExtractiveReader
from ui.assemble import open_library
from ui.cli import main

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[1]
TEXTS = [
    "The harbour at Cobh is deep. Liners call in summer.",
    "",
    "Tarn HP-200 › 7. Warranty\nThe tank is covered against leaks for 7 years and the compressor for 5 years. " * 9,
    "😀 é Cobh lies in Cork.",
    "word " * 600,
]
QUESTIONS = ("How long is the compressor under warranty?", "Where does Cobh lie?", "Who?")


@pytest.fixture(scope="module")
def on_torch() -> SentenceEmbedder:
    return SentenceEmbedder(minilm_folder(), torch=True)


def test_vectors_are_the_same_on_either_runtime(embedder: SentenceEmbedder, on_torch: SentenceEmbedder) -> None:
    assert np.abs(embedder.encode_passages(TEXTS) - on_torch.encode_passages(TEXTS)).max() < 1e-5
    assert np.abs(embedder.encode_question(QUESTIONS[0]) - on_torch.encode_question(QUESTIONS[0])).max() < 1e-5
    assert embedder.fingerprint == on_torch.fingerprint
    assert embedder.dimension == on_torch.dimension


def test_bfloat16_rounds_passages_alone(embedder: SentenceEmbedder) -> None:
    rounded = SentenceEmbedder(minilm_folder(), "bfloat16")
    exact, near = embedder.encode_passages(TEXTS), rounded.encode_passages(TEXTS)
    assert (exact * near).sum(axis=1).min() > 0.9998
    assert computes("bfloat16") == bool(np.abs(exact - near).max() > 1e-4), "only where the processor has it"
    assert (rounded.encode_question("Who?") == embedder.encode_question("Who?")).all()
    assert rounded.fingerprint == f"{embedder.fingerprint}:bfloat16"


@pytest.mark.parametrize("weights", [WEIGHTS, SMALL_WEIGHTS])
def test_the_reader_finds_the_same_on_either_runtime(weights: Path) -> None:
    reader, other = (ExtractiveReader.load(weights, torch=each) for each in (False, True))
    for question in QUESTIONS:
        ours, theirs = reader.read(question, TEXTS), other.read(question, TEXTS)
        assert [(s.passage, s.start, s.end) for s in ours] == [(s.passage, s.start, s.end) for s in theirs]
        assert [s.score for s in ours] == pytest.approx([s.score for s in theirs], abs=1e-3)


def test_batches_hold_every_text_once_within_the_budget() -> None:
    lengths = [3, 9, 1, 30, 9, 2]
    found = list(batches(lengths, budget=20))
    assert found == [[3], [1, 4], [0, 5, 2]]
    assert list(batches([])) == []


def test_padding_is_masked() -> None:
    ids, mask = padded([[5, 6, 7], [8]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def like_minilm(folder: Path, name: str, old: str, new: str) -> Path:
    """The model with one setting changed."""
    for file in minilm_folder().rglob("*.*"):
        copy = folder / file.relative_to(minilm_folder())
        copy.parent.mkdir(exist_ok=True)
        copy.symlink_to(file)
    setting = folder / name
    text = setting.read_text()
    assert old in text
    setting.unlink()
    setting.write_text(text.replace(old, new))
    return folder


@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("config.json", '"gelu"', '"relu"', "is not a BERT encoder with GELU"),
        ("1_Pooling/config.json", '"pooling_mode_max_tokens": false', '"pooling_mode_max_tokens": true', "by the mean"),
        ("modules.json", "models.Normalize", "models.Dense", "and normalise"),
    ],
)
def test_what_openvino_cannot_run_is_told(tmp_path: Path, name: str, old: str, new: str, why: str) -> None:
    assert obstacle(minilm_folder()) == ""
    assert why in obstacle(like_minilm(tmp_path, name, old, new))


def test_a_model_that_pools_otherwise_runs_on_pytorch(tmp_path: Path, embedder: SentenceEmbedder) -> None:
    pooling = '"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false, "pooling_mode_cls_token": true'
    folder = like_minilm(tmp_path, "1_Pooling/config.json", *pooling)
    other = SentenceEmbedder(folder).encode_passages(TEXTS[:1])
    assert other.shape == (1, 384)
    assert np.abs(other - embedder.encode_passages(TEXTS[:1])).max() > 0.01


def test_a_library_keeps_its_precision_until_told_otherwise(
    tmp_path: Path, embedder: SentenceEmbedder, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "harbour.txt").write_text(TEXTS[0])
    arguments = ["index", str(tmp_path / "harbour.txt"), "--library", str(tmp_path / "library")]
    for precision, expected in (("bfloat16", ":bfloat16"), (None, ":bfloat16"), ("float32", ""), (None, "")):
        assert main([*arguments, *(["--precision", precision] if precision else [])]) == 0
        library = open_library(tmp_path / "library")
        assert library.embedded_by == library.fingerprint == embedder.fingerprint + expected
        assert library.search("harbour", 1)[0][0].passage.text == TEXTS[0]
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--precision", "float16"])
    assert "invalid choice: 'float16'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceEmbedder) -> Path:
    folder = tmp_path_factory.mktemp("library")
    Library(folder, embedder, create=True).update([str(ROOT / "eval" / "gold" / "documents" / "heat-pump-manual.md")])
    return folder


def ask(library: Path, before: str = "", after: str = "", *options: str) -> tuple[dict[str, Any], list[str]]:
    """`footnote ask --json` in a process of its own, without its timings, and the lines of standard error."""
    arguments = ["ask", QUESTIONS[0], "--library", str(library), "--json", *options]
    code = f"import sys\n{before}\nfrom ui.cli import main\nmain({arguments!r})\n{after}"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    assert set(answer.pop("timings_ms")) == {"retrieve", "read", "total"}
    return answer, run.stderr.splitlines()


def test_one_core_or_two_give_the_same_answer(library: Path) -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not bind a process to a core")
    one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    answer, _ = ask(library)
    assert answer["answer"] == "5 years"
    assert ask(library, one)[0] == answer == ask(library)[0]


def test_an_answer_needs_no_pytorch(library: Path) -> None:
    slow = "{'torch', 'transformers', 'sentence_transformers', 'sklearn', 'scipy'}"
    answer, said = ask(library, after=f"print(*{slow} & set(sys.modules), file=sys.stderr)")
    assert answer["answer"] == "5 years"
    assert said == [""]


@pytest.mark.parametrize("runtime", ["", "sys.modules['openvino'] = None"])
def test_an_answer_dials_nowhere_and_starts_no_process(library: Path, runtime: str) -> None:
    """OpenVINO's telemetry reports from a process that it forks, where no test would see it."""
    watch = """
seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.split(".")[0] in {"socket", "subprocess"}
                 or event in {"os.fork", "os.posix_spawn", "os.system", "os.exec"} else None)
"""
    told = "print(*(event for event in seen if event != 'socket.__new__'), file=sys.stderr)"
    answer, said = ask(library, watch + runtime, told)
    assert answer["answer"] == "5 years"
    assert said[-1] == ""


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("sys.modules['openvino'] = None", "OpenVINO is not installed (pip install openvino)"),
        ("sys.path.insert(0, {folder!r})", "OpenVINO cannot be loaded (libtbb.so.12: no such file)"),
    ],
)
def test_without_openvino_pytorch_answers_and_says_so(library: Path, tmp_path: Path, before: str, why: str) -> None:
    (tmp_path / "openvino.py").write_text("raise ImportError('libtbb.so.12: no such file')")
    answer, said = ask(library, before.format(folder=str(tmp_path)))
    with_it, _ = ask(library)
    assert said[0].startswith(f"footnote: {why}; PyTorch is used")
    assert answer["citations"] == with_it["citations"]
    assert answer["confidence"] == pytest.approx(with_it["confidence"], abs=1e-4)
