"""BEIR folders: queries judged against whole documents, which score retrieval alone (Thakur et al. 2021).

Knows nothing of answers, nor of how documents are searched.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eval.inputs import ACCEPTED
from eval.lines import as_id, filled, parse_object, read_text, require_new, require_sound, sound
from eval.metrics import MORE, SCORES, Outcomes, Score, score_all
from eval.scores import Scores
from index.errors import GoldError
from index.types import Document, Hit, digest

DEPTH = 10  # documents that the scores look at
RETRIEVAL = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10")
"""The scores of `eval.metrics.SCORES` that rankings have; the others are of answers."""
BESIDE = ("evidence_recall", "retrieve_p50_ms", "retrieve_p95_ms")
"""Those of `eval.metrics.MORE`; the first is recall@10."""

_Entry = TypeVar("_Entry")

_GAIN = 1 / np.log2(np.arange(2, DEPTH + 2))


@dataclass(frozen=True)
class Query:
    """A question, and how relevant the judged documents are; 0 or less is not at all."""

    id: str
    text: str
    grades: Mapping[str, int]


@dataclass(frozen=True)
class Beir:
    """The documents, each under its id, and the judged queries."""

    documents: tuple[Document, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class Ranking:
    """A query's first ten documents, best first, and all that it was judged by: a line of questions.jsonl."""

    id: str
    question: str
    found: tuple[str, ...]
    grades: Mapping[str, int]
    retrieve_ms: float

    @property
    def gains(self) -> list[int]:
        """How relevant each document found is, 0 or more."""
        return [max(self.grades.get(document, 0), 0) for document in self.found]

    @property
    def ideal(self) -> list[int]:
        """How relevant the relevant documents are, best first."""
        return sorted((grade for grade in self.grades.values() if grade > 0), reverse=True)


def load_beir(folder: Path) -> Beir:
    """Read corpus.jsonl, queries.jsonl and the test split's judgements. Queries without a judgement are left out.

    A judged document that the corpus lacks is one that is never found. Raises GoldError, naming malformed lines.
    """
    missing = [name for name in ("corpus.jsonl", "queries.jsonl") if not (folder / name).is_file()]
    if missing:
        raise GoldError(f"The folder {str(folder)!r} has no {' and no '.join(missing)}; {ACCEPTED}.")
    judgements = _judgements(folder)
    documents = tuple(_entries(folder / "corpus.jsonl", _document).values())
    texts = _entries(folder / "queries.jsonl", _text)
    grades = _grades(read_text(judgements), judgements.name, texts)
    queries = tuple(Query(query, texts[query], judged) for query, judged in grades.items())
    if not queries:
        raise GoldError(f"The judgements {str(judgements)!r} hold none.")
    if not {document.path for document in documents} & {document for query in queries for document in query.grades}:
        raise GoldError(f"No document that {judgements.name} judges is in {str(folder / 'corpus.jsonl')!r}.")
    return Beir(documents, queries)


def run_retrieval(
    beir: Beir,
    search: Callable[[str], Sequence[Hit]],
    progress: Callable[[float, int], None] = lambda share, done: None,
) -> Iterator[Ranking]:
    """Search for every query. A document's rank is that of its first passage.

    `search` should give passages enough, say a hundred, to be of ten documents.
    """
    for number, query in enumerate(beir.queries, start=1):
        began = perf_counter()
        hits = search(query.text)
        milliseconds = 1000 * (perf_counter() - began)
        found = dict.fromkeys(hit.passage.document for hit in hits)
        progress(number / len(beir.queries), number)
        yield Ranking(query.id, query.text, tuple(found)[:DEPTH], query.grades, milliseconds)


def outcomes(rankings: Sequence[Ranking]) -> Outcomes:
    """Rankings as the columns that the retrieval scores are computed from, as trec_eval does; the rest is nothing.

    A query counts even where no judged document is relevant, and nDCG's gain is the grade.
    """
    nothing = np.zeros(len(rankings))
    return Outcomes(
        answerable=np.ones(len(rankings), dtype=bool),
        answered=np.zeros(len(rankings), dtype=bool),
        confidence=nothing,
        em=nothing,
        f1=nothing,
        rank=np.array([next((n for n, gain in enumerate(r.gains, start=1) if gain), np.inf) for r in rankings]),
        dcg=_dcg(r.gains for r in rankings),
        ideal_dcg=_dcg(r.ideal for r in rankings),
        recall=np.array([np.count_nonzero(r.gains) / max(len(r.ideal), 1) for r in rankings]),
        verbatim=nothing,
        supported=nothing,
        retrieve_ms=np.array([r.retrieve_ms for r in rankings]),
        read_ms=nothing,
    )


