"""A damaged library made whole again, of what can be read of its file and of the files that were added."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import filelock

from index.catalog import Catalog, Connection, Records, Unreadable, connect
from index.check import SNAPSHOT, Finding
from index.chunking import split
from index.embedding import Embedded, Embedder
from index.errors import DocumentError, LibraryError
from index.intake import BATCH
from index.legible import make_legible
from index.loaders import read
from index.regrow import regrow
from index.salvage import BAD_VECTORS, Content, contents, dimension, readable
from index.snapshot import Snapshots
from index.types import Document, Passage, digest
from index.worker import load_document

LOCK_SECONDS = 60
AGAIN = "it was read again"
KEPT = "library.sqlite.damaged"
_FEEDBACK = 'id, time, question, answer, verdict, correction, document, start, "end", quote'
_NOTICES = "location, path, message, problem"


@dataclass(frozen=True)
class Mending:
    """What was done about a document, or about all where `document` is empty; `lost` says that a person must act."""

    document: str
    message: str
    lost: bool = False


def repair(folder: Path, embedder: Embedder, findings: Sequence[Finding]) -> list[Mending]:
    """Mend what was found, and tell of everything that is not as before. A damaged library.sqlite is kept beside."""
    try:
        with filelock.FileLock(folder / "write.lock", LOCK_SECONDS, mode=0o600):
            said: list[Mending] = []
            if any(finding.document != SNAPSHOT for finding in findings):
                said = list(_made_anew(folder, embedder))
            Snapshots(folder, Catalog(folder)).write()
            return said
    except filelock.Timeout as error:
        raise LibraryError(f"Another process is writing to the library {folder}; wait for it to end.") from error
    except OSError as error:
        raise LibraryError(f"The library {folder} cannot be written: {error.strerror or error}.") from error


def embedded_by(folder: Path) -> str:
    """The fingerprint of a library's embedder, as far as it can be read."""
    with suppress(Unreadable), closing(connect(folder / "library.sqlite")) as db:
        return _facts(db).get("embedder", "")
    return ""


def embedder_source(folder: Path) -> str:
    """What `find_embedder` finds a library's embedder by, as far as it can be read; empty for the shipped one."""
    with suppress(Unreadable), closing(connect(folder / "library.sqlite")) as db:
        return _facts(db).get("embedder_source", "")
    return ""


