"""How long it takes to start: a process from its beginning, with nothing loaded. Knows nothing of what it runs."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import perf_counter, sleep

import httpx

from eval.bench.ratios import Measure, fastest, seconds
from index.errors import FootnoteError

COLD_TARGET = 3.0  # seconds
_WAIT = 120.0  # seconds at most, for an answer


def cold_start(command: Sequence[str], repeats: int) -> Measure:
    """A process from its start to its end. Raises FootnoteError where it fails."""

    def run() -> None:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise FootnoteError(f"A question in a process of its own failed: {done.stderr.strip()[-300:]}")

    taken = fastest({"ask": lambda: seconds(run)}, repeats)["ask"]
    against = "footnote ask, from the start of its process to the end, on a library that is there"
    return Measure("cold_start", taken, "s", against, target=COLD_TARGET, at_most=True)


def chat_start(command: Sequence[str], address: str, question: str, repeats: int) -> Iterator[Measure]:
    """A server from the start of its process to its page, and to its first answer. Raises FootnoteError."""
    against = "footnote chat, from the start of its process on a library that is there"
    runs = [_served(command, address, question) for _ in range(repeats)]
    yield Measure("chat_page", min(page for page, _ in runs), "s", against)
    yield Measure("chat_first_answer", min(answer for _, answer in runs), "s", against)


def _served(command: Sequence[str], address: str, question: str) -> tuple[float, float]:
    """Seconds to the page and to the answer."""
    began = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not _has_page(address):
                if process.poll() is not None and process.stderr:
                    raise FootnoteError(
                        f"A chat in a process of its own failed: {process.stderr.read().strip()[-300:]}"
                    )
                sleep(0.02)
            page = perf_counter() - began
            httpx.post(f"{address}/api/ask", json={"question": question}, timeout=_WAIT).raise_for_status()
            return page, perf_counter() - began
        finally:
            process.terminate()


def _has_page(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(address, timeout=_WAIT).is_success
    return False
