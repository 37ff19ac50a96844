"""From a sentence to a question about one part of it, by patterns of what follows its verb. Knows nothing of answering.

Most sentences give none: a pattern must be sure of the subject, the verb and the part that answers.
"""

import re
from collections.abc import Iterator, Mapping

from rag.asking.phrases import (
    ARTICLES,
    CLOCK,
    COUNT,
    DATE,
    END,
    ENDS,
    FINITE,
    LEADING,
    LINKING,
    MONEY,
    NAME,
    NO_NOUN,
    NOUN,
    NOUNS,
    NUMBER,
    PASSING,
    PLACE,
    POINTING,
    PRONOUNS,
    REST,
    SUBJECT,
    THING,
    TIME,
    UNIT,
    WORD,
    Asked,
    inside,
)

_BE = "is|are|was|were"
_MODAL = "will|must|may|can|should"
_DOES = (
    "takes?|lasts?|remains?|stays?|weighs?|costs?|begins?|starts?|ends?|opens?|closes?|expires?|needs?|contains?|holds?"
    "|has|have|employs?|requires?|receives?|works?|lives?|replaces?|covers?|runs?|includes?|produces?"
)
_DID = {
    **{"became": "become", "won": "win", "began": "begin", "left": "leave", "built": "build", "bought": "buy"},
    **{"died": "die", "moved": "move", "introduced": "introduce", "received": "receive", "married": "marry"},
    **{"retired": "retire", "acquired": "acquire", "released": "release", "declared": "declare", "ended": "end"},
    **{
        verb + "ed": verb
        for verb in (
            "join",
            "open",
            "launch",
            "publish",
            "sign",
            "adopt",
            "visit",
            "return",
            "found",
            "start",
            "appoint",
        )
    },
}
_AFTER_DATE = re.compile(
    rf"(?:(?!(?i:{PRONOUNS}|{POINTING}|{LINKING}|{PASSING}|{FINITE})\b){WORD} ?){{1,8}}(?=[.;]?$|, )"
)
_CLAUSE = re.compile(
    rf"(?:(?P<front>(?:In|On|By) {DATE}),? )?(?P<subject>{SUBJECT})(?: \([^()]*\))?(?:, (?:which|who|the|an?) [^,]+,)? "
    rf"(?:(?P<be>{_BE})|(?P<modal>{_MODAL})|(?P<does>{_DOES})|(?P<did>{'|'.join(_DID)})) (?P<tail>.+)"
)
_HOW = "thick|long|wide|high|deep|tall|old"

# What follows the verb: for which verbs, what it asks for, the pattern with its answer, and the question.
_TAILS = tuple(
    (set(verbs.split()), kind, re.compile(pattern), question)
    for verbs, kind, pattern, question in (
        ("be modal does", "how long", rf"{REST}for (?P<asked>{TIME}){ENDS}", "How long {clause}"),
        ("take last run", "how long", rf"(?P<rest>)(?P<asked>{TIME}){ENDS}", "How long {clause}"),
        ("be modal", "how soon", rf"{REST}(?P<asked>within {TIME}){ENDS}", "How soon {clause}"),
        (
            "be modal does",
            "how often",
            rf"{REST}(?P<asked>every (?:{NUMBER} )?{UNIT}|(?:once|twice) (?:an?|every) {UNIT}){ENDS}",
            "How often {clause}",
        ),
        (
            "be modal does did",
            "when",
            rf"{REST}(?P<asked>from {CLOCK} to {CLOCK}|(?:on|in|by) {DATE}){ENDS}",
            "When {clause}",
        ),
        ("be modal", "on condition", rf"{REST}(?P<asked>(?:if|once) [^,;]+)$", "When {clause}"),
        ("does", "when", rf"(?P<rest>)(?P<asked>on the day [^,;]+){END}", "When {clause}"),
        (
            "be",
            "where",
            r"(?P<rest>(?:located|based|headquartered|situated|born|buried|held|printed|stored|kept) )"
            rf"(?P<asked>{PLACE} (?!\d)[^,;]+?){END}",
            "Where {clause}",
        ),
        (
            "be",
            "who",
            rf"(?P<rest>\w+(?:ed|en|led|held|built|made|won|run|sold|bought|sung) by )(?P<asked>{NAME}){ENDS}",
            "Who {clause}",
        ),
        (
            "modal have contain hold employ need require include",
            "how many",
            rf"(?P<rest>(?:\w+ )?)(?P<asked>{NUMBER}) (?!{UNIT}\b)(?P<noun>(?:{NOUN} )?{NOUN}(?<!s)s){END}",
            "How many {noun} {clause}",
        ),
        (
            "modal have contain hold need require",
            "how much",
            rf"(?P<rest>(?:\w+ )?)(?P<asked>{NUMBER} \S{{1,6}}) of (?P<noun>{NOUN}){ENDS}",
            "How much {noun} {clause}",
        ),
        (
            "cost weigh",
            "how much",
            rf"(?P<rest>)(?P<asked>{MONEY}|{NUMBER} (?:kg|g|lbs?|pounds|tonnes)){ENDS}",
            "How much {clause}",
        ),
        (
            "be",
            "how much",
            rf"(?P<rest>)(?P<asked>{NUMBER} \w+) (?P<noun>{_HOW})\b",
            "How {noun} {clause}",
        ),
        (
            "be",
            "what",
            rf"{REST}for an? (?P<noun>{NOUN}(?: {NOUN})?) of (?P<asked>{NUMBER})",
            "What {noun} {clause} for",
        ),
        (
            "be",
            "what",
            "(?P<rest>(?:used for|known (?:as|for)|limited to|based on|made (?:of|from)|named after|divided into"
            rf"|treated as|replaced by|responsible for|adjacent to) )(?P<asked>{NOUNS}[^,;]*?){END}",
            "What {clause}",
        ),
        (
            "be",
            "what",
            "(?P<rest>(?:authori[sz]ed|required|supposed|allowed|permitted|designed|intended|obliged) to )"
            rf"(?P<asked>(?!be |have ){NOUN}[^,;]*?){END}",
            "What {clause} do",
        ),
        (
            "be",
            "what",
            rf"(?P<rest>)(?P<asked>{MONEY}|{NUMBER}(?: (?!times|{_HOW})[\w/³²°%]+){{1,3}}){END}",
            "What {clause}",
        ),
        ("be", "why", rf"{REST}(?P<asked>because [^;]+?)\.?$", "Why {clause}"),
        (
            "modal",
            "what",
            rf"(?P<rest>(?!take|have|be|make|get|do|give|keep|put|go)[a-z]+ )(?P<asked>{THING})",
            "What {clause}",
        ),
    )
)


