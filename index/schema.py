"""The tables of the library's SQLite file, and how those of an older format become these. Runs nothing itself."""

VERSION = 6
_DOCUMENTS = """
CREATE TABLE contents (
    id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
    warning TEXT NOT NULL DEFAULT '', UNIQUE (sha256, kind)
);
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, location TEXT NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE,
    content_id INTEGER NOT NULL REFERENCES contents
);
CREATE INDEX documents_by_content ON documents (content_id);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id INTEGER NOT NULL REFERENCES contents ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, turns TEXT NOT NULL DEFAULT '',
    heading TEXT NOT NULL DEFAULT '', text_hash BLOB NOT NULL
);
CREATE INDEX passages_by_content ON passages (content_id);
CREATE INDEX passages_by_text ON passages (text_hash);
"""
_LEXICAL = """
CREATE VIRTUAL TABLE lexical USING fts5 (text, context, tokenize = 'porter unicode61 remove_diacritics 2');
"""
_REST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
# The bytes of uploaded files, which are nowhere else, in a table of their own: no other reading passes over them.
_KEPT = """
CREATE TABLE files (content_id INTEGER PRIMARY KEY REFERENCES contents ON DELETE CASCADE, data BLOB NOT NULL);
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, question TEXT NOT NULL, answer TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN ('right', 'wrong')), correction TEXT,
    document TEXT, start INTEGER, "end" INTEGER, quote TEXT
);
"""
# Vectors with row numbers, for without them each fills most of a page. Then what an approximate index is made with, and
# what changed: the passages that a snapshot may still have, and the texts whose vectors may be without a passage.
_VECTORS = """
CREATE TABLE vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS quantizer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    trained BLOB NOT NULL, size INTEGER NOT NULL, probes INTEGER NOT NULL, recall REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS removed (passage_id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS unsettled (text_hash BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO removed VALUES (old.id);
    INSERT OR IGNORE INTO unsettled VALUES (old.text_hash);
END;
"""
# The token vectors of passages, one after another, `width` bytes each. They have a table of their own, for they are
# read of the passages that a question finds, and vectors of all.
_TOKENS = """
CREATE TABLE tokens (text_hash BLOB PRIMARY KEY, width INTEGER NOT NULL, codes BLOB NOT NULL);
"""
# The next update makes those of passages that were stored before.
_LACKING = _TOKENS + "INSERT INTO facts VALUES ('tokens', 'lacking');"
# What could not be read of a file. It goes when the file is read, or when a person has seen it.
_NOTICES = """
CREATE TABLE notices (
    location TEXT PRIMARY KEY, path TEXT NOT NULL, message TEXT NOT NULL,
    problem TEXT NOT NULL CHECK (problem IN ('failed', 'skipped', 'partly read'))
) WITHOUT ROWID;
"""
_WARNING = "ALTER TABLE contents ADD COLUMN warning TEXT NOT NULL DEFAULT '';"
_FROM_3 = f"""
ALTER TABLE vectors RENAME TO vectors_3;
{_VECTORS}
INSERT INTO vectors SELECT text_hash, vector FROM vectors_3 WHERE text_hash IN (SELECT text_hash FROM passages);
DROP TABLE vectors_3;
DELETE FROM facts WHERE name = 'snapshot';
"""
# Format 1 had no headings, and a text for every document: these stay as they are until the next update reads them anew.
_FROM_1 = f"""
ALTER TABLE documents RENAME TO documents_1;
ALTER TABLE passages RENAME TO passages_1;
ALTER TABLE lexical RENAME TO lexical_1;
DROP INDEX passages_by_text;
{_DOCUMENTS}
{_LEXICAL}
INSERT INTO contents (id, sha256, kind, text) SELECT id, 'format 1, document ' || id, '', text FROM documents_1;
INSERT INTO documents SELECT id, location, path, id FROM documents_1;
INSERT INTO passages (id, content_id, start, "end", page, text_hash)
    SELECT id, document_id, start, "end", page, text_hash FROM passages_1;
INSERT INTO lexical (rowid, text, context) SELECT rowid, text, '' FROM lexical_1;
DROP TABLE lexical_1;
DROP TABLE passages_1;
DROP TABLE documents_1;
"""
SCRIPTS = {
    0: _DOCUMENTS + _LEXICAL + _REST + _KEPT + _VECTORS + _TOKENS + _NOTICES,
    1: _FROM_1 + _KEPT + _FROM_3 + _NOTICES + _LACKING,
    2: _KEPT + _FROM_3 + _NOTICES + _WARNING + _LACKING,
    3: _FROM_3 + _NOTICES + _WARNING + _LACKING,
    4: _NOTICES + _WARNING + _LACKING,
    5: _LACKING,
}
"""What makes the tables of this format out of those of another; 0 is a new file."""
