"""The library: a folder that is kept in step with a person's files and searched. Knows nothing of answers."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import filelock
import numpy as np
from numpy.typing import NDArray

from index.catalog import Catalog, Records
from index.chunking import split
from index.embedding import Embedder
from index.errors import DocumentError, LibraryError
from index.loaders import load
from index.survey import Found, survey
from index.types import Document, Failure, Hit, Passage, Summary
from index.vectors import VectorIndex

BATCH = 64
LOCK_SECONDS = 60

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Entry:
    """A stored document, without its text."""

    path: str
    location: str
    sha256: str
    passages: int


class Library:
    """Documents, passages and both indexes in one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, embedder: Embedder, *, create: bool = False) -> None:
        """Open a library. Raises LibraryError when there is none and `create` is false."""
        if create:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryError(f"The library {folder} cannot be made: {error.strerror or error}.") from error
        elif not (folder / "library.sqlite").is_file():
            raise LibraryError(
                f"There is no library in {folder}; make one with: footnote index PATH --library {folder}"
            )
        self.folder = folder
        self._embedder = embedder
        self._catalog = Catalog(folder)
        self._lock = threading.Lock()
        self._loaded: tuple[int, VectorIndex] | None = None
        if self._catalog.is_new:
            with self._writing():
                if self._catalog.is_new:  # still, now that no other process can be making it
                    self._catalog.make_tables()

    def documents(self) -> list[Entry]:
        """Every document, by path."""
        with self._catalog.reading() as records:
            return [Entry(path, location, sha, count) for location, path, sha, count in records.documents()]

    def text(self, path: str) -> str:
        """The text that the offsets of this document's citations count in. Raises DocumentError."""
        with self._catalog.reading() as records:
            text = records.text(path)
        if text is None:
            raise DocumentError(f"The library has no document {path!r} any more.")
        return text

    def passages(self) -> list[Passage]:
        """Every passage, in the order of being added."""
        with self._catalog.reading() as records:
            return list(records.all_passages())

    def search(self, question: str, depth: int) -> tuple[list[Hit], list[Hit]]:
        """The `depth` best passages by cosine of embeddings, and by BM25, each best first."""
        with self._catalog.reading() as records:
            self._require_embedder(records)
            index = self._index(records)
            near = index.search(self._embedder.encode_question(question), depth)
            found = records.passages([passage_id for passage_id, _ in near])
            dense = [Hit(found[passage_id], score) for passage_id, score in near]
            return dense, records.lexical(question, depth)

    def update(self, paths: Sequence[str], progress: Progress = lambda name, share: None) -> Summary:
        """Bring the library in step with files and folders: add, replace, and remove what is gone from them.

        `progress` is told the file at work and the share of all bytes done, 0..1. A file that fails is in the summary
        and stops nothing; what the library held of it stays.
        """
        with self._writing():
            self._adopt_embedder(progress)
            with self._catalog.reading() as records:
                known = {location: sha for location, _, sha, _ in records.documents()}
            found, gone, failures = survey(paths, known, self.folder)
            counts = Counter(removed=self._remove(gone))
            sizes = [item.file.stat().st_size + 1 for item in found]
            for item, size, before in zip(found, sizes, accumulate(sizes, initial=0), strict=False):
                advance = partial(_advance, progress, item.path, before / sum(sizes), size / sum(sizes))
                try:
                    counts[self._refresh(item, known.get(item.location), advance)] += 1
                except DocumentError as error:
                    failures.append(Failure(item.path, str(error)))
            self._snapshot()
            progress("", 1.0)
        return Summary(**counts, failures=tuple(failures))

    def add(self, documents: Sequence[Document], progress: Progress = lambda name, share: None) -> None:
        """Add or replace documents that are not files, each under its path."""
        with self._writing():
            self._adopt_embedder(progress)
            for done, document in enumerate(documents):
                advance = partial(_advance, progress, document.path, done / len(documents), 1 / len(documents))
                self._store(f"added:{document.path}", document, advance)
            self._snapshot()
            progress("", 1.0)

    def remove(self, path: str) -> None:
        """Forget a document. Raises DocumentError when the library has none of that path."""
        locations = [entry.location for entry in self.documents() if entry.path == path]
        if not locations:
            raise DocumentError(f"The library has no document {path!r}.")
        with self._writing():
            self._remove(locations)
            self._snapshot()

    def _remove(self, locations: Sequence[str]) -> int:
        with self._catalog.writing() as records:
            for location in locations:
                records.delete(location)
        return len(locations)

    def _refresh(self, item: Found, stored: str | None, progress: Callable[[float], None]) -> str:
        """Read one file and store it unless it is as stored; says which of the summary's counts it adds to."""
        progress(0.0)
        document = load(item.file, item.path)
        if document.sha256 != stored:
            self._store(item.location, document, progress)
            return "updated" if stored else "added"
        with self._catalog.writing() as records:
            records.rename(item.location, item.path)
        return "unchanged"

    def _store(self, location: str, document: Document, progress: Callable[[float], None]) -> None:
        passages = split(document, self._embedder.token_starts)
        with self._catalog.reading() as records:
            texts = records.missing_vectors([passage.text for passage in passages])
        vectors = self._encode(texts, progress)
        with self._catalog.writing() as records:
            records.store(location, document, passages, vectors)

    def _encode(self, texts: Sequence[str], progress: Callable[[float], None]) -> dict[str, NDArray[np.float32]]:
        vectors: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            vectors.update(zip(batch, self._embedder.encode_passages(batch), strict=True))
            progress((start + len(batch)) / len(texts))
        return vectors

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = filelock.FileLock(self.folder / "write.lock", timeout=LOCK_SECONDS)
        try:
            with lock:
                yield
        except filelock.Timeout as error:
            raise LibraryError(
                f"Another process has been writing to the library {self.folder} for {LOCK_SECONDS} seconds; "
                "wait for it to end and try again."
            ) from error
        except OSError as error:
            raise LibraryError(f"The library {self.folder} cannot be written: {error.strerror or error}.") from error

    def _require_embedder(self, records: Records) -> None:
        stored = records.fact("embedder")
        if stored not in (None, self._embedder.fingerprint):
            raise LibraryError(
                f"The library {self.folder} was indexed with another embedder ({stored}); "
                "run `footnote index` on any of its documents to embed it again."
            )

    def _adopt_embedder(self, progress: Progress) -> None:
        """Make the vectors this embedder's: a new library takes its fingerprint, another's is embedded again."""
        with self._catalog.reading() as records:
            if records.fact("embedder") == self._embedder.fingerprint:
                return
            texts = list(dict.fromkeys(passage.text for passage in records.all_passages()))
        vectors = self._encode(texts, partial(progress, "again, because the embedder is another"))
        with self._catalog.writing() as records:
            records.replace_vectors(vectors)
            records.set_fact("embedder", self._embedder.fingerprint)

    def _index(self, records: Records) -> VectorIndex:
        """The vector index of exactly this transaction's generation: in memory, from its snapshot, or rebuilt."""
        generation = records.generation
        with self._lock:
            if self._loaded is None or self._loaded[0] != generation:
                stored, _, checksum = (records.fact("snapshot") or " ").partition(" ")
                current = stored == str(generation)
                index = VectorIndex.load(self._snapshot_path(generation), checksum) if current else None
                index = index or VectorIndex.build(*records.vectors(self._embedder.dimension))
                self._loaded = generation, index
            return self._loaded[1]

    def _snapshot(self) -> None:
        """Write the current generation's vector index, unless it is there already, and drop older ones."""
        with self._catalog.reading() as records:
            generation = records.generation
            stored, _, checksum = (records.fact("snapshot") or " ").partition(" ")
            path = self._snapshot_path(generation)
            if stored == str(generation) and VectorIndex.load(path, checksum):
                return
            index = self._index(records)
        checksum = index.save(path)
        with self._catalog.writing() as records:
            records.set_fact("snapshot", f"{generation} {checksum}")
        for old in self.folder.glob("vectors-*"):
            if old != path:
                old.unlink(missing_ok=True)

    def _snapshot_path(self, generation: int) -> Path:
        return self.folder / f"vectors-{generation}.faiss"


def _advance(progress: Progress, name: str, base: float, share: float, part: float) -> None:
    progress(name, base + share * part)
