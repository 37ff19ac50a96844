"""Late interaction: how well a passage matches each token of a question (ColBERT, Khattab and Zaharia 2020).

A token's vector is its hidden state in the embedder on the first principal directions of such states. Passages keep
theirs in two bits a number; hidden states come in, bytes to store and scores go out.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.integrity import read_shipped

Codes = NDArray[np.uint8]
"""Token vectors as they are stored: uint8[tokens, WIDTH / 4]."""
States = NDArray[np.float32]

WIDTH = 48
DIRECTIONS = Path(__file__).parent / "directions.safetensors"
SHA256 = "6bc8c67825fd6aca1b4c1267ee34b453f49afb868250617e6a5033198ae8b166"
STEP = 0.8  # of a number whose vector has a mean square of 1; levels are -3, -1, 1 and 3 halves of it
NO_TOKENS = np.empty((0, WIDTH // 4), dtype=np.uint8)
"""Of an embedder that gives none."""
_LEVELS = np.array([[(byte >> 2 * place & 3) * 2 - 3 for place in range(4)] for byte in range(256)], dtype=np.float32)


@cache
def directions() -> States:
    """The principal directions of the shipped embedder's states, float32[hidden, WIDTH]. Raises ModelError."""
    from safetensors.numpy import load

    return np.asarray(load(read_shipped(DIRECTIONS, SHA256))["directions"], dtype=np.float32)


def coded(states: States) -> Codes:
    """Hidden states float32[tokens, hidden] as they are stored."""
    numbers = _projected(states) * np.sqrt(WIDTH) / STEP
    levels = (np.clip(np.floor(numbers), -2, 1) + 2).astype(np.uint8).reshape(len(states), WIDTH // 4, 4)
    packed: Codes = (levels << np.array([0, 2, 4, 6], dtype=np.uint8)).sum(axis=2, dtype=np.uint8)
    return packed


def decoded(codes: Codes) -> States:
    """Vectors of whole numbers that point as those that were stored, float32[tokens, WIDTH]."""
    return _LEVELS.take(codes, axis=0).reshape(len(codes), 4 * codes.shape[1])


def asked(states: States) -> States:
    """A question's hidden states as `late_interaction` compares them: whole numbers, float32[tokens, WIDTH]."""
    whole: States = np.round(_projected(states) * 127)
    return whole


def late_interaction(question: States, passages: Sequence[Codes]) -> list[float]:
    """Of each passage the mean, over the question's tokens, of the best cosine with one of its own, -1..1.

    All sums are of whole numbers, so that they are the same on every processor. A passage without tokens has 0.
    """
    lengths = np.array([len(codes) for codes in passages])
    found = np.zeros(len(passages))
    if not lengths.any() or not len(question):
        return found.tolist()
    vectors = decoded(np.concatenate(passages))
    cosines = question @ vectors.T / np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    starts = (np.cumsum(lengths) - lengths)[lengths > 0]
    best = np.maximum.reduceat(cosines, starts, axis=1) / np.linalg.norm(question, axis=1, keepdims=True)
    found[lengths > 0] = best.mean(axis=0, dtype=np.float64)
    return found.tolist()


def _projected(states: States) -> States:
    """Unit vectors of unit states; a state is never nought."""
    projected = states / np.linalg.norm(states, axis=1, keepdims=True) @ directions()
    unit: States = projected / np.linalg.norm(projected, axis=1, keepdims=True)
    return unit
