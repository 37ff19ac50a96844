"""Fit the confidence on development questions: `python -m rag.training.calibrate DATA_DIR`.

Every question is asked of a library of all development paragraphs: as it is; with the paragraph that answers it
withheld, which makes it unanswerable with its own article as the tempting rest; and about another name or number
where it holds one. The logistic model learns to tell right answers (token F1 of a half or more) from wrong ones.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from index.embedding import SentenceEmbedder, minilm_folder
from index.library import Library
from index.types import Document, Hit
from rag.assistant import PASSAGES, find, preferred
from rag.calibration import CALIBRATION, features, span_text
from rag.reader import ExtractiveReader, Reader
from rag.retrieve import retrieve
from rag.squad import Paragraph, Question, load_squad, token_f1
from rag.training.examples import lacks, names_by_article, renamed

SETS = ("wiki", "reddit", "amazon")
RIGHT = 0.5
UNANSWERABLE_SHARE = 1 / 3  # of the questions that the confidence is calibrated for
# Of .2, .25, … .55 it was the most cautious that handles these questions rightly, by answering or abstaining, within
# half a point as often as the best of them. With today's ranking that is 64.7 % to 65.4 %, and caution still goes
# first: it withholds 17 % of the right answers and answers 15 % of the unanswerable; .25 would be 9 % and 24 %.
THRESHOLD = 0.4
SEED = 17

Row = tuple[tuple[float, ...], bool, bool]


@dataclass(frozen=True)
class Asked:
    """A question, the paragraph that answers it, and where there is one the same question about something else."""

    paragraph: Paragraph
    question: Question
    other: str | None


def dev_library(folder: Path, sets: list[list[Paragraph]]) -> Library:
    """One document a paragraph, so that a question's own can be withheld from its hits."""
    library = Library(folder, SentenceEmbedder(minilm_folder()), create=True)
    contexts = dict.fromkeys(paragraph.context for paragraphs in sets for paragraph in paragraphs)
    library.add([Document.from_text(str(number), context) for number, context in enumerate(contexts)])
    return library


def draw(paragraphs: list[Paragraph], number: int, rng: random.Random) -> list[Asked]:
    """At most so many questions of a set."""
    pairs = [(paragraph, question) for paragraph in paragraphs for question in paragraph.questions]
    names = names_by_article(paragraphs)
    asked = []
    for paragraph, question in rng.sample(pairs, min(number, len(pairs))):
        other = renamed(paragraph, question, names[paragraph.article], rng)
        asked.append(Asked(paragraph, question, other.question if other else None))
    return asked


def rows(library: Library, reader: Reader, asked: list[Asked]) -> Iterator[Row]:
    """Features, whether the best span is right, and whether the question was answerable."""
    for each in asked:
        question, answers = each.question.text, [text for _, text in each.question.answers]
        hits = retrieve(library, question, 2 * PASSAGES)
        yield _row(reader, question, hits, answers)
        rest = [hit for hit in hits if hit.passage.text not in each.paragraph.context]
        yield _row(reader, question, [hit for hit in rest if lacks(hit.passage.text, each.question)], [])
        if each.other:
            yield _row(reader, each.other, retrieve(library, each.other, PASSAGES), [])


def _row(reader: Reader, question: str, hits: list[Hit], answers: list[str]) -> Row:
    hits = hits[:PASSAGES]
    spans = preferred(find(question, hits, reader))
    return features(question, spans, hits), token_f1(span_text(spans[0], hits), answers) >= RIGHT, bool(answers)


def fit(collected: Sequence[Row]) -> tuple[list[float], float]:
    """Weights and bias of the logistic model, with unanswerable questions weighted to their assumed share."""
    values = np.array([row[0] for row in collected])
    right = np.array([row[1] for row in collected])
    answerable = np.array([row[2] for row in collected])
    share = np.where(answerable, 1 - UNANSWERABLE_SHARE, UNANSWERABLE_SHARE)
    weights = share * len(collected) / np.where(answerable, answerable.sum(), (~answerable).sum())
    model = LogisticRegression(C=1.0, max_iter=1000).fit(values, right, sample_weight=weights)
    return model.coef_[0].tolist(), float(model.intercept_[0])


def main() -> None:
    """Command line of the calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the NAME.dev.json files")
    parser.add_argument("--questions", type=int, default=200, help="of each set (default: %(default)s)")
    args = parser.parse_args()
    sets = [load_squad(args.data / f"{name}.dev.json") for name in SETS]
    rng = random.Random(SEED)
    asked = [each for paragraphs in sets for each in draw(paragraphs, args.questions, rng)]
    reader = ExtractiveReader.load()
    with tempfile.TemporaryDirectory() as folder:
        collected = list(rows(dev_library(Path(folder), sets), reader, asked))
    weights, bias = fit(collected)
    calibration = {
        "features": [
            "score",
            "lead over another answer",
            "1 / rank",
            "passages that agree",
            "names its passage lacks",
            "log share of its passage",
        ],
        "weights": [round(weight, 4) for weight in weights],
        "bias": round(bias, 4),
        "threshold": THRESHOLD,
        "fitted_on": {f"{name}.dev": args.questions for name in SETS},
    }
    CALIBRATION.write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
    print(CALIBRATION.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
