"""Fine-tune MiniLM into the reader: `python -m rag.training.train DATA_DIR WORK_DIR`.

Every parameter but the word-embedding matrix learns, so that matrix stays the embedder's own and is not shipped.
A run stopped half way goes on from its last checkpoint in WORK_DIR when the same command is given again.
"""

import argparse
import json
import random
import time
from pathlib import Path

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedTokenizerBase

from index.embedding import minilm_folder
from rag.squad import load_squad
from rag.training.examples import Example, negatives, positives

# How often each question is asked; QAMR has very many questions on few paragraphs, PolicyQA very long answers.
REPEATS = {"wiki": 2.5, "reddit": 1.25, "amazon": 1, "qamr": 0.2, "policyqa": 0.25}
NEGATIVE_SHARE = 0.4  # of the distinct questions of wiki, reddit and amazon
BATCH = 16
MAX_TOKENS = 256
STRIDE = 64
LEARNING_RATE = 2e-4
WARM_UP = 0.06
SEED = 17


def read_examples(data: Path, rng: random.Random) -> list[Example]:
    """All examples of one run, shuffled."""
    examples: list[Example] = []
    for name, repeat in REPEATS.items():
        paragraphs = load_squad(data / f"{name}.train.json")
        examples += positives(paragraphs, repeat, rng)
        if repeat >= 1:
            for _ in range(round(repeat)):
                examples += negatives(paragraphs, NEGATIVE_SHARE, rng)
    rng.shuffle(examples)
    return examples


def batches(examples: list[Example], rng: random.Random) -> list[list[Example]]:
    """Batches of like length, in random order: sorted within windows of 50 batches."""
    window = 50 * BATCH
    result = []
    for start in range(0, len(examples), window):
        near = sorted(examples[start : start + window], key=lambda e: len(e.context) + len(e.question))
        result += [near[i : i + BATCH] for i in range(0, len(near), BATCH)]
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


def train(data: Path, work: Path, max_steps: int | None) -> None:
    """Run the schedule to its end, with a checkpoint every 500 steps."""
    work.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    schedule = batches(read_examples(data, rng), rng)[:max_steps]
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model = AutoModelForQuestionAnswering.from_pretrained(minilm_folder())
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=LEARNING_RATE
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
    began, total_loss = time.monotonic(), 0.0
    for step, batch in enumerate(schedule[first:], start=first + 1):
        inputs = encode(batch, tokenizer, random.Random(f"{SEED} {step}"))
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        total_loss += float(loss.detach())
        if step % 100 == 0:
            speed = (step - first) * BATCH / (time.monotonic() - began)
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
    args = parser.parse_args()
    train(args.data, args.work, args.max_steps)


if __name__ == "__main__":
    main()
