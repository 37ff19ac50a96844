"""The command line of the bench. Everything heavy is imported where it is needed."""

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import FootnoteError

if TYPE_CHECKING:
    from eval.bench.ratios import Measure
    from eval.bench.relevance import Wanted
    from index.embedding import Vectors
    from index.encoder import Precision
    from index.library import Library
    from index.types import Document

BENCH = "how fast it is, as ratios that hold on any machine"

_QUESTIONS = 200  # answered to tell the latency
_SEARCHES = 50  # questions to search for
_FEWEST = 1000  # vectors of --scale
_MADE = 20_000  # vectors of a larger library than the corpus gives


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `footnote bench` takes besides --json."""
    parser.add_argument(
        "gold", nargs="?", type=Path, metavar="GOLD", help="a gold set, as for footnote eval (default: the shipped one)"
    )
    parser.add_argument(
        "--docs", nargs="+", metavar="PATH", help="the documents that GOLD is about, where it does not carry them"
    )
    parser.add_argument(
        "--passages",
        type=int,
        default=1000,
        metavar="N",
        help="about how many passages to index where the gold set carries no documents (default: %(default)s)",
    )
    parser.add_argument(
        "--repeats", type=int, default=3, metavar="N", help="rounds, the fastest of which counts (default: %(default)s)"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--peers", action="store_true", help="compare with Haystack, txtai and LlamaIndex, where they are installed"
    )
    instead.add_argument(
        "--rankings", action="store_true", help="how well BM25, vectors, both and the reader order the passages"
    )
    instead.add_argument("--scale", nargs="+", type=int, metavar="N", help="search among so many synthetic vectors")


def run(args: argparse.Namespace) -> int:
    """Measure and print; the exit code."""
    for option, value in (("--passages", args.passages), ("--repeats", args.repeats)):
        if value < 1:
            raise FootnoteError(f"{option} must be 1 or more; found {value}.")
    _require_sense(args)
    with tempfile.TemporaryDirectory(prefix="footnote-") as scratch:
        chosen = _scale if args.scale else _peers if args.peers else _rankings if args.rankings else _ratios
        return chosen(args, Path(scratch))


def _require_sense(args: argparse.Namespace) -> None:
    """Raise FootnoteError for models that are not there, or not asked for what is measured."""
    from ui.cli_models import require_reader

    given = [option for option, name in (("--reader", args.reader), ("--embedder", args.embedder)) if name]
    if given and (args.scale or args.peers):
        why = "--peers compares systems with the same embedder" if args.peers else "--scale searches made vectors"
        raise FootnoteError(f"{why}; leave out {' and '.join(given)}.")
    require_reader(args.reader)


def _gold(args: argparse.Namespace) -> "tuple[str, list[Document], list[Wanted], bool]":
    """The gold set's name, its documents, the questions that these answer, and whether it carries the documents."""
    import eval
    from eval.bench.corpus import load_documents
    from eval.bench.relevance import wanted
    from eval.inputs import load_gold

    shipped = Path(eval.__path__[0]) / "gold"
    gold = load_gold(args.gold or shipped / "questions.jsonl")
    if args.gold and not gold.documents and not args.docs:
        raise FootnoteError(f"{str(args.gold)!r} carries no documents; name what it is about with --docs.")
    documents = list(gold.documents) or load_documents(args.docs or [str(shipped / "documents")])
    return (args.gold or shipped / "questions.jsonl").name, documents, wanted(gold, documents), bool(gold.documents)


def _precisions(embedder: str | None = None) -> "list[Precision]":
    from index.embedding import SHIPPED, find_embedder, obstacle
    from index.encoder import computes

    if not obstacle(find_embedder(embedder or SHIPPED).folder) and computes("bfloat16"):
        return ["float32", "bfloat16"]
    _say("bfloat16 is left out, which needs a model that OpenVINO runs and a processor that has it.")
    return ["float32"]


def _open(embedder: str | None, folder: Path, precision: "Precision") -> "Library":
    from ui.assemble import open_library

    return open_library(folder, create=True, precision=precision, embedder=embedder)


def _ratios(args: argparse.Namespace, scratch: Path) -> int:
    from eval.bench.corpus import recombined, write
    from eval.bench.tables import measures_json, measures_notes, measures_table

    name, documents, asked, own = _gold(args)
    made = documents if own else recombined(documents, args.passages)
    files = list(map(str, write(made, scratch / "files").values()))
    measures = _measured(args, scratch, documents, asked, files)
    about = {"gold": name, "documents": len(made), "repeats": args.repeats}
    if args.json:
        print(json.dumps(measures_json(measures, about)))
        return 0
    title = f"{name}: {len(made)} documents indexed; the fastest of {args.repeats} rounds"
    _print(measures_table(measures, title), *measures_notes(measures))
    return 0


def _measured(
    args: argparse.Namespace, scratch: Path, documents: "list[Document]", asked: "list[Wanted]", files: list[str]
) -> "list[Measure]":
    from eval.bench.ratios import indexing
    from index.embedding import SHIPPED, SentenceEmbedder, find_embedder

    console, precisions = _console(), _precisions(args.embedder)
    opened = partial(_open, args.embedder)
    with console.status("Asking"):
        asking = list(_asking(args, scratch, documents, asked, precisions))
    with console.status("Searching"):
        library = opened(scratch / "corpus", "float32")
        library.update(files)
        texts = list(dict.fromkeys(passage.embedded for passage in library.passages()))
        searching = list(_searching(library.embed(texts), library.embed([each.question for each in asked[:_SEARCHES]])))
    with console.status("Indexing"):  # last, because it brings PyTorch and its threads into this process
        raw = SentenceEmbedder(find_embedder(args.embedder or SHIPPED).folder, torch=True)
        measures = list(indexing(files, texts, opened, raw.encode_passages, precisions, args.repeats, scratch))
    return [*measures, *searching, *asking]


