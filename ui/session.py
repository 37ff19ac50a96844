"""A conversation in the browser, as values."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from rag.types import Answer, Turn


@dataclass(frozen=True)
class Exchange:
    """A question as it was asked and what came of it: an answer, a problem, or being stopped; until then a status.

    `feedback` is the number under which the library keeps the person's verdict, `right` or `wrong`.
    """

    asked: str
    answer: Answer | None = None
    problem: str = ""
    stopped: bool = False
    status: str = ""
    verdict: str = ""
    corrected: bool = False
    feedback: int | None = None

    @property
    def pending(self) -> bool:
        """Whether it still waits for its answer."""
        return self.answer is None and not self.problem and not self.stopped


Talk = tuple[Exchange, ...]


@dataclass(frozen=True)
class Shown:
    """What the source panel shows: citation number `citation` of exchange number `exchange`, counting from 0."""

    exchange: int
    citation: int = 0
    as_text: bool = False


def turns(talk: Talk) -> list[Turn]:
    """What a further question may refer to, oldest first."""
    return [exchange.answer.turn for exchange in talk if exchange.answer]


def with_last(talk: Talk, exchange: Exchange) -> Talk:
    """The conversation with another last exchange."""
    return (*talk[:-1], exchange)


def with_status(talk: Talk, status: str) -> Talk:
    """The conversation, whose last question waits, with what is being done about it."""
    return with_last(talk, replace(talk[-1], status=status))


def with_exchange(talk: Talk, number: int, exchange: Exchange) -> Talk:
    """The conversation with another exchange in one place."""
    return (*talk[:number], exchange, *talk[number + 1 :])


def stopped(talk: Talk) -> Talk:
    """The conversation without waiting: a question that has no answer yet was stopped."""
    waits = talk and talk[-1].pending
    return with_last(talk, replace(talk[-1], stopped=True, status="")) if waits else talk


def chosen(paths: Sequence[str], left_out: AbstractSet[str]) -> list[str] | None:
    """The documents to ask; None for all of them."""
    return [path for path in paths if path not in left_out] if left_out & set(paths) else None
