"""What the source panel shows of a document: the cited page itself or its text. Knows nothing of Gradio."""

from index.errors import DocumentError
from index.library import Library
from index.types import kind
from index.worker import draw_pages
from rag.types import Citation
from ui.html import pages_html, text_html

BEFORE = 200  # characters that tell one place on a page from another with the same words


def source_body(library: Library, citation: Citation, *, as_text: bool) -> tuple[str, bool]:
    """The page or the text around a citation as HTML, and whether its document has pages to be shown.

    Raises DocumentError when the library has the document no more.
    """
    text = library.text(citation.document)
    has_pages = kind(citation.document) == ".pdf" and text[citation.start : citation.end] == citation.quote
    data = library.source(citation.document) if has_pages else None
    if data is not None and citation.page and not as_text:
        said = citation.answer_start - citation.start, citation.answer_end - citation.start
        before = text[max(0, citation.start - BEFORE) : citation.start]
        try:
            pages = draw_pages(data, citation.document, citation.page, citation.quote, said, before)
            return pages_html(pages, citation.document), True
        except DocumentError:  # its text is in the library all the same
            pass
    return text_html(text, citation), data is not None
