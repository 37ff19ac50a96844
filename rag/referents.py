"""What the words of a follow-up stand for in the turns before it. Knows nothing of documents, models or screens."""

import re
from collections.abc import Sequence

from rag.grammar import BE, CLAUSE, DETERMINERS, QUESTION_WORDS, SUBORDINATORS, bare, content_words, noun_phrases
from rag.types import Turn

SHORT = 6  # words of an answer that can stand inside a question

_ORDER = re.compile(r"^(?:please )?(?:tell|explain|describe|show|give|list|compare|summari[sz]e)\b", re.IGNORECASE)
_EXPLETIVE = re.compile(
    r"\bwhat(?:'s| is) it (?:all )?about$"
    r"|\bit (?:called|mean) (?:when|if|for)\b|\bhow \w+ \w+ it (?:get\b|(?:before|since|until)\b)",
    re.IGNORECASE,
)


def explained(pronoun: str, before: str, after: str) -> bool:
    """Whether the question names what the pronoun stands for, or its “it” stands for nothing (“Is it safe to …”)."""
    before = _ORDER.sub("", before)
    words = before.lower().split()
    clause = CLAUSE.match(f"{before}…")
    inside = clause["rest"] if clause else before.partition(" ")[2] if words and words[0] in QUESTION_WORDS else before
    content = content_words(inside)
    if content and words[-1] in SUBORDINATORS and pronoun not in ("him", "them"):
        return True
    if pronoun == "it" and (_EXPLETIVE.search(f"{before}it{after}") or len(content_words(_awaited(after))) > 1):
        return True
    if pronoun in ("his", "her", "their") and words[:1] == ["who"] and not clause:
        return True  # “Who lost his keys?”
    if content and pronoun == "their":
        return True
    if pronoun in ("they", "them") and any(word.endswith("s") for word in content):
        return True
    return any(word[0].isupper() for word in content) or bool(DETERMINERS & set(inside.lower().split()))


def _awaited(after: str) -> str:
    """What an “it” only stands in for: “Is it safe *to drink the water*?”"""
    clause = re.search(r"\b(?:to|that|who)\b(.*)", after)
    return clause[1] if clause else ""


def person(history: Sequence[Turn]) -> str | None:
    """The person last spoken of: whom a question named, the answer to its “who”, or how it put that."""
    for turn in reversed(history):
        clause = CLAUSE.match(bare(turn.question))
        if clause and (name := re.match(r"[A-Z][\w’-]+(?: [A-Z][\w’-]+)+", clause["rest"])):
            return name.group()
        if re.match(r"(?:\w+ )?who", turn.question, re.IGNORECASE):
            if (turn.answer or "")[:1].isupper():
                return str(turn.answer).split(",")[0]
            return next(iter(noun_phrases(turn.question)), None) if clause and clause["aux"].lower() in BE else None
    return None


def thing(history: Sequence[Turn], plural: bool = False) -> str | None:
    """What was last spoken of: the answer to “which …”, else what the question was about."""
    for turn in reversed(history):
        clause = CLAUSE.match(bare(turn.question))
        opening = (clause["wh"] or "") if clause else turn.question
        wanted = re.match(r"(?:\w+ )?(?:which|what)\b(.*)", opening, re.IGNORECASE)
        said, phrases = named(turn), noun_phrases(turn.question)
        if plural:
            return next((p for p in (said, *phrases) if p.endswith("s") or listed(p)), None)
        if wanted and said and (wanted[1].strip() or said.split()[0] in DETERMINERS):
            return said
        if phrases and clause and clause["aux"].lower() in BE and wanted and not wanted[1].strip():
            return phrases[0].split(" of ", 1)[-1]
        if phrases:
            return max(phrases, key=lambda phrase: phrase.split()[0].lower() in DETERMINERS)
    return None


def named(turn: Turn) -> str:
    """The answer as it can stand in a question, with the article it has in its quote; empty where it is too long.

    Without an answer to “which pump …” it is “the pump”.
    """
    answer = re.split(r", (?=(?:the|an?) )", turn.answer or "")[0]
    if not answer and (
        sort := re.match(r"which (.+?) (?:do|does|did|can|may|must|should|will)\b", turn.question, re.I)
    ):
        return f"the {sort[1]}"
    if not answer or len(answer.split()) > SHORT:
        return ""
    article = re.search(rf"\b(the|an?) {re.escape(answer)}", turn.quote)
    return f"{article[1]} {answer}" if article else answer


def listed(answer: str) -> list[str]:
    """The parts of an answer that lists several; nothing where it is one."""
    parts = re.split(r",\s*(?:and\s+)?|;\s*|\s+and\s+", answer)
    return parts if len(parts) > 1 else []
