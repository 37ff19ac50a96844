"""What people said of answers, as the draft of a gold set for a person to look through. Knows nothing of screens."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from eval.gold import Evidence, Item, places
from index.errors import DocumentError, GoldError
from index.library import Library
from index.sentences import whole_sentences
from index.types import Feedback
from rag.retrieve import retrieve

NEAR = 50  # passages in which a right answer is looked for


@dataclass(frozen=True)
class Draft:
    """A gold set's items, and the questions of which it is known only that their answer was wrong."""

    items: tuple[Item, ...]
    left_out: tuple[str, ...]

    @property
    def lines(self) -> str:
        """JSON Lines, as `load_gold` reads them, each marked as a draft."""
        return "".join(json.dumps(_line(item), ensure_ascii=False) + "\n" for item in self.items)


def draft(library: Library) -> Draft:
    """One item for each question that people gave feedback to; of several verdicts on a question the latest counts.

    Its id is that of the question's first feedback. Evidence is what the answer cited if the document still says so, or
    else the sentences of the passage nearest to the question that holds the answer. Raises GoldError without any item.
    """
    said = library.feedback()
    first: dict[str, int] = {}
    latest: dict[str, Feedback] = {}
    for feedback in said:
        question = " ".join(feedback.question.casefold().split())
        first[question] = min(first.get(question, feedback.id or 0), feedback.id or 0)
        latest[question] = feedback
    items, left_out = [], []
    for question in sorted(latest, key=first.__getitem__):
        feedback = latest[question]
        answers = _answers(feedback)
        if answers is None:
            left_out.append(feedback.question)
        else:
            evidence = _evidence(library, feedback, answers)
            items.append(Item(f"feedback-{first[question]}", feedback.question, answers, evidence))
    if not items:
        found = f"only {len(left_out)} wrong answers without a correction" if left_out else "no feedback"
        raise GoldError(f"The library {library.folder} holds {found}; say in the chat which answers are right first.")
    return Draft(tuple(items), tuple(left_out))


def _answers(feedback: Feedback) -> tuple[str, ...] | None:
    """The accepted answers, none where abstaining was right; None where they are not known."""
    if feedback.verdict == "right":
        return () if feedback.answer is None else (feedback.answer,)
    correction = (feedback.correction or "").strip()
    return (correction,) if correction else None


def _evidence(library: Library, feedback: Feedback, answers: Sequence[str]) -> tuple[Evidence, ...]:
    if not answers:
        return ()
    if feedback.verdict == "right" and feedback.document is not None and feedback.quote:
        try:
            if feedback.quote in library.text(feedback.document):
                return (Evidence(feedback.document, feedback.quote),)
        except DocumentError:
            pass  # it was removed; another may say the same
    sought = Item("", feedback.question, tuple(answers))
    for hit in retrieve(library, feedback.question, NEAR):
        text = hit.passage.text
        for place in places(sought, {hit.passage.document: text}.__getitem__, [hit.passage.document]):
            start, end = whole_sentences(text, place.start, place.end)
            return (Evidence(hit.passage.document, text[start:end]),)
    return ()


def _line(item: Item) -> dict[str, object]:
    evidence = [asdict(piece) for piece in item.evidence]
    return {"id": item.id, "question": item.question, "answers": item.answers, "evidence": evidence, "draft": True}
