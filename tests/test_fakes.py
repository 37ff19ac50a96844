import numpy as np
import pytest

from tests.fakes import OverlapReader, WordEmbedder


def test_texts_that_share_words_are_near() -> None:
    embedder = WordEmbedder()
    question = embedder.encode_question("the ferry to Rathlin")
    near, far, none = embedder.encode_passages(["A ferry goes to Rathlin.", "Cobh is deep.", "…"]) @ question
    assert near > far
    assert np.allclose(np.linalg.norm(embedder.encode_passages(["a b b", "…"]), axis=1), 1)
    assert embedder.encode_passages([]).shape == (0, 64)
    assert not np.allclose(question, WordEmbedder("other").encode_question("the ferry to Rathlin"))
    assert none == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("question", "passage", "answer", "score"),
    [
        ("What is the capital of France?", "It is old. The capital of France is Paris. Yes.", "Paris", 2.5),
        ("Who leaves Cobh?", "The ferry leaves Cobh", "leaves Cobh", 0.5),
        ("Why?", "…no reason.", "no reason", -1.5),
        ("", "One. Two.", "One", -1.5),
    ],
)
def test_the_reader_answers_with_what_follows(question: str, passage: str, answer: str, score: float) -> None:
    (span,) = OverlapReader().read(question, [passage])
    assert (passage[span.start : span.end], span.score) == (answer, score)


def test_the_best_passage_comes_first() -> None:
    spans = OverlapReader().read("Cobh is", ["Cork.", "!", "Cobh is deep.", "Cork."])
    assert [(span.passage, span.score) for span in spans] == [(2, 0.5), (0, -1.5), (3, -1.5)]
