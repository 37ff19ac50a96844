"""Files made ready for storing while those before them are embedded."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from index.chunking import TokenStarts, split
from index.errors import DocumentError, GivenUpError
from index.loaders import read
from index.survey import Found
from index.types import Document, Failure, Passage, digest, kind
from index.worker import load_document

AHEAD = 64  # files, or
AHEAD_BYTES = 32_000_000
PATIENCE = 3  # files given up, of those that were handed over together


@dataclass(frozen=True)
class Ready:
    """A file that was read. `document` is None when its content is stored or on its way already.

    `data` are its bytes where the library is to keep them.
    """

    item: Found
    sha256: str
    document: Document | None = None
    passages: Sequence[Passage] = ()
    data: bytes | None = None


def at_once() -> None:
    """Nothing is to be done before a file is read."""


def prepare(
    found: Sequence[Found],
    stored: Collection[tuple[str, str]],
    token_starts: TokenStarts,
    *,
    keep: bool = False,
    before: Callable[[], None] = at_once,
) -> Iterator[Ready | Failure]:
    """Each file read, parsed and split, or why it cannot be, in order; some are made ahead in a thread.

    `stored` holds the content hashes of the library, each with the kind of file; `keep` says to keep the files' bytes,
    and to read no more of them once PATIENCE were given up. `before` is called before each is read, and may raise.
    """
    seen: set[tuple[str, str]] = set()
    given_up = 0

    def make(item: Found) -> Ready | Failure:
        nonlocal given_up
        before()
        if keep and given_up >= PATIENCE:
            said = f"{item.path!r} was not read, because {PATIENCE} files before it took too much time or memory."
            return Failure(item.path, f"{said} Add it without those.", item.location)
        try:
            data = read(item.file, item.path)
            key = (digest(data), kind(item.path))
            kept = data if keep else None
            if key in seen or key in stored:
                return Ready(item, key[0], data=kept)
            document = load_document(data, item.path)
        except DocumentError as error:
            given_up += isinstance(error, GivenUpError)
            return Failure(item.path, str(error), item.location)
        seen.add(key)
        return Ready(item, key[0], document, split(document, token_starts), kept)

    waiting: deque[tuple[int, Future[Ready | Failure]]] = deque()
    pool = ThreadPoolExecutor(1)
    try:
        for item in found:
            waiting.append((item.size, pool.submit(make, item)))
            while len(waiting) > AHEAD or (len(waiting) > 1 and sum(size for size, _ in waiting) > AHEAD_BYTES):
                yield waiting.popleft()[1].result()
        while waiting:
            yield waiting.popleft()[1].result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who stops us need not wait for the file at work
