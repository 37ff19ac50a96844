"""What people say of answers: kept beside the documents, and drafted into a gold set."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest

from eval.feedback import draft
from eval.gold import Evidence, Item, places, resolve
from eval.inputs import load_gold
from index.catalog import connect
from index.embedding import Vectors
from index.errors import GoldError
from index.library import Library
from index.types import Document, Feedback, Summary
from tests.fakes import WordEmbedder
from tests.old_libraries import take_checksums
from tests.test_cli import fails
from tests.test_library import generation, snapshot
from tests.test_library_safety import in_another_process, show_everybody
from ui.cli import main

FERRY = "Ferries\n\nThe ferry to Rathlin leaves Ballycastle. A ticket is twelve pounds.\n"
RIGHT = Feedback("Where does the ferry leave?", "Ballycastle", "right", None, "ferry.txt", 9, 49, FERRY[9:49])
ABSTAINED = Feedback("Who sails it?", None, "right")
WRONG = Feedback("What is a ticket?", "Ballycastle", "wrong", None, "ferry.txt", 9, 49, FERRY[9:49])


@pytest.fixture
def ferries(library: Library) -> Library:
    library.add([Document.from_text("ferry.txt", FERRY), Document.from_text("other.txt", "Twelve ships. Old quays.")])
    assert library.text("ferry.txt")[9:49] == RIGHT.quote == "The ferry to Rathlin leaves Ballycastle."
    return library


def without_time(library: Library) -> list[Feedback]:
    return [replace(feedback, time="") for feedback in library.feedback()]


# Kept in the library.


def test_feedback_is_kept(ferries: Library) -> None:
    before = generation(ferries), snapshot(ferries).stat().st_mtime_ns
    assert [ferries.give_feedback(said) for said in (RIGHT, ABSTAINED, WRONG)] == [1, 2, 3]
    again = Library(ferries.folder, WordEmbedder())
    expected = [replace(RIGHT, id=1), replace(ABSTAINED, id=2), replace(WRONG, id=3)]
    assert without_time(again) == expected
    assert all(datetime.fromisoformat(feedback.time).tzinfo for feedback in again.feedback())
    assert (generation(ferries), snapshot(ferries).stat().st_mtime_ns) == before


def test_a_person_changes_her_mind(ferries: Library) -> None:
    first = ferries.give_feedback(RIGHT)
    other = ferries.give_feedback(ABSTAINED)
    for changed in (replace(RIGHT, id=first, verdict="wrong"), replace(WRONG, id=first, correction="twelve pounds")):
        assert ferries.give_feedback(changed) == first
        assert without_time(ferries) == [replace(ABSTAINED, id=other), changed], "the latest is last"
    assert ferries.give_feedback(WRONG) == 3


def test_text_that_no_database_holds(library: Library) -> None:
    library.give_feedback(Feedback("What \ud800?", "a\0b", "wrong", "\udce9'; DROP TABLE feedback; --"))
    (kept,) = library.feedback()
    assert (kept.question, kept.answer, kept.correction) == ("What ??", "a\0b", "?'; DROP TABLE feedback; --")


def test_feedback_outlives_its_document(library: Library, files: Path) -> None:
    library.update([str(files)])
    library.give_feedback(replace(RIGHT, document=str(files / "ferry.md")))
    kept = library.feedback()
    (files / "ferry.md").write_text("Another text.")
    library.update([str(files)])
    library.remove(str(files / "ferry.md"))
    other = Library(library.folder, WordEmbedder("other words"))
    other.update([str(files)])
    assert other.feedback() == kept


class WaitingEmbedder(WordEmbedder):
    """Stops in the middle of an update until it is told to go on."""

    def __init__(self, fingerprint: str = "words") -> None:
        super().__init__(fingerprint)
        self.begun, self.go_on = Event(), Event()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        assert self.go_on.wait(30)
        return super().encode_passages(texts)


@contextmanager
def updating(library: Library, embedder: WaitingEmbedder, paths: list[str]) -> Iterator[list[Summary]]:
    """An update that goes on beside, from before this block until after it."""
    done: list[Summary] = []
    with ThreadPoolExecutor(1) as pool:
        update = pool.submit(Library(library.folder, embedder).update, paths)
        try:
            assert embedder.begun.wait(30)
            yield done
            assert not update.done()
        finally:
            embedder.go_on.set()
        done.append(update.result())


def test_feedback_waits_for_no_update(library: Library, files: Path) -> None:
    with updating(library, WaitingEmbedder(), [str(files)]) as done:
        assert library.give_feedback(RIGHT) == 1
        assert len(library.feedback()) == 1
    assert done == [Summary(added=2)]
    assert len(library.feedback()) == 1
    with updating(library, WaitingEmbedder("other words"), [str(files)]) as done:  # everything is embedded again
        assert library.give_feedback(WRONG) == 2
    assert done == [Summary(unchanged=2)]
    assert [feedback.id for feedback in library.feedback()] == [1, 2]


READ_ONLY = """
os.setuid(65534)
from index.types import Feedback
library = Library(Path(sys.argv[1]), WordEmbedder())
tell(lambda: library.give_feedback(Feedback("Where?", None, "right")))
print(len(library.feedback()))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_read_only_library() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        Path(name).chmod(0o755)
        library = Library(Path(name) / "library", WordEmbedder(), create=True)
        library.give_feedback(RIGHT)
        show_everybody(library.folder)
        said, count = in_another_process(READ_ONLY, library.folder).splitlines()
    assert said.startswith(f"The library {library.folder} cannot be used (attempt to write a readonly database);")
    assert count == "1"


