"""A follow-up becomes a question that stands alone. Knows nothing of documents, models or screens."""

from collections.abc import Sequence

from rag.types import Turn


def resolve(question: str, history: Sequence[Turn]) -> str:
    """The question as it is to be understood after these turns, oldest first; as it stands when it needs none."""
    return question
