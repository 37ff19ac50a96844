"""Who a request comes from, and whether they still wait for its answer."""

import asyncio
from collections.abc import MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Caller:
    """A user by name or, where there are none, a machine by address. `gone` is set when they hang up."""

    name: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
_KEY = "footnote.caller"


def introduce(caller: Caller, scope: MutableMapping[str, Any]) -> None:
    """Make this the caller of the request that is handled from here on."""
    _CALLER.set(caller)
    scope[_KEY] = caller


def caller(scope: MutableMapping[str, Any] | None = None) -> Caller:
    """Whose request is handled; where that is done in a task of its own, as the page's events are, `scope` tells."""
    known = scope.get(_KEY) if scope is not None else _CALLER.get()
    return known if isinstance(known, Caller) else Caller()
