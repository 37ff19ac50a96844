"""Prepared files taken into the catalog, group by group: embedded, then stored whole.

Others may change the library while a group is parsed and embedded. What it has of them is looked up when the group is
stored, in the same transaction.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from index.catalog import Catalog, Records
from index.embedding import Embedded, Embedder
from index.prepare import Ready
from index.survey import Found
from index.types import Entry, Failure, Notice, Summary, kind

BATCH = 64  # passages embedded between two reports of progress, and lost at most when the process is killed
GROUP = 256  # passages or files stored in one transaction

Progress = Callable[[str, float, int], None]
Storing = Callable[[], AbstractContextManager[Records]]
"""A transaction on the catalog in which no other process writes."""


class Intake:
    """One update at work on a catalog. `entries` are the documents stored before, `total` the bytes to come.

    Progress is told the file at work, the share of the bytes done, 0..1, and how many passages were embedded.
    """

    def __init__(
        self,
        catalog: Catalog,
        storing: Storing,
        embedder: Embedder,
        entries: Sequence[Entry],
        total: int,
        progress: Progress,
    ) -> None:
        self._catalog = catalog
        self._storing = storing
        self._embedder = embedder
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
        """Store these files. Returns those to read again, since what had the same content was replaced meanwhile."""
        again: list[Found] = []
        known = len(self.failures)
        for group in _groups(self._readable(prepared)):
            again += self._store(group)
            self._bytes += sum(ready.item.size for ready in group)
        noted = [failure for failure in self.failures[known:] if failure.location]
        if noted:
            with self._storing() as records:
                for failure in noted:
                    records.put_notice(Notice(failure.location, failure.path, "failed", failure.message))
        return again

    def summary(self) -> Summary:
        """What was done so far."""
        done = self.counts
        return Summary(
            added=done["added"],
            updated=done["updated"],
            moved=done["moved"],
            unchanged=done["unchanged"],
            failures=tuple(self.failures),
            warnings=tuple(self.warnings),
        )

    def _readable(self, prepared: Iterable[Ready | Failure]) -> Iterator[Ready]:
        for result in prepared:
            if isinstance(result, Failure):
                self.failures.append(result)
            else:
                self._progress(result.item.path, min(self._bytes / self._total, 1.0), self.embedded)
                yield result

    def _store(self, group: Sequence[Ready]) -> list[Found]:
        """Embed what the passages of a group lack and store the group; gives the files that must be read again."""
        texts = list(dict.fromkeys(passage.embedded for ready in group for passage in ready.passages))
        vectors: dict[str, Embedded] = {}
        while True:
            self._embed(texts, vectors, group)
            with self._storing() as records:
                missing = records.missing_vectors(texts)
                if all(text in vectors for text in missing):
                    records.put_vectors(missing, [vectors[text] for text in missing])
                    counts = [(ready.item, self._enter(records, ready)) for ready in group]
                    break  # else what had the vectors was removed since they were looked for
        self.counts.update(count for _, count in counts if count)
        return [item for item, count in counts if not count]

    def _embed(self, texts: Sequence[str], vectors: dict[str, Embedded], group: Sequence[Ready]) -> None:
        """Add to `vectors` those of the texts that have none: long texts first, so that those of a batch are alike."""
        with self._catalog.reading() as records:
            missing = [text for text in records.missing_vectors(texts) if text not in vectors]
        missing.sort(key=len, reverse=True)
        size = sum(ready.item.size for ready in group)
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            made = self._embedder.embed_passages(batch)
            vectors.update(zip(batch, made, strict=True))
            with self._storing() as records:  # at once, so that a run that is killed need not do it again
                records.put_vectors(batch, made)
            self.embedded += len(batch)
            done = self._bytes + size * (start + len(batch)) / len(missing)
            self._progress(group[-1].item.path, min(done / self._total, 1.0), self.embedded)

    def _enter(self, records: Records, ready: Ready) -> str | None:
        """Store one file; says which of the summary's counts it adds to, None when it must be read again."""
        count = self._place(records, ready)
        if not count:
            return None
        item = ready.item
        if ready.data is not None:
            records.keep(ready.sha256, kind(item.path), ready.data)
        _, _, warning = records.entry(item.location) or ("", "", "")
        notice = Notice(item.location, item.path, "partly read", warning)
        if not warning:
            records.drop_notice(item.location)
        elif count == "unchanged":
            records.replace_notice(notice)
        else:
            self.warnings.append(warning)
            records.put_notice(notice)
        return count

    def _place(self, records: Records, ready: Ready) -> str | None:
        item, before = ready.item, records.entry(ready.item.location)
        if before and before[1] == ready.sha256:
            if before[0] != item.path:
                records.move(item.location, item.location, item.path)
            return "unchanged"
        if ready.document:
            records.store(item.location, ready.document, ready.passages)
        elif not before and Path(item.location).is_absolute() and (old := self._moved_from(records, ready)):
            self.left.add(old)
            records.move(old, item.location, item.path)
            return "moved"
        elif not records.link(item.location, item.path, ready.sha256, kind(item.path)):
            return None
        return "updated" if before else "added"

    def _moved_from(self, records: Records, ready: Ready) -> str | None:
        """Where the same content was before, if the file there is gone."""
        for at in self._same[ready.sha256, kind(ready.item.path)]:
            stored = records.entry(at) if at not in self.left and Path(at).is_absolute() else None
            if stored and stored[1] == ready.sha256 and not Path(at).exists():
                return at
        return None


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
