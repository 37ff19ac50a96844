import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import DocumentError
from index.formats.epub import load_epub

DAMAGED = (
    "'a.epub' is damaged or not the kind of file its name says; "
    "open it in the program that made it, save it again and add that."
)
CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
XHTML = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head>
<body>{}</body></html>"""
COVER = '<div><svg viewBox="0 0 1 1"><image href="cover.jpg"/></svg></div>'
ONE = """<section epub:type="chapter"><header><h1>Chapter <a id="p1"/>1</h1></header>
<p>It was<span epub:type="pagebreak" title="12"/> dark.<a epub:type="noteref" href="#n1"><sup>1</sup></a></p></section>
<aside epub:type="footnote" id="n1"><p>Very dark.</p></aside>"""
TWO = "<h1>Chapter 2</h1><h2>Morning</h2><p>The end &amp; all.</p>"


def packed(parts: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in parts.items():
            archive.writestr(member, data)
    return buffer.getvalue()


def book(
    *chapters: str, title: str = "The Sea", extra: dict[str, str | bytes] | None = None, opf: tuple[str, str] = ("", "")
) -> bytes:
    """A book; `opf` is text to replace in the package file and what to put there."""
    items = "".join(
        f'<item id="c{n}" href="text/ch%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    references = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = f"""<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>
<manifest>{items}</manifest><spine>{references}</spine></package>"""
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": package.replace(*opf),
        **{f"OEBPS/text/ch {n}.xhtml": XHTML.format(chapter) for n, chapter in enumerate(chapters)},
    }
    return packed(parts | (extra or {}))


def text(data: bytes) -> str:
    return load_epub(data, "a.epub").text


def refusal(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        load_epub(data, "a.epub")
    return str(caught.value)


def test_a_book() -> None:
    document = load_epub(book(COVER, ONE, TWO), "a.epub")
    assert document.text == (
        "The Sea\n\nChapter 1\n\nIt was dark.\n\nVery dark.\n\nChapter 2\n\nMorning\n\nThe end & all."
    )
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "The Sea"),
        (2, "Chapter 1"),
        (2, "Chapter 2"),
        (3, "Morning"),
    ]
    assert all(document.text[heading.start : heading.end] == heading.title for heading in document.headings)


def test_a_book_that_begins_with_its_title() -> None:
    document = load_epub(book(COVER, "<h1>THE  SEA</h1><p>by Ann</p>", TWO), "a.epub")
    assert document.text.startswith("THE SEA\n\nby Ann\n\nChapter 2")
    assert [heading.level for heading in document.headings] == [1, 1, 2]


def test_a_book_without_words_has_no_text() -> None:
    assert text(book(COVER)) == ""


def test_the_order_is_that_of_the_spine() -> None:
    swapped = ('<itemref idref="c0"/><itemref idref="c1"/>', '<itemref idref="c1" linear="no"/><itemref idref="c0"/>')
    assert text(book("<p>one</p>", "<p>two</p>", opf=swapped)) == "The Sea\n\ntwo\n\none"


def test_tables_of_contents_are_left_out() -> None:
    nav = ('href="text/ch%200.xhtml"', 'properties="nav" href="text/ch%200.xhtml"')
    assert text(book("<nav><ol><li>Chapter 2</li></ol></nav>", TWO, opf=nav)).count("Chapter 2") == 1
    guide = ("</spine>", '</spine><guide><reference type="toc" href="text/ch%200.xhtml"/></guide>')
    assert text(book("<p>Chapter 2 ... 7</p>", TWO, opf=guide)).count("Chapter 2") == 1


@pytest.mark.parametrize(
    "opf",
    [
        ('idref="c0"', 'idref="gone"'),
        ("ch%200", "gone"),
        ('href="text/ch%200.xhtml"', ""),
        ("text/ch%200.xhtml", "../../../../etc/passwd"),
        ("text/ch%200.xhtml", "/etc/passwd"),
        ("text/ch%200.xhtml", "file:///etc/passwd"),
        ("text/ch%200.xhtml", "https://example.com/ch.xhtml"),
        ('media-type="application/xhtml+xml"/><item id="c1"', 'media-type="image/svg+xml"/><item id="c1"'),
    ],
)
def test_what_cannot_be_read_is_left_out(opf: tuple[str, str]) -> None:
    assert text(book("<p>one</p>", "<p>two</p>", opf=opf)) == "The Sea\n\ntwo"
    assert "one" in text(book("<p>one</p>", "<p>two</p>"))


@pytest.mark.parametrize("href", ["./text/ch%200.xhtml#start", "../OEBPS/text/ch 0.xhtml", "x/../text/ch%200.xhtml"])
def test_references_lead_from_the_folder_of_the_package(href: str) -> None:
    assert text(book("<p>one</p>", opf=("text/ch%200.xhtml", href))) == "The Sea\n\none"


@pytest.mark.parametrize(
    "data",
    [
        b"no archive",
        packed({"a.txt": "hello"}),
        packed({"META-INF/container.xml": CONTAINER}),
        packed({"META-INF/container.xml": "<container/>"}),
        packed({"META-INF/container.xml": ""}),
        packed({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<<<"}),
        book(),
        book("<p>one</p>", opf=("ch%200", "gone")),
        book("<p>one</p>", extra={"OEBPS/text/ch 0.xhtml": b"\x00\x01\x02\x03" * 9}),
    ],
)
def test_no_book(data: bytes) -> None:
    assert refusal(data) == DAMAGED


def encryption(algorithm: str, part: str) -> dict[str, str | bytes]:
    return {
        "META-INF/encryption.xml": f"""<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/>
<enc:CipherData><enc:CipherReference URI="{part}"/></enc:CipherData></enc:EncryptedData></encryption>"""
    }


def test_a_protected_book() -> None:
    extra = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/text/ch%200.xhtml")
    message = "'a.epub' is protected (DRM) against other readers; add a copy without protection."
    assert refusal(book("<p>x</p>", extra=extra)) == message


@pytest.mark.parametrize(
    ("algorithm", "part"),
    [("http://www.idpf.org/2008/embedding", "OEBPS/font.bin"), ("urn:anything", "OEBPS/Font.OTF")],
)
def test_a_book_with_hidden_fonts_is_open(algorithm: str, part: str) -> None:
    assert text(book("<p>one</p>", extra=encryption(algorithm, part))) == "The Sea\n\none"


def test_xml_reads_nothing_from_outside() -> None:
    bomb = '<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]><package'
    assert text(book("<p>one</p>", title="T &b;&x;", opf=("<package", bomb))) == "T\n\none"


def test_chapters_in_another_encoding() -> None:
    page = '<?xml version="1.0" encoding="windows-1250"?><html><body><p>łąka</p></body></html>'.encode("cp1250")
    assert text(book("", extra={"OEBPS/text/ch 0.xhtml": page})) == "The Sea\n\nłąka"


WHOLE = book(ONE, TWO)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=5), st.integers(0, len(WHOLE)))
def test_a_mutated_book_is_a_document_or_an_error(changes: list[tuple[int, int]], end: int) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    try:
        document = load_epub(bytes(data[: end if end % 4 == 0 else None]), "a.epub")
        assert all(document.text[heading.start : heading.end] == heading.title for heading in document.headings)
    except DocumentError as error:
        assert str(error).startswith("'a.epub' ")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_package_is_a_document_or_an_error(package: str) -> None:
    with pytest.raises(DocumentError):
        load_epub(packed({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package}), "a.epub")
