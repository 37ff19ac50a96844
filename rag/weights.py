"""Reader weights in a quarter of their size, matrices as int8 with one scale a row; and whether they are ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.integrity import read_shipped

if TYPE_CHECKING:
    from torch import Tensor

MODELS = Path(__file__).parent / "models"
SHA256 = {
    "calibration.json": "8be866fb94eeac3f35daf58955bd65a932a763d2e701aa2deed3aa270b43a284",
    "reader.safetensors": "469c061213fbe7cfc67422f992d3e1a44265b989232c03370fe0a016a3012d3f",
    "small.calibration.json": "51924ae623d3a9f366b0505195618687e4085d719bcd47df723cd575e2b8e8e0",
    "small.safetensors": "4dcc19ae800558946747d37e395ca65fb475c5c0e1f4a57e8bfc7e5e9f3e6465",
}
"""Of the files that Footnote is shipped with."""
_SCALE = ".row_scale"


def read_model(path: Path) -> bytes:
    """The bytes of a model's file. Raises ModelError where it is missing, or is a shipped one and not as it was."""
    return read_shipped(path, SHA256[path.name] if path.parent == MODELS else None)


def pack(state: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Round each row of a matrix to 255 levels between ± its largest absolute value."""
    import torch

    packed = {}
    for name, tensor in state.items():
        packed[name] = tensor.contiguous()
        if tensor.ndim == 2:
            scale = tensor.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            packed[name] = torch.round(tensor / scale).to(torch.int8)
            packed[name + _SCALE] = scale
    return packed


def unpack(packed: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """Float32 arrays again, off by at most half a level."""
    return {
        name: array.astype(np.float32) * packed.get(name + _SCALE, np.float32(1))
        for name, array in packed.items()
        if not name.endswith(_SCALE)
    }
