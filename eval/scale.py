"""How search grows with the library: made vectors in growing numbers, indexed and searched as a library does.

The vectors are drawn like those of all-MiniLM-L6-v2: a passage is its topic, its document and itself, each Gaussian
with that model's spectrum. Of 5,135 vectors so drawn the cosine of a passage with its 1st, 10th and 50th neighbour is
.58, .47 and .28 in the median, of as many paragraphs of Wikipedia, Reddit and reviews .59, .43 and .30; of a question
with them .47, .30 and .24, of real ones .47, .33 and .25. Parted into 64 lists, 8 of them hold 84 % of a question's ten
nearest with both.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from eval.bench.trial import peak_memory
from index.building import NEARNESS, Nearest, beside, build, is_due, train_and_build, unit
from index.vectors import Ids, Quantizer, VectorIndex, Vectors
from rag.retrieve import DEPTH

P = ParamSpec("P")
R = TypeVar("R")

DIMENSION = 384
BLOCK = 1 << 14  # vectors in memory at once
QUERIES = 300
PER_DOCUMENT = 20
TOPIC = 0.2  # the share of a passage's variance that is its topic's; its document's is drawn from the range below
DOCUMENT = (0.05, 0.5)


@dataclass(frozen=True)
class Scale:
    """What one size cost: seconds to build, peak resident MB while building and while searching, MB of the file, ms.

    `probes` of `lists` were searched, 0 of 0 in exact search. `measured` is the recall@10 that building found with
    vectors held out, `recall` that of the questions which were timed; both 0..1, 1 in exact search.
    """

    count: int
    probes: int
    lists: int
    build_s: float
    build_mb: float
    search_mb: float
    file_mb: float
    open_ms: float
    p50_ms: float
    p95_ms: float
    measured: float
    recall: float


def measure(
    count: int, progress: Callable[[str], None] = lambda _: None, *, folder: Path | None = None, seed: int = 0
) -> Scale:
    """Build and search an index of `count` vectors, each step in a process of its own.

    Searches are one after the other, as deep as those of a question, with the candidates scored anew from a file of all
    vectors, which takes 1.5 kB a vector on the disk of `folder` (a temporary one by default) until it is done.
    """
    with tempfile.TemporaryDirectory(dir=folder) as name:
        at = Path(name)
        progress(f"{count:,} vectors: drawing them")
        _apart(_draw, at, count, seed)
        progress(f"{count:,} vectors: building the index")
        built = _apart(_build, at, count)
        progress(f"{count:,} vectors: searching")
        return _apart(_search, at, count, *built)


def _apart(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a step returns in a fresh process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(step, *args, **kwargs).result()


def draw(count: int, seed: int) -> Iterator[Vectors]:
    """Blocks of unit vectors float32[n, 384], `count` in all, in random order; the same for the same seed."""
    rng = np.random.default_rng(seed)
    topics = _gaussian(rng, 1 + int(count**0.5 / 2))
    share = rng.uniform(*DOCUMENT, size=(-(-count // PER_DOCUMENT), 1)).astype(np.float32)
    documents = _gaussian(rng, len(share))
    documents *= np.sqrt(share)
    documents += np.float32(TOPIC**0.5) * topics[rng.integers(len(topics), size=len(share))]
    for start in range(0, count, BLOCK):
        chosen = rng.integers(len(share), size=min(BLOCK, count - start))
        yield unit(documents[chosen] + np.sqrt(1 - TOPIC - share[chosen]) * _gaussian(rng, len(chosen)))


def ask(passages: Vectors, seed: int) -> Vectors:
    """Unit vectors of questions, each about one of these passages."""
    rng = np.random.default_rng((seed, 1))
    near = rng.uniform(*NEARNESS, size=(len(passages), 1))
    return beside(passages, _gaussian(rng, len(passages)), near)


def _gaussian(rng: np.random.Generator, count: int) -> Vectors:
    """Vectors of expected length 1, with a spectrum like that of MiniLM's."""
    return rng.standard_normal((count, DIMENSION), dtype=np.float32) @ _axes()


