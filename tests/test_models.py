"""The real models, as far as the rest relies on them."""

from itertools import pairwise

import numpy as np
import pytest

from index.chunking import split
from index.embedding import SentenceEmbedder, minilm_folder
from index.errors import ModelError
from index.types import Document
from rag.reader import ExtractiveReader

pytestmark = pytest.mark.integration

PASSAGES = [
    "Spain is warm in May.",
    "The capital of France is Paris, on the river Seine.",
    "",
    "😀 é Cobh lies in Cork.",
]


def test_tokens_begin_where_words_do() -> None:
    embedder = SentenceEmbedder(minilm_folder())  # that has not loaded its weights
    assert embedder.token_starts("Hi 😀 there, é") == [0, 3, 5, 10, 12]
    assert len(embedder.token_starts("word " * 600)) == 600, "no truncation"


def test_vectors_are_near_when_the_meaning_is(embedder: SentenceEmbedder) -> None:
    vectors = embedder.encode_passages(["A ship left the port.", "The stock market fell.", "x " * 999])
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    question = embedder.encode_question("Which boat sailed from the harbour?")
    assert vectors[0] @ question > vectors[1] @ question + 0.2
    assert embedder.encode_passages([]).shape == (0, embedder.dimension)


def test_the_fingerprint_is_of_the_weights(embedder: SentenceEmbedder) -> None:
    assert embedder.fingerprint == SentenceEmbedder(minilm_folder()).fingerprint
    assert f":{embedder.dimension}:normalized:" in embedder.fingerprint


def test_passages_fit_the_embedder(embedder: SentenceEmbedder) -> None:
    document = Document.from_text("long.txt", "Ó Briain sailed to Antarctica unbelievably slowly. 😀 " * 90)
    passages = split(document, embedder.token_starts)
    assert len(passages) > 3
    assert all(len(embedder.token_starts(passage.text)) <= 192 for passage in passages)


def test_a_folder_that_is_no_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelError, match=r"is not a sentence-transformers model: it has no config\.json\.$"):
        SentenceEmbedder(tmp_path_factory.mktemp("model"))


def test_the_reader_finds_the_answer(reader: ExtractiveReader) -> None:
    best, *others = reader.read("What is the capital of France?", PASSAGES)
    assert PASSAGES[best.passage][best.start : best.end] == "Paris"
    assert best.score > 0 > max(span.score for span in others if span.passage != best.passage)
    assert best.score > max(span.score for span in others) + 5
    assert 0.5 < best.share <= 1


def test_spans_are_whole_words(reader: ExtractiveReader) -> None:
    for question in ("Where is Cobh?", "What is warm?", "Who?"):
        spans = reader.read(question, PASSAGES)
        assert {span.passage for span in spans} == {0, 1, 3}, "none in a passage without words"
        assert [span.score for span in spans] == sorted((span.score for span in spans), reverse=True)
        for span in spans:
            text = PASSAGES[span.passage]
            assert 0 <= span.start < span.end <= len(text)
            assert text[span.start : span.end].strip() == text[span.start : span.end]
            assert not text[span.start - 1 : span.start].isalnum() and not text[span.end : span.end + 1].isalnum()


def test_spans_of_a_passage_do_not_overlap(reader: ExtractiveReader) -> None:
    for passage in range(len(PASSAGES)):
        spans = [span for span in reader.read("Which river?", PASSAGES) if span.passage == passage]
        places = sorted((span.start, span.end) for span in spans)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))
        assert sum(span.share for span in spans) <= 1 + 1e-6


def test_a_long_passage_and_question_are_cut(reader: ExtractiveReader) -> None:
    spans = reader.read("Where " * 200, ["word " * 600])
    assert spans
    assert all(0 <= span.start < span.end <= 3000 for span in spans)


def test_order_and_company_do_not_matter(reader: ExtractiveReader) -> None:
    alone = reader.read("Where is Cobh?", [PASSAGES[3]])[0]
    among = next(span for span in reader.read("Where is Cobh?", PASSAGES) if span.passage == 3)
    assert (among.start, among.end) == (alone.start, alone.end)
    assert among.score == pytest.approx(alone.score, abs=1e-3)
