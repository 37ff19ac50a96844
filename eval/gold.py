"""Gold sets: questions, accepted answers and where the documents say so. Knows nothing of models."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.errors import GoldError
from index.types import Document, Passage
from rag.squad import is_squad, parse_squad


@dataclass(frozen=True)
class Evidence:
    """The quote of a document that supports the answer; `document` may be the end of a longer path."""

    document: str
    quote: str


@dataclass(frozen=True)
class Item:
    """One question, which may go on from the item before. No `answers` means that the documents do not say."""

    id: str
    question: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    follows: bool = False


@dataclass(frozen=True)
class GoldSet:
    """Questions, and the documents where the gold file carries them (SQuAD does)."""

    items: tuple[Item, ...]
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True)
class Place:
    """Characters of a document that a relevant passage must hold."""

    document: str
    start: int
    end: int

    def within(self, passage: Passage) -> bool:
        """Whether the passage holds all of it."""
        return passage.document == self.document and passage.start <= self.start and self.end <= passage.end


def load_gold(path: Path) -> GoldSet:
    """Read JSON Lines, of questions or dialogues, or SQuAD v1.1 / v2.0 JSON.

    Raises GoldError, naming every malformed line.
    """
    try:
        source = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GoldError(f"The gold set {str(path)!r} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise GoldError(f"The gold set {str(path)!r} is not UTF-8 text; save it as UTF-8.") from error
    try:
        whole = json.loads(source)
    except json.JSONDecodeError:
        whole = None
    gold = _from_squad(whole, path.name) if is_squad(whole) else GoldSet(_from_lines(source, path.name))
    if not gold.items:
        raise GoldError(f"The gold set {str(path)!r} holds no questions.")
    return gold


def _from_lines(source: str, name: str) -> tuple[Item, ...]:
    items: list[Item] = []
    problems = []
    seen: dict[str, int] = {}
    for number, line in enumerate(source.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found = _items(json.loads(line))
            if taken := next((item.id for item in found if item.id in seen), None):
                raise ValueError(f"its id {taken!r} is that of line {seen[taken]} too")
            seen.update({item.id: number for item in found})
            items += found
        except json.JSONDecodeError as error:
            problems.append(f"line {number} is not JSON ({error.msg})")
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise GoldError(
            f'{name} is not a gold set of lines {{"id", "question", "answers": […], "evidence": […]}} '
            f'or {{"id", "turns": [{{"question", "answers", "evidence"}}, …]}}: {"; ".join(problems)}.'
        )
    return tuple(items)


def _items(raw: dict[str, Any]) -> list[Item]:
    """The question of a line, or the turns of a dialogue as questions ID.1, ID.2 …"""
    if "turns" not in raw:
        return [_item(raw)]
    turns = raw["turns"]
    if "id" not in raw or "question" in raw:
        raise ValueError("it has turns and a question" if "question" in raw else "it has no id")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError('its turns are not a list of {"question", "answers", "evidence"}')
    items = []
    for number, turn in enumerate(turns, start=1):
        try:
            item = _item({**turn, "id": f"{raw['id']}.{number}"})
        except ValueError as error:
            raise ValueError(f"turn {number}: {error}") from error
        items.append(replace(item, follows=number > 1))
    return items


def _item(raw: dict[str, Any]) -> Item:
    if missing := [key for key in ("id", "question", "answers") if key not in raw]:
        raise ValueError(f"it has no {' and no '.join(missing)}")
    answers, evidence = raw["answers"], raw.get("evidence") or []
    if not isinstance(answers, list) or not all(isinstance(answer, str) and answer.strip() for answer in answers):
        raise ValueError("its answers are not a list of non-empty strings")
    if not isinstance(evidence, list) or not all(
        isinstance(e, dict) and {"document", "quote"} <= set(e) for e in evidence
    ):
        raise ValueError('its evidence is not a list of {"document", "quote"}')
    if not isinstance(raw["question"], str) or not raw["question"].strip():
        raise ValueError("its question is empty")
    return Item(
        str(raw["id"]),
        raw["question"],
        tuple(answers),
        tuple(Evidence(str(e["document"]), str(e["quote"])) for e in evidence),
    )


def _from_squad(raw: dict[str, Any], name: str) -> GoldSet:
    """Each article one document, its paragraphs joined by a blank line; the gold paragraph is the evidence."""
    texts: dict[str, list[str]] = {}
    items = []
    for paragraph in parse_squad(raw, name):
        texts.setdefault(paragraph.article, []).append(paragraph.context)
        evidence = (Evidence(paragraph.article, paragraph.context),)
        items += [
            Item(question.id, question.text, tuple(dict.fromkeys(text for _, text in question.answers)), evidence)
            for question in paragraph.questions
        ]
    documents = tuple(Document.from_text(article, "\n\n".join(parts)) for article, parts in texts.items())
    return GoldSet(tuple(items), documents)


def resolve(item: Item, paths: Iterable[str]) -> Item:
    """The item with evidence documents spelled as the library's paths. Raises GoldError where one is not there."""
    known = list(paths)
    evidence = []
    for piece in item.evidence:
        parts = Path(piece.document).parts
        ending = [path for path in known if Path(path).parts[-len(parts) :] == parts]
        same = [piece.document] if piece.document in known else ending
        if len(same) != 1:
            found = "is not in the library" if not same else f"could be any of {', '.join(same)}"
            raise GoldError(f"Question {item.id}: its evidence document {piece.document!r} {found}.")
        evidence.append(Evidence(same[0], piece.quote))
    return replace(item, evidence=tuple(evidence))


def places(item: Item, text: Callable[[str], str], paths: Sequence[str]) -> list[Place]:
    """Where the answer stands: each accepted answer inside the evidence, or anywhere when there is no evidence.

    Evidence without an accepted answer in it counts as a whole. Raises GoldError for a quote its document lacks.
    """
    if not item.answers:
        return []
    found = []
    for piece in item.evidence:
        start = text(piece.document).find(piece.quote)
        if start < 0:
            raise GoldError(
                f"Question {item.id}: {piece.document!r} does not contain its evidence {piece.quote[:60]!r}."
            )
        spans = _occurrences(item.answers, piece.quote) or [(0, len(piece.quote))]
        found += [Place(piece.document, start + a, start + b) for a, b in spans]
    if not item.evidence:
        found = [Place(path, a, b) for path in paths for a, b in _occurrences(item.answers, text(path))]
    return found


def _occurrences(answers: Iterable[str], text: str) -> list[tuple[int, int]]:
    """Spans of the answers as whole words, upper or lower case."""
    longest_first = sorted(set(answers), key=len, reverse=True)
    pattern = "|".join(rf"(?<!\w){re.escape(answer)}(?!\w)" for answer in longest_first)
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
