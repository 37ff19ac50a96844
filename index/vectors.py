"""Nearest-neighbour search with FAISS, exact in a small library, approximate in a large one. A cache of the catalog.

A large library's vectors are parted into lists around centroids (an inverted file, IVF), and each is kept as two bits a
number (product quantization of pairs of numbers to 16 values, scanned by table look-ups in registers). A search scans
the lists nearest to the question, and what looks best there is scored anew with the vectors themselves. Knows nothing
of SQLite.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.integrity import DamageError, checksum, intact, make_private

_faiss: Any = faiss  # for what its type hints do not know
Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Stored = Callable[[Sequence[int]], tuple[Ids, Vectors]]

ROUNDS = 8  # of k-means
NEAR = 1e-5  # scores of two centroids that differ by less are compared in double precision
FEW = 1000  # vectors that are fetched rather than looked for
BLOCK = 1 << 16  # vectors that are added at once


@dataclass(frozen=True)
class Quantizer:
    """What an approximate index is made with: the same one gives the same answers about the same vectors.

    `trained` is an index without vectors in FAISS's format, `size` how many vectors there were when it was trained.
    Searching `probes` of the lists found the share `recall` of the ten nearest, 0..1, in that many.
    """

    trained: bytes
    size: int
    probes: int
    recall: float


def lists_for(size: int) -> int:
    """How many lists so many vectors are parted into: a power of two, a little below their square root."""
    return int(2 ** round(math.log2(size) / 2 - 0.25))


def train(sample: Vectors, lists: int) -> bytes:
    """The `trained` of a quantizer: k-means centroids of unit vectors float32[n, d], and of each pair of numbers."""
    dimension = sample.shape[1]
    pairs = dimension // 2 if dimension % 2 == 0 else dimension
    coarse = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFPQFastScan(coarse, dimension, lists, pairs, 4, faiss.METRIC_INNER_PRODUCT, 32)
    index.cp.niter = ROUNDS
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    index.train(np.resize(sample, (max(len(sample), 16), dimension)))  # 16 values need as many pairs to learn from
    return bytes(faiss.serialize_index(index))


def _wide(depth: int) -> int:
    """How many candidates so many nearest are chosen from: of those that are looked at, they hold nearly all."""
    return 2 * depth + 60


class VectorIndex:
    """Inner-product search over unit vectors, so scores are cosines. Does not change once it is searched."""

    def __init__(self, parts: Sequence["faiss.Index"], probes: int, removed: Ids | None = None) -> None:
        self._parts = parts
        self._probes = probes
        self._removed = np.empty(0, dtype=np.int64) if removed is None else removed

    @classmethod
    def empty(cls, dimension: int, quantizer: Quantizer | None = None) -> "VectorIndex":
        """An index to add vectors to: approximate with a quantizer, exact without."""
        if quantizer is None:
            return cls([faiss.IndexIDMap(faiss.IndexFlatIP(dimension))], 0)
        trained = faiss.deserialize_index(np.frombuffer(quantizer.trained, dtype=np.uint8))
        return cls([trained], quantizer.probes)

    @classmethod
    def build(cls, ids: Ids, vectors: Vectors, quantizer: Quantizer | None = None) -> "VectorIndex":
        """Index vectors float32[n, d] under ids int64[n]."""
        index = cls.empty(vectors.shape[1], quantizer)
        index.add(ids, vectors)
        return index

    @classmethod
    def load(cls, path: Path, expected: str, probes: int = 0) -> "VectorIndex | None":
        """Read a snapshot; None when it is missing or not the file whose checksum was stored.

        It is read, not mapped: ten million vectors are 1 GB and a second so, and FAISS would copy lists of this kind
        out of a mapped file anyway, holding both.
        """
        if not intact(path, expected):
            return None
        try:
            with path.open("rb") as file:
                return cls([faiss.read_index(_faiss.PyCallbackIOReader(file.read))], probes)
        except (OSError, RuntimeError):  # FAISS raises the latter at what it cannot make sense of
            return None

    def save(self, path: Path) -> str:
        """Write an index of one part beside `path`, move it there, and return its checksum."""
        (part,) = self._parts
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        make_private(beside)
        with beside.open("r+b") as file:
            faiss.write_index(part, _faiss.PyCallbackIOWriter(file.write))
            file.flush()
            os.fsync(file.fileno())
        found = checksum(beside)
        beside.replace(path)
        return found

    @property
    def size(self) -> int:
        """How many vectors a search is about."""
        return sum(part.ntotal for part in self._parts) - len(self._removed)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._parts[0].d)

    @property
    def lists(self) -> int:
        """How many lists the vectors are parted into; 0 in an exact index."""
        return int(getattr(self._parts[0], "nlist", 0))

    @property
    def exact(self) -> bool:
        """Whether it finds the nearest for certain."""
        return not self._probes

    def probing(self, probes: int) -> "VectorIndex":
        """The same vectors, searched in this many lists."""
        return VectorIndex(self._parts, probes, self._removed)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Index further vectors float32[n, d] under ids int64[n], into the last part."""
        part = self._parts[-1]
        if not isinstance(part, faiss.IndexIVF):
            part.add_with_ids(vectors, ids)
            return
        for start in range(0, len(ids), BLOCK):
            _add(part, ids[start : start + BLOCK], vectors[start : start + BLOCK])

    def remove(self, ids: Ids) -> None:
        """Drop vectors, all of them indexed, from an index of one part."""
        (part,) = self._parts
        part.remove_ids(faiss.IDSelectorBatch(ids))

    def updated(
        self, blocks: Iterable[tuple[Ids, Vectors]], removed: Ids, dimension: int, quantizer: Quantizer | None
    ) -> "VectorIndex":
        """This index with further vectors, made with the same quantizer, and without those removed.

        Shares what both have.
        """
        more = VectorIndex.empty(dimension, quantizer)
        for ids, vectors in blocks:
            more.add(ids, vectors)
        parts = [part for part in (*self._parts, *more._parts) if part.ntotal]  # an empty one is of no dimension
        return VectorIndex(parts or more._parts, self._probes, removed)

    def search(
        self, vector: Vectors, depth: int, among: Ids | None = None, stored: Stored | None = None
    ) -> list[tuple[int, float]]:
        """Ids and cosines of the nearest vectors, of all or of these ids, nearest first; ties in order of id.

        `stored` gives ids and vectors of those with some ids. With it an approximate index returns exact cosines. Few
        of `among` are all compared, many are looked for in every list: a selection may lie where no question does.
        """
        if depth < 1:
            return []
        if self.size and len(vector) != self.dimension:
            raise DamageError(f"its vectors are of length {self.dimension}, those of its embedder of {len(vector)}")
        if self.exact:
            return self._nearest(vector, depth, among)
        if stored is None:
            return self.candidates(vector, depth, among)[:depth]
        if among is not None and len(among) <= max(FEW, _wide(depth)):
            chosen = among.tolist()
        elif among is None and self.size <= _wide(depth):
            chosen = self._ids()
        else:
            chosen = [each for each, _ in self.candidates(vector, depth, among)]
        return VectorIndex.build(*stored(chosen))._nearest(vector, depth, None)

    def candidates(self, vector: Vectors, depth: int, among: Ids | None = None) -> list[tuple[int, float]]:
        """Those that the `depth` nearest are chosen from in an approximate index, with approximate cosines."""
        return self._nearest(vector, _wide(depth), among)

    def _ids(self) -> list[int]:
        """Ids of all vectors, of an approximate index."""
        lists: list[Any] = [_faiss.downcast_index(part).invlists for part in self._parts]
        ids = [
            _faiss.rev_swig_ptr(each.get_ids(number), each.list_size(number)).copy()
            for each in lists
            for number in range(each.nlist)
            if each.list_size(number)
        ]
        every: Ids = np.setdiff1d(np.concatenate([*ids, self._removed[:0]]), self._removed)
        return [int(each) for each in every]

    def _nearest(self, vector: Vectors, depth: int, among: Ids | None) -> list[tuple[int, float]]:
        total = self.size if among is None else len(among)
        count = min(depth + (1 if self.exact else depth // 4), total)
        while count:  # until no vector that was left out is as near as the last one taken
            found = [pair for part in self._parts for pair in self._search(part, vector, count, depth, among)]
            found = sorted(found, key=lambda pair: (-pair[1], pair[0]))
            if count == total or len(found) < count or found[count - 1][1] < found[depth - 1][1]:
                return found[:depth]
            count = min(2 * count, total)
        return []

    def _search(self, part: Any, vector: Vectors, count: int, depth: int, among: Ids | None) -> list[tuple[int, float]]:
        chosen: Any = None
        if among is not None:
            chosen = _among(among)
        elif len(self._removed):
            chosen = faiss.IDSelectorNot(_among(self._removed))
        how: Any = None
        if isinstance(part, faiss.IndexIVF):
            probes = max(self._probes, 4 * depth * part.nlist // self.size) if among is None else part.nlist
            how = _faiss.SearchParametersIVF(sel=chosen, nprobe=min(probes, part.nlist))
        elif chosen is not None:
            how = _faiss.SearchParameters(sel=chosen)
        with _one_thread():
            scores, ids = part.search(vector.reshape(1, -1), count, params=how)
        return [pair for pair in zip(ids[0].tolist(), scores[0].tolist(), strict=True) if pair[0] >= 0]


def flat(vectors: Vectors) -> Callable[[Vectors, int], object]:
    """FAISS's own exact search over vectors float32[n, d] and nothing else: what ours is measured against."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return lambda question, depth: index.search(question.reshape(1, -1), depth)


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS starts a second thread for a single question too, and gains nothing by it but waits where others work."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # of this thread of ours alone
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _add(index: Any, ids: Ids, vectors: Vectors) -> None:
    """What `index.add_with_ids` does, with lists that do not depend on what is added at once."""
    vectors, lists = np.ascontiguousarray(vectors), _nearest_lists(index, vectors)
    codes = np.empty((len(ids), index.code_size), dtype=np.uint8)
    index.encode_vectors(len(ids), *map(_faiss.swig_ptr, (vectors, lists, codes)))
    order = np.argsort(lists, kind="stable")
    inverted = _faiss.downcast_InvertedLists(index.invlists)
    for rows in np.split(order, np.flatnonzero(np.diff(lists[order])) + 1) if len(order) else ():
        number = int(lists[rows[0]])
        start = inverted.list_size(number)
        inverted.resize(number, start + len(rows))  # and written here: its own way to append reads past what is given
        blocks = -(-(start + len(rows)) // index.bbs)  # of vectors that are scanned together
        packed = _faiss.rev_swig_ptr(inverted.get_codes(number), blocks * inverted.block_size)
        packed = packed.reshape(blocks, inverted.block_size)
        _faiss.rev_swig_ptr(inverted.get_ids(number), start + len(rows))[start:] = ids[rows]
        for offset, row in enumerate(rows, start):
            inverted.packer.pack_1(codes[row], offset, packed)
    index.ntotal += len(ids)


def _among(ids: Ids) -> Any:
    """These ids, as a map of bits."""
    chosen = np.zeros(int(ids.max(initial=0)) + 1, dtype=bool)
    chosen[ids] = True
    return _faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))


def _nearest_lists(index: Any, vectors: Vectors) -> Ids:
    """The list of each vector, int64[n]: the same whichever vectors are beside it and however many threads there are.

    Sums of single precision depend on both by their last bits, so where two centroids are as near, doubles decide.
    """
    scores, lists = index.quantizer.search(vectors, min(2, index.nlist))
    for row in np.flatnonzero(scores[:, 0] - scores[:, -1] < NEAR) if index.nlist > 1 else ():
        pair = np.sort(lists[row])
        centroids = np.stack([index.quantizer.reconstruct(int(each)) for each in pair]).astype(np.float64)
        lists[row, 0] = pair[np.argmax((centroids * vectors[row]).sum(axis=1))]
    return np.ascontiguousarray(lists[:, 0])
