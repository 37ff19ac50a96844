"""What of the environment is not meant for Footnote."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_PROXIES = ("ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
_set_aside: dict[str, str] = {}


def set_proxies_aside() -> None:
    """Forget proxies: Footnote reaches no other machine, and libraries stop at one of a kind that they do not know."""
    for name in list(os.environ):
        if name.upper() in _PROXIES:
            _set_aside[name] = os.environ.pop(name)


@contextmanager
def proxies() -> Iterator[None]:
    """The proxies again, for a program that is started: a browser needs them."""
    os.environ.update(_set_aside)
    try:
        yield
    finally:
        set_proxies_aside()
