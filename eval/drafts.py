"""Draft questions about a person's own documents, for the person to correct into a gold set. Knows nothing of models.

Those with an answer are made from the documents' words, whether or not Footnote answers them, so that the set does not
flatter it. Those without are made from them by changing one thing, and left out where a passage seems to answer.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

from eval.gold import Evidence
from eval.subjects import SUBJECT, subject_questions
from eval.unsaid import unsaid
from index.errors import GoldError
from index.sentences import sentences
from index.types import Passage
from rag.asking.phrases import NO_NOUN, NUMBER
from rag.asking.questions import Question, questions
from rag.types import Answer

UNANSWERABLE = 4  # one of so many drafts
ALIKE = 3  # questions of one form and document before all others
PER_DRAFT = 2  # questions without an answer made from one with
SAMPLE = 1000  # passages looked at
LONGEST = 120  # characters of an answer

_UNCLEAR = re.compile(r"\b(?:his|her|their|our|this|these|those|such)\b|\bthat \w+$")
_CLAUSE = re.compile(r"\b\d+(?:\.\d+)+ ([A-Z])(?=[a-z])")  # a number before a sentence, and its first letter
_UNIT = re.compile(rf" ?(?!(?:{NO_NOUN})\b)(?:%|°[CF]|[^\W\d_]{{1,7}}[²³]?)(?=[\s.,;)]|$)")
_BEFORE = re.compile(
    r"^(?:on|in|by|within|from) (?=[A-Z\d]|\w+ (?:\w+ )?(?:days|weeks|months|years|hours|minutes)$)", re.I
)


@dataclass(frozen=True)
class Draft:
    """A line of a gold set for a person to look at. No `answers` means that the documents should not say."""

    id: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    note: str = ""


@dataclass(frozen=True)
class _Made:
    """A question with the answers to accept and the sentences around them."""

    question: Question
    answers: tuple[str, ...]
    evidence: Evidence


def draft(
    passages: Sequence[Passage],
    answer: Callable[[str], Answer],
    count: int,
    progress: Callable[[float, int], None] = lambda share, done: None,
) -> list[Draft]:
    """At most `count` drafts, about a quarter without an answer, spread over documents, sections and kinds.

    `answer` is asked only for those without. The same passages and answers give the same drafts. Raises GoldError where
    no question can be made.
    """
    apart = _apart(passages)
    pool = _made([*questions(apart), *subject_questions(apart)], apart)
    chosen = list(islice(_spread(pool), count - count // UNANSWERABLE))
    if not pool:
        documents = len({passage.document for passage in passages})
        raise GoldError(
            f"No question could be made from these documents ({documents} with text); prose in whole English sentences "
            "is needed, or tables whose columns have names."
        )
    drafts = [
        Draft(f"draft-{number:03}", made.question.text, made.answers, (made.evidence,))
        for number, made in enumerate(chosen, start=1)
    ]
    wanted = min(round(len(drafts) / (UNANSWERABLE - 1)), count - len(drafts))
    taken = {made.question.text for made in pool}
    for question, note in islice(_unanswerable(chosen, apart, answer, taken), wanted):
        drafts.append(Draft(f"draft-{len(drafts) + 1:03}", question, (), (), note))
        progress((len(drafts) - len(chosen)) / wanted, len(drafts))
    return drafts


def lines(drafts: Sequence[Draft]) -> str:
    """JSON Lines, as `load_gold` reads them, each marked as a draft."""
    return "".join(json.dumps(_line(each), ensure_ascii=False) + "\n" for each in drafts)


def _line(made: Draft) -> dict[str, object]:
    line = {**asdict(made), "draft": True}
    return line if made.note else {name: value for name, value in line.items() if name != "note"}


def _apart(passages: Sequence[Passage]) -> list[Passage]:
    """At most `SAMPLE` passages from everywhere, without what the one before ends with, and each text once."""
    found: dict[tuple[int, str], Passage] = {}
    ends: dict[str, int] = {}
    for passage in passages:
        start = max(passage.start, ends.get(passage.document, 0))
        if start < passage.end:
            ends[passage.document] = passage.end
            rest = replace(passage, start=start, text=passage.text[start - passage.start :])
            found.setdefault((start, rest.text), rest)
    every = list(found.values())
    return every[:: -(-len(every) // SAMPLE) or 1]


def _made(found: Iterable[Question], passages: Sequence[Passage]) -> list[_Made]:
    """Questions with their answers and evidence, without those whose answer is unclear or long.

    What a sentence begins with is asked for only where nothing else of it can be, and who is only of a name.
    """
    small = {word for passage in passages for word in re.findall(r"\b[a-z]+", passage.text)}
    by_document: dict[str, list[Question]] = {}
    for question in found:
        by_document.setdefault(question.document, []).append(question)
    made: dict[str, _Made] = {}
    told: set[Evidence] = set()
    for passage in passages:
        asked = [q for q in by_document.get(passage.document, ()) if passage.start <= q.start < passage.end]
        spans = sentences(passage.text) if asked else []
        for question in asked:
            start, end = question.start - passage.start, question.end - passage.start
            answers = _answers(passage.text, start, end)
            touched = [(a, b) for a, b in spans if a < end and start < b]
            evidence = Evidence(question.document, passage.text[touched[0][0] : touched[-1][1]])
            needless = question.kind == SUBJECT and evidence in told
            nobody = question.kind == "who is" and small.issuperset(re.findall(r"\w+", question.text[7:].lower()))
            if not needless and not nobody and len(answers[0]) <= LONGEST and not _UNCLEAR.search(answers[0]):
                told.add(evidence)
                text = _CLAUSE.sub(lambda found: found[1].lower(), question.text)
                made.setdefault(text, _Made(replace(question, text=text), answers, evidence))
    return list(made.values())


def _answers(text: str, start: int, end: int) -> tuple[str, ...]:
    """What to accept: the characters themselves, with the unit that follows a number, without “in” or “who is”."""
    said = _CLAUSE.sub(r"\1", " ".join(text[start:end].split()).rstrip(".,;"))
    said = re.split(", (?:which|who|where) ", re.sub("^who (?:(?:is|was) )?", "", said))[0]
    unit = _UNIT.match(text, end) if re.fullmatch(NUMBER, said) else None
    return tuple(dict.fromkeys((said + unit[0] if unit else said, said, _BEFORE.sub("", said))))


def _spread(pool: Sequence[_Made]) -> Iterator[_Made]:
    """The pool in an order that takes turns between documents, what is asked, and sections; the alike come last."""
    taken: Counter[object] = Counter()

    def turn(made: _Made) -> tuple[int, ...]:
        document, form, kind, section = (taken[key] for key in _turns(made.question))
        return form >= ALIKE, made.question.kind == SUBJECT, document, form, kind, section

    left = list(pool)
    while left:
        best = min(left, key=turn)
        left.remove(best)
        taken.update(_turns(best.question))
        yield best


def _turns(question: Question) -> tuple[object, object, object, object]:
    document = question.document
    return (
        document,
        (document, "form", _form(question.text)),
        (document, "kind", question.kind),
        (document, question.section),
    )


def _stands_in(answer: Answer, question: Question) -> bool:
    """Whether the answer is, at least in part, the characters that the question was made from."""
    return any(
        cited.document == question.document and cited.answer_start < question.end and question.start < cited.answer_end
        for cited in answer.citations[:1]
    )


def _form(text: str) -> str:
    """A question without names and numbers."""
    return re.sub(r"(?:the )?\b(?<!^)[A-Z\d]\S*", "", text)


def _unanswerable(
    chosen: Sequence[_Made], passages: Sequence[Passage], answer: Callable[[str], Answer], taken: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Questions made from these that seem to have no answer, each with a note on how it was made.

    Where `answer` gives one, and from another place than the question this was made from, the documents may well say.
    Where it gives that question's answer it is misled; to leave those out too would flatter it.
    """
    texts: dict[str, str] = {}
    for passage in passages:
        texts[passage.document] = f"{texts.get(passage.document, '')}\n{passage.text}"
    names = [made.question.text[len("Who is ") : -1] for made in chosen]
    people = [name for made, name in zip(chosen, names, strict=True) if made.question.kind == "who is"]
    near = {
        text: (number, made, how)
        for number, made in enumerate(chosen, start=1)
        for text, how in unsaid(made.question.text, made.answers[0], texts[made.question.document], people)
        if text not in taken
    }
    used: Counter[object] = Counter()

    def turns(text: str) -> tuple[object, ...]:
        number, made, how = near[text]
        return _form(text), made.question.document, (made.question.document, how), number

    while near:
        best = min(near, key=lambda text: [used[key] for key in turns(text)])
        keys, (number, made, how) = turns(best), near.pop(best)
        if used[number] == PER_DRAFT:
            continue
        found = answer(best)
        misled = found.answerable and _stands_in(found, made.question)
        if found.answerable and not misled:
            continue
        used.update(keys)
        said = f"answers “{' '.join(found.candidate.split())}”, as to that one" if misled else "finds no answer"
        yield best, f"Made from draft-{number:03} {how}; kept because Footnote {said}. Check that no document says it."
