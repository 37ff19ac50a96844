"""Which files a person's paths mean, and which stored documents are gone from them. Reads no file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.loaders import find_files
from index.types import Failure


@dataclass(frozen=True)
class Found:
    """A file to index: its absolute location, which identifies it, and its path as given."""

    location: str
    path: str
    file: Path


def survey(paths: Sequence[str], known: dict[str, str], own: Path) -> tuple[list[Found], list[str], list[Failure]]:
    """Files to read, locations of known documents that are gone from `paths`, and paths that name nothing."""
    found: dict[str, Found] = {}
    gone: list[str] = []
    failures: list[Failure] = []
    for path in paths:
        root = Path(path)
        location = str(root.resolve())
        inside = [known_location for known_location in known if known_location.startswith(location + os.sep)]
        if root.is_dir():
            try:
                files = [file for file in find_files(root) if own.resolve() not in file.resolve().parents]
            except OSError as error:
                failures.append(Failure(path, f"{path!r} cannot be searched for files: {error}."))
                continue
            found.update((str(file.resolve()), Found(str(file.resolve()), str(file), file)) for file in files)
            gone += inside
        elif root.exists():
            found[location] = Found(location, str(path), root)
        elif location in known or inside:
            gone += [location] if location in known else inside
        else:
            failures.append(Failure(path, f"{path!r} does not exist; name a file or a folder to index."))
    gone = [location for location in dict.fromkeys(gone) if location not in found]
    for item in list(found.values()):
        try:
            (item.path + item.location).encode()
        except UnicodeEncodeError:  # Python holds a name's bytes that are not UTF-8 as lone surrogates
            del found[item.location]
            name = item.path.encode(errors="backslashreplace").decode()
            failures.append(Failure(name, f"{item.path!r} has a name that is not UTF-8; rename it and index it again."))
    return list(found.values()), gone, failures
