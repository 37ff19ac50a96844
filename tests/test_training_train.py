import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from transformers import AutoTokenizer

from index.embedding import minilm_folder
from rag.reader import ENCODER, ExtractiveReader
from rag.training import train as running
from rag.training.examples import Example
from rag.training.train import MAX_TOKENS, batches, encode, new_model, rate, train

pytestmark = pytest.mark.integration

CONTEXT = "The capital of France is Paris, on the Seine."


def example(said: str | None, context: str = CONTEXT) -> Example:
    start = context.index(said) if said else 0
    return Example("What is it?", context, (start, start + len(said)) if said else None)


def plain(text: object) -> str:
    return str(text).lower().replace(" ", "")


def test_targets_are_the_tokens_of_the_answer() -> None:
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    said = ("Paris", "the Seine.", None, CONTEXT)
    inputs, target = encode([example(each) for each in said], tokenizer, random.Random(1))
    for row, expected in enumerate(said):
        start, end = int(target["starts"][row]), int(target["ends"][row])
        if expected is None:
            assert (start, end) == (0, 0)
            continue
        tokens = inputs["input_ids"][row, start : end + 1]
        assert plain(tokenizer.decode(tokens)) == plain(expected)
    allowed = inputs["input_ids"][0][target["context"][0]].tolist()
    assert plain(tokenizer.decode(allowed[1:])) == plain(CONTEXT), "and token 0"
    assert inputs["input_ids"].shape[1] % 8 == 0


def test_of_a_long_context_a_window_with_the_answer_is_taken() -> None:
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    context = "word " * 900 + "Paris " + "word " * 400
    inputs, target = encode([example("Paris", context)], tokenizer, random.Random(1))
    assert inputs["input_ids"].shape[1] == MAX_TOKENS
    at = int(target["starts"][0])
    assert tokenizer.decode(inputs["input_ids"][0, at]) == "paris"


def test_a_verdict_is_a_target_too() -> None:
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    judged = [Example("Is it?", CONTEXT, None, verdict) for verdict in ("yes", "neither")]
    _, target = encode([example("Paris"), example(None), *judged], tokenizer, random.Random(1))
    assert target["verdicts"].tolist() == [-100, -100, 0, 2]


def test_batches_hold_every_example_once_and_alike_in_length() -> None:
    examples = [Example("?", "x" * random.Random(number).randint(1, 900), None) for number in range(403)]
    made = batches(examples, 4000, random.Random(1))
    assert sorted(e.context for batch in made for e in batch) == sorted(e.context for e in examples)
    for batch in made:
        lengths = [len(e.context) + 1 for e in batch]
        assert len(batch) == 1 or max(lengths) * len(batch) <= 4000
        assert max(lengths) - min(lengths) < 200


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    shares = [rate(step, 1000) for step in range(1001)]
    assert shares[0] < shares[30] < shares[60] == shares[400] == 1
    assert shares[400] > shares[401] > shares[999] > shares[1000] == 0


@pytest.fixture
def begin(tmp_path: Path) -> Path:
    """The embedder's first layer."""
    weights = load_file(minilm_folder() / "model.safetensors")
    kept = {ENCODER + name: array for name, array in weights.items() if not name.startswith(("pooler", "encoder"))}
    kept |= {ENCODER + name: array for name, array in weights.items() if name.startswith("encoder.layer.0.")}
    kept.pop(f"{ENCODER}embeddings.position_ids", None)
    save_file(kept, tmp_path / "begin.safetensors")
    return tmp_path / "begin.safetensors"


def test_a_run_goes_on_from_its_checkpoint_and_gives_what_a_whole_one_gives(
    begin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def same(*_: object) -> Iterator[list[Example]]:
        while True:
            yield [example("Paris"), example(None), Example("Is it?", CONTEXT, None, "yes")]

    monkeypatch.setattr(running, "rounds", same)
    monkeypatch.setattr(running, "CHECKPOINT", 1)
    monkeypatch.setattr(running, "rate", lambda step, steps: 1.0)
    train(tmp_path, tmp_path / "whole", begin, 3)
    train(tmp_path, tmp_path / "halves", begin, 2)
    train(tmp_path, tmp_path / "halves", begin, 3)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["step"] for each in told] == [1, 2, 3, 1, 2, 3]
    whole, halves = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "halves"))
    assert all(np.allclose(whole[name], halves[name], atol=1e-5) for name in whole)
    before = load_file(begin)[f"{ENCODER}encoder.layer.0.output.dense.weight"]
    assert abs(whole[f"{ENCODER}encoder.layer.0.output.dense.weight"] - before).max() > 1e-5


def test_what_is_trained_can_be_read_with_on_both_runtimes(begin: Path, tmp_path: Path) -> None:
    state = new_model(begin).state_dict()
    save_file({name: tensor.numpy() for name, tensor in state.items()}, tmp_path / "reader.safetensors")
    ours, theirs = (ExtractiveReader.load(tmp_path / "reader.safetensors", torch=each) for each in (False, True))
    passages = [CONTEXT, "Rome. " * 30, "Oslo is in Norway."]
    assert [(s.passage, s.start, s.end) for s in ours.read("Where is Paris?", passages)] == [
        (s.passage, s.start, s.end) for s in theirs.read("Where is Paris?", passages)
    ]


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    save_file(
        {"bert.encoder.layer.0.x": load_file(minilm_folder() / "model.safetensors")["embeddings.LayerNorm.bias"]},
        tmp_path / "x",
    )
    with pytest.raises(SystemExit, match="does not hold an encoder"):
        new_model(tmp_path / "x")
