"""One peer's turn in `footnote bench --peers`: python -m eval.peers NAME [hybrid] JOB OUTCOME."""

import sys
from functools import partial
from importlib import import_module
from pathlib import Path

from eval.bench.trial import trial
from index.embedding import minilm_folder

if __name__ == "__main__":
    name, *options, job, outcome = sys.argv[1:]
    make = import_module(f"eval.peers.{name}").Peer
    trial(partial(make, str(minilm_folder()), hybrid="hybrid" in options), Path(job), Path(outcome))
