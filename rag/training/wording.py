"""Questions as people type them: without a question mark, with polite words around, with slips of the finger."""

import random
import re

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

BARE = 0.5  # share without a question mark
POLITE = 0.06
MISTYPED = 0.08
TERSE = 0.05  # reduced to its telling words

_OPENINGS = (
    "please tell me {}",
    "can you tell me {}",
    "hi, {}",
    "hello, could you look up {}",
    "i need to know {}",
    "i'd like to know {}",
    "do you know {}",
    "quick question: {}",
    "sorry, {}",
    "does it say {}",
    "according to this, {}",
    "{} please",
    "{} thanks",
)
_EMPTY = ENGLISH_STOP_WORDS - {"who", "what", "when", "where", "which", "why", "how"} | {"do", "does", "did"}


def asked(question: str, rng: random.Random) -> str:
    """The question in one of these ways, most often as it is but for its question mark."""
    if rng.random() < BARE:
        question = question.rstrip("? ") or question
    if rng.random() < MISTYPED:
        question = mistyped(question, rng)
    if rng.random() < TERSE:
        words = [word for word in question.split() if word.lower() not in _EMPTY]
        question = " ".join(words) if len(words) > 2 else question
    elif rng.random() < POLITE:
        question = rng.choice(_OPENINGS).format(question)
    return question


def mistyped(question: str, rng: random.Random) -> str:
    """One word of five lower-case letters or more with two letters exchanged, or one left out or doubled."""
    words = list(re.finditer(r"\b[a-z]{5,}\b", question))
    if not words:
        return question
    word = rng.choice(words)
    i = rng.randrange(word.start() + 1, word.end() - 1)
    slip = rng.choice((question[i + 1] + question[i], question[i + 1], 2 * question[i] + question[i + 1]))
    return question[:i] + slip + question[i + 2 :]
