"""The vectors that scale is measured with, and that measuring tells the truth about them."""

from pathlib import Path

import numpy as np
import pytest

import index.building
from eval.scale import DIMENSION, ask, draw, measure
from eval.scale import _build as build_apart
from eval.scale import _draw as draw_apart
from eval.scale import _search as search_apart


def drawn(count: int, seed: int) -> np.ndarray:
    return np.concatenate(list(draw(count, seed)))


def test_vectors_are_the_same_for_the_same_seed() -> None:
    once = drawn(20_000, 3)
    assert once.shape == (20_000, DIMENSION)
    assert once.dtype == np.float32
    assert np.allclose(np.linalg.norm(once, axis=1), 1, atol=1e-5)
    assert (once == drawn(20_000, 3)).all()
    assert (once != drawn(20_000, 4)).any()


def test_they_lie_like_those_of_real_paragraphs() -> None:
    """The medians that the module's header promises."""
    vectors = drawn(5135, 0)
    passages = np.sort(vectors[:500] @ vectors.T, axis=1)
    questions = np.sort(ask(vectors[:500], 0) @ vectors.T, axis=1)
    assert np.median(passages[:, [-2, -11, -51]], axis=0) == pytest.approx([0.58, 0.47, 0.28], abs=0.02)
    assert np.median(questions[:, [-1, -10, -50]], axis=0) == pytest.approx([0.47, 0.30, 0.24], abs=0.02)


def test_a_small_library_is_measured_in_processes_of_its_own(tmp_path: Path) -> None:
    told: list[str] = []
    scale = measure(2000, told.append, folder=tmp_path, seed=1)
    assert told == ["2,000 vectors: drawing them", "2,000 vectors: building the index", "2,000 vectors: searching"]
    assert (scale.count, scale.probes, scale.lists, scale.measured, scale.recall) == (2000, 0, 0, 1.0, 1.0)
    assert scale.file_mb == pytest.approx(2000 * (4 * DIMENSION + 8) / 1e6, rel=0.01)
    assert scale.build_mb > scale.file_mb
    assert 0 < scale.p50_ms <= scale.p95_ms
    assert list(tmp_path.iterdir()) == [], "nothing is left"


def test_a_large_one_is_approximate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.building, "EXACT", 5000)
    draw_apart(tmp_path, 20_000, 0)
    checksum, quantizer, seconds, mb = build_apart(tmp_path, 20_000)
    assert quantizer is not None
    scale = search_apart(tmp_path, 20_000, checksum, quantizer, seconds, mb)
    assert (scale.lists, scale.probes, scale.measured) == (128, quantizer.probes, quantizer.recall)
    assert 0.95 < scale.recall < 1
    assert scale.file_mb < 20_000 * DIMENSION / 2 / 1e6
