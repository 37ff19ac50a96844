import random

import pytest
from transformers import AutoTokenizer

from index.embedding import minilm_folder
from rag.training.examples import Example
from rag.training.train import MAX_TOKENS, batches, encode

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
    assert inputs["input_ids"].shape[1] % 16 == 0


def test_of_a_long_context_a_window_with_the_answer_is_taken() -> None:
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    context = "word " * 900 + "Paris " + "word " * 100
    inputs, target = encode([example("Paris", context)], tokenizer, random.Random(1))
    assert inputs["input_ids"].shape[1] == MAX_TOKENS
    at = int(target["starts"][0])
    assert tokenizer.decode(inputs["input_ids"][0, at]) == "paris"


def test_batches_hold_every_example_once_and_alike_in_length() -> None:
    examples = [Example("?", "x" * random.Random(number).randint(1, 900), None) for number in range(403)]
    made = batches(examples, 8, random.Random(1))
    assert sorted(e.context for batch in made for e in batch) == sorted(e.context for e in examples)
    spreads = [max(len(e.context) for e in batch) - min(len(e.context) for e in batch) for batch in made]
    assert sorted(spreads)[-2] < 60, "but for the last few"
