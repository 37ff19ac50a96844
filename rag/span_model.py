"""The reader's network: an encoder of BERT's kind and what is read off it. Imports torch, so import it late."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from rag.reader import PAIR_DIMENSION

VERDICTS = ("yes", "no", "neither")


class Read(NamedTuple):
    """What one pass gives: logits of start and end [n, tokens, 2], scores of spans [n, tokens, tokens], first token by
    last, and logits of the passage's verdict on a yes-or-no question [n, 3]."""

    points: Tensor
    spans: Tensor
    verdicts: Tensor


class SpanModel(nn.Module):
    """Every span from token i to token j of a text gets start[i] + end[j] + first[i] · last[j] / 8.

    The product lets the end depend on the start (a biaffine head, Dozat and Manning 2017). Span (0, 0), the first
    token alone, stands for "no answer here". The verdict is read off the first token.
    """

    def __init__(self, bert: BertModel) -> None:
        super().__init__()
        self.bert = bert
        width = bert.config.hidden_size
        self.points = nn.Linear(width, 2)
        self.pairs = nn.Linear(width, 2 * PAIR_DIMENSION)
        self.verdict = nn.Linear(width, len(VERDICTS))

    @classmethod
    def blank(cls, config: BertConfig) -> "SpanModel":
        """Random weights, to load a state into."""
        return cls(BertModel(config, add_pooling_layer=False))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Read:
        """All that is read off token numbers, mask and types [n, tokens]."""
        hidden = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        points = self.points(hidden).float()
        firsts, lasts = self.pairs(hidden).split(PAIR_DIMENSION, dim=-1)
        products = torch.bmm(firsts, lasts.transpose(1, 2)).float() / PAIR_DIMENSION**0.5
        verdicts = self.verdict(hidden[:, 0]).float()
        return Read(points, products + points[:, :, :1] + points[:, None, :, 1], verdicts)


def span_loss(read: Read, context: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Cross entropy [n] of the span as a whole and of its two ends (the compound objective, Fajcik et al. 2021).

    `context` [n, tokens] marks the tokens of the passage and token 0; `starts` and `ends` [n] are the targets.
    """
    allowed = (context[:, :, None] & context[:, None, :]).triu()
    allowed[:, 0, 1:] = False
    flat = read.spans.masked_fill(~allowed, -1e9).flatten(1)
    whole = nn.functional.cross_entropy(flat, starts * read.spans.shape[2] + ends, reduction="none")
    return whole + point_loss(read, context, starts, ends)


def point_loss(read: Read, context: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Mean cross entropy [n] of start and end, each for itself (Devlin et al. 2019)."""
    points = read.points.masked_fill(~context[:, :, None], -1e9)
    return nn.functional.cross_entropy(points, torch.stack([starts, ends], dim=1), reduction="none").mean(dim=1)
