import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from rag.reader import MAX_ANSWER_TOKENS, best_span
from rag.weights import pack, unpack


@given(st.data())
def test_best_span_is_that_of_brute_force(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MAX_ANSWER_TOKENS + 15))
    logits = st.lists(st.integers(-9, 9), min_size=size, max_size=size)
    starts, ends = data.draw(logits), data.draw(logits)
    begin = data.draw(st.integers(1, size - 1))
    tokens = range(begin, data.draw(st.integers(begin + 1, size)))
    allowed = [(i, j) for i in tokens for j in tokens if i <= j < i + MAX_ANSWER_TOKENS]
    first, last, score = best_span(np.array(starts, np.float32), np.array(ends, np.float32), tokens)
    assert (first, last) in allowed
    assert score == starts[first] + ends[last] - starts[0] - ends[0]
    assert score == max(starts[i] + ends[j] for i, j in allowed) - starts[0] - ends[0]


def test_an_answer_has_a_greatest_length() -> None:
    starts, ends = np.zeros(100, np.float32), np.zeros(100, np.float32)
    starts[10], ends[10 + MAX_ANSWER_TOKENS], ends[9 + MAX_ANSWER_TOKENS] = 5, 5, 1
    assert best_span(starts, ends, range(1, 100)) == (10, 9 + MAX_ANSWER_TOKENS, 6.0)


def test_packed_weights_are_off_by_half_a_level_at_most() -> None:
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(20, 30, generator=generator) * torch.logspace(-6, 3, 20)[:, None]
    matrix[3] = 0
    state = {"layer.weight": matrix, "layer.bias": torch.randn(20, generator=generator)}
    packed = pack(state)
    assert packed["layer.weight"].dtype == torch.int8
    back = unpack(packed)
    assert set(back) == set(state)
    assert torch.equal(back["layer.bias"], state["layer.bias"])
    level = matrix.abs().amax(dim=1, keepdim=True) / 127
    assert back["layer.weight"].dtype == torch.float32
    assert ((back["layer.weight"] - matrix).abs() <= level * 0.5001).all()
    assert torch.equal(back["layer.weight"][3], torch.zeros(30))
