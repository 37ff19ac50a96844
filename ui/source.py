"""What the source panel shows of a document: the cited page itself or its text. Knows nothing of Gradio."""

import time
from collections import OrderedDict
from functools import partial

from index.errors import DocumentError
from index.library import Library
from index.types import digest, kind
from index.worker import TOGETHER, draw_pages
from rag.types import Citation
from ui.caller import Caller
from ui.html import pages_html, text_html
from ui.turns import Turns

BEFORE = 200  # characters that tell one place on a page from another with the same words
GIVEN_UP = 600.0  # seconds in which a page that could not be drawn is not tried again
REMEMBERED = 100  # such pages

Body = tuple[str, bool]


class Sources:
    """The documents of a library, as they are shown."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._turns = Turns(TOGETHER)
        self._given_up: OrderedDict[tuple[str, int], float] = OrderedDict()  # by content and page, the oldest first

    async def body(self, caller: Caller, session: str, citation: Citation, *, as_text: bool) -> Body | None:
        """The page or the text around a citation as HTML, and whether its document has pages to be shown.

        None where the caller left before the page's turn to be drawn, or the session wanted something else meanwhile.
        Raises DocumentError when the library has the document no more.
        """
        text, page = partial(self._text, citation, as_text), partial(self._page, citation)
        return await self._turns.take(caller, session, text, page)

    def _text(self, citation: Citation, as_text: bool) -> Body | None:
        """None where the page is to be drawn instead."""
        text = self._library.text(citation.document)
        has_pages = kind(citation.document) == ".pdf" and text[citation.start : citation.end] == citation.quote
        if has_pages and citation.page and not as_text and not self._is_given_up(citation):
            return None
        return text_html(text, citation), has_pages and self._library.source(citation.document) is not None

    def _page(self, citation: Citation) -> Body:
        if at_once := self._text(citation, as_text=False):  # it was given up meanwhile
            return at_once
        text, data, page = self._library.text(citation.document), self._library.source(citation.document), citation.page
        if data is None or page is None:
            return text_html(text, citation), False
        said = citation.answer_start - citation.start, citation.answer_end - citation.start
        before = text[max(0, citation.start - BEFORE) : citation.start]
        try:
            pages = draw_pages(data, citation.document, page, citation.quote, said, before)
            return pages_html(pages, citation.document), True
        except DocumentError:  # its text is in the library all the same
            self._give_up(digest(data), page)
            return text_html(text, citation), True

    def _give_up(self, content: str, page: int) -> None:
        self._given_up[content, page] = time.monotonic()
        while len(self._given_up) > REMEMBERED:
            self._given_up.popitem(last=False)

    def _is_given_up(self, citation: Citation) -> bool:
        if not self._given_up:
            return False
        content = next((e.sha256 for e in self._library.documents() if e.path == citation.document), "")
        since = self._given_up.get((content, citation.page or 0))
        return since is not None and time.monotonic() - since < GIVEN_UP
