"""Files that are handed over by name, and how far each of them is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from index.intake import Progress
from index.survey import Found
from index.types import Failure


def added(name: str) -> str:
    """The location of a document that is no file on this disk."""
    return f"added:{name}"


def uploads(files: Mapping[str, Path]) -> tuple[list[Found], list[Failure]]:
    """What is to be read, in order, and the names that cannot be stored."""
    found, failures = [], []
    for name, file in files.items():
        if sound(name) == name:
            found.append(Found(added(name), name, file, file.stat().st_size if file.exists() else 0))
        else:
            failures.append(Failure(sound(name), f"{name!r} is not a name in Unicode; rename it and add it again."))
    return found, failures


def shares(progress: Progress, each: Progress, found: Sequence[Found]) -> Progress:
    """Progress over all of these files, taken one by one, that tells `each` the share of the file at work alone."""
    sizes = {item.path: max(item.size, 1) for item in found}
    began: dict[str, float] = {}

    def report(name: str, share: float, passages: int) -> None:
        progress(name, share, passages)
        own = (share - began.setdefault(name, share)) * sum(sizes.values()) / sizes[name]
        each(name, min(own, 1.0), passages)

    return report


def sound(text: str) -> str:
    """The text without the lone surrogates that no database holds."""
    return text.encode(errors="replace").decode()
