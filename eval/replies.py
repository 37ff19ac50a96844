"""What another system replied, as an Answer that can be scored. Knows nothing of how the reply came.

A reply in prose is taken to abstain when it opens by saying that the answer is not known or not in the documents,
whatever it goes on to say. Otherwise the answer is the prose without its footnotes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from eval.run import Corpus
from index.types import Hit, Passage
from rag.types import Answer, Citation, Timings

NOWHERE = -1  # start and end of a quote that stands nowhere in its document
OWN_MODEL = "footnote"  # by which Footnote goes as a language model

_TITLES = ("document", "source", "filename", "filepath", "file", "path", "title")
_TEXTS = ("quote", "text", "content", "page_content", "snippet")
_FOUND = ("passages", "sources", "context")

_SOURCE = r"(?:documents?|contexts?|texts?|passages?|sources?|excerpts?|information|materials?|articles?|files?|pages?)"
_SAYS = (
    r"(?:say|mention|contain|provide|state|specif|includ|give|gave|have|has|answer|address|indicate|discuss|reveal"
    r"|describ|cover|tell|list|name|show|explain)\w*"
)
_STATED = r"(?:mentioned|stated|specified|given|provided|found|available|answered|addressed|covered|included|contained)"
_NEWS = r"(?:information|mention|answer|evidence|indication|data|details?|records?)"
_OPENING = re.compile(
    rf"""(?:(?:i'?\s?a?m\s)?(?:very\s|so\s)?sorry\b|unfortunately\b|i\sapologi[sz]e\b)?[,;.:!\s]*(?:but\s|however,?\s)?
    (?:(?:based\son|according\sto|from|in)\s[^.]{{0,80}}?,\s)?
    (?:i(?:\s(?:do\snot|don't|cannot|can't|could\snot|couldn't|did\snot|didn't)|(?:\sa|')m\s(?:not\sable|unable)\sto
        |\swas\s(?:not\sable|unable)\sto)\s(?:know|find|see|have|answer|determine|provide|locate|say|tell|identify)\b
    |i(?:\sa|')m\snot\s(?:sure|certain)\b
    |i\shave\sno\s(?:idea\b|[^.]{{0,20}}\b{_NEWS}\b)
    |(?:the|these|this|your)\s[^.]{{0,60}}?\b{_SOURCE}\b[^.]{{0,80}}?\s(?:(?:do|does|did)(?:\snot|n't)|cannot|can't)
        \s(?:\w+ly\s|seem\sto\s|appear\sto\s)*{_SAYS}\b
    |(?:no|none\sof|neither\sof)\s[^.]{{0,30}}?\b{_SOURCE}\s[^.]{{0,30}}?\b{_SAYS}\b
    |(?:there(?:\sis|'s|\sare|\swas|\swere)\s(?:no|not\s(?:any|enough|sufficient))|no|not\senough|insufficient)\s
        (?:[\w-]+\s){{0,2}}{_NEWS}\b)""",
    re.VERBOSE,
)
_SENTENCE = re.compile(
    rf"""(?!(?:al)?though\b|while\b).*\bnot\s(?:\w+ly\s)?{_STATED}\s(?:anywhere\s)?(?:in|by|within)\s
        (?:the|these|this|your|any)\s(?:[\w-]+\s){{0,3}}{_SOURCE}(?:\s(?:above|given|provided|supplied))?\W*
    |(?:(?:it|this|that|the\sanswer)\s?(?:is|'s|was)\s)?(?:not\s(?:mentioned|stated|specified|found)|unknown)\W*
    |.*\bcan(?:not|'t|\snot)\sbe\s(?:(?:determined|answered|inferred)\W*
        |(?:determined|answered|inferred|found)\s(?:from|in|based\son|with)\b.*\b{_SOURCE}\b.*)
    |idk\W*|n/?a\W*|unanswerable\W*|no\sanswer\W*""",
    re.VERBOSE,
)
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_NOTES = re.compile(
    r"\n\s*(?:[#>*_\s]*(?:sources?|references|citations|footnotes)\b[*_]*\s*(?::|\n|$)|\[\^?\d+\]:?\s)", re.IGNORECASE
)
_MARK = re.compile(
    r"\s*(?:(?<!\\)\[\^?\d+(?:\s*[,;–-]\s*\^?\d+)*\](?:\([^)]*\))?|【[^】]*】|<sup>.*?</sup>"
    r"|(?<!\\)\[(?:source|document|doc|citation|passage)s?:?\s[^\]]*\])",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?<!\\)\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(?<![\w\\*_])([*_]{1,3}|`)(?=\S)([^\n]+?)(?<=\S)\1(?![\w*_])")
_LABEL = re.compile(r"(?:#+\s+)?(?:(?:the |final )?answer\s*:\s+)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def read_ask(reply: object, question: str, corpus: Corpus, milliseconds: float) -> Answer:
    """The answer in the JSON of `footnote ask --json`, of which only "answer" must be there.

    A candidate that was withheld is not told: best_f1, aurc and ece count it as wrong. Raises ValueError, with what was
    found instead, for another reply.
    """
    if not isinstance(reply, dict) or not isinstance(said := reply.get("answer", 0), str | None):
        raise ValueError(_seen(reply))
    understood = reply.get("question")
    return _answer(said or "", understood if isinstance(understood, str) else question, [reply], corpus, milliseconds)


def read_chat(reply: object, question: str, corpus: Corpus, milliseconds: float) -> Answer:
    """The answer in an OpenAI chat completion; citations, passages and confidence where there are fields for them.

    Raises ValueError, with what was found instead, for another reply.
    """
    try:
        choice = reply["choices"][0]  # type: ignore[index]
        message = choice["message"]
        content = message.get("content") or ""
        if not isinstance(content, str):
            content = "".join(part["text"] for part in content if part["type"] == "text")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(_seen(reply)) from error
    assert isinstance(reply, dict)
    if reply.get("model") == OWN_MODEL:
        content = content.partition("\n\n")[0]  # below it stand a note and the footnotes
    said = "" if abstains(content) else plain(content)
    nested = [part for part in (message.get("context"),) if isinstance(part, dict)]
    return _answer(said, question, [message, *nested, choice, reply], corpus, milliseconds)


def abstains(content: str) -> bool:
    """Whether prose opens by saying that the answer is not known, or not in the documents."""
    words = plain(content).lower().replace("’", "'")
    first = re.split(r"(?<=[.!?])\s", words, maxsplit=1)[0]
    return not words or bool(_OPENING.match(words) or _SENTENCE.fullmatch(first))


def plain(content: str) -> str:
    """Prose on one line, without thoughts, footnotes, their marks and Markdown."""
    said = _NOTES.split(_THOUGHT.sub("", content).strip(), maxsplit=1)[0]
    said = _LINK.sub(r"\1", _MARK.sub("", said))
    said = _LABEL.sub("", _EMPHASIS.sub(r"\2", said).strip(), count=1)
    return " ".join(_ESCAPE.sub(r"\1", said).split())


def path_of(name: str, paths: Iterable[str]) -> str | None:
    """The path that a system means by this name: the one that ends in most of the same parts, if only one does."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    shared = {path: _shared(parts, PurePosixPath(path.replace("\\", "/")).parts) for path in paths}
    if name in shared:
        return name
    most = max(shared.values(), default=0)
    best = [path for path, number in shared.items() if number == most]
    return best[0] if most and len(best) == 1 else None


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths have in common at their ends."""
    same = [a == b for a, b in zip(reversed(one), reversed(other), strict=False)]
    return next((number for number, equal in enumerate(same) if not equal), len(same))


def _answer(
    said: str, question: str, places: Sequence[Mapping[str, Any]], corpus: Corpus, milliseconds: float
) -> Answer:
    confidence, threshold = _share(places, "confidence"), _share(places, "threshold")
    if threshold is None:  # what it says, it would say at any confidence
        threshold = 0.5 if confidence is None else 0.0
    cited = (_citation(raw, said, corpus) for raw in _listed(places, ("citations",)))
    found = (_passage(raw, corpus) for raw in _listed(places, _FOUND))
    return Answer(
        question=question,
        candidate=said,
        confidence=float(bool(said)) if confidence is None else confidence,
        threshold=threshold,
        citations=tuple(filter(None, cited)),
        hits=tuple(filter(None, found)),
        timings=_timings(places, milliseconds),
    )


def _citation(raw: object, said: str, corpus: Corpus) -> Citation | None:
    """A quote where it stands in its document, whatever the offsets given; None for what names no quote or document."""
    fields = _fields(raw)
    name, quote = _first(fields, _TITLES), _first(fields, _TEXTS)
    if not name or not quote.strip():
        return None
    path = path_of(name, corpus.paths)
    near = _number(fields.get("start"))
    start = NOWHERE if path is None else _nearest(corpus.text(path), quote, 0 if near is None else int(near))
    end = start if start == NOWHERE else start + len(quote)
    within = quote.lower().find(said.lower()) if said else -1
    first = start if start == NOWHERE or within < 0 else start + within
    last = first if start == NOWHERE or within < 0 else first + len(said)
    return Citation(path or name, _page(fields), start, end, quote, first, last)


def _nearest(text: str, quote: str, near: int) -> int:
    """Where the quote stands, nearest to this offset."""
    if near > 0 and text.startswith(quote, near):
        return near
    starts = (match.start() for match in re.finditer(re.escape(quote), text))
    return min(starts, key=lambda start: abs(start - near), default=NOWHERE)


def _passage(raw: object, corpus: Corpus) -> Hit | None:
    """A passage where it stands in its document, or in the first that holds it; spaces and line breaks may differ."""
    fields = {"text": raw} if isinstance(raw, str) else _fields(raw)
    name, text = _first(fields, _TITLES), _first(fields, _TEXTS)
    if not text.strip():
        return None
    score = _number(fields.get("score")) or 0.0
    path = path_of(name, corpus.paths) if name else None
    known = [path] if path else [] if name else corpus.paths
    words = re.compile(r"\s+".join(map(re.escape, text.split())))
    near = _number(fields.get("start"))
    for document in known:
        whole = corpus.text(document)
        if near is not None and near >= 0 and whole.startswith(text, int(near)):
            return Hit(Passage(document, int(near), int(near) + len(text), text, _page(fields)), score)
        if match := words.search(whole):
            return Hit(Passage(document, *match.span(), match.group(), _page(fields)), score)
    return Hit(Passage(path or name, NOWHERE, NOWHERE, text, _page(fields)), score)


def _fields(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        return {}
    about = raw.get("metadata")
    return {**about, **raw} if isinstance(about, dict) else raw


def _listed(places: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[object]:
    """The first list under one of these names."""
    lists = (place[name] for place in places for name in names if isinstance(place.get(name), list))
    return next((found for found in lists if found), [])


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((fields[name] for name in names if isinstance(fields.get(name), str)), "")


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _page(fields: Mapping[str, Any]) -> int | None:
    page = fields.get("page")
    return page if isinstance(page, int) else None


def _share(places: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """A number from 0 to 1 under this name."""
    numbers = (_number(place.get(name)) for place in places)
    return next((number for number in numbers if number is not None and 0 <= number <= 1), None)


def _timings(places: Sequence[Mapping[str, Any]], milliseconds: float) -> Timings:
    """The time a system says it took, or else what it took from here."""
    told: dict[str, Any] = next(
        (place["timings_ms"] for place in places if isinstance(place.get("timings_ms"), dict)), {}
    )
    retrieve, read, total = (_number(told.get(name)) for name in ("retrieve", "read", "total"))
    if retrieve is not None and read is not None:
        return Timings(retrieve, read)
    return Timings(0.0, milliseconds if total is None else total)


def _seen(reply: object) -> str:
    """The outline of a reply of another shape."""
    if isinstance(reply, dict):
        return f"an object with {', '.join(map(repr, list(reply)[:6])) or 'nothing in it'}"
    return "a list" if isinstance(reply, list) else f"the value {str(reply)[:40]!r}"
