"""The nouns of question answering."""

from dataclasses import dataclass

from index.sentences import whole_sentences
from index.types import Hit, Passage


@dataclass(frozen=True)
class Span:
    """A candidate answer: characters `start` to `end` of passage number `passage`.

    `score` is its logit minus that of "no answer here", so above 0 the reader prefers it to none. `share`, 0..1, is
    its probability among all spans of its passage: low where the reader is torn between many.
    """

    passage: int
    start: int
    end: int
    score: float
    share: float = 1.0


@dataclass(frozen=True)
class Citation:
    """The source of an answer: `document.text[start:end] == quote`, whole sentences.

    Within them the answer stands at `document.text[answer_start:answer_end]`. `page` is where the quote begins, and
    `heading` the path of headings it stands under.
    """

    document: str
    page: int | None
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int
    heading: str = ""

    @classmethod
    def of(cls, passage: Passage, start: int, end: int) -> "Citation":
        """The whole sentences of the answer at `passage.text[start:end]`."""
        first, last = whole_sentences(passage.text, start, end)
        return cls(
            document=passage.document,
            page=passage.page_at(passage.start + first),
            start=passage.start + first,
            end=passage.start + last,
            quote=passage.text[first:last],
            answer_start=passage.start + start,
            answer_end=passage.start + end,
            heading=passage.heading,
        )


@dataclass(frozen=True)
class Timings:
    """Milliseconds spent."""

    retrieve: float
    read: float

    @property
    def total(self) -> float:
        """Both stages."""
        return self.retrieve + self.read


@dataclass(frozen=True)
class Turn:
    """One earlier question, as it was understood, and its answer; None where Footnote abstained."""

    question: str
    answer: str | None = None
    quote: str = ""
    """The sentences that the answer stands in."""


@dataclass(frozen=True)
class Finding:
    """What whole documents have on a question: a text with its citations, or no text; and the answer's note."""

    text: str
    citations: tuple[Citation, ...]
    note: str


@dataclass(frozen=True)
class Answer:
    """What Footnote says to a question. `candidate` is the best span's text even when it abstains.

    `question` is as it was understood: a follow-up stands on its own here. `note` is a sentence about an answer that is
    no span of a passage, such as an overview, or about why there is none; mostly empty. `hits` are best first: where
    they were read, by the reader's evidence too.
    """

    question: str
    candidate: str
    confidence: float
    threshold: float
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    timings: Timings
    note: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the confidence reaches the threshold; if not, Footnote abstains."""
        return bool(self.candidate) and self.confidence >= self.threshold

    @property
    def text(self) -> str | None:
        """The answer, None when Footnote abstains."""
        return self.candidate if self.answerable else None

    @property
    def turn(self) -> Turn:
        """What a follow-up needs to know of this."""
        quote = self.citations[0].quote if self.answerable and self.citations else ""
        return Turn(self.question, self.text, quote)
