"""Train the reader: `python -m rag.training.train DATA WORK --begin BACKBONE --steps N`.

Every parameter but the word embeddings learns. A run stopped half way goes on from its last checkpoint in WORK when the
same command is given again; given with more steps, it learns on. It runs on CUDA where there is a device, and in
bfloat16 where the processor computes in it; on other processors that would be far slower than float32.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BertConfig, BertModel, PreTrainedTokenizerBase

from index.embedding import minilm_folder
from rag.reader import layers_of
from rag.span_model import VERDICTS, Read, SpanModel, span_loss
from rag.training.dropout import Noise
from rag.training.examples import Example
from rag.training.mix import PARTS, mix
from rag.weights import unpack

MAX_TOKENS = 320
QUESTION = 500  # characters read of a question
STRIDE = 64
CHARACTERS = 13_000  # of a batch, padding counted
LEARNING_RATE = 2e-4
WARM_UP = 60
DECAY = 0.6  # share of the steps, the last ones, in which the rate falls to nothing
DROPOUT = 0.1
JUDGED = 0.5  # weight of the loss of a verdict beside that of a span
AVERAGED = 0.99  # what the running mean of the weights keeps of itself at each step
CHECKPOINT = 50  # steps
SEED = 17
Tensors = dict[str, torch.Tensor]


def batches(examples: list[Example], characters: int, rng: random.Random) -> list[list[Example]]:
    """Batches of like length and at most so many characters, in random order."""
    result: list[list[Example]] = []
    for start in range(0, len(examples), 2000):
        batch: list[Example] = []
        for example in sorted(examples[start : start + 2000], key=_length, reverse=True):
            if batch and (len(batch) + 1) * _length(batch[0]) > characters:
                result.append(batch)
                batch = []
            batch.append(example)
        result.append(batch)
    rng.shuffle(result)
    return result


def _length(example: Example) -> int:
    return len(example.context) + len(example.question)


def rounds(data: Path, seed: int, without: str = "") -> Iterator[list[Example]]:
    """Batches without end: each round draws its examples anew."""
    number = 0
    while True:
        rng = random.Random(f"{seed} {number}")
        yield from batches(mix(data, rng, without=without), CHARACTERS, rng)
        number += 1


def encode(batch: list[Example], tokenizer: PreTrainedTokenizerBase, rng: random.Random) -> tuple[Tensors, Tensors]:
    """Padded inputs, and as target the tokens an answer may take, its start and end, and its verdict.

    (0, 0) is "no answer here"; a verdict of -100 is that of a question whose answer is not yes or no.
    """
    rows, starts, ends = [], [], []
    for example in batch:
        windows = tokenizer(
            example.question[:QUESTION],
            example.context,
            truncation="only_second",
            max_length=MAX_TOKENS,
            stride=STRIDE,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        spans = [_token_span(windows, i, example.answer) for i in range(len(windows["input_ids"]))]
        holding = [i for i, span in enumerate(spans) if span != (0, 0)] or [0]
        i = rng.choice(holding)
        rows.append({"input_ids": windows["input_ids"][i], "token_type_ids": windows["token_type_ids"][i]})
        starts.append(spans[i][0])
        ends.append(spans[i][1])
    padded = dict(tokenizer.pad(rows, pad_to_multiple_of=8, return_tensors="pt"))
    context = (padded["token_type_ids"] == 1) & (padded["input_ids"] != tokenizer.sep_token_id)
    context[:, 0] = True
    verdicts = [VERDICTS.index(example.verdict) if example.verdict else -100 for example in batch]
    return padded, {
        "context": context,
        "starts": torch.tensor(starts),
        "ends": torch.tensor(ends),
        "verdicts": torch.tensor(verdicts),
    }


def _token_span(windows: object, i: int, answer: tuple[int, int] | None) -> tuple[int, int]:
    if answer is None:
        return 0, 0
    start, end = answer
    offsets = windows["offset_mapping"][i]  # type: ignore[index]
    sides = windows.sequence_ids(i)  # type: ignore[attr-defined]
    inside = [t for t, (a, b) in enumerate(offsets) if sides[t] == 1 and a < end and start < b]
    context = [t for t, side in enumerate(sides) if side == 1]
    if not inside or offsets[context[0]][0] > start or offsets[context[-1]][1] < end:
        return 0, 0
    return inside[0], inside[-1]


def loss_of(read: Read, target: Tensors) -> torch.Tensor:
    """The span's loss, or for a question with a verdict that one's."""
    judged = target["verdicts"] >= 0
    spans = span_loss(read, target["context"], target["starts"], target["ends"])
    verdicts = torch.nn.functional.cross_entropy(read.verdicts, target["verdicts"], reduction="none")
    return torch.where(judged, JUDGED * verdicts, spans).mean()


def rate(step: int, steps: int) -> float:
    """The share of the learning rate at a step: rises, stays, and falls to nothing over the last ones."""
    return max(0.0, min((step + 1) / WARM_UP, 1.0, (steps - step) / max(1.0, DECAY * steps)))


def train(data: Path, work: Path, begin: Path, steps: int, seed: int = SEED, without: str = "") -> None:
    """Learn for so many steps and write the running mean of the weights to WORK/model.safetensors."""
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    bfloat = device.type == "cuda" or has_bfloat16()
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model = new_model(begin).to(device)
    noise = Noise(model, DROPOUT, device)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in learned if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=LEARNING_RATE,
        fused=True,
    )
    averaged = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    checkpoint, first = work / "checkpoint.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        averaged, first = state["averaged"], int(state["step"])
    model.train()
    began, seen = time.monotonic(), 0
    losses: list[float] = []
    for step, batch in enumerate(rounds(data, seed, without), start=1):
        if step > steps:
            break
        if step <= first:
            continue
        inputs, target = encode(batch, tokenizer, random.Random(f"{seed} {step}"))
        inputs, target = ({name: t.to(device) for name, t in part.items()} for part in (inputs, target))
        noise.renew(step)
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * rate(step - 1, steps)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat):
            read = model(**inputs)
        loss = loss_of(read, target)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        kept = min(AVERAGED, step / (step + 10))
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                averaged[name].lerp_(tensor, 1 - kept)
        losses.append(float(loss.detach()))
        seen += len(batch)
        if step % CHECKPOINT == 0 or step == steps:
            speed = round(seen / (time.monotonic() - began), 1)
            mean = round(sum(losses) / len(losses), 4)
            print(json.dumps({"step": step, "of": steps, "loss": mean, "per_second": speed}), flush=True)
            losses.clear()
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "averaged": averaged}
            torch.save({**state, "step": step}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
            save_file({name: tensor.contiguous() for name, tensor in averaged.items()}, work / "model.safetensors")


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16."""
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