def _asking(
    args: argparse.Namespace,
    scratch: Path,
    documents: "list[Document]",
    asked: "list[Wanted]",
    precisions: "Sequence[Precision]",
) -> "Iterator[Measure]":
    from eval.bench.ratios import found, latency
    from eval.bench.starting import chat_start, cold_start
    from rag.retrieve import retrieve
    from ui.assemble import open_assistant
    from ui.readers import DEFAULT, SMALL

    libraries = {each: _open(args.embedder, scratch / f"gold-{each}", each) for each in precisions}
    for library in libraries.values():
        library.add(documents)
    assistant = open_assistant(libraries["float32"], args.reader)
    some = asked[:: max(1, len(asked) // _QUESTIONS)][:_QUESTIONS]
    assistant.answer(some[0].question)
    yield from latency([assistant.answer(each.question) for each in some])
    for reader in (DEFAULT, SMALL):
        if reader == (args.reader or DEFAULT):
            continue
        other = open_assistant(libraries["float32"], reader)
        other.answer(some[0].question)
        yield from latency([other.answer(each.question) for each in some], reader)
    code = "import sys; from ui.cli import main; sys.exit(main())"
    footnote = [sys.executable, "-P", "-c", code]
    question, where = asked[0].question, ["--library", str(scratch / "gold-float32")]
    where += ["--reader", args.reader] if args.reader else []
    yield cold_start([*footnote, "ask", question, *where], args.repeats)
    chat, address = [*footnote, "chat", "--no-browser", "--port", str(port := _free_port())], f"http://127.0.0.1:{port}"
    yield from chat_start([*chat, *where], address, question, args.repeats)
    yield from found(asked, {name: partial(retrieve, library) for name, library in libraries.items()})


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _searching(vectors: "Vectors", questions: "Vectors") -> "Iterator[Measure]":
    """Among the corpus's vectors, and among those of a larger library."""
    import numpy as np

    from eval.bench.ratios import searching
    from eval.scale import ask, draw
    from index.vectors import flat

    yield searching("search", vectors, questions, flat)
    made = np.concatenate(list(draw(_MADE, seed=0)))
    yield searching(f"search_{_MADE}", made, ask(made[:_SEARCHES], seed=0), flat)


def _peers(args: argparse.Namespace, scratch: Path) -> int:
    from eval.bench.corpus import write
    from eval.bench.peers import PEERS, Contender, compare
    from eval.bench.tables import peers_json, peers_notes, peers_table

    name, documents, asked, _ = _gold(args)
    setting = "whole sentences, up to 192 tokens; SQLite and FAISS on disk, cosine + 0.04 BM25"
    read = f"{setting}; then read, which its times include, and in the order of the reader's evidence"
    ours = [
        *(Contender(f"Footnote {each}", "ui.bench_system", (each,), ("footnote",), setting) for each in _precisions()),
        Contender("Footnote, read", "ui.bench_system", ("read",), ("footnote",), read),
    ]
    files = write(documents, scratch / "files")
    with _console().status("Comparing") as status:
        found = compare([*ours, *PEERS], files, asked, scratch, lambda each: status.update(f"Comparing: {each}"))
    if args.json:
        print(json.dumps(peers_json(found, {"gold": name, "documents": len(files), "questions": len(asked)})))
        return 0
    title = f"{name}: {len(files)} documents, {len(asked):,} questions that they answer"
    _print(peers_table(found, title), *peers_notes(found))
    return 0


def _rankings(args: argparse.Namespace, scratch: Path) -> int:
    from eval.bench.relevance import Search, ranking_scores, ranks_of
    from eval.bench.tables import rankings_table
    from rag.retrieve import retrieve
    from ui.assemble import open_assistant

    name, documents, asked, _ = _gold(args)
    library = _open(args.embedder, scratch / "library", "float32")
    with _console().status("Indexing"):
        library.add(documents)
    assistant = open_assistant(library, args.reader)
    searches: dict[str, Search] = {
        "BM25": lambda question, depth: library.search(question, depth)[1],
        "vectors": lambda question, depth: library.search(question, depth)[0],
        "both": partial(retrieve, library),
        "both, read": lambda question, depth: assistant.answer(question).hits,
    }
    found = {}
    for each, search in searches.items():
        with _console().status(f"Asking: {each}"):
            found[each] = ranking_scores(ranks_of(asked, search))
    if args.json:
        print(json.dumps({"gold": name, "questions": len(asked), "rankings": found}))
        return 0
    title = f"{name}: {library.passage_count():,} passages, {len(asked):,} questions that they answer"
    _print(rankings_table(found, title))
    return 0


def _scale(args: argparse.Namespace, scratch: Path) -> int:
    from eval.bench.tables import scale_table
    from eval.scale import measure

    if bad := [count for count in args.scale if count < _FEWEST]:
        raise FootnoteError(f"--scale takes numbers of vectors from {_FEWEST:,} on; found {bad[0]}.")
    with _console().status("Measuring") as status:
        scales = [measure(count, status.update, folder=scratch) for count in args.scale]
    if args.json:
        print(json.dumps([asdict(each) for each in scales]))
        return 0
    _print(scale_table(scales))
    return 0


def _console() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _print(*parts: Any) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for part in parts:
        console.print(part, markup=False, soft_wrap=isinstance(part, str))


def _say(sentence: str) -> None:
    print(f"footnote: {sentence}", file=sys.stderr)
