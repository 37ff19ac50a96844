"""What `ui/` puts together without a model."""

from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from index.library import Library
from index.types import Summary
from ui.assemble import SHIPPED, example_questions, watch


def test_examples_are_of_the_shipped_documents_alone(library: Library, tmp_path: Path) -> None:
    (tmp_path / "briefing.txt").write_text("Quite another briefing.")
    library.update([str(tmp_path / "briefing.txt")])
    assert example_questions(library) == []
    library.update([str(SHIPPED / "documents" / "heat-pump-manual.md")])
    about_the_manual, tempting = example_questions(library)
    assert "HP-" in about_the_manual
    assert tempting.endswith("?")


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
