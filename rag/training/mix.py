"""What the reader is trained on: questions of many kinds with their passages, and with passages that do not answer.

Two fifths have no answer: questions that people wrote to look answerable, passages that retrieval would bring, the own
passage without its answer, and the own passage asked about something else.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from rag.squad import Paragraph, Question, load_squad
from rag.training.examples import Example, Verdict, cropped, lacks, negatives, positives
from rag.training.swap import neighbours, swapped
from rag.training.wording import asked

# How often each question of a set is asked in a round; less where passages are few, answers long or questions stiff.
SHARES = {
    "squad_train": 1.0,
    "squad2_unansq": 1.0,
    "squad_sentence": 0.2,
    "nq_qed": 1.5,
    "nq_oracle": 1.0,
    "tydiqa_en": 1.5,
    "clapnq_unans": 1.0,
    "wiki": 1.0,
    "reddit": 0.25,
    "amazon": 0.25,
    "qamr": 0.03,
    "policyqa": 0.15,
    "bioasq": 1.0,
    "multihop_negatives": 0.7,
    "hotpotqa": 0.5,
    "multispanqa": 1.0,
    "contrast_quoref": 0.6,
    "tatqa": 1.5,
    "wikitables": 2.0,
    "doc2dial": 1.5,
    "contractnli_qa": 0.5,
    "qmsum_span": 0.6,
    "techqa": 1.0,
    "onestopqa": 0.2,
    "fairytaleqa": 0.3,
    "friendsqa": 0.15,
    "tweetqa": 0.15,
    "narrativeqa": 0.5,
}
VERIFIED = {"boolq": 1.0, "boolq_contrast": 1.0, "contractnli": 0.3, "fever": 0.2}
LACKING = 0.5  # share of the answerable questions that are also asked of a passage without their answer
WITHIN = 0.12  # share that are asked of their own article, made unanswerable
SWAPPED = 0.25  # share with other names and numbers
TITLED = 0.35  # share whose passage stands below the title of its article, as passages stand below headings
LONGEST = 1300  # characters of a passage with a verdict
NEAREST = 8  # passages without the answer, to choose one of
COMMON = 1500  # passages that a word may stand in and still tell them apart
TITLES = {"nq_qed", "tydiqa_en", "nq_oracle", "wiki", "doc2dial", "clapnq_unans", "fairytaleqa", "policyqa"}
PARTS = {
    "negatives": set[str](),  # those that are made; what people wrote stays
    "people": {"squad2_unansq", "clapnq_unans", "multihop_negatives"},  # who wrote unanswerable questions
    "searches": {"nq_qed", "nq_oracle", "tydiqa_en"},  # as people type them
    "wording": set[str](),  # questions made terse, polite or mistyped
}
"""What can be left out, to see what it is worth, and the sets that go with it."""
VERDICTS: dict[str, Verdict] = {
    "yes": "yes",
    "no": "no",
    "supported": "yes",
    "refuted": "no",
    "not_mentioned": "neither",
}


def mix(data: Path, rng: random.Random, shares: dict[str, float] = SHARES, without: str = "") -> list[Example]:
    """One round of examples, shuffled, contexts cropped to whole sentences; one of `PARTS` may be left out."""
    sets = {name: load_squad(data / f"{name}.train.json") for name in shares if name not in PARTS.get(without, ())}
    examples: list[Example] = []
    for name, paragraphs in sets.items():
        titled = [_titled(p) if name in TITLES and rng.random() < TITLED else p for p in paragraphs]
        examples += positives(titled, shares[name], rng)
        if without != "negatives" and name in ("wiki", "nq_qed", "tydiqa_en", "reddit", "amazon", "fairytaleqa"):
            examples += negatives(paragraphs, WITHIN * shares[name], rng)
    pool = [paragraph for paragraphs in sets.values() for paragraph in paragraphs]
    questions = [
        question
        for name, paragraphs in sets.items()
        for paragraph in paragraphs
        for question in paragraph.questions
        if question.answers and rng.random() < LACKING * shares[name]
    ]
    if without != "negatives":
        examples += retrieved(questions, pool, rng)
    near = neighbours(example.context for example in examples)
    examples = [swapped(e, near, rng) if rng.random() < SWAPPED else e for e in examples]
    examples += verified(data, rng)
    word = partial(asked, rng=rng) if without != "wording" else str
    examples = [replace(e, question=word(e.question)) for e in (_short(e, rng) for e in examples)]
    rng.shuffle(examples)
    return examples


def retrieved(questions: Sequence[Question], pool: Sequence[Paragraph], rng: random.Random) -> list[Example]:
    """Each question with one of the nearest passages by TF-IDF that hold none of its accepted answers."""
    contexts = list(dict.fromkeys(paragraph.context for paragraph in pool))
    titles = {paragraph.context: _titled(paragraph).context for paragraph in pool}
    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", max_df=COMMON).fit(contexts)
    table = vectorizer.transform(contexts).T.tocsr()
    examples = []
    for start in range(0, len(questions), 500):
        some = questions[start : start + 500]
        scores = (vectorizer.transform([question.text for question in some]) @ table).tocsr()
        for row, question in enumerate(some):
            order = _best(scores[row].indices, scores[row].data, 3 * NEAREST)
            near = [contexts[i] for i in order if lacks(contexts[i], question)][:NEAREST]
            if near:
                context = rng.choice(near)
                examples.append(Example(question.text, titles[context] if rng.random() < TITLED else context, None))
    return examples


def verified(data: Path, rng: random.Random) -> list[Example]:
    """Questions and claims with a passage that says yes, no or neither, whose place in it is not known."""
    examples = []
    for name, share in VERIFIED.items():
        rows = [json.loads(line) for line in (data / f"verify_{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for row in rows:
            if rng.random() < share and row["label"] in VERDICTS:
                question = row["question"] if "question" in row else row["claim"]
                examples.append(Example(question, row["passage"][:LONGEST], None, VERDICTS[row["label"]]))
                if rng.random() < 0.3:
                    other = rng.choice(rows)
                    examples.append(Example(question, other["passage"][:LONGEST], None, "neither"))
    return examples


def _best(positions: NDArray[np.int32], scores: NDArray[np.float64], number: int) -> list[int]:
    return [int(i) for i in positions[np.argsort(-scores)[:number]]]


def _titled(paragraph: Paragraph) -> Paragraph:
    """The paragraph below the title of its article; as it is where that title is a bare name of a file."""
    title = paragraph.article.replace("_", " ").strip()
    if not re.search(r"[a-z]{3}", title) or re.search(r"\d{3}|/|\.(?:csv|pdf)", title):
        return paragraph
    above = len(title) + 1
    questions = tuple(replace(q, answers=tuple((a + above, t) for a, t in q.answers)) for q in paragraph.questions)
    return Paragraph(paragraph.article, f"{title}\n{paragraph.context}", questions)


def _short(example: Example, rng: random.Random) -> Example:
    if example.verdict:
        return example
    characters = rng.randint(200, 650) if rng.random() < 0.75 else rng.randint(650, 1000)
    return cropped(example, characters, rng) if len(example.context) > characters else example