def test_a_library_of_format_2_takes_feedback(library: Library) -> None:
    with closing(connect(library.folder / "library.sqlite")) as db:
        db.execute(
            "DROP TABLE feedback; DROP TABLE files; DROP TABLE notices; DROP TABLE tokens; PRAGMA user_version = 2;"
        )
        db.execute("ALTER TABLE contents DROP COLUMN warning")
    take_checksums(library.folder / "library.sqlite")
    again = Library(library.folder, WordEmbedder())
    assert again.feedback() == []
    assert again.give_feedback(RIGHT) == 1


# Drafted into a gold set.


def test_a_right_answer_with_its_quote(ferries: Library) -> None:
    ferries.give_feedback(RIGHT)
    ferries.give_feedback(ABSTAINED)
    evidence = (Evidence("ferry.txt", "The ferry to Rathlin leaves Ballycastle."),)
    assert draft(ferries).items == (
        Item("feedback-1", RIGHT.question, ("Ballycastle",), evidence),
        Item("feedback-2", ABSTAINED.question, ()),
    )


@pytest.mark.parametrize(
    ("correction", "quotes"),
    [
        ("twelve pounds", ["A ticket is twelve pounds."]),
        (" Twelve  ", ["A ticket is twelve pounds."]),  # nearer to the question than the ships
        ("quays", ["Old quays."]),
        ("elve", []),  # no whole word
        ("Ballycastle. A ticket", ["The ferry to Rathlin leaves Ballycastle. A ticket is twelve pounds."]),
        ("thirteen pounds", []),
    ],
)
def test_a_correction_finds_its_evidence(ferries: Library, correction: str, quotes: list[str]) -> None:
    ferries.give_feedback(replace(WRONG, correction=correction))
    (item,) = draft(ferries).items
    assert item.answers == (correction.strip(),)
    assert [piece.quote for piece in item.evidence] == quotes
    assert all(piece.quote in ferries.text(piece.document) for piece in item.evidence)


def test_a_wrong_abstention_is_corrected(ferries: Library) -> None:
    ferries.give_feedback(Feedback("What does a ticket cost?", None, "wrong", "twelve pounds"))
    assert draft(ferries).items[0].answers == ("twelve pounds",)


