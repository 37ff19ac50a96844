"""Models of transformers so small that a test can make them: one layer, 16 numbers, random weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForQuestionAnswering,
)

TEXT = "the ferry to cobh leaves at noon from pier four where does it go who is harbour deep liners call in summer"
_SHAPE: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    """The folder, with both in it."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def bert_tokenizer() -> Any:
    """Word pieces, of known words or single letters."""
    letters = [chr(code) for code in range(33, 127)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{each}" for each in letters), *TEXT.split()]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")]
    inner.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", marks)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=64, **names)


def roberta_tokenizer() -> Any:
    """Bytes, as RoBERTa has them where nothing is merged."""
    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {piece: number for number, piece in enumerate([*marks, *pre_tokenizers.ByteLevel.alphabet()])}
    inner = Tokenizer(models.BPE(vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    taken = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_input_names=taken, unk_token="<unk>", **names)


def bert_reader(folder: Path) -> Path:
    """A folder with a BERT reader that knows no answers."""
    torch.manual_seed(0)
    tokenizer = bert_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **_SHAPE)
    return saved(BertForQuestionAnswering(config), tokenizer, folder)


def roberta_reader(folder: Path) -> Path:
    """A folder with a RoBERTa reader that knows no answers, for texts of up to 96 tokens."""
    torch.manual_seed(0)
    tokenizer = roberta_tokenizer()
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=98, type_vocab_size=1, **_SHAPE)
    return saved(RobertaForQuestionAnswering(config), tokenizer, folder)


def bert_encoder(folder: Path) -> Path:
    """A folder with a BERT that has no head."""
    torch.manual_seed(0)
    tokenizer = bert_tokenizer()
    config = BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, **_SHAPE)
    return saved(BertModel(config), tokenizer, folder)


def sentence_model(folder: Path, prompts: dict[str, str] | None = None, pooling: str = "mean") -> Path:
    """A folder with a sentence-transformers model on such a BERT."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    parts = [Transformer(str(bert_encoder(folder.with_name(f"{folder.name}-bert")))), Pooling(16, pooling)]
    SentenceTransformer(modules=parts, prompts=prompts, device="cpu").save(str(folder), create_model_card=False)
    return folder


def told(spans: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Where spans are."""
    return [(span.passage, span.start, span.end) for span in spans]
