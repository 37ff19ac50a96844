"""Files made to harm: each is read or refused in bounded time and memory, and nothing but DocumentError comes out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import CASES, packed, zip_bomb_docx
from tests.mutations import FILES, mutate, read

MUTATIONS = 100  # of each file

Cost = tuple[float, float, int]


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    """For each hostile file the seconds, the megabytes and the exit status of a process that reads it."""
    command = [sys.executable, "-m", "tests.read_hostile"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, timeout=300, check=True)
    measured: dict[str, Cost] = json.loads(done.stdout)
    return measured


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_costs_little(name: str, costs: dict[str, Cost]) -> None:
    seconds, megabytes, status = costs[name]
    assert status in (0, 1), "it is read or refused"
    assert seconds < 10  # up to minutes, before; at most three where nothing else runs
    assert megabytes < 500


def test_hostile_files_are_small() -> None:
    assert all(len(make()) < 250_000 for make in CASES.values())


def test_an_archive_that_unpacks_to_much_is_refused() -> None:
    assert not read("a.docx", zip_bomb_docx(310))


@pytest.mark.parametrize("name", FILES)
def test_files_are_readable_until_they_are_damaged(name: str) -> None:
    assert read(name, FILES[name]())


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_a_document_or_an_error(name: str) -> None:
    whole = FILES[name]()
    outcomes = {read(name, mutate(name, whole, seed)) for seed in range(MUTATIONS)}
    assert True in outcomes, "mutations that nothing survives reach no parser"


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.pptx", "a.epub"])
def test_an_archive_of_other_parts(name: str) -> None:
    assert not read(name, packed({"mimetype": "text/plain"}))
