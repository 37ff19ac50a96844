"""The reader's network: MiniLM with a head that scores whole spans. Imports torch, so import it late."""

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from rag.reader import PAIR_DIMENSION


class SpanModel(nn.Module):
    """Every span from token i to token j of a text gets start[i] + end[j] + first[i] · last[j] / 8.

    The product lets the end depend on the start (a biaffine head, Dozat and Manning 2017). Span (0, 0), the first
    token alone, stands for "no answer here".
    """

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert
        self.points = nn.Linear(bert.config.hidden_size, 2)
        self.pairs = nn.Linear(bert.config.hidden_size, 2 * PAIR_DIMENSION)

    @classmethod
    def blank(cls, config: BertConfig) -> "SpanModel":
        """Random weights, to load a state into."""
        return cls(BertModel(config, add_pooling_layer=False))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [n, tokens, 2] of start and end, and scores [n, tokens, tokens] of spans, first token by last."""
        hidden = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        points = self.points(hidden).float()
        firsts, lasts = self.pairs(hidden).split(PAIR_DIMENSION, dim=-1)
        products = torch.bmm(firsts, lasts.transpose(1, 2)).float() / PAIR_DIMENSION**0.5
        return points, products + points[:, :, :1] + points[:, None, :, 1]


def span_loss(points: Tensor, spans: Tensor, context: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Cross entropy of the span as a whole and of its two ends (the compound objective, Fajcik et al. 2021).

    `context` [n, tokens] marks the tokens of the passage and token 0; `starts` and `ends` [n] are the targets.
    """
    allowed = (context[:, :, None] & context[:, None, :]).triu()
    allowed[:, 0, 1:] = False
    flat = spans.masked_fill(~allowed, -1e9).flatten(1)
    whole = nn.functional.cross_entropy(flat, starts * spans.shape[2] + ends)
    return whole + point_loss(points, spans, context, starts, ends)


def point_loss(points: Tensor, spans: Tensor, context: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Mean cross entropy of start and end, each for itself (Devlin et al. 2019); `spans` play no part."""
    points = points.masked_fill(~context[:, :, None], -1e9)
    return nn.functional.cross_entropy(points, torch.stack([starts, ends], dim=1))
