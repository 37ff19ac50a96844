"""Overviews: a few sentences from across a document, or on a topic, word for word. Knows nothing of the reader."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from index.chunking import BETWEEN_TITLES
from index.embedding import Vectors
from index.library import Library
from index.sentences import BETWEEN_CELLS, sentences
from index.types import Hit, Passage
from rag.documents import called, contents, meant, named
from rag.retrieve import retrieve
from rag.scope import DOCUMENT_NOUNS, Scope, stems
from rag.types import Citation, Finding

DOCUMENTS = 5  # in one overview, at most
SENTENCES = 6  # of one document; of several, fewer from each
PASSAGES = 400  # of a document looked at, evenly spaced where it has more
NEAREST = 10  # passages looked at for a topic
BALANCE = 0.7  # of relevance against novelty
OPENING = 0.05  # cosine that a sentence gains by opening its passage

_LENGTH = range(30, 321)
_DANGLING = re.compile(
    r"\W*(?:it|its|they|their|them|this|these|that|those|such|he|she|his|her|however|but|and|or|so|also|then|otherwise"
    r"|meanwhile|here|there|instead|thus|therefore|moreover|both|another|others?|in addition)\b",
    re.IGNORECASE,
)
_THIS_DOCUMENT = re.compile(rf"\W*this (?:{'|'.join(sorted(DOCUMENT_NOUNS))})\b", re.IGNORECASE)
_ENDING = re.compile(r"[.!?…][\"”’'»)\]*_]*$")


def overview(library: Library, scope: Scope, hits: Sequence[Hit], documents: Collection[str] | None) -> Finding:
    """The gist of the documents, or what they say on the topic that the question names."""
    among = contents(library, documents)
    paths = meant(scope.within, among, hits)
    if not paths:
        names = ", ".join(Path(path).name for path in among[:DOCUMENTS])
        note = f"No document here goes by the name “{scope.within}”; tick it or give its file name, such as {names}."
        return Finding("", (), note)
    if scope.subject and not scope.within and (titled := named(scope.subject, among, hits)):
        paths = titled
    elif scope.subject:
        return _on_topic(library, scope.subject, paths)
    if len(paths) > DOCUMENTS:
        return Finding(
            "",
            (),
            f"That would be an overview of {called(paths)}, and Footnote gives one of up to {DOCUMENTS}; "
            "tick some, or name one or a topic.",
        )
    number = max(2, SENTENCES // len(paths))
    total, cited = 0, []
    for path in paths:
        passages, vectors = library.sample(path, PASSAGES)
        total += len(passages)
        cited.append(_gist(library, passages, vectors, number))
    found = tuple(citation for each in cited for citation in each)
    if not found:
        return Finding("", (), f"There are no sentences in {called(paths)} to make an overview of.")
    text = "\n".join(" ".join(citation.quote for citation in each) for each in cited if each)
    whose = "their" if len(paths) > 1 else "the document's"
    note = f"An overview of {called(paths)} in {whose} own sentences; what it leaves out is not judged."
    every = sum(entry.passages for entry in library.documents() if entry.path in paths)
    seen = f" It was chosen from {total:,} of {every:,} passages, evenly spaced." if total < every else ""
    return Finding(text, found, note + seen)


def _gist(library: Library, passages: Sequence[Passage], vectors: Vectors, number: int) -> list[Citation]:
    """At most `number` sentences in the document's order: its first, and one from each of as many parts as remain.

    The passages nearest the centroid of the document stand for a part (Radev et al. 2004), and of their sentences the
    one of greatest maximal marginal relevance to the centroid (Carbonell and Goldstein 1998).
    """
    telling = [i for i, passage in enumerate(passages) if any(_spans(passage))]
    if not telling:
        return []
    centroid = _unit(vectors.mean(axis=0))
    pools = [[(passages[telling[0]], next(_spans(passages[telling[0]])))]]
    for part in np.array_split(telling, min(number - 1, len(telling))):
        nearest = sorted(part.tolist(), key=lambda i: -float(vectors[i] @ centroid))[:2]
        pools.append([(passages[i], span) for i in sorted(nearest) for span in _spans(passages[i])])
    return _most_telling(library, pools, centroid)


def _on_topic(library: Library, topic: str, paths: Sequence[str]) -> Finding:
    """Sentences on a topic: from the section of that name, else near ones with at least half of its words."""
    words = set(stems(topic))

    def share(text: str) -> float:
        return len(words & set(stems(text))) / max(len(words), 1)

    near = [hit.passage for hit in retrieve(library, topic, NEAREST, paths)]
    section = [p for p in near if share(p.heading.rpartition(BETWEEN_TITLES)[2]) == 1]
    pool = [(p, span) for p in section for span in _spans(p)]
    pool = pool or [(p, (a, b)) for p in near for a, b in _spans(p) if share(p.text[a:b]) >= 0.5]
    if not pool:
        return Finding("", (), f"No sentence of {called(paths)} was found that is about “{topic}” by its words.")
    cited = _most_telling(library, [pool] * (SENTENCES - 1), library.embed([topic])[0])
    sources = sorted({citation.document for citation in cited})
    note = f"On “{topic}”, in the own sentences of {called(sources)}; what this leaves out is not judged."
    return Finding(" ".join(citation.quote for citation in cited), tuple(cited), note)


def _most_telling(
    library: Library, pools: Sequence[Sequence[tuple[Passage, tuple[int, int]]]], target: Vectors
) -> list[Citation]:
    """From each pool the sentence nearest the target and farthest from those chosen before, in order of the text."""
    every = list(dict.fromkeys(item for pool in pools for item in pool))
    vectors = dict(zip(every, library.embed([passage.text[a:b] for passage, (a, b) in every]), strict=True))
    chosen: dict[tuple[str, int], tuple[Passage, tuple[int, int]]] = {}
    for pool in pools:
        best, most = None, -np.inf
        for item in pool:
            passage, (start, _) = item
            if (passage.document, passage.start + start) in chosen:
                continue
            relevance = float(vectors[item] @ target) + OPENING * (start == next(_spans(passage))[0])
            known = max((float(vectors[item] @ vectors[other]) for other in chosen.values()), default=0.0)
            if (score := BALANCE * relevance - (1 - BALANCE) * known) > most:
                best, most = item, score
        if best:
            chosen[best[0].document, best[0].start + best[1][0]] = best
    return [Citation.of(passage, *span) for _, (passage, span) in sorted(chosen.items())]


def _spans(passage: Passage) -> Iterator[tuple[int, int]]:
    """The sentences that can stand alone: no heading, no row of a table, nothing that points at what comes before."""
    for start, end in sentences(passage.text):
        text = passage.text[start:end]
        whole = len(text) in _LENGTH and _ENDING.search(text) and BETWEEN_CELLS not in text
        alone = _THIS_DOCUMENT.match(text) or not _DANGLING.match(text)
        if whole and alone and not re.match(r"[#>|]", text):
            yield start, end


def _unit(vector: Vectors) -> Vectors:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
