"""Counts: of phrases in documents, of documents, and whether a passage states one. Knows nothing of the reader."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from index.library import Library
from index.sentences import BETWEEN_CELLS, sentences
from index.types import Hit
from rag.documents import called, contents, holding, meant
from rag.scope import Scope, stems
from rag.types import Answer, Citation, Finding

PLACES = 5  # cited, at most

NOT_COUNTED = (
    "Footnote does not count things across a document, only how often a word or phrase stands there; "
    "ask for the list or look into its section."
)
NOT_STATED = (
    "No passage was found that states this number, and Footnote does not count things across a document; "
    "ask for the list or look into its section."
)

_BREAK = re.compile(
    r"[,;:]|\b(?:is|are|was|were|be|been|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would"
    r"|there|a|an|the|per|each|every|in|on|at|of|from|for|with|by|to|as|and|or|that|who|which|i|you|we|they|he|she|it"
    r"|[\w-]+'s|come|comes|came|need|needs|take|takes|took|make|makes|made|get|gets|got)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"(?:^| )(?:is|are|was|were) there\b|\b(?:does|do|did) .*\b(?:have|contain|include|list)$")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundreds? thousands? millions? billions? "
    "dozens? once twice thrice single double triple couple pair both half third quarter none neither never nobody "
    "all most many several few"
).replace(" ", "|")
# A digit, though not that of a code such as E05 or HP-200, or a word for a number or an amount.
_NUMBER = re.compile(
    rf"(?<![^\W\d_])(?<![^\W\d_]-)(?<![\d.,])\d[\d.,]*|\b(?:{_WORDS}|no(?! (?:more|less|fewer)))\b", re.IGNORECASE
)
_ENUMERATOR = re.compile(r"[\s#*>(|-]*\d+(?:\.\d+)*[.)]?(?:\s|$)")
_RELATIVE = re.compile(r"\W*(?:more|other|others|another|additional|further)\b(?! than)", re.IGNORECASE)
# Of 148 answers to how many that hold a right one's words, on the development sets, `stated` declines 7 with this,
# of which 3 are wrong, and 17 with none sure.
SURE = 0.8
_NEAR = 4  # words between a number and what it counts, at most


def occurrences(library: Library, scope: Scope, hits: Sequence[Hit], documents: Collection[str] | None) -> Finding:
    """How often a phrase stands in the documents."""
    paths = meant(scope.within, contents(library, documents), hits)
    if not paths:
        return Finding("", (), f"No document here goes by the name “{scope.within}”; tick it or give its file name.")
    places = _places(library, scope.subject, paths)
    count = sum(map(len, places.values()))
    if not count:
        note = f"“{scope.subject}” stands nowhere in {called(paths)}; it was looked for {_AS_WRITTEN}."
        return Finding("", (), note)
    each = ", ".join(f"{len(found):,} in {called([path])}" for path, found in list(places.items())[:PLACES])
    more = " and others" if len(places) > PLACES else ""
    where = f"{each}{more}" if len(paths) > 1 else f"in {called(paths)}"
    cited = _cited(library, places)
    first = f" The first {len(cited)} places are cited." if len(cited) < count and len(cited) > 1 else ""
    note = f"“{scope.subject}” was counted {_AS_WRITTEN}: {where}.{first}"
    return Finding({1: "once", 2: "twice"}.get(count, f"{count:,} times"), cited, note)


def documents_counted(library: Library, scope: Scope, documents: Collection[str] | None) -> Finding:
    """How many documents there are or, where the question names a phrase, hold it; and which."""
    paths = contents(library, documents)
    if scope.subject:
        places = _places(library, scope.subject, paths)
        if not places:
            note = f"“{scope.subject}” stands in none of {called(paths)}; it was looked for {_AS_WRITTEN}."
            return Finding("", (), note)
        text = f"{len(places):,} of {len(paths):,}: {_named(list(places))}"
        note = f"“{scope.subject}” was looked for {_AS_WRITTEN}."
        return Finding(text, _cited(library, {path: found[:1] for path, found in places.items()}), note)
    openings = []
    for path in paths[:PLACES]:
        (passage, *_), _ = library.sample(path, 1)
        openings.append(Citation.of(passage, *sentences(passage.text)[0]))
    noun = "document" if len(paths) == 1 else "documents"
    note = "The documents that can be asked were counted, the same content under several names once."
    return Finding(f"{len(paths):,} {noun}: {_named(paths)}", tuple(openings), note)


_AS_WRITTEN = "as whole words, in capitals or not, and in no other form"


def _named(paths: Sequence[str]) -> str:
    return ", ".join(called([path]) for path in paths[:PLACES]) + (" …" if len(paths) > PLACES else "")


def _places(library: Library, phrase: str, paths: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Start and end of each occurrence, for the documents that have any."""
    pattern = phrase_pattern(phrase)
    found = {path: [match.span() for match in pattern.finditer(library.text(path))] for path in paths}
    return {path: spans for path, spans in found.items() if spans}


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Finds a phrase as whole words, over line breaks but not over blank lines, however accents are encoded."""
    blank = r"(?:[^\S\n]+\n?|\n)[^\S\n]*"
    forms = dict.fromkeys(unicodedata.normalize(form, phrase) for form in ("NFC", "NFD"))
    written = (blank.join(re.sub(r"['’]", "['’]", re.escape(word)) for word in form.split()) for form in forms)
    mark = r"[\w\u0300-\u036f]"
    return re.compile(rf"(?<!\w)(?:{'|'.join(written)})(?!{mark})", re.IGNORECASE)


def _cited(library: Library, places: dict[str, list[tuple[int, int]]]) -> tuple[Citation, ...]:
    """The sentences of the first few places."""
    cited: dict[tuple[str, int], Citation] = {}
    for path, spans in places.items():
        if len(cited) == PLACES:
            break
        passages, text = library.passages([path]), library.text(path)
        for start, end in spans:
            passage = holding(passages, path, text, start, end)
            citation = Citation.of(passage, start - passage.start, end - passage.start)
            cited.setdefault((path, citation.start), citation)
            if len(cited) == PLACES:
                break
    return tuple(cited.values())


def checked(answer: Answer, counted: str) -> Answer:
    """The answer to how many there are, unless it is no number of them; `counted` is the question from there on."""
    if answer.answerable and stated(counted, answer.citations[0], answer.confidence >= SURE):
        return answer
    return replace(answer, confidence=0.0 if answer.answerable else answer.confidence, note=NOT_STATED)


def stated(counted: str, citation: Citation, sure: bool = False) -> bool:
    """Whether the cited answer is a number of what is counted.

    It must hold a number, and its sentence must name what is counted, if the reader is not `sure`. Where a total is
    asked for (“are there”) it must be named right after the number. The number of a heading or of an item in a list
    counts nothing.
    """
    quote = citation.quote
    start, end = citation.answer_start - citation.start, citation.answer_end - citation.start
    numbers = [match for match in _NUMBER.finditer(quote) if start <= match.start() and match.end() <= end]
    if (enumerator := _ENUMERATOR.match(quote)) and BETWEEN_CELLS not in quote:
        numbers = [match for match in numbers if match.start() >= enumerator.end()]
    if not numbers:
        return False
    verb = _BREAK.search(counted)
    nouns = set(stems(counted[: verb.start()] if verb else counted))
    if not nouns or nouns & {"time", "percent"}:
        return True
    if verb and not _TOTAL.search(counted):
        named = f"{citation.heading} {quote}" if BETWEEN_CELLS in quote else quote
        return sure or any(noun in stem for noun in nouns for stem in stems(named))
    after = (quote[match.end() :] for match in numbers)
    return any(not _RELATIVE.match(words) and nouns & set(stems(" ".join(words.split()[:_NEAR]))) for words in after)
