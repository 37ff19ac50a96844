"""A bench as tables and as JSON. Knows nothing of how it was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from eval.bench.peers import Comparison
from eval.bench.ratios import Measure
from eval.scale import Scale
from rag.retrieve import DEPTH

INSTALL = "pip install --editable '.[bench]'"

_PEERS = ("chunks", "size", "index\ns", "peak\nMB", "p50\nms", "p95\nms", "hit@1", "hit@5", "mrr\n@10")
_SCALE = ("lists", "build\ns", "building\nMB", "searching\nMB", "file\nMB", "p50\nms", "p95\nms", "recall\n@10")
_MET = {True: "met", False: "missed", None: ""}


def measures_json(measures: Sequence[Measure], about: dict[str, Any]) -> dict[str, Any]:
    """What the bench ran on, and every measure by its name."""
    return {**about, "measures": {each.name: _fields(each) for each in measures}}


def _fields(measure: Measure) -> dict[str, Any]:
    return {name: value for name, value in asdict(measure).items() if name != "name"} | {"met": measure.met}


def measures_table(measures: Sequence[Measure], title: str) -> Table:
    """Every measure with its baseline, ratio and target."""
    table = _table(title, "measure")
    for name in ("value", "baseline", "ratio", "target"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in measures:
        ratio = "" if each.ratio is None else f"{each.ratio:.2f} ×"
        baseline = "" if each.baseline is None else _quantity(each.baseline, each.unit)
        table.add_row(each.name, _quantity(each.value, each.unit), baseline, ratio, _target(each), _MET[each.met])
    return table


def measures_notes(measures: Sequence[Measure]) -> Iterator[str]:
    """What was measured against what: sentences."""
    yield "A ratio with the target ≥ says how many times faster than the baseline, one with ≤ how many times its cost."
    alike: dict[str, list[str]] = {}
    for each in measures:
        alike.setdefault(each.against, []).append(each.name)
    yield from (f"{', '.join(names)}: {against}." for against, names in alike.items())


def _target(measure: Measure) -> str:
    if measure.target is None:
        return ""
    unit = "×" if measure.ratio is not None else measure.unit
    return f"{'≤' if measure.at_most else '≥'} {measure.target:g} {unit}"


def _quantity(value: float, unit: str) -> str:
    if not unit:
        return f"{100 * value:.1f} %"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def peers_json(comparison: Comparison, about: dict[str, Any]) -> dict[str, Any]:
    """What the comparison ran on, every system that took part, and those that did not."""
    return {
        **about,
        "systems": [asdict(each) for each in comparison.standings],
        "not_installed": list(comparison.absent),
        "failures": list(comparison.failures),
    }


def peers_table(comparison: Comparison, title: str) -> Table:
    """A row for each system."""
    table = _table(title, "system")
    for name in _PEERS:
        table.add_column(name, justify="right")
    for each in comparison.standings:
        costs = (f"{each.index_s:.1f}", f"{each.peak_mb:.0f}", f"{each.p50_ms:.1f}", f"{each.p95_ms:.0f}")
        scores = (f"{100 * score:.1f}" for score in (each.hit_1, each.hit_5, each.mrr_10))
        table.add_row(each.name, f"{each.passages:,}", f"{each.characters:.0f}", *costs, *scores)
    return table


def peers_notes(comparison: Comparison) -> Iterator[str]:
    """How to read the table: sentences."""
    yield (
        "Indexing is from text files to the first search, models loaded before; questions are retrieval alone, one at "
        "a time. A chunk is relevant when it holds an accepted answer within the evidence: long ones, whose mean size "
        "in characters is shown, are more easily relevant and leave more to read."
    )
    yield from (f"{each.name} ({each.version}): {each.setting}." for each in comparison.standings)
    if comparison.absent:
        yield f"Not installed: {', '.join(comparison.absent)}; install with {INSTALL}"
    yield from comparison.failures


def scale_table(scales: Sequence[Scale]) -> Table:
    """A row for each size."""
    table = _table(f"Made vectors of 384 numbers, {DEPTH} neighbours a search", "vectors")
    for name in _SCALE:
        table.add_column(name, justify="right")
    for each in scales:
        lists = f"{each.probes}/{each.lists}" if each.lists else "exact"
        costs = (f"{cost:.0f}" for cost in (each.build_s, each.build_mb, each.search_mb, each.file_mb))
        times = f"{each.p50_ms:.1f}", f"{each.p95_ms:.1f}"
        table.add_row(f"{each.count:,}", lists, *costs, *times, f"{100 * each.recall:.1f}")
    return table


def rankings_table(rankings: Mapping[str, Mapping[str, float]], title: str) -> Table:
    """A row for each ranking."""
    table = _table(title, "ranking")
    for name in next(iter(rankings.values())):
        table.add_column(name, justify="right")
    for ranking, scores in rankings.items():
        table.add_row(ranking, *(f"{100 * score:.1f}" for score in scores.values()))
    return table


def _table(title: str, first: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
    )
    table.add_column(first, no_wrap=True)
    return table