def of_clause(sentence: str, words: Mapping[str, int]) -> Iterator[Asked]:
    """About a part of what is said of the subject that the sentence begins with."""
    clause = _CLAUSE.match(sentence)
    subject = clause and inside(clause["subject"], words)
    if not clause or not subject:
        return
    group = next(name for name in ("be", "modal", "does", "did") if clause[name])
    past = clause[group] in ("was", "were") or group == "did"
    if past and not re.search("[A-Z]", subject) and (len(subject.split()) < 3 or re.match("an? ", subject)):
        return  # what happened once, to whichever it was
    aux, verb = _parted(group, clause[group])
    if clause["front"] and (tail := _AFTER_DATE.match(clause["tail"])):
        inverted = " ".join(f"{aux} {subject} {verb} {tail[0]}".split())
        yield "when", f"When {inverted}?", *clause.span("front")
    for groups, kind, pattern, question in _TAILS:
        tail = pattern.match(clause["tail"])
        if not tail or not {group, verb} & groups:
            continue
        if not (verb or tail["rest"] or pattern.pattern.startswith("(?P<rest>)")):
            continue
        if not verb and re.match(rf"(?:{ARTICLES}|{LEADING}|{COUNT}|\d+)\b", tail["rest"]):
            continue
        inverted = " ".join(f"{aux} {subject} {verb} {tail['rest']}".split())
        text = question.format(clause=inverted, noun=tail.groupdict().get("noun"))
        at = clause.start("tail")
        yield kind, text + "?", at + tail.start("asked"), at + tail.end("asked")


def _parted(group: str, verb: str) -> tuple[str, str]:
    """The auxiliary that a question begins with, and the verb that it leaves."""
    if group == "did":
        return "did", _DID[verb]
    if group == "does":
        return ("does", "have" if verb == "has" else verb[:-1]) if verb.endswith("s") else ("do", verb)
    return verb, ""


_COMMAND = re.compile(
    rf"(?P<verb>(?!(?i:{NO_NOUN})\b)[A-Z][a-z]+) (?P<object>(?:the|an?|all) {NOUNS}(?: (?:to|in|with|of) {NOUNS})?) "
    rf"(?P<asked>every (?:{NUMBER} )?{UNIT}|(?:once|twice) (?:an?|every) {UNIT}|within {TIME}){ENDS}"
)


def of_command(sentence: str, words: Mapping[str, int]) -> Iterator[Asked]:
    """How often or how soon to do what the sentence tells to do."""
    if found := _COMMAND.match(sentence):
        kind = "how soon" if found["asked"].startswith("within") else "how often"
        yield kind, f"{kind.capitalize()} should I {found['verb'].lower()} {found['object']}?", *found.span("asked")
