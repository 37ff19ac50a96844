"""What can go wrong for a person, drawn as a tree.

FootnoteError                 bad input or a bad environment; its message is one sentence fit to show
├── DocumentError             a file that cannot become a document
│   └── GivenUpError          one whose reading took too much time or memory
├── LibraryError              a library folder that cannot be read or written
├── ModelError                weights that are missing or do not fit
├── GoldError                 a gold set that cannot be scored
└── QuestionError             a question that cannot be answered as asked

A message says what was expected, what was found and what to do. Anything else that raises is a bug.
"""


class FootnoteError(Exception):
    """One clear sentence for the person; exit code 2 in the CLI."""


class DocumentError(FootnoteError):
    """A file that cannot become a document."""


class GivenUpError(DocumentError):
    """A file whose reading took too much time or memory."""


class LibraryError(FootnoteError):
    """A library folder that cannot be read or written."""


class ModelError(FootnoteError):
    """Weights that are missing or do not fit."""


class GoldError(FootnoteError):
    """A gold set that cannot be scored."""


class QuestionError(FootnoteError):
    """A question that cannot be answered as asked."""
