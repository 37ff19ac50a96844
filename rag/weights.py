"""Reader weights in a quarter of their size: matrices as int8 with one scale a row, vectors as they are."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

_SCALE = ".row_scale"


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
