"""Kills updates of a library at random moments, and looks at what is left.

`python -m tests.kill_updates FOLDER KILLS SEED`: until so many were killed at work, some files in the folder change,
another process updates the library and is killed, and the library is opened. AssertionError when it is not whole.
"""

import json
import os
import random
import signal
import sys
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import index.prepare
from index.catalog import connect
from index.chunking import split
from index.formats.text import load_markdown
from index.library import Library
from index.loaders import parse
from index.types import Summary
from tests.fakes import WordEmbedder

FILES = 40
WORDS = ["harbour", "ferry", "island", "lighthouse", "cargo", "pilot", "tide", "channel", "buoy", "quay", "crane"]


def edit(folder: Path, rng: random.Random, share: float) -> None:
    """Write, change, remove and move about this share of the files."""
    for number in range(FILES):
        file = folder / f"{number % 4}" / f"{number}.md"
        if rng.random() >= share:
            continue
        if file.exists() and rng.random() < 0.2:
            file.unlink() if rng.random() < 0.5 else file.replace(folder / f"moved {number}.md")
        else:
            sections = (
                f"## Part {part}\n\n" + " ".join(rng.choices(WORDS, k=rng.randint(5, 200))) + ".\n"
                for part in range(rng.randint(1, 8))
            )
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"# Number {number}\n\n" + "\n".join(sections))


def inspect(at: Path, versions: set[str]) -> None:
    """Open a library, ask it something, and see that every document in it is whole."""
    library, embedder = Library(at, WordEmbedder()), WordEmbedder()
    dense, _, _ = library.search("When is the tide at the lighthouse?", 10**6)
    assert len(dense) == library.passage_count(), "a vector for every passage"
    stored = defaultdict[str, list[str]](list)
    for passage in library.passages():
        stored[passage.document].append(passage.text)
    for entry in library.documents():
        assert library.text(entry.path) in versions, "a whole version of a file"
    for path, passages in stored.items():
        document = load_markdown(library.text(path).encode(), path)
        assert passages == [passage.text for passage in split(document, embedder.token_starts)]
    with closing(connect(at / "library.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so many updates at work; returns the figures."""
    vars(index.prepare)["load_document"] = (
        parse  # here, for a worker takes longer to start than all these files to store
    )
    rng = random.Random(seed)
    files, at = folder / "files", folder / "library"
    files.mkdir()
    edit(files, rng, 1.0)
    versions = {file.read_text() for file in files.rglob("*.md")}
    began = time.perf_counter()
    Library(at, WordEmbedder(), create=True).update([str(files)])
    duration = time.perf_counter() - began
    killed = finished = 0
    while killed < kills:
        edit(files, rng, 0.7)
        versions |= {file.read_text() for file in files.rglob("*.md")}
        child = os.fork()
        if not child:
            Library(at, WordEmbedder()).update([str(files)])
            os._exit(0)
        time.sleep(rng.uniform(0, 1.7 * duration))  # so that some finish, and no moment is spared
        os.kill(child, signal.SIGKILL)
        at_work = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        killed, finished = killed + at_work, finished + (not at_work)
        inspect(at, versions)
    library, fresh = Library(at, WordEmbedder()), Library(folder / "fresh", WordEmbedder(), create=True)
    library.update([str(files)])
    fresh.update([str(files)])
    assert sorted(library.passages(), key=repr) == sorted(fresh.passages(), key=repr), "as if never killed"
    assert library.update([str(files)]) == Summary(unchanged=len(fresh.documents()))
    return {"killed": killed, "finished": finished, "update_ms": round(1000 * duration)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
