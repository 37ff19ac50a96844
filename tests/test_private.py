"""What a library's folder holds is for its owner alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.library import Library
from tests.fakes import WordEmbedder
from ui.scratch import warn_if_writable


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name.split("-")[0]: path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.usefixtures("umask")
def test_nobody_else_reads_a_library(tmp_path: Path, files: Path) -> None:
    library = Library(tmp_path / "new" / "library", WordEmbedder(), create=True)
    library.update([str(files)])
    with library._catalog.writing() as records:
        records.set_fact("open", "and in a file of its own")
        beside = modes(library.folder)
    assert library.folder.stat().st_mode & 0o777 == 0o700
    assert set(modes(library.folder)) >= {"library.sqlite", "vectors", "write.lock"}
    assert set(beside.values()) | set(modes(library.folder).values()) == {0o600}
    assert len(list(library.folder.glob("library.sqlite*"))) == 1


def test_a_folder_that_a_person_made_keeps_its_mode(tmp_path: Path, files: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o755)
    (tmp_path / "mine").chmod(0o755)
    library = Library(tmp_path / "mine", WordEmbedder(), create=True)
    library.update([str(files)])
    assert library.folder.stat().st_mode & 0o777 == 0o755
    assert set(modes(library.folder).values()) == {0o600}


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o775, 0o777, 0o702])
def test_a_folder_that_everybody_can_write_to_is_warned_of(
    tmp_path: Path, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library").chmod(mode)
    warn_if_writable(tmp_path / "library")
    said = capsys.readouterr().err
    assert ("every user of this machine can write to" in said) is bool(mode & 0o002)
    assert said.count("\n") == bool(said)
