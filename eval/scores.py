"""All scores of a run. Knows nothing of how its records came about, nor of how scores are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.kinds import QUESTION_KINDS, question_kind
from eval.metrics import MORE, SCORES, Score, score_all
from eval.records import Record, groups, outcomes

BY_KIND = {name: SCORES[name] for name in ("em", "f1")}

Group = tuple[Mapping[str, Score], int]
"""The scores of some of the questions, and how many these are."""


@dataclass(frozen=True)
class Scores:
    """The scores of all `n` questions, `more` beside them; those of opening questions and follow-ups, if any follow.

    `kinds` has exact match and F1 for each kind of question, by the wording of the gold set.
    """

    n: int
    scores: Mapping[str, Score]
    more: Mapping[str, Score]
    groups: Mapping[str, Group]
    kinds: Mapping[str, Group]


def score(records: Sequence[Record]) -> Scores:
    """Every score with its interval, the same for the same records every time."""
    found = score_all(outcomes(records), scores={**SCORES, **MORE})
    alike = {name: [record for record in records if question_kind(record.question) == name] for name in QUESTION_KINDS}
    return Scores(
        len(records),
        {name: found[name] for name in SCORES},
        {name: found[name] for name in MORE},
        {name: (score_all(outcomes(some)), len(some)) for name, some in groups(records).items()},
        {name: (score_all(outcomes(some), scores=BY_KIND), len(some)) for name, some in alike.items() if some},
    )
