"""An answer to render, at any confidence."""

from index.types import Hit, Passage
from rag.types import Answer, Citation, Timings

TEXT = "A first sentence. The fair is in Astana this year. A last one."


def make(confidence: float, text: str = TEXT, said: str = "Astana") -> Answer:
    """Answers with `said`, which `text` holds, and quotes characters 18 to 50; the threshold is 0.5."""
    start = text.index(said)
    citation = Citation("docs/a.txt", None, 18, 50, text[18:50], start, start + len(said))
    hits = (Hit(Passage("docs/a.txt", 0, len(text), text), 0.03),)
    return Answer("Where?", said, confidence, 0.5, (citation,), hits, Timings(1.25, 2.5))
