"""What a person is told when a part of the page fails, so that nothing waits for ever."""

import inspect
import logging
from collections.abc import Callable
from contextlib import aclosing
from functools import wraps
from typing import Any

from index.errors import FootnoteError

WRONG = "Something went wrong, {}."

_log = logging.getLogger("footnote")


def sentence(error: Exception, then: str) -> str:
    """A FootnoteError's own sentence; anything else is a bug, whose traceback goes to the log and not to the person."""
    if isinstance(error, FootnoteError):
        return str(error)
    _log.error("The page failed at this.", exc_info=error)
    return WRONG.format(then)


def safely(
    otherwise: Callable[..., Any], then: str = "try again"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have a handler end, where it raises, as `otherwise` says, which is given its arguments and the sentence."""

    def around(handler: Callable[..., Any]) -> Any:
        if inspect.isasyncgenfunction(handler):

            @wraps(handler)
            async def streamed(*args: Any) -> Any:
                try:
                    async with aclosing(handler(*args)) as updates:
                        async for update in updates:
                            yield update
                except Exception as error:
                    yield otherwise(*args, sentence(error, then))

            return streamed

        if inspect.isgeneratorfunction(handler):

            @wraps(handler)
            def stepped(*args: Any) -> Any:
                try:
                    yield from handler(*args)
                except Exception as error:
                    yield otherwise(*args, sentence(error, then))

            return stepped

        if inspect.iscoroutinefunction(handler):

            @wraps(handler)
            async def awaited(*args: Any) -> Any:
                try:
                    return await handler(*args)
                except Exception as error:
                    return otherwise(*args, sentence(error, then))

            return awaited

        @wraps(handler)
        def handled(*args: Any) -> Any:
            try:
                return handler(*args)
            except Exception as error:
                return otherwise(*args, sentence(error, then))

        return handled

    return around
