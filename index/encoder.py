"""A BERT encoder run by OpenVINO, its graph built from the weights in memory: no export, no file between.

Knows nothing of texts: token numbers go in, hidden states come out.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

Ids = NDArray[np.int64]
States = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.float32]]
Node = Any  # of OpenVINO, which tells no types
Precision = Literal["float32", "bfloat16"]

BUDGET = 1024  # tokens of a batch, padding counted: what two cores are fastest with
Head = Callable[["Graph", Node], Node]
"""Goes on from the hidden states of a graph."""

_HINTS: Mapping[Precision, str] = {"float32": "f32", "bfloat16": "bf16"}


@dataclass(frozen=True)
class Config:
    """The shape of a BERT encoder."""

    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float

    @classmethod
    def read(cls, folder: Path) -> "Config":
        """That of the model in a folder. Raises ModelError for one of another architecture."""
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = raw.get("model_type"), raw.get("hidden_act"), raw.get("position_embedding_type", "absolute")
        if kind != ("bert", "gelu", "absolute"):
            raise ModelError(f"{folder} is not a BERT encoder with GELU and absolute positions")
        return cls(*(raw[name] for name in cls.__dataclass_fields__))


def unusable() -> str:
    """Why OpenVINO cannot be used on this machine; empty where it can."""
    if find_spec("openvino") is None:
        return "OpenVINO is not installed (pip install openvino)"
    try:
        _openvino()
    except (ImportError, OSError) as error:
        return f"OpenVINO cannot be loaded ({error})"
    return ""


def computes(precision: Precision) -> bool:
    """Whether the processor has instructions for this precision."""
    return precision == "float32" or "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class Encoder:
    """Token numbers to hidden states, or to what a head makes of them. Safe to call from several threads."""

    def __init__(
        self, config: Config, weights: Weights, precision: Precision = "float32", head: "Head | None" = None
    ) -> None:
        """`weights` go by the names of transformers' BertModel. A precision the processor lacks becomes float32."""
        graph = Graph(weights)
        inputs, states = graph.bert(config)
        model = _openvino().Model([head(graph, states) if head else states], inputs, "bert")
        properties = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision if computes(precision) else "float32"],
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # files are parsed and questions asked at the same time
        }
        self._request = _core().compile_model(model, "CPU", properties).create_infer_request()
        self._lock = Lock()

    def __call__(self, ids: Ids, mask: Ids, types: Ids) -> States:
        """Float32[n, tokens, hidden], or what the head gives, for int64[n, tokens]; `mask` is 0 after a text's end."""
        with self._lock:
            result: States = self._request.infer([ids, mask, types])[0].copy()
        return result


def batches(lengths: Sequence[int], budget: int = BUDGET) -> Iterator[list[int]]:
    """Positions of texts of these token lengths in batches of at most `budget` tokens when padded, longest first."""
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def padded(rows: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    """Token numbers int64[n, longest], 0 where a text has ended, and the mask that says where."""
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.zeros_like(mask)
    ids[mask == 1] = np.concatenate(rows)
    return ids, mask


def _openvino() -> Any:
    """OpenVINO without its telemetry, which would send a report from a process of its own. Imported nowhere else."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino
    import openvino.opset13

    return openvino


def _core() -> Any:
    return _openvino().Core()


class Graph:
    """A network in the making: OpenVINO's operations, and weights by their names."""

    def __init__(self, weights: Weights) -> None:
        self.op = _openvino().opset13
        self._weights = weights

    def weight(self, name: str) -> Node:
        """A named weight."""
        return self.op.constant(np.ascontiguousarray(self._weights[name]), shared_memory=True)

    def whole(self, *numbers: int) -> Node:
        """Whole numbers, for shapes and axes."""
        return self.op.constant(np.array(numbers, dtype=np.int64))

    def linear(self, x: Node, name: str) -> Node:
        """The linear map of this name."""
        return self.op.matmul(x, self.weight(f"{name}.weight"), False, True) + self.weight(f"{name}.bias")

    def bert(self, config: Config) -> tuple[list[Node], Node]:
        """Token numbers, mask and token types, and the hidden states that the encoder of Devlin et al. 2019 gives."""
        op, zero = self.op, self.op.constant(np.int64(0))
        inputs = [op.parameter([-1, -1], np.int64, name=name) for name in ("ids", "mask", "types")]
        ids, mask, types = inputs

        def rows(table: str, numbers: Node) -> Node:
            return op.gather(self.weight(f"embeddings.{table}.weight"), numbers, zero)

        def normalized(x: Node, name: str) -> Node:
            scaled = op.mvn(x, self.whole(-1), True, config.layer_norm_eps, "inside_sqrt")
            return scaled * self.weight(f"{name}.weight") + self.weight(f"{name}.bias")

        length = op.gather(op.shape_of(ids), op.constant(np.int64(1)), zero)
        positions = op.range(zero, length, op.constant(np.int64(1)), "i64")
        summed = rows("word_embeddings", ids) + rows("token_type_embeddings", types)
        x = normalized(summed + rows("position_embeddings", positions), "embeddings.LayerNorm")
        present = op.convert(op.unsqueeze(mask, self.whole(1, 2)), "boolean")
        for number in range(config.num_hidden_layers):
            layer = f"encoder.layer.{number}"
            attended = self._attention(x, f"{layer}.attention.self", present, config)
            joined = self.linear(attended, f"{layer}.attention.output.dense")
            x = normalized(joined + x, f"{layer}.attention.output.LayerNorm")
            inner = op.gelu(self.linear(x, f"{layer}.intermediate.dense"), "erf")
            x = normalized(self.linear(inner, f"{layer}.output.dense") + x, f"{layer}.output.LayerNorm")
        return inputs, x

    def _attention(self, x: Node, name: str, present: Node, config: Config) -> Node:
        op, heads = self.op, config.num_attention_heads
        split, joined = self.whole(0, 0, heads, config.hidden_size // heads), self.whole(0, 0, config.hidden_size)
        swap = self.whole(0, 2, 1, 3)
        query, key, value = (
            op.transpose(op.reshape(self.linear(x, f"{name}.{part}"), split, True), swap)
            for part in ("query", "key", "value")
        )
        attended = op.scaled_dot_product_attention(query, key, value, present)
        return op.reshape(op.transpose(attended, swap), joined, True)
