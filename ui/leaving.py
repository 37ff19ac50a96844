"""How the process ends: on Ctrl-C and SIGTERM alike, and without unwinding threads that are inside native code."""

import atexit
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import NoReturn


def heed_termination() -> None:
    """Have SIGTERM do what Ctrl-C does."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def leave(code: int) -> int:
    """The exit code, for a process in which nothing else is at work; otherwise the process ends here.

    When Python ends, it stops daemon threads wherever they are; one that is inside OpenVINO, PyTorch or FAISS then
    aborts the process. What is stored is safe: a library is written in transactions.
    """
    at_work = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not at_work:
        return code
    heed_nothing()
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def heed_nothing() -> None:
    """Let no further Ctrl-C or SIGTERM break into the end of the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
