"""Fine-tune MiniLM into the reader: `python -m rag.training.train DATA_DIR WORK_DIR`.

Every parameter but the word-embedding matrix learns, so that matrix stays the embedder's own and is not shipped.
A run stopped half way goes on from its last checkpoint in WORK_DIR when the same command is given again.
"""

import argparse
import json
import random
import time
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer, BertModel, PreTrainedTokenizerBase

from index.embedding import minilm_folder
from rag.span_model import SpanModel, point_loss, span_loss
from rag.squad import load_squad
from rag.training.dropout import Noise
from rag.training.examples import Example, cropped, negatives, positives
from rag.training.swap import neighbours, swapped

MAX_TOKENS = 256
STRIDE = 64
LEARNING_RATE = 3e-4
LORA_LEARNING_RATE = 1e-3
WARM_UP = 0.06
DROPOUT = 0.1
SWAPPED = 0.5  # share of the examples that are asked about other names
SEED = 17
Tensors = dict[str, torch.Tensor]
DOMAINS = ("wiki", "reddit", "amazon")


@dataclass(frozen=True)
class Phase:
    """A part of the schedule.

    `repeats`: how often each question is asked; QAMR has very many questions on few paragraphs, PolicyQA very long
    answers. `negative_share`: of the questions of wiki, reddit and amazon, those made into one without an answer.
    `characters`: contexts are cropped to whole sentences of at most so many, half of it at least.
    """

    repeats: dict[str, float]
    negative_share: float
    batch: int
    characters: int | None


# Short contexts cost half of whole passages and teach most of the matching; whole passages follow.
PHASES = (
    Phase({"wiki": 3, "reddit": 2, "amazon": 2, "qamr": 1, "policyqa": 0.5}, 0.25, 32, 450),
    Phase({"wiki": 4, "reddit": 2, "amazon": 2, "qamr": 0.4, "policyqa": 0.4}, 0.45, 16, None),
)


def phase_examples(data: Path, phase: Phase, without: str, rng: random.Random) -> list[Example]:
    """The examples of one phase, shuffled; `without` names what to leave out, "swap" or "negatives"."""
    examples: list[Example] = []
    texts: list[str] = []
    for name, repeat in phase.repeats.items():
        paragraphs = load_squad(data / f"{name}.train.json")
        texts += [paragraph.context for paragraph in paragraphs]
        examples += positives(paragraphs, repeat, rng)
        if name in DOMAINS and without != "negatives":
            for _ in range(int(repeat)):
                examples += negatives(paragraphs, phase.negative_share, rng)
    if phase.characters is not None:
        shortest = phase.characters // 2
        examples = [cropped(example, rng.randint(shortest, phase.characters), rng) for example in examples]
    if without != "swap":
        near = neighbours(texts)
        examples = [swapped(e, near, rng) if rng.random() < SWAPPED else e for e in examples]
    rng.shuffle(examples)
    return examples


def batches(examples: list[Example], size: int, rng: random.Random) -> list[list[Example]]:
    """Batches of like length, in random order: sorted within windows of 50 batches."""
    window = 50 * size
    result = []
    for start in range(0, len(examples), window):
        near = sorted(examples[start : start + window], key=lambda e: len(e.context) + len(e.question))
        result += [near[i : i + size] for i in range(0, len(near), size)]
    rng.shuffle(result)
    return result


