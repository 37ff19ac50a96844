"""Uploads that are not added: how much room they take, and for how long."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from index.library import Library
from tests.serving import ADA, BOB, filled, running, served, until, users
from ui import waiting_files
from ui.scratch import private_folder
from ui.waiting_files import in_use

MB = 1_000_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return filled(tmp_path_factory.mktemp("waiting") / "library")


@pytest.fixture
def url(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose clients may have 2 MB of files waiting each, and 3 MB together."""
    monkeypatch.setattr(waiting_files, "MAX_UPLOADS_BYTES", 2 * MB)
    monkeypatch.setattr(waiting_files, "MOST_BYTES", 3 * MB)
    with ExitStack() as stack:
        stack.enter_context(private_folder(tmp_path))
        yield stack.enter_context(running(served(library, people=users())))


def send(url: str, auth: tuple[str, str], size: int = MB, path: str = "/gradio_api/upload") -> httpx.Response:
    send.number += 1  # type: ignore[attr-defined]
    file = (f"{send.number}.txt", b"x" * (size - 1000))  # type: ignore[attr-defined]
    return httpx.post(f"{url}{path}", files={"files": file}, auth=auth, timeout=60)


send.number = 0  # type: ignore[attr-defined]


def test_what_a_client_has_waiting_is_limited(url: str) -> None:
    first, second = send(url, ADA), send(url, ADA)
    assert (first.status_code, second.status_code) == (200, 200)
    for path in ("/gradio_api/upload", "/api/documents"):
        refused = send(url, ADA, path=path)
        assert (refused.status_code, "would take more than 2 MB" in refused.text) == (413, True)
    assert send(url, BOB, size=MB // 2).status_code == 200, "who has none"
    Path(first.json()[0]).unlink()  # as when it was added
    assert send(url, ADA).status_code == 200


def test_what_all_have_waiting_is_limited(url: str) -> None:
    assert [send(url, ADA).status_code for _ in range(2)] == [200, 200]
    assert send(url, BOB, size=MB // 2).status_code == 200
    refused = send(url, BOB)
    assert (refused.status_code, "as many files waiting to be added as it takes" in refused.text) == (507, True)


def test_a_body_of_no_stated_size_is_counted_as_it_comes(url: str, tmp_path: Path) -> None:
    most = 0

    def large() -> Iterator[bytes]:
        nonlocal most
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        for _ in range(200):
            yield b"x" * 100_000
            most = max(most, sum(file.stat().st_size for file in tmp_path.glob("uploads-*/page/*") if file.is_file()))

    how: dict[str, Any] = {"headers": {"Content-Type": "multipart/form-data; boundary=x"}, "auth": ADA, "timeout": 60}
    for path in ("/gradio_api/upload", "/api/documents"):
        assert httpx.post(f"{url}{path}", content=large(), **how).status_code == 413
    assert 0 < most <= 2 * MB
    assert send(url, ADA).status_code == 200


def test_many_tiny_files_count_for_more(url: str) -> None:
    files = [("files", (f"{n}.txt", b"x")) for n in range(20)]
    assert httpx.post(f"{url}/gradio_api/upload", files=files, auth=ADA).status_code == 200
    assert send(url, ADA).status_code == 413


def test_some_of_the_disk_stays_free(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    free = waiting_files.MARGIN + 2 * MB
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free))
    assert send(url, ADA).status_code == 200
    free = waiting_files.MARGIN
    for path in ("/gradio_api/upload", "/api/documents"):
        refused = send(url, ADA, path=path)
        assert (refused.status_code, "no room for this on the server's disk" in refused.text) == (507, True)


def test_what_nobody_adds_is_deleted_and_what_is_being_added_stays(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_files, "STAY", 0.5)
    with in_use([Path(send(url, ADA).json()[0])]) as _:
        (kept,) = waiting_files._in_use
        forgotten = Path(send(url, ADA, size=MB // 2).json()[0])
        until(lambda: not forgotten.exists())
        assert kept.exists()
    send(url, BOB, size=MB // 2)
    until(lambda: not kept.exists())
