"""Prepared files taken into the catalog, group by group: embedded, then stored whole. Knows nothing of searching."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from index.catalog import Catalog, Records
from index.embedding import Embedder
from index.prepare import Ready
from index.survey import Found
from index.types import Entry, Failure, Passage, kind

BATCH = 64  # passages embedded between two reports of progress, and lost at most when the process is killed
GROUP = 256  # passages or files stored in one transaction

Progress = Callable[[str, float, int], None]


class Intake:
    """One update at work on a catalog. `entries` are the documents stored before, `total` the bytes to come.

    Progress is told the file at work, the share of the bytes done, 0..1, and how many passages were embedded.
    """

    def __init__(
        self, catalog: Catalog, embedder: Embedder, entries: Sequence[Entry], total: int, progress: Progress
    ) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._known = {entry.location: entry for entry in entries}
        self._same = defaultdict[tuple[str, str], list[str]](list)
        for entry in entries:
            self._same[entry.sha256, kind(entry.location)].append(entry.location)
        self._progress = progress
        self._total = max(total, 1)
        self._bytes = 0
        self.embedded = 0
        self.counts: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.warnings: list[str] = []
        self.left: set[str] = set()
        """Locations that files were moved away from."""

    def take(self, prepared: Iterable[Ready | Failure]) -> list[Found]:
        """Store these files. Returns those to prepare again: what they are the same as was replaced in the meantime."""
        again: list[Found] = []
        for group in _groups(self._readable(prepared)):
            self._embed([passage for ready in group for passage in ready.passages], group)
            with self._catalog.writing() as records:
                counts = [(ready.item, self._enter(records, ready)) for ready in group]
            again += [item for item, count in counts if not count]
            self.counts.update(count for _, count in counts if count)
            self.warnings += [ready.document.warning for ready in group if ready.document and ready.document.warning]
            self._bytes += sum(ready.item.size for ready in group)
        return again

    def _readable(self, prepared: Iterable[Ready | Failure]) -> Iterator[Ready]:
        for result in prepared:
            if isinstance(result, Failure):
                self.failures.append(result)
            else:
                self._progress(result.item.path, min(self._bytes / self._total, 1.0), self.embedded)
                yield result

    def _embed(self, passages: Sequence[Passage], group: Sequence[Ready]) -> None:
        """Store the vectors that the passages of a group lack: long texts first, so that those of a batch are alike."""
        with self._catalog.reading() as records:
            texts = records.missing_vectors(passage.embedded for passage in passages)
        texts.sort(key=len, reverse=True)
        size = sum(ready.item.size for ready in group)
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            vectors = self._embedder.encode_passages(batch)
            with self._catalog.writing() as records:
                records.put_vectors(batch, vectors)
            self.embedded += len(batch)
            done = self._bytes + size * (start + len(batch)) / len(texts)
            self._progress(group[-1].item.path, min(done / self._total, 1.0), self.embedded)

    def _enter(self, records: Records, ready: Ready) -> str | None:
        """Store one file; says which of the summary's counts it adds to, None when it must be read again."""
        count = self._place(records, ready)
        if count and ready.data is not None:
            records.keep(ready.sha256, kind(ready.item.path), ready.data)
        return count

    def _place(self, records: Records, ready: Ready) -> str | None:
        item, before = ready.item, self._known.get(ready.item.location)
        if before and before.sha256 == ready.sha256:
            if before.path != item.path:
                records.move(item.location, item.location, item.path)
            return "unchanged"
        if ready.document:
            records.store(item.location, ready.document, ready.passages)
        elif not before and Path(item.location).is_absolute() and (old := self._moved_from(ready)):
            self.left.add(old)
            records.move(old, item.location, item.path)
            return "moved"
        elif not records.link(item.location, item.path, ready.sha256, kind(item.path)):
            return None
        return "updated" if before else "added"

    def _moved_from(self, ready: Ready) -> str | None:
        """Where the same content was before, if the file there is gone."""
        same = self._same[ready.sha256, kind(ready.item.path)]
        gone = (at for at in same if at not in self.left and Path(at).is_absolute() and not Path(at).exists())
        return next(gone, None)


def _groups(readies: Iterable[Ready]) -> Iterator[list[Ready]]:
    group: list[Ready] = []
    weight = 0
    for ready in readies:
        group.append(ready)
        weight += max(len(ready.passages), 1)
        if weight >= GROUP:
            yield group
            group, weight = [], 0
    if group:
        yield group
