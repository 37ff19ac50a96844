import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.formats.archive
from index.errors import DocumentError
from index.formats.archive import open_archive, read_part

DAMAGED = (
    "'a.docx' is damaged or not the kind of file its name says; "
    "open it in the program that made it, save it again and add that."
)
PROTECTED = (
    "'a.docx' is protected by a password or in an old Office format; "
    "save it as .docx without a password and add it again."
)


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for member, data in parts.items():
            archive.writestr(member, data)
    return buffer.getvalue()


def forged(data: bytes, size: int) -> bytes:
    """The archive of one part, which says that the part unpacks to `size` bytes."""
    patched = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = patched.rindex(mark) + offset
        patched[at : at + 4] = size.to_bytes(4, "little")
    return bytes(patched)


def refusal(data: bytes, name: str = "a.docx") -> str:
    with pytest.raises(DocumentError) as caught:
        open_archive(data, name)
    return str(caught.value)


def test_parts_are_read() -> None:
    archive = open_archive(packed({"word/document.xml": b"<w/>", "empty": b""}), "a.docx")
    assert read_part(archive, "word/document.xml", "a.docx") == b"<w/>"
    assert read_part(archive, "empty", "a.docx") == b""


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", packed({"a": b"x" * 99})[:-30]])
def test_no_archive(data: bytes) -> None:
    assert refusal(data) == DAMAGED


@pytest.mark.parametrize("name", ["a.docx", "b.XLSX"])
def test_an_old_office_file(name: str) -> None:
    suffix = name[1:].lower()
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), name) == PROTECTED.replace(
        ".docx without", f"{suffix} without"
    ).replace("a.docx", name)


def test_a_password_of_the_archive() -> None:
    data = bytearray(packed({"a.xml": b"secret"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + offset] |= 1
    assert refusal(bytes(data)) == PROTECTED


def test_too_large_when_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.formats.archive, "MAX_UNPACKED", 3_000_000)
    data = packed({"a.bin": bytes(2_000_000), "b.bin": bytes(1_500_000)})
    message = "'a.docx' unpacks to 4 MB, more than the 3 MB Footnote opens; split it into parts."
    assert refusal(data) == message


def test_a_part_too_large_to_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.formats.archive, "MAX_PART", 1_000_000)
    assert open_archive(packed({"a.png": bytes(1_000_001)}), "a.docx")
    assert refusal(packed({"a.XML": bytes(1_000_001)})).startswith("'a.docx' unpacks to 2 MB, more than the 1 MB")


def test_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.formats.archive, "MAX_PARTS", 3)
    assert open_archive(packed(dict.fromkeys("abc", b"")), "a.docx")
    message = "'a.docx' holds more than 3 parts, the most Footnote opens; split it into several files."
    assert refusal(packed(dict.fromkeys("abcd", b""))) == message


def test_a_size_that_is_a_lie_opens_no_flood() -> None:
    data = forged(packed({"a.xml": bytes(50_000_000)}), 10)
    assert refusal(data) == DAMAGED
    archive = zipfile.ZipFile(io.BytesIO(data))
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match="is damaged"):
            read_part(archive, "a.xml", "a.docx")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_size_that_is_too_large() -> None:
    archive = open_archive(forged(packed({"a.xml": b"x" * 999}), 5000), "a.docx")
    assert read_part(archive, "a.xml", "a.docx") == b"x" * 999


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_whose_size_cannot_be_bounded(method: int) -> None:
    assert refusal(packed({"a.xml": bytes(999)}, method)) == DAMAGED


def test_parts_that_are_missing_or_corrupt() -> None:
    data = packed({"a.xml": b"x" * 999}, zipfile.ZIP_STORED)
    archive = open_archive(data.replace(b"xxx", b"xyx", 1), "a.docx")
    for member in ("a.xml", "b.xml", "../a.xml", "/etc/passwd"):
        with pytest.raises(DocumentError) as caught:
            read_part(archive, member, "a.docx")
        assert str(caught.value) == DAMAGED


WHOLE = packed({"a.xml": b"some text " * 30, "b/c.xml": b"", "d": bytes(range(256))})


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4), st.integers(0, len(WHOLE)))
def test_a_mutated_archive_gives_parts_or_an_error(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    try:
        archive = open_archive(bytes(data[: end if end % 3 == 0 else None]), "a.docx")
        for part in archive.infolist():
            assert len(read_part(archive, part.filename, "a.docx")) <= part.file_size
    except DocumentError:
        pass
