"""Exact nearest-neighbour search with FAISS over one generation of the catalog. A cache: it can always be rebuilt."""

import hashlib
import os
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray


class VectorIndex:
    """Inner-product search over unit vectors, so scores are cosines."""

    def __init__(self, index: "faiss.Index") -> None:
        self._index = index

    @classmethod
    def build(cls, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> "VectorIndex":
        """Index vectors float32[n, d] under ids int64[n]."""
        index = faiss.IndexIDMap(faiss.IndexFlatIP(vectors.shape[1]))
        index.add_with_ids(vectors, ids)
        return cls(index)

    @classmethod
    def load(cls, path: Path, checksum: str) -> "VectorIndex | None":
        """Read a snapshot; None when it is missing or not the file whose checksum was stored."""
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() != checksum:
            return None
        return cls(faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8)))

    def save(self, path: Path) -> str:
        """Write a snapshot beside `path`, move it there, and return its checksum."""
        data = faiss.serialize_index(self._index).tobytes()
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        beside.write_bytes(data)
        beside.replace(path)
        return hashlib.sha256(data).hexdigest()

    def search(
        self, vector: NDArray[np.float32], depth: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Ids and cosines of the nearest vectors, of all or of these ids, nearest first; ties in order of id."""
        total = self._index.ntotal if among is None else len(among)
        if not total or depth < 1:
            return []
        chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(among)) if among is not None else None  # type: ignore[call-arg]
        count = min(depth + 1, total)
        while True:  # until no vector that was left out is as near as the last one taken
            scores, ids = self._index.search(vector.reshape(1, -1), count, params=chosen)
            if count == total or scores[0, -1] < scores[0, depth - 1]:
                break
            count = min(2 * count, total)
        pairs = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:depth]
