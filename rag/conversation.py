"""A follow-up becomes a question that stands alone. Knows nothing of documents, models or screens.

It goes by closed-class words: pronouns, “and”, “what about”, questions without words of their own. A question with none
of these marks stays as it is.
"""

import re
from collections.abc import Sequence

from rag.grammar import (
    AUXILIARIES,
    BE,
    CLAUSE,
    CLOSED,
    DETERMINERS,
    PREPOSITIONS,
    QUESTION_WORDS,
    any_of,
    bare,
    content_words,
    noun_phrases,
)
from rag.referents import explained, listed, named, person, thing
from rag.types import Turn

LONGEST = 1000  # characters, as the assistant reads

_LEAD = re.compile(r"^(?:(?:and|but|or|so|then|okay|ok)\b,?\s+)+", re.IGNORECASE)
_ABOUT = re.compile(r"(?:what|how) about\s+", re.IGNORECASE)
_IF = re.compile(r"(?P<what>what )?(?P<condition>if\b[^,]+)", re.IGNORECASE)
_FRAGMENT = re.compile(
    rf"(?:{any_of(PREPOSITIONS)} )?{any_of(QUESTION_WORDS)}(?: (?:much|many|long|often|far|soon|big))?"
    r"(?: (?:[a-z]+s|not|else))?",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"(?P<wh>how \w+|\w+) (?:is|was|are|were|does|do) (?:it|that|this|they|those)"
    r" (?P<new>(?:in|at|on|with|from|during) .+|for (?P<who>.+))",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r"(?P<wh>when|where|why|how) (?:is|was|were|did|does|will|would) (?:that|this|it)(?: (?:be|happen|take place))?",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her|it|its|they|them|their)\b", re.IGNORECASE)
_POINTER = re.compile(
    r"^which ones? (?!of\b)"
    r"|(?<!summari[sz]e )\b(?:that|this|those|these|then|(?<!is )(?<!are )(?<!was )(?<!were )there)$"
    rf"|\bof (?:those|these|them)(?=$| {any_of(PREPOSITIONS | AUXILIARIES)}\b)"
    r"|\b(?:is|was|are|were|do|does|did|can|will) (?:that|those|these)\b(?! (?:about|documents?|files?|texts?)\b)",
    re.IGNORECASE,
)
_ONE = re.compile(r"(?<=\b(?:have|need) )one$", re.IGNORECASE)
_ORDINAL = re.compile(r"\bthe (first|second|third|last) one\b", re.IGNORECASE)
_PLACES = {"first": 0, "second": 1, "third": 2, "last": -1}
_WHERE_OR_WHEN = frozenset(["at", "between", "during", "from", "in", "on"])
_MANY = re.compile(r"(?:s|people|children|men)$")
_PLURAL = {"is": "are", "was": "were", "does": "do", "has": "have"}


def resolve(question: str, history: Sequence[Turn]) -> str:
    """The question as it is to be understood after these turns, oldest first; as it stands when it needs none."""
    if not history:
        return question
    plain = bare(question)
    asked = _LEAD.sub("", plain, count=1)
    led = asked != plain
    again = _AGAIN.fullmatch(asked)
    if again and history[-1].question.lower().startswith(again["wh"].lower()):
        asked, led = again["who"] or again["new"], True
    found = (
        _conditional(asked, led, history[-1])
        or _completed(asked, history)
        or _substituted(asked, led or question.rstrip().endswith("?"), led, history[-1])
        or _pronouns_filled(asked, history)
        or (_with_topic(asked, history) if led and content_words(asked) else None)
    )
    if not found or len(found) >= LONGEST:
        return question
    return f"{found[0].upper()}{found[1:]}{'.' if question.rstrip().endswith('.') else '?'}"


def understood(asked: Sequence[str], answers: Sequence[str | None]) -> list[Turn]:
    """Turns from the questions as they were asked, oldest first, each understood after those before it."""
    turns: list[Turn] = []
    for question, answer in zip(asked, answers, strict=True):
        turns.append(Turn(resolve(question, turns), answer))
    return turns


def _conditional(asked: str, led: bool, last: Turn) -> str | None:
    """“What if my water is softened?” asks the question before again, on that condition."""
    match = _IF.fullmatch(asked)
    return f"{bare(last.question)} {match['condition']}" if match and (led or match["what"]) else None


def _completed(asked: str, history: Sequence[Turn]) -> str | None:
    """“Why?”, “By when?”, “When was that?”, “Which ones?”: new question words before the earlier question's clause."""
    last = bare(history[-1].question)
    event, clause = _EVENT.fullmatch(asked), CLAUSE.match(last)
    if event and clause and clause["aux"].lower() not in BE:
        asked = event["wh"]
    if re.fullmatch(r"which(?: ones)?", asked, re.IGNORECASE) and re.match(r"how many\b", last, re.IGNORECASE):
        return f"which{last[len('how many') :]}"
    if not _FRAGMENT.fullmatch(asked):
        return None
    opening, _, more = asked.rpartition(" ")
    if more == "else" and last.lower().startswith(f"{opening.lower()} "):
        return f"{asked}{last[len(opening) :]}"
    said = named(history[-1])
    if not clause or asked.lower().startswith(("which", "what")):
        did = re.match(r"who (\w+\b.*)", last, re.IGNORECASE)
        if not did or not said or more == "else":
            return _with_topic(asked, history)
        return f"{asked} {'is' if did[1].split()[0].endswith('s') else 'was'} it that {said} {did[1]}"
    wh, aux, rest = (clause["wh"] or "").lower().strip(), clause["aux"].lower(), clause["rest"]
    if more == "not":
        subject = next(iter(noun_phrases(last)), "")
        if wh or not subject or not rest.startswith(subject):
            return _with_topic(asked, history)
        return f"{opening} {aux} {subject} not{rest[len(subject) :]}"
    if not said or not re.match("who|what|which|how", wh):
        return f"{asked} {aux} {rest}"
    if aux in BE and wh in ("who", "what", "which"):
        return f"{asked} {aux} {said} {rest}"
    taken = re.subn(r"\btake to\b", lambda _: f"take {said} to", rest)
    return f"{asked} {aux} {taken[0] if taken[1] else f'{rest} {said}'}"