def new_model(begin: Path) -> SpanModel:
    """The model that a file of weights, packed or not, holds the beginning of; what it lacks is fresh."""
    from safetensors.numpy import load_file as load_arrays

    state = {name: torch.from_numpy(array.copy()) for name, array in unpack(load_arrays(begin)).items()}
    config = BertConfig.from_pretrained(
        minilm_folder(), num_hidden_layers=layers_of(state), attention_probs_dropout_prob=0.0
    )
    bert = BertModel(config, add_pooling_layer=False)
    bert.embeddings.word_embeddings.requires_grad_(False)
    model = SpanModel(bert)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(name.startswith("bert.") for name in missing):
        raise SystemExit(f"{begin} does not hold an encoder of BERT's kind: {(unexpected or missing)[0]}")
    return model


def main() -> None:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the NAME.train.json files")
    parser.add_argument("work", type=Path, help="folder for checkpoints and the finished model")
    parser.add_argument("--begin", type=Path, required=True, help="weights to begin from (rag.training.backbone)")
    parser.add_argument("--steps", type=int, required=True, help="how many batches to learn from")
    parser.add_argument("--seed", type=int, default=SEED, help="another run to average with (default: %(default)s)")
    parser.add_argument("--without", choices=PARTS, default="", help="leave this out, to see what it is worth")
    args = parser.parse_args()
    train(args.data, args.work, args.begin, args.steps, args.seed, args.without)


if __name__ == "__main__":
    main()
