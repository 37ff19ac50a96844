"""Puts an evaluation together: a gold set, its documents, and what is asked about them."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import httpx

from eval.beir import Beir, Ranking, run_retrieval
from eval.gold import GoldSet
from eval.records import Record
from eval.run import Corpus, require_evidence, run_open, run_reader
from eval.systems import Ask, system
from index.embedding import SHIPPED, find_embedder
from index.library import Library
from index.types import Document, Passage
from rag.assistant import PASSAGES, answer_from
from rag.retrieve import retrieve
from ui.assemble import load_reader, open_assistant, open_library, progress_bar, sources
from ui.readers import choose_reader

PER_QUERY = 100  # passages, in which there should be ten documents

_Line = TypeVar("_Line", Record, Ranking)


@dataclass(frozen=True)
class Examination(Generic[_Line]):
    """What a gold set is asked of, and with which models.

    `documents` are hashes by path, `models` fingerprints by their part. `ask` gives the records of all questions after
    those that are done. It raises GoldError for a gold set that does not fit at once, before it loads the reader.
    """

    documents: Mapping[str, str]
    passages: Sequence[Passage]
    models: Mapping[str, str]
    settings: Mapping[str, object]
    ask: Callable[[Sequence[Record]], Iterator[_Line]]


@dataclass(frozen=True)
class Models:
    """The names of the models to use; None for the shipped reader, and for the library's embedder."""

    reader: str | None = None
    embedder: str | None = None

    def fingerprints(self, embedder: str) -> dict[str, str]:
        """Of all that decide the scores, by their part; `embedder` is that of the one in use."""
        return {"embedder": embedder, **choose_reader(self.reader).fingerprints()}


@dataclass(frozen=True)
class Elsewhere:
    """Another system to ask: the address of its server, and the model and key to name there."""

    url: str
    model: str | None
    key: str | None

    @property
    def address(self) -> str:
        """The address as it may be shown and kept: without a password or what may be a key."""
        return str(httpx.URL(self.url.strip()).copy_with(username=None, password=None, query=None, fragment=None))


@contextmanager
def examination(
    gold: GoldSet,
    folder: Path,
    docs: Sequence[str] | None,
    mode: str,
    elsewhere: Elsewhere | None = None,
    models: Models = Models(),
) -> Iterator[Examination[Record]]:
    """A gold set to be asked of its own documents, `docs`, or the library in `folder`. Raises GoldError."""
    reader = choose_reader(models.reader)
    settings = {"mode": mode, "threshold": reader.calibration.threshold, "hits": PASSAGES}
    if mode == "reader":
        require_evidence(gold)
    if mode == "reader" and gold.documents:
        texts = {document.path: document.text for document in gold.documents}
        hashes = {document.path: document.sha256 for document in gold.documents}
        ask = partial(_read, gold, _corpus(texts, ()), models.reader)
        embedder = find_embedder(models.embedder or SHIPPED).fingerprint
        yield Examination(hashes, (), models.fingerprints(embedder), settings, ask)
        return
    with _library(gold.documents, folder, docs, models.embedder) as library:
        hashes = {entry.path: entry.sha256 for entry in library.documents()}
        passages = library.passages()
        corpus = _corpus({path: library.text(path) for path in hashes}, passages)
        if elsewhere:
            with system(elsewhere.url, corpus, model=elsewhere.model, key=elsewhere.key) as answer:
                asked = {"system": elsewhere.address, "model": elsewhere.model or ""}
                ask = partial(_ask_elsewhere, gold, corpus, answer)
                yield Examination(hashes, passages, asked, {"mode": mode}, ask)
            return
        ask = partial(_ask_all, gold, corpus, library, models.reader)
        if mode == "reader":
            ask = partial(_read, gold, corpus, models.reader)
        yield Examination(hashes, passages, models.fingerprints(library.fingerprint), settings, ask)


@contextmanager
def searching(beir: Beir, embedder: str | None = None) -> Iterator[Examination[Ranking]]:
    """A BEIR folder's documents, to be searched for each of its queries."""
    with _library(beir.documents, Path(), None, embedder) as library:
        rankings = run_retrieval(beir, lambda query: retrieve(library, query, PER_QUERY))
        hashes = {document.path: document.sha256 for document in beir.documents}
        settings = {"mode": "retrieval", "hits": PER_QUERY}
        models = {"embedder": library.fingerprint}
        yield Examination(
            hashes, library.passages(), models, settings, lambda done: _shown(rankings, 0, len(beir.queries))
        )


def _corpus(texts: Mapping[str, str], passages: Sequence[Passage]) -> Corpus:
    return Corpus(list(texts), lambda path: texts.get(path, ""), passages)


def _ask_all(
    gold: GoldSet, corpus: Corpus, library: Library, reader: str | None, done: Sequence[Record]
) -> Iterator[Record]:
    assistant = cache(partial(open_assistant, library, reader))
    records = run_open(gold, corpus, lambda question, history: assistant().answer(question, history), done)
    return _shown(records, len(done), len(gold.items))


def _ask_elsewhere(gold: GoldSet, corpus: Corpus, answer: Ask, done: Sequence[Record]) -> Iterator[Record]:
    return _shown(run_open(gold, corpus, answer, done), len(done), len(gold.items))


def _read(gold: GoldSet, corpus: Corpus, reader: str | None, done: Sequence[Record]) -> Iterator[Record]:
    models = cache(partial(load_reader, reader))
    records = run_reader(gold, corpus, lambda question, hits: answer_from(question, hits, *models()), done)
    return _shown(records, len(done), len(gold.items))


def _shown(records: Iterator[_Line], done: int, total: int) -> Iterator[_Line]:
    """The records with a progress bar; the first, which loads the models, comes before it."""
    yield from islice(records, 1)
    with progress_bar("Asking", "questions") as report:
        for number, record in enumerate(records, start=1):
            report("", (done + 1 + number) / total, number)
            yield record


@contextmanager
def _library(
    own: Sequence[Document], folder: Path, docs: Sequence[str] | None, embedder: str | None
) -> Iterator[Library]:
    """A passing library of a gold set's own documents, or that which a person named."""
    if not own:
        with sources(folder, docs, embedder) as library:
            yield library
        return
    with tempfile.TemporaryDirectory(prefix="footnote-") as passing:
        library = open_library(Path(passing), create=True, embedder=embedder)
        with progress_bar("Indexing", "passages") as report:
            library.add(own, report)
        yield library