def encode(batch: list[Example], tokenizer: PreTrainedTokenizerBase, rng: random.Random) -> tuple[Tensors, Tensors]:
    """Padded inputs, and as target the tokens an answer may take, its start and end; (0, 0) is "no answer here"."""
    rows, starts, ends = [], [], []
    for example in batch:
        windows = tokenizer(
            example.question,
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
    padded = dict(tokenizer.pad(rows, pad_to_multiple_of=16, return_tensors="pt"))
    context = (padded["token_type_ids"] == 1) & (padded["input_ids"] != tokenizer.sep_token_id)
    context[:, 0] = True
    return padded, {"context": context, "starts": torch.tensor(starts), "ends": torch.tensor(ends)}


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


def train(
    data: Path,
    work: Path,
    seed: int,
    max_steps: int | None = None,
    compiled: bool = False,
    without: str = "",
    lora: int = 0,
) -> None:
    """Run the schedule to its end, with a checkpoint every 500 steps."""
    work.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    torch.manual_seed(seed)
    phases = (batches(phase_examples(data, phase, without, rng), phase.batch, rng) for phase in PHASES)
    schedule = list(islice(chain.from_iterable(phases), max_steps))
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model = new_model(pairs=without != "pairs", lora=lora)
    noise = Noise(model, DROPOUT)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in learned if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=LORA_LEARNING_RATE if lora else LEARNING_RATE,
        fused=True,
    )
    warm_up = max(1, int(WARM_UP * len(schedule)))
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, (len(schedule) - step) / (len(schedule) - warm_up))
    )
    checkpoint = work / "checkpoint.pt"
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        rates.load_state_dict(state["rates"])
        first = int(state["step"])
    model.train()
    forward = torch.compile(model, dynamic=True) if compiled else model
    loss_of = point_loss if without == "pairs" else span_loss
    began, total_loss, seen = time.monotonic(), 0.0, 0
    for step, batch in enumerate(schedule[first:], start=first + 1):
        inputs, target = encode(batch, tokenizer, random.Random(f"{seed} {step}"))
        noise.renew(step)
        with torch.autocast("cpu", torch.bfloat16):
            points, spans = forward(**inputs)
        loss = loss_of(points, spans, **target)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        total_loss += float(loss.detach())
        seen += len(batch)
        if step % 100 == 0:
            speed = round(seen / (time.monotonic() - began), 1)
            mean = round(total_loss / 100, 4)
            print(json.dumps({"step": step, "of": len(schedule), "loss": mean, "per_second": speed}), flush=True)
            total_loss = 0.0
        if step % 500 == 0 or step == len(schedule):
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rates": rates.state_dict()}
            torch.save({**state, "step": step}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    if lora:
        model.bert = cast(Any, model.bert).merge_and_unload()
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, work / "model.safetensors")


def new_model(*, pairs: bool, lora: int) -> SpanModel:
    """The embedder's encoder under a fresh head; with `lora`, a rank, only adapters and head learn."""
    bert = BertModel.from_pretrained(
        minilm_folder(), add_pooling_layer=False, attention_probs_dropout_prob=0.0, attn_implementation="eager"
    )
    bert.embeddings.word_embeddings.requires_grad_(False)
    model = SpanModel(bert)
    if lora:
        model.bert = _adapted(bert, lora)
    if not pairs:
        torch.nn.init.zeros_(model.pairs.weight)
        torch.nn.init.zeros_(model.pairs.bias)
    return model


def _adapted(bert: BertModel, rank: int) -> BertModel:
    """The encoder frozen, with low-rank adapters on every matrix of its layers (Hu et al. 2021)."""
    from peft import LoraConfig, get_peft_model

    matrices = ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"]
    return cast(BertModel, get_peft_model(bert, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=matrices)))


def main() -> None:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the NAME.train.json files")
    parser.add_argument("work", type=Path, help="folder for checkpoints and the finished model")
    parser.add_argument("--seed", type=int, default=SEED, help="another run to average with (default: %(default)s)")
    parser.add_argument("--max-steps", type=int, help="a shorter schedule, for a trial")
    parser.add_argument("--compile", action="store_true", help="1.4 times as fast; needs a C++ compiler")
    parser.add_argument(
        "--without", choices=("swap", "negatives", "pairs"), default="", help="leave this out, to see what it buys"
    )
    parser.add_argument("--lora", type=int, default=0, metavar="RANK", help="train adapters instead (needs peft)")
    args = parser.parse_args()
    train(args.data, args.work, args.seed, args.max_steps, args.compile, args.without, args.lora)


if __name__ == "__main__":
    main()
