"""Answers a gold set into a folder, a line a tenth of a second, until it is killed: -m tests.answer_slowly FOLDER"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import sleep

from eval.gold import GoldSet, Item
from eval.manifest import Manifest, manifest
from eval.records import Record
from eval.results import keep, kept
from eval.run import Corpus, run_open
from index.types import Hit, Passage
from rag.types import Answer, Citation, Timings, Turn

NUMBERS = ["one", "two", "three", "four", "five", "six"]
TEXT = " ".join(f"The {number} ferry carries {3 * i} “cars” – naïvely." for i, number in enumerate(NUMBERS))


def a_gold_set(dialogues: int) -> GoldSet:
    """Dialogues of three questions: a wrong answer, one withheld, a right one."""
    items = []
    for dialogue in range(dialogues):
        for turn in range(3):
            identity = f"{dialogue}.{turn + 1}"
            items.append(Item(identity, f"How many {identity}?", ("3 “cars”",), (), follows=turn > 0))
    return GoldSet(tuple(items))


def answer(question: str, history: Sequence[Turn]) -> Answer:
    """An answer that tells all that was said before, so that a history that is not the same gives another answer."""
    understood = f"{question} after {[(turn.question, turn.answer, turn.quote) for turn in history]}"
    said = NUMBERS[len(question + understood) % len(NUMBERS)]
    start = TEXT.index(said)
    passage = Passage("ferries.txt", 0, len(TEXT), TEXT)
    citation = Citation("ferries.txt", None, start, start + len(said), said, start, start + len(said))
    confidence = len(understood) % 7 / 7
    return Answer(understood, said, confidence, 0.3, (citation,), (Hit(passage, 0.1),), Timings(1.5, 2.5))


CORPUS = Corpus(["ferries.txt"], {"ferries.txt": TEXT}.__getitem__, [Passage("ferries.txt", 0, len(TEXT), TEXT)])


def stands_on(gold: Path, **settings: object) -> Manifest:
    """The manifest of such a run."""
    return manifest(gold, {"ferries.txt": "5a"}, list(CORPUS.passages), {"reader": "none"}, settings, {})


def asked(folder: Path, gold: GoldSet, now: Manifest, before: Manifest | None, pause: float = 0.0) -> Iterator[Record]:
    """The records of a run that begins, or goes on from what is in the folder."""

    def slowly(question: str, history: Sequence[Turn]) -> Answer:
        sleep(pause)
        return answer(question, history)

    so_far = kept(folder, before, now, gold.items) if before else None
    done = so_far.records if so_far else ()
    yield from done
    yield from keep(folder, now, so_far, run_open(gold, CORPUS, slowly, done))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    for _ in asked(where, a_gold_set(1000), stands_on(Path(__file__)), None, pause=0.1):
        pass
