import torch
from torch import nn

from rag.training.dropout import Noise


def test_dropout_zeroes_its_rate_and_keeps_the_mean() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)), nn.Dropout(0.0))
    torch.manual_seed(1)
    noise = Noise(model, 0.25)
    ones = torch.ones(40, 50, 60)
    masks = []
    for step in (1, 2, 1):
        noise.renew(step)
        masks += [model[0](ones), model[1](ones)]
    for mask in masks:
        assert abs(float((mask == 0).float().mean()) - 0.25) < 0.01
        assert abs(float(mask.mean()) - 1) < 0.01
    first, other_layer, other_step, _, again, _ = masks
    assert torch.equal(first, again)
    for other in (other_layer, other_step):
        assert abs(float(((first == 0) & (other == 0)).float().mean()) - 0.0625) < 0.005, "independent"
    assert torch.equal(model.eval()(ones), ones)
