import json
import random
from pathlib import Path

import pytest

from rag.squad import Paragraph, Question
from rag.training import mix as rules
from rag.training.examples import Example
from rag.training.mix import mix, retrieved, verified

TOWNS = ("Cobh", "Youghal", "Ardmore", "Kinsale", "Bantry", "Schull", "Dingle", "Kenmare")


def squad(path: Path, towns: tuple[str, ...], unanswerable: bool = False) -> None:
    def paragraph(town: str) -> dict[str, object]:
        context = f"{town} is a town by the sea. Its mayor is Mr {town}son. The harbour is deep."
        answer = {"answer_start": context.index("Mr"), "text": f"Mr {town}son"}
        qas: list[dict[str, object]] = [{"id": town, "question": f"Who is the mayor of {town}?", "answers": [answer]}]
        if unanswerable:
            qas.append({"id": f"{town}-", "question": f"Who sank {town}?", "answers": [], "is_impossible": True})
        return {"context": context, "qas": qas}

    data = [{"title": "Towns_of_Munster", "paragraphs": [paragraph(town) for town in towns]}]
    path.write_text(json.dumps({"data": data}), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    squad(tmp_path / "wiki.train.json", TOWNS[:4])
    squad(tmp_path / "squad_train.train.json", TOWNS[4:], unanswerable=True)
    rows = [
        {"question": "is it wet", "passage": "It is wet." + "!" * 5000, "label": "yes"},
        {"claim": "It is dry.", "passage": "It is wet.", "label": "refuted"},
        {"claim": "It is old.", "passage": "It is wet.", "label": "not_mentioned"},
        {"claim": "It is old.", "passage": "It is wet.", "label": "partially_supported"},
    ]
    for name in rules.VERIFIED:
        text = "\n".join(map(json.dumps, rows)) if name == "boolq" else ""
        (tmp_path / f"verify_{name}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.integration
def test_a_round_has_answers_that_are_exact_and_questions_without(data: Path) -> None:
    made = mix(data, random.Random(1), {"wiki": 20, "squad_train": 20})
    answered = [example for example in made if example.answer]
    assert len(answered) == 20 * len(TOWNS)
    for example in answered:
        assert example.answer
        assert example.context[slice(*example.answer)].startswith("Mr ")
    lacking = [example for example in made if not example.answer and not example.verdict]
    assert 0.3 < len(lacking) / len(made) < 0.7
    assert any("sank" in example.question for example in lacking), "those that people wrote"
    assert any(example.context.startswith("Towns of Munster\n") for example in made)


@pytest.mark.integration
@pytest.mark.parametrize("part", rules.PARTS)
def test_a_part_can_be_left_out(data: Path, part: str) -> None:
    shares = {"wiki": 2.0, "squad_train": 2.0}
    if part in ("people", "searches"):
        name = min(rules.PARTS[part])
        squad(data / f"{name}.train.json", ("Tralee",))
        shares[name] = 2.0
    whole, made = (mix(data, random.Random(1), shares, without) for without in ("", part))
    lacking = [example for example in made if not example.answer and not example.verdict]
    if part == "negatives":
        assert all("sank" in example.question for example in lacking)
    elif part == "wording":
        assert {e.question for e in made if e.answer} == {f"Who is the mayor of {name}?" for name in TOWNS}
    else:
        assert any("Tralee" in example.context for example in whole)
        assert not any("Tralee" in example.context for example in made)


def test_passages_that_retrieval_would_bring_lack_the_answer() -> None:
    pool = [Paragraph("Towns", f"{town} is a town. Its mayor is Mr {town}son.", ()) for town in TOWNS]
    question = Question("1", "Who is mayor of the town Cobh?", ((0, "Mr Cobhson"),))
    made = retrieved([question] * 40, pool, random.Random(1))
    assert len(made) == 40
    assert all(example.answer is None and "Cobh" not in example.context for example in made)
    assert retrieved([question], pool[:1], random.Random(1)) == []


def test_verdicts_are_yes_no_or_neither(data: Path) -> None:
    made = verified(data, random.Random(1))
    own = {(example.question, example.verdict) for example in made}
    assert {("is it wet", "yes"), ("It is dry.", "no"), ("It is old.", "neither")} <= own
    assert {verdict for _, verdict in own} == {"yes", "no", "neither"}
    assert max(len(example.context) for example in made) == rules.LONGEST


def test_the_seed_decides() -> None:
    pool = [Paragraph("Towns", f"{town} is a town.", ()) for town in TOWNS]
    question = Question("1", "Which town is old?", ((0, "Rome"),))
    assert [retrieved([question], pool, random.Random(seed)) for seed in (1, 1)] == [
        retrieved([question], pool, random.Random(1))
    ] * 2
    assert isinstance(retrieved([question], pool, random.Random(2))[0], Example)
