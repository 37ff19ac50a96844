"""Nearest neighbours in large numbers: approximate, yet the same by whatever way the index came about."""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.integrity
import index.vectors
from index.building import Nearest, build, is_due, questions, train_and_build
from index.integrity import checksum, intact
from index.vectors import Ids, Quantizer, VectorIndex, Vectors, lists_for, train
from tests.made_vectors import clustered

COUNT, DIMENSION, LISTS = 3000, 64, 32
VECTORS = clustered(COUNT, DIMENSION, seed=1)
VECTORS[1::50] = VECTORS[0]  # the same text in sixty places
IDS = np.arange(COUNT, dtype=np.int64) * 2 + 5
ASKED = questions(clustered(40, DIMENSION, seed=2))


@pytest.fixture(scope="module")
def quantizer() -> Quantizer:
    return Quantizer(train(VECTORS[:1500], LISTS), COUNT, 6, 0.0)


def stored(ids: Sequence[int]) -> tuple[Ids, Vectors]:
    rows = (np.sort(np.array(ids, dtype=np.int64)) - 5) // 2
    return IDS[rows], VECTORS[rows]


def answers(found: VectorIndex, depth: int = 10, among: Ids | None = None) -> list[list[tuple[int, float]]]:
    return [found.search(asked, depth, among, stored) for asked in ASKED]


def true(rows: Ids, depth: int, among: Ids | None = None) -> list[list[tuple[int, float]]]:
    exact = VectorIndex.build(IDS[rows], VECTORS[rows])
    return [exact.search(asked, depth, among) for asked in ASKED]


changes = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, COUNT - 1), st.integers(1, 900)),
    max_size=6,
)


@given(st.permutations(range(6)), changes)
def test_the_way_an_index_came_about_does_not_matter(
    quantizer: Quantizer, order: list[int], steps: list[tuple[str, int, int]]
) -> None:
    """Built at once, in other parts and another order, changed in place, or carried through changes: the same."""
    parts = np.array_split(np.arange(COUNT), 6)
    grown = VectorIndex.empty(DIMENSION, quantizer)
    for part in order[:4]:
        grown.add(IDS[parts[part]], VECTORS[parts[part]])
    base = VectorIndex.empty(DIMENSION, quantizer)
    have = np.concatenate([parts[part] for part in sorted(order[:4])])
    base.add(IDS[have], VECTORS[have])
    now, since = set(have.tolist()), set[int]()
    for step, first, number in steps:
        reach = range(first, min(first + number, COUNT))
        if step == "add":
            new = [row for row in reach if row not in now and row not in have]  # an id is never used again
            grown.add(IDS[new], VECTORS[new])
            now |= set(new)
            since |= set(new)
        else:
            gone = [row for row in reach if row in now]
            grown.remove(IDS[gone])
            now -= set(gone)
    rows, more = np.array(sorted(now), dtype=np.int64), np.array(sorted(now & since), dtype=np.int64)
    removed = IDS[[row for row in have.tolist() if row not in now]]
    carried = base.updated([(IDS[more], VECTORS[more])] if len(more) else [], removed, DIMENSION, quantizer)
    fresh = VectorIndex.build(IDS[rows], VECTORS[rows], quantizer)
    assert fresh.size == grown.size == carried.size == len(rows)
    assert answers(fresh) == answers(grown) == answers(carried)
    among = IDS[rows[::2]]
    assert answers(fresh, 10, among) == answers(grown, 10, among) == answers(carried, 10, among)


def test_a_list_does_not_depend_on_what_is_added_at_once(quantizer: Quantizer) -> None:
    together = VectorIndex.build(IDS, VECTORS, quantizer)
    alone = VectorIndex.empty(DIMENSION, quantizer)
    for row in np.random.default_rng(3).permutation(COUNT):
        alone.add(IDS[row : row + 1], VECTORS[row : row + 1])
    assert answers(together, 50) == answers(alone, 50)


def test_threads_change_nothing(quantizer: Quantizer) -> None:
    found = []
    before = faiss.omp_get_max_threads()
    for threads in (1, 2, 4):
        faiss.omp_set_num_threads(threads)
        found.append(answers(VectorIndex.build(IDS, VECTORS, quantizer), 50))
        assert faiss.omp_get_max_threads() == threads, "what others set is left alone"
    faiss.omp_set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_scores_are_exact_cosines_and_ties_in_order_of_id(quantizer: Quantizer) -> None:
    exact = {each: score for pairs in true(np.arange(COUNT), COUNT) for each, score in pairs[:1]}
    assert len(exact) > 1
    whole = [dict(pairs) for pairs in true(np.arange(COUNT), COUNT)]
    for pairs, scores in zip(answers(VectorIndex.build(IDS, VECTORS, quantizer), 80), whole, strict=True):
        assert all(score == scores[each] for each, score in pairs)
        assert pairs == sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def test_every_list_is_the_exact_answer_when_all_are_wanted(quantizer: Quantizer) -> None:
    approximate = VectorIndex.build(IDS, VECTORS, quantizer)
    assert answers(approximate, COUNT) == true(np.arange(COUNT), COUNT)
    assert answers(approximate, 10 * COUNT) == true(np.arange(COUNT), COUNT)


