"""Library files as an older Footnote wrote them."""

from contextlib import closing
from pathlib import Path

from index.catalog import connect


def take_checksums(path: Path) -> None:
    """Write an SQLite file anew without a checksum in each page."""
    beside = path.with_name("unchecked")
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.reserve_bytes(reserve=0)
        db.execute("VACUUM INTO ?", (str(beside),))
    beside.replace(path)
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
