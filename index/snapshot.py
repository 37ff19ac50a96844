"""The vector index of a library's latest generation: opened, brought up to date, written. Knows no documents."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.building import build, is_due, train_and_build
from index.catalog import Catalog, Records
from index.integrity import DamageError
from index.vectors import Ids, Quantizer, VectorIndex

CARRIED = 20_000
"""The most passages, added or removed, that a snapshot is kept through. A library of no more is written anew each time.

Above that, what was added is indexed in memory whenever the library is opened, and what was removed is left out of each
search, so that adding a page to ten million passages does not write gigabytes.
"""


class Snapshots:
    """The FAISS file in a library's folder and the index in memory. Safe to use from several threads and processes.

    The fact `snapshot` names the file's generation, the last id in it, and its checksum. A file that is missing, stale
    or damaged, or that has not the vectors that SQLite tells of, is not used: the index is then made anew, as it was,
    of the vectors and the quantizer in SQLite. An empty library has no file.
    """

    def __init__(self, folder: Path, catalog: Catalog) -> None:
        self._folder = folder
        self._catalog = catalog
        self._lock = threading.Lock()
        self._base: _Base | None = None
        self._latest: tuple[int, VectorIndex] | None = None

    def index(self, records: Records) -> VectorIndex:
        """The vector index of exactly this transaction's generation."""
        generation = records.generation
        with self._lock:
            if self._latest is None or self._latest[0] != generation:
                quantizer, base = records.vectors.quantizer(), self._open(records)
                removed = np.setdiff1d(records.vectors.removed(base.last), base.absent)
                added = records.vectors.since(base.last)
                latest = base.index.updated(added, removed, records.vectors.dimension, quantizer)
                if latest.size != (size := records.passage_count()):
                    raise DamageError(f"{size:,} passages have {latest.size:,} vectors")
                self._latest = generation, latest
            return self._latest[1]

    def write(self) -> None:
        """Write the latest generation's index, unless there is a snapshot near enough, and drop older ones.

        Trains a quantizer when the library has grown beyond exact search, or much since the last one was trained. No
        other process may change the passages in the meantime.
        """
        self.require_latest()
        with self._catalog.reading() as records:
            size, quantizer = records.passage_count(), records.vectors.quantizer()
            due, last, found = is_due(size, quantizer), records.vectors.last_id(), _stored(records)
            changes = records.vectors.changes_since(found.last) if found else size
            near = not changes or (size > CARRIED and changes <= CARRIED)
            if found and near and not due and self._load(records, found, quantizer):
                return
            if not size:
                index, quantizer = None, None
            elif due and is_due(size, None):
                index, quantizer = train_and_build(
                    records.vectors.dimension, size, records.vectors.blocks, records.vectors.sample
                )
            elif due:
                index, quantizer = build(records.vectors.dimension, records.vectors.blocks, None), None
            else:
                index = self._changed(records, found, quantizer)
            generation = records.generation
        path = self._path(generation)
        checksum = index.save(path) if index else "none"
        with self._catalog.writing() as records:
            if due:
                records.set_quantizer(quantizer)
            records.put_snapshot(f"{generation} {last} {checksum}")
        for old in self._folder.glob("vectors-*"):
            if old != path or not index:
                with suppress(OSError):  # where a file that another process has open cannot be removed, a later time
                    old.unlink()

    def problem(self) -> str:
        """What is wrong with the file, as the end of a sentence."""
        self.require_latest()
        with self._catalog.reading() as records:
            found = _stored(records)
            if found is None or self._load(records, found, records.vectors.quantizer()):
                return ""  # an update that was killed has written none yet
            return "is missing or not as it was written"

    def _path(self, generation: int) -> Path:
        return self._folder / f"vectors-{generation}.faiss"

    def _open(self, records: Records) -> "_Base":
        """The index of the snapshot; where that cannot be used, one of all passages there are now."""
        fact, quantizer = records.fact("snapshot"), records.vectors.quantizer()
        if self._base is None or self._base.fact != fact:
            self.require_latest()
            found = _stored(records)
            index = found and self._load(records, found, quantizer)
            if found and index:
                self._base = _Base(fact, found.last, np.empty(0, dtype=np.int64), index)
            else:
                last = records.vectors.last_id()
                index = build(records.vectors.dimension, records.vectors.blocks, quantizer)
                self._base = _Base(fact, last, records.vectors.removed(last), index)
        return self._base

    def _changed(self, records: Records, found: "_Stored | None", quantizer: Quantizer | None) -> VectorIndex:
        """The snapshot's index with what was added and without what was removed since, or one made from nothing."""
        if found and (index := self._load(records, found, quantizer)):
            index.remove(records.vectors.removed(found.last))
            for ids, vectors in records.vectors.since(found.last):
                index.add(ids, vectors)
            return index
        return build(records.vectors.dimension, records.vectors.blocks, quantizer)

    def require_latest(self) -> None:
        """Raises DamageError when a file is of a later generation than SQLite, which then has lost its last changes."""
        for path in self._folder.glob("vectors-[0-9]*.faiss"):
            with self._catalog.reading() as now:  # and not one that began before the file was written
                if int(path.stem.partition("-")[2]) > now.generation > 0:
                    raise DamageError(f"library.sqlite is older than {path.name} and has lost its last changes")

    def _load(self, records: Records, found: "_Stored", quantizer: Quantizer | None) -> VectorIndex | None:
        """The snapshot; None where it is not whole, or not of the vectors that there were when it was written."""
        index = VectorIndex.load(self._path(found.generation), found.checksum, quantizer.probes if quantizer else 0)
        if index is None or bool(index.lists) != bool(quantizer):
            return None
        expected = records.vectors.dimension, records.vectors.count_until(found.last)
        return index if (index.dimension, index.size) == expected else None


@dataclass(frozen=True)
class _Base:
    """An index that later ones are made from: it has the passages up to `last`, without those `absent`."""

    fact: str | None
    last: int
    absent: Ids
    index: VectorIndex


@dataclass(frozen=True)
class _Stored:
    """What SQLite knows of the file."""

    generation: int
    last: int
    checksum: str


def _stored(records: Records) -> _Stored | None:
    fact = records.fact("snapshot")
    if fact is None:
        return None
    generation, last, checksum = fact.split()
    return _Stored(int(generation), int(last), checksum) if int(last) else None  # of an empty library there is no file
