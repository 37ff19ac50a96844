"""Which files a person's paths mean, and which stored documents are gone from them. Reads no file."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.loaders import find_files
from index.types import Failure


@dataclass(frozen=True)
class Found:
    """A file to index: its absolute location, which identifies it, its path as given, and its size in bytes."""

    location: str
    path: str
    file: Path
    size: int


@dataclass(frozen=True)
class Survey:
    """Files to read, locations of stored documents that are gone, and paths that name nothing."""

    found: list[Found]
    gone: list[str]
    failures: list[Failure]


def survey(paths: Sequence[str], known: Collection[str], own: Path) -> Survey:
    """Look at the paths. `known` are the locations of stored documents; the library's `own` folder is left out."""
    found: dict[str, Found] = {}
    gone: list[str] = []
    failures: list[Failure] = []
    kept_out = str(own.resolve()) + os.sep
    for path in paths:
        root = Path(path)
        try:
            location = str(root.resolve())
            inside = [known_location for known_location in known if known_location.startswith(location + os.sep)]
            if root.is_dir():
                items = (item for item in map(_found, find_files(root)) if not item.location.startswith(kept_out))
                found.update((item.location, item) for item in items)
                gone += inside
            elif root.exists():
                found[location] = _found(root)
            elif location in known or inside:
                gone += [location] if location in known else inside
            else:
                failures.append(Failure(path, f"{path!r} does not exist; name a file or a folder to index."))
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle; ValueError: a null byte
            failures.append(Failure(path, f"{path!r} cannot be searched for files: {error}."))
    gone = [location for location in dict.fromkeys(gone) if location not in found]
    for item in list(found.values()):
        try:
            (item.path + item.location).encode()
        except UnicodeEncodeError:  # Python holds a name's bytes that are not UTF-8 as lone surrogates
            del found[item.location]
            name = item.path.encode(errors="backslashreplace").decode()
            failures.append(Failure(name, f"{item.path!r} has a name that is not UTF-8; rename it and index it again."))
    return Survey(list(found.values()), gone, failures)


def _found(file: Path) -> Found:
    return Found(str(file.resolve()), str(file), file, file.stat().st_size)
