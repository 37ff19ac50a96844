import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.reader import MAX_ANSWER_TOKENS, SPANS, best_spans
from rag.span_model import Read, point_loss, span_loss
from rag.weights import pack, unpack


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


@given(st.data())
def test_best_spans_are_those_of_brute_force(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MAX_ANSWER_TOKENS + 15))
    scores = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(size, size)).astype(np.float32)
    begin = data.draw(st.integers(1, size - 1))
    tokens = range(begin, data.draw(st.integers(begin + 1, size)))
    left = {(i, j): scores[i, j] - scores[0, 0] for i in tokens for j in tokens if i <= j < i + MAX_ANSWER_TOKENS}
    total = sum(np.exp(float(score)) for score in left.values())
    found = best_spans(scores, tokens, [None, *range(size)])
    assert len(found) <= SPANS
    for first, last, score, share in found:
        expected = max(left, key=lambda span: left[span])
        assert (first, last) == expected
        assert score == left[expected]
        assert abs(share - np.exp(score) / total) < 1e-4
        left = {span: score for span, score in left.items() if not overlap(span, expected)}
    assert not left or len(found) == SPANS


def test_an_answer_has_a_greatest_length() -> None:
    scores = np.zeros((100, 100), np.float32)
    scores[10, 10 + MAX_ANSWER_TOKENS], scores[10, 9 + MAX_ANSWER_TOKENS] = 5, 1
    assert best_spans(scores, range(1, 100), range(101))[0][:3] == (10, 9 + MAX_ANSWER_TOKENS, 1.0)


def test_spans_are_widened_to_whole_words_and_do_not_share_one() -> None:
    scores = np.full((6, 6), -9, np.float32)
    scores[2, 2], scores[3, 3], scores[4, 4] = 3, 2, 1
    words = [None, 0, 1, 1, 2, 3, None]
    assert [span[:2] for span in best_spans(scores, range(1, 6), words)[:2]] == [(2, 3), (4, 4)]


def test_no_span_without_tokens() -> None:
    assert best_spans(np.zeros((4, 4), np.float32), range(0), [None] * 4) == []


SENTENCE = torch.tensor([[False, False, True, True, True]])


@pytest.mark.parametrize(("start", "end"), [(2, 3), (4, 4), (0, 0)])
def test_the_loss_is_lowest_for_the_span_that_scores_best(start: int, end: int) -> None:
    context = SENTENCE.clone()
    context[:, 0] = True
    points = torch.zeros(1, 5, 2)
    points[0, start, 0] = points[0, end, 1] = 8.0
    points[0, 1] = 99.0  # a token of the question, which no answer may take
    spans = points[:, :, :1] + points[:, None, :, 1]
    places = [(0, 0), *((i, j) for i in (2, 3, 4) for j in range(i, 5))]
    read = Read(points, spans, torch.zeros(1, 3))
    losses = {p: float(span_loss(read, context, torch.tensor(p[:1]), torch.tensor(p[1:]))) for p in places}
    assert min(losses, key=lambda place: losses[place]) == (start, end)
    assert losses[start, end] < 0.01
    exact = sum(float(spans[0, i, j].exp()) for i, j in places)
    whole = losses[2, 4] - float(point_loss(read, context, torch.tensor([2]), torch.tensor([4])))
    assert whole == pytest.approx(np.log(exact) - float(spans[0, 2, 4]), abs=1e-4)


def test_packed_weights_are_off_by_half_a_level_at_most() -> None:
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(20, 30, generator=generator) * torch.logspace(-6, 3, 20)[:, None]
    matrix[3] = 0
    state = {"layer.weight": matrix, "layer.bias": torch.randn(20, generator=generator)}
    packed = pack(state)
    assert packed["layer.weight"].dtype == torch.int8
    unpacked = unpack({name: tensor.numpy() for name, tensor in packed.items()})
    back = {name: torch.from_numpy(array) for name, array in unpacked.items()}
    assert set(back) == set(state)
    assert torch.equal(back["layer.bias"], state["layer.bias"])
    level = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert back["layer.weight"].dtype == torch.float32
    assert ((back["layer.weight"] - matrix).abs() <= level * 0.5001).all()
    assert torch.equal(back["layer.weight"][3], torch.zeros(30))
