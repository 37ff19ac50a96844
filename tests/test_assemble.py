"""What `ui/` puts together without a model."""

from pathlib import Path

from index.library import Library
from ui.assemble import SHIPPED, example_questions


def test_examples_are_of_the_shipped_documents_alone(library: Library, tmp_path: Path) -> None:
    (tmp_path / "briefing.txt").write_text("Quite another briefing.")
    library.update([str(tmp_path / "briefing.txt")])
    assert example_questions(library) == []
    library.update([str(SHIPPED / "documents" / "heat-pump-manual.md")])
    about_the_manual, tempting = example_questions(library)
    assert "HP-" in about_the_manual
    assert tempting.endswith("?")
