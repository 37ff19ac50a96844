"""What `ui/` puts together without a model."""

from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from index.library import Library
from index.types import Summary
from rag.assistant import Assistant
from rag.types import Answer
from tests.fakes import OverlapReader
from tests.serving import BY_SCORE
from ui.assemble import suggesting, watch


def test_first_questions_are_remembered_until_the_documents_change(library: Library, tmp_path: Path) -> None:
    (tmp_path / "leaving.txt").write_text("Laptops must be returned within seven days of the last day.\n")
    library.update([str(tmp_path / "leaving.txt")])
    assistant, asked = Assistant(library, OverlapReader(), BY_SCORE), list[str]()

    def answer(question: str) -> Answer:
        asked.append(question)
        return assistant.answer(question)

    suggest = suggesting(library, answer)
    first = list(suggest(None))
    checked = len(asked)
    assert checked > 0
    assert list(suggest([str(tmp_path / "leaving.txt")])) == first
    assert len(asked) == checked, "the same documents, the same questions"
    (tmp_path / "leaving.txt").write_text("Badges must be returned within two days of the last day.\n")
    library.update([str(tmp_path / "leaving.txt")])
    list(suggest(None))
    assert len(asked) > checked


@pytest.mark.parametrize("named", ["", "ferry.md"])
def test_a_watched_library_follows_its_files(library: Library, files: Path, named: str) -> None:
    seen = watch(library, [str(files / named)])
    assert next(seen) == Summary(added=1 if named else 2)
    (files / "ferry.md").write_text("The ferry no longer sails.")
    assert next(seen).updated == 1, "though it changed before the watch began"

    def change() -> None:
        sleep(0.2)
        (files / "ferry.md").unlink()

    Thread(target=change).start()
    assert next(seen).removed == 1
