"""Ship a trained reader: `python -m rag.training.export WORK_DIR` writes rag/models/reader.safetensors."""

import argparse
from pathlib import Path

from safetensors.torch import load_file, save_file

from rag.reader import WEIGHTS, WORD_EMBEDDINGS
from rag.weights import pack


def main() -> None:
    """Command line of the export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder that rag.training.train wrote")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="file to write (default: %(default)s)")
    args = parser.parse_args()
    state = load_file(args.work / "model" / "model.safetensors")
    del state[WORD_EMBEDDINGS]
    save_file(pack(state), args.to)
    print(f"{args.to}: {args.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
