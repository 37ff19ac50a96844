import json
from pathlib import Path

from rag.squad import parse_squad
from rag.training.pool import SETS, pooled


def test_every_paragraph_is_there_and_the_questions_of_one_set(tmp_path: Path) -> None:
    for name in SETS:
        answer = {"text": "is", "answer_start": len(name) + 1}
        question = {"id": name, "question": "What?", "answers": [answer]}
        paragraph = {"context": f"{name} is a set.", "qas": [question]}
        article = {"title": name.partition(".")[0], "paragraphs": [paragraph]}
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": [article]}))
    paragraphs = parse_squad(pooled(tmp_path, "reddit.dev"), "pool")
    assert [paragraph.context for paragraph in paragraphs] == [f"{name} is a set." for name in SETS]
    assert [question.id for paragraph in paragraphs for question in paragraph.questions] == ["reddit.dev"]
    assert {paragraph.article for paragraph in paragraphs} == {"wiki", "reddit", "amazon"}
