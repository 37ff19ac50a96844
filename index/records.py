"""What one transaction reads and writes in the library's SQLite file. Opens nothing itself."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from hashlib import sha256
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.embedding import Embedded
from index.integrity import DamageError
from index.lexical import match_query
from index.types import Document, Feedback, Notice, Passage, kind
from index.vector_rows import VectorRows
from index.vectors import Quantizer

if TYPE_CHECKING:
    from index.catalog import Connection

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
SCORED = 50_000
"""The most passages that are scored for a question, which takes 2 µs each: those with the rarest of its words.

All its words count in their score. In 5,664 paragraphs with 5 % scored, as in a million with so many, of 1,279
questions 55.0 % have their paragraph first and 70.5 % among five, as without a limit, and 82.5 % among fifty instead of
83.4 %.
"""


def text_hash(text: str) -> bytes:
    """The key under which a passage's vector is stored."""
    return sha256(text.encode()).digest()


class Records:
    """One transaction's view of the catalog."""

    def __init__(self, db: "Connection") -> None:
        self._db: Any = db  # whose rows are of any types
        self._among = ""  # a condition on passages
        self._passage = _PASSAGE.format(documents="documents")
        self.vectors = VectorRows(db)

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
        rows: list[tuple[str, str, str, int]] = self._db.execute(
            "SELECT location, path, sha256, (SELECT count(*) FROM passages WHERE content_id = contents.id) "
            "FROM documents JOIN contents ON contents.id = content_id ORDER BY path"
        ).fetchall()
        return rows

    def entry(self, location: str) -> tuple[str, str, str] | None:
        """Path, content hash and warning of the document at a location."""
        row: tuple[str, str, str] | None = self._db.execute(
            "SELECT path, sha256, warning FROM documents JOIN contents ON contents.id = content_id WHERE location = ?",
            (location,),
        ).fetchone()
        return row

    def location(self, path: str) -> str | None:
        """The location of the document of a path."""
        row = self._db.execute("SELECT location FROM documents WHERE path = ?", (path,)).fetchone()
        return None if row is None else str(row[0])

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
        chosen = "WHERE passages.id IN (SELECT value FROM json_each(?))"
        rows = self._db.execute(f"{self._passage} {chosen}", (json.dumps(list(ids)),))
        found = {row[0]: _passage(row) for row in rows}
        if len(found) < len(set(ids)):
            raise DamageError("passages that were found are not in library.sqlite")
        return found

    def all_passages(self) -> Iterator[Passage]:
        """Every passage, in order of id."""
        among = f"WHERE {self._among}" if self._among else ""
        for row in self._db.execute(f"{self._passage} {among} ORDER BY passages.id"):
            yield _passage(row)

    def lexical(self, question: str, depth: int) -> list[tuple[int, float]]:
        """Ids and scores of the best passages by BM25 over the question's words."""
        query = match_query(question)
        if not query:
            return []
        among, values = "", [query]
        if self._among:
            among = f"AND (SELECT {self._among} FROM passages WHERE id = lexical.rowid)"
        elif rare := self._rarest(query):
            among, values = "AND +rowid IN (SELECT rowid FROM lexical WHERE lexical MATCH ?)", [query, rare]
        rows = self._db.execute(
            f"SELECT rowid, {_BM25} AS score FROM lexical WHERE lexical MATCH ? {among} ORDER BY score, rowid LIMIT ?",
            (*values, depth),
        )
        return [(row[0], -row[1]) for row in rows]

    def _rarest(self, query: str) -> str:
        """The rarest words of a query, together in at most SCORED passages or one alone; "" where all may be scored."""
        if self.vectors.last_id() <= SCORED:
            return ""
        words, count = query.split(" OR "), "SELECT count(*) FROM lexical WHERE lexical MATCH ?"
        counts = sorted((self._db.execute(count, (word,)).fetchone()[0], word) for word in words)
        sums = accumulate(number for number, _ in counts)
        rare = [word for (_, word), total in zip(counts, sums, strict=True) if total <= SCORED] or [counts[0][1]]
        return "" if len(rare) == len(words) else " OR ".join(rare)

    def missing_vectors(self, texts: Iterable[str]) -> list[str]:
        """The distinct texts that have no vector yet."""
        return self._without("vectors", texts)

    def _without(self, table: str, texts: Iterable[str]) -> list[str]:
        have, query = self._db.execute, f"SELECT 1 FROM {table} WHERE text_hash = ?"
        return [t for t in dict.fromkeys(texts) if not have(query, (text_hash(t),)).fetchone()]

    def put_vectors(self, texts: Sequence[str], made: Sequence[Embedded]) -> None:
        """Store the vectors of these texts. Those that no passage comes to use are dropped by `prune_vectors`."""
        rows = [(text_hash(text), each.vector.tobytes()) for text, each in zip(texts, made, strict=True)]
        self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
        self._db.executemany("INSERT OR IGNORE INTO unsettled VALUES (?)", [(row[0],) for row in rows])
        self.put_tokens(texts, made)

    def put_tokens(self, texts: Sequence[str], made: Sequence[Embedded]) -> None:
        """Store the token vectors of texts whose vectors are stored."""
        both = [(text_hash(text), each.tokens) for text, each in zip(texts, made, strict=True)]
        rows = [(key, codes.shape[1], codes.tobytes()) for key, codes in both if codes is not None]
        self._db.executemany("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?)", rows)

    def missing_tokens(self) -> list[str]:
        """The distinct texts of passages that have no token vectors."""
        return self._without("tokens", (passage.embedded for passage in self.all_passages()))

    def settle_tokens(self) -> None:
        """Note that no passage lacks its token vectors, where that is so."""
        if not self.missing_tokens():
            self._db.execute("DELETE FROM facts WHERE name = 'tokens'")

    def prune_vectors(self) -> None:
        """Drop the vectors that no passage uses: looks at those stored, and of passages removed, since last time."""
        for table in ("vectors", "tokens"):
            self._db.execute(
                f"DELETE FROM {table} WHERE text_hash IN (SELECT text_hash FROM unsettled) "
                f"AND NOT EXISTS (SELECT 1 FROM passages WHERE passages.text_hash = {table}.text_hash)"
            )
        self._db.execute("DELETE FROM unsettled")

    def store(self, location: str, document: Document, passages: Sequence[Passage]) -> None:
        """Add or replace a document with its passages, whose vectors are stored."""
        key = (document.sha256, kind(document.path))
        if self._content_id(*key) is None:
            content_id = self._db.execute(
                "INSERT INTO contents (sha256, kind, text, warning) VALUES (?, ?, ?, ?) RETURNING id",
                (*key, document.text, document.warning),
            ).get
            for passage in passages:
                turns = " ".join(map(str, passage.turns))
                where = (passage.start, passage.end, passage.page, turns, passage.heading)
                passage_id = self._db.execute(
                    'INSERT INTO passages (content_id, start, "end", page, turns, heading, text_hash) '
                    "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (content_id, *where, text_hash(passage.embedded)),
                ).get
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
        if content_id is None:
            raise DamageError("a document that was stored is not in library.sqlite")
        if self._db.execute("SELECT 1 FROM files WHERE content_id = ?", (content_id,)).fetchone():
            return
        self._db.execute("INSERT INTO files VALUES (?, zeroblob(?))", (content_id, len(data)))
        # Written in place, for bound it is copied twice.
        with self._db.blob_open("main", "files", "data", content_id, True) as blob:
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

    def drop_feedback(self, number: int) -> None:
        """Forget what a person said under this id."""
        self._db.execute("DELETE FROM feedback WHERE id = ?", (number,))

    def feedback(self) -> list[Feedback]:
        """What persons said, in the order of time."""
        names = ", ".join(f'"{name}"' for name in _FEEDBACK)
        rows = self._db.execute(f"SELECT {names} FROM feedback ORDER BY time, id")
        return [Feedback(**dict(zip(_FEEDBACK, row, strict=True))) for row in rows]

    def copy(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Take over rows of another library."""
        marks = ", ".join("?" for _ in columns.split(","))
        self._db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def put_notice(self, notice: Notice) -> None:
        """Remember what could not be read of a file, in the place of what was said of it before."""
        row = (notice.location, notice.path, notice.problem, notice.message)
        self._db.execute("INSERT OR REPLACE INTO notices (location, path, problem, message) VALUES (?, ?, ?, ?)", row)

    def replace_notice(self, notice: Notice) -> None:
        """Say something else of a file, unless what was said of it is dismissed."""
        row = (notice.problem, notice.message, notice.location)
        self._db.execute("UPDATE notices SET problem = ?, message = ? WHERE location = ?", row)

    def drop_notice(self, location: str) -> None:
        """Forget what was said of a file."""
        self._db.execute("DELETE FROM notices WHERE location = ?", (location,))

    def notices(self) -> list[Notice]:
        """What could not be read, by path."""
        rows = self._db.execute("SELECT location, path, problem, message FROM notices ORDER BY path, location")
        return [Notice(*row) for row in rows]

    def move(self, location: str, to: str, path: str) -> None:
        """Tell where a stored document is now, and what it is called."""
        self._db.execute("UPDATE documents SET location = ? WHERE location = ?", (to, location))
        said = "UPDATE OR REPLACE notices SET location = ?, path = ? WHERE location = ?"
        self._db.execute(said, (to, path, location))
        self._db.execute("UPDATE documents SET path = ? WHERE location = ?", (self._free_path(to, path), to))

    def _free_path(self, location: str, path: str) -> str:
        """The path as given, or the whole location when another document goes by that path."""
        other = "SELECT 1 FROM documents WHERE path = ? AND location != ?"
        return location if self._db.execute(other, (path, location)).fetchone() else path

    def drop_vectors(self) -> None:
        """Forget every vector, and what was learned from them, for others to be put there."""
        self._db.execute("DELETE FROM vectors")
        self._db.execute("DELETE FROM tokens")
        self._db.execute("DELETE FROM facts WHERE name = 'tokens'")
        self._db.execute("DELETE FROM quantizer")
        self._db.execute("DELETE FROM facts WHERE name = 'snapshot'")
        self.set_fact("generation", str(self.generation + 1))

    def put_snapshot(self, snapshot: str) -> None:
        """Note what the file of the vector index has: all passages that there are, and none that were removed."""
        self.set_fact("snapshot", snapshot)
        self._db.execute("DELETE FROM removed")

    def set_quantizer(self, quantizer: Quantizer | None) -> None:
        """Have the vector index made with another quantizer or none: a change of what is found."""
        self._db.execute("DELETE FROM quantizer")
        if quantizer:
            row = (quantizer.trained, quantizer.size, quantizer.probes, quantizer.recall)
            self._db.execute("INSERT INTO quantizer VALUES (1, ?, ?, ?, ?)", row)
        self.set_fact("generation", str(self.generation + 1))


def _passage(row: tuple[int, str, int, int, str, int | None, str, str, str]) -> Passage:
    _, document, start, end, text, page, turns, heading, context = row
    return Passage(document, start, end, text, page, tuple(map(int, turns.split())), heading, context)


_FEEDBACK = [field.name for field in fields(Feedback)]
