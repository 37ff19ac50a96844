"""Workers: what they give is what the parsers give, and a hostile file costs itself alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import index.worker
from index.errors import DocumentError
from index.formats.pdf_view import page_views
from index.loaders import parse
from index.types import Document
from index.worker import draw_pages, load_document
from tests.hostile import nested_forms_pdf, self_drawing_pdf, slow_to_draw_pdf
from tests.test_format_pdf import lines, make

ROOT = Path(__file__).parents[1]
TEXT = "# Straße\n\nThe “ferry” to Rathlin leaves Ballycastle. 𝛼 = 3\n"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers with little time, of which none is left over."""
    monkeypatch.setattr(index.worker, "SECONDS", 3.0)
    monkeypatch.setattr(index.worker, "DRAWING_SECONDS", 2.0)
    yield
    index.worker.stop_workers()


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.md", TEXT.encode()), ("a.csv", b"Name,Age\nAda,36\n"), ("a.pdf", make(lines("First."), lines("Second.")))],
)
def test_a_worker_reads_what_the_parser_reads(name: str, data: bytes) -> None:
    assert load_document(data, name) == parse(data, name)


def test_a_worker_draws_what_is_drawn_here() -> None:
    data = make(lines("The ferry leaves at noon."))
    asked = (data, "a.pdf", 1, "The ferry leaves at noon.", (4, 9), "")
    assert draw_pages(*asked) == page_views(*asked)


def test_a_worker_is_used_again() -> None:
    load_document(b"One.", "a.txt")
    before = list(index.worker._parsers._idle)
    load_document(b"Two.", "a.txt")
    assert index.worker._parsers._idle == before


def test_a_worker_of_a_large_process_is_used_again() -> None:
    code = (
        "import index.worker as w\nlarge = b'x' * (600 << 20)\nlarge = bytes(1)\n"
        "w.load_document(b'One.', 'a.txt')\nprint(len(w._parsers._idle))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == "1\n"


def test_a_bad_file_gets_the_sentence_of_its_parser() -> None:
    with pytest.raises(DocumentError) as here:
        parse(b"%PDF-1.4", "a.pdf")
    with pytest.raises(DocumentError) as there:
        load_document(b"%PDF-1.4", "a.pdf")
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("make_file", [self_drawing_pdf, nested_forms_pdf])
@pytest.mark.usefixtures("hurried")
def test_a_file_that_never_ends_or_grows_is_given_up(make_file: object) -> None:
    assert callable(make_file)
    reason = r"(took longer than 3 seconds|.* more than 2\.0 GB of memory.*)"
    with pytest.raises(DocumentError, match=rf"^'x\.pdf' was given up: reading it {reason}\. Save it again"):
        load_document(make_file(), "x.pdf")
    assert load_document(TEXT.encode(), "a.md").text == TEXT, "and the next is read"


@pytest.mark.usefixtures("hurried")
def test_a_page_that_is_slow_to_draw_is_given_up() -> None:
    with pytest.raises(DocumentError, match=r"^Page 1 of 'x\.pdf' cannot be shown: drawing it took longer than 2 sec"):
        draw_pages(slow_to_draw_pdf(), "x.pdf", 1, "")


def test_a_worker_that_dies_costs_its_file() -> None:
    load_document(b"One.", "a.txt")
    worker = index.worker._parsers._idle[-1]
    os.kill(worker._process.pid, signal.SIGKILL)
    with pytest.raises(DocumentError, match=r"^'a\.txt' was given up: reading it ended the process that did"):
        load_document(b"Two.", "a.txt")
    assert load_document(b"Two.", "a.txt").text == "Two."


def test_memory_is_limited() -> None:
    code = (
        "import index.worker as w; w._limit(20, 10)\ntry:\n    b'x' * (3 << 30)\nexcept MemoryError:\n    print('held')"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "held\n"


def test_many_ask_at_once() -> None:
    texts = [f"Number {number}." for number in range(12)]
    found: dict[int, Document] = {}

    def read(number: int) -> None:
        found[number] = load_document(texts[number].encode(), "a.txt")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number].text for number in range(12)] == texts
    assert len(index.worker._parsers._idle) <= index.worker.TOGETHER


def test_a_worker_at_work_leaves_with_its_parent() -> None:
    code = (
        "import os, signal, threading, time, index.worker as w\n"
        "from tests.hostile import self_drawing_pdf\n"
        "threading.Thread(target=w.load_document, args=(self_drawing_pdf(), 'x.pdf'), daemon=True).start()\n"
        "while not w._parsers._busy:\n    time.sleep(0.01)\n"
        "time.sleep(1)\n"
        "print(next(iter(w._parsers._busy))._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    pid = int(ran.stdout)
    at_work = Path(f"/proc/{pid}/stat")
    for _ in range(300):
        if not at_work.exists() or ") Z " in at_work.read_text():
            return
        time.sleep(0.1)
    raise AssertionError("it is still at work")


def test_a_forked_process_has_workers_of_its_own() -> None:
    code = (
        "import os, index.worker as w\n"
        "w.load_document(b'One.', 'a.txt')\n"
        "child = os.fork()\n"
        "texts = [w.load_document(b'%d' % n, 'a.txt').text for n in range(child > 0, 400, 2)]\n"
        "assert texts == [str(n) for n in range(child > 0, 400, 2)]\n"
        "if child:\n    assert os.waitpid(child, 0)[1] == 0\n    print('whole')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "whole\n"


def test_stopping_frees_who_waits() -> None:
    caught: list[DocumentError] = []

    def read() -> None:
        try:
            load_document(self_drawing_pdf(), "x.pdf")
        except DocumentError as error:
            caught.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not index.worker._parsers._busy:
        time.sleep(0.01)
    index.worker.stop_workers()
    thread.join(5)
    assert caught
    assert not thread.is_alive()
