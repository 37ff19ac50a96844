"""Ship trained readers: `python -m rag.training.export FILE...` writes their mean to rag/models/reader.safetensors.

Runs from one pre-trained encoder, and the stages of a run, lie in one basin, so their mean is a reader too, and a
better one than each (model soups, Wortsman et al. 2022).
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file
from torch import Tensor

from rag.reader import WEIGHTS
from rag.weights import pack, unpack


def mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every tensor of the last state over all that hold it."""
    return {name: torch.stack([state[name] for state in states if name in state]).mean(0) for name in states[-1]}


def main() -> None:
    """Command line of the export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "files", type=Path, nargs="+", help="weights of one shape, packed or not, such as WORK/model.safetensors"
    )
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    arrays = [unpack(load_file(file)) for file in args.files]
    state = mean([{name: torch.from_numpy(array) for name, array in each.items()} for each in arrays])
    save_file(pack(state), args.to)
    print(f"{args.to}: {args.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
