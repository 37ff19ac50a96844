"""From the rows of a table to what could be asked about their cells. Knows nothing of sentences or answering."""

import re
from collections.abc import Iterator, Mapping

from index.sentences import BETWEEN_CELLS
from rag.asking.phrases import DATE, MONEY, NAME, NUMBER, ROLE, Asked

_CODE = re.compile(r"[A-Z]+[- ]?\d[\w-]*")
_MEASURE = re.compile(
    r"(?:\w+ ){0,2}(?:volume|height|weight|width|length|depth|thickness|input|output|power|capacity|price|cost|fee"
    r"|charge|deposit|rent|salary|budget|amount|rate|age|date|deadline|speed|range|size|area|population|temperature|pressure"
    r"|revenue|profit|turnover|value|distance|duration|limit|allowance|fare|warranty|delivery|period|term)"
)
_VALUE = re.compile(rf"(?:{MONEY}|{NUMBER}(?: ?[^\W\d]\S{{0,5}}| %)?|{DATE}(?:\d\d)?)")


def of_rows(text: str, words: Mapping[str, int]) -> Iterator[Asked]:
    """About the values in rows: `Item: Cable | Length: 2 m`, or of Markdown. `words` tell a name from a word."""
    for row in filter(None, _rows(text)):
        (_, entity, _), *cells = row
        for column, value, at in cells:
            thing, measure = (column, entity) if _CODE.fullmatch(column) else (entity, column)
            if not (_is_name(thing, words) and re.fullmatch(r"[^\W\d_]+(?: [^\W\d_]+){0,2}", measure)):
                continue
            asked = measure if re.match("[A-Z]{2}", measure) else measure[0].lower() + measure[1:]
            article = "the " if _CODE.fullmatch(thing) and thing == column else ""
            if asked in ("meaning", "definition"):
                kind, question = "what", f"What does {thing} mean?"
            elif re.search("[^s]s$", asked) and re.fullmatch(r"\d[\d,.]*", value):
                kind, question = "how many", f"How many {asked} does {article}{thing} have?"
            elif re.fullmatch("opened|founded|built|born|completed|established|launched|published", asked):
                kind, question = "when", f"When was {article}{thing} {asked}?"
            elif re.search(rf"\b(?:{ROLE}|contact|tenant)$", asked) and re.fullmatch(NAME, value):
                kind, question = "who", f"Who is the {asked} of {article}{thing}?"
            elif _VALUE.fullmatch(value) and _MEASURE.fullmatch(asked):
                kind, question = "what", f"What is the {asked} of {article}{thing}?"
            else:
                continue
            yield f"{kind} (table)", question, at, at + len(value)


def _is_name(thing: str, words: Mapping[str, int]) -> bool:
    """Whether it is a code, or has a capital at every word and none that the documents write small."""
    return bool(_CODE.fullmatch(thing)) or (
        len(thing) < 30 and all(re.match("[A-Z]", word) and not words[word.lower()] for word in thing.split())
    )


def _rows(text: str) -> Iterator[list[tuple[str, str, int]]]:
    """Each row's cells: the name of its column, its text, and where that begins. Rows without names are none."""
    names: list[str] = []
    for line in re.finditer(r"[^\n]+", text):
        if BETWEEN_CELLS not in line[0]:
            names = []
            continue
        cells = [
            (cell[0].strip(), line.start() + cell.start())
            for cell in re.finditer(r"(?<![^ |])[^ |](?:[^|]*[^ |])?", line[0])
        ]
        if not line[0].startswith("|"):
            named = [(*cell.partition(": ")[::2], at) for cell, at in cells]
            yield [(name, value, at + len(name) + 2) for name, value, at in named if value]
        elif not names:
            names = [cell for cell, _ in cells]
        elif len(cells) == len(names) and not re.match(r"\| *:?-", line[0]):
            yield [(name, cell, at) for name, (cell, at) in zip(names, cells, strict=True)]
