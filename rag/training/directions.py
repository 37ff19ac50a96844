"""The principal directions of the embedder's token states: `python -m rag.training.directions DATA`.

Writes index/directions.safetensors and prints its SHA-256, which index/late.py is to have. Takes a minute.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from index.embedding import find_embedder
from index.late import DIRECTIONS, WIDTH, States
from index.types import digest
from rag.squad import load_squad

SETS = ("nq_qed", "squad_train", "tydiqa_en", "wiki", "doc2dial", "policyqa", "contractnli_qa", "tatqa", "bioasq")
EACH = 120  # paragraphs of a set
LONGEST = 800  # characters read of each
SEED = 5


def paragraphs(data: Path) -> list[str]:
    """The beginnings of paragraphs of many kinds."""
    rng = random.Random(SEED)
    found: list[str] = []
    for name in SETS:
        contexts = list(dict.fromkeys(paragraph.context for paragraph in load_squad(data / f"{name}.train.json")))
        found += [context[:LONGEST] for context in rng.sample(contexts, min(EACH, len(contexts)))]
    return found


def principal(states: States) -> States:
    """The first WIDTH directions of states float32[n, hidden] at unit length, not centred: float32[hidden, WIDTH]."""
    unit = (states / np.linalg.norm(states, axis=1, keepdims=True)).astype(np.float64)
    _, vectors = np.linalg.eigh(unit.T @ unit)  # in order of the values, the least first
    first: States = np.ascontiguousarray(vectors[:, : -WIDTH - 1 : -1], dtype=np.float32)
    return first


def main() -> None:
    """Command line of the making of directions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the NAME.train.json files")
    states = np.concatenate(find_embedder().token_states(paragraphs(parser.parse_args().data)))
    written = save({"directions": principal(states)})
    DIRECTIONS.write_bytes(written)
    print(f"{len(states):,} tokens; SHA-256 {digest(written)}")


if __name__ == "__main__":
    main()
