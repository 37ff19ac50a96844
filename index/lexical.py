"""A question as a query of SQLite's full-text index. Knows nothing of tables."""

import re

_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = """
a am an and are as at be been by can could did do does for from had has have he her his how i in is it long many me much
my of on or our she shall should that the their them there these they this those to us was we were what when where which
who whom whose why will with would you your
"""
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split())


def match_query(question: str) -> str:
    """An FTS5 query for any of the question's words; without function words unless there are no others."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    telling = [word for word in words if word not in _STOP_WORDS] or words
    return " OR ".join(f'"{word}"' for word in telling)
