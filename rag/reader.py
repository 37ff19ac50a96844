"""The extractive reader: question + passages → scored spans. Knows nothing of documents or retrieval."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedding import minilm_folder
from index.errors import ModelError
from rag.types import Span
from rag.weights import unpack

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS = Path(__file__).parent / "models" / "reader.safetensors"
WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
MAX_TOKENS = 512
MAX_ANSWER_TOKENS = 30
BATCH = 8


class Reader(Protocol):
    """What the assistant asks of a reader."""

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best span of each passage, best first."""


class ExtractiveReader:
    """MiniLM fine-tuned for question answering (see rag/training)."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        self._model = model.train(False)
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, weights: Path = WEIGHTS) -> "ExtractiveReader":
        """The shipped encoder and span head on the embedder's own word embeddings. Raises ModelError."""
        from safetensors import safe_open
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer

        if not weights.is_file():
            raise ModelError(f"The reader's weights {weights} are missing; install Footnote again.")
        folder = minilm_folder()
        with safe_open(folder / "model.safetensors", "pt") as base:
            words = base.get_tensor(WORD_EMBEDDINGS.removeprefix("bert."))
        state = {WORD_EMBEDDINGS: words, **unpack(load_file(weights))}
        model = AutoModelForQuestionAnswering.from_config(AutoConfig.from_pretrained(folder))
        model.load_state_dict(state)
        return cls(model, AutoTokenizer.from_pretrained(folder))

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best span of each passage, best first."""
        order = sorted(range(len(passages)), key=lambda i: len(passages[i]))
        spans: list[Span] = []
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            spans += self._read_batch(question, [passages[i] for i in batch], batch)
        return sorted(spans, key=lambda span: (-span.score, span.passage))

    def _read_batch(self, question: str, texts: list[str], numbers: list[int]) -> list[Span]:
        import torch

        inputs = self._tokenizer(
            [question] * len(texts),
            texts,
            truncation=True,
            max_length=MAX_TOKENS,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = inputs.pop("offset_mapping").numpy()
        with torch.inference_mode():
            output = self._model(**inputs)
        starts, ends = output.start_logits.numpy(), output.end_logits.numpy()
        rows = (_context_tokens(inputs, row) for row in range(len(texts)))
        return [
            Span(numbers[row], *_characters(offsets[row], inputs.word_ids(row), first, last), score)
            for row, tokens in enumerate(rows)
            if tokens
            for first, last, score in [best_span(starts[row], ends[row], tokens)]
        ]


def best_span(starts: NDArray[np.float32], ends: NDArray[np.float32], tokens: range) -> tuple[int, int, float]:
    """First and last token of the highest-scoring span within `tokens`, and its score over that of token 0.

    The score of a span is the sum of its two logits (Devlin et al. 2019, section 4.3); token 0 is "no answer here".
    """
    first_logits, last_logits = starts[tokens.start : tokens.stop], ends[tokens.start : tokens.stop]
    allowed = np.triu(np.ones((len(tokens),) * 2, dtype=bool))
    allowed &= ~np.triu(allowed, MAX_ANSWER_TOKENS)
    scores = np.where(allowed, first_logits[:, None] + last_logits[None, :], -np.inf)
    first, last = divmod(int(scores.argmax()), len(tokens))
    return tokens[first], tokens[last], float(scores[first, last] - starts[0] - ends[0])


def _context_tokens(inputs: "BatchEncoding", row: int) -> range:
    inside = [i for i, side in enumerate(inputs.sequence_ids(row)) if side == 1]
    return range(inside[0], inside[-1] + 1) if inside else range(0)


def _characters(offsets: NDArray[np.int64], words: list[int | None], first: int, last: int) -> tuple[int, int]:
    """Characters of a token span, widened to the whole words it cuts."""
    while words[first - 1] == words[first]:
        first -= 1
    while words[last + 1] == words[last]:
        last += 1
    return int(offsets[first][0]), int(offsets[last][1])
