"""Gold sets from files of every accepted kind. Knows nothing of how they are scored."""

import json
from pathlib import Path

from eval.gold import GoldSet
from eval.lines import filled, lines_gold, parse, read_text
from eval.squad_gold import squad_gold
from eval.tables import table_gold
from index.errors import GoldError
from index.types import kind
from rag.squad import is_squad

ACCEPTED = (
    "a gold set is JSON Lines with a question or a dialogue a line (.jsonl), a table with the columns question and "
    "answer (.csv, .tsv), SQuAD v1.1 or v2.0 (.json), or a BEIR folder (corpus.jsonl, queries.jsonl, qrels/test.tsv)"
)
_TABLES = (".csv", ".tsv")
_JSON = (".json", ".jsonl", ".ndjson")


def load_gold(path: Path, drafts: bool = False) -> GoldSet:
    """Read JSON Lines, of questions or dialogues, a table, or SQuAD v1.1 / v2.0 JSON.

    Raises GoldError, naming what is malformed, and for drafts unless they are asked for.
    """
    if path.is_dir():
        raise GoldError(f"{str(path)!r} is a folder; {ACCEPTED}.")
    gold = _load(path)
    if not gold.items:
        raise GoldError(f"The gold set {str(path)!r} holds no questions.")
    if not drafts and (unseen := [item.id for item in gold.items if item.draft]):
        raise GoldError(
            f"{len(unseen)} of {len(gold.items)} questions are drafts that nobody has reviewed (first: {unseen[0]}); "
            'look through them and remove their "draft", or score them anyway with --drafts.'
        )
    return gold


def _load(path: Path) -> GoldSet:
    if kind(path.name) in _TABLES:
        return table_gold(read_text(path), path.name)
    named = kind(path.name) in _JSON
    try:
        source = read_text(path)
    except GoldError as error:
        if named or not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        source = ""  # a picture, a spreadsheet …
    if not named and not source.lstrip().startswith("{"):
        raise GoldError(f"{str(path)!r} is none of what is accepted: {ACCEPTED}.")
    return _from_json(source, path)


def _from_json(source: str, path: Path) -> GoldSet:
    """One value that is SQuAD's, or a value a line."""
    try:
        whole = parse(source)
    except ValueError as error:
        if kind(path.name) == ".json" and not _has_lines(source):
            at = f" in line {error.__cause__.lineno}" if isinstance(error.__cause__, json.JSONDecodeError) else ""
            raise GoldError(f"{path.name} is neither SQuAD JSON nor JSON Lines: {error}{at}.") from error
        return lines_gold(source, path.name)
    if is_squad(whole):
        return squad_gold(whole, path.name)
    if "\n" in source.strip():
        raise GoldError(f"{path.name} is JSON, but neither SQuAD's nor with a question a line: {ACCEPTED}.")
    return lines_gold(source, path.name)


def _has_lines(source: str) -> bool:
    """Whether the first line, if there is one, is a value of its own."""
    try:
        parse(next((line for _, line in filled(source)), "{}"))
    except ValueError:
        return False
    return True
