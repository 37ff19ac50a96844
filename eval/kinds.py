"""Which kind of question it is, by its wording alone. Knows nothing of answers."""

import re

_LIST = r"(?:please )?(?:list|name|enumerate|give (?:me )?(?:all|the names))\b|(?:what|which) are (?:all|the names)\b"
_WHETHER = (
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
    r"(?:n['’]?t)? "
)
_HOW_LONG = r"how (?:\w+ly )?(?:long|often|frequently|far|old|soon|big|large|tall|high|deep|wide|heavy|fast|hot|cold)\b"

# The first that matches counts: those that begin a question, then the earliest question word.
_BEGINNINGS = {"list": re.compile(_LIST), "yes/no": re.compile(_WHETHER)}
_WORDS = {
    "how many/much": r"how (?:many|much)\b",
    "how long/often/far": _HOW_LONG,
    "how": r"how\b",
    "who": r"who(?:m|se)?\b",
    "what": r"what\b",
    "which": r"which\b",
    "when": r"when\b",
    "where": r"where\b",
    "why": r"why\b",
}
_QUESTION_WORD = re.compile("|".join(rf"(\b{pattern})" for pattern in _WORDS.values()))

QUESTION_KINDS = (
    *("who", "what", "which", "when", "where", "why"),
    *("how many/much", "how long/often/far", "how", "yes/no", "list", "other"),
)


def question_kind(question: str) -> str:
    """One of QUESTION_KINDS. “In which year …” is a which, “After what did …” a what."""
    asked = " ".join(question.lower().split())
    for name, beginning in _BEGINNINGS.items():
        if beginning.match(asked):
            return name
    found = _QUESTION_WORD.search(asked)
    return list(_WORDS)[found.lastindex - 1] if found and found.lastindex else "other"
