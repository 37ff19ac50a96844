"""From reader scores to a probability of being right (Platt 1999), with the threshold to abstain below."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import ModelError
from index.types import Hit
from rag.squad import normalize
from rag.types import Span
from rag.weights import MODELS, read_model

# A capitalised word that does not begin the question, or a word with a digit in it.
_NAME = re.compile(r"(?<=[\w,;] )[A-Z]\w+|\b\w*\d\w*")

CALIBRATION = MODELS / "calibration.json"
SMALL_CALIBRATION = MODELS / "small.calibration.json"


@dataclass(frozen=True)
class Calibration:
    """A logistic model over `features`; `threshold` is the confidence, 0..1, from which an answer is given."""

    weights: tuple[float, ...]
    bias: float
    threshold: float

    @classmethod
    def load(cls, path: Path = CALIBRATION) -> "Calibration":
        """Read the shipped calibration. Raises ModelError."""
        try:
            raw = json.loads(read_model(path))
            return cls(tuple(map(float, raw["weights"])), float(raw["bias"]), float(raw["threshold"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The calibration {path} cannot be read ({error}); install Footnote again.") from error

    def confidence(self, values: Sequence[float]) -> float:
        """Probability, 0..1, that the best span is a right answer."""
        logit = self.bias + math.fsum(w * v for w, v in zip(self.weights, values, strict=True))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))


def features(question: str, spans: Sequence[Span], hits: Sequence[Hit]) -> tuple[float, ...]:
    """What the calibration looks at, from spans ordered best first.

    The best span's score; its lead, at most 10, over the best span that says something else; its passage's place
    among the hits as 1 / rank; how many passages say the same, at most 3; the share of the question's names and
    numbers that its passage and headings lack; and the log of its share among its passage's spans, at least log 0.001.
    """
    best, *others = spans
    said = normalize(span_text(best, hits))
    agreeing, rivals = {best.passage}, [-math.inf]
    for span in others:
        if normalize(span_text(span, hits)) == said:
            agreeing.add(span.passage)
        else:
            rivals.append(span.score)
    return (
        best.score,
        min(best.score - max(rivals), 10.0),
        1 / (best.passage + 1),
        float(min(len(agreeing), 3)),
        _lacking(question, hits[best.passage].passage.embedded),
        math.log(max(best.share, 1e-3)),
    )


def _lacking(question: str, text: str) -> float:
    names = _NAME.findall(question)
    return len(_absent(names, text)) / len(names) if names else 0.0


def unmentioned(question: str, texts: Sequence[str]) -> list[str]:
    """The names and numbers of the question that stand in none of these texts."""
    return list(dict.fromkeys(_absent(_NAME.findall(question), "\n".join(texts))))


def _absent(names: Sequence[str], text: str) -> list[str]:
    lowered = text.lower()
    return [name for name in names if name.lower() not in lowered]


def span_text(span: Span, hits: Sequence[Hit]) -> str:
    """The characters of a span."""
    return hits[span.passage].passage.text[span.start : span.end]
