"""Library files as an older Footnote wrote them."""

import sqlite3
from pathlib import Path

TO_FORMAT_5 = "DROP TABLE tokens; PRAGMA user_version = 5;"
TO_FORMAT_4 = f"{TO_FORMAT_5} DROP TABLE notices; ALTER TABLE contents DROP COLUMN warning; PRAGMA user_version = 4;"


def take_checksums(path: Path) -> None:
    """Write an SQLite file anew without a checksum in each page."""
    beside = path.with_name("unchecked")
    with sqlite3.connect(beside) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("ATTACH ? AS checked", (str(path),))
        made = "SELECT name, sql FROM checked.sqlite_master WHERE sql NOT NULL AND name NOT GLOB '{}*' AND type {}"
        for name, sql in db.execute(made.format("lexical_", "= 'table'")).fetchall():
            if name == "sqlite_sequence":
                continue
            db.execute(sql)
            if name == "lexical":
                db.execute(
                    "INSERT INTO lexical (rowid, text, context) SELECT rowid, text, context FROM checked.lexical"
                )
            else:
                db.execute(f"INSERT INTO {name} SELECT * FROM checked.{name}")
        for _, sql in db.execute(made.format("lexical_", "!= 'table'")).fetchall():
            db.execute(sql)
        (version,) = db.execute("PRAGMA checked.user_version").fetchone()
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    beside.replace(path)
    assert path.read_bytes()[20] == 0, "no room for them"
