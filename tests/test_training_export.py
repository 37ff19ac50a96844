import torch

from rag.training.export import mean


def test_the_mean_of_readers_is_that_of_every_tensor() -> None:
    states = [{"a": torch.full((2, 3), float(n)), "b": torch.arange(3.0) * n} for n in (1, 2, 6)]
    found = mean(states)
    assert set(found) == {"a", "b"}
    assert torch.equal(found["a"], torch.full((2, 3), 3.0))
    assert torch.equal(found["b"], torch.tensor([0.0, 3.0, 6.0]))
    assert torch.equal(mean(states[:1])["b"], states[0]["b"])
    assert set(mean([{"a": torch.ones(1), "old": torch.ones(1)}, {"a": torch.ones(1), "new": torch.ones(1)}])) == {
        "a",
        "new",
    }
