"""LlamaIndex, as its documentation builds a vector index with a local embedder, and fuses it with BM25."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from eval.bench.trial import DEPTH
from index.types import Passage


class Peer:
    """A `VectorStoreIndex` in memory; `hybrid` fuses it with BM25 by reciprocal rank."""

    def __init__(self, model: str, *, hybrid: bool) -> None:
        self._hybrid = hybrid
        self._model = HuggingFaceEmbedding(model_name=model, embed_batch_size=32)  # of its own accord 10
        self._model.get_text_embedding("warm")
        self._splitter = SentenceSplitter()
        self._retriever: Any = None

    def index(self, files: Mapping[str, Path]) -> Sequence[int]:
        """Take in text files; the lengths of all nodes."""
        documents = [Document(text=file.read_text(encoding="utf-8"), id_=name) for name, file in files.items()]
        index = VectorStoreIndex.from_documents(documents, embed_model=self._model, transformations=[self._splitter])
        self._retriever = index.as_retriever(similarity_top_k=DEPTH)
        if self._hybrid:
            self._retriever = _fused(self._retriever, index)
        return [len(node.text) for node in index.docstore.docs.values()]

    def search(self, question: str) -> Sequence[Passage]:
        """The nearest nodes."""
        found = [scored.node for scored in self._retriever.retrieve(question)]
        return [Passage(node.ref_doc_id, node.start_char_idx, node.end_char_idx, node.text) for node in found]


def _fused(nearest: Any, index: VectorStoreIndex) -> QueryFusionRetriever:
    from llama_index.retrievers.bm25 import BM25Retriever

    return QueryFusionRetriever(
        [nearest, BM25Retriever.from_defaults(docstore=index.docstore, similarity_top_k=DEPTH)],
        similarity_top_k=DEPTH,
        num_queries=1,  # the question alone: more would be written by a language model
        mode=FUSION_MODES.RECIPROCAL_RANK,
        use_async=False,
        llm=MockLLM(),
    )