def score(rankings: Sequence[Ranking]) -> Scores:
    """The retrieval scores with their intervals; all others NaN."""
    found = score_all(outcomes(rankings), scores={name: {**SCORES, **MORE}[name] for name in (*RETRIEVAL, *BESIDE)})
    unknown = Score(math.nan, math.nan, math.nan)
    known = {name: found.get(name, unknown) for name in (*SCORES, *MORE)}
    return Scores(
        len(rankings), {name: known[name] for name in SCORES}, {name: known[name] for name in MORE}, groups={}, kinds={}
    )


def _dcg(gains: Iterator[list[int]]) -> NDArray[np.float64]:
    return np.array([float(_GAIN[: len(some)] @ np.array(some[:DEPTH], dtype=float)) for some in gains])


def _judgements(folder: Path) -> Path:
    splits = sorted((folder / "qrels").glob("*.tsv"))
    alone = [folder / "qrels.tsv"] if (folder / "qrels.tsv").is_file() else []
    if chosen := [path for path in splits if path.name == "test.tsv"]:
        return chosen[0]
    if len(found := splits + alone) == 1:
        return found[0]
    named = ", ".join(path.relative_to(folder).as_posix() for path in found)
    raise GoldError(
        f"The folder {str(folder)!r} has {f'the judgements {named} and no' if found else 'no judgements'} "
        "qrels/test.tsv; name the file to score by that."
    )


def _entries(path: Path, read: Callable[[str, dict[str, Any]], _Entry]) -> dict[str, _Entry]:
    """What stands on each line of a JSON Lines file, by its id."""

    def entry(line: str) -> tuple[str, _Entry]:
        raw = parse_object(line)
        if "_id" not in raw:
            raise ValueError("it has no _id")
        return as_id(raw["_id"]), read(line, raw)

    problems: list[str] = []
    seen: dict[str, int] = {}
    entries = {
        identity: found
        for number, (identity, found) in sound(filled(read_text(path)), entry, problems)
        if require_new(identity, number, seen, problems)
    }
    require_sound(problems, f'{path.name} is not lines {{"_id", "text"}} of a BEIR folder')
    return entries


def _document(line: str, raw: dict[str, Any]) -> Document:
    """The title, if any, above the text. The hash is that of the line, so that no two documents are the same one."""
    title = "" if raw.get("title") is None else raw["title"]
    if not isinstance(title, str):
        raise ValueError("its title is not a string")
    text = "\n\n".join(part for part in (title.strip(), _text(line, raw)) if part)
    return Document(as_id(raw["_id"]), text, digest(line.encode()))


def _text(_: str, raw: dict[str, Any]) -> str:
    if not isinstance(raw.get("text"), str):
        raise ValueError("its text is not a string" if "text" in raw else "it has no text")
    return str(raw["text"])


def _grades(source: str, name: str, queries: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """By query, the grades of its judged documents. The first line may name the columns."""

    def judgement(line: str) -> tuple[str, str, int]:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 3:
            raise ValueError("it is not three cells parted by tabs")
        if cells[0] not in queries:
            raise ValueError(f"queries.jsonl has no query {cells[0]!r}")
        if not re.fullmatch("-?[0-9]{1,9}", cells[2]):
            raise ValueError(f"its score {cells[2]!r} is not a whole number")
        return cells[0], cells[1], int(cells[2])

    rows = list(filled(source))
    if rows and re.fullmatch(r"query[-_ ]?id\t.*", rows[0][1].strip(), re.IGNORECASE):
        rows = rows[1:]
    problems: list[str] = []
    grades: dict[str, dict[str, int]] = {}
    for number, (query, document, grade) in sound(rows, judgement, problems):
        if grades.setdefault(query, {}).setdefault(document, grade) != grade:
            problems.append(f"line {number}: it judges {document!r} otherwise than a line before")
    require_sound(problems, f"{name} is not lines of query-id, corpus-id and score parted by tabs")
    return grades
