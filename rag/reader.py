"""The extractive reader: question + passages → scored spans."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedding import digest_of, minilm_folder, obstacle
from index.encoder import Config, Encoder, Graph, Ids, Node, States, Weights, batches, padded
from rag.types import Span
from rag.weights import MODELS, read_model, unpack

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

WEIGHTS = MODELS / "reader.safetensors"
SMALL_WEIGHTS = MODELS / "small.safetensors"
"""Half as many layers, on the embedder's word embeddings."""
ENCODER = "bert."
WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
MAX_TOKENS = 512
MAX_ANSWER_TOKENS = 30
SPANS = 5  # of a passage, at most
READS = 8
"""Passages read for a question: what 0.7 s on two cores without AVX-512 allow."""
SMALL_READS = 10

PAIR_DIMENSION = 64  # of the span head

Score = Callable[[Ids, Ids, Ids], States]
"""Token numbers, mask and types [n, tokens] to scores [n, tokens, tokens] of spans, first token by last."""


class Reader(Protocol):
    """What the assistant asks of a reader."""

    @property
    def reads(self) -> int:
        """How many passages it reads for a question."""

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best few spans of each passage, none overlapping another, best first."""


class ExtractiveReader:
    """An encoder fine-tuned for question answering (see rag/training), on OpenVINO where that can run it."""

    def __init__(self, score: Score, tokenizer: "Tokenizer", reads: int = READS) -> None:
        self._score = score
        self._tokenizer = tokenizer
        self.reads = reads

    @classmethod
    def load(cls, weights: Path = WEIGHTS, *, torch: bool | None = None) -> "ExtractiveReader":
        """The encoder and heads in a file; word embeddings that it lacks are the embedder's. Raises ModelError.

        `torch` says to run on PyTorch, and None to do so where there is an obstacle to OpenVINO.
        """
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        state = unpack(load(read_model(weights)))
        if WORD_EMBEDDINGS not in state:
            state[WORD_EMBEDDINGS] = word_embeddings()
        folder = minilm_folder()
        on_torch = bool(obstacle(folder)) if torch is None else torch
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        score = _on_torch(state) if on_torch else _on_openvino(state)
        return cls(score, tokenizer, SMALL_READS if weights == SMALL_WEIGHTS else READS)

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best few spans of each passage that hold a letter or digit, none overlapping another, best first."""
        pairs = self._tokenizer.encode_batch([(question, passage) for passage in passages])
        spans: list[Span] = []
        for batch in batches([len(pair.ids) for pair in pairs]):
            for number, scores in zip(batch, self._score(*_padded([pairs[i] for i in batch])), strict=True):
                spans += _spans(number, passages[number], pairs[number], scores)
        return sorted(spans, key=lambda span: (-span.score, span.passage, span.start))


def _padded(pairs: "Sequence[Encoding]") -> tuple[Ids, Ids, Ids]:
    ids, mask = padded([pair.ids for pair in pairs])
    types, _ = padded([pair.type_ids for pair in pairs])
    return ids, mask, types


def _shape(state: Weights) -> Config:
    """The shape of MiniLM, with as many layers as the weights have."""
    return replace(Config.read(minilm_folder()), num_hidden_layers=layers_of(state))


def layers_of(names: Iterable[str]) -> int:
    """How many layers the weights of these names are of."""
    return 1 + max(map(int, re.findall(r"encoder\.layer\.(\d+)\.", " ".join(names))))


def _on_openvino(state: Weights) -> Score:
    bert = {name.removeprefix(ENCODER): array for name, array in state.items()}
    return Encoder(_shape(state), bert, head=_span_head)


def _span_head(graph: Graph, states: Node) -> Node:
    """The scores of rag.span_model.SpanModel."""
    op, points, pairs = graph.op, graph.linear(states, "points"), graph.linear(states, "pairs")

    def halves(x: Node, size: int) -> list[Node]:
        return op.variadic_split(x, graph.whole(-1), graph.whole(size, size)).outputs()  # type: ignore[no-any-return]

    starts, ends = halves(points, 1)
    firsts, lasts = halves(pairs, PAIR_DIMENSION)
    products = op.matmul(firsts, lasts, False, True) / op.constant(np.float32(PAIR_DIMENSION**0.5))
    return op.add(op.add(products, starts), op.transpose(ends, graph.whole(0, 2, 1)))


def _on_torch(state: Weights) -> Score:
    import torch
    from transformers import AutoConfig

    from rag.span_model import SpanModel

    shape = AutoConfig.from_pretrained(minilm_folder(), num_hidden_layers=_shape(state).num_hidden_layers)
    model = SpanModel.blank(shape).eval()
    verdict = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("verdict.")}
    model.load_state_dict(verdict | {name: torch.from_numpy(array) for name, array in state.items()})

    def score(ids: Ids, mask: Ids, types: Ids) -> States:
        with torch.inference_mode():
            scores: States = model(*map(torch.from_numpy, (ids, mask, types))).spans.numpy()
        return scores

    return score


def word_embeddings() -> NDArray[np.float32]:
    """The embedder's word vectors [vocabulary, d], on which the small reader stands."""
    from safetensors import safe_open

    digest_of(minilm_folder())
    with safe_open(minilm_folder() / "model.safetensors", "np") as weights:
        table: NDArray[np.float32] = weights.get_tensor(WORD_EMBEDDINGS.removeprefix(ENCODER))
    return table


def _spans(number: int, text: str, pair: "Encoding", scores: NDArray[np.float32]) -> list[Span]:
    inside = [i for i, side in enumerate(pair.sequence_ids) if side == 1]
    tokens = range(inside[0], inside[-1] + 1) if inside else range(0)
    spans = []
    for first, last, score, share in best_spans(scores, tokens, pair.word_ids):
        start, end = pair.offsets[first][0], pair.offsets[last][1]
        if any(map(str.isalnum, text[start:end])):
            spans.append(Span(number, start, end, score, share))
    return spans


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
