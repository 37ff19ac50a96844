"""The command line. Everything heavy is imported in the command that needs it."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from index.errors import FootnoteError
from ui import cli_bench, cli_check, cli_eval, cli_gold, cli_models, leaving
from ui.environment import set_proxies_aside

DEFAULT_LIBRARY = Path(".footnote")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for an interruption by Ctrl-C or SIGTERM, or 2 for bad input.

    A chat that is being served ends with 0, as that is how it is stopped.
    """
    if arguments is not None:
        return _run(arguments)
    leaving.heed_termination()
    return leaving.leave(_run(None))


def _run(arguments: list[str] | None) -> int:
    args = _parser().parse_args(arguments)
    set_proxies_aside()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        return int(args.run(args))
    except FootnoteError as error:
        print(f"footnote: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("footnote: stopped; what was stored so far is kept.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    finally:
        if worker := sys.modules.get("index.worker"):
            worker.stop_workers()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footnote", description="Answers questions about your documents, each with a footnote to its source."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    index = command("index", _index, "add, refresh or remove documents")
    index.add_argument("paths", nargs="+", metavar="PATH", help="a file or a folder; one that is gone is removed")
    index.add_argument("--watch", action="store_true", help="go on, and index again whenever a file changes")
    index.add_argument(
        "--precision",
        choices=["float32", "bfloat16"],
        help="of the arithmetic that embeds passages: bfloat16 is faster where the processor has it, and rounds "
        "(default: the library's, float32 for a new one)",
    )
    cli_models.add_embedder(index)
    _add_library(index)
    _add_json(index)

    ask = command("ask", _ask, "answer one question")
    ask.add_argument("question", metavar="QUESTION")
    _add_sources(ask)
    cli_models.add_models(ask)
    _add_json(ask)

    chat = command("chat", _chat, "index, then chat in the browser")
    chat.add_argument("paths", nargs="*", metavar="PATH", help="files or folders to index first")
    _add_library(chat)
    cli_models.add_models(chat)
    chat.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    chat.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name by which browsers may call this server, such as that of a proxy; may be repeated",
    )
    chat.add_argument(
        "--behind-proxy",
        action="store_true",
        help="a proxy on this machine says in X-Forwarded-For whom each request is from",
    )
    chat.add_argument("--port", type=int, default=7860, help="port to listen on (default: %(default)s)")
    chat.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    chat.add_argument(
        "--auth", type=Path, metavar="FILE", help="ask for a name and password of this file; see python -m ui.auth"
    )

    evaluate = command("eval", cli_eval.run, "score answers against a gold set")
    _add_sources(evaluate)
    _add_json(evaluate)
    cli_eval.add_options(evaluate)
    cli_models.add_models(evaluate)

    gold = commands.add_parser("gold", help="drafts of gold sets", description="Drafts of gold sets.")
    drafting = gold.add_subparsers(required=True, metavar="COMMAND").add_parser("draft", help=cli_gold.DRAFT)
    drafting.set_defaults(run=cli_gold.draft)
    cli_gold.add_options(drafting)

    export = command("export-gold", cli_gold.export, cli_gold.EXPORT)
    _add_library(export)
    export.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")

    bench = command("bench", cli_bench.run, cli_bench.BENCH)
    cli_bench.add_options(bench)
    cli_models.add_models(bench)
    _add_json(bench)

    check = command("check", cli_check.run, cli_check.CHECK)
    _add_library(check)
    _add_json(check)
    cli_check.add_options(check)

    text = command("text", _text, "print the text that citation offsets count in")
    text.add_argument("path", type=Path, metavar="PATH")
    return parser


def _add_library(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--library",
        type=Path,
        default=DEFAULT_LIBRARY,
        metavar="DIR",
        help="the library's folder (default: %(default)s)",
    )


def _add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    _add_library(group)
    group.add_argument("--docs", nargs="+", metavar="PATH", help="answer from these files, without a library")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON alone on standard output")


def _index(args: argparse.Namespace) -> int:
    from ui.assemble import open_library, say, update, watch
    from ui.render import summary_json, summary_line

    library = open_library(args.library, create=True, precision=args.precision, embedder=args.embedder)
    failed = False
    for summary in watch(library, args.paths) if args.watch else [update(library, args.paths)]:
        counts = len(library.documents()), library.passage_count()
        line = json.dumps(summary_json(summary, *counts)) if args.json else summary_line(summary, *counts)
        print(line, flush=True)
        failed = bool(summary.failures) or summary.read_nothing
        if summary.read_nothing and not (summary.failures or summary.warnings):
            say(f"found nothing to read in {', '.join(map(repr, args.paths))}; name a file or a folder of documents.")
    return 2 if failed else 0


def _ask(args: argparse.Namespace) -> int:
    from rag.assistant import clean
    from ui.assemble import open_assistant, sources
    from ui.render import answer_json, answer_terminal

    question = clean(args.question)
    cli_models.require_reader(args.reader)
    with sources(args.library, args.docs, args.embedder) as library:
        answer = open_assistant(library, args.reader).answer(question)
    if args.json:
        print(json.dumps(answer_json(answer), ensure_ascii=False))
    else:
        from rich.console import Console

        Console(highlight=False, soft_wrap=True).print(answer_terminal(answer), end="")
    return 0


def _chat(args: argparse.Namespace) -> int:
    from ui.address import own_names, require_free_port, warn_if_open
    from ui.assemble import open_assistant, open_library, suggesting, update
    from ui.auth import load_users
    from ui.scratch import private_folder, warn_if_writable

    users = load_users(args.auth) if args.auth else None
    own_names(args.host, args.allow_host)
    require_free_port(args.host, args.port)
    warn_if_open(args.host, users)
    cli_models.require_reader(args.reader)
    library = open_library(args.library, create=True, embedder=args.embedder)
    warn_if_writable(args.library)
    update(library, args.paths)
    assistant = open_assistant(library, args.reader)
    with private_folder(args.library):
        from ui.line import Line
        from ui.serve import serve
        from ui.server import chat  # with Gradio, which takes two seconds

        line, suggest = Line(), suggesting(library, assistant.answer)
        app = chat(library, assistant.stream, suggest, args.host, users, args.allow_host, line)
        opens = not args.no_browser
        serve(app, args.host, args.port, open_browser=opens, line=line, behind_proxy=args.behind_proxy)
    return 0


def _text(args: argparse.Namespace) -> int:
    from index.loaders import read
    from index.worker import load_document

    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    name = str(args.path)
    sys.stdout.write(load_document(read(args.path, name), name).text)
    return 0
