"""Haystack, as its documentation builds pipelines for indexing and for (hybrid) retrieval in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from eval.bench.trial import DEPTH
from index.types import Passage


class Peer:
    """A pipeline that writes and one that reads; `hybrid` joins BM25 by reciprocal rank fusion."""

    def __init__(self, model: str, *, hybrid: bool) -> None:
        self._hybrid = hybrid
        store = InMemoryDocumentStore()
        options: dict[str, Any] = {"model": model, "normalize_embeddings": True, "progress_bar": False}
        self._writing = Pipeline()
        self._writing.add_component("splitter", DocumentSplitter())
        self._writing.add_component("embedder", SentenceTransformersDocumentEmbedder(**options))
        self._writing.add_component("writer", DocumentWriter(store))
        self._writing.connect("splitter", "embedder")
        self._writing.connect("embedder", "writer")
        self._reading = Pipeline()
        self._reading.add_component("embedder", SentenceTransformersTextEmbedder(**options))
        self._reading.add_component("nearest", InMemoryEmbeddingRetriever(store, top_k=DEPTH))
        self._reading.connect("embedder.embedding", "nearest.query_embedding")
        if hybrid:
            self._reading.add_component("words", InMemoryBM25Retriever(store, top_k=DEPTH))
            self._reading.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=DEPTH))
            self._reading.connect("words", "joiner")
            self._reading.connect("nearest", "joiner")
        self._store = store
        self._writing.warm_up()
        self._reading.warm_up()

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        """Take in text files; the lengths of all splits."""
        documents = [
            Document(content=file.read_text(encoding="utf-8"), meta={"name": name}) for name, file in files.items()
        ]
        self._writing.run({"splitter": {"documents": documents}})
        return [len(document.content or "") for document in self._store.filter_documents()]

    def search(self, question: str) -> Sequence[Passage]:
        """The nearest splits."""
        asked: dict[str, Any] = {"embedder": {"text": question}}
        if self._hybrid:
            asked["words"] = {"query": question}
        found = self._reading.run(asked)["joiner" if self._hybrid else "nearest"]["documents"]
        return [_passage(document) for document in found]


def _passage(document: Document) -> Passage:
    text, start = document.content or "", document.meta["split_idx_start"]
    return Passage(document.meta["name"], start, start + len(text), text)
