"""Scoring a system: an answering function that is a lambda, over documents that are a dict."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from eval.gold import Evidence, GoldSet, Item
from eval.metrics import MORE, SCORES, score_all
from eval.records import Record, groups, outcomes
from eval.report import all_json, apart, as_json, by_kind, table, tables
from eval.run import Corpus, run_open, run_reader
from eval.scores import Scores, score
from index.errors import GoldError
from index.types import Hit, Passage
from rag.types import Answer, Citation, Timings, Turn

TEXT = "The tank holds 260 litres. The pump draws 2 kW. It was made in Leeds."
CUTS = [(0, 26), (27, 47), (48, 69)]
PASSAGES = [Passage("a.txt", a, b, TEXT[a:b]) for a, b in CUTS]
CORPUS = Corpus(["a.txt"], {"a.txt": TEXT}.__getitem__, PASSAGES)
GOLD = GoldSet(
    (
        Item("1", "How much does the tank hold?", ("260 litres",), (Evidence("a.txt", TEXT[0:26]),)),
        Item("2", "How much does the pump draw?", ("2 kW",), (Evidence("a.txt", TEXT[27:47]),)),
        Item("3", "Who made it?", ()),
    )
)


def say(question: str, said: str, confidence: float, order: list[int]) -> Answer:
    start = TEXT.index(said)
    a, b = next((a, b) for a, b in CUTS if a <= start < b)
    citation = Citation("a.txt", None, a, b, TEXT[a:b], start, start + len(said))
    hits = tuple(Hit(PASSAGES[i], 1.0 / (1 + rank)) for rank, i in enumerate(order))
    return Answer(question, said, confidence, 0.5, (citation,), hits, Timings(1, 2))


def run() -> list[Record]:
    replies = {
        "How much does the tank hold?": ("260 litres", 0.9, [0, 1, 2]),
        "How much does the pump draw?": ("Leeds", 0.3, [2, 1, 0]),
        "Who made it?": ("Leeds", 0.6, [2, 0, 1]),
    }
    return list(run_open(GOLD, CORPUS, lambda question, history: say(question, *replies[question])))


def rows(shown: Table) -> list[list[str]]:
    """The words of a table's lines, in a terminal of 80 columns."""
    console = Console(width=80, file=StringIO())
    console.print(shown)
    assert isinstance(console.file, StringIO)
    return [line.split() for line in console.file.getvalue().splitlines() if line.split()]


def test_open_mode_by_hand() -> None:
    scores = {name: score.value for name, score in score_all(outcomes(run()), resamples=10).items()}
    assert scores["hit@1"] == 0.5
    assert scores["hit@5"] == 1.0
    assert scores["mrr@10"] == pytest.approx(0.75)
    assert scores["em"] == pytest.approx(1 / 3)
    assert scores["false_answer_rate"] == 1.0
    assert scores["false_refusal_rate"] == 0.5
    assert scores["citation_verbatim"] == 1.0
    assert scores["citation_support"] == 0.5
    assert scores["answerable_auroc"] == 0.5
    assert scores["latency_p50_ms"] == 3.0


def test_a_follow_up_is_asked_with_what_was_answered_before() -> None:
    follow_up, other, third = (
        Item("1.2", "And that?", (), follows=True),
        GOLD.items[1],
        Item("1.3", "So?", (), (), True),
    )
    heard: dict[str, list[Turn]] = {}

    def answer(question: str, history: Sequence[Turn]) -> Answer:
        heard[question] = list(history)
        return say(f"{question}!", "Leeds", 0.9 if question == "How much does the tank hold?" else 0.1, [2])

    results = list(run_open(GoldSet((GOLD.items[0], follow_up, third, other)), CORPUS, answer))
    opening = Turn("How much does the tank hold?!", "Leeds", TEXT[48:69])
    assert heard == {
        "How much does the tank hold?": [],
        "And that?": [opening],
        "So?": [opening, Turn("And that?!", None)],
        "How much does the pump draw?": [],
    }, "understood, answered wrong or not at all"
    assert {name: len(some) for name, some in groups(results).items()} == {"first": 2, "follow-up": 2}
    assert groups(results[-1:]) == {}
    with pytest.raises(GoldError, match=r"Question 1\.2 follows another"):
        list(
            run_reader(
                GoldSet((GOLD.items[0], follow_up)), CORPUS, lambda question, hits: say(question, "Leeds", 0.9, [2])
            )
        )


def test_groups_are_told_apart() -> None:
    results = run()
    scores = score_all(outcomes(results), resamples=10)
    by_group = {"first": (score_all(outcomes(results[:2]), resamples=10), 2)}
    assert set(as_json(scores, 3)) == {"n", "scores"}
    found = as_json(scores, 3, by_group)
    assert {**found, "groups": 0} == {**as_json(scores, 3), "groups": 0}
    assert found["groups"] == {"first": as_json(*by_group["first"])}
    assert rows(apart(by_group))[-1] == ["first", "2", "100.0", "50.0", "50.0", "–", "50.0"]


