"""The command line of the evaluation. Everything heavy is imported where it is needed."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import FootnoteError

if TYPE_CHECKING:
    from eval.compare import Comparison
    from eval.gold import GoldSet
    from eval.manifest import Manifest
    from eval.records import Record
    from eval.scores import Scores
    from ui.examine import Elsewhere, Examination

NOT_GOOD_ENOUGH = 1  # exit code


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `footnote eval` takes besides the documents and --json."""
    parser.add_argument(
        "gold",
        type=Path,
        metavar="GOLD",
        help="JSON Lines, a table (.csv, .tsv), SQuAD v1.1 or v2.0 JSON; or a BEIR folder, to score search alone",
    )
    parser.add_argument(
        "--mode",
        choices=["open", "reader"],
        default="open",
        help="search for passages, or give the gold evidence alone",
    )
    parser.add_argument("--drafts", action="store_true", help="score questions too that are marked as drafts")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep every answer, the scores and a report there")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out that was stopped")
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="DIR",
        help=f"compare with the run kept there; exit with {NOT_GOOD_ENOUGH} where --fail-on fell by more than chance",
    )
    parser.add_argument(
        "--fail-on",
        action="append",
        metavar="SCORE",
        help="a score that --baseline watches (default: f1); may be given several times",
    )
    parser.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="SCORE=VALUE",
        help=f"exit with {NOT_GOOD_ENOUGH} where a score is worse, such as f1=0.7; may be given several times",
    )
    parser.add_argument(
        "--system",
        metavar="URL",
        help="ask another system: one that speaks Footnote's API or OpenAI's (a key: FOOTNOTE_API_KEY)",
    )
    parser.add_argument("--model", metavar="NAME", help="the model to ask of --system (default: its first)")


def run(args: argparse.Namespace) -> int:
    """Ask a gold set, keep what is answered in --out, and print the scores; the exit code."""
    from eval.compare import compare, load_run, shared
    from eval.inputs import load_gold
    from eval.results import earlier
    from eval.verdict import parse_floor, require_tested
    from ui.examine import Models, examination

    _require_sense(args)
    floors = [parse_floor(floor) for floor in args.fail_under]
    watched = list(map(require_tested, args.fail_on or ["f1"]))
    if args.gold.is_dir():
        return _search(args, floors)
    gold = load_gold(args.gold, args.drafts)
    for warning in gold.warnings:
        _say(warning)
    baseline = load_run(args.baseline) if args.baseline else None
    if baseline:
        shared(gold.items, baseline)
    before = earlier(args.out, resume=args.resume) if args.out else None
    models = Models(args.reader, args.embedder)
    with examination(gold, args.library, args.docs, args.mode, _elsewhere(args), models) as asked:
        records = answered(args, gold, asked, before)
    if records is None:
        return 1
    comparison = compare(records, baseline) if baseline else None
    return _judged(scored(args, records, comparison), floors, comparison, watched)


def _require_sense(args: argparse.Namespace) -> None:
    """Raise FootnoteError for options that do not go together."""
    if args.resume and not args.out:
        raise FootnoteError("--resume goes on with a run that was stopped; name its folder with --out.")
    if args.model and not args.system:
        raise FootnoteError("--model names a model of another system; name that with --system.")
    if args.system and args.mode == "reader":
        raise FootnoteError("--system asks a system that searches by itself; leave out --mode reader.")
    if args.system and (own := [option for option, value in _models(args).items() if value]):
        raise FootnoteError(f"--system asks a system that has its own models; leave out {' and '.join(own)}.")
    given = {"--mode reader": args.mode == "reader", "--system": args.system, "--docs": args.docs}
    given |= {"--resume": args.resume, "--baseline": args.baseline, "--reader": args.reader}
    if args.fail_on and not args.baseline:
        raise FootnoteError("--fail-on watches a score against an earlier run; name that with --baseline.")
    if args.gold.is_dir() and (other := [option for option, value in given.items() if value]):
        raise FootnoteError(f"A BEIR folder is searched for its own documents; leave out {' and '.join(other)}.")


def _models(args: argparse.Namespace) -> dict[str, str | None]:
    return {"--reader": args.reader, "--embedder": args.embedder}


def _elsewhere(args: argparse.Namespace) -> "Elsewhere | None":
    from ui.examine import Elsewhere

    return Elsewhere(args.system, args.model, os.environ.get("FOOTNOTE_API_KEY")) if args.system else None


