"""Fit the confidence on development questions: `python -m rag.training.calibrate DATA_DIR`.

Every question is asked twice of a library of all development paragraphs: once as it is, and once with the paragraph
that answers it withheld, which makes it unanswerable with its own article as the tempting rest. The logistic model
learns to tell right answers (token F1 of a half or more) from wrong and unanswerable ones.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from index.embedding import SentenceEmbedder, minilm_folder
from index.library import Library
from index.types import Document, Hit
from rag.assistant import PASSAGES
from rag.calibration import CALIBRATION, features, span_text
from rag.reader import ExtractiveReader, Reader
from rag.retrieve import retrieve
from rag.squad import Paragraph, Question, load_squad, token_f1

SETS = ("wiki", "reddit", "amazon")
RIGHT = 0.5
UNANSWERABLE_SHARE = 1 / 3  # of the questions that the confidence is calibrated for
THRESHOLD = 0.5  # answer when right is likelier than not
SEED = 17

Row = tuple[tuple[float, ...], bool, bool]


def dev_library(folder: Path, sets: list[list[Paragraph]]) -> Library:
    """One document a paragraph, so that a question's own can be withheld from its hits."""
    library = Library(folder, SentenceEmbedder(minilm_folder()), create=True)
    contexts = dict.fromkeys(paragraph.context for paragraphs in sets for paragraph in paragraphs)
    library.add([Document.from_text(str(number), context) for number, context in enumerate(contexts)])
    return library


def rows(library: Library, reader: Reader, asked: list[tuple[Paragraph, Question]]) -> Iterator[Row]:
    """Features, whether the best span is right, and whether the question was answerable."""
    for paragraph, question in asked:
        answers = [text for _, text in question.answers]
        hits = retrieve(library, question.text, 2 * PASSAGES)
        rest = [hit for hit in hits if hit.passage.text not in paragraph.context]
        absent = [hit for hit in rest if not any(a.lower() in hit.passage.text.lower() for a in answers)]
        for chosen, answerable in ((hits, True), (absent, False)):
            yield _row(reader, question.text, chosen[:PASSAGES], answers if answerable else [], answerable)


def _row(reader: Reader, question: str, hits: list[Hit], answers: list[str], answerable: bool) -> Row:
    spans = reader.read(question, [hit.passage.text for hit in hits])
    return features(spans, hits), token_f1(span_text(spans[0], hits), answers) >= RIGHT, answerable


def fit(collected: list[Row]) -> tuple[list[float], float]:
    """Weights and bias of the logistic model, with unanswerable questions weighted to their assumed share."""
    values = np.array([row[0] for row in collected])
    right = np.array([row[1] for row in collected])
    answerable = np.array([row[2] for row in collected])
    shares = np.where(answerable, 1 - UNANSWERABLE_SHARE, UNANSWERABLE_SHARE)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(values, right, sample_weight=shares)
    return model.coef_[0].tolist(), float(model.intercept_[0])


def main() -> None:
    """Command line of the calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the NAME.dev.json files")
    parser.add_argument("--questions", type=int, default=200, help="of each set (default: %(default)s)")
    args = parser.parse_args()
    sets = [load_squad(args.data / f"{name}.dev.json") for name in SETS]
    rng = random.Random(SEED)
    asked = []
    for paragraphs in sets:
        pairs = [(paragraph, question) for paragraph in paragraphs for question in paragraph.questions]
        asked += rng.sample(pairs, min(args.questions, len(pairs)))
    reader = ExtractiveReader.load()
    with tempfile.TemporaryDirectory() as folder:
        collected = list(rows(dev_library(Path(folder), sets), reader, asked))
    weights, bias = fit(collected)
    calibration = {
        "features": ["best score", "lead over another answer", "1 / rank of its passage", "passages that agree"],
        "weights": [round(weight, 4) for weight in weights],
        "bias": round(bias, 4),
        "threshold": THRESHOLD,
        "fitted_on": {f"{name}.dev": args.questions for name in SETS},
    }
    CALIBRATION.write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
    print(CALIBRATION.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
