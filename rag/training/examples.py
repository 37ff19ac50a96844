"""Training examples from SQuAD files: questions with their passage, and with passages that do not answer them."""

import random
from collections import defaultdict
from dataclasses import dataclass

from sklearn.feature_extraction.text import TfidfVectorizer

from index.sentences import sentences
from rag.squad import Paragraph, Question


@dataclass(frozen=True)
class Example:
    """A question and a context; `answer` is a character span of the context, or None for "no answer here"."""

    question: str
    context: str
    answer: tuple[int, int] | None


def positives(paragraphs: list[Paragraph], repeat: float, rng: random.Random) -> list[Example]:
    """Each question `repeat` times on average, each time with one of its accepted answers."""
    examples = []
    for paragraph in paragraphs:
        for question in paragraph.questions:
            for _ in range(int(repeat) + (rng.random() < repeat % 1)):
                start, text = rng.choice(question.answers)
                examples.append(Example(question.text, paragraph.context, (start, start + len(text))))
    return examples


def negatives(paragraphs: list[Paragraph], share: float, rng: random.Random) -> list[Example]:
    """For `share` of the questions a passage that looks right and lacks the answer.

    Half are the question's own passage with the answering sentence taken out, half one of the five passages
    of the same article nearest to the question by TF-IDF. No accepted answer occurs in either.
    """
    picked = [(p, q) for p in paragraphs for q in p.questions if rng.random() < share]
    half = len(picked) // 2
    rng.shuffle(picked)
    cut = (_without_answer(paragraph, question) for paragraph, question in picked[:half])
    return [example for example in cut if example] + _similar(paragraphs, picked[half:], rng)


def _lacks(context: str, question: Question) -> bool:
    lowered = context.lower()
    return not any(text.lower() in lowered for _, text in question.answers)


def _without_answer(paragraph: Paragraph, question: Question) -> Example | None:
    spans = [(start, start + len(text)) for start, text in question.answers]
    kept = [
        paragraph.context[a:b]
        for a, b in sentences(paragraph.context)
        if not any(a < end and start < b for start, end in spans)
    ]
    context = " ".join(kept)
    return Example(question.text, context, None) if kept and _lacks(context, question) else None


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
            near = [contexts[i] for i in row.argsort()[::-1][:20] if _lacks(contexts[i], question)][:5]
            if near:
                examples.append(Example(question.text, rng.choice(near), None))
    return examples
