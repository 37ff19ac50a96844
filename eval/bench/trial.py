"""One system's turn in a comparison, in this process. Knows nothing of which system it is, nor of what is relevant."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from index.types import Passage

DEPTH = 10  # passages found for a question


class System(Protocol):
    """What a trial asks of a system. Its models are loaded when it is made."""

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        """Take in text files, each under a name; the lengths of all passages in characters."""

    def search(self, question: str) -> Sequence[Passage]:
        """The ten passages nearest to a question, best first, where they stand in the files' texts."""


def trial(make: Callable[[], System], job: Path, outcome: Path) -> None:
    """Do the job and write how it went, as JSON. The first question is asked once more than the others, unmeasured."""
    task = json.loads(job.read_text(encoding="utf-8"))
    system, load_s = _timed(make)
    files = {name: Path(file) for name, file in task["files"].items()}
    lengths, index_s = _timed(lambda: system.index(files))
    questions: list[str] = task["questions"]
    system.search(questions[0])
    answers = [_timed(partial(system.search, question)) for question in questions]
    result: dict[str, Any] = {
        "load_s": load_s,
        "index_s": index_s,
        "peak_mb": peak_memory() / 1e6,
        "lengths": list(lengths),
        "milliseconds": [1000 * spent for _, spent in answers],
        "found": [[(p.document, p.start, p.end) for p in passages] for passages, _ in answers],
    }
    outcome.write_text(json.dumps(result), encoding="utf-8")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = perf_counter()
    result = work()
    return result, perf_counter() - began


def peak_memory() -> int:
    """The most bytes that this process has had in memory. Of Linux's own account: getrusage counts the parent's too."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
