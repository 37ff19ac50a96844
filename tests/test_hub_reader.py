"""Readers of transformers: spans by exact characters, and what is refused."""

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from index.errors import ModelError
from index.types import Hit, Passage
from rag.calibration import Calibration, features
from rag.hub_reader import CALIBRATION, UNFITTED, HubReader, calibration_of
from rag.types import Span
from tests.test_cli import fails
from tests.tiny_models import bert_encoder, bert_reader, roberta_reader, told
from ui.cli import main
from ui.readers import choose_reader

QUESTION = "Where does the ferry go?"
PASSAGES = [
    "The ferry to Cobh leaves at noon.",
    "",
    "😀 Éire:  the harbour,\n\tdeep; naïve façades — 12 piers.",
    "?! …",
    "Liners call in summer. " * 20,
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {
        "bert": bert_reader(folder / "bert"),
        "roberta": roberta_reader(folder / "roberta"),
        "encoder": bert_encoder(folder / "encoder"),
    }


@pytest.fixture(scope="module", params=["bert", "roberta"])
def reader(request: pytest.FixtureRequest, folders: dict[str, Path]) -> HubReader:
    return HubReader.load(str(folders[request.param]))


def test_spans_are_whole_words_of_the_passage(reader: HubReader) -> None:
    spans = reader.read(QUESTION, PASSAGES)
    assert {span.passage for span in spans} == {0, 2, 4}, "none where there is no word"
    assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)
    for span in spans:
        text = PASSAGES[span.passage]
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        for edge in (span.start, span.end):
            assert not text[max(edge - 1, 0) : edge].isalnum() or not text[edge : edge + 1].isalnum(), "whole words"
        assert 0 < span.share <= 1
    for number in range(len(PASSAGES)):
        places = sorted((span.start, span.end) for span in spans if span.passage == number)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))
    assert reader.read(QUESTION, []) == []


def test_company_does_not_matter(reader: HubReader) -> None:
    among = [span for span in reader.read(QUESTION, PASSAGES) if span.passage == 2]
    alone = reader.read(QUESTION, [PASSAGES[2]])
    assert [place[1:] for place in told(among)] == [place[1:] for place in told(alone)]
    assert [span.score for span in among] == pytest.approx([span.score for span in alone], abs=1e-4)


def test_what_is_too_long_is_cut(reader: HubReader) -> None:
    assert reader.read("where " * 90, ["the ferry leaves at noon " * 90])
    assert reader.read("😀" * 90, ["noon"])


class _Chooses:
    """In place of the weights: logits that favour given tokens, 0 being "no answer here"."""

    def __init__(self, model: Any, first: int, last: int, none: float) -> None:
        self.config, self.base_model, self.forward = model.config, model.base_model, model.forward
        self.seen = list[dict[str, torch.Tensor]]()
        self._places = first, last
        self._none = none

    def __call__(self, **inputs: torch.Tensor) -> Any:
        self.seen.append(inputs)
        ids = inputs["input_ids"]
        starts, ends = torch.zeros(ids.shape), torch.zeros(ids.shape)
        starts[:, self._places[0]], ends[:, self._places[1]] = 5.0, 4.0
        starts[:, 0], ends[:, 0] = self._none, self._none
        return type("Output", (), {"start_logits": starts, "end_logits": ends})()


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_the_span_is_that_of_the_best_tokens_against_no_answer(kind: str, folders: dict[str, Path]) -> None:
    whole = HubReader.load(str(folders[kind]))
    text = "the ferry leaves at noon"
    tokens = whole._encoded("who", [text])[0]
    first, last = (
        next(i for i, side in enumerate(tokens.sequence_ids) if side == 1 and text[slice(*tokens.offsets[i])][:1] == c)
        for c in ("f", "a")  # "ferry" and, in either, the first "a" within a word
    )
    last = max(first, last)
    chooses = _Chooses(whole._model, first, last, none=1.5)
    best = HubReader(chooses, whole._tokenizer).read("who", [text])[0]
    assert text[best.start : best.end] == ("ferry leaves at" if kind == "bert" else "ferry leaves")
    assert best.score == pytest.approx(5.0 + 4.0 - 2 * 1.5)
    assert ("token_type_ids" in chooses.seen[0]) == (kind == "bert"), "only for a model that has two"


def test_padding_is_what_the_model_calls_padding(folders: dict[str, Path]) -> None:
    whole = HubReader.load(str(folders["roberta"]))
    chooses = _Chooses(whole._model, 6, 6, none=0.0)
    HubReader(chooses, whole._tokenizer).read("who", ["noon at the pier", "noon"])
    ids, mask = (chooses.seen[0][name].numpy() for name in ("input_ids", "attention_mask"))
    assert (ids[mask == 0] == whole._tokenizer.pad_token_id).all()
    assert np.array_equal(mask, np.sort(mask)[:, ::-1]), "on the right"


