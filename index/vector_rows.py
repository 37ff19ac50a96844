"""The vectors of a transaction's passages, and what the index of them needs to be made. Changes nothing."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from index.integrity import DamageError
from index.late import Codes
from index.vectors import Ids, Quantizer, Vectors

if TYPE_CHECKING:
    from index.catalog import Connection

BLOCK = 1 << 14  # vectors in memory at once while all are passed over


class VectorRows:
    """One transaction's view of the vectors, by the ids of passages."""

    def __init__(self, db: "Connection") -> None:
        self._db: Any = db  # whose rows are of any types

    @property
    def dimension(self) -> int:
        """Length of a stored vector; 0 without any."""
        row = self._db.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
        return row[0] // 4 if row else 0

    def of(self, ids: Sequence[int]) -> tuple[Ids, Vectors]:
        """Ids int64[n] and vectors float32[n, dimension] of the passages with these ids, in order of id."""
        rows = self._db.execute(
            "SELECT id, vector FROM passages JOIN vectors USING (text_hash) "
            "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(ids),),
        )
        found, vectors = _arrays(rows.fetchall(), self.dimension)
        if len(found) < len(ids):
            raise DamageError("passages that were found are not in library.sqlite, or have no vector")
        return found, vectors

    def tokens(self, ids: Sequence[int]) -> dict[int, Codes]:
        """The token vectors of the passages with these ids, of those that have them stored."""
        rows = self._db.execute(
            "SELECT id, width, codes FROM passages JOIN tokens USING (text_hash) "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
        return {row[0]: np.frombuffer(row[2], dtype=np.uint8).reshape(-1, row[1]) for row in rows}

    def since(self, last: int) -> Iterator[tuple[Ids, Vectors]]:
        """Ids and vectors of the passages that were added after the one with the id `last`, in order, in blocks."""
        return self._stream("passages JOIN vectors USING (text_hash) WHERE id > ? ORDER BY id", last)

    def blocks(self) -> Iterator[tuple[Ids, Vectors]]:
        """Ids and vectors of all passages, block by block."""
        return self._stream("vectors CROSS JOIN passages USING (text_hash) ORDER BY vectors.rowid, id")

    def sample(self, count: int) -> Vectors:
        """At most so many vectors, float32[n, d], as if at random: the first in the order of their texts' hashes."""
        rows = self._db.execute("SELECT 0, vector FROM vectors ORDER BY text_hash LIMIT ?", (count,))
        return _arrays(rows.fetchall(), self.dimension)[1]

    def _stream(self, source: str, *values: int) -> Iterator[tuple[Ids, Vectors]]:
        rows, dimension = self._db.execute(f"SELECT id, vector FROM {source}", values), self.dimension
        while block := list(islice(rows, BLOCK)):
            yield _arrays(block, dimension)

    def last_id(self) -> int:
        """The greatest id of a passage; a later one gets a greater id than any ever had."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM passages").fetchone()[0])

    def removed(self, last: int) -> Ids:
        """Ids, up to `last`, of passages that were removed since the last snapshot, in order."""
        rows = self._db.execute("SELECT passage_id FROM removed WHERE passage_id <= ? ORDER BY passage_id", (last,))
        return np.array([row[0] for row in rows], dtype=np.int64)

    def count_until(self, last: int) -> int:
        """How many passages up to the id `last` there were when the last snapshot was written."""
        there = "SELECT count(*) FROM passages WHERE id <= ?1"
        gone = "SELECT count(*) FROM removed WHERE passage_id <= ?1"
        return int(self._db.execute(f"SELECT ({there}) + ({gone})", (last,)).fetchone()[0])

    def changes_since(self, last: int) -> int:
        """How many passages were added after the one with the id `last`, or removed up to it."""
        counts = "SELECT (SELECT count(*) FROM passages WHERE id > ?) + (SELECT count(*) FROM removed)"
        return int(self._db.execute(counts, (last,)).fetchone()[0])

    def quantizer(self) -> Quantizer | None:
        """What the approximate index is made with; None while the index is exact."""
        row = self._db.execute("SELECT trained, size, probes, recall FROM quantizer").fetchone()
        return None if row is None else Quantizer(*row)


def _arrays(rows: Sequence[tuple[int, bytes]], dimension: int) -> tuple[Ids, Vectors]:
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    joined = b"".join(row[1] for row in rows)
    if len(joined) != len(rows) * dimension * 4:
        raise DamageError("its vectors are not of one length")
    return ids, np.frombuffer(joined, dtype=np.float32).reshape(len(rows), dimension)