def answered(
    args: argparse.Namespace, gold: "GoldSet", asked: "Examination[Record]", before: "Manifest | None"
) -> "list[Record] | None":
    """Every question's record, without its passages, after those of the run `before`; None where a person stopped it.

    Each is kept in --out as soon as it is there; nothing is written for a gold set that does not fit the documents.
    """
    found: list[Record] = []
    try:
        for record in _records(args, gold, asked, before):
            found.append(record.slim)  # noqa: PERF401 (what is there when a person stops it counts)
    except KeyboardInterrupt:
        if not args.out or not found:
            raise
        _say(
            f"stopped; {len(found):,} of {len(gold.items):,} questions are kept in {str(args.out)!r}. "
            "Run the same command with --resume to go on."
        )
        return None
    return found


def _records(
    args: argparse.Namespace, gold: "GoldSet", asked: "Examination[Record]", before: "Manifest | None"
) -> "Iterator[Record]":
    from eval.results import keep, kept

    if not args.out:
        return asked.ask(())
    now = _manifest(args, asked)
    so_far = kept(args.out, before, now, gold.items) if before else None
    done = so_far.records if so_far else ()
    return chain(done, keep(args.out, now, so_far, asked.ask(done)))


def _manifest(args: argparse.Namespace, asked: "Examination[Any]") -> "Manifest":
    from eval.manifest import manifest

    arguments = {"gold": str(args.gold), "documents": args.docs or str(args.library), "drafts": args.drafts}
    arguments |= {"reader": args.reader, "embedder": args.embedder}
    return manifest(args.gold, asked.documents, asked.passages, asked.models, asked.settings, arguments)


def scored(args: argparse.Namespace, records: "Sequence[Record]", comparison: "Comparison | None" = None) -> "Scores":
    """Print the scores of these records, and how they compare; write them and the report to --out."""
    from rich.console import Console

    from eval.page import write_page
    from eval.results import MANIFEST, REPORT, stored
    from eval.scores import score

    with Console(stderr=True).status("Scoring"):
        scores = score(records)
    unanswerable = sum(not record.answers for record in records)
    title = f"{args.gold.name}: {scores.n} questions, {unanswerable} of them unanswerable, {args.mode} mode"
    _show(args, scores, title, comparison)
    if args.out:
        elsewhere = _elsewhere(args)
        about = {"mode": args.mode, **({"system": elsewhere.address} if elsewhere else {})}
        manifest = json.loads((args.out / MANIFEST).read_text(encoding="utf-8"))
        write_page(args.out / REPORT, args.gold.name, scores, stored(args.out), manifest, about)
    return scores


def _search(args: argparse.Namespace, floors: "Sequence[tuple[str, float]]") -> int:
    """Score retrieval alone, on a BEIR folder."""
    from eval.beir import load_beir, score
    from eval.results import earlier, keep
    from ui.examine import searching

    beir = load_beir(args.gold)
    if args.out:
        earlier(args.out, resume=False)
    with searching(beir, args.embedder) as asked:
        found = asked.ask(())
        rankings = list(keep(args.out, _manifest(args, asked), None, found) if args.out else found)
    scores = score(rankings)
    _show(args, scores, f"{args.gold.name}: {scores.n} queries over {len(beir.documents):,} documents")
    return _judged(scores, floors, None)


def _show(args: argparse.Namespace, scores: "Scores", title: str, comparison: "Comparison | None" = None) -> None:
    from eval.report import all_json, as_json, tables
    from eval.results import finish
    from eval.verdict import comparison_json, comparison_table

    if args.out:
        compared = {"baseline": comparison_json(comparison)} if comparison else {}
        finish(args.out, {**all_json(scores), **compared})
    if args.json:
        print(json.dumps(as_json(scores.scores, scores.n, scores.groups)))
        return
    from rich.console import Console

    for table in (*tables(scores, title), *([comparison_table(comparison)] if comparison else ())):
        Console().print(table)


def _judged(
    scores: "Scores",
    floors: "Sequence[tuple[str, float]]",
    comparison: "Comparison | None",
    watched: Sequence[str] = (),
) -> int:
    """Say what is not good enough; the exit code. Of the differences those of the watched scores count."""
    from eval.verdict import failures, fall, significant_falls

    differences = comparison.differences if comparison else ()
    falls = significant_falls([difference for difference in differences if difference.name in watched])
    bad = [*failures(scores.scores, floors), *map(fall, falls)]
    for sentence in bad:
        _say(sentence)
    return NOT_GOOD_ENOUGH if bad else 0


def _say(sentence: str) -> None:
    print(f"footnote: {sentence}", file=sys.stderr)
