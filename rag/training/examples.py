"""Training examples from SQuAD files: questions with their passage, and with passages that do not answer them."""

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sklearn.feature_extraction.text import TfidfVectorizer

from index.sentences import sentences
from rag.squad import Paragraph, Question

# Capitalised words in a row, or a number, anywhere but at the start of a sentence.
_NAME = re.compile(r"(?<=[\w,;] )(?:[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*|\d+)\b")


Verdict = Literal["", "yes", "no", "neither"]


@dataclass(frozen=True)
class Example:
    """A question and a context; `answer` is a character span of the context, or None for "no answer here".

    With a `verdict` the question or claim is one that the context affirms, denies or leaves open, without a place.
    """

    question: str
    context: str
    answer: tuple[int, int] | None
    verdict: Verdict = ""


def positives(paragraphs: list[Paragraph], repeat: float, rng: random.Random) -> list[Example]:
    """Each question `repeat` times on average, each time with one of its accepted answers, or none if it has none."""
    examples = []
    for paragraph in paragraphs:
        for question in paragraph.questions:
            for _ in range(int(repeat) + (rng.random() < repeat % 1)):
                start, text = rng.choice(question.answers or [(0, "")])
                answer = (start, start + len(text)) if text else None
                examples.append(Example(question.text, paragraph.context, answer))
    return examples


def lacks(context: str, question: Question) -> bool:
    """Whether no accepted answer occurs in the context."""
    lowered = context.lower()
    return not any(text.lower() in lowered for _, text in question.answers)


def negatives(paragraphs: list[Paragraph], share: float, rng: random.Random) -> list[Example]:
    """For `share` of the questions a question and a passage that look made for each other and are not.

    A third each: the question's own passage with the answering sentence taken out; one of the five passages of the
    same article nearest to the question by TF-IDF, without the answer; and the own passage, asked about another name
    or number. Fewer where a question or passage does not lend itself to it.
    """
    picked = [(p, q) for p in paragraphs for q in p.questions if q.answers and rng.random() < share]
    rng.shuffle(picked)
    made = [_without_answer(paragraph, question) for paragraph, question in picked[::3]]
    names = names_by_article(paragraphs)
    made += [renamed(paragraph, question, names[paragraph.article], rng) for paragraph, question in picked[1::3]]
    return [example for example in made if example] + _similar(paragraphs, picked[2::3], rng)


def names_by_article(paragraphs: list[Paragraph]) -> dict[str, list[str]]:
    """Every name and number in the questions of an article, as often as it occurs."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for paragraph in paragraphs:
        names[paragraph.article] += [name for question in paragraph.questions for name in _NAME.findall(question.text)]
    return names


def renamed(paragraph: Paragraph, question: Question, names: list[str], rng: random.Random) -> Example | None:
    """The question with a name or number exchanged for one of the same kind that the passage lacks, None without."""
    asked = list(_NAME.finditer(question.text))
    if not asked:
        return None
    old = rng.choice(asked)
    lowered = (paragraph.context + question.text).lower()
    others = [name for name in names if _kind(name) == _kind(old.group()) and name.lower() not in lowered]
    if not others:
        return None
    text = question.text[: old.start()] + rng.choice(others) + question.text[old.end() :]
    return Example(text, paragraph.context, None)


def cropped(example: Example, characters: int, rng: random.Random) -> Example:
    """The sentences of the answer, or the one most like the question, grown while no longer than `characters`."""
    bounds = _sentences(example.context)
    start, end = example.answer or _tempting(example, bounds)
    touched = [i for i, (a, b) in enumerate(bounds) if a < end and start < b]
    first, last = touched[0], touched[-1]
    while ends := [(f, t) for f, t in ((first - 1, last), (first, last + 1)) if f >= 0 and t < len(bounds)]:
        f, t = rng.choice(ends)
        if bounds[t][1] - bounds[f][0] > characters:
            break
        first, last = f, t
    a, b = bounds[first][0], bounds[last][1]
    answer = example.answer and (example.answer[0] - a, example.answer[1] - a)
    return Example(example.question, example.context[a:b], answer)


def _tempting(example: Example, bounds: list[tuple[int, int]]) -> tuple[int, int]:
    """The sentence that shares most words with the question."""
    words = set(re.findall(r"\w{4,}", example.question.lower()))
    context = example.context.lower()
    return max(bounds, key=lambda bound: len(words.intersection(re.findall(r"\w+", context[slice(*bound)]))))


def _without_answer(paragraph: Paragraph, question: Question) -> Example | None:
    spans = [(start, start + len(text)) for start, text in question.answers]
    kept = [
        paragraph.context[a:b]
        for a, b in _sentences(paragraph.context)
        if not any(a < end and start < b for start, end in spans)
    ]
    context = " ".join(kept)
    return Example(question.text, context, None) if kept and lacks(context, question) else None


@cache  # a paragraph comes many times
def _sentences(context: str) -> list[tuple[int, int]]:
    return sentences(context)


def _kind(name: str) -> tuple[bool, int]:
    """Numbers of as many digits are of one kind, and so are names of as many words."""
    return (True, len(name)) if name[0].isdigit() else (False, len(name.split()))


def _similar(
    paragraphs: list[Paragraph], picked: list[tuple[Paragraph, Question]], rng: random.Random
) -> list[Example]:
    articles = defaultdict(list)
    for paragraph in paragraphs:
        articles[paragraph.article].append(paragraph.context)
    asked = defaultdict(list)
    for paragraph, question in picked:
        asked[paragraph.article].append(question)
    examples = []
    for article, questions in asked.items():
        contexts = articles[article]
        vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit(contexts)
        scores = vectorizer.transform([q.text for q in questions]) @ vectorizer.transform(contexts).T
        for row, question in zip(scores.toarray(), questions, strict=True):
            near = [contexts[i] for i in row.argsort()[::-1][:20] if lacks(contexts[i], question)][:5]
            if near:
                examples.append(Example(question.text, rng.choice(near), None))
    return examples
