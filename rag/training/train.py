"""Fine-tune MiniLM into the reader: `python -m rag.training.train DATA_DIR WORK_DIR`.

Every parameter but the word-embedding matrix learns, so that matrix stays the embedder's own and is not shipped.
A run stopped half way goes on from its last checkpoint in WORK_DIR when the same command is given again.
"""

import argparse
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedTokenizerBase

from index.embedding import minilm_folder
from rag.squad import load_squad
from rag.training.examples import Example, cropped, negatives, positives

MAX_TOKENS = 256
STRIDE = 64
LEARNING_RATE = 3e-4
WARM_UP = 0.06
SEED = 17


@dataclass(frozen=True)
class Phase:
    """A part of the schedule.

    `repeats`: how often each question is asked; QAMR has very many questions on few paragraphs, PolicyQA very long
    answers. `negative_share`: of the questions of wiki, reddit and amazon, those made into one without an answer.
    `characters`: contexts are cropped to whole sentences of about so many.
    """

    repeats: dict[str, float]
    negative_share: float
    batch: int
    characters: int | None


# Short contexts cost a third of whole passages and teach most of the matching; whole passages follow.
PHASES = (
    Phase({"wiki": 2, "reddit": 1, "amazon": 1, "qamr": 0.6, "policyqa": 0.25}, 0.25, 32, 300),
    Phase({"wiki": 3, "reddit": 2, "amazon": 2, "qamr": 0.15, "policyqa": 0.3}, 0.45, 16, None),
)


def phase_examples(data: Path, phase: Phase, rng: random.Random) -> list[Example]:
    """The examples of one phase, shuffled."""
    examples: list[Example] = []
    for name, repeat in phase.repeats.items():
        paragraphs = load_squad(data / f"{name}.train.json")
        examples += positives(paragraphs, repeat, rng)
        for _ in range(int(repeat)):
            examples += negatives(paragraphs, phase.negative_share, rng)
    if phase.characters is not None:
        examples = [cropped(example, phase.characters, rng) for example in examples]
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


def encode(batch: list[Example], tokenizer: PreTrainedTokenizerBase, rng: random.Random) -> dict[str, torch.Tensor]:
    """Padded inputs with start and end token positions; (0, 0), the first token, means "no answer here"."""
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
    padded = tokenizer.pad(rows, pad_to_multiple_of=16, return_tensors="pt")
    return {**padded, "start_positions": torch.tensor(starts), "end_positions": torch.tensor(ends)}


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


def train(data: Path, work: Path, max_steps: int | None = None, compiled: bool = False) -> None:
    """Run the schedule to its end, with a checkpoint every 500 steps."""
    work.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    schedule = [b for phase in PHASES for b in batches(phase_examples(data, phase, rng), phase.batch, rng)][:max_steps]
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model = AutoModelForQuestionAnswering.from_pretrained(
        minilm_folder(), attention_probs_dropout_prob=0.0, attn_implementation="eager"
    )
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        lr=LEARNING_RATE,
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
    began, total_loss, seen = time.monotonic(), 0.0, 0
    for step, batch in enumerate(schedule[first:], start=first + 1):
        inputs = encode(batch, tokenizer, random.Random(f"{SEED} {step}"))
        with torch.autocast("cpu", torch.bfloat16):
            loss = forward(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        total_loss += float(loss.detach())
        seen += len(batch)
        if step % 100 == 0:
            speed = seen / (time.monotonic() - began)
            line = {
                "step": step,
                "of": len(schedule),
                "loss": round(total_loss / 100, 4),
                "per_second": round(speed, 1),
            }
            print(json.dumps(line), flush=True)
            total_loss = 0.0
        if step % 500 == 0 or step == len(schedule):
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rates": rates.state_dict()}
            torch.save({**state, "step": step}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    model.save_pretrained(work / "model")


def main() -> None:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the NAME.train.json files")
    parser.add_argument("work", type=Path, help="folder for checkpoints and the finished model")
    parser.add_argument("--max-steps", type=int, help="a shorter schedule, for a trial")
    parser.add_argument("--compile", action="store_true", help="1.4 times as fast; needs a C++ compiler")
    args = parser.parse_args()
    train(args.data, args.work, args.max_steps, args.compile)


if __name__ == "__main__":
    main()
