"""What can be read of a library's file, whole or damaged: content by content, in little memory."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from index.catalog import Connection, Unreadable, text_hash
from index.embedding import Embedded, Vectors
from index.types import Passage, digest

BAD_VECTORS = "has vectors that are not as they were written"
FAR = 1 << 40  # beyond every row
Gaps = list[tuple[int, int]]
"""Ids, from and to, between which rows could not be read."""
_PASSAGES = """
SELECT passages.id, start, "end", c0, page, turns, heading, c1, text_hash
FROM passages LEFT JOIN lexical_content ON lexical_content.id = passages.id
WHERE passages.id BETWEEN ? AND ? AND +content_id = ? ORDER BY passages.id
"""


@dataclass(frozen=True)
class Content:
    """A content as it was found. `named` are the location and path of each document that has it.

    What could not be read is None, or an empty `sha256`; `problem` says what is wrong, as the end of a sentence.
    """

    named: tuple[tuple[str, str], ...]
    sha256: str = ""
    text: str | None = None
    warning: str = ""
    passages: tuple[Passage, ...] = ()
    vectors: tuple[Embedded | None, ...] = ()
    data: bytes | None = None
    problem: str = ""


def readable(db: Connection, query: str, gaps: Gaps | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a query about ids > ?, in their order, the id first; what cannot be read is passed over."""
    last = 0
    while True:
        try:
            for row in db.execute(query, (last,)):
                last = int(row[0])
                yield row
        except Unreadable:
            step = _step(lambda ahead, last=last: _reads(db, query, last + ahead))  # type: ignore[misc]
            if gaps is not None:
                gaps.append((last, last + step))
            if step >= FAR:
                return
            last += step
        else:
            return


def _step(reads: Callable[[int], bool]) -> int:
    """How far ahead there is something to read again."""
    far = 1
    while far < FAR and not reads(far):
        far *= 2
    near = far // 2
    while far - near > 1 and far < FAR:
        middle = (near + far) // 2
        near, far = (near, middle) if reads(middle) else (middle, far)
    return far


def _reads(db: Connection, query: str, after: int) -> bool:
    try:
        db.execute(query, (after,)).fetchone()
    except Unreadable:
        return False
    return True


def dimension(db: Connection) -> int:
    """The length of most vectors, of a hundred that can be read."""
    query = "SELECT rowid, length(vector) FROM vectors WHERE rowid > ? ORDER BY rowid"
    lengths = Counter(length for _, length in islice(readable(db, query), 100))
    return int(max(lengths, key=lambda length: lengths[length], default=0)) // 4


def contents(db: Connection, dimension: int, names_missing: bool = False) -> Iterator[Content]:
    """Every content that a document has, and every one that has lost its document, with what is wrong with it.

    `names_missing` says that documents are known to be missing among those that can be read.
    """
    named = defaultdict[int, list[tuple[str, str]]](list)
    lost_names: Gaps = []
    query = "SELECT id, content_id, location, path FROM documents WHERE id > ? ORDER BY id"
    for _, content, location, path in readable(db, query, lost_names):
        named[content].append((location, path))
    ranges = _ranges(db)
    query = "SELECT id, sha256, text, warning FROM contents WHERE id > ? ORDER BY id"
    for number, sha256, text, warning in readable(db, query):
        names = tuple(named.pop(number, ()))
        if not names and not (lost_names or names_missing):
            continue
        passages, vectors, problem = _passages(db, number, ranges.get(number), text, dimension)
        data, bad = _kept(db, number, sha256)
        if not names:
            problem = "has lost its name"
        elif problem == BAD_VECTORS:
            problem = bad or problem  # for vectors can be made again
        yield Content(names, sha256, text, warning, passages, vectors, data, problem or bad)
    for number, left in named.items():
        data, _ = _kept(db, number, "")
        yield Content(tuple(left), data=data, problem="has a text that cannot be read")


def _ranges(db: Connection) -> dict[int, tuple[int, int]]:
    """The first and last id of the passages of each content, without those that are beside what cannot be read."""
    found: dict[int, tuple[int, int]] = {}
    broken = set[int]()
    gaps: Gaps = []
    before, known = 0, 0
    for number, content in readable(db, "SELECT id, content_id FROM passages WHERE id > ? ORDER BY id", gaps):
        if len(gaps) > known:
            broken |= {before, content}
        found[content] = found.get(content, (number, number))[0], number
        before, known = content, len(gaps)
    if len(gaps) > known:
        broken.add(before)
    return {content: ids for content, ids in found.items() if content not in broken}


def _passages(
    db: Connection, content: int, ids: tuple[int, int] | None, text: str, dimension: int
) -> tuple[tuple[Passage, ...], tuple[Embedded | None, ...], str]:
    """The passages of a content and their vectors, as far as these can be trusted, or what is wrong."""
    if ids is None:
        return (), (), "has passages that cannot be read"
    found, vectors = [], []
    try:
        rows: list[Any] = db.execute(_PASSAGES, (*ids, content)).fetchall()
    except Unreadable:
        return (), (), "has passages that cannot be read"
    for _, start, end, said, page, turns, heading, context, key in rows:
        passage = Passage("", start, end, said, page, tuple(map(int, turns.split())), heading, context)
        if text[start:end] != said or text_hash(passage.embedded) != key:
            return (), (), "has passages that are not what its text says"
        found.append(passage)
        vectors.append(_vector(db, key, dimension))
    problem = BAD_VECTORS if any(vector is None for vector in vectors) else ""
    return tuple(found), tuple(vectors), problem


def _vector(db: Connection, key: bytes, dimension: int) -> Embedded | None:
    try:
        stored: bytes | None = db.execute("SELECT vector FROM vectors WHERE text_hash = ?", (key,)).get
        tokens = db.execute("SELECT width, codes FROM tokens WHERE text_hash = ?", (key,)).fetchone()
    except Unreadable:
        return None
    if stored is None or len(stored) != dimension * 4:
        return None
    vector: Vectors = np.frombuffer(stored, dtype=np.float32)
    if abs(float(np.linalg.norm(vector)) - 1) >= 0.01:
        return None
    codes = np.frombuffer(tokens[1], dtype=np.uint8).reshape(-1, tokens[0]) if tokens else None
    return Embedded(vector, codes)


def _kept(db: Connection, content: int, sha256: str) -> tuple[bytes | None, str]:
    """The bytes that are kept of a content, or what is wrong with them."""
    try:
        data: bytes | None = db.execute("SELECT data FROM files WHERE content_id = ?", (content,)).get
    except Unreadable:
        return None, "has a file that cannot be read"
    if data is not None and sha256 and digest(data) != sha256:
        return None, "has a file that is not the one that was added"
    return data, ""
