"""Any extractive question-answering model of transformers as a reader, from a folder or the local cache."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.encoder import batches
from index.errors import ModelError
from index.hub import model_folder
from rag.calibration import Calibration
from rag.reader import MAX_TOKENS, READS, best_spans
from rag.types import Span

if TYPE_CHECKING:
    from tokenizers import Encoding

CALIBRATION = "calibration.json"
"""The file in a model's folder that is read instead of UNFITTED."""
UNFITTED = Calibration(weights=(0.5, 0.2, 0.0, 0.0, -2.0, 0.3), bias=0.0, threshold=0.5)
"""For a model without a calibration of its own: mostly the span's log odds. It is not fitted to any model."""
_HEAD = "ForQuestionAnswering"  # what an architecture's name ends in, or before "Simple"
_EXAMPLE = "deepset/roberta-base-squad2"

Logits = NDArray[np.float32]


class HubReader:
    """An extractive model of transformers, on PyTorch. Safe to call from several threads."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        """`model` is a transformers model with a question-answering head, `tokenizer` a fast one of its."""
        self._model = model
        self._tokenizer = tokenizer
        self._longest = _longest(model, tokenizer)
        self._question_side = 0 if tokenizer.padding_side == "right" else 1  # as transformers trains them
        self._typed = _is_typed(model, tokenizer)
        self.reads = READS
        self._lock = Lock()

    @classmethod
    def load(cls, name: str) -> "HubReader":
        """The model in a folder, or of a name in the local cache of Hugging Face. Raises ModelError."""
        import torch
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        folder = reader_folder(name)
        own = {"local_files_only": True, "trust_remote_code": False}
        with _quiet(folder):
            tokenizer = AutoTokenizer.from_pretrained(folder, **own)
            model, told = AutoModelForQuestionAnswering.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **own
            )
        if not tokenizer.is_fast:
            raise ModelError(
                f"The reader in {folder} has no fast tokenizer, which tells where in a text a token stands."
            )
        if missing := sorted(told["missing_keys"]):
            raise ModelError(f"The reader in {folder} lacks weights, {missing[0]} for one; {_what_else()}")
        if "bbox" in signature(model.forward).parameters:
            raise ModelError(f"The reader in {folder} reads pictures of pages; {_what_else()}")
        return cls(model.eval(), tokenizer)

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best few spans of each passage that hold a letter or digit, none overlapping another, best first."""
        if not passages:
            return []
        with self._lock:
            pairs = self._encoded(question, passages)
            spans: list[Span] = []
            for batch in batches([len(pair.ids) for pair in pairs]):
                starts, ends = self._logits([pairs[i] for i in batch])
                for row, number in enumerate(batch):
                    length = len(pairs[number].ids)
                    found = self._spans(passages[number], pairs[number], starts[row, :length], ends[row, :length])
                    spans += [Span(number, *span) for span in found]
        return sorted(spans, key=lambda span: (-span.score, span.passage, span.start))

    def _encoded(self, question: str, passages: Sequence[str]) -> "list[Encoding]":
        """Question and passage as the model reads them; what is too long is cut, the question at half of the room."""
        most = self._longest // 2
        alone = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = alone["offset_mapping"]
        asked = [question[: offsets[most][0]] if len(offsets) > most else question] * len(passages)
        sides = (asked, list(passages)) if self._question_side == 0 else (list(passages), asked)
        cut = "only_second" if self._question_side == 0 else "only_first"
        encodings = self._tokenizer(*sides, truncation=cut, max_length=self._longest).encodings
        assert encodings is not None
        return list(encodings)

    def _logits(self, pairs: "Sequence[Encoding]") -> tuple[Logits, Logits]:
        """Of the first and of the last token of an answer, float32[n, longest]."""
        import torch

        shape = len(pairs), max(len(pair.ids) for pair in pairs)
        ids = np.full(shape, self._tokenizer.pad_token_id or 0, dtype=np.int64)
        mask, types = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, pair in enumerate(pairs):
            ids[row, : len(pair.ids)], mask[row, : len(pair.ids)] = pair.ids, 1
            types[row, : len(pair.ids)] = pair.type_ids
        inputs = {"input_ids": ids, "attention_mask": mask, **({"token_type_ids": types} if self._typed else {})}
        with torch.inference_mode():
            out = self._model(**{name: torch.from_numpy(array) for name, array in inputs.items()})
        return out.start_logits.numpy(), out.end_logits.numpy()

    def _spans(
        self, text: str, pair: "Encoding", starts: Logits, ends: Logits
    ) -> Iterator[tuple[int, int, float, float]]:
        """Start, end, log odds and share of a passage's best spans."""
        inside = [i for i, side in enumerate(pair.sequence_ids) if side == 1 - self._question_side]
        tokens = range(inside[0] + 1, inside[-1] + 2) if inside else range(0)
        # One place further on, to leave the first to "no answer here", which is scored where the model has its [CLS].
        scores = np.empty((len(starts) + 1, len(ends) + 1), dtype=np.float32)
        scores[1:, 1:] = starts[:, None] + ends
        none = self._nowhere(pair)
        scores[0, 0] = starts[none] + ends[none]
        words = [-1, *(-1 if word is None else word for word in pair.word_ids), -1]
        apart = [words[i] if i in tokens and words[i] >= 0 else -1 - i for i in range(len(words))]
        for first, last, score, share in best_spans(scores, tokens, apart):
            start, end = pair.offsets[first - 1][0], pair.offsets[last - 1][1]
            said = text[start:end]
            start, end = start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())
            if any(map(str.isalnum, said)):
                yield start, end, score, share

    def _nowhere(self, pair: "Encoding") -> int:
        """The token at which the model says that there is no answer."""
        marks = [i for i, side in enumerate(pair.sequence_ids) if side is None]
        return next((i for i in marks if pair.ids[i] == self._tokenizer.cls_token_id), 0)


