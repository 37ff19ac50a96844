"""From a question that a document answers to tempting ones near it that it may not. Knows nothing of models.

They keep the words of the first and change one thing: whom or what it is about, the year, or what is asked of it.
"""

import re
from collections.abc import Collection, Iterator

from rag.asking.phrases import MONTH, ROLE

_CODE = re.compile(r"\b([A-Z]+-?)(\d+)\b(?![+.,]\w)")
_YEAR = re.compile(rf"(?<=\bin )(?:{MONTH} )?((?:1[1-9]|20)\d\d)\b")
_MADE = (
    "adopted|bought|built|completed|designed|established|founded|introduced|launched|opened|published|released|signed"
    "|sold|discovered"
)
_BODY = "company|organi[sz]ation|association|agency|institute|federation|nonprofit|council|office"
_WORK = "publication|report|book|novel|study|guide"
_EVENT = "exposition|exhibition|festival|conference|fair"
_HANDED = "returned|reported|submitted|paid|filed|delivered"
_OFFICE = rf".*\b{ROLE}\b.*|who .*|runs .*|leads .*"

# A question, a pattern of its answer, and what may be asked instead.
_INSTEAD = tuple(
    (re.compile(question), re.compile(answer), instead)
    for question, answer, instead in (
        (r"Who is (?P<x>[A-Z].*)\?", _OFFICE, "When was {x} born?"),
        (r"Who is (?P<x>[A-Z].*)\?", _OFFICE, "Where did {x} go to university?"),
        (r"Who is (?P<x>[A-Z].*)\?", _OFFICE, "How old is {x}?"),
        (r"Who is (?P<x>the .*)\?", "[A-Z].*", "Who was {x} before {answer}?"),
        (r"Who (?P<x>(?:was|were) .* led by)\?", "[A-Z].*", "Who {x} before {answer}?"),
        (r"What is (?P<x>.*)\?", rf"(?:an?|the) .*?\b(?:{_BODY})\b.*", "Who founded {x}?"),
        (r"What is (?P<x>.*)\?", rf"(?:an?|the) .*?\b(?:{_WORK})\b.*", "Who wrote {x}?"),
        (r"What is (?P<x>.*)\?", rf"(?:an?|the) .*?\b(?:{_EVENT})\b.*", "How much did {x} cost?"),
        (r"What is the deposit of (?P<x>.*)\?", ".*", "What is the monthly rent of {x}?"),
        (r"What is the (?!price|cost).* of (?P<x>the [A-Z]+-?\d+)\?", ".*", "What is the price of {x}?"),
        (r"What is the (?:height|length) of (?P<x>.*)\?", ".*", "What is the width of {x}?"),
        (r"What pressure (?P<x>.*)\?", ".*", "What temperature {x}?"),
        (r"How often should I (?P<x>.*)\?", ".*", "How long should I {x}?"),
        (rf"How soon must (?P<x>.* be (?:{_HANDED}))\?", ".*", "Where must {x}?"),
        (r"How (?:thick|wide|high|deep|tall) is (?P<x>.*)\?", ".*", "How heavy is {x}?"),
        (r"How much does (?P<x>.*) weigh\?", ".*", "How much does {x} cost?"),
        (r"How long is (?P<x>.*) covered\b.*\?", ".*", "How much does it cost to replace {x}?"),
        (r"How long do (?P<x>.*\bparts) .*\?", ".*", "How much do {x} cost?"),
        (r"When is (?P<x>.*) open\?", ".*", "What is the telephone number of {x}?"),
        (r"When is (?P<x>.*) due\?", ".*", "Who is responsible for {x}?"),
        (r"When does (?P<x>.*) begin\?", ".*", "When does {x} end?"),
        (rf"When (?P<x>(?:was|were) .* (?:{_MADE}))\b.*\?", ".*", "Who {x} by?"),
        (r"When did (?P<x>.*)\?", ".*", "Why did {x}?"),
        (r"Where (?P<x>(?:is|are|was|were) .* (?:printed|built|held|kept|stored))\?", ".*", "Who {x} by?"),
    )
)


def unsaid(question: str, answer: str, text: str, people: Collection[str]) -> Iterator[tuple[str, str]]:
    """Questions near one on a document with this text, each with how it was made, "by asking of E02 instead of E01".

    `people` are names of persons there. Whether the document answers them after all is for the caller to find out.
    """
    for name in people:
        if name in question and not question.startswith("Who is"):
            for other in people:
                if name not in other and other not in name:
                    yield question.replace(name, other), f"by asking of {other} instead of {name}"
    for code in _CODE.finditer(question):
        near = [found[0] for found in _CODE.finditer(text) if found[1] == code[1] and found[0] != code[0]]
        near += [_missing(code, text)] if re.fullmatch(r"What does \S+ mean\?", question) else []
        for other in dict.fromkeys(near):
            yield question.replace(code[0], other), f"by asking of {other} instead of {code[0]}"
    for year in _YEAR.findall(question):
        for other in dict.fromkeys(_YEAR.findall(text)):
            if other != year:
                yield question.replace(year, other), f"by asking of {other} instead of {year}"
    for asked, answered, instead in _INSTEAD:
        found = asked.fullmatch(question)
        if found and answered.fullmatch(answer):
            yield instead.format(x=found["x"], answer=answer), "by asking something else about it"


def _missing(code: re.Match[str], text: str) -> str:
    """The next code that the text does not hold: E02 after E01."""
    number = int(code[2]) + 1
    while (other := f"{code[1]}{number:0{len(code[2])}d}") in text:
        number += 1
    return other
