"""Whether a library is whole, and what is damaged: its file, each document in it, and its snapshot."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from index.catalog import Catalog, Connection, Unreadable, connect, is_emptied
from index.errors import LibraryError
from index.integrity import is_library
from index.salvage import contents, dimension
from index.schema import VERSION
from index.snapshot import Snapshots

SNAPSHOT = "vectors"


@dataclass(frozen=True)
class Finding:
    """Something that is damaged: of the document of this path, of the SNAPSHOT, or, where that is empty, of all."""

    document: str
    message: str


def check(folder: Path) -> Iterator[Finding]:
    """Everything that is damaged in a library. Raises LibraryError where there is none, or one of another format."""
    path = folder / "library.sqlite"
    none = LibraryError(f"There is no library in {folder}; make one with: footnote index PATH --library {folder}")
    if not is_library(folder):
        raise none
    try:
        with closing(connect(path)) as db:
            version = db.execute("PRAGMA user_version").get
            if is_emptied(path, version):
                yield Finding("", "library.sqlite has nothing in it any more.")
                return
            if version == 0:
                raise none
            if version < VERSION and (findings := list(_of_the_file(db))):
                yield from findings
                return
            if version != VERSION:
                raise LibraryError(
                    f"The library {folder} is of format {version}, and what can be checked is format {VERSION}: "
                    "run `footnote index` on any of its documents first, with the latest Footnote."
                )
            db.execute("BEGIN")
            whole = True
            for finding in chain(_of_the_file(db), _of_documents(db)):
                whole = False
                yield finding
    except Unreadable as error:
        yield Finding("", f"library.sqlite cannot be read ({error}).")
        return
    if whole:
        yield from _of_the_snapshot(folder)


def _of_the_file(db: Connection) -> Iterator[Finding]:
    try:
        said = [str(row[0]) for row in db.execute("PRAGMA integrity_check(3)")]
        said = [] if said == ["ok"] else said
        said += [f"a row of {table} refers to nothing" for table, *_ in db.execute("PRAGMA foreign_key_check")][:3]
    except Unreadable as error:
        said = ["a part of it is not as it was written" if "disk I/O" in str(error) else str(error)]
    for what in said:
        yield Finding("", f"library.sqlite is damaged: {what}.")


def _of_documents(db: Connection) -> Iterator[Finding]:
    for content in contents(db, dimension(db)):
        for _, path in content.named or (("", ""),):
            if content.problem:
                yield Finding(path, f"{repr(path) if path else 'A document'} {content.problem}.")


def _of_the_snapshot(folder: Path) -> Iterator[Finding]:
    try:
        if problem := Snapshots(folder, Catalog(folder)).problem():
            yield Finding(SNAPSHOT, f"The file of the vector index {problem}.")
    except LibraryError as error:
        yield Finding("", str(error))
