"""BEIR folders, and rankings of documents against the field's reference implementation."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, R, Success, nDCG

from eval.beir import BESIDE, RETRIEVAL, Beir, Query, Ranking, load_beir, outcomes, run_retrieval, score
from eval.metrics import MORE, SCORES
from eval.report import all_json, as_json
from index.errors import GoldError
from index.library import Library
from index.types import Hit, Passage
from rag.retrieve import retrieve

HEAD = "query-id\tcorpus-id\tscore\n"
CORPUS = [
    {"_id": "1", "title": "Ferries", "text": "The ferry to Rathlin leaves Ballycastle.", "metadata": {}},
    {"_id": "2", "title": "", "text": "The harbour at Cobh is deep."},
    {"_id": "a/3", "text": "The harbour at Cobh is deep."},
    {"_id": 4, "title": None, "text": ""},
]
QUERIES = [{"_id": "q1", "text": "Where does the ferry leave?"}, {"_id": "q2", "text": "Which harbour is deep?"}]


def folder(path: Path, corpus: Sequence[object], queries: Sequence[object], **qrels: str) -> Path:
    (path / "qrels").mkdir()
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        (path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, rows in qrels.items():
        (path / "qrels" / f"{name}.tsv").write_text(rows, encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(GoldError) as caught:
        load_beir(path)
    return str(caught.value)


def test_a_folder_is_read(tmp_path: Path) -> None:
    beir = load_beir(folder(tmp_path, CORPUS, QUERIES, test=HEAD + "q2\t2\t2\nq2\ta/3\t1\nq2\tgone\t1\nq2\t4\t-1\n"))
    assert [(document.path, document.text) for document in beir.documents] == [
        ("1", "Ferries\n\nThe ferry to Rathlin leaves Ballycastle."),
        ("2", "The harbour at Cobh is deep."),
        ("a/3", "The harbour at Cobh is deep."),
        ("4", ""),
    ]
    grades = {"2": 2, "a/3": 1, "gone": 1, "4": -1}
    assert beir.queries == (Query("q2", "Which harbour is deep?", grades),), "q1 is not judged"


def test_the_judgements_of_the_test_split(tmp_path: Path) -> None:
    path = folder(tmp_path, CORPUS, QUERIES)
    assert "has no judgements qrels/test.tsv;" in complaint(path)
    (path / "qrels.tsv").write_text("q1\t1\t1\n")
    assert load_beir(path).queries[0].grades == {"1": 1}, "the only ones, without a first line of names"
    (path / "qrels" / "dev.tsv").write_text(HEAD + "q1\t2\t1\n")
    assert "has the judgements qrels/dev.tsv, qrels.tsv and no qrels/test.tsv; name the file" in complaint(path)
    (path / "qrels" / "test.tsv").write_text(HEAD + "q2\t2\t1\n")
    assert load_beir(path).queries[0].id == "q2"


def test_what_is_malformed_is_named(tmp_path: Path) -> None:
    rows = ["q1\t1\t1", "q1 1 1", "", "q3\t1\t1", "q1\t2\t1.5", "q1\t1\t0", "q1\t1\t1"]
    path = folder(tmp_path, CORPUS, QUERIES, test=HEAD + "\n".join(rows))
    assert complaint(path) == (
        "test.tsv is not lines of query-id, corpus-id and score parted by tabs: "
        "line 3: it is not three cells parted by tabs; "
        "line 5: queries.jsonl has no query 'q3'; line 6: its score '1.5' is not a whole number; "
        "line 7: it judges '1' otherwise than a line before."
    )
    bad = [*CORPUS, {"_id": "1", "text": ""}, "{", {"_id": "5"}, {"text": ""}, {"_id": "6", "text": 1}, "[]"]
    bad += [{"_id": "7", "text": "", "title": []}, {"_id": "8", "text": "\ud800"}, {"_id": None, "text": ""}]
    (path / "corpus.jsonl").write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in bad))
    said = complaint(path)
    assert said.startswith('corpus.jsonl is not lines {"_id", "text"} of a BEIR folder: line 5: its id \'1\' is that')
    assert re.findall(r"line (\d+): ", said) == ["5", "6", "7", "8", "9", "10", "11", "12", "13"]


def test_what_does_not_go_together(tmp_path: Path) -> None:
    assert re.search("has no corpus.jsonl and no queries.jsonl; a gold set is JSON Lines .*BEIR", complaint(tmp_path))
    path = folder(tmp_path, CORPUS, QUERIES, test=HEAD + "q1\tnone\t1\n")
    assert "No document that test.tsv judges is in" in complaint(path)
    (path / "qrels" / "test.tsv").write_text(HEAD)
    assert complaint(path).endswith("hold none.")


def hits(documents: Sequence[str]) -> list[Hit]:
    return [Hit(Passage(document, n, n + 1, "x"), 1 / (n + 1)) for n, document in enumerate(documents)]


def test_scores_equal_ir_measures() -> None:
    rng = np.random.default_rng(7)
    names = [f"d{n}" for n in range(40)]
    queries, found = [], {}
    for number in range(60):
        judged = rng.choice(names, size=rng.integers(1, 25), replace=False)
        queries.append(Query(f"q{number:02}", f"Q{number}?", {str(d): int(rng.integers(-1, 4)) for d in judged}))
        found[f"Q{number}?"] = [str(name) for name in rng.choice(names, size=rng.integers(0, 60))]  # passages
    queries.append(Query("none", "None?", {"d1": 0, "d2": -1}))
    found["None?"] = ["d1"]
    rankings = list(run_retrieval(Beir((), tuple(queries)), lambda question: hits(found[question])))
    measures = {
        "hit@1": Success @ 1,
        "hit@5": Success @ 5,
        "hit@10": Success @ 10,
        "mrr@10": RR @ 10,
        "ndcg@10": nDCG @ 10,
        "evidence_recall": R @ 10,
    }
    judgements = [ir_measures.Qrel(query.id, d, grade) for query in queries for d, grade in query.grades.items()]
    run = [
        ir_measures.ScoredDoc(query.id, document, -float(rank))
        for query in queries
        for rank, document in enumerate(dict.fromkeys(found[query.text]))
    ]
    reference = ir_measures.calc_aggregate(list(measures.values()), judgements, run)
    for name, measure in measures.items():
        assert {**SCORES, **MORE}[name](outcomes(rankings)) == pytest.approx(reference[measure], abs=1e-9), name


def test_a_document_stands_where_its_first_passage_does() -> None:
    told: list[tuple[float, int]] = []
    beir = Beir((), (Query("q", "?", {"b": 2, "c": 1}), Query("r", "??", {"a": 1})))
    found = {"?": ["a", "a", "b", "a", "c", "b"], "??": [f"d{n}" for n in range(10)] + ["a"]}
    first, second = run_retrieval(beir, lambda question: hits(found[question]), lambda *done: told.append(done))
    assert first.found == ("a", "b", "c")
    assert first.gains == [0, 2, 1]
    assert (len(second.found), sum(second.gains)) == (10, 0), "found, but after ten others"
    assert told == [(0.5, 1), (1.0, 2)]


def test_scores_of_answers_are_null() -> None:
    scores = score([Ranking("q", "?", ("a", "b"), {"b": 2}, 5.0), Ranking("r", "?", ("a",), {"a": 1}, 7.0)])
    assert scores.scores["mrr@10"].value == 0.75
    assert scores.more["retrieve_p50_ms"].value == 6.0
    printed = as_json(scores.scores, scores.n)
    assert printed["n"] == 2
    assert isinstance(printed["scores"], dict)
    assert list(printed["scores"]) == list(SCORES)
    told = {name for name, values in printed["scores"].items() if values["value"] is not None}
    assert told == set(RETRIEVAL)
    assert {name for name, each in scores.more.items() if not math.isnan(each.value)} == set(BESIDE)
    assert json.loads(json.dumps(all_json(scores), allow_nan=False))["n"] == 2


def test_a_ranking_is_read_back_the_same() -> None:
    ranking = Ranking("q", "?", ("a", "b"), {"b": 2}, 5.0)
    line = json.loads(json.dumps(asdict(ranking)))
    assert Ranking(**{**line, "found": tuple(line["found"])}) == ranking


def test_every_document_is_searched_even_those_of_one_text(tmp_path: Path, library: Library) -> None:
    beir = load_beir(folder(tmp_path, CORPUS, QUERIES, test=HEAD + "q1\t1\t1\nq2\t2\t1\nq2\ta/3\t1\n"))
    library.add(beir.documents)
    ferry, harbour = run_retrieval(beir, partial(retrieve, library, k=100))
    assert ferry.found[0] == "1"
    assert harbour.found == ("2", "a/3", "1")


def test_thousands_of_documents(tmp_path: Path, library: Library) -> None:
    corpus = [{"_id": f"{n}", "title": f"Ship {n}", "text": f"It carries number{n} and coal."} for n in range(5500)]
    queries = [{"_id": f"q{n}", "text": f"Which ship carries number{n}?"} for n in range(0, 5500, 500)]
    judged = "".join(f"q{n}\t{n}\t1\n" for n in range(0, 5500, 500))
    beir = load_beir(folder(tmp_path, corpus, queries, test=judged))
    library.add(beir.documents)
    assert len(library.documents()) == 5500
    assert score(list(run_retrieval(beir, partial(retrieve, library, k=100)))).scores["hit@10"].value == 1.0
