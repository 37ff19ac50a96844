"""Other systems on the same corpus and questions, each in a process of its own. Knows nothing of how they work."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from eval.bench.relevance import Wanted, hit_at, mrr
from index.errors import FootnoteError
from index.types import Passage

# Nothing may dial out, and no bars.
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class Contender:
    """A system that takes part: `module` is run with `arguments`, a job and where to put the outcome.

    `packages` must be installed; the first has its version. `setting` says how it was set up.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    packages: tuple[str, ...]
    setting: str

    @property
    def version(self) -> str | None:
        """None when a package is missing."""
        try:
            versions = [version(package) for package in self.packages]
        except PackageNotFoundError:
            return None
        return versions[0]


_HAYSTACK = ("haystack-ai", "sentence-transformers-haystack")
_LLAMA = ("llama-index-core", "llama-index-embeddings-huggingface")
_WORDS = "DocumentSplitter(), 200 words; InMemoryDocumentStore"
_PARAGRAPHS = "Segmentation(paragraphs=True); Embeddings(path=…"
_TOKENS = "SentenceSplitter(), 1,024 tokens, 200 shared, of which the model reads 256; VectorStoreIndex"
PEERS = (
    Contender("Haystack", "eval.peers", ("haystack",), _HAYSTACK, f"{_WORDS}, embeddings"),
    Contender(
        "Haystack hybrid", "eval.peers", ("haystack", "hybrid"), _HAYSTACK, f"{_WORDS}, BM25 and reciprocal rank fusion"
    ),
    Contender("txtai", "eval.peers", ("txtai",), ("txtai",), f"{_PARAGRAPHS})"),
    Contender("txtai hybrid", "eval.peers", ("txtai", "hybrid"), ("txtai",), f"{_PARAGRAPHS}, hybrid=True)"),
    Contender("LlamaIndex", "eval.peers", ("llama_index",), _LLAMA, _TOKENS),
    Contender(
        "LlamaIndex hybrid",
        "eval.peers",
        ("llama_index", "hybrid"),
        (*_LLAMA, "llama-index-retrievers-bm25"),
        f"{_TOKENS}, BM25Retriever and QueryFusionRetriever",
    ),
)


@dataclass(frozen=True)
class Standing:
    """How a system did. `characters` is a passage's mean length; times of questions are of retrieval alone."""

    name: str
    version: str
    setting: str
    passages: int
    characters: float
    load_s: float
    index_s: float
    peak_mb: float
    p50_ms: float
    p95_ms: float
    hit_1: float
    hit_5: float
    mrr_10: float


@dataclass(frozen=True)
class Comparison:
    """All that took part, the names of those that are not installed, and what went wrong with others."""

    standings: tuple[Standing, ...]
    absent: tuple[str, ...]
    failures: tuple[str, ...]


def compare(
    contenders: Sequence[Contender],
    files: Mapping[str, Path],
    asked: Sequence[Wanted],
    scratch: Path,
    starting: Callable[[str], object] = lambda name: None,
) -> Comparison:
    """Run one after another; `starting` is told whose turn it is. `files` are the documents, by their names."""
    standings, absent, failures = [], [], []
    job = scratch / "job.json"
    task = {
        "files": {name: str(file) for name, file in files.items()},
        "questions": [each.question for each in asked],
    }
    job.write_text(json.dumps(task), encoding="utf-8")
    for contender in contenders:
        if contender.version is None:
            absent.append(contender.name)
            continue
        starting(contender.name)
        try:
            standings.append(standing(contender, _outcome(contender, job, scratch / "outcome.json"), asked))
        except FootnoteError as error:
            failures.append(str(error))
    return Comparison(tuple(standings), tuple(absent), tuple(failures))


def standing(contender: Contender, outcome: Mapping[str, Any], asked: Sequence[Wanted]) -> Standing:
    """How a system did by what its process wrote."""
    found = [[Passage(document, start, end, "") for document, start, end in each] for each in outcome["found"]]
    ranks = np.array([each.rank(passages) for each, passages in zip(asked, found, strict=True)])
    p50, p95 = np.percentile(outcome["milliseconds"], [50, 95]).tolist()
    return Standing(
        contender.name,
        contender.version or "",
        contender.setting,
        passages=len(outcome["lengths"]),
        characters=float(np.mean(outcome["lengths"])),
        load_s=outcome["load_s"],
        index_s=outcome["index_s"],
        peak_mb=outcome["peak_mb"],
        p50_ms=p50,
        p95_ms=p95,
        hit_1=hit_at(ranks, 1),
        hit_5=hit_at(ranks, 5),
        mrr_10=mrr(ranks),
    )


def _outcome(contender: Contender, job: Path, outcome: Path) -> dict[str, Any]:
    outcome.unlink(missing_ok=True)
    command = [sys.executable, "-P", "-m", contender.module, *contender.arguments, str(job), str(outcome)]
    done = subprocess.run(
        command, env=os.environ | _QUIET, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode or not outcome.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise FootnoteError(f"{contender.name} {contender.version} did not get through: {last[:200]}")
    result: dict[str, Any] = json.loads(outcome.read_text(encoding="utf-8"))
    return result