def _substituted(asked: str, marked: bool, led: bool, last: Turn) -> str | None:
    """“And the HP-260?”, “In Ghent?”: the question before, with this in the place of what is most like it."""
    about = _ABOUT.match(asked)
    new = asked[about.end() :] if about else asked
    words, before = new.lower().split(), bare(last.question)
    preposition = words[0] if words and words[0] in PREPOSITIONS else ""
    if not (about or led or (marked and len(words) <= 4 and (preposition or words[:1] == ["the"]))):
        return None
    if len(words) > 10 or (AUXILIARIES | QUESTION_WORDS) & set(words) or set(words) <= CLOSED or words[-1] == "one":
        return None
    if words[0] in CLOSED:
        new = new[0].lower() + new[1:]
    phrases = noun_phrases(before)
    codes = [
        word for word in content_words(before) if re.search(r"\d", word) and _shape(word) == _shape(new.split()[-1])
    ]
    if codes and preposition in ("", "for") and len(words) <= 3:
        return before.replace(codes[0], new.split()[-1])
    if preposition:
        alike = _WHERE_OR_WHEN if preposition in _WHERE_OR_WHEN else frozenset([preposition])
        placed = (re.search(rf"\b{any_of(alike)} {re.escape(phrase)}", before) for phrase in reversed(phrases))
        old = next((match.group() for match in placed if match), None)
        return before.replace(old, new) if old else f"{before} {new}"
    if not phrases:
        return f"{before} ({new})"
    parts = [part for phrase in phrases for part in phrase.split(" of ")]
    most_like = max(parts, key=lambda part: _likeness(part, new))
    if most_like.startswith("the ") and words[0] not in DETERMINERS and new.islower():
        new = f"the {new}"
    changed = before.replace(most_like, new, 1)
    for one, many in _PLURAL.items() if _MANY.search(new) and not _MANY.search(most_like) else ():
        changed = re.sub(rf"\b{one} (?={re.escape(new)})", f"{many} ", changed)
    return changed


def _shape(word: str) -> str:
    return re.sub(r"\d", "0", word.lower())


def _likeness(phrase: str, new: str) -> int:
    old_words, new_words = phrase.split(), new.split()
    same_head = old_words[-1].lower() == new_words[-1].lower()
    same_kind = _kind(old_words[-1]) == _kind(new_words[-1])
    same_article = (old_words[0].lower() in DETERMINERS) == (new_words[0].lower() in DETERMINERS)
    return 4 * same_head + 2 * same_kind + same_article


def _kind(word: str) -> str:
    return "number" if word[0].isdigit() else "name" if word[0].isupper() else "noun"


def _pronouns_filled(asked: str, history: Sequence[Turn]) -> str | None:
    """The first pronoun that the question itself does not explain gives way to what it stands for."""
    if (match := _ORDINAL.search(asked)) and (several := listed(history[-1].answer or "")):
        place = _PLACES[match[1].lower()]
        if place < len(several) and match.group() == asked:
            return _with_topic(several[place], history)
        if place < len(several):
            return f"{asked[: match.start()]}{several[place]}{asked[match.end() :]}"
    if (match := _ONE.search(asked)) and (what := thing(history)):
        return asked[: match.start()] + re.sub(r"^(?:the|my|your) ", "a ", what)
    if match := _PRONOUN.search(asked):
        pronoun, before, after = match.group().lower(), asked[: match.start()], asked[match.end() :]
        if explained(pronoun, before, after):
            return None
        referent = (
            person(history) if pronoun in ("he", "she", "him", "his", "her") else thing(history, pronoun[0] == "t")
        )
        if not referent:
            return _with_topic(asked, history)
        if pronoun in ("his", "its", "their") or (pronoun == "her" and re.match(r" [a-z]", after)):
            referent += "'" if referent.endswith("s") else "'s"
        return f"{before}{referent}{after}"
    return _with_topic(asked, history) if _POINTER.search(asked) else None


def _with_topic(asked: str, history: Sequence[Turn]) -> str | None:
    """The question, and in brackets the noun phrases, or else the answer, of the last turn that had any others."""
    for turn in reversed(history):
        spoken_of = noun_phrases(turn.question) or [named(turn)]
        if new := [phrase for phrase in spoken_of if phrase and phrase.lower() not in asked.lower()]:
            return f"{asked} ({', '.join(new[:3])})"
    return None
