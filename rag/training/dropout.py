"""Dropout from a pool of noise. Fresh random numbers for every element take a third of a training step on a CPU."""

import torch
from torch import Tensor, nn

POOL = 1 << 24


class PooledDropout(nn.Module):
    """Dropout (Srivastava et al. 2014) whose mask is a slice of `noise`, which `Noise.renew` moves along its pool."""

    def __init__(self, noise: Tensor, offset: int) -> None:
        super().__init__()
        self.register_buffer("noise", noise, persistent=False)
        self.offset = offset

    def forward(self, hidden: Tensor) -> Tensor:
        """The tensor with elements zeroed and the others scaled up; the same tensor outside training."""
        if not self.training:
            return hidden
        return hidden * self.get_buffer("noise").narrow(0, self.offset, hidden.numel()).view(hidden.shape)


class Noise:
    """What every dropout layer of a model with a rate above 0 draws from: each its own offset, all moved each step."""

    def __init__(self, model: nn.Module, rate: float, device: torch.device | None = None) -> None:
        self._pool = torch.empty(POOL, device=device).bernoulli_(1 - rate) / (1 - rate)
        self._window = torch.empty(POOL // 2, device=device)
        layers = [
            (module, name)
            for module in model.modules()
            for name, child in module.named_children()
            if isinstance(child, nn.Dropout) and child.p
        ]
        for number, (parent, name) in enumerate(layers):
            setattr(parent, name, PooledDropout(self._window, number * (POOL // 4 // len(layers))))

    def renew(self, seed: int) -> None:
        """Choose the window of the pool that belongs to this step."""
        start = int(torch.randint(POOL // 2, (), generator=torch.Generator().manual_seed(seed)))
        self._window.copy_(self._pool[start : start + POOL // 2])
