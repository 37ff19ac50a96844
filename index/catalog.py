"""The library's SQLite file, its only truth: documents, passages, the lexical index and vectors. No FAISS here."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryError
from index.types import Document, Hit, Passage

VERSION = 1
_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, location TEXT NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id);
CREATE INDEX passages_by_text ON passages (text_hash);
CREATE VIRTUAL TABLE lexical USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2');
CREATE TABLE vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_PASSAGE = """
SELECT passages.id, documents.path, start, "end", lexical.text, page
FROM passages JOIN documents ON documents.id = document_id JOIN lexical ON lexical.rowid = passages.id
"""
_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = """
a an and are as at be been by can could did do does for from had has have how in is it of on or shall should that the
their there these this those to was were what when where which who whom whose why will with would
"""
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def text_hash(text: str) -> bytes:
    """The key under which a passage's vector is stored."""
    return sha256(text.encode()).digest()


def match_query(question: str) -> str:
    """An FTS5 query for any of the question's words; without function words unless there are no others."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    telling = [word for word in words if word not in _STOP_WORDS] or words
    return " OR ".join(f'"{word}"' for word in telling)


class Records:
    """One transaction's view of the catalog."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def fact(self, name: str) -> str | None:
        """A named value: `generation`, `embedder`, `snapshot`."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Store a named value."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def generation(self) -> int:
        """Counts the changes of the passages; 0 in a new library."""
        return int(self.fact("generation") or 0)

    def documents(self) -> list[tuple[str, str, str, int]]:
        """Location, path, content hash and number of passages of every document, by path."""
        return self._db.execute(
            "SELECT location, path, sha256, (SELECT count(*) FROM passages WHERE document_id = documents.id) "
            "FROM documents ORDER BY path"
        ).fetchall()

    def text(self, path: str) -> str | None:
        """A document's text."""
        row = self._db.execute("SELECT text FROM documents WHERE path = ?", (path,)).fetchone()
        return None if row is None else str(row[0])

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Passages by id."""
        marks = ",".join("?" * len(ids))
        rows = self._db.execute(f"{_PASSAGE} WHERE passages.id IN ({marks})", list(ids))
        return {row[0]: Passage(*row[1:]) for row in rows}

    def all_passages(self) -> Iterator[Passage]:
        """Every passage, in order of id."""
        for row in self._db.execute(f"{_PASSAGE} ORDER BY passages.id"):
            yield Passage(*row[1:])

    def lexical(self, question: str, depth: int) -> list[Hit]:
        """Best passages by BM25 over the question's words."""
        query = match_query(question)
        if not query:
            return []
        rows = self._db.execute(
            "SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ? ORDER BY bm25(lexical), rowid LIMIT ?",
            (query, depth),
        ).fetchall()
        found = self.passages([row[0] for row in rows])
        return [Hit(found[row[0]], row[1]) for row in rows]

    def missing_vectors(self, texts: Sequence[str]) -> list[str]:
        """The distinct texts that have no vector yet."""
        have = self._db.execute
        return [t for t in dict.fromkeys(texts) if not have(_HAS_VECTOR, (text_hash(t),)).fetchone()]

    def store(
        self, location: str, document: Document, passages: Sequence[Passage], vectors: dict[str, NDArray[np.float32]]
    ) -> None:
        """Add or replace a document with its passages and the vectors of their new texts."""
        self.delete(location)
        row = (location, self._free_path(location, document.path), document.sha256, document.text)
        document_id = self._db.execute(
            "INSERT INTO documents (location, path, sha256, text) VALUES (?, ?, ?, ?)", row
        ).lastrowid
        self._db.executemany(
            "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
            [(text_hash(text), vector.tobytes()) for text, vector in vectors.items()],
        )
        for passage in passages:
            passage_id = self._db.execute(
                'INSERT INTO passages (document_id, start, "end", page, text_hash) VALUES (?, ?, ?, ?, ?)',
                (document_id, passage.start, passage.end, passage.page, text_hash(passage.text)),
            ).lastrowid
            self._db.execute("INSERT INTO lexical (rowid, text) VALUES (?, ?)", (passage_id, passage.text))
        self.set_fact("generation", str(self.generation + 1))

    def delete(self, location: str) -> None:
        """Remove a document, its passages and the vectors that no other passage uses."""
        row = self._db.execute("SELECT id FROM documents WHERE location = ?", (location,)).fetchone()
        if row is None:
            return
        hashes = self._db.execute("SELECT DISTINCT text_hash FROM passages WHERE document_id = ?", row).fetchall()
        self._db.execute("DELETE FROM lexical WHERE rowid IN (SELECT id FROM passages WHERE document_id = ?)", row)
        self._db.execute("DELETE FROM documents WHERE id = ?", row)
        self._db.executemany(
            "DELETE FROM vectors WHERE text_hash = ?1 AND NOT EXISTS (SELECT 1 FROM passages WHERE text_hash = ?1)",
            hashes,
        )
        self.set_fact("generation", str(self.generation + 1))

    def rename(self, location: str, path: str) -> None:
        """Call a stored document by the path it was given as last."""
        path = self._free_path(location, path)
        self._db.execute("UPDATE documents SET path = ? WHERE location = ?", (path, location))

    def _free_path(self, location: str, path: str) -> str:
        """The path as given, or the whole location when another document goes by that path."""
        other = "SELECT 1 FROM documents WHERE path = ? AND location != ?"
        return location if self._db.execute(other, (path, location)).fetchone() else path

    def replace_vectors(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        """Drop every vector and store these."""
        self._db.execute("DELETE FROM vectors")
        rows = [(text_hash(text), vector.tobytes()) for text, vector in vectors.items()]
        self._db.executemany("INSERT INTO vectors VALUES (?, ?)", rows)
        self.set_fact("generation", str(self.generation + 1))

    def vectors(self, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids int64[n] and vectors float32[n, dimension] of all passages, in order of id."""
        rows = self._db.execute("SELECT id, vector FROM passages JOIN vectors USING (text_hash) ORDER BY id").fetchall()
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        joined = b"".join(row[1] for row in rows)
        return ids, np.frombuffer(joined, dtype=np.float32).reshape(len(rows), dimension)


_HAS_VECTOR = "SELECT 1 FROM vectors WHERE text_hash = ?"


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
    def is_new(self) -> bool:
        """Whether its tables are still to be made."""
        return self._version() == 0

    def make_tables(self) -> None:
        """Make a new catalog's tables. Two processes must not do this at once."""
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

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
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as db:
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("PRAGMA synchronous = NORMAL")
                yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise LibraryError(
                f"The library {self._folder} cannot be used ({error}); "
                "check the disk and the folder's rights, or index into another folder with --library."
            ) from error
