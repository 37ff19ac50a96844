"""Books in EPUB: the chapters in reading order, each a page of HTML. Knows no page numbers."""

import posixpath
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.draft import Draft, counted
from index.errors import DocumentError
from index.formats.archive import Archive, TooMuchError, damaged, open_archive, read_markup
from index.formats.html import decode_html, write_html
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = (".ttf", ".otf", ".woff", ".woff2")
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def load_epub(data: bytes, name: str) -> Document:
    """The book's text. Its title is the highest heading: the one it begins with, else one put there."""
    draft = Draft(name, len(data))
    archive = open_archive(data, name)
    if _is_protected(archive, name):
        raise DocumentError(f"{name!r} is protected (DRM) against other readers; add a copy without protection.")
    files = _xml(archive, _CONTAINER, name).iter("{*}rootfile")
    place = posixpath.normpath(next((file.get("full-path") or "" for file in files), ""))
    package = _xml(archive, place, name)
    title = next((" ".join((found.text or "").split()) for found in package.iter(_TITLE)), "")
    lost: list[str] = []
    chapters = _chapters(archive, package, place, name, lost)
    read = []
    opening = ""
    while not opening and (chapter := next(chapters, None)) is not None:
        read.append(chapter)
        opening = _text(chapter, name, len(data))
    if not read:
        raise damaged(name)
    untitled = bool(opening and title) and not opening.casefold().startswith(title.casefold())
    if untitled:
        draft.heading(title, 1)
    for chapter in chain(read, chapters):
        write_html(draft, chapter, lower=int(untitled))
    what = "cannot be read: the file is damaged there"
    return draft.document(data, [f"{counted(len(lost), 'chapter')} {what}" if lost else ""])


def _chapters(archive: Archive, package: "_Element", place: str, name: str, lost: list[str]) -> Iterator[str]:
    """The pages of the spine, without tables of contents; those that cannot be read are added to `lost`."""
    items = {item.get("id"): item for item in package.iter("{*}item")}
    contents = {guide.get("href") for guide in package.iter("{*}reference") if guide.get("type") == "toc"}
    for key in dict.fromkeys(item.get("idref") for item in package.iter("{*}itemref")):
        item = items.get(key)
        href = item.get("href") if item is not None else None
        if item is None or not href or "nav" in (item.get("properties") or "").split() or href in contents:
            continue
        if "html" in (item.get("media-type") or "html"):
            member = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(href.partition("#")[0])))
            try:
                page = decode_html(read_markup(archive, member, name), name)
            except TooMuchError:
                raise
            except DocumentError:
                lost.append(member)  # the rest of the book is better than none
                continue
            yield page


def _text(page: str, name: str, size: int) -> str:
    draft = Draft(name, size)
    write_html(draft, page)
    return draft.document(b"").text


def _is_protected(archive: Archive, name: str) -> bool:
    """Whether more than fonts is encrypted."""
    if _ENCRYPTION not in archive.namelist():
        return False
    for entry in _xml(archive, _ENCRYPTION, name).iter("{*}EncryptedData"):
        methods = {method.get("Algorithm") for method in entry.iter("{*}EncryptionMethod")}
        parts = [reference.get("URI") or "" for reference in entry.iter("{*}CipherReference")]
        if not methods & set(_FONT_ALGORITHMS) and not all(part.lower().endswith(_FONTS) for part in parts):
            return True
    return False


def _xml(archive: Archive, member: str, name: str) -> "_Element":
    """A part as XML, of which nothing outside is read."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(read_markup(archive, member, name), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(name) from error
    if root is None:
        raise damaged(name)
    return root
