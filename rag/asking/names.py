"""From a sentence that says who or what a name is to the question that asks it. Knows nothing of answering."""

import re
from collections.abc import Iterator, Mapping

from rag.asking.phrases import END, FINITE, LEADING, LINKING, NAME, NO_NOUN, NOUN, ROLE, Asked, inside

_IN_ROLE = rf"(?:the|an?) (?:[\w’'-]+ ){{0,5}}?{ROLE}(?=[,.;]| (?:of|for|in|at|to|from|who|whose|and|behind)\b)"
_MADE = (
    "(?:company|organi[sz]ation|association|agency|institute|format|software|system|programme|agreement|treaty|festival"
    "|exhibition|exposition|channel|method|protocol|standard|language|species|genus|disease|river|mountain|lake)"
)
_IN_MADE = rf"(?:the|an?) (?:[\w-]+ ){{0,3}}?{_MADE}"
_TITLE = (
    rf"(?:[A-Z][\w-]*[a-z] )*(?=[A-Z]){ROLE}(?: (?:of|for) (?:[Tt]he )?[A-Z][\w.-]+(?: (?:and )?[A-Z][\w.-]+)*?){{0,2}}"
)
_CAPITAL = r"[A-Z][\w+-]*(?: (?:[A-Z][\w+-]*|\d+))*"
_ALONE = rf"{END}(?!, (?:and|or|an?|the)\b)"  # no item of a list
_NAMED = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("who", rf"(?P<name>{NAME}), (?P<asked>who (?:is|was|runs|leads|heads|directs|founded|wrote) [^,;]+?){END}"),
        ("who", rf"(?P<name>{NAME}), (?P<asked>{_IN_ROLE}[^,;]*?){END}"),
        ("who", rf"^(?P<name>{NAME})(?: \([^()]*\))? (?:is|was) (?P<asked>{_IN_ROLE}[^,;]*?){END}"),
        ("who", rf"(?P<asked>{_TITLE}) (?P<name>[A-Z][a-z’'-]+ [A-Z][a-z’'-]+)\b(?! (?:[A-Z]|of\b))"),
        ("what", rf"(?P<name>the {_CAPITAL})(?: \([^()]*\))?, (?P<asked>an? [^,;]*?){_ALONE}"),
        (
            "what",
            rf"\b(?P<name>{_CAPITAL})(?: \([^()]*\))?, (?P<asked>{_IN_MADE}\b[^,;]*?){_ALONE}",
        ),
        (
            "what",
            rf"^(?P<name>An? {NOUN}(?: {NOUN})?|(?:The )?{_CAPITAL})(?: \([^()]*\))?,? is (?P<asked>an? [^;]*?)\.$",
        ),
    )
)
_NO_ANSWER = re.compile("(?:an?|the) (?:example|part|kind|type|sort|form|number|lot|great|good|nice|second|little)\\b")
_SAYS_MORE = re.compile(r"(?<!who )(?<!which )(?<!that )\b(?:is|are|was|were|has|have|had|it)\b")


def of_names(sentence: str, words: Mapping[str, int]) -> Iterator[Asked]:
    """Who or what a name is, where the sentence says so."""
    taken: set[str] = set()
    for kind, pattern in _NAMED:
        for found in pattern.finditer(sentence):
            name, asked, before = found["name"], found["asked"], sentence[: found.start("name")]
            if not before:
                name = inside(name, words)
            if kind == "what" and (re.search(r"(?:\bthe|\b[A-Z]\S*) $", before) or _SAYS_MORE.search(asked)):
                continue
            if re.match(rf"(?i:{NO_NOUN})\b", re.sub("^(?:an?|the) ", "", name)):
                continue
            if not name or name in taken or (kind == "who" and re.search(rf"\b{ROLE}\b", name)):
                continue
            if " " not in asked or _NO_ANSWER.match(asked) or (kind == "what" and re.match(_IN_ROLE, asked)):
                continue
            if re.match(rf"(?i:{LEADING}|{LINKING}) [^,]*$", before) and not re.search(rf"\b(?:{FINITE})\b", before):
                continue  # “During the Crimean War, a fleet …”
            taken.add(name)
            yield f"{kind} is", f"{kind.capitalize()} is {name}?", *found.span("asked")
