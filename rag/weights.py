"""Reader weights in a quarter of their size: matrices as int8 with one scale a row, vectors as they are."""

from typing import TYPE_CHECKING

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


def unpack(packed: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Float32 tensors again, off by at most half a level."""
    return {
        name: tensor.float() * packed[name + _SCALE] if name + _SCALE in packed else tensor.float()
        for name, tensor in packed.items()
        if not name.endswith(_SCALE)
    }
