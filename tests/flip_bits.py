"""Flips single bits of a library's files, and looks whether anything else is answered without a word.

`python -m tests.flip_bits FOLDER FLIPS SEED`: makes a library in the folder, flips one random bit in a copy of one of
its files (library.sqlite, its -wal where the last writer was killed, and the snapshot), so many times, and counts how
many were harmless (the answers, scores and texts are the same), said (a LibraryError) and silent (anything else is
answered), and how many `check` found and `repair` mended. AssertionError when any was silent or was not mended.
"""

import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path

from index.check import check
from index.errors import LibraryError
from index.library import Library
from index.repair import repair
from tests.fakes import WordEmbedder
from tests.kill_updates import WORDS

QUESTIONS = ["When is the tide at the lighthouse?", "Which pilot takes the ferry?", "harbour crane", "cargo channel"]


def write_files(folder: Path, rng: random.Random, files: int) -> None:
    """Documents of a few sections of random words."""
    folder.mkdir()
    for number in range(files):
        parts = (f"## Part {part}\n\n{' '.join(rng.choices(WORDS, k=rng.randint(5, 150)))}.\n" for part in range(4))
        (folder / f"{number}.md").write_text(f"# Number {number}\n\n" + "\n".join(parts))


def made(folder: Path, rng: random.Random, files: int = 60) -> tuple[Path, Path]:
    """A library at rest, and the same as it is when a process that had just written to it was killed."""
    write_files(folder / "files", rng, files)
    library = Library(folder / "rest", WordEmbedder(), create=True)
    library.update([str(folder / "files")])
    (folder / "upload").write_text("The pilot of the ferry is kept.")
    library.add_files([("kept.txt", folder / "upload")])
    shutil.copytree(folder / "rest", folder / "killed")
    write_files(folder / "more", rng, 5)
    child = os.fork()
    if not child:
        killed = Library(folder / "killed", WordEmbedder())
        with killed._catalog.reading():  # whoever reads keeps the -wal from being taken in
            killed.update([str(folder / "more")])
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert (folder / "killed" / "library.sqlite-wal").stat().st_size > 0
    return folder / "rest", folder / "killed"


def said(at: Path) -> str:
    """All that a library answers. Raises LibraryError."""
    library = Library(at, WordEmbedder())
    paths = sorted(entry.path for entry in library.documents())
    found = [library.search(question, 30) for question in QUESTIONS]
    chosen = [library.search(question, 5, paths[:3]) for question in QUESTIONS]
    texts = [(path, library.text(path), library.source(path)) for path in paths]
    return repr((library.documents(), found, chosen, texts, sorted(map(repr, library.passages())), library.feedback()))


def flip(path: Path, rng: random.Random) -> int:
    """Turn one bit of a file; returns the place of its byte."""
    data = bytearray(path.read_bytes())
    place = rng.randrange(len(data))
    data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return place


def outcome(at: Path, expected: str) -> str:
    """What comes of asking a library of which a bit was flipped."""
    try:
        return "harmless" if said(at) == expected else "silent"
    except LibraryError as error:
        assert "footnote check --repair" in str(error) or "cannot be used" in str(error), error
        return "said"


def main(folder: Path, flips: int, seed: int, files: int = 60) -> dict[str, int]:
    """Flip so many bits, each in a copy of its own; returns the figures."""
    rng = random.Random(seed)
    whole = {}
    for at in made(folder, rng, files):
        shutil.copytree(at, folder / "copy")
        whole[at] = said(folder / "copy")
        shutil.rmtree(folder / "copy")
    counts: Counter[str] = Counter()
    for number in range(flips):
        at = list(whole)[number % 3 == 2]  # a third of them as it is after a kill
        shutil.copytree(at, folder / "copy")
        shutil.copytree(at, folder / "checked")
        files_there = sorted(path for path in at.iterdir() if path.name.endswith((".sqlite", "-wal", ".faiss")))
        chosen = rng.choice(files_there)
        place = flip(folder / "copy" / chosen.name, rng)
        shutil.copy(folder / "copy" / chosen.name, folder / "checked" / chosen.name)
        found = outcome(folder / "copy", whole[at])
        findings = list(check(folder / "checked"))
        counts[found] += 1
        counts["found by check"] += bool(findings)
        if found == "said":
            assert findings, f"check finds what is said of bit {place} of {chosen.name}"
        if findings:
            lost = any(mending.lost for mending in repair(folder / "checked", WordEmbedder(), findings))
            assert not list(check(folder / "checked")), f"whole again: {place} of {chosen.name}"
            counts["lost" if lost else "mended"] += 1
            counts["answers as before"] += said(folder / "checked") == whole[at]
        if found == "silent":
            print(f"silent: byte {place} of {chosen}", file=sys.stderr)
        shutil.rmtree(folder / "copy")
        shutil.rmtree(folder / "checked")
    return dict(counts)


if __name__ == "__main__":
    figures = main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(figures))
    sys.exit(bool(figures.get("silent")))
