"""The library's SQLite file, its only truth: documents, passages, both kinds of index, feedback. No FAISS here."""

import json
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from index.errors import LibraryError
from index.lexical import match_query
from index.schema import SCRIPTS, VERSION
from index.types import Document, Feedback, Hit, Passage, kind

# The same content under several paths is one set of passages, called by the first of the paths in a table.
_PASSAGE = """
SELECT passages.id, (SELECT min(path) FROM {documents} AS named WHERE named.content_id = passages.content_id),
       start, "end", lexical.text, page, turns, heading, lexical.context
FROM passages JOIN lexical ON lexical.rowid = passages.id
"""
# A word of the headings above a passage counts less than one of its own, but it counts: it tells apart documents of one
# kind. Of 24 questions about sixty manuals (tests/test_families.py) 24 instead of 4 are answered, each from the right
# one. The price, on the 77 answerable questions of the shipped gold set: 67 instead of 70 have their passage first, and
# as many have it among the first five.
_BM25 = "bm25(lexical, 1.0, 0.3)"


def text_hash(text: str) -> bytes:
    """The key under which a passage's vector is stored."""
    return sha256(text.encode()).digest()


class Records:
    """One transaction's view of the catalog."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._among = ""  # a condition on passages
        self._passage = _PASSAGE.format(documents="documents")

    def choose(self, documents: Collection[str]) -> NDArray[np.int64]:
        """Let this view's passages be those of these paths alone, and called by them. Returns their ids, in order."""
        self._db.execute("CREATE TEMP TABLE chosen (content_id INTEGER PRIMARY KEY, path TEXT NOT NULL)")
        self._db.execute(
            "INSERT INTO chosen SELECT content_id, min(path) FROM documents "
            "WHERE path IN (SELECT value FROM json_each(?)) GROUP BY content_id",
            (json.dumps(list(documents)),),
        )
        self._among = "passages.content_id IN (SELECT content_id FROM chosen)"
        self._passage = _PASSAGE.format(documents="chosen")
        rows = self._db.execute(f"SELECT id FROM passages WHERE {self._among} ORDER BY id")
        return np.array([row[0] for row in rows], dtype=np.int64)

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
            "SELECT location, path, sha256, (SELECT count(*) FROM passages WHERE content_id = contents.id) "
            "FROM documents JOIN contents ON contents.id = content_id ORDER BY path"
        ).fetchall()

    def passage_count(self) -> int:
        """Passages that are stored; documents of the same content share theirs."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def _content_id(self, sha256: str, kind: str) -> int | None:
        row = self._db.execute("SELECT id FROM contents WHERE sha256 = ? AND kind = ?", (sha256, kind)).fetchone()
        return None if row is None else int(row[0])

    def text(self, path: str) -> str | None:
        """A document's text."""
        row = self._db.execute(
            "SELECT text FROM contents WHERE id = (SELECT content_id FROM documents WHERE path = ?)", (path,)
        ).fetchone()
        return None if row is None else str(row[0])

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Passages by id."""
        marks = ",".join("?" * len(ids))
        rows = self._db.execute(f"{self._passage} WHERE passages.id IN ({marks})", list(ids))
        return {row[0]: _passage(row) for row in rows}

    def all_passages(self) -> Iterator[Passage]:
        """Every passage, in order of id."""
        among = f"WHERE {self._among}" if self._among else ""
        for row in self._db.execute(f"{self._passage} {among} ORDER BY passages.id"):
            yield _passage(row)

    def lexical(self, question: str, depth: int) -> list[Hit]:
        """Best passages by BM25 over the question's words."""
        query = match_query(question)
        if not query:
            return []
        among = self._among and f"AND (SELECT {self._among} FROM passages WHERE id = lexical.rowid)"
        rows = self._db.execute(
            f"SELECT rowid, -{_BM25} FROM lexical WHERE lexical MATCH ? {among} ORDER BY {_BM25}, rowid LIMIT ?",
            (query, depth),
        ).fetchall()
        found = self.passages([row[0] for row in rows])
        return [Hit(found[row[0]], row[1]) for row in rows]

    def missing_vectors(self, texts: Iterable[str]) -> list[str]:
        """The distinct texts that have no vector yet."""
        have = self._db.execute
        return [t for t in dict.fromkeys(texts) if not have(_HAS_VECTOR, (text_hash(t),)).fetchone()]

    def put_vectors(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store the vectors of these texts. Those that no passage comes to use are dropped by `prune_vectors`."""
        rows = [(text_hash(text), vector.tobytes()) for text, vector in zip(texts, vectors, strict=True)]
        self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def prune_vectors(self) -> None:
        """Drop the vectors that no passage uses."""
        self._db.execute("DELETE FROM vectors WHERE text_hash NOT IN (SELECT text_hash FROM passages)")

    def store(self, location: str, document: Document, passages: Sequence[Passage]) -> None:
        """Add or replace a document with its passages, whose vectors are stored."""
        key = (document.sha256, kind(document.path))
        if self._content_id(*key) is None:
            content_id = self._db.execute(
                "INSERT INTO contents (sha256, kind, text) VALUES (?, ?, ?)", (*key, document.text)
            ).lastrowid
            for passage in passages:
                turns = " ".join(map(str, passage.turns))
                where = (passage.start, passage.end, passage.page, turns, passage.heading)
                passage_id = self._db.execute(
                    'INSERT INTO passages (content_id, start, "end", page, turns, heading, text_hash) '
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (content_id, *where, text_hash(passage.embedded)),
                ).lastrowid
                searched = (passage_id, passage.text, passage.context)
                self._db.execute("INSERT INTO lexical (rowid, text, context) VALUES (?, ?, ?)", searched)
        self.link(location, document.path, *key)

    def link(self, location: str, path: str, sha256: str, kind: str) -> bool:
        """Make the document at a location, new or not, one of a stored content; False when there is no such content."""
        content_id = self._content_id(sha256, kind)
        if content_id is None:
            return False
        before = self._content_of(location)
        self._db.execute(
            "INSERT INTO documents (location, path, content_id) VALUES (?, ?, ?) "
            "ON CONFLICT (location) DO UPDATE SET path = excluded.path, content_id = excluded.content_id",
            (location, self._free_path(location, path), content_id),
        )
        self._drop_unused(before)
        return True

    def delete(self, location: str) -> None:
        """Remove a document and, unless another has the same content, its passages."""
        before = self._content_of(location)
        self._db.execute("DELETE FROM documents WHERE location = ?", (location,))
        self._drop_unused(before)

    def _content_of(self, location: str) -> int | None:
        row = self._db.execute("SELECT content_id FROM documents WHERE location = ?", (location,)).fetchone()
        return None if row is None else int(row[0])

    def _drop_unused(self, content_id: int | None) -> None:
        """Count the change, and drop a content that no document has any more."""
        self.set_fact("generation", str(self.generation + 1))
        if self._db.execute("SELECT 1 FROM documents WHERE content_id = ?", (content_id,)).fetchone():
            return
        self._db.execute(
            "DELETE FROM lexical WHERE rowid IN (SELECT id FROM passages WHERE content_id = ?)", (content_id,)
        )
        self._db.execute("DELETE FROM contents WHERE id = ?", (content_id,))

    def keep(self, sha256: str, kind: str, data: bytes) -> None:
        """Keep the bytes of a stored content, as long as a document has it."""
        content_id = self._content_id(sha256, kind)
        assert content_id is not None
        if self._db.execute("SELECT 1 FROM files WHERE content_id = ?", (content_id,)).fetchone():
            return
        self._db.execute("INSERT INTO files VALUES (?, zeroblob(?))", (content_id, len(data)))
        with self._db.blobopen("files", "data", content_id) as blob:  # written in place: bound, it is copied twice
            blob.write(data)

    def source(self, path: str) -> tuple[str, str, bytes | None] | None:
        """A document's location, content hash and, where they are kept, bytes."""
        row: tuple[str, str, bytes | None] | None = self._db.execute(
            "SELECT location, sha256, data FROM documents JOIN contents ON contents.id = content_id "
            "LEFT JOIN files USING (content_id) WHERE path = ?",
            (path,),
        ).fetchone()
        return row

    def put_feedback(self, feedback: Feedback) -> int:
        """Store what a person said, in the place of what has the same id. Returns the id."""
        row = [getattr(feedback, name) for name in _FEEDBACK]
        names, marks = ", ".join(f'"{name}"' for name in _FEEDBACK), ", ".join("?" * len(row))
        stored = self._db.execute(f"INSERT OR REPLACE INTO feedback ({names}) VALUES ({marks}) RETURNING id", row)
        return int(stored.fetchone()[0])

    def feedback(self) -> list[Feedback]:
        """What persons said, in the order of time."""
        names = ", ".join(f'"{name}"' for name in _FEEDBACK)
        rows = self._db.execute(f"SELECT {names} FROM feedback ORDER BY time, id")
        return [Feedback(**dict(zip(_FEEDBACK, row, strict=True))) for row in rows]

    def move(self, location: str, to: str, path: str) -> None:
        """Tell where a stored document is now, and what it is called."""
        self._db.execute("UPDATE documents SET location = ? WHERE location = ?", (to, location))
        self._db.execute("UPDATE documents SET path = ? WHERE location = ?", (self._free_path(to, path), to))

    def _free_path(self, location: str, path: str) -> str:
        """The path as given, or the whole location when another document goes by that path."""
        other = "SELECT 1 FROM documents WHERE path = ? AND location != ?"
        return location if self._db.execute(other, (path, location)).fetchone() else path

    def drop_vectors(self) -> None:
        """Forget every vector, for others to be put there."""
        self._db.execute("DELETE FROM vectors")
        self.set_fact("generation", str(self.generation + 1))

    def vectors(
        self, dimension: int, among: Sequence[int] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids int64[n] and vectors float32[n, dimension] of all passages or of those with these ids, in order of id."""
        where, values = (
            ("", ()) if among is None else ("WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(among),))
        )
        rows = self._db.execute(
            f"SELECT id, vector FROM passages JOIN vectors USING (text_hash) {where} ORDER BY id", values
        ).fetchall()
        ids = np.array([row[0] for row in rows], dtype=np.int64)
        joined = b"".join(row[1] for row in rows)
        return ids, np.frombuffer(joined, dtype=np.float32).reshape(len(rows), dimension)


def _passage(row: tuple[int, str, int, int, str, int | None, str, str, str]) -> Passage:
    _, document, start, end, text, page, turns, heading, context = row
    return Passage(document, start, end, text, page, tuple(map(int, turns.split())), heading, context)


_FEEDBACK = [field.name for field in fields(Feedback)]
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
