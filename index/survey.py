"""Which files a person's paths mean, which of them Footnote does not read, and which stored documents are gone."""

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from index.loaders import LOADERS, advice
from index.types import Failure, Notice, kind


@dataclass(frozen=True)
class Found:
    """A file to index: its absolute location, which identifies it, its path as given, and its size in bytes."""

    location: str
    path: str
    file: Path
    size: int


@dataclass(frozen=True)
class Survey:
    """Files to read, locations of stored documents that are gone, paths that name nothing, and files left out.

    `folders` has a notice for each folder with files that are left out, None for each without.
    """

    found: list[Found]
    gone: list[str]
    failures: list[Failure]
    skipped: list[Failure]
    folders: dict[str, Notice | None]


def survey(paths: Sequence[str], known: Collection[str], own: Path) -> Survey:
    """Look at the paths. `known` are the locations of stored documents; the library's `own` folder is left out."""
    seen = Survey([], [], [], [], {})
    found: dict[str, Found] = {}
    gone: list[str] = []
    for path in paths:
        root = Path(path)
        try:
            location = str(root.resolve())
            inside = [known_location for known_location in known if known_location.startswith(location + os.sep)]
            if root.is_dir():
                found.update((item.location, item) for item in _search(root, location, own, seen))
                gone += inside
            elif root.exists():
                found[location] = _found(root)
            elif location in known or inside:
                gone += [location] if location in known else inside
            else:
                seen.failures.append(Failure(path, f"{path!r} does not exist; name a file or a folder to index."))
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle; ValueError: a null byte
            seen.failures.append(Failure(path, f"{path!r} cannot be searched for files: {error}."))
    seen.gone.extend(location for location in dict.fromkeys(gone) if location not in found)
    for item in found.values():
        try:
            (item.path + item.location).encode()
            seen.found.append(item)
        except UnicodeEncodeError:  # Python holds a name's bytes that are not UTF-8 as lone surrogates
            name = item.path.encode(errors="backslashreplace").decode()
            message = f"{item.path!r} has a name that is not UTF-8; rename it and index it again."
            seen.failures.append(Failure(name, message))
    return seen


def find_files(root: Path) -> Iterator[Path]:
    """Files under a folder that Footnote reads, in a fixed order; see `look_through`."""
    return (path for path, reason in look_through(root) if not reason)


def look_through(root: Path) -> Iterator[tuple[Path, str]]:
    """Files under a folder in a fixed order, each with the reason why it is left out, empty for those to be read.

    Links to folders are left out too; what is hidden and the lock files of office programs are passed over. Raises
    OSError for a folder that cannot be listed, whose files would else seem gone.
    """
    inside = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=_raise):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in links)
        for name in sorted((*names, *links)):
            if not name.startswith((".", "~$")):
                path = Path(folder, name)
                yield path, _obstacle(path, inside)


def _obstacle(path: Path, inside: Path) -> str:
    """Why a file of a folder is left out, to go on from “it”; empty where it is not."""
    try:
        mode = path.stat().st_mode
        inside_too = not path.is_symlink() or path.resolve().is_relative_to(inside)
    except (OSError, RuntimeError):
        return "is a link to nothing; remove it"
    if stat.S_ISDIR(mode):
        return "is a link to a folder; add the folder that it leads to"
    if not inside_too:
        return "is a link out of the folder; add the file that it leads to"
    if not stat.S_ISREG(mode):
        return "is not a file but a device or a pipe; remove it"
    if kind(path.name) not in LOADERS:
        return f"is not a kind of file Footnote reads; {advice(path.name)}"
    return ""


def _search(root: Path, location: str, own: Path, seen: Survey) -> Iterator[Found]:
    """The files of a folder that are read; what is left out is noted in `seen`."""
    kept_out = str(own.resolve()) + os.sep
    left_out: list[tuple[Path, str]] = []
    for path, reason in look_through(root):
        if str(path.resolve() if path.exists() else path.absolute()).startswith(kept_out):
            continue
        if reason:
            left_out.append((path, reason))
        else:
            yield _found(path)
    seen.skipped.extend(Failure(_stored(str(path)), f"{str(path)!r} {reason}.") for path, reason in left_out)
    notice = None
    if left_out:
        message = f"{str(root)!r}: {describe_skipped(left_out)}"
        notice = Notice(_stored(location), _stored(str(root)), "skipped", _stored(message))
    seen.folders[_stored(location)] = notice


def describe_skipped(left_out: Iterable[tuple[Path, str]]) -> str:
    """One sentence for a person: how many files of which kinds were left out and what to do, most frequent first."""
    reasons = sorted((reason, path.suffix.lower() or "no ending") for path, reason in left_out)
    parts = []
    for reason, group in groupby(reasons, key=lambda pair: pair[0]):
        counts = Counter(suffix for _, suffix in group)
        kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in counts.most_common())
        parts.append((-counts.total(), kinds, reason.rpartition("; ")[2]))
    said = "; ".join(f"{kinds} ({what})" for _, kinds, what in sorted(parts))
    many = f"{len(reasons):,} files were" if len(reasons) > 1 else "1 file was"
    return f"{many} left out: {said}."


def _found(file: Path) -> Found:
    return Found(str(file.resolve()), str(file), file, file.stat().st_size)


def _stored(text: str) -> str:
    return text.encode(errors="replace").decode()


def _raise(error: OSError) -> None:
    raise error