def _made_anew(folder: Path, embedder: Embedder) -> Iterator[Mending]:
    """Write library.sqlite anew and put it in the place of the damaged one."""
    old, beside = folder / "library.sqlite", folder / "mending"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(0o700)
    catalog = Catalog(beside)
    catalog.make_tables()
    generation = max((int(path.stem.partition("-")[2]) for path in folder.glob("vectors-[0-9]*.faiss")), default=0)
    kept = _free_name(folder)
    again = f"index them again with: footnote index PATH --library {folder} (the damaged file is kept as {kept})"
    copy, regrown = _legible(old, beside)
    missing = "documents" in regrown
    with closing(connect(copy)) as db, suppress(Unreadable):
        db.execute("BEGIN")
        facts = _facts(db)
        same = facts.get("embedder") == embedder.fingerprint
        length = dimension(db) if same else embedder.dimension
        for content in contents(db, length, missing):
            yield from _restore(catalog, embedder, content if same else replace(content, vectors=()))
        yield from _told_of_loss(db, catalog, missing, again)
        if generation > int(facts.get("generation", generation)):
            yield Mending("", "What was changed last is lost; index or add it again.", lost=True)
        generation = max(generation, int(facts.get("generation", 0)))
    with catalog.writing() as records:
        records.prune_vectors()
        records.set_fact("embedder", embedder.fingerprint)
        records.set_fact("embedder_source", embedder.source)
        if "tokens" in facts:
            records.set_fact("tokens", facts["tokens"])
        records.set_fact("generation", str(max(generation, records.generation) + 1))
    with closing(connect(beside / "library.sqlite")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("", "-wal"):
        damaged, place = old.with_name(f"{old.name}{end}"), folder / f"{kept}{end}"
        if damaged.exists():
            try:
                place.hardlink_to(damaged)
            except OSError:  # where there are no links
                shutil.copy2(damaged, place)
    for end in ("-wal", "-shm"):
        old.with_name(f"{old.name}{end}").unlink(missing_ok=True)
    (beside / "library.sqlite").replace(old)
    shutil.rmtree(beside)
    for path in folder.glob("vectors-*"):
        path.unlink()


def _legible(damaged: Path, beside: Path) -> tuple[Path, set[str]]:
    """A copy of a damaged library.sqlite, in this format, and the tables of it of which some rows may be missing."""
    folder = beside / "damaged"
    folder.mkdir(0o700)
    copy, regrown = folder / "library.sqlite", set[str]()
    own = make_legible(damaged, copy, beside / "library.sqlite")
    with suppress(LibraryError, Unreadable):
        catalog = Catalog(folder)
        if catalog.is_current:
            regrown = regrow(copy, guessed=not own)
        else:
            catalog.make_tables()
    return copy, regrown


def _free_name(folder: Path) -> str:
    """What to keep the damaged file as, beside those of earlier repairs."""
    for number in count(1):
        name = KEPT if number == 1 else f"{KEPT}-{number}"
        if not any((folder / f"{name}{end}").exists() for end in ("", "-wal")):
            break
    return name


def _told_of_loss(db: Connection, catalog: Catalog, missing: bool, again: str) -> Iterator[Mending]:
    """Take over what else there is, and say how many documents are lost."""
    gaps: list[tuple[int, int]] = []
    before = sum(1 for _ in readable(db, "SELECT id FROM documents WHERE id > ? ORDER BY id", gaps))
    with catalog.reading() as records:
        now = len(records.documents())
    unread = _copy_rows(db, catalog)
    if not now:
        yield Mending("", f"Nothing of the documents could be saved; {again}.", lost=True)
    elif gaps or missing:
        there = f"{now:,} documents are" if now > 1 else "1 document is"
        yield Mending("", f"{there} here again; how many there were cannot be read.", lost=True)
    elif now < before:
        yield Mending("", f"{now:,} of {before:,} documents are here again.", lost=True)
    if unread and now:
        yield Mending("", "What was said of answers could not all be read.")


def _restore(catalog: Catalog, embedder: Embedder, content: Content) -> Iterator[Mending]:
    """Store a content as it is or as it can be had again; a sentence where it is not what it was."""
    path = content.named[0][1] if content.named else ""
    name = repr(path)
    if not path:
        beginning = " ".join((content.text or "").split())[:60]
        yield Mending("", f"A document that begins with {beginning!r} has lost its name; add it again.", lost=True)
        return
    whole = bool(content.passages) and content.text is not None
    document, passages = Document(path, content.text or "", content.sha256, warning=content.warning), content.passages
    if not whole:
        again, said = _again(content)
        for _, each in content.named:
            yield Mending(each, f"{each!r} {content.problem}; {said}.", lost=said != AGAIN)
        if again is None:
            return
        document, passages = again, tuple(split(again, embedder.token_starts))
    elif content.problem == BAD_VECTORS:
        yield Mending(path, f"{name} {content.problem}; these were made again.")
    elif content.problem:
        yield Mending(path, f"{name} {content.problem}; its text is whole: add it again to see its pages.", lost=True)
    texts = [passage.embedded for passage in passages]
    known = {text: vector for text, vector in zip(texts, content.vectors, strict=False) if vector is not None}
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        known.update(zip(batch, embedder.embed_passages(batch), strict=True))
    with catalog.writing() as records:
        _store(records, content, document, passages, known)


def _again(content: Content) -> tuple[Document | None, str]:
    """The document of a content from its bytes or file, or from its text, and what to say of it."""
    for location, path in content.named:
        data = content.data
        if data is None and Path(location).is_absolute():
            with suppress(DocumentError):
                data = read(Path(location), path)
        if data is not None and content.sha256 in ("", digest(data)):
            with suppress(DocumentError):
                return load_document(data, path), AGAIN
    if content.text is None:
        return None, "add it again"
    document = Document(content.named[0][1], content.text, content.sha256, warning=content.warning)
    return document, "its text is whole, but its pages and headings are lost: add it again to have them"


def _store(
    records: Records, content: Content, document: Document, passages: Sequence[Passage], known: dict[str, Embedded]
) -> None:
    texts = list(dict.fromkeys(passage.embedded for passage in passages))
    records.put_vectors(texts, [known[text] for text in texts])
    for location, path in content.named:
        records.store(location, replace(document, path=path), passages)
        if content.data is not None and digest(content.data) == document.sha256:
            records.keep(document.sha256, Path(path).suffix.lower(), content.data)


def _facts(db: Connection) -> dict[str, str]:
    with suppress(Unreadable):
        return {str(name): str(value) for name, value in db.execute("SELECT name, value FROM facts")}
    return {}


def _copy_rows(db: Connection, catalog: Catalog) -> bool:
    """Take over what persons said and what could not be read of files; whether some of the former is lost."""
    gaps: list[tuple[int, int]] = []
    feedback = list(readable(db, f"SELECT {_FEEDBACK} FROM feedback WHERE id > ? ORDER BY id", gaps))
    notices = []
    with suppress(Unreadable):
        notices = db.execute(f"SELECT {_NOTICES} FROM notices").fetchall()
    with catalog.writing() as records:
        records.copy("feedback", _FEEDBACK, feedback)
        records.copy("notices", _NOTICES, notices)
    return bool(gaps)
