"""English phrases as patterns: short noun phrases, numbers, dates, names. Knows nothing of questions."""

import re
from collections.abc import Mapping
from itertools import pairwise

Asked = tuple[str, str, int, int]
"""Kind, question, and the start and end of what answers it."""

OFTEN = 3  # passages with a word, for “the tank” to be known without saying which

# Words that are no part of a short noun phrase
PRONOUNS = "i|me|my|we|us|our|you|your|he|him|his|she|her|it|its|they|them|their|one|ones|someone|anyone|nobody"
POINTING = "this|that|these|those|such|both|other|others|another|same|former|latter|each|either|neither|more|most"
LINKING = "if|because|when|while|which|who|whom|whose|where|what|how|why|although|though|but|whether|so|unless"
PASSING = "also|then|there|here|now|therefore|however|too|still|again|meanwhile|instead|not|never|no|only|even|ago"
FINITE = "is|are|was|were|been|being|has|have|had|do|does|did|will|would|can|could|may|might|must|should|shall"
SAYING = "said|says|say|told|tells|thinks|think|thought|believes|believe|knows|know|knew|shows|show|showed|found"
LEADING = (
    "of|for|in|on|from|to|at|with|by|as|than|like|about|into|over|under|after|before|during|since|until|between|through"
    "|without|within|near|behind"
)
ARTICLES = "the|a|an|all|every|any|some|and|or"
NO_NOUN = f"{PRONOUNS}|{POINTING}|{LINKING}|{PASSING}|{FINITE}|be|{SAYING}|{LEADING}|{ARTICLES}"
WORD = r"[^\W_](?:[\w’'&+./-]*\w)?"
NOUN = rf"(?!(?i:{NO_NOUN})\b(?!-)){WORD}"
NOUNS = rf"(?:(?i:the|an?|all|every) )?{NOUN}(?: {NOUN}){{0,3}}"
SUBJECT = rf"{NOUNS}(?: (?:of|for|in|on|from|to|at|with|and|or) {NOUNS}){{0,2}}"
REST = rf"(?P<rest>(?:(?!(?i:{PRONOUNS}|{POINTING}|{LINKING}|{PASSING}|{FINITE})\b){WORD} ){{0,8}}?)"

ABOUT = "(?:about|around|up to|at least|at most|no (?:more|less|fewer) than|(?:more|less|fewer) than|nearly|over|only)"
COUNT = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|ninety"
NUMBER = rf"(?:{ABOUT} )?(?:\d[\d,.]*(?<![.,])|{COUNT})(?: (?:hundred|thousand|million|billion))?(?:(?: to |[–-])\d+)?"
MONEY = rf"(?:{ABOUT} )?(?:[£$€¥]\d[\d,.]*(?<![.,])|\d[\d,.]* (?:EUR|USD|GBP|CHF|euros?|dollars|pounds|yen))"
UNIT = "(?:(?:working|calendar|business) )?(?:second|minute|hour|day|week|month|year|decade)s?"
TIME = rf"(?:{NUMBER}|one|an?) {UNIT}"
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
DATE = rf"(?:(?:\d{{1,2}} )?{MONTH}(?: \d{{1,2}}\b)?(?:,? \d{{4}})?|(?:1[1-9]|20)\d\d)"
CLOCK = r"\d{1,2}(?:[:.]\d\d)?(?: ?[ap]\.?m\b)?"
NAME = rf"(?!(?i:{NO_NOUN})\b)[A-Z][\w’'-]+(?: [A-Z]\.)?(?: (?:de|van|von|der|al|bin))?(?: [A-Z][\w’'-]+){{1,2}}"
END = r"(?=[.,;]?$|[,;] )"
ENDS = (
    r"(?=[.,;]?$|[,;] | (?:and|or|but|after|before|of|from|when|once|if|in|at|so|with|because|while|unless|until|by)\b)"
)
PLACE = "(?:in|at|on|near|behind|under|below|above|inside|outside)"
THING = rf"(?:an?|the) [^,;()]+?{END}"

ROLE = (
    "(?i:(?:co-|vice[- ])?(?:minister|secretary|president|director|chair(?:man|woman)?|chief|officer|head|leader"
    "|founder|author|writer|poet|novelist|journalist|singer|act(?:or|ress)|musician|composer|artist|painter|architect|engineer"
    "|scientist|physicist|chemist|biologist|mathematician|philosopher|historian|professor|lawyer|judge|politician"
    "|senator|governor|mayor|ambassador|ambassador-at-large|envoy|representative|commissioner|spokes(?:man|woman|person)"
    "|king|queen|prince(?:ss)?|emperor|general|colonel|captain|manager|coach|footballer|economist|analyst|researcher"
    "|doctor|controller|consultant|producer|editor|publisher|designer|inventor|entrepreneur|bishop|owner))"
)

_VAGUE = re.compile(
    r"the (?:company|firm|film|team|school|city|town|village|country|band|album|book|song|series|season|game|area"
    r"|building|event|project|program(?:me)?|report|study|author|man|woman|rest|result|number|process|problem|day|year"
    r"|phenomenon|paper|group|site|website|page|image|law|act|bill|war|plan|house|family|term|name|word|idea|case|state|party|first|second|third|following)s?"
)


def inside(subject: str, words: Mapping[str, int]) -> str:
    """A subject that began a sentence, as it reads within one; empty where that or what it means is unclear."""
    first, _, others = subject.partition(" ")
    lowered = subject[0].lower() + subject[1:]
    for before, after in pairwise(subject.split()[1:]):
        if before.islower() and not re.fullmatch(f"{ARTICLES}|{LEADING}", before) and re.match("[A-Z][a-z]", after):
            return ""  # “analysis of operations Project planners”
    if first == "The":
        unclear = " " not in others and others.islower() and words[others] < OFTEN
        return "" if unclear or _VAGUE.fullmatch(lowered) else lowered
    if first in ("A", "An", "All", "Every"):
        return lowered
    seen, name = words[first.lower()], words[re.sub("[’']s$", "", first)]
    if seen or name:
        return lowered if seen > name else subject
    if re.match("[A-Z]", others) or re.search(r".[A-Z\d]", first):
        return subject
    plural = re.search("(?<![sui])(?<!an)s$", first) and not re.search("[A-Z]", others)
    return lowered if plural else ""
