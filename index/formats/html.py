"""HTML to text: chooses what of a page is its content. Knows no scripts, and of styles only `display: none`."""

import codecs
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.draft import Draft
from index.formats.encoding import WIDER, decode
from index.formats.markup import BLOCKS, FRAME, HEADINGS, HIDDEN, LISTS, LONG, MENU, Element, Stretch, Writer
from index.types import Document

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_WORK = 100_000_000  # steps of the parser, about two seconds
MAX_COPIES = 1_000_000  # elements that the parser makes of such as were not closed

_SILENT = {
    *("head", "script", "style", "template", "noscript", "svg", "iframe", "canvas", "video", "audio", "noframes"),
    *("select", "input", "textarea", "datalist", "annotation", "annotation-xml", "rt", "rp"),
}
_MENUS = {*LISTS, "aside", "center", "div", "dl", "footer", "section", "table", "td"}
_DISTANCES = {"nav": FRAME, "search": FRAME, "dialog": HIDDEN}
_FRAME_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary"}
_FRAME_NAMES = re.compile(
    r"(?:^|\s)(?:noprint|mw-editsection|mw-cite-backlink|mw-jump-link|catlinks|printfooter|headerlink|skip-link|"
    r"linenos?|linenodiv|breadcrumbs?|cookie-?(?:banner|notice|consent|bar)|onetrust-consent-sdk|cookie-law-info-bar|"
    r"sharedaddy|share-?(?:buttons|bar|links|tools)|social-?(?:share|links|icons))(?:\s|$)"
)
_MENU_NAMES = re.compile(
    r"(?:^|[\s_-])(?:menu|nav|toc|portlet|side-?bar|dropdown|paginat|pager|related|(?:share|social|tags)(?:$|[\W_]))",
    re.I,
)
_UNSEEN = re.compile(r"display\s*:\s*none", re.I)
_REFERENCE = re.compile(r"(?:\[[^\[\]]{1,30}\]\s*)+")
_NOTE = re.compile(r"[0-9*†‡]{1,4}")
_ANCHORS = {"¶", "#", "§", "🔗", "↩", "↩\ufe0e", "↑", "^"}

_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^<>]*>?")
_ENDLESS = re.compile(r"<([a-zA-Z][^\s<>/]{0,50})[^<>]{5000,}")
_CLOSED = re.compile(r"<([a-zA-Z][\w:.-]*)(\s[^<>]*)?/>")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FLAT = {*_VOID, "p", "td", "th", "tr", "li", "dt", "dd", "option", "tbody", "thead", "tfoot", "colgroup"}
# do not nest, though nothing may close them; of the others, these open again in each block until they are closed:
_AGAIN = {*("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")}
_KEPT = {*HEADINGS, "br", "title", "script", "style"}  # of a page that nests too deep for the parser


def load_html(data: bytes, name: str) -> Document:
    """The page's main content, under its title if no heading of the highest level is in it."""
    draft = Draft(name, len(data))
    page = _Page(decode_html(data, name))
    content = page.content()
    headings = (part for part in content if isinstance(part, Element) and part.tag in HEADINGS and part.size)
    title = " ".join(page.title.rsplit(" | ", 1)[0].split())
    if _size(content) and not any(part.tag == "h1" or page.text(part) == title for part in islice(headings, 3)):
        draft.heading(title, 1)
    Writer(draft, content).write()
    return draft.document(data)


def write_html(draft: Draft, html: str, lower: int = 0) -> None:
    """Write the main content down, each heading `lower` levels lower than it is."""
    Writer(draft, _Page(html).content(), lower).write()


def decode_html(data: bytes, name: str) -> str:
    """The text of a page: UTF-8 if it can be, else in the encoding it names, else in a likely one."""
    named = _CHARSET.search(data, 0, 2048)
    with suppress(LookupError, ValueError):  # UnicodeError is one
        codec = codecs.lookup(named[1].decode() if named else "").name
        legacy = not codec.startswith("utf") and data.decode(errors="ignore").encode() != data
        if legacy or codec.startswith("iso2022"):
            return data.decode(WIDER.get(codec, codec))
    return decode(data, name)


