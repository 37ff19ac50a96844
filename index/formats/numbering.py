"""The numbers that Word prints before the paragraphs of its lists. Knows nothing of the paragraphs' text."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from index.formats.office import NAMES, W, is_on, value, whole

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ROMAN = {"m": 1000, "cm": 900, "d": 500, "cd": 400, "c": 100, "xc": 90, "l": 50, "xl": 40}
ROMAN |= {"x": 10, "ix": 9, "v": 5, "iv": 4, "i": 1}
DEPTHS = range(9)
LONGEST = 100  # characters of what is printed around a number


class _Level(NamedTuple):
    """What Word says of the items at one depth of a list."""

    form: str
    text: str  # %1 stands for the number at the highest level
    start: int
    restart: int  # an item at a depth less than this starts it anew
    style: str | None  # whose paragraphs are at this level
    legal: bool  # whether all its numbers are decimal


class _List(NamedTuple):
    levels: dict[int, _Level]
    counts: dict[int, int]  # by depth; shared by all lists of one definition
    fresh: set[int]  # the depths that do not go on counting where another list ended
    linked: dict[str | None, int]  # the depths by the styles whose paragraphs are there


class Numbering:
    """The lists that the children of a numbering part define, and how far each is counted."""

    def __init__(self, definitions: Sequence["Element"]) -> None:
        abstracts = [one for one in definitions if one.tag == f"{W}abstractNum"]
        by_id = {abstract.get(f"{W}abstractNumId"): abstract for abstract in abstracts}
        by_style = {value(abstract, "w:styleLink"): abstract for abstract in abstracts}
        levels = {abstract: _levels(abstract.iterfind("w:lvl", NAMES)) for abstract in abstracts}
        counts: dict[Element, dict[int, int]] = {abstract: {} for abstract in abstracts}
        self._lists: dict[str, _List] = {}
        self._linked: set[str | None] = set()  # the styles of which one of them is
        for num in (one for one in definitions if one.tag == f"{W}num"):
            abstract = by_id.get(value(num, "w:abstractNumId"))
            if abstract is None:
                continue
            if style := value(abstract, "w:numStyleLink"):
                abstract = by_style.get(style, abstract)
            own = levels[abstract] | _levels(num.iterfind("w:lvlOverride/w:lvl", NAMES))
            fresh = set()
            for override in num.iterfind("w:lvlOverride", NAMES):
                depth, start = whole(override.get(f"{W}ilvl")) or 0, whole(value(override, "w:startOverride"))
                if depth in own and start is not None:
                    own[depth] = own[depth]._replace(start=start)
                    fresh.add(depth)
            linked: dict[str | None, int] = {level.style: depth for depth, level in own.items() if level.style}
            self._linked.update(linked)
            self._lists[num.get(f"{W}numId", "")] = _List(own, counts[abstract], fresh, linked)

    def concerns(self, style: "Element") -> bool:
        """Whether a style says something of the numbers of its paragraphs."""
        return style.find("w:pPr/w:numPr", NAMES) is not None or style.get(f"{W}styleId") in self._linked

    def count(self, layers: Sequence["Element"]) -> tuple[str, bool]:
        """Count the next paragraph: the number printed before it, and whether a bullet is.

        `layers` are the paragraph and its styles, of which the first that says something holds.
        """
        ids = (value(layer, "w:pPr/w:numPr/w:numId") for layer in layers)
        found = self._lists.get(next((id for id in ids if id is not None), ""))
        if found is None:
            return "", False
        levels, counts, fresh, linked = found
        said = (
            depth
            for layer in layers
            for depth in (linked.get(layer.get(f"{W}styleId")), whole(value(layer, "w:pPr/w:numPr/w:ilvl")))
        )
        depth = next((depth for depth in said if depth is not None), 0)
        if depth not in levels:
            return "", False
        goes_on = depth in counts and depth not in fresh
        fresh.discard(depth)
        counts[depth] = counts[depth] + 1 if goes_on else levels[depth].start
        for deeper, level in levels.items():
            if depth < min(deeper, level.restart):
                counts.pop(deeper, None)
        return _printed(found, depth), levels[depth].form == "bullet"


def _levels(elements: Iterable["Element"]) -> dict[int, _Level]:
    levels = {}
    for element in elements:
        depth, restart = whole(element.get(f"{W}ilvl")) or 0, whole(value(element, "w:lvlRestart"))
        if depth not in DEPTHS:
            continue
        levels[depth] = _Level(
            form=value(element, "w:numFmt") or "decimal",
            text=(value(element, "w:lvlText") or "")[:LONGEST],
            start=whole(value(element, "w:start")) or 0,
            restart=depth if restart is None else restart,
            style=value(element, "w:pStyle"),
            legal=is_on(element, "w:isLgl"),
        )
    return levels


def _printed(found: _List, depth: int) -> str:
    """The text of a list's number; empty for a bullet and where one of its parts is in a form unknown."""
    own = found.levels[depth]
    text = "" if own.form == "bullet" else own.text
    for sign in re.findall("%[1-9]", text):
        at = int(sign[1]) - 1
        level = found.levels.get(at, own)
        number = printed_number(found.counts.get(at, level.start), "decimal" if own.legal else level.form)
        if number is None:
            return ""
        text = text.replace(sign, number)
    return text.strip()


def printed_number(number: int, form: str) -> str | None:
    """A number as a list prints it; None in a form unknown."""
    if form.startswith("upper"):
        lower = printed_number(number, form.replace("upper", "lower"))
        return lower and lower.upper()
    if form == "none":
        return ""
    if form in ("decimal", "decimalZero"):
        return f"{number:02}" if form == "decimalZero" else str(number)
    if form not in ("lowerLetter", "lowerRoman") or not 0 < number < 4000:
        return None
    if form == "lowerLetter":
        return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    text = ""
    for digits, amount in ROMAN.items():
        text, number = text + digits * (number // amount), number % amount
    return text