def reader_folder(name: str) -> Path:
    """The folder of a reader. Raises ModelError for one that is not there, or whose settings are no reader's."""
    folder = model_folder(name)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architectures = [str(each) for each in config["architectures"]]
    except (OSError, ValueError, LookupError, TypeError):
        raise ModelError(
            f"{folder} is not a model of transformers: it has no config.json with its architecture; {_what_else()}"
        ) from None
    if not any(each.removesuffix("Simple").endswith(_HEAD) for each in architectures):
        found = " and ".join(architectures) or "no architecture"
        raise ModelError(
            f"{folder} is not a reader: it has {found}, where one that ends in {_HEAD} was expected; {_what_else()}"
        )
    return folder


def calibration_of(folder: Path) -> Calibration:
    """That in a model's folder, or UNFITTED where there is none. Raises ModelError."""
    file = folder / CALIBRATION
    if not file.is_file():
        return UNFITTED
    try:
        found = Calibration.load(file)
    except ModelError as error:
        raise ModelError(f"{file} is not a calibration of Footnote's; mend it or remove it.") from error
    if len(found.weights) != len(UNFITTED.weights):
        raise ModelError(
            f"{file} has {len(found.weights)} weights, not the {len(UNFITTED.weights)} expected; mend it or remove it."
        )
    return found


def _what_else() -> str:
    return f"name a question-answering model, such as {_EXAMPLE}."


def _is_typed(model: Any, tokenizer: Any) -> bool:
    """Whether a model is told which tokens are the question's."""
    if "token_type_ids" not in signature(model.forward).parameters:
        return False
    types = getattr(model.config, "type_vocab_size", None)
    return "token_type_ids" in tokenizer.model_input_names if types is None else bool(types > 1)


def _longest(model: Any, tokenizer: Any) -> int:
    """The tokens that a model reads, question and passage together."""
    positions = getattr(model.config, "max_position_embeddings", 0)
    embeddings = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)  # RoBERTa counts positions from the one after it
    limits = tokenizer.model_max_length, positions - (0 if padding is None else padding + 1)
    return int(min([MAX_TOKENS, *(limit for limit in limits if limit > 0)]))


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """Have transformers load what is in a folder without reports of its own, and its errors in one sentence."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    except Exception as error:  # whatever the files of others make it raise
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise ModelError(f"The reader in {folder} cannot be loaded ({said}); {_what_else()}") from error
    finally:
        logging.set_verbosity(level)
