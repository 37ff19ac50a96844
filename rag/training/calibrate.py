"""Fit the confidence on development questions: `python -m rag.training.calibrate DATA [--reader small]`.

Every question is asked of a library of all development paragraphs: as it is; with the paragraph that answers it
withheld, which makes it unanswerable with its own article as the tempting rest; and about another name or number
where it holds one. The logistic model learns to tell right answers (token F1 of a half or more) from wrong ones. How
well its confidence then says how often it is right is printed, each tenth judged by a model that has not seen it.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from index.embedding import SentenceEmbedder, minilm_folder
from index.library import Library
from index.types import Document, Hit
from rag.assistant import find, preferred
from rag.calibration import CALIBRATION, SMALL_CALIBRATION, Calibration, features, span_text
from rag.reader import SMALL_WEIGHTS, WEIGHTS, ExtractiveReader, Reader
from rag.retrieve import retrieve
from rag.squad import Paragraph, Question, load_squad, token_f1
from rag.training.examples import lacks, names_by_article, renamed
from rag.types import Span

SETS = ("nq_qed", "tydiqa_en", "squad_train", "wiki", "reddit", "amazon", "tatqa", "wikitables", "doc2dial")
RIGHT = 0.5
UNANSWERABLE_SHARE = 1 / 3  # of the questions that the confidence is calibrated for
SPARE = 3  # passages read beyond those that answer, to withhold some
FOLDS = 10
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


def rows(library: Library, reader: Reader, asked: Sequence[Asked]) -> Iterator[Row]:
    """Features, whether the best span is right, and whether the question was answerable."""
    for each in asked:
        question, answers = each.question.text, [text for _, text in each.question.answers]
        hits, spans = _read(library, reader, question)
        yield _row(question, hits, spans, range(len(hits))[: reader.reads], answers)
        rest = [
            number
            for number, hit in enumerate(hits)
            if hit.passage.text not in each.paragraph.context and lacks(hit.passage.text, each.question)
        ]
        if answers and rest:
            yield _row(question, hits, spans, rest[: reader.reads], [])
        if each.other:
            hits, spans = _read(library, reader, each.other)
            yield _row(each.other, hits, spans, range(len(hits))[: reader.reads], [])


def _read(library: Library, reader: Reader, question: str) -> tuple[list[Hit], list[Span]]:
    hits = retrieve(library, question, reader.reads + SPARE)
    return hits, find(question, hits, reader)


def _row(question: str, hits: list[Hit], spans: list[Span], kept: Sequence[int], answers: list[str]) -> Row:
    """What the confidence would be told if these of the hits were all."""
    number = {old: new for new, old in enumerate(kept)}
    some = [hits[old] for old in kept]
    own = preferred([replace(span, passage=number[span.passage]) for span in spans if span.passage in number])
    return features(question, own, some), token_f1(span_text(own[0], some), answers) >= RIGHT, bool(answers)


def fit(collected: Sequence[Row]) -> tuple[list[float], float]:
    """Weights and bias of the logistic model, with unanswerable questions weighted to their assumed share."""
    values = np.array([row[0] for row in collected])
    right = np.array([row[1] for row in collected])
    weights = _weights([row[2] for row in collected])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(values, right, sample_weight=weights)
    return model.coef_[0].tolist(), float(model.intercept_[0])


def outcomes(collected: Sequence[Row]) -> list[tuple[float, bool, bool]]:
    """Confidence, whether right and whether answerable for each row, by a model fitted to the other nine tenths."""
    found = []
    for fold in range(FOLDS):
        weights, bias = fit([row for number, row in enumerate(collected) if number % FOLDS != fold])
        model = Calibration(tuple(weights), bias, 0.0)
        found += [(model.confidence(values), right, answerable) for values, right, answerable in collected[fold::FOLDS]]
    return found


def threshold_of(found: Sequence[tuple[float, bool, bool]]) -> float:
    """The highest of .2, .25, … .6 at which questions are handled rightly nearly as often as at the best of them.

    That is: answered rightly, or not answered and unanswerable. Half a point counts as nothing; caution goes first.
    """
    shares = {step / 20: _handled(found, step / 20) for step in range(4, 13)}
    return max(threshold for threshold, share in shares.items() if share >= max(shares.values()) - 0.005)


def _handled(found: Sequence[tuple[float, bool, bool]], threshold: float) -> float:
    good = np.array([right if confidence >= threshold else not answerable for confidence, right, answerable in found])
    return float(np.average(good, weights=_weights([answerable for *_, answerable in found])))


def _weights(answerable: Sequence[bool]) -> NDArray[np.float64]:
    """Unanswerable questions weighted to their assumed share."""
    known = np.array(answerable)
    share = np.where(known, 1 - UNANSWERABLE_SHARE, UNANSWERABLE_SHARE)
    weights: NDArray[np.float64] = share * len(known) / np.where(known, known.sum(), (~known).sum())
    return weights


def reliability(found: Sequence[tuple[float, bool, bool]]) -> str:
    """For each tenth of the confidence: how many, the mean confidence, and the share that was right, in percent."""
    lines = ["confidence | n | mean | right"]
    for low in range(10):
        tenth = [(confidence, right) for confidence, right, _ in found if min(int(10 * confidence), 9) == low]
        if tenth:
            mean, right = np.mean(tenth, axis=0) * 100
            lines.append(f".{low}–{'1' if low == 9 else f'.{low + 1}'} | {len(tenth)} | {mean:.0f} | {right:.0f}")
    return "\n".join(lines)


def drawn(found: Sequence[tuple[float, bool, bool]]) -> str:
    """The same as a chart of Mermaid: bars are what was right, the line what a perfect confidence would have."""
    tenths = [[(c, right) for c, right, _ in found if min(int(10 * c), 9) == low] for low in range(10)]
    means = [[f"{100 * mean:.0f}" for mean in np.mean(tenth, axis=0)] for tenth in tenths if tenth]
    lines = [
        "xychart-beta",
        '    x-axis "mean confidence, percent" [' + ", ".join(f'"{confidence}"' for confidence, _ in means) + "]",
        '    y-axis "right, percent" 0 --> 100',
        "    bar [" + ", ".join(right for _, right in means) + "]",
        "    line [" + ", ".join(confidence for confidence, _ in means) + "]",
    ]
    return "\n".join(["```mermaid", *lines, "```"])


def main() -> None:
    """Command line of the calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the NAME.dev.json files")
    parser.add_argument("--questions", type=int, default=60, help="of each set (default: %(default)s)")
    parser.add_argument("--reader", choices=("default", "small"), default="default", help="default: %(default)s")
    args = parser.parse_args()
    sets = [load_squad(args.data / f"{name}.dev.json") for name in SETS]
    rng = random.Random(SEED)
    asked = [each for paragraphs in sets for each in draw(paragraphs, args.questions, rng)]
    small = args.reader == "small"
    reader = ExtractiveReader.load(SMALL_WEIGHTS if small else WEIGHTS)
    with tempfile.TemporaryDirectory() as folder:
        collected = list(rows(dev_library(Path(folder), sets), reader, asked))
    random.Random(SEED).shuffle(collected)
    weights, bias = fit(collected)
    found = outcomes(collected)
    print(reliability(found), drawn(found), sep="\n\n")
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
        "threshold": threshold_of(found),
        "fitted_on": {f"{name}.dev": args.questions for name in SETS},
    }
    to = SMALL_CALIBRATION if small else CALIBRATION
    to.write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
    print(to.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
