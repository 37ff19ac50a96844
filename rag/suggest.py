"""First questions about some passages, made from their own words and kept when they are answered from there.

Knows nothing of models: a callable answers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from index.types import Passage
from rag.asking.questions import Question, questions
from rag.types import Answer

SAMPLE = 200  # passages looked at
CHECKS = 12  # questions asked
ALIKE = 2  # questions of one form
# Kinds of question, the best first; others come after.
BEST = ("how long", "when", "how often", "how much", "who", "how soon", "how many", "where", "who is")
MARGIN = 0.2  # of confidence above the threshold
SLACK = 12  # characters that an answer may begin early, such as an article


def suggest(passages: Sequence[Passage], answer: Callable[[str], Answer], count: int = 4) -> Iterator[str]:
    """At most `count` questions about these passages that `answer` answers from there, well above its threshold.

    Of many passages it looks at some from everywhere, and it asks at most `CHECKS` times; so there may be none.
    The same passages and answers give the same questions.
    """
    pool = questions(_sample(passages))
    tried: Counter[object] = Counter()
    shown: Counter[str] = Counter()
    forms: Counter[str] = Counter()
    for _ in range(CHECKS):
        if not pool or shown.total() >= count:
            return
        best = min(
            pool,
            key=lambda q: (
                tried[q.document],
                shown[q.kind],
                tried[q.kind],
                BEST.index(q.kind) if q.kind in BEST else len(BEST),
                tried[q.document, q.section],
            ),
        )
        tried.update((best.document, (best.document, best.section), best.kind))
        pool.remove(best)
        if _answered(best, answer(best.text)):
            shown[best.kind] += 1
            forms[_form(best)] += 1
            pool = [question for question in pool if forms[_form(question)] < ALIKE]
            yield best.text


def _answered(question: Question, answer: Answer) -> bool:
    """Whether the answer is sure, and is what the question was made to ask for."""
    if answer.confidence < answer.threshold + MARGIN or not answer.citations:
        return False
    first = answer.citations[0]
    return (
        first.document == question.document
        and question.start - SLACK <= first.answer_start < question.end
        and question.start < first.answer_end
        and not re.search(r"[|\n]", answer.candidate)
    )


def _form(question: Question) -> str:
    """The question without names and numbers."""
    return re.sub(r"(?:the )?\b(?<!^)[A-Z\d]\S*", "", question.text)


def _sample(passages: Sequence[Passage]) -> list[Passage]:
    """At most `SAMPLE` passages: as many of each document as there is room for, from its beginning to its end."""
    documents: dict[str, list[Passage]] = {}
    for passage in passages:
        documents.setdefault(passage.document, []).append(passage)
    every = list(documents.values())
    own = [every[i] for i in _spread(len(every), SAMPLE)]
    return [some[i] for some in own for i in _spread(len(some), SAMPLE // len(own))]


def _spread(length: int, number: int) -> list[int]:
    """At most `number` of the places 0 to `length` - 1, from everywhere."""
    return [i * length // number for i in range(number)] if length > number else list(range(length))
