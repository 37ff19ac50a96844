"""The parts of a question by closed-class words alone: rough and cheap. Knows nothing of conversations."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BE = _words("am is are was were be been being")
AUXILIARIES = BE | _words("do does did has have had can could may might must shall should will would")
PREPOSITIONS = _words(
    "about above after against at before behind below between by during for from in inside into of on outside over "
    "per since through till to toward towards under until with within without"
)
QUESTION_WORDS = _words("who whom whose what which where when why how")
SUBORDINATORS = _words("when while if because that whether where as than until before after since though")
DETERMINERS = _words("the a an my your our each every another")
SUBJECTS = _words("i you we they he she it")
CLOSED = (
    AUXILIARIES
    | PREPOSITIONS
    | QUESTION_WORDS
    | SUBORDINATORS
    | DETERMINERS
    | SUBJECTS
    | _words(
        "and or but not no me us him her them his hers its their theirs myself itself this these those there then here "
        "again also still yet already ever just only up off out away back down many much often long so too very any "
        "some all both ago more most less once please one ones else next together elsewhere abroad anywhere somewhere"
    )
)


def any_of(words: frozenset[str]) -> str:
    """A regular expression for any of the words."""
    return f"(?:{'|'.join(sorted(words))})"


CLAUSE = re.compile(
    rf"(?P<wh>(?:{any_of(PREPOSITIONS)} )?{any_of(QUESTION_WORDS)}\b"
    rf"(?:(?!\b(?:{any_of(AUXILIARIES)}|the|if|when|that|because)\b).)*)?\b(?P<aux>{any_of(AUXILIARIES)})\s(?P<rest>.+)",
    re.IGNORECASE,
)
"""“How long” + “does” + “the pump take to heat up”; `wh` is None in a yes-or-no question."""

_HAPPEN = re.compile(r"\bt(?:ake|akes|ook|aken|aking) (?:part|place)\b", re.IGNORECASE)
_TOKEN = re.compile(rf"{_HAPPEN.pattern}|[\w£$€](?:[\w£$€%°.,:+&/’'-]*[\w%°])?(?:\(\w+\))?|[^\w\s]", re.IGNORECASE)
_PREDICATE = re.compile(r"\w+(?:ed|ing)|held|made|built|given|paid|sold|due|open|available|free|empty|full")
_CONTRACTED = re.compile(r"\w+n['’]t|(?:what|who|where|when|how|that|it|there)['’]s", re.IGNORECASE)


def bare(question: str) -> str:
    """The question without its mark."""
    return question.strip().rstrip("?!. ")


def content_words(text: str) -> list[str]:
    """Words and numbers that are not closed-class."""
    return [token for token in _TOKEN.findall(text) if not _closes(token)]


def noun_phrases(question: str) -> list[str]:
    """The noun phrases after the question word, in their order, “the role of the pump” as one.

    Runs of words between closed-class ones, less what must be a verb where it stands.
    """
    clause = CLAUSE.match(question)
    text, aux = (clause["rest"], clause["aux"].lower()) if clause else (question, "")
    tokens = [*_TOKEN.finditer(text)]
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(tokens):
        end = at + (tokens[at].group().lower() in DETERMINERS)
        while end < len(tokens) and not _closes(tokens[end].group()):
            end += 1
        before = tokens[at - 1].group().lower() if at else aux or "what"
        after = tokens[end].group().lower() if end < len(tokens) else ""
        run = [token.group() for token in tokens[at:end]]
        for first, last in _without_verbs(run, before, after, not at) if run else []:
            start, stop = tokens[at + first].start(), tokens[at + last - 1].end()
            if before == "of" and found:
                found[-1] = (found[-1][0], stop)
            else:
                found.append((start, stop))
        at = max(end, at + 1)
    return [text[start:stop] for start, stop in found]


def _closes(token: str) -> bool:
    no_word = not (token[0].isalnum() or token[0] in "£$€")
    acronym = token.isupper() and len(token) > 1  # “US”, “IT”
    return (token.lower() in CLOSED and not acronym) or no_word or " " in token or bool(_CONTRACTED.fullmatch(token))


def _without_verbs(words: list[str], before: str, after: str, opens: bool) -> list[tuple[int, int]]:
    """Where in a run of words its noun phrases stand; `opens` is whether it comes first in the question's clause."""
    first, last = 0, len(words)
    determined = words[0].lower() in DETERMINERS
    if before in SUBJECTS | QUESTION_WORDS | {"to"} and words[0].islower() and not determined:
        gap = next((i for i, word in enumerate(words) if i and re.fullmatch(r"[a-z]+(?:s|ed)", word)), 0)
        first = 1 + (gap if before in ("which", "what") else 0)
    elif before in AUXILIARIES - BE and last == 1 and words[0].islower() and after in DETERMINERS:
        return []
    elif (
        opens and before in AUXILIARIES - BE and after not in AUXILIARIES and " " not in after and last > 1 + determined
    ):
        names = next((i for i, word in enumerate(words) if word.islower() and i), last)
        if words[0][0].isupper() and not determined and names < last:
            return [(0, names), *([(names + 1, last)] if names + 1 < last else [])]
        last -= words[-1].islower()
    while last > first and _PREDICATE.fullmatch(words[last - 1]):
        last -= 1
    return [(first, last)] if last > first + (determined and not first) else []