@pytest.mark.parametrize(
    ("text", "quotes"), [("Boats. They leave Ballycastle.", ["They leave Ballycastle."]), ("Nothing.", [])]
)
def test_a_quote_that_is_gone_is_looked_for_again(ferries: Library, text: str, quotes: list[str]) -> None:
    ferries.give_feedback(RIGHT)
    ferries.add([Document.from_text("ferry.txt", text)])
    assert [piece.quote for piece in draft(ferries).items[0].evidence] == quotes
    ferries.remove("ferry.txt")
    assert draft(ferries).items[0].evidence == ()


def test_the_latest_verdict_on_a_question_wins(ferries: Library) -> None:
    ferries.give_feedback(WRONG)
    ferries.give_feedback(RIGHT)
    ferries.give_feedback(replace(WRONG, question="what is  a Ticket?", answer="twelve", verdict="right", quote=None))
    found = draft(ferries)
    assert [(item.id, item.question, item.answers) for item in found.items] == [
        ("feedback-1", "what is  a Ticket?", ("twelve",)),
        ("feedback-2", RIGHT.question, ("Ballycastle",)),
    ]
    assert found.left_out == ()
    ferries.give_feedback(WRONG)
    assert [item.id for item in draft(ferries).items] == ["feedback-2"]
    assert draft(ferries).left_out == (WRONG.question,)


def test_nothing_to_export(ferries: Library) -> None:
    with pytest.raises(GoldError, match=r"^The library .* holds no feedback; say in the chat"):
        draft(ferries)
    ferries.give_feedback(replace(WRONG, correction=" "))
    with pytest.raises(GoldError, match=r"holds only 1 wrong answers without a correction; say"):
        draft(ferries)


def test_a_draft_is_a_gold_set(ferries: Library, tmp_path: Path) -> None:
    ferries.add([Document.from_text("more/ferry.txt", "Its name ends like the other's.")])
    for said in (
        replace(RIGHT, question="Where?\u2028“Où ça?”"),
        ABSTAINED,
        replace(WRONG, correction="twelve pounds"),
    ):
        ferries.give_feedback(said)
    file = tmp_path / "gold.jsonl"
    file.write_text(draft(ferries).lines, encoding="utf-8")
    assert all(json.loads(line)["draft"] for line in file.read_text(encoding="utf-8").split("\n")[:-1])
    items = load_gold(file, drafts=True).items
    assert items == tuple(replace(item, draft=True) for item in draft(ferries).items)
    names = [entry.path for entry in ferries.documents()]
    found = [places(resolve(item, names, ferries.text), ferries.text, names) for item in items]
    assert [[FERRY[place.start : place.end] for place in some] for some in found] == [
        ["Ballycastle"],
        [],
        ["twelve pounds"],
    ]


# The command.


@pytest.fixture
def asked(ferries: Library) -> list[str]:
    """The arguments for a library with feedback of each kind."""
    for said in (replace(RIGHT, question="Où?"), ABSTAINED, WRONG):
        ferries.give_feedback(said)
    return ["--library", str(ferries.folder)]


def test_export_prints_lines_alone(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export-gold", *asked]) == 0
    printed = capsys.readouterr()
    quoted = [{"document": "ferry.txt", "quote": RIGHT.quote}]
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"id": "feedback-1", "question": "Où?", "answers": ["Ballycastle"], "evidence": quoted, "draft": True},
        {"id": "feedback-2", "question": "Who sails it?", "answers": [], "evidence": [], "draft": True},
    ]
    assert "Où?" in printed.out
    assert printed.err == "footnote: 1 left out, whose answers were wrong and never corrected.\n"


def test_export_writes_a_file(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "gold.jsonl"
    assert main(["export-gold", *asked, "--out", str(out)]) == 0
    assert [item.question for item in load_gold(out, drafts=True).items] == ["Où?", "Who sails it?"]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"footnote: {out} holds 2 questions to look through.\n")
    assert "cannot be written: Is a directory." in fails(capsys, "export-gold", *asked, "--out", str(tmp_path))


def test_export_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "library")
    assert "There is no library in" in fails(capsys, "export-gold", "--library", folder)
    Library(Path(folder), WordEmbedder(), create=True)
    assert "holds no feedback; say in the chat" in fails(capsys, "export-gold", "--library", folder)
