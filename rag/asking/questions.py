"""From passages to questions that they answer, made of their own words. Knows nothing of answering."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.sentences import sentences
from index.types import Passage
from rag.asking.cells import of_rows
from rag.asking.clauses import of_clause, of_command
from rag.asking.names import of_names
from rag.asking.phrases import LINKING, PASSING, POINTING, PRONOUNS, Asked

LONGEST = 80  # characters of a question


_DANGLING = re.compile(
    rf"(?<!^)\b(?:{PRONOUNS.replace('i|', '', 1)}|{POINTING}|{LINKING}|{PASSING.replace('there|', '')}|\w+ly)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """A question and the characters of the document that answer it.

    `kind` is what it asks for, such as "how long"; `section` are the headings of its passage.
    """

    text: str
    kind: str
    document: str
    section: str
    start: int
    end: int


_SEEN = re.compile(r"(?<![\w’'-])[a-z]\w+|(?<=[a-z,] )[A-Z]\w+")  # not the capital that begins a sentence


def questions(passages: Sequence[Passage]) -> list[Question]:
    """Every question that the rules find, in the order of the text; none that two places could answer."""
    words = Counter(word for passage in passages for word in set(_SEEN.findall(passage.text)))
    found = [
        Question(text, kind, passage.document, passage.heading, passage.start + start, passage.start + end)
        for passage in passages
        for kind, text, start, end in _asked(passage.text, words)
        if len(text) <= LONGEST and not _DANGLING.search(text)
    ]
    once = list({(q.text, q.document, q.start): q for q in found}.values())  # passages may share a sentence
    times = Counter(question.text for question in once)
    return [question for question in once if times[question.text] == 1]


def _asked(text: str, words: Mapping[str, int]) -> Iterator[Asked]:
    yield from of_rows(text, words)
    for start, end in sentences(text):
        sentence = re.sub(r"\s", " ", text[start:end])
        sentence = re.sub(r"( ?\[[^\]]*\])+$", "", sentence)  # reference marks
        if re.fullmatch(r"[^*`\[\]#@|=<>?!]*[.]", sentence) and not re.search(r"\b(?:I|i|my|me)\b|\.{2}", sentence):
            for rule in (of_clause, of_names, of_command):
                for kind, question, a, b in rule(sentence, words):
                    yield kind, question, start + a, start + b
