"""A question as a query of SQLite's full-text index. Knows nothing of tables."""

import re

_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = """
a an and are as at be been by can could did do does for from had has have how in is it of on or shall should that the
their there these this those to was were what when where which who whom whose why will with would
"""
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def match_query(question: str) -> str:
    """An FTS5 query for any of the question's words; without function words unless there are no others."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    telling = [word for word in words if word not in _STOP_WORDS] or words
    return " OR ".join(f'"{word}"' for word in telling)
