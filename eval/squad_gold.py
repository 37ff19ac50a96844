"""SQuAD as a gold set. Knows nothing of the format itself, whose home is rag/squad.py."""

from typing import Any

from eval.gold import Evidence, GoldSet, Item
from index.types import Document
from rag.squad import parse_squad


def squad_gold(raw: dict[str, Any], name: str) -> GoldSet:
    """Each article one document, its paragraphs joined by a blank line; the gold paragraph is the evidence.

    Raises GoldError where the format does not hold.
    """
    texts: dict[str, list[str]] = {}
    items = []
    for paragraph in parse_squad(raw, name):
        texts.setdefault(paragraph.article, []).append(paragraph.context)
        evidence = (Evidence(paragraph.article, paragraph.context),)
        items += [
            Item(question.id, question.text, tuple(dict.fromkeys(text for _, text in question.answers)), evidence)
            for question in paragraph.questions
        ]
    documents = tuple(Document.from_text(article, "\n\n".join(parts)) for article, parts in texts.items())
    return GoldSet(tuple(items), documents)
