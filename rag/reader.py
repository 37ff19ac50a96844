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
    from torch import Tensor
    from transformers import BatchEncoding, PreTrainedTokenizerBase

    from rag.span_model import SpanModel

WEIGHTS = Path(__file__).parent / "models" / "reader.safetensors"
WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
MAX_TOKENS = 512
MAX_ANSWER_TOKENS = 30
SPANS = 5  # of a passage, at most
BATCH = 8


class Reader(Protocol):
    """What the assistant asks of a reader."""

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best few spans of each passage, none overlapping another, best first."""


class ExtractiveReader:
    """MiniLM fine-tuned for question answering (see rag/training)."""

    def __init__(self, model: "SpanModel", tokenizer: "PreTrainedTokenizerBase") -> None:
        self._model = model.train(False)
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, weights: Path = WEIGHTS) -> "ExtractiveReader":
        """The shipped encoder and span head on the embedder's own word embeddings. Raises ModelError."""
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoTokenizer

        from rag.span_model import SpanModel

        if not weights.is_file():
            raise ModelError(f"The reader's weights {weights} are missing; install Footnote again.")
        folder = minilm_folder()
        state = {WORD_EMBEDDINGS: word_embeddings(), **unpack(load_file(weights))}
        model = SpanModel.blank(AutoConfig.from_pretrained(folder))
        model.load_state_dict(state)
        return cls(model, AutoTokenizer.from_pretrained(folder))

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best few spans of each passage that hold a letter or digit, none overlapping another, best first."""
        order = sorted(range(len(passages)), key=lambda i: len(passages[i]))
        spans: list[Span] = []
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            spans += self._read_batch(question, [passages[i] for i in batch], batch)
        return sorted(spans, key=lambda span: (-span.score, span.passage, span.start))

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
            _, scores = self._model(**inputs)
        spans = []
        for row, text in enumerate(texts):
            tokens = _context_tokens(inputs, row)
            for first, last, score, share in best_spans(scores[row].numpy(), tokens, inputs.word_ids(row)):
                start, end = int(offsets[row][first][0]), int(offsets[row][last][1])
                if any(map(str.isalnum, text[start:end])):
                    spans.append(Span(numbers[row], start, end, score, share))
        return spans


def word_embeddings() -> "Tensor":
    """The embedder's word vectors [vocabulary, d], on which the reader stands."""
    from safetensors import safe_open

    with safe_open(minilm_folder() / "model.safetensors", "pt") as weights:
        table: Tensor = weights.get_tensor(WORD_EMBEDDINGS.removeprefix("bert."))
    return table


def best_spans(
    scores: NDArray[np.float32], tokens: range, words: Sequence[int | None]
) -> list[tuple[int, int, float, float]]:
    """First token, last token, log odds and share of the best few spans within `tokens`, none overlapping a better one.

    `scores` holds that of every span, first token by last; that of token 0 alone is of "no answer here". `words` has
    each token's word; a span that cuts a word is widened to the whole of it.
    """
    if not tokens:
        return []
    within = scores[tokens.start : tokens.stop, tokens.start : tokens.stop] - scores[0, 0]
    allowed = np.triu(np.ones_like(within, dtype=bool))
    within = np.where(allowed & ~np.triu(allowed, MAX_ANSWER_TOKENS), within, -np.inf)
    shares = np.exp(within - within.max())
    shares /= shares.sum()
    found: list[tuple[int, int, float, float]] = []
    while len(found) < SPANS and within.max() > -np.inf:
        best = divmod(int(within.argmax()), len(tokens))
        first, last = (tokens[i] for i in best)
        while words[first - 1] == words[first]:
            first -= 1
        while words[last + 1] == words[last]:
            last += 1
        found.append((first, last, float(within[best]), float(shares[best])))
        within[: last + 1 - tokens.start, first - tokens.start :] = -np.inf
    return found


def _context_tokens(inputs: "BatchEncoding", row: int) -> range:
    inside = [i for i, side in enumerate(inputs.sequence_ids(row)) if side == 1]
    return range(inside[0], inside[-1] + 1) if inside else range(0)
