"""What Word, PowerPoint and Excel files share: parts of XML that refer to each other."""

import posixpath
import re
from typing import TYPE_CHECKING

from index.draft import counted
from index.errors import DocumentError
from index.formats.archive import Archive, damaged, read_markup
from index.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NAMES = {
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "d": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
}
A, C, D, M, MC, P, R, S, W = (f"{{{uri}}}" for uri in NAMES.values())


class Package:
    """An Office file; errors call it `name`."""

    def __init__(self, archive: Archive, name: str) -> None:
        self.archive = archive
        self.name = name
        self._present = frozenset(archive.namelist())

    def read(self, member: str) -> "Element":
        """The root of a part, in the names of the transitional standard. Raises DocumentError."""
        from lxml import etree

        data = read_markup(self.archive, member, self.name)
        strict = rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)"
        data = re.sub(strict, rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        try:
            return etree.fromstring(data, parser)
        except etree.XMLSyntaxError as error:
            raise damaged(self.name) from error

    def main(self, usual: str) -> str:
        """The path of the main part; the usual one where the file does not say."""
        return dict(self.related("").values()).get("officeDocument", usual)

    def related(self, member: str) -> dict[str, tuple[str, str]]:
        """The kind and the path of the parts in the file that a part refers to, by its ids for them."""
        folder, base = posixpath.split(member)
        listing = posixpath.join(folder, "_rels", f"{base}.rels")
        links = self.read(listing) if listing in self._present else ()
        targets = ((link, posixpath.join("/", folder, link.get("Target", ""))) for link in links)
        return {
            link.get("Id", ""): (link.get("Type", "").rpartition("/")[2], path)
            for link, target in targets
            if (path := posixpath.normpath(target)[1:]) in self._present and link.get("TargetMode") != "External"
        }


def require_words(document: Document, pictures: int) -> None:
    """Raises DocumentError for a file of nothing but pictures."""
    if pictures and not document.text.strip():
        raise DocumentError(
            f"{document.path!r} holds {counted(pictures, 'picture')} and no text: it is scanned. "
            "Save it as PDF, run OCR on that (ocrmypdf, for example) and add it."
        )


def whole(text: str | None) -> int | None:
    """A whole number of at most nine digits; None where there is none."""
    return int(text) if text and re.fullmatch(r"-?[0-9]{1,9}", text) else None


def value(element: "Element", path: str) -> str | None:
    """The w:val of the element at that path, empty without one; None where there is no such element."""
    found = element.find(path, NAMES)
    return None if found is None else found.get(f"{W}val", "")


def is_on(element: "Element", path: str) -> bool:
    """Whether Word has a property there that is not switched off."""
    return value(element, path) not in (None, "0", "false", "off", "none")
