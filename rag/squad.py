"""SQuAD's file format and its two answer scores (Rajpurkar et al. 2016, 2018). Knows nothing of models."""

import json
import re
import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import GoldError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Paragraph:
    """A context and the questions asked of it."""

    article: str
    context: str
    questions: "tuple[Question, ...]"


@dataclass(frozen=True)
class Question:
    """`answers` are (start, text) with `context[start:start + len(text)] == text`; none when unanswerable."""

    id: str
    text: str
    answers: tuple[tuple[int, str], ...]


def is_squad(raw: object) -> bool:
    """Whether parsed JSON has the outline of a SQuAD file."""
    return isinstance(raw, dict) and isinstance(raw.get("data"), list)


def parse_squad(raw: dict[str, Any], name: str) -> list[Paragraph]:
    """The paragraphs of a SQuAD v1.1 or v2.0 file. Raises GoldError where the format does not hold."""
    try:
        articles: list[dict[str, Any]] = raw["data"]
        return [
            _paragraph(str(article.get("title", f"article {number}")), paragraph, name)
            for number, article in enumerate(articles, start=1)
            for paragraph in article["paragraphs"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise GoldError(
            f"{name} is not SQuAD JSON (data → paragraphs → context, qas → question, answers): "
            f"{type(error).__name__} {error}."
        ) from error


def _paragraph(article: str, raw: dict[str, Any], name: str) -> Paragraph:
    context = str(raw["context"])
    questions = tuple(_question(qa, context, name) for qa in raw["qas"])
    return Paragraph(article, context, questions)


def _question(raw: dict[str, Any], context: str, name: str) -> Question:
    answers = []
    for answer in [] if raw.get("is_impossible") else raw["answers"]:
        start, text = int(answer["answer_start"]), str(answer["text"])
        if context[start : start + len(text)] != text:
            raise GoldError(
                f"{name}, question {raw['id']}: answer “{text}” is not at character {start} of its context."
            )
        answers.append((start, text))
    return Question(str(raw["id"]), str(raw["question"]), tuple(answers))


def load_squad(path: Path) -> list[Paragraph]:
    """Read a SQuAD file from disk."""
    return parse_squad(json.loads(path.read_text(encoding="utf-8")), path.name)


def normalize(text: str) -> str:
    """Lower case, no punctuation, no English articles, single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(prediction: str, answers: Iterable[str]) -> float:
    """1.0 when the prediction equals an accepted answer after normalisation."""
    return float(any(normalize(prediction) == normalize(answer) for answer in answers))


def token_f1(prediction: str, answers: Iterable[str]) -> float:
    """Best harmonic mean of token precision and recall over the accepted answers, 0..1."""
    return max((_token_f1(normalize(prediction).split(), normalize(answer).split()) for answer in answers), default=0.0)


def _token_f1(prediction: list[str], answer: list[str]) -> float:
    if not prediction or not answer:
        return float(prediction == answer)
    common = sum((Counter(prediction) & Counter(answer)).values())
    return 2 * common / (len(prediction) + len(answer))
