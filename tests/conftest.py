"""What every test stands on: no network, a library of word counts, and the real models for `integration` tests."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from index.embedding import SentenceEmbedder, minilm_folder
from index.library import Library
from rag.assistant import Assistant
from rag.calibration import Calibration
from rag.reader import ExtractiveReader
from tests.fakes import WordEmbedder

hypothesis.settings.register_profile("footnote", max_examples=60, deadline=None, derandomize=True)


def pytest_configure() -> None:
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_PROGRESS_BARS"):  # as the command line does
        os.environ[name] = "1"  # before any test module can import huggingface_hub, which reads them once
    hypothesis.settings.load_profile("footnote")


def is_loopback(host: object) -> bool:
    return host in (None, "", "localhost", "::1") or str(host).startswith("127.")


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[list[str]]:
    """Sockets reach this machine only. Of the session, so that it holds before any model loads."""
    attempts: list[str] = []
    resolve, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex

    def check(host: object) -> None:
        if not is_loopback(host):
            attempts.append(str(host))
            raise RuntimeError(f"A test reached for {host}, outside this machine.")

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host.decode() if isinstance(host, bytes) else host)
        return resolve(host, *args, **kwargs)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):  # not a Unix socket
            check(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if isinstance(address, tuple):
            check(address[0])
        return connect_ex(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        yield attempts


@pytest.fixture(autouse=True)
def outbound(_only_loopback: list[str]) -> Iterator[list[str]]:
    """Hosts this test reached for. Any fails the test, even when the code hid the error."""
    _only_loopback.clear()
    yield _only_loopback
    assert not _only_loopback, "nothing may leave the machine"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """An empty library of word counts."""
    return Library(tmp_path / "library", WordEmbedder(), create=True)


@pytest.fixture(scope="session")
def embedder() -> SentenceEmbedder:
    """The real embedder, for `integration` tests."""
    return SentenceEmbedder(minilm_folder())


@pytest.fixture(scope="session")
def reader() -> ExtractiveReader:
    """The real reader, for `integration` tests."""
    return ExtractiveReader.load()


@pytest.fixture(scope="session")
def shipped(
    tmp_path_factory: pytest.TempPathFactory, embedder: SentenceEmbedder, reader: ExtractiveReader
) -> Assistant:
    """The real models over the shipped documents, for `integration` tests."""
    library = Library(tmp_path_factory.mktemp("shipped"), embedder, create=True)
    library.update([str(Path(__file__).parents[1] / "eval" / "gold" / "documents")])
    return Assistant(library, reader, Calibration.load())


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of two documents beside the library."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "ferry.md").write_text(
        "# Ferry\n\nThe ferry to Rathlin leaves Ballycastle.\n\n# Fares\n\nTwelve pounds.\n"
    )
    (folder / "harbour.txt").write_text("The harbour at Cobh is deep. Liners call in summer.\n")
    return folder
