"""Puts the real models together, with progress shown on standard error."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from eval.gold import GoldSet, load_gold
from eval.run import Corpus, Result, run_open, run_reader
from index.embedding import SentenceEmbedder, minilm_folder
from index.errors import DocumentError
from index.library import Library
from index.types import Summary
from rag.assistant import Assistant, answer_from
from rag.calibration import Calibration
from rag.reader import ExtractiveReader
from ui.render import shorten

SHIPPED = Path(__file__).parents[1] / "eval" / "gold"


def open_library(folder: Path, *, create: bool = False) -> Library:
    """A library with the default embedder."""
    return Library(folder, SentenceEmbedder(minilm_folder()), create=create)


def open_assistant(library: Library) -> Assistant:
    """The shipped reader and calibration over a library."""
    return Assistant(library, *load_reader())


def load_reader() -> tuple[ExtractiveReader, Calibration]:
    """The shipped reader and its calibration."""
    with Console(stderr=True).status("Loading the reader"):
        return ExtractiveReader.load(), Calibration.load()


def example_questions(library: Library) -> list[str]:
    """For each shipped document in the library a question it answers, and one that it does not."""
    gold = load_gold(SHIPPED / "questions.jsonl")
    files = {sha256(file.read_bytes()).hexdigest(): file.name for file in (SHIPPED / "documents").iterdir()}
    names = {files.get(entry.sha256) for entry in library.documents()}
    first: dict[str, str] = {}
    for item in gold.items:
        if item.evidence and item.evidence[0].document in names:
            first.setdefault(item.evidence[0].document, item.question)
    tempting = [item.question for item in gold.items if not item.answers][:1]
    return [*first.values(), *tempting] if first else []


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error where that is a terminal, told what is at work and the share done, 0..1."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=1.0)

        def report(name: str, share: float) -> None:
            progress.update(task, description=shorten(f"{label} {name}", 60), completed=share)

        yield report


def update(library: Library, paths: Sequence[str]) -> Summary:
    """Update a library with a progress bar; what failed is said on standard error."""
    with progress_bar("Indexing") as report:
        summary = library.update(paths, report)
    for failure in summary.failures:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"footnote: {failure.message}", markup=False)
    return summary


@contextmanager
def sources(folder: Path, docs: Sequence[str] | None) -> Iterator[Library]:
    """The library in a folder or, with `docs`, a passing one of these files alone."""
    if docs is None:
        yield open_library(folder)
        return
    with tempfile.TemporaryDirectory(prefix="footnote-") as passing:
        library = open_library(Path(passing), create=True)
        with progress_bar("Indexing") as report:
            summary = library.update(docs, report)
        if summary.failures:
            raise DocumentError(" ".join(failure.message for failure in summary.failures))
        yield library


def evaluate(gold: GoldSet, folder: Path, docs: Sequence[str] | None, mode: str) -> list[Result]:
    """Run a gold set against its own documents, `docs`, or the library in `folder`."""
    if mode == "reader" and gold.documents:
        texts = {document.path: document.text for document in gold.documents}
        return _read(gold, Corpus(list(texts), texts.__getitem__, ()))
    with _corpus(gold, folder, docs) as library:
        texts = {entry.path: library.text(entry.path) for entry in library.documents()}
        corpus = Corpus(list(texts), texts.__getitem__, library.passages())
        if mode == "reader":
            return _read(gold, corpus)
        assistant = open_assistant(library)
        with progress_bar("Asking") as report:
            return run_open(gold, corpus, assistant.answer, lambda share: report("", share))


def _read(gold: GoldSet, corpus: Corpus) -> list[Result]:
    reader, calibration = load_reader()
    with progress_bar("Asking") as report:
        read = partial(answer_from, reader=reader, calibration=calibration)
        return run_reader(gold, corpus, read, lambda share: report("", share))


@contextmanager
def _corpus(gold: GoldSet, folder: Path, docs: Sequence[str] | None) -> Iterator[Library]:
    if not gold.documents:
        with sources(folder, docs) as library:
            yield library
        return
    with tempfile.TemporaryDirectory(prefix="footnote-") as passing:
        library = open_library(Path(passing), create=True)
        with progress_bar("Indexing") as report:
            library.add(gold.documents, report)
        yield library
