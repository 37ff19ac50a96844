"""Puts the real models together, with progress shown on standard error."""

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from index.chunking import MAX_CONTEXT, MAX_TOKENS
from index.embedding import SHIPPED, SentenceEmbedder, find_embedder, minilm_folder, obstacle
from index.encoder import Precision, computes, unusable
from index.errors import DocumentError, ModelError
from index.library import Library
from index.loaders import LOADERS
from index.types import Summary, kind
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import Reader
from rag.types import Answer
from ui.readers import choose_reader
from ui.render import printable, shorten


def open_library(
    folder: Path, *, create: bool = False, precision: Precision | None = None, embedder: str | None = None
) -> Library:
    """A library with the embedder of this name and precision, or with None that of its vectors. Raises FootnoteError.

    `create` says that it may be embedded again, with another than it was; else it is refused.
    """
    chosen = find_embedder(embedder or SHIPPED)
    library = Library(folder, chosen, create=create)
    if not embedder and library.embedder_source:
        chosen = _remembered(library)
    rounded = precision or ("bfloat16" if library.embedded_by.endswith(":bfloat16") else "float32")
    if chosen.source or rounded != "float32":
        library = Library(folder, SentenceEmbedder(chosen.folder, rounded, source=chosen.source))
    if embedder and not create:
        library.require_embedder()
    _tell_embedder(chosen, precision)
    if create and 0 < chosen.longest < MAX_TOKENS + MAX_CONTEXT:
        _tell_shortness(chosen.longest)
    return library


def _remembered(library: Library) -> SentenceEmbedder:
    """The embedder that a library was indexed with."""
    source = library.embedder_source
    try:
        return find_embedder(source)
    except ModelError as error:
        raise ModelError(
            f"The library {library.folder} was indexed with the embedder {source!r}, which is not there any more; "
            "put it back, name where it is now with --embedder, "
            f"or index again with: footnote index PATH --embedder default --library {library.folder}"
        ) from error


def _tell_embedder(embedder: SentenceEmbedder, precision: Precision | None) -> None:
    """Say what slows an embedder down, where a person can do something about it."""
    if not embedder.source or unusable():
        _tell_runtime()
    if precision == "bfloat16" and (embedder.source or not unusable()):
        if obstacle(embedder.folder):
            say("only OpenVINO computes in bfloat16, which cannot run this embedder: passages are embedded in float32.")
        elif not computes(precision):
            say("this processor has no bfloat16 arithmetic: passages are embedded in float32, at its speed.")


@cache
def _tell_shortness(longest: int) -> None:
    """Say once that an embedder does not see the end of long passages."""
    most = MAX_TOKENS + MAX_CONTEXT
    say(
        f"this embedder reads {longest} tokens, and a passage has up to {most} with its headings; "
        "what comes after is found by its words alone."
    )


@cache
def _tell_runtime() -> None:
    """Say once why PyTorch is used, where it is."""
    if why := obstacle(minilm_folder()):
        say(f"{why}; PyTorch is used in its place, which takes more than twice as long.")


def open_assistant(library: Library, reader: str | None = None) -> Assistant:
    """The reader of this name, or the shipped one, and its calibration over a library."""
    return Assistant(library, *load_reader(reader))


def load_reader(name: str | None = None) -> tuple[Reader, Calibration]:
    """A shipped reader or one of transformers, and its calibration. Raises ModelError."""
    chosen = choose_reader(name)
    if chosen.shipped:
        _tell_runtime()
    with Console(stderr=True).status("Loading the reader"):
        return chosen.load(), chosen.calibration


def suggesting(library: Library, answer: Callable[[str], Answer]) -> Callable[[Collection[str] | None], Iterator[str]]:
    """First questions about the documents chosen, remembered until the documents or the choice are others."""
    from rag.suggest import suggest  # here, because an answer in the terminal has no need of it

    known: dict[frozenset[tuple[str, str]], list[str]] = {}

    def questions(documents: Collection[str] | None) -> Iterator[str]:
        asked = frozenset((e.path, e.sha256) for e in library.documents() if documents is None or e.path in documents)
        if asked not in known:
            found = []
            for question in suggest(library.passages(documents), answer):
                found.append(question)
                yield question
            known.clear()
            known[asked] = found
        else:
            yield from known[asked]

    return questions


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Callable[[str, float, int], None]]:
    """A bar on standard error where that is a terminal, told what is at work, the share done, 0..1, and units done."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=1.0, rate="")
        began = 0.0

        def report(name: str, share: float, done: int) -> None:
            nonlocal began
            began = began or perf_counter()  # once the models are loaded
            rate = f"{done / (perf_counter() - began):.0f} {unit}/s" if done else ""
            progress.update(task, description=shorten(f"{label} {printable(name)}", 60), completed=share, rate=rate)

        yield report


def update(library: Library, paths: Sequence[str]) -> Summary:
    """Update a library with a progress bar; what failed or is left out is said on standard error."""
    with progress_bar("Indexing", "passages") as report:
        summary = library.update(paths, report)
    _tell(summary)
    return summary


def _tell(summary: Summary) -> None:
    for message in (*(failure.message for failure in summary.failures), *summary.warnings):
        say(message)


def say(message: str) -> None:
    """Tell a person something on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"footnote: {message}", markup=False)


def watch(library: Library, paths: Sequence[str]) -> Iterator[Summary]:
    """Update a library now, and again whenever something under these paths changes."""
    import watchfiles

    yield update(library, paths)
    folders = [path for path in map(Path, paths) if path.is_dir()]
    beside = [path.parent for path in map(Path, paths) if path.is_file()]
    changes = watchfiles.watch(
        *folders, *beside, watch_filter=_is_document, recursive=bool(folders), rust_timeout=500, yield_on_timeout=True
    )
    for number, changed in enumerate(changes):
        if changed or not number:  # the first time, for what changed before the watch began
            summary = update(library, paths)
            if summary.changed:
                yield summary


def _is_document(_: object, path: str) -> bool:
    return kind(path) in LOADERS


@contextmanager
def sources(folder: Path, docs: Sequence[str] | None, embedder: str | None = None) -> Iterator[Library]:
    """The library in a folder or, with `docs`, a passing one of these. Raises DocumentError for one that is bad."""
    if docs is None:
        yield open_library(folder, embedder=embedder)
        return
    with tempfile.TemporaryDirectory(prefix="footnote-") as passing:
        library = open_library(Path(passing), create=True, embedder=embedder)
        with progress_bar("Indexing", "passages") as report:
            summary = library.update(docs, report)
        named = [failure.message for failure in summary.failures if failure.path in docs]
        if named:
            raise DocumentError(" ".join(named))
        if summary.read_nothing:
            nothing = f"Found nothing to read in {', '.join(map(repr, docs))}; name a file or a folder of documents."
            raise DocumentError(" ".join(summary.warnings) or nothing)
        _tell(summary)
        yield library
