"""Which questions the best few passages cannot answer: overviews, counts, lists. Knows nothing of documents or models.

It goes by the wording, and where that leaves a doubt the question is one for the passages.
"""

import re
from dataclasses import dataclass
from enum import Enum

from rag.compose import asked_number


class Kind(Enum):
    """What has to be looked at."""

    PASSAGE = "a passage that states the answer"
    NUMBER = "a passage that states how many there are"
    COUNT = "things that only counting them would tell"
    OCCURRENCES = "the places where a phrase stands"
    DOCUMENTS = "the documents themselves"
    LIST = "all things of a kind"
    OVERVIEW = "whole documents"


@dataclass(frozen=True)
class Scope:
    """What a question is about.

    `subject` is the topic of an overview (empty for all there is), the phrase or the things to be counted or listed, or
    what the documents to be counted mention. `within` names the document meant, in the question's words.
    """

    kind: Kind
    subject: str = ""
    within: str = ""


_FUNCTION_WORDS = """
a an and any are as at be by did do does each every everyone everything for from had has have how i if in into is it its
me my of on or our say says such that the their them there these they this those to us was we were what when where which
who whose why will with you your
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_DOCUMENTS_ARE = """
agreement article book briefing brochure collection contract deck doc document essay file guide handbook leaflet letter
library manual memo newsletter paper pdf policy presentation report slide spreadsheet statement story text thesis
transcript upload website
"""
DOCUMENT_NOUNS = frozenset(_DOCUMENTS_ARE.split())
_NOUN = rf"(?:{'|'.join(sorted(DOCUMENT_NOUNS))}|policie|librarie)s?"
_BARE = (
    r"(?:the |this |that |these |my |your |our |all |whole |entire )*(?:document|file|text|article|report|pdf|paper)s?"
)
_BREAK = r"(?:in|on|of|about|from|for|to|with|and|says?|said|who|that|which|is|are|was|were|does|do|did)"
_NAMED = rf"(?:(?:(?!{_BREAK} )[^\s,;?]+ ){{0,6}}{_NOUN}|[^\s,;?]+\.[a-z]\w{{1,4}})"
_ALL = r"(?:it|this|that|these|those|them|everything|everything here|all(?: of (?:it|this|them))?)"
_SECTION = r"(?:the )?(?:section|chapter|part|page)s?"

_POLITE = re.compile(
    r"(?:(?:please|now|ok|so|and|hi|hello),? |(?:can|could|would|will) you (?:please |kindly )?"
    r"|(?:i would|i'd) like (?:you to )?|i (?:want|need) (?:you to )?)+",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(
    r"[\s,]*\b(?:please|briefly|quickly|for me|for us|in short|in brief|in a nutshell|in total|altogether|overall"
    r"|in (?:about |at most )?(?:a|an|one|two|three|four|five|six|ten|a few|\d+)(?: \w+)? "
    r"(?:sentences?|words?|lines?|points|bullets|paragraphs?))$",
    re.IGNORECASE,
)

_SUMMARY = r"(?:summary|overview|synopsis|gist|rundown|recap|outline)"
_ASK = r"(?:(?:give|write|make|provide|show|create|produce|draft|prepare|get|have|tell)(?: me| us)? )"
_OF = r"(?: (?:of|on|about|for|from) (?P<subject>.+))?"
_POINTS = r"(?:main|key|most important|central|principal|essential|core|major)"
_OVERVIEWS = [
    rf"{_ASK}?(?:a |an |the |some )?(?:[a-z]+ ){{0,2}}?{_SUMMARY}{_OF}",
    rf"what(?:'s| is) (?:the|a) (?:[a-z]+ )?{_SUMMARY}{_OF}",
    r"(?:summari[sz]e|sum up|recap)(?: (?P<subject>.+))?",
    r"tl;? ?dr(?: ?(?:of|for|on|:)? (?P<subject>.+))?",
    rf"what(?:'s|'re| is| are| was| were) (?P<subject>{_ALL}|{_NAMED})(?: all)? about",
    rf"what(?:'s| is) in (?P<subject>{_BARE}|[^\s]+\.[a-z]\w{{1,4}})",
    rf"what (?:does|do) (?P<subject>{_BARE}) (?:cover|discuss|contain|describe|deal with|talk about|say)",
    rf"what (?:does|do|did) (?P<subject>(?:{_ALL}|{_NAMED}) (?:say|state|tell (?:me|us)) "
    r"(?:about|on|regarding|concerning) .+)",
    rf"what (?:topics|subjects|themes) (?:does|do) (?P<subject>{_ALL}|{_NAMED}) (?:cover|discuss|deal with|treat)",
    rf"what (?:topics|subjects|themes) are (?:covered|discussed|treated)(?: (?:in|by) (?P<subject>{_ALL}|{_NAMED}))?",
    rf"(?:(?:what(?:'re| are)|list|{_ASK}) ?)?(?:the |its |their )?{_POINTS} (?:points|ideas|takeaways|messages)"
    r"(?: (?:of|in|from|about|on) (?P<subject>.+))?",
    rf"what are (?:the |its |their )?{_POINTS} (?:topics|themes|findings|conclusions|arguments|facts)"
    rf"(?: (?:of|in|from) (?P<subject>{_ALL}|{_NAMED}))?",
    rf"what(?:'s| is) the {_POINTS} (?:point|idea|message|topic|theme|subject) (?:of|in) (?P<subject>{_ALL}|{_NAMED})",
    r"tell (?:me|us) (?:more |something |everything |all )?about (?P<subject>.+)",
    rf"(?:describe|explain) (?P<subject>{_BARE})",
]

_WORDS = r"the (?:exact )?(?:words?|terms?|phrase|name|expression|string|abbreviation) "
_QUOTED = r"[\"“‘'«][^\"”’»]+[\"”’'»]"
_SPELT = rf"(?P<subject>{_WORDS}.+?|{_QUOTED})"
_IN = rf"(?: (?:in|throughout|across|within|by) (?P<within>(?:all )?{_ALL}|{_NAMED}))"
_OFTEN = r"(?:how (?:many times|often|frequently)|(?:count|tell me) how (?:many times|often))"
_MENTIONED = r"(?:mentioned|named|cited|referenced|referred to)"
_COUNT_OF = r"(?:how many |(?:what is |what's |give me |count )?(?:the |all |total |number of |count of )*)"
_OCCURRENCES = [
    rf"{_OFTEN} (?:is|are|was|were|does|do|did|has|have) (?P<subject>.+?) (?:(?:been|get|be) )?{_MENTIONED}"
    rf"{_IN}?(?: (?:by name|there|here))?",
    rf"{_OFTEN} (?:does|do|did) (?P<within>{_ALL}|{_NAMED}|the (?:author|writer|text)|they|he|she) "
    r"(?:mention|cite|reference|refer to) (?P<subject>.+)",
    rf"{_OFTEN} (?P<within>{_ALL}|{_NAMED}) (?:mentions?|cites?|refers? to) (?P<subject>.+)",
    rf"{_OFTEN} (?P<subject>.+?) (?:is|are|was|were) {_MENTIONED}{_IN}?",
    rf"{_OFTEN} (?:does|do|did) {_SPELT} (?:appear|occur|come up|show up|turn up|stand)(?: there| here|{_IN})?",
    rf"{_OFTEN} (?:does|do|did) (?P<subject>.+?) (?:appear|occur|come up|show up|turn up|stand){_IN}",
    rf"{_OFTEN} (?:is|are|was|were) {_SPELT} (?:used|found|written|printed|repeated|said)(?: there| here|{_IN})?",
    rf"{_OFTEN} (?:does|do|did) (?P<within>{_ALL}|{_NAMED}|they|he|she) (?:say|use|contain|repeat|write) {_SPELT}",
    rf"{_COUNT_OF}mentions of (?P<subject>.+?)(?: are there)?{_IN}?(?: are there)?",
    rf"{_COUNT_OF}(?:occurrences|instances|appearances|uses) of {_SPELT}(?: are there)?{_IN}?(?: are there)?",
    rf"{_COUNT_OF}(?:occurrences|appearances) of (?P<subject>.+?)(?: are there)?{_IN}(?: are there)?",
]
_PRONOUNS = frozenset(
    ("it", "this", "that", "these", "those", "them", "they", "he", "she", "him", "her", "we", "us", "you", "i", "me")
)

_FILES = r"(?:documents|files|docs|pdfs)"
_HERE = (
    r"(?:there|here|in (?:the|this|my|your|our) (?:library|collection)"
    r"|(?:indexed|uploaded|loaded|added|stored|available|selected)(?: here| in (?:the|this|my|your) library)?)"
)
_DOCUMENTS = [
    rf"how many {_FILES} (?:are|have been) (?:there )?{_HERE}",
    rf"how many {_FILES} are there {_HERE}",
    rf"how many {_FILES} (?:do (?:you|i|we) have|(?:do|can) you (?:know|hold|see|read)|have (?:i|we|you) "
    r"(?:added|uploaded|indexed|loaded|stored)|does (?:the|this|my|your) library (?:have|hold|contain))",
    rf"(?:list|name|show me|which are|what are|count) (?:all |the |my |your |of )*{_FILES}(?: {_HERE})?",
    rf"(?:which|what) {_FILES} (?:are (?:there )?{_HERE}|do (?:you|i|we) have|(?:do|can) you (?:know|hold|see|read))",
    rf"(?:how many|count the|what is the number of) (?:of the |of these )?{_FILES} (?:that )?"
    r"(?:mention|cite|refer to|name|contain) (?P<subject>.+)",
]

_COUNT = [
    r"count (?:up |out )?(?:the |all |how many |every |each )+(?P<subject>.+)",
    r"how many (?:different |distinct )?(?P<subject>.+?) (?:are|is|were|was|get|does|do) "
    rf"(?:(?:{_ALL}|{_NAMED}) )?(?:mention|name|list|quote|cite|describe)(?:e?d)?{_IN}?(?: by name)?",
    r"how many (?P<subject>sections|chapters|paragraphs|sentences|words|headings|tables|rows|lines|footnotes) "
    r"(?:are there|are (?:there )?in .+|(?:does|do) .+ (?:have|contain))",
]
_NUMBER = re.compile(
    r"\bhow many (?P<subject>.*)|^(?:(?:what|give me)(?:'s| is| was| are| were)? )?"
    r"(?:(?:a|the|what) )?(?:total |exact |overall )?(?:number|count) of (?P<of>.*)",
    re.IGNORECASE,
)

_EVERY = r"(?:all(?: of)?(?: the| these| those| my| its| their)?|every(?: single)?|each(?: of the)?)"
_LISTS = [
    rf"(?:list|enumerate|name|give me|show me|tell me|identify)(?: me)?(?: out)? {_EVERY}(?: of)? (?P<subject>.+)",
    r"(?:list|enumerate|name|give me|show me|tell me|identify) (?P<subject>every(?:one|body|thing) .+)",
    r"(?:list|enumerate) (?:out )?(?:the|these|those|my|its|their|any) (?P<subject>.+)",
    r"(?:list|enumerate) (?P<subject>[a-z-]+ ?[a-z-]*s)",
    rf"(?:{_ASK}|what(?:'s| is) )?(?:a |the )?(?:full |complete |whole )?list of (?:all )?(?:the )?(?P<subject>.+)",
    rf"(?:what|which|who) (?:are|were) {_EVERY} (?P<subject>.+)",
]


def asked(question: str) -> Scope:
    """What the question is about, by its wording."""
    text = " ".join(question.replace("’", "'").split()).rstrip(" ?!.:")
    text = text[match.end() :] if (match := _POLITE.match(text)) else text
    while text != (shorter := _AFTERWARDS.sub("", text)):
        text = shorter
    if asked_number(text) > 1:
        return Scope(Kind.PASSAGE)
    if match := _first(_DOCUMENTS, text):
        return Scope(Kind.DOCUMENTS, _phrase(match["subject"] or "") if "subject" in match.re.groupindex else "")
    if match := _first(_OCCURRENCES, text):
        return _occurrences(match)
    if match := _first(_OVERVIEWS, text):
        return Scope(Kind.OVERVIEW, *_topic(match.groupdict().get("subject") or ""))
    if match := _first(_COUNT, text):
        return Scope(Kind.COUNT, match["subject"])
    if match := _first(_LISTS, text):
        return Scope(Kind.LIST, *_topic(match["subject"]))
    if match := _NUMBER.search(text):
        return Scope(Kind.NUMBER, match["subject"] or match["of"] or "")
    return Scope(Kind.PASSAGE)


def stems(text: str) -> list[str]:
    """The telling words of a text, in lower case and in the singular."""
    words = re.findall(r"\w+", text.lower().replace("'s", "").replace("’s", ""))
    return [_singular(word) for word in words if word not in _FUNCTION]


def _singular(word: str) -> str:
    if word in ("people", "persons"):
        return "person"
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _first(patterns: list[str], text: str) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := re.fullmatch(pattern, text, re.IGNORECASE))), None)


def _occurrences(match: re.Match[str]) -> Scope:
    subject, within = match["subject"], match.groupdict().get("within") or ""
    if not within and (inner := re.fullmatch(rf"(?P<subject>.+?){_IN}", subject, re.IGNORECASE)):
        subject, within = inner["subject"], inner["within"]
    phrase = _phrase(subject)
    spelt = re.fullmatch(rf"(?:{_WORDS})?{_QUOTED}|{_WORDS}.+", subject, re.IGNORECASE)
    if phrase.lower() in _PRONOUNS or (not spelt and re.search(r",|/| (?:and|or) ", phrase)):
        return Scope(Kind.COUNT, phrase)
    named = re.fullmatch(_NAMED, within, re.IGNORECASE)
    return Scope(Kind.OCCURRENCES, phrase, within if named else "")


def _phrase(subject: str) -> str:
    """The words to look for: without quotation marks and what introduces them."""
    words = re.sub(rf"^{_WORDS}", "", subject, flags=re.IGNORECASE)
    if re.fullmatch(_QUOTED, words):
        return words[1:-1].strip()
    return re.sub(r"^(?:the|a|an|any|all) ", "", words, flags=re.IGNORECASE)


def _topic(phrase: str) -> tuple[str, str]:
    """A topic and the document it is looked for in, either of which may be empty."""
    if re.fullmatch(_ALL, phrase, re.IGNORECASE):
        return "", ""
    if re.fullmatch(rf"(?:all )?{_NAMED}", phrase, re.IGNORECASE):
        return "", phrase
    says = (
        rf"(?:what |everything )?(?:(?:is|was|were) said|(?P<within>{_ALL}|{_NAMED})"
        r"(?: (?:says?|said|tells? (?:me|us)|states?|has to say))?) (?:about|on|regarding|concerning) (?P<topic>.+)"
    )
    stands = rf"(?P<topic>.+?)(?: {_SECTION})? (?:in|of|from|according to) (?P<within>{_ALL}|{_NAMED})"
    if match := _first([says, stands], phrase):
        within = match["within"] or ""
        return _section(match["topic"]), within if re.fullmatch(_NAMED, within, re.IGNORECASE) else ""
    return _section(phrase), ""


def _section(topic: str) -> str:
    """“warranty” for “the section about warranty” and for “the warranty section”."""
    topic = re.sub(rf"^{_SECTION} (?:about|on|of) ", "", topic, flags=re.IGNORECASE)
    return re.sub(rf"(?<=\w) {_SECTION}$", "", re.sub(r"^(?:the|a|an) ", "", topic, flags=re.IGNORECASE))
