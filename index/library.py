"""The library: a folder that is kept in step with a person's files and searched."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import filelock

from index.catalog import Catalog, Records
from index.chunking import split
from index.embedding import Embedded, Embedder, Vectors
from index.errors import DocumentError, LibraryError
from index.intake import BATCH, Intake, Progress
from index.integrity import is_library
from index.late import late_interaction
from index.loaders import read
from index.prepare import Ready, at_once, prepare
from index.snapshot import Snapshots
from index.survey import Found, Survey, survey
from index.types import Document, Entry, Failure, Feedback, Hit, Notice, Passage, Summary, digest, kind
from index.uploads import added, shares, sound, uploads

LOCK_SECONDS = 60


class Rankings(NamedTuple):
    """What a search found: passages by cosine and by BM25, best first, and the late interaction of each of them.

    `late` is empty where not all of them have token vectors.
    """

    dense: list[Hit]
    lexical: list[Hit]
    late: dict[Passage, float]


def silent(name: str, share: float, passages: int) -> None:
    """No progress shown."""


class Library:
    """Documents, passages and both indexes in one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, embedder: Embedder, *, create: bool = False) -> None:
        """Open a library. Raises LibraryError when there is none and `create` is false."""
        if create:
            try:
                folder.mkdir(0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryError(f"The library {folder} cannot be made: {error.strerror or error}.") from error
        if not is_library(folder) and not create:
            raise LibraryError(
                f"There is no library in {folder}; make one with: footnote index PATH --library {folder}"
            )
        self.folder = folder
        self._embedder = embedder
        self._catalog = Catalog(folder)
        self._snapshots = Snapshots(folder, self._catalog)
        if not self._catalog.is_current:
            with self._writing():
                if not self._catalog.is_current:  # still, now that no other process can be making it
                    self._catalog.make_tables()
        self._snapshots.require_latest()

    @property
    def fingerprint(self) -> str:
        """The embedder's."""
        return self._embedder.fingerprint

    @property
    def embedded_by(self) -> str:
        """The fingerprint of the embedder that the stored vectors are of; empty before the first."""
        with self._catalog.reading() as records:
            return records.fact("embedder") or ""

    @property
    def embedder_source(self) -> str:
        """What `index.embedding.find_embedder` finds the embedder of the stored vectors by; empty for the shipped."""
        with self._catalog.reading() as records:
            return records.fact("embedder_source") or ""

    def require_embedder(self) -> None:
        """Raise LibraryError where the stored vectors are of another embedder."""
        with self._catalog.reading() as records:
            self._require_embedder(records)

    def documents(self) -> list[Entry]:
        """Every document, by path."""
        with self._catalog.reading() as records:
            return [Entry(path, location, sha, count) for location, path, sha, count in records.documents()]

    def notices(self) -> list[Notice]:
        """What could not be read and was not dismissed, by path."""
        with self._catalog.reading() as records:
            return records.notices()

    def dismiss(self, location: str) -> None:
        """Forget what was said of the file at this location."""
        with self._catalog.writing() as records:
            records.drop_notice(location)

    def text(self, path: str) -> str:
        """The text that the offsets of this document's citations count in. Raises DocumentError."""
        with self._catalog.reading() as records:
            text = records.text(path)
        if text is None:
            raise DocumentError(f"The library has no document {path!r} any more.")
        return text

    def source(self, path: str) -> bytes | None:
        """The bytes that a document was read from: those kept, or its file's while they are the same; None without."""
        with self._catalog.reading() as records:
            location, sha256, data = records.source(path) or ("", "", None)
        if data is None and Path(location).is_absolute():
            try:
                found = read(Path(location), location)
            except DocumentError:
                return None
            return found if digest(found) == sha256 else None
        return data

    def passages(self, documents: Collection[str] | None = None) -> list[Passage]:
        """Every passage of these paths or of all, in the order of being added."""
        with self._catalog.reading() as records:
            if documents is not None:
                records.choose(documents)
            return list(records.all_passages())

    def sample(self, path: str, most: int) -> tuple[list[Passage], Vectors]:
        """At most `most` passages of a document, evenly spaced, in its order, and their vectors float32[n, d]."""
        with self._catalog.reading() as records:
            self._require_embedder(records)
            ids = records.choose([path]).tolist()
            ids = ids[:: max(1, -(-len(ids) // most))]
            found = records.passages(ids)
            return [found[each] for each in ids], records.vectors.of(ids)[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, float32[n, dimension]."""
        return self._embedder.encode_passages(texts)

    def passage_count(self) -> int:
        """How many passages there are; documents of the same content share theirs."""
        with self._catalog.reading() as records:
            return records.passage_count()

    def search(self, question: str, depth: int, documents: Collection[str] | None = None) -> Rankings:
        """The `depth` best passages by cosine of embeddings, and by BM25, each best first; of these paths or of all.

        A path that is not there has none. Scores do not depend on which documents are searched.
        """
        with self._catalog.reading() as records:
            self._require_embedder(records)
            index = self._snapshots.index(records)
            among = None if documents is None else records.choose(documents)
            vector, asked = self._embedder.embed_question(question)
            near = index.search(vector, depth, among, records.vectors.of)
            worded = records.lexical(question, depth)
            ids = list(dict.fromkeys(number for number, _ in (*near, *worded)))
            found, tokens = records.passages(ids), records.vectors.tokens(ids)
            dense, lexical = ([Hit(found[number], score) for number, score in ranking] for ranking in (near, worded))
            if len(tokens) < len(ids):  # of an older format, and not updated yet
                return Rankings(dense, lexical, {})
            scores = late_interaction(asked, [tokens[number] for number in ids])
            return Rankings(dense, lexical, {found[number]: score for number, score in zip(ids, scores, strict=True)})

    def update(self, paths: Sequence[str], progress: Progress = silent) -> Summary:
        """Bring the library in step with files and folders: add, replace, and remove what is gone from them.

        A file that fails is in the summary and stops nothing; what the library held of it stays. Interrupted, the
        library keeps what was done, and the next update goes on from there. Others can change the library meanwhile:
        it is locked only while a group of files that were read and embedded is stored.
        """
        self._adopt_embedder(progress)
        entries = self.documents()
        seen = survey(paths, [entry.location for entry in entries], self.folder)
        stored = {(entry.sha256, kind(entry.location)) for entry in entries}
        intake = self._intake(entries, sum(item.size for item in seen.found), progress)
        again = intake.take(prepare(seen.found, stored, self._embedder.token_starts))
        intake.take(prepare(again, (), self._embedder.token_starts))
        gone = set(seen.gone) - intake.left
        removed = self._forget([entry for entry in entries if entry.location in gone], seen, progress)
        self._settle(progress)
        progress("", 1.0, intake.embedded)
        done = intake.summary()
        return replace(
            done,
            removed=removed,
            failures=(*seen.failures, *done.failures),
            skipped=tuple(seen.skipped),
            warnings=(
                *done.warnings,
                *(notice.message for notice in seen.folders.values() if notice),
                *(f"{path!r} is there no more: what the library held of it is removed." for path in seen.vanished),
            ),
        )

    def add_files(
        self,
        files: Sequence[tuple[str, Path]],
        progress: Progress = silent,
        each: Progress = silent,
        before: Callable[[], None] = at_once,
    ) -> Summary:
        """Add or replace files, each under its name, and keep their bytes, for files that will not stay where they are.

        The last of several with one name counts. A file that fails is in the summary and stops nothing. `progress` is
        told the share of all files that is done, `each` that of the file at work; they are taken one by one.
        `before` is called before each is read; what it raises ends the adding, and what was added stays.
        """
        found, failures = uploads(dict(files))
        self._adopt_embedder(progress)
        entries = self.documents()
        stored = {(entry.sha256, kind(entry.location)) for entry in entries}
        total, report = sum(item.size for item in found), shares(progress, each, found)
        intake = self._intake(entries, total, report)
        for result in prepare(found, stored, self._embedder.token_starts, keep=True, before=before):
            again = intake.take([result])
            intake.take(prepare(again, (), self._embedder.token_starts, keep=True))
            if not isinstance(result, Failure):
                each(result.item.path, 1.0, intake.embedded)
        self._settle(progress)
        progress("", 1.0, intake.embedded)
        done = intake.summary()
        return replace(done, failures=(*failures, *done.failures))

    def add(self, documents: Sequence[Document], progress: Progress = silent) -> None:
        """Add or replace documents that are not files, each under its path."""
        self._adopt_embedder(progress)
        intake = self._intake(self.documents(), sum(len(document.text) for document in documents), progress)
        intake.take(self._prepared(document) for document in documents)
        self._settle(progress)
        progress("", 1.0, intake.embedded)

    def remove(self, path: str) -> None:
        """Forget a document. Raises DocumentError when the library has none of that path."""
        with self._storing() as records:
            location = records.location(path)
            if location is None:
                raise DocumentError(f"The library has no document {path!r}.")
            records.delete(location)
            records.drop_notice(location)
        self._settle()

    def give_feedback(self, feedback: Feedback) -> int:
        """Store what a person says of an answer, in the place of what has the same `id` if it has one; returns its id.

        Waits for no update, and changes nothing that is searched. Raises LibraryError when the library is read-only.
        """
        said: dict[str, Any] = {name: sound(text) for name, text in vars(feedback).items() if isinstance(text, str)}
        said["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._catalog.writing() as records:
            return records.put_feedback(replace(feedback, **said))

    def withdraw_feedback(self, number: int) -> None:
        """Forget what a person said of an answer, which they have taken back."""
        with self._catalog.writing() as records:
            records.drop_feedback(number)

    def feedback(self) -> list[Feedback]:
        """What persons said of answers, in the order of time."""
        with self._catalog.reading() as records:
            return records.feedback()

    def _prepared(self, document: Document) -> Ready:
        item = Found(added(document.path), document.path, Path(document.path), len(document.text))
        return Ready(item, document.sha256, document, split(document, self._embedder.token_starts))

    def _intake(self, entries: Sequence[Entry], total: int, progress: Progress) -> Intake:
        return Intake(self._catalog, lambda: self._storing(progress), self._embedder, entries, total, progress)

    def _forget(self, gone: Sequence[Entry], seen: Survey, progress: Progress) -> int:
        """Remove documents that are gone, unless they have come back meanwhile, and note what a survey left out."""
        removed = 0
        with self._storing(progress) as records:
            for entry in gone:
                stored = records.entry(entry.location)
                if stored and stored[1] == entry.sha256:
                    records.delete(entry.location)
                    records.drop_notice(entry.location)
                    removed += 1
            for noted in records.notices():
                if noted.problem != "partly read" and is_gone(noted.location):
                    records.drop_notice(noted.location)
            for location, notice in seen.folders.items():
                records.drop_notice(location)
                if notice:
                    records.put_notice(notice)
        return removed

    def _settle(self, progress: Progress = silent) -> None:
        """End a change: drop the vectors that it left without a passage, and bring the cache up to date."""
        with self._writing(progress):
            with self._catalog.writing() as records:
                records.prune_vectors()
            self._snapshots.write()

    @contextmanager
    def _storing(self, progress: Progress = silent) -> Iterator[Records]:
        """A transaction in which no other process writes, on vectors of this embedder."""
        with self._writing(progress), self._catalog.writing() as records:
            if records.fact("embedder") not in (None, self._embedder.fingerprint):
                raise LibraryError(
                    f"Another process has embedded the library {self.folder} with another embedder meanwhile; "
                    "index again with the one that you want."
                )
            yield records

    @contextmanager
    def _writing(self, progress: Progress = silent) -> Iterator[None]:
        lock = filelock.FileLock(self.folder / "write.lock", mode=0o600)
        try:
            try:
                held = lock.acquire(timeout=0)
            except filelock.Timeout:
                progress("when another process is done with this library", 0.0, 0)
                held = lock.acquire(timeout=LOCK_SECONDS)
            with held:
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
        if stored not in (None, self._embedder.fingerprint) and records.vectors.last_id():
            raise LibraryError(
                f"The library {self.folder} was indexed with another embedder ({stored}); "
                "run `footnote index` on any of its documents, with the --embedder that it is to have if any, "
                "to embed it again."
            )

    def _adopt_embedder(self, progress: Progress) -> None:
        """Make the vectors this embedder's: a new library takes its fingerprint, another's is embedded again."""
        vectors: dict[str, Embedded] = {}
        while True:
            with self._catalog.reading() as records:
                if records.fact("embedder") == self._embedder.fingerprint:
                    break
                texts = [text for text in _texts(records) if text not in vectors]
            for done in range(0, len(texts), BATCH):
                progress("again, because the embedder is another", done / len(texts), done)
                batch = texts[done : done + BATCH]
                vectors.update(zip(batch, self._embedder.embed_passages(batch), strict=True))
            with self._writing(progress), self._catalog.writing() as records:
                texts = _texts(records)
                if all(text in vectors for text in texts):  # else passages were added meanwhile
                    records.drop_vectors()  # all of it or nothing: vectors of two embedders never mix
                    records.put_vectors(texts, [vectors[text] for text in texts])
                    records.set_fact("embedder", self._embedder.fingerprint)
                    records.set_fact("embedder_source", self._embedder.source)
        if self.embedder_source != self._embedder.source:  # the same one, found elsewhere now
            with self._storing(progress) as records:
                records.set_fact("embedder_source", self._embedder.source)
        self._add_tokens(progress)

    def _add_tokens(self, progress: Progress) -> None:
        """Make the token vectors that passages of an older format lack."""
        with self._catalog.reading() as records:
            if records.fact("tokens") is None:
                return
            texts = records.missing_tokens()
        for done in range(0, len(texts), BATCH):
            progress("again, to find passages better", done / len(texts), done)
            batch = texts[done : done + BATCH]
            made = self._embedder.embed_passages(batch)
            with self._storing(progress) as records:
                records.put_tokens(batch, made)
        with self._storing(progress) as records:
            records.settle_tokens()


def is_gone(location: str) -> bool:
    """Whether a file or a folder on this disk is there no more."""
    return Path(location).is_absolute() and not os.path.lexists(location)


def _texts(records: Records) -> list[str]:
    return list(dict.fromkeys(passage.embedded for passage in records.all_passages()))