@pytest.mark.parametrize("few", [0, 10**4])
def test_a_selection_misses_nothing(quantizer: Quantizer, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is fetched or looked for, even where a search of everything would not look."""
    monkeypatch.setattr(index.vectors, "FEW", few)
    approximate = VectorIndex.build(IDS, VECTORS, quantizer).probing(1)
    far = VECTORS[np.argmin(VECTORS @ ASKED[0])]
    among = np.sort(IDS[np.argsort(-(VECTORS @ far))[:100]])
    asked = ASKED[0]
    assert not {each for each, _ in approximate.search(asked, 20)} & set(among.tolist())
    expected = VectorIndex.build(IDS, VECTORS).search(asked, 5, among)
    assert approximate.search(asked, 5, among, stored) == expected
    assert approximate.search(asked, 20, np.empty(0, dtype=np.int64), stored) == []


def test_an_empty_index(quantizer: Quantizer) -> None:
    for empty in (VectorIndex.empty(DIMENSION, quantizer), VectorIndex.empty(DIMENSION), VectorIndex.empty(0)):
        assert (empty.size, empty.search(np.ones(max(1, DIMENSION), dtype=np.float32), 5)) == (0, [])


def test_building_measures_what_it_promises() -> None:
    """Trained on the first blocks, tuned with vectors held out, and right about questions that it has not seen."""
    count = 20_000
    vectors, ids = clustered(count, DIMENSION, seed=4), np.arange(count, dtype=np.int64)
    blocks = [(ids[at : at + 3000], vectors[at : at + 3000]) for at in range(0, count, 3000)]
    found, quantizer = train_and_build(DIMENSION, count, lambda: iter(blocks), lambda most: vectors[:most])
    assert (quantizer.size, found.size, found.lists) == (count, count, lists_for(count))
    assert 1 <= quantizer.probes < found.lists
    assert 0.98 < quantizer.recall <= 1
    asked = questions(clustered(200, DIMENSION, seed=4))
    nearest, exact = Nearest(asked), VectorIndex.build(ids, vectors)
    for block in blocks:
        nearest.see(*block)
    assert [{each for each, _ in exact.search(each, 10)} for each in asked] == list(map(set, nearest.ids.tolist()))
    assert nearest.recall(found) > 0.97
    assert nearest.recall(found.probing(1)) < nearest.recall(found), "more lists find more"
    again = build(DIMENSION, lambda: iter(blocks), quantizer)
    assert [again.search(each, 9) for each in asked] == [found.search(each, 9) for each in asked]


def test_when_training_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.building.EXACT", 100)
    trained = Quantizer(b"", 200, 1, 1.0)
    assert [is_due(size, None) for size in (0, 100, 101)] == [False, False, True]
    assert [is_due(size, trained) for size in (49, 50, 101, 800, 801)] == [True, False, False, False, True]


# Snapshots.


@pytest.fixture(params=["whole", "sampled"])
def snapshot(
    request: pytest.FixtureRequest, tmp_path: Path, quantizer: Quantizer, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """A file that is checked whole or by samples, and its checksum."""
    if request.param == "sampled":
        for name, value in {"WHOLE": 1000, "SAMPLES": 4, "SAMPLE": 128}.items():
            monkeypatch.setattr(index.integrity, name, value)
    path = tmp_path / "snapshot.faiss"
    return path, VectorIndex.build(IDS, VECTORS, quantizer).save(path)


def test_a_snapshot_gives_the_same_answers(snapshot: tuple[Path, str], quantizer: Quantizer) -> None:
    path, expected = snapshot
    assert [file.name for file in path.parent.iterdir()] == [path.name], "nothing left beside it"
    read = VectorIndex.load(path, expected, quantizer.probes)
    assert read is not None
    assert answers(read) == answers(VectorIndex.build(IDS, VECTORS, quantizer))
    changed = VectorIndex.load(path, expected, quantizer.probes)
    assert changed is not None
    changed.remove(IDS[:70])
    assert changed.size == COUNT - 70
    assert answers(read) == answers(VectorIndex.build(IDS, VECTORS, quantizer)), "the other is as it was"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def overwrite(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def half(path: Path) -> None:
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2] + bytes(size - size // 2))


@pytest.mark.parametrize("harm", [Path.unlink, truncate, append, overwrite, flip, half, lambda p: p.write_bytes(b"")])
def test_a_damaged_snapshot_is_not_used(snapshot: tuple[Path, str], harm: object) -> None:
    path, expected = snapshot
    assert intact(path, expected)
    assert callable(harm)
    harm(path)
    assert not intact(path, expected)
    assert VectorIndex.load(path, expected, 1) is None


def test_what_is_no_index_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"Dear diary")
    assert VectorIndex.load(tmp_path / "file", checksum(tmp_path / "file")) is None