def test_a_citation_that_is_not_verbatim_is_caught() -> None:
    moved = Corpus(["a.txt"], lambda path: "x" + TEXT, PASSAGES)
    results = list(run_open(GOLD, moved, lambda question, history: say(question, "Leeds", 0.9, [0])))
    assert score_all(outcomes(results), resamples=10)["citation_verbatim"].value == 0.0


def test_reader_mode_gives_the_evidence_alone() -> None:
    given: list[tuple[str, ...]] = []

    def read(question: str, hits: tuple[Hit, ...]) -> Answer:
        given.append(tuple(hit.passage.text for hit in hits))
        return say(question, "2 kW", 0.9, [1])

    list(run_reader(GoldSet(GOLD.items[:2]), CORPUS, read))
    assert given == [(TEXT[0:26],), (TEXT[27:47],)]
    with pytest.raises(GoldError, match="Question 3 has no evidence"):
        list(run_reader(GOLD, CORPUS, read))


def test_reader_mode_answers_every_question_where_all_are_answerable() -> None:
    evidence = (Evidence("a.txt", TEXT),)
    answerable = (Item("1", "How much does the pump draw?", ("2 kW",), evidence),)
    tempting = (Item("2", "Who made it?", (), evidence),)

    def read(question: str, hits: tuple[Hit, ...]) -> Answer:
        return say(question, "2 kW", 0.1, [1])

    def scores(items: tuple[Item, ...]) -> dict[str, float]:
        results = list(run_reader(GoldSet(items), CORPUS, read))
        return {name: score.value for name, score in score_all(outcomes(results), resamples=10).items()}

    assert scores(answerable)["f1"] == 1.0, "SQuAD v1.1"
    both = scores(answerable + tempting)
    assert (both["f1"], both["f1_has"], both["false_answer_rate"], both["best_f1"]) == (0.5, 0.0, 0.0, 0.5), "v2.0"


def test_every_score_is_shown_and_kept() -> None:
    scores = score(run())
    assert (scores.n, list(scores.scores), list(scores.more)) == (3, list(SCORES), list(MORE))
    kept = all_json(scores)
    assert json.loads(json.dumps(kept)) == kept
    assert {name: kept[name] for name in ("n", "scores")} == as_json(scores.scores, 3)
    assert list(kept) == ["n", "scores", "kinds", "more"]
    whole, kinds = tables(scores, "title")
    assert whole.row_count == len(SCORES) + len(MORE)
    assert [row[0] for row in rows(whole)[-whole.row_count :]] == [*SCORES, *MORE], "a line each"
    assert [row[0] for row in rows(kinds)[-2:]] == ["who", "how"]
    assert rows(by_kind(scores.kinds))[-1][1:4] == ["many/much", "2", "50.0"]


def test_a_slow_run_fits_the_terminal_too() -> None:
    slow = [replace(record, retrieve_ms=0.5, read_ms=123_456.7) for record in run()]
    shown = rows(table(score(slow).scores, "title"))
    assert shown[-1] == ["latency_p95_ms", "123457", "ms", "123457", "–", "123457", "95th", "percentile"]


def test_stages_evidence_and_kinds_by_hand() -> None:
    scores: Scores = score(run())
    assert {name: value.value for name, value in scores.more.items()} == {
        "evidence_recall": 1.0,
        "retrieve_p50_ms": 1.0,
        "retrieve_p95_ms": 1.0,
        "read_p50_ms": 2.0,
        "read_p95_ms": 2.0,
    }
    assert {name: (n, by["em"].value) for name, (by, n) in scores.kinds.items()} == {
        "who": (1, 0.0),
        "how many/much": (2, 0.5),
    }


def test_recall_counts_the_evidence_of_questions_that_have_some() -> None:
    both = Item(
        "1", "What holds, and what draws?", ("2 kW",), (Evidence("a.txt", TEXT[0:26]), GOLD.items[1].evidence[0])
    )
    bare = Item("2", "Where was it made?", ("Leeds",))
    found = score(
        list(run_open(GoldSet((both, bare)), CORPUS, lambda question, history: say(question, "2 kW", 0.9, [1])))
    )
    assert found.more["evidence_recall"].value == 0.5


@pytest.mark.parametrize("mode", ["open", "reader"])
def test_a_gold_set_that_does_not_fit_is_told_before_anything_is_asked(mode: str) -> None:
    wrong = GoldSet((*GOLD.items[:2], Item("3", "Who made it?", ("Leeds",), (Evidence("a.txt", "Not there."),))))

    def never(question: str, given: object) -> Answer:
        raise AssertionError("asked")

    with pytest.raises(GoldError, match="Question 3"):
        run_open(wrong, CORPUS, never) if mode == "open" else run_reader(wrong, CORPUS, never)
