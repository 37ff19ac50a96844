"""Questions whose answer is what a sentence begins with, for prose of which nothing else can be asked.

They need no change of word order, so they read like English wherever the sentence can be cut. Knows nothing of models.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from index.sentences import sentences
from index.types import Passage
from rag.asking.phrases import LINKING, PASSING, POINTING, PRONOUNS, ROLE, SAYING, Asked, inside
from rag.asking.phrases import SUBJECT as PHRASE
from rag.asking.questions import LONGEST, Question

SUBJECT = "subject"  # the kind of these questions
SHORTEST = 30  # characters of a question; a shorter one could ask for many things

_DID = (
    "announced|appointed|captured|created|declared|designed|developed|discovered|elected|established|founded|funded"
    "|hosted|introduced|invented|issued|launched|organi[sz]ed|proposed|published|signed|welcomed|won|wrote"
)
_DOES = "contains|covers|crosses|employs|guards|lies|reaches|stretches|surrounds"
_DONE = (
    r"(?:is|are|was|were|has been|have been) (?:\w+ly )?(?!based|used|considered|supposed|needed|called|said)"
    r"(?:\w{3,}ed|built|born|held|known|made|won|written|given|led|sold|found|drawn)"
)
_CLAUSE = re.compile(
    rf"(?P<asked>{PHRASE})(?: \([^()]*\))? (?P<rest>(?:(?P<did>{_DID})|{_DOES}|{_DONE}) [^,;:()]+?)"
    r"(?=\.$|[,;] |,? (?:which|who|where|while|but|although|because|as)\b)"
)
_UNCLEAR = re.compile(
    rf"(?<!^)\b(?:{PRONOUNS}|{POINTING}|{LINKING}|{PASSING}|{SAYING}|another|second)\b", re.IGNORECASE
)
_PEOPLE = re.compile(rf"\b(?:{ROLE}s?|people|children|women|men|students|staff|employees|members)\b")


def subject_questions(passages: Sequence[Passage]) -> Iterator[Question]:
    """What is or does, or who did, what a sentence says; in the order of the text."""
    words = Counter(word for passage in passages for word in set(re.findall(r"(?<![\w’'-])[a-z]\w+", passage.text)))
    for passage in passages:
        for first, last in sentences(passage.text):
            sentence = re.sub(r"\s", " ", passage.text[first:last])
            sentence = re.sub(r"( ?\[[^\]]*\])+$", "", sentence)  # reference marks
            for kind, text, start, end in _asked(sentence, words):
                at = passage.start + first
                yield Question(text, kind, passage.document, passage.heading, at + start, at + end)


def _asked(sentence: str, words: Mapping[str, int]) -> Iterator[Asked]:
    found = _CLAUSE.match(sentence) if re.fullmatch(r"[^*`\[\]#@|=<>?!“”\"]*[.]", sentence) else None
    if not found or _UNCLEAR.search(f"{found['asked']} {found['rest']}"):
        return
    subject = inside(found["asked"], words)
    text = f"{'Who' if found['did'] else 'What'} {found['rest']}?"
    if not (SHORTEST <= len(text) <= LONGEST and re.search(" (?:[A-Z]|[0-9])", found["rest"])):
        return  # of no one thing
    name = re.search(r"(?:^| )[A-Z][^ ]*$", subject)
    telling = (
        name if found["did"] else not re.fullmatch(r"(?:the|an?) \w+|[a-z]\w*", subject) and not _PEOPLE.search(subject)
    )
    if subject and telling:
        yield SUBJECT, text, *found.span("asked")