@cache
def _axes() -> Vectors:
    """Directions, each as long as the vectors vary along it; none of them is that of one number alone."""
    number = np.arange(DIMENSION)
    spectrum = (number + 1) ** -0.45 * np.exp(-number / 140)
    turned, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))
    return np.asarray(np.sqrt(spectrum / spectrum.sum())[:, None] * turned, dtype=np.float32)


def _draw(at: Path, count: int, seed: int) -> None:
    """Write the vectors, the questions, and the ten nearest of all to each."""
    with (at / "vectors").open("wb") as file:
        for block in draw(count, seed):
            if not file.tell():
                nearest = Nearest(questions := ask(block[:QUERIES], seed))
            nearest.see(np.arange(len(block)) + file.tell() // (4 * DIMENSION), block)
            block.tofile(file)
    np.save(at / "questions.npy", questions)
    np.save(at / "nearest.npy", nearest.ids)


def _blocks(at: Path) -> Iterator[tuple[Ids, Vectors]]:
    start = 0
    with (at / "vectors").open("rb") as file:
        while len(block := np.fromfile(file, dtype=np.float32, count=BLOCK * DIMENSION).reshape(-1, DIMENSION)):
            yield np.arange(start, start + len(block)), block
            start += len(block)


def _rows(at: Path, most: int) -> Vectors:
    """The first vectors, for their order is random."""
    return np.fromfile(at / "vectors", dtype=np.float32, count=most * DIMENSION).reshape(-1, DIMENSION)


def _build(at: Path, count: int) -> tuple[str, Quantizer | None, float, float]:
    """The snapshot's checksum and quantizer, seconds and peak MB."""
    began = time.perf_counter()
    if is_due(count, None):
        index, quantizer = train_and_build(DIMENSION, count, lambda: _blocks(at), lambda most: _rows(at, most))
    else:
        index, quantizer = build(DIMENSION, lambda: _blocks(at), None), None
    checksum = index.save(at / "snapshot")
    return checksum, quantizer, time.perf_counter() - began, peak_memory() / 1e6


def _search(at: Path, count: int, checksum: str, quantizer: Quantizer | None, build_s: float, build_mb: float) -> Scale:
    began = time.perf_counter()
    index = VectorIndex.load(at / "snapshot", checksum, quantizer.probes if quantizer else 0)
    open_ms = 1000 * (time.perf_counter() - began)
    assert index is not None
    times, right = [], 0
    with (at / "vectors").open("rb") as file:

        def stored(ids: Sequence[int]) -> tuple[Ids, Vectors]:
            rows = np.empty((len(ids), DIMENSION), dtype=np.float32)
            for number, each in enumerate(sorted(ids)):
                file.seek(each * 4 * DIMENSION)
                rows[number] = np.fromfile(file, dtype=np.float32, count=DIMENSION)
            return np.array(sorted(ids), dtype=np.int64), rows

        questions = np.load(at / "questions.npy")
        for question in questions[: QUERIES // 10]:
            index.search(question, DEPTH, None, stored)
        nearest = np.load(at / "nearest.npy")
        for question, expected in zip(questions, nearest.tolist(), strict=True):
            began = time.perf_counter()
            found = index.search(question, DEPTH, None, stored)
            times.append(1000 * (time.perf_counter() - began))
            right += len({each for each, _ in found[:10]} & set(expected))
    p50, p95 = np.percentile(times, [50, 95]).tolist()
    return Scale(
        count,
        quantizer.probes if quantizer else 0,
        index.lists,
        build_s,
        build_mb,
        peak_memory() / 1e6,
        (at / "snapshot").stat().st_size / 1e6,
        open_ms,
        p50,
        p95,
        quantizer.recall if quantizer else 1.0,
        right / nearest.size,
    )
