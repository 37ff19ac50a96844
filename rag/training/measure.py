"""How well weights read the development sets: `python -m rag.training.measure DATA FILE... [--share 1]`.

Each question is asked of its own paragraph. For each set it prints F1 of the answerable questions in percent, nothing
refused; where some are unanswerable also best F1, that at the best threshold of the score, and AUROC, how well the
score tells the two kinds apart.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from rag.reader import ExtractiveReader, Reader
from rag.squad import Paragraph, Question, load_squad, token_f1

QUESTIONS = {"nq_qed": 150, "squad_train": 260, "tydiqa_en": 100, "wiki": 100, "tatqa": 60, "wikitables": 50}
"""How many are drawn of each set."""
SEED = 7


def drawn(paragraphs: Sequence[Paragraph], number: int) -> list[tuple[Paragraph, Question]]:
    """So many of the questions, or all where there are fewer, each with its paragraph."""
    pairs = [(paragraph, question) for paragraph in paragraphs for question in paragraph.questions]
    return random.Random(SEED).sample(pairs, min(number, len(pairs)))


def scores(reader: Reader, asked: Sequence[tuple[Paragraph, Question]]) -> Iterator[tuple[float, float, bool]]:
    """Of each question the score and the F1 of the best span, and whether it is answerable."""
    for paragraph, question in asked:
        answers = [text for _, text in question.answers]
        spans = reader.read(question.text, [paragraph.context])
        best = spans[0] if spans else None
        said = paragraph.context[best.start : best.end] if best else ""
        yield best.score if best else -np.inf, token_f1(said, answers) if answers else 0.0, bool(answers)


def summary(found: Sequence[tuple[float, float, bool]]) -> str:
    """F1, and where it can be told best F1 and AUROC."""
    score, f1, answerable = map(np.array, zip(*found, strict=True))
    told = f"{100 * f1[answerable].mean():.1f}"
    if answerable.all():
        return told
    best = max(np.where(score >= least, f1, ~answerable).mean() for least in (*score, np.inf))
    return f"{told}; {100 * best:.1f}; {roc_auc_score(answerable, score):.3f}"


def main() -> None:
    """Command line of the measuring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the NAME.dev.json files")
    parser.add_argument("files", type=Path, nargs="+", help="weights, such as WORK/model.safetensors")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of questions (default: 1)")
    args = parser.parse_args()
    numbers = {name: max(1, round(args.share * number)) for name, number in QUESTIONS.items()}
    asked = {name: drawn(load_squad(args.data / f"{name}.dev.json"), number) for name, number in numbers.items()}
    print(" | ".join(f"{name} ({len(pairs)})" for name, pairs in asked.items()))
    for file in args.files:
        reader = ExtractiveReader.load(file)
        print(" | ".join(summary(list(scores(reader, pairs))) for pairs in asked.values()), "|", file, flush=True)


if __name__ == "__main__":
    main()
