"""Vectors that lie in clusters, as those of texts do."""

import numpy as np

from index.vectors import Vectors


def clustered(count: int, dimension: int, seed: int) -> Vectors:
    """Unit vectors float32[count, dimension] around one in thirty as many centres."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((1 + count // 30, dimension))
    vectors = centres[rng.integers(len(centres), size=count)] + 0.7 * rng.standard_normal((count, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
