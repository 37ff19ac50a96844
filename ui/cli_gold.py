"""The command line of gold sets' drafts. Everything heavy is imported where it is needed."""

import argparse
import sys
from pathlib import Path

from index.errors import FootnoteError

DRAFT = "print a gold set's draft: questions made from the documents, to look through"
EXPORT = "print a gold set's draft: what people said of answers in the chat"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `footnote gold draft` takes."""
    parser.add_argument("docs", nargs="+", metavar="PATH", help="files or folders to make questions of")
    parser.add_argument("--count", type=int, default=60, help="how many questions at most (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")


def draft(args: argparse.Namespace) -> int:
    """Make a draft from documents; the exit code."""
    from eval.drafts import draft, lines
    from ui.assemble import open_assistant, progress_bar, sources

    if args.count < 1:
        raise FootnoteError(f"--count must be 1 or more; found {args.count}.")
    with sources(Path(), args.docs) as library:
        assistant = open_assistant(library)
        with progress_bar("Making questions", "questions") as report:
            drafts = draft(library.passages(), assistant.answer, args.count, lambda share, n: report("", share, n))
    _put(lines(drafts), args.out)
    _tell(args.out, len(drafts))
    return 0


def export(args: argparse.Namespace) -> int:
    """Make a draft of the verdicts in a library; the exit code."""
    from eval.feedback import draft
    from ui.assemble import open_library

    found = draft(open_library(args.library))
    _put(found.lines, args.out)
    _tell(args.out, len(found.items))
    if found.left_out:
        print(
            f"footnote: {len(found.left_out)} left out, whose answers were wrong and never corrected.", file=sys.stderr
        )
    return 0


def _put(text: str, out: Path | None) -> None:
    """Write to a file, or else to standard output."""
    if out is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise FootnoteError(f"{str(out)!r} cannot be written: {error.strerror or error}.") from error


def _tell(out: Path | None, questions: int) -> None:
    if out:
        print(f"footnote: {out} holds {questions} questions to look through.", file=sys.stderr)
