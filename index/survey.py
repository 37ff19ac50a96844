"""Which files a person's paths mean, which of them Footnote does not read, and which stored documents are gone."""

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.loaders import LOADERS, advice
from index.types import Failure, Notice, kind

FEW = 5  # files that are named one by one
_UNREAD = "is not a kind of file Footnote reads"
_UNLISTED = "is a folder that cannot be listed"


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

    `folders` has a notice for each folder with files that are left out, None for each without. `vanished` are paths
    that are there no more and once held documents.
    """

    found: list[Found]
    gone: list[str]
    failures: list[Failure]
    skipped: list[Failure]
    folders: dict[str, Notice | None]
    vanished: list[str]


def survey(paths: Sequence[str], known: Collection[str], own: Path) -> Survey:
    """Look at the paths. `known` are the locations of stored documents; the library's `own` folder is left out."""
    seen = Survey([], [], [], [], {}, [])
    found: dict[str, Found] = {}
    gone: list[str] = []
    for path in paths:
        root = Path(path)
        try:
            location = str(root.resolve())
            inside = [known_location for known_location in known if known_location.startswith(location + os.sep)]
            if root.is_dir():
                unlisted: list[str] = []  # where nobody can tell what is gone
                found.update((item.location, item) for item in _search(root, location, own, seen, unlisted))
                gone += [each for each in inside if not each.startswith(tuple(unlisted))]
            elif root.exists():
                found[location] = _found(root)
            elif location in known or inside:
                gone += [location] if location in known else inside
                seen.vanished.append(path)
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

    Links to folders, and folders that cannot be listed, are left out too; what is hidden and the lock files of office
    programs are passed over. Raises OSError where the folder itself cannot be listed.
    """
    inside = root.resolve()
    closed: list[OSError] = []
    for folder, subfolders, names in os.walk(root, onerror=closed.append):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in links)
        for name in sorted((*names, *links)):
            if not name.startswith((".", "~$")):
                path = Path(folder, name)
                yield path, _obstacle(path, inside)
    for error in closed:
        if error.filename == str(root):
            raise error
        yield Path(error.filename), f"{_UNLISTED} ({error.strerror}); change its rights"


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
        return f"{_UNREAD}; {advice(path.name)}"
    return ""


def _search(root: Path, location: str, own: Path, seen: Survey, unlisted: list[str]) -> Iterator[Found]:
    """The files of a folder that are read; what is left out is noted in `seen`, and what cannot be listed, with its
    separator, in `unlisted`."""
    kept_out = str(own.resolve()) + os.sep
    left_out: list[tuple[Path, str]] = []
    for path, reason in look_through(root):
        if str(path.parent.resolve() / path.name).startswith(kept_out):
            continue
        if reason:
            left_out.append((path, reason))
        else:
            yield _found(path)
        if reason.startswith(_UNLISTED):
            unlisted.append(str(path.resolve()) + os.sep)
    seen.skipped.extend(Failure(_stored(str(path)), f"{str(path)!r} {reason}.") for path, reason in left_out)
    notice = None
    if left_out:
        message = f"{str(root)!r}: {describe_skipped(left_out)}"
        notice = Notice(_stored(location), _stored(str(root)), "skipped", _stored(message))
    seen.folders[_stored(location)] = notice


def describe_skipped(left_out: Sequence[tuple[Path, str]]) -> str:
    """One sentence for a person: which files were left out, by name where they are few, and what to do."""
    alike: dict[str, list[Path]] = {}
    for path, reason in left_out:
        alike.setdefault(reason.removeprefix(f"{_UNREAD}; "), []).append(path)
    parts = [f"{_named(paths)} ({reason})" for reason, paths in sorted(alike.items(), key=lambda pair: -len(pair[1]))]
    many = f"{len(left_out):,} were" if len(left_out) > 1 else "1 was"
    return f"{many} left out: {'; '.join(parts)}."


def _named(paths: Sequence[Path]) -> str:
    """The names of a few files; how many of which kinds, of more."""
    if len(paths) <= FEW:
        return ", ".join(path.name for path in paths)
    counts = Counter(path.suffix.lower() or "without an ending" for path in paths)
    return ", ".join(f"{count:,} {suffix}" for suffix, count in counts.most_common())


def _found(file: Path) -> Found:
    return Found(str(file.resolve()), str(file), file, file.stat().st_size)


def _stored(text: str) -> str:
    return text.encode(errors="replace").decode()
