"""The readers that a person may name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.embedding import digest_of
from index.errors import ModelError
from index.types import digest
from rag.calibration import CALIBRATION, SMALL_CALIBRATION, Calibration
from rag.hub_reader import HubReader, calibration_of, reader_folder
from rag.reader import SMALL_WEIGHTS, WEIGHTS, ExtractiveReader, Reader
from rag.weights import read_model

DEFAULT, SMALL = "default", "small"


@dataclass(frozen=True)
class Choice:
    """A reader that is there, before it is loaded.

    `fingerprints` are of it and of its calibration, and `shipped` says that both came with Footnote.
    """

    load: Callable[[], Reader]
    calibration: Calibration
    fingerprints: Callable[[], Mapping[str, str]]
    shipped: bool


def choose_reader(name: str | None = None) -> Choice:
    """The reader that is called so: `small`, `default` (or None), or a model of transformers. Raises ModelError."""
    if name is None or name == DEFAULT:
        return _shipped(WEIGHTS, CALIBRATION)
    if name == SMALL:
        return _shipped(SMALL_WEIGHTS, SMALL_CALIBRATION)
    if name == "large":
        raise ModelError(
            "This version of Footnote has no large reader; "
            "name small, default, or a question-answering model's folder or name, such as deepset/roberta-base-squad2."
        )
    folder = reader_folder(name)
    calibration = calibration_of(folder)

    def fingerprints() -> Mapping[str, str]:
        return {"reader": digest_of(folder), "calibration": str(calibration)}

    return Choice(partial(HubReader.load, name), calibration, fingerprints, shipped=False)


def _shipped(weights: Path, calibration: Path) -> Choice:
    def fingerprints() -> Mapping[str, str]:
        return {"reader": digest(read_model(weights)), "calibration": digest(read_model(calibration))}

    load = partial(ExtractiveReader.load, weights)
    return Choice(load, Calibration.load(calibration), fingerprints, shipped=True)
