"""Plain text and Markdown as they stand: every offset counts characters of the file itself."""

from dataclasses import replace
from itertools import accumulate, pairwise

from markdown_it import MarkdownIt

from index.draft import LONGEST_TITLE, require_short
from index.formats.encoding import decode
from index.types import Document, Heading, digest


def load_text(data: bytes, name: str) -> Document:
    """The file's characters, with new lines as line ends."""
    text = decode(data, name)
    require_short(name, len(text))
    return Document(name, text, digest(data))


def load_markdown(data: bytes, name: str) -> Document:
    """The source, marks and all; its headings are those a Markdown reader would show."""
    document = load_text(data, name)
    text = document.text
    offsets = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    parser = MarkdownIt()
    parser.core.ruler.disable("inline")  # of a heading alone, below: what is inside a line can take the parser long
    inline = MarkdownIt()
    headings = [
        Heading(
            offsets[opened.map[0]],
            min(offsets[opened.map[1]], len(text)),
            int(opened.tag[1:]),
            _title(inline, words.content),
        )
        for opened, words in pairwise(parser.parse(text))
        if opened.type == "heading_open" and opened.map
    ]
    return replace(document, headings=tuple(headings))


def _title(parser: MarkdownIt, words: str) -> str:
    """A heading's words without marks."""
    [line] = parser.parseInline(words[:LONGEST_TITLE])
    parts = (child.content or " " * (child.type in ("softbreak", "hardbreak")) for child in line.children or ())
    return " ".join("".join(parts).split())
