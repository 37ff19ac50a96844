"""The library's SQLite file, its only truth: documents, passages, both kinds of index, feedback. No FAISS here."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from index.errors import LibraryError
from index.records import Records, text_hash
from index.schema import SCRIPTS, VERSION

__all__ = ["Catalog", "Connection", "Records", "text_hash"]

Connection = sqlite3.Connection


class Catalog:
    """Opens transactions on `library.sqlite` in a folder. Each has its own connection, so threads need no care."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "library.sqlite"
        self._folder = folder
        if self._version() > VERSION:
            raise LibraryError(
                f"The library {folder} was written by a newer Footnote "
                f"(format {self._version()}, this one knows {VERSION}); "
                "update Footnote or choose another folder with --library."
            )

    @property
    def is_current(self) -> bool:
        """Whether its tables are of this format."""
        return self._version() == VERSION

    def make_tables(self) -> None:
        """Make a new catalog's tables, or an older one's into this format. Two processes must not do this at once."""
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA foreign_keys = OFF")
            script = SCRIPTS[self._version()]
            db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {VERSION}; COMMIT;")

    def _version(self) -> int:
        with self._connection() as db:
            return int(db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def reading(self) -> Iterator[Records]:
        """One unchanging view, however long it is held."""
        with self._connection() as db:
            db.execute("BEGIN")
            yield Records(db)

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """All of the changes or, when anything raises, none."""
        with self._connection() as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield Records(db)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # SQLite cannot share a database in a folder that it must not write to, but then nobody changes it either.
        frozen = "" if os.access(self._folder, os.W_OK) else "?immutable=1"
        try:
            with closing(sqlite3.connect(f"file:{quote(bytes(self._path))}{frozen}", timeout=30, uri=True)) as db:
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("PRAGMA synchronous = FULL")  # what is committed survives a power cut
                yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise LibraryError(
                f"The library {self._folder} cannot be used ({error}); "
                "check the disk and the folder's rights, or index into another folder with --library."
            ) from error
