"""The same question about other names: examples in which nothing can be known by heart."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable

import torch
from torch.nn.functional import normalize
from transformers import AutoTokenizer

from index.embedding import minilm_folder
from rag.reader import word_embeddings
from rag.training.examples import Example

_WORD = re.compile(r"\w+")
_NAME_WORD = re.compile(r"(?<=[\w,;] )[A-Z][a-z]\w+")
NEIGHBOURS = 12
KNOWN = 8000  # the most frequent names
EXCHANGED = 0.7  # share of the names and numbers of an example

Neighbours = dict[str, list[str]]


def neighbours(texts: Iterable[str]) -> Neighbours:
    """For each capitalised word that the texts hold twice inside a sentence, the nearest others by word embedding.

    They are mostly of its kind: cities for a city, given names for a given name.
    """
    counts = Counter(word for text in texts for word in _NAME_WORD.findall(text))
    words = [word for word, count in counts.most_common(KNOWN) if count > 1]
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    table = torch.from_numpy(word_embeddings())
    table = normalize(table - table.mean(0), dim=-1)
    pieces = tokenizer(words, add_special_tokens=False)["input_ids"]
    vectors = normalize(torch.stack([table[ids].mean(0) for ids in pieces]), dim=-1)
    nearest = (vectors @ vectors.T).topk(min(NEIGHBOURS + 1, len(words))).indices[:, 1:]
    return {word: [words[i] for i in row] for word, row in zip(words, nearest.tolist(), strict=True)}


def swapped(example: Example, near: Neighbours, rng: random.Random) -> Example:
    """The example with most names and numbers exchanged, each everywhere for the same other one."""
    both = example.context + " " + example.question
    names = [name for name in dict.fromkeys(_NAME_WORD.findall(both)) if name in near and rng.random() < EXCHANGED]
    numbers = [n for n in dict.fromkeys(_WORD.findall(both)) if n.isdecimal() and rng.random() < EXCHANGED]
    lowered = both.lower()
    others = {name: [other for other in near[name] if other.lower() not in lowered] for name in names}
    exchange = {name: rng.choice(choice) for name, choice in others.items() if choice}
    exchange |= {number: _other_number(number, rng) for number in numbers}

    def replace(match: re.Match[str]) -> str:
        return exchange.get(match.group(), match.group())

    return rewritten(example, replace)


def rewritten(example: Example, replace: Callable[[re.Match[str]], str]) -> Example:
    """The example with every word replaced, its answer moved along; unchanged if the answer begins within a word."""
    pieces, moved, position, length = [], {}, 0, 0
    context = example.context
    for match in _WORD.finditer(context):
        between, new = context[position : match.start()], replace(match)
        moved.update({position + i: length + i for i in range(len(between) + 1)})
        pieces += [between, new]
        position, length = match.end(), length + len(between) + len(new)
    pieces.append(context[position:])
    moved.update({position + i: length + i for i in range(len(context) - position + 1)})
    question = _WORD.sub(replace, example.question)
    if example.answer is None:
        return Example(question, "".join(pieces), None)
    start, end = (moved.get(place) for place in example.answer)
    return example if start is None or end is None else Example(question, "".join(pieces), (start, end))


def _other_number(number: str, rng: random.Random) -> str:
    """As many digits; the first of them stays, and of a year the century."""
    kept = 2 if len(number) == 4 else 1
    return number[:kept] + "".join(rng.choice("0123456789") for _ in number[kept:])
