"""Ship trained readers: `python -m rag.training.export WORK...` writes rag/models/reader.safetensors.

Of several runs it is their mean: runs from one pre-trained encoder lie in one basin, so their mean is a reader too, and
a better one than each (model soups, Wortsman et al. 2022).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rag.reader import WEIGHTS
from rag.weights import pack


def mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every tensor over states that hold the same ones."""
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def main() -> None:
    """Command line of the export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, nargs="+", help="folders that rag.training.train wrote")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    state = mean([load_file(work / "model.safetensors") for work in args.work])
    save_file(pack(state), args.to)
    print(f"{args.to}: {args.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
