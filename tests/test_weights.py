"""Weights that are not as they were shipped are not used."""

import shutil
from pathlib import Path

import pytest

import index.embedding
import rag.weights
from index.embedding import SentenceEmbedder, minilm_folder
from index.errors import ModelError
from rag.calibration import CALIBRATION, Calibration
from rag.reader import WEIGHTS, ExtractiveReader, word_embeddings


def flipped(path: Path) -> Path:
    """The same file with the last bit of its middle turned."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped models, taken for them."""
    shutil.copytree(WEIGHTS.parent, tmp_path / "models")
    monkeypatch.setattr(rag.weights, "MODELS", tmp_path / "models")
    return tmp_path / "models"


@pytest.mark.integration
def test_a_reader_with_a_flipped_bit(models: Path) -> None:
    ExtractiveReader.load(models / WEIGHTS.name)
    with pytest.raises(ModelError, match=r"reader\.safetensors is not the file that .* has; install Footnote again\.$"):
        ExtractiveReader.load(flipped(models / WEIGHTS.name))


def test_a_calibration_that_was_changed(models: Path) -> None:
    Calibration.load(models / CALIBRATION.name)
    with pytest.raises(ModelError, match=r"calibration\.json is not the file that .* install Footnote again\.$"):
        Calibration.load(flipped(models / CALIBRATION.name))


@pytest.mark.integration
def test_an_embedder_with_a_flipped_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    shutil.copytree(minilm_folder(), folder)
    flipped(folder / "model.safetensors")
    named = SentenceEmbedder(folder)
    assert named.fingerprint != SentenceEmbedder(minilm_folder()).fingerprint, "a person's own is not compared"
    index.embedding.digest_of.cache_clear()
    monkeypatch.setattr(index.embedding, "minilm_folder", lambda: folder)
    monkeypatch.setattr("rag.reader.minilm_folder", lambda: folder)
    for use in (
        lambda: SentenceEmbedder(folder).fingerprint,
        lambda: SentenceEmbedder(folder).encode_question("Where?"),
        word_embeddings,
    ):
        with pytest.raises(ModelError, match=r"^The embedder in .* is not as it was published; install Footnote again"):
            use()


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.safetensors cannot be read \(No such file .*install Footnote again"):
        ExtractiveReader.load(tmp_path / "none.safetensors")