def _bounded(html: str) -> str:
    """Markup for the parser, whose time grows with the square of a tag's attributes and of the depth of elements."""
    if "<?xml" in html[:1000] or "http://www.w3.org/1999/xhtml" in html[:1000]:
        html = html.replace("<![CDATA[", "").replace("]]>", "")
        html = _CLOSED.sub(lambda tag: tag[0] if tag[1] in _VOID else f"<{tag[1]}{tag[2] or ''}></{tag[1]}>", html)
    html = _ENDLESS.sub(r"<\1", html)
    tags = html.count("<")
    if tags**2 / 4 < MAX_COPIES:
        return html
    depth = work = copies = 0
    again: Counter[str] = Counter()
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if name not in _FLAT:
            depth = max(0, depth - 1) if tag[1] else depth + 1
        if name in _AGAIN:
            again[name] = max(0, again[name] - 1) if tag[1] else again[name] + 1
        elif not tag[1]:
            copies += again.total()
        work += depth
    if work >= MAX_WORK:
        return _TAG.sub(_flattened, html)
    few = copies < MAX_COPIES + 5 * tags
    return html if few else _TAG.sub(lambda tag: "" if tag[2].lower() in _AGAIN else tag[0], html)


def _flattened(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    return tag[0] if name in _KEPT else "<p>" if name in BLOCKS else ""


@dataclass(slots=True)
class _Element(Element):
    """An element and what tells whether it is content."""

    after: str = ""  # the block before it
    last: str = ""  # the last block directly in it
    in_content: bool = False
    in_link: bool = False
    in_title: bool = False
    linked: int = 0  # characters of text in links
    links: int = 0
    jumps: int = 0  # links within the page
    prose: bool = False
    titled: bool = False

    @property
    def names(self) -> str:
        return f"{self.attributes.get('class') or ''} {self.attributes.get('id') or ''}"

    @property
    def unlinked(self) -> int:
        return self.size - self.linked


class _Page:
    """A page laid out flat."""

    def __init__(self, html: str) -> None:
        from selectolax.lexbor import LexborHTMLParser

        tree = LexborHTMLParser(_bounded(html))
        title = tree.head.css_first("title") if tree.head else None
        self.title = title.text() if title else ""
        self._parts: list[str | Element] = []
        self._root = _Element("", {}, 0)
        self._open = [self._root]
        self._regions: list[_Element] = []
        self._framed = 0  # characters of text in frames, but for links
        todo: list[LexborNode | None] = [tree.root]
        while todo:
            node = todo.pop()
            if node is None:
                self._leave(self._open.pop())
            else:
                todo.append(node.next)
                if self._enter(node, self._open[-1]):
                    todo.append(node.first_child)

    def content(self) -> Stretch:
        """The main content: the nearest choice that holds enough of the text."""
        root = self._root
        mains = [region for region in self._regions if region.tag != "article"]
        if not mains and len(self._regions) == 1 and self._regions[0].unlinked > root.unlinked / 2:
            mains = self._regions
        choices = [Stretch(self._parts, 0, root.end, reach) for reach in (0, MENU, FRAME, HIDDEN)]
        if mains:
            main = max(mains, key=lambda main: main.unlinked)
            choices.insert(0, Stretch(self._parts, main.start, main.end, 0))
        least = max((root.unlinked + self._framed) / 5, root.size / 20, 1)
        return next((choice for choice in choices if _size(choice) >= least), choices[-1])

    def text(self, element: Element) -> str:
        """The text in an element, as one line."""
        parts = self._parts[element.start : element.end]
        return " ".join("".join(part for part in parts if isinstance(part, str)).split())

    def _enter(self, node: "LexborNode", above: _Element) -> bool:
        """Lay a node out; whether what is in it is to be, too."""
        tag = node.tag or "-"
        if tag == "-text":
            self._say(node.text_content or "", above)
        if tag in _SILENT or tag.startswith("-") or (tag == "button" and not above.in_title):
            return False
        element = _Element(tag, node.attributes, len(self._parts), after=above.last)
        element.distance = _distance_by_name(element)
        region = tag in ("main", "article") or element.attributes.get("role") == "main"
        if region and not element.distance and not (above.in_content and tag == "article"):
            self._regions.append(element)
        if tag == "a" and (target := element.attributes.get("href")):
            element.links = 1
            element.jumps = int(target.startswith("#"))
        element.in_content = region or above.in_content
        element.in_link = above.in_link or element.links == 1
        element.in_title = above.in_title or tag in HEADINGS or tag in ("dt", "summary")
        if tag not in ("a", "br", "img"):
            above.last = tag if tag in BLOCKS else "p"
        self._parts.append(element)
        self._open.append(element)
        return True

    def _say(self, text: str, above: _Element) -> None:
        self._parts.append(text)
        size = len(text.strip())
        if size:
            above.size += size
            above.linked += size if above.in_link else 0
            above.prose = above.prose or size >= LONG
            above.last = "p"

    def _leave(self, element: _Element) -> None:
        element.end = len(self._parts)
        if not self._open:
            return  # it is the root
        above = self._open[-1]
        if element.tag in ("a", "sup") and self._is_mark(element):
            del self._parts[element.start :]
            return
        element.distance = element.distance or _distance_by_text(element)
        above.links += element.links
        above.jumps += element.jumps
        above.tables = max(above.tables, element.tables + (element.tag == "table"))
        above.titled = above.titled or element.titled or (element.tag in HEADINGS and element.size > 0)
        if element.distance < FRAME:
            above.size += element.size
            above.linked += element.linked
            above.prose = above.prose or element.prose
        elif element.distance == FRAME:
            self._framed += element.unlinked

    def _is_mark(self, element: _Element) -> bool:
        """Whether it only marks a place: a reference to a note, or a heading's link to itself."""
        if element.size > 40 or element.end - element.start > 12:
            return False
        text = self.text(element)
        if element.tag == "sup":
            noted = element.links or element.in_link
            return bool(_REFERENCE.fullmatch(text) or (noted and _NOTE.fullmatch(text)))
        return text == "[edit]" or (text in _ANCHORS and "#" in (element.attributes.get("href") or ""))


def _distance_by_name(element: _Element) -> int:
    """How far from the content an element says it is."""
    attributes, distance = element.attributes, _DISTANCES.get(element.tag, 0)
    if not attributes or element.tag in ("html", "body"):
        return distance
    role, names = attributes.get("role"), element.names
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    if hidden or _UNSEEN.search(attributes.get("style") or ""):
        shown = role == "tabpanel" or "mathml" in names or attributes.get("hidden") == "until-found"
        return 0 if shown else HIDDEN
    framed = role in _FRAME_ROLES or _FRAME_NAMES.search(names)
    return max(distance, FRAME) if framed else distance


def _distance_by_text(element: _Element) -> int:
    """How far from the content an element is by what is in it."""
    framing = element.tag in ("header", "footer", "aside") and not element.in_content
    if framing and "epub:type" not in element.attributes:
        return 0 if element.tag == "header" and element.titled and element.links < 4 else FRAME
    dense = element.links >= 4 and element.linked > 0.7 * element.size and not element.prose
    if element.tag not in _MENUS or not dense:
        return 0
    listing = element.in_content or element.after in HEADINGS or element.after == "p"
    return 0 if listing and not _MENU_NAMES.search(element.names) and element.jumps < element.links else MENU


def _size(stretch: Stretch) -> int:
    """The characters of text there."""
    return sum(len(part.strip()) for part in stretch if isinstance(part, str))
