from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.training.backbone import float_weights


def test_quantised_matrices_become_floats_by_their_names() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "bert.embeddings.LayerNorm.bias": np.ones(2, np.float32),
        "bert.embeddings.word_embeddings.weight_quantized": np.array([[3, 5]], np.uint8),
        "bert.embeddings.word_embeddings.weight_scale": np.array(0.5, np.float32),
        "bert.embeddings.word_embeddings.weight_zero_point": np.array(1, np.uint8),
        "onnx::MatMul_7_quantized": np.array([[-2, 4], [0, 6]], np.int8),
        "onnx::MatMul_7_scale": np.array(0.25, np.float32),
        "onnx::MatMul_7_zero_point": np.array(0, np.int8),
        "bert.pooler.dense.bias": np.ones(2, np.float32),
        "classifier.bias": np.ones(1, np.float32),
    }
    found = float_weights(arrays, {"/bert/encoder/layer.0/output/dense/MatMul_quant": "onnx::MatMul_7_quantized"})
    assert {name: array.tolist() for name, array in found.items()} == {
        "bert.embeddings.LayerNorm.bias": [1, 1],
        "bert.embeddings.word_embeddings.weight": [[1, 2]],
        "bert.encoder.layer.0.output.dense.weight": [[-0.5, 0], [1, 1.5]],
    }