def as_embedder(folder: Path) -> None:
    """A reader's folder whose weights are those of a bare encoder."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForQuestionAnswering"]}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: None, "is not a reader: it has BertModel"),
        (as_embedder, "lacks weights, qa_outputs.bias for one"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json with its architecture"),
        (lambda folder: (folder / "config.json").write_text("rubbish"), "has no config.json with its architecture"),
        (lambda folder: (folder / "config.json").write_text("[]"), "has no config.json with its architecture"),
    ],
)
def test_a_folder_that_is_no_reader(
    spoil: Callable[[Path], object], said: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["encoder"], folder)
    spoil(folder)
    with pytest.raises(ModelError, match=said) as raised:
        HubReader.load(str(folder))
    assert str(raised.value).count("\n") == 0


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_reader_whose_files_are_rubbish(name: str, folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["bert"], folder)
    (folder / name).write_bytes(b"rubbish, and more of it")
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        HubReader.load(str(folder))
    assert str(raised.value).count("\n") == 0


def test_code_in_a_folder_is_not_run(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["bert"], folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "of-its-own", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'was run')!r}, 'w')")
    with pytest.raises(ModelError, match="cannot be loaded"):
        HubReader.load(str(folder))
    assert not (tmp_path / "was run").exists()


def test_a_name_that_is_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    ask = ["ask", "Where?", "--docs", "README.md", "--reader"]
    assert "fetch it first with: hf download nobody/nothing" in fails(capsys, *ask, "nobody/nothing")
    assert "'./nothing/here' is not a folder" in fails(capsys, *ask, "./nothing/here")
    assert "has no large reader; name small, default" in fails(capsys, *ask, "large")


def test_the_calibration_of_a_model(folders: dict[str, Path], tmp_path: Path) -> None:
    hits = [Hit(Passage("a.txt", 0, 4, "noon"), 1.0)]
    assert len(UNFITTED.weights) == len(features("When?", [Span(0, 0, 4, 2.0)], hits))
    assert calibration_of(folders["bert"]) is UNFITTED
    own = {"weights": [1.0, *[0.0] * (len(UNFITTED.weights) - 1)], "bias": -1.0, "threshold": 0.7}
    (tmp_path / CALIBRATION).write_text(json.dumps(own))
    assert calibration_of(tmp_path) == Calibration(tuple(own["weights"]), -1.0, 0.7)  # type: ignore[arg-type]
    for bad, said in (("{}", "is not a calibration"), (json.dumps({**own, "weights": [1]}), "has 1 weights")):
        (tmp_path / CALIBRATION).write_text(bad)
        with pytest.raises(ModelError, match=said):
            calibration_of(tmp_path)


def test_the_fingerprint_is_of_the_weights_and_the_calibration(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(folders["bert"], folder)
    before = choose_reader(str(folders["bert"])).fingerprints()
    assert choose_reader(str(folder)).fingerprints() == before, "wherever they are"
    own = {"weights": UNFITTED.weights, "bias": 1.0, "threshold": 0.5}
    (folder / CALIBRATION).write_text(json.dumps(own))
    assert choose_reader(str(folder)).fingerprints() != before


def test_options_that_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "corpus.jsonl").touch()
    gold = "eval/gold/questions.jsonl"
    assert "leave out --reader" in fails(capsys, "eval", gold, "--system", "http://x", "--reader", "small")
    assert "leave out --reader" in fails(capsys, "eval", str(tmp_path), "--reader", "small")
    assert "same embedder; leave out --embedder" in fails(capsys, "bench", "--peers", "--embedder", "default")
    assert "made vectors; leave out --reader" in fails(capsys, "bench", "--scale", "1000", "--reader", "small")


@pytest.mark.integration
def test_ask_and_eval_with_a_reader_in_a_folder(
    folders: dict[str, Path], files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["--docs", str(files), "--reader", str(folders["bert"]), "--json"]
    assert main(["ask", "Where does the ferry leave?", *models]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["threshold"] == UNFITTED.threshold
    assert answer["passages"]
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({"id": "1", "question": "Where does the ferry leave?", "answers": ["Ballycastle"]}))
    assert main(["eval", str(gold), *models, "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 1
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["models"]["reader"] == choose_reader(str(folders["bert"])).fingerprints()["reader"]
    assert manifest["settings"]["threshold"] == UNFITTED.threshold
