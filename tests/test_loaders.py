import hashlib
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import index.draft
import index.loaders
from index.errors import DocumentError
from index.loaders import load
from index.survey import find_files

PLAIN = "save it as PDF or, if it holds plain text, as .txt"
KINDS = ".csv, .docx, .epub, .htm, .html, .markdown, .md, .pdf, .pptx, .text, .tsv, .txt, .xhtml, .xlsx"


def loaded(folder: Path, data: bytes, name: str = "notes.txt") -> str:
    (folder / name).write_bytes(data)
    return load(folder / name, name).text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_in_any_coding(tmp_path: Path, encoding: str) -> None:
    assert loaded(tmp_path, "Dún Laoghaire 😀\n".encode(encoding)) == "Dún Laoghaire 😀\n"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks(tmp_path: Path, codec: str) -> None:
    assert loaded(tmp_path, "\ufeffé1".encode(codec)) == "é1"


@pytest.mark.parametrize("name", ["notes.txt", "notes.md"])
def test_line_ends_become_newlines(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, b"a\r\nb\rc\nd\r\n\r\n", name) == "a\nb\nc\nd\n\n"


def test_document_fields(tmp_path: Path) -> None:
    file = tmp_path / "Notes.TXT"
    file.write_bytes(b"\xef\xbb\xbfhello")
    document = load(file, "../given/Notes.TXT")
    assert (document.path, document.text, document.breaks) == ("../given/Notes.TXT", "hello", ())
    assert document.sha256 == hashlib.sha256(b"\xef\xbb\xbfhello").hexdigest(), "of the bytes, not the text"


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("# One\n\nText.\n\n# Two\n\nMore.\n", ["# One\n\nText.\n\n", "# Two\n\nMore.\n"]),
        ("Before.\n\n# One\n", ["Before.\n\n", "# One\n"]),
        ("# One\n\n## Under one\n\nText.\n", ["# One\n\n## Under one\n\nText.\n"]),
        ("Text.\n\nTwo\n===\nMore.\n", ["Text.\n\n", "Two\n===\nMore.\n"]),
        ("Text.\n\n```\n# a comment\n```\nMore.\n", ["Text.\n\n```\n# a comment\n```\nMore.\n"]),
        ("Text.\n\n#hashtag\n", ["Text.\n\n#hashtag\n"]),
        ("😀 é\n\n# One\n", ["😀 é\n\n", "# One\n"]),
        ("Text.\r\n\r\n# One\r\n", ["Text.\n\n", "# One\n"]),
    ],
)
def test_markdown_breaks_at_headings(tmp_path: Path, text: str, sections: list[str]) -> None:
    (tmp_path / "a.md").write_bytes(text.encode())
    document = load(tmp_path / "a.md", "a.md")
    edges = [0, *document.breaks, len(document.text)]
    assert [document.text[a:b] for a, b in pairwise(edges)] == sections


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "'a.txt' holds no text; a document needs at least one word."),
        ("a.md", b"\xef\xbb\xbf \r\n\t", "'a.md' holds no text; a document needs at least one word."),
        ("a.txt", b"ab\0c", "'a.txt' is a binary file, not text; add the document it was made from instead."),
        (
            "a.txt",
            b"\xff\xfea\0b",
            "'a.txt' is not UTF-16 text (byte 4 does not fit); save it as UTF-8 and add it again.",
        ),
        ("a.exe", b"hi", f"'a.exe' is not a kind of file Footnote reads ({KINDS}); {PLAIN}."),
        ("noname", b"hi", f"'noname' is not a kind of file Footnote reads ({KINDS}); {PLAIN}."),
        ("a.DOC", b"hi", f"'a.DOC' is not a kind of file Footnote reads ({KINDS}); save it as .docx."),
    ],
)
def test_a_bad_file_gets_one_sentence(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        loaded(tmp_path, data, name)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("module", "limit", "message"),
    [
        (index.draft, "MAX_CHARACTERS", "holds more than 10 characters"),
        (index.loaders, "MAX_BYTES", "has 0 MB; Footnote reads files of up to 0 MB"),
    ],
)
def test_a_file_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, limit: str, message: str
) -> None:
    assert loaded(tmp_path, b"0123456789") == "0123456789"
    monkeypatch.setattr(module, limit, 10)
    with pytest.raises(DocumentError, match=f"^'notes.txt' {message}.*plit it into parts"):
        loaded(tmp_path, b"0123456789!")


def test_a_markdown_heading_has_its_words_without_marks(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# The *new* `pump`\n\nText.\n\nSet-\next\n===\n\n> ## [Quoted](x)\n")
    document = load(tmp_path / "a.md", "a.md")
    assert [(h.level, h.title) for h in document.headings] == [(1, "The new pump"), (1, "Set- ext"), (2, "Quoted")]
    assert [document.text[h.start : h.end].strip() for h in document.headings][:2] == [
        "# The *new* `pump`",
        "Set-\next\n===",
    ]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^'gone\.txt' cannot be read: No such file or directory\.$"):
        load(tmp_path / "gone.txt", "gone.txt")


def test_a_folder_with_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(DocumentError, match=r"^'a\.txt' cannot be read: Is a directory\.$"):
        load(tmp_path / "a.txt", "a.txt")


def test_find_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ["b.txt", "a.MD", ".hidden.txt", "c.exe", "z/a.txt", "m/b.markdown", ".git/x.txt", "m/.h/y.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("hi")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere")
    found = [file.relative_to(tmp_path).as_posix() for file in find_files(tmp_path)]
    assert found == ["a.MD", "b.txt", "m/b.markdown", "z/a.txt"]
