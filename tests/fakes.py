"""Fakes that really behave: word counts for an embedder, a shared phrase for a reader. They know nothing of models."""

import hashlib
import re
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from index.embedding import Embedded, Vectors
from index.late import WIDTH, Codes, States, decoded
from rag.types import Span

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class WordEmbedder:
    """Unit vectors of hashed word counts, so texts that share words are near. `calls` holds every text encoded."""

    def __init__(self, fingerprint: str = "words", dimension: int = 64) -> None:
        self.fingerprint = fingerprint
        self.source = ""
        self.dimension = dimension
        self.calls: list[str] = []

    def token_starts(self, text: str) -> list[int]:
        """Words and single marks of punctuation are tokens."""
        return [match.start() for match in _TOKEN.finditer(text)]

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32[n, dimension]."""
        self.calls += texts
        return np.array([self.encode_question(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def embed_passages(self, texts: Sequence[str]) -> list[Embedded]:
        """Vectors as `encode_passages` gives them, with a token vector for each word."""
        return [Embedded(v, self._tokens(text)) for v, text in zip(self.encode_passages(texts), texts, strict=True)]

    def embed_question(self, text: str) -> tuple[Vectors, States]:
        """A vector as `encode_question` gives it, with a token vector for each word."""
        return self.encode_question(text), decoded(self._tokens(text))

    def _tokens(self, text: str) -> Codes:
        """Each word's own: a hash of it."""
        made = b"".join(hashlib.sha256(word.encode()).digest()[: WIDTH // 4] for word in _WORD.findall(text.lower()))
        return np.frombuffer(made, dtype=np.uint8).reshape(-1, WIDTH // 4)

    def encode_question(self, text: str) -> Vectors:
        """One unit vector; a text without words counts as one word of its own."""
        counts = np.zeros(self.dimension, dtype=np.float32)
        for word in _WORD.findall(text.lower()) or [text]:
            counts[self._bucket(word)] += 1
        return np.asarray(counts / np.linalg.norm(counts), dtype=np.float32)

    def _bucket(self, word: str) -> int:
        digest = hashlib.sha256(f"{self.fingerprint} {word}".encode()).digest()
        return int.from_bytes(digest[:4], "big") % self.dimension


class OverlapReader:
    """Finds the longest phrase a passage shares with the question and answers with the words that follow it.

    The answer ends at the next mark of punctuation and begins after words that the question itself uses; when nothing
    follows, the phrase is the answer. The score is the phrase's number of words less 1.5: one word is no evidence.
    """

    reads = 10

    def read(self, question: str, passages: Sequence[str]) -> list[Span]:
        """The best span of each passage that holds a word, best first."""
        spans = [Span(i, *found) for i, text in enumerate(passages) if (found := self._read(question, text))]
        return sorted(spans, key=lambda span: (-span.score, span.passage))

    def _read(self, question: str, passage: str) -> tuple[int, int, float] | None:
        words = list(_WORD.finditer(passage))
        if not words:
            return None
        asked = [word.lower() for word in _WORD.findall(question)]
        said = [word.group().lower() for word in words]
        match = SequenceMatcher(None, said, asked, autojunk=False).find_longest_match()
        first = after = match.a + match.size
        while after < len(words) and (not after or passage[words[after - 1].end() : words[after].start()].isspace()):
            after += 1
        while first < after and said[first] in asked:
            first += 1
        if first == after:
            first, after = match.a, match.a + max(match.size, 1)
        return words[first].start(), words[after - 1].end(), match.size - 1.5
