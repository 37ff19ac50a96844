"""The library's SQLite file, its only truth: documents, passages, both kinds of index, feedback. No FAISS here.

Each page of it ends in a checksum that is compared whenever the page is read, by SQLite's extension `cksumvfs`: a
damaged page raises LibraryError, whatever is on it, and nothing is answered from it.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import apsw
import apsw.sqlite_extra

from index.errors import LibraryError
from index.integrity import DamageError, damaged, make_private
from index.records import Records, text_hash
from index.schema import SCRIPTS, VERSION

__all__ = ["Catalog", "Connection", "Records", "Unreadable", "connect", "text_hash"]

Connection = apsw.Connection
Unreadable = apsw.Error
"""What reading a damaged file raises within a connection."""
CHECKSUM = 8  # bytes at the end of a page
SMALLEST = 512  # bytes of a page
_PATIENCE = 30_000  # ms
_BUGS = (apsw.ConstraintError, apsw.MisuseError, apsw.BindingsError, apsw.MismatchError, apsw.RangeError)
_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI


def connect(path: Path) -> Connection:
    """Open an SQLite file, which is made where there is none, and have its pages checked."""
    if "cksmvfs" not in apsw.vfs_names():
        with closing(apsw.Connection(":memory:")) as db:
            apsw.sqlite_extra.load(db, "cksumvfs")
    # SQLite cannot share a database in a folder that it must not write to, but then nobody changes it either.
    frozen = "" if os.access(path.parent, os.W_OK) else "?immutable=1"
    db = apsw.Connection(f"file:{quote(bytes(path))}{frozen}", flags=_OPEN)
    db.set_busy_timeout(_PATIENCE)
    return db


def is_emptied(path: Path, version: int) -> bool:
    """Whether a file of format 0 is what is left of a library, and not one that is about to be made."""
    return version == 0 and (0 < path.stat().st_size < SMALLEST or any(path.parent.glob("vectors-*.faiss")))


class Catalog:
    """Opens transactions on `library.sqlite` in a folder. Each has its own connection, so threads need no care."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "library.sqlite"
        self._folder = folder
        version, checked = self._format()
        if version > VERSION:
            raise LibraryError(
                f"The library {folder} was written by a newer Footnote "
                f"(format {version}, this one knows {VERSION}); "
                "update Footnote or choose another folder with --library."
            )
        if version == VERSION and not checked:
            raise damaged(folder, "its first page is not as it was written")
        if is_emptied(self._path, version):
            raise damaged(folder, "library.sqlite has nothing in it any more")

    @property
    def is_current(self) -> bool:
        """Whether its tables are of this format."""
        return self._format() == (VERSION, True)

    def make_tables(self) -> None:
        """Make a new catalog's tables, or an older one's into this format. Two processes must not do this at once."""
        version, checked = self._format()
        if not checked:
            self._add_checksums()
        with self._connection() as db:
            db.reserve_bytes(reserve=CHECKSUM)  # in a new file
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute(f"BEGIN IMMEDIATE; {SCRIPTS[version]} PRAGMA user_version = {VERSION}; COMMIT;")

    def _add_checksums(self) -> None:
        """Write an older file anew with a checksum in each page. Killed at any moment, one or the other is there."""
        beside = self._path.with_name("library.sqlite.new")
        for left in self._folder.glob("library.sqlite.new*"):
            left.unlink()
        with self._connection() as db:
            if not db.execute("PRAGMA page_count").get:
                return
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = DELETE")  # with nobody else, who would go on with the file as it was
            db.reserve_bytes(reserve=CHECKSUM)
            make_private(beside)
            db.execute("VACUUM INTO ?", (str(beside),))
        with self._connected(beside) as db:
            db.execute("PRAGMA checksum_verification = OFF")  # there is room for them now, and they are not there yet
            db.execute("VACUUM")
        beside.replace(self._path)

    def _format(self) -> tuple[int, bool]:
        """The number of its format, 0 in a new file, and whether its pages have checksums."""
        with self._connection() as db:
            return int(db.execute("PRAGMA user_version").get), db.reserve_bytes() == CHECKSUM

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """One unchanging view, however long it is held."""
        with self._connection() as db:
            db.execute("BEGIN")
            yield Records(db)

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """All of the changes or, when anything raises, none."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            yield Records(db)  # what raises closes the connection, which takes the changes back
            db.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if not self._path.exists():
            with suppress(OSError):
                make_private(self._path)
        with self._connected(self._path) as db:
            yield db

    @contextmanager
    def _connected(self, path: Path) -> Iterator[Connection]:
        try:
            with closing(connect(path)) as db:
                db.execute("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL")  # what is committed survives a cut
                yield db
        except _BUGS:
            raise
        except DamageError as error:
            raise damaged(self._folder, str(error)) from error
        except apsw.Error as error:
            if getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA:
                raise damaged(self._folder, "a part of library.sqlite is not as it was written") from error
            if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
                raise damaged(self._folder, str(error)) from error
            raise LibraryError(
                f"The library {self._folder} cannot be used ({error}); "
                "check the disk and the folder's rights, or index into another folder with --library."
            ) from error
