"""What a run stands on: another that stands on the same gives the same scores.

Knows nothing of how answers are made.
"""

import hashlib
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval.metrics import RESAMPLES, SEED
from index.types import Passage

Manifest = dict[str, Any]

_PACKAGES = ("footnote", "torch", "sentence-transformers", "transformers", "faiss-cpu", "numpy", "scipy")
_ROOMS = ("index", "rag", "eval")
_OTHER = {
    "gold": "another gold set",
    "documents": "other documents",
    "passages": "the documents cut into other passages",
    "models": "other models",
    "settings": "other settings",
    "versions": "other versions of the software",
}


def manifest(
    gold: Path,
    documents: Mapping[str, str],
    passages: Sequence[Passage],
    models: Mapping[str, str],
    settings: Mapping[str, object],
    arguments: Mapping[str, object],
) -> Manifest:
    """The manifest of a run that begins now. `documents` are hashes by path, `models` fingerprints by their part.

    All but "made", which holds the arguments too, decides the scores.
    """
    return {
        "gold": {"sha256": fingerprint(gold)},
        "documents": [{"path": path, "sha256": documents[path]} for path in sorted(documents)],
        "passages": _passages(passages),
        "models": dict(models),
        "settings": {**settings, "resamples": RESAMPLES, "seed": SEED},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
            "code": _code(),
        },
        "made": {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": platform.platform(),
            "cpus": os.cpu_count(),
            "arguments": dict(arguments),
        },
    }


def differences(one: Manifest, other: Manifest) -> list[str]:
    """What keeps the scores of two runs from being the same, in words; nothing where they stand on the same."""
    return [words for key, words in _OTHER.items() if one.get(key) != other.get(key)]


def is_manifest(raw: object) -> bool:
    """Whether JSON is a run's manifest."""
    return isinstance(raw, dict) and {*_OTHER, "made"} <= raw.keys()


def fingerprint(*paths: Path, ending: str = "") -> str:
    """SHA-256 of a file, or of all the files in folders whose names end so."""
    if len(paths) == 1 and paths[0].is_file():
        with paths[0].open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for folder in paths:
        for file in sorted(file for file in folder.rglob(f"*{ending}") if file.is_file()):
            digest.update(f"{file.relative_to(folder.parent).as_posix()} {fingerprint(file)}\n".encode())
    return digest.hexdigest()


@cache
def _code() -> str:
    """The program's own, as it was when this process first asked."""
    return fingerprint(*(Path(__file__).parents[1] / room for room in _ROOMS), ending=".py")


def _passages(passages: Sequence[Passage]) -> dict[str, object]:
    digest = hashlib.sha256()
    for passage in passages:
        digest.update(f"{passage.document}\0{passage.start}\0{passage.end}\0{passage.embedded}\0".encode())
    return {"count": len(passages), "sha256": digest.hexdigest()}
