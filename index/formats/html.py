"""HTML to text: the main content of a page, block by block. Knows no scripts, and of styles only `display: none`.

A page is first laid out flat: texts and elements in their order, each element with the place where it ends and how far
it is from the content. Then a part of it is written down. Nothing here is recursive, however deep a page is nested.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from index.draft import Draft
from index.formats.encoding import decode
from index.types import Document

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_WORK = 500_000_000  # steps of the parser, about two seconds
MAX_ACROSS, MAX_DOWN = 100, 1000  # columns and rows of one cell
MAX_TITLE = 300  # characters of a heading; longer, it is one that was not closed
LONG = 60  # characters of a text that is more than the name of a link

MENU, FRAME, HIDDEN = 1, 2, 3  # distances from the content, which is at 0

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = {"ul", "ol", "menu", "dir"}
_PRE = {"pre", "xmp", "listing"}
_BLOCKS = {
    *(*_HEADINGS, *_LISTS, *_PRE, "address", "article", "aside", "blockquote", "body", "caption", "center", "dd"),
    *("details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup"),
    *("hr", "html", "legend", "li", "main", "nav", "p", "search", "section", "summary", "table", "tbody", "td"),
    *("tfoot", "th", "thead", "tr"),
}
_SILENT = {
    *("head", "script", "style", "template", "noscript", "svg", "iframe", "canvas", "video", "audio", "noframes"),
    *("select", "input", "textarea", "datalist", "annotation", "annotation-xml", "rt", "rp"),
}
_MENUS = {*_LISTS, "aside", "center", "div", "dl", "footer", "section", "table", "td"}
_FRAME_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary"}
_FRAME_NAMES = re.compile(
    r"(?:^|\s)(?:noprint|mw-editsection|mw-cite-backlink|mw-jump-link|catlinks|printfooter|headerlink|skip-link|linenos?|linenodiv|"
    r"breadcrumbs?|cookie-?(?:banner|notice|consent|bar)|onetrust-consent-sdk|cookie-law-info-bar|sharedaddy|"
    r"share-?(?:buttons|bar|links|tools)|social-?(?:share|links|icons))(?:\s|$)"
)
_MENU_NAMES = re.compile(
    r"(?:^|[\s_-])(?:menu|nav|toc|portlet|side-?bar|dropdown|paginat|pager|related|(?:share|social|tags)(?:$|[\W_]))",
    re.I,
)
_UNSEEN = re.compile(r"display\s*:\s*none", re.I)
_REFERENCE = re.compile(r"(?:\[[^\[\]]{1,30}\]\s*)+")
_NOTE = re.compile(r"[0-9*†‡]{1,4}")
_ANCHORS = {"¶", "#", "§", "🔗", "↩", "↩\ufe0e", "↑", "^", "[edit]"}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_INVISIBLE = dict.fromkeys(map(ord, "\xad\u200b\u2060\ufeff"))

_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_LEGACY = ("iso", "cp", "koi8", "mac", "shift", "euc", "gb", "big5", "hz", "tis", "kz", "ptcp", "johab")
_WIDER = {"iso8859-1": "cp1252", "iso8859-9": "cp1254", "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030"}
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)[^<>]*>?")
_ENDLESS = re.compile(r"<([a-zA-Z][^\s<>/]{0,50})[^<>]{5000,}")
_CLOSED = re.compile(r"<([a-zA-Z][\w:.-]*)(\s[^<>]*)?/>")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_FLAT = {*_VOID, "p", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "path", "use"}
_KEPT = {*_HEADINGS, "br", "head", "title", "body", "script", "style", "template", "textarea", "noscript"}


def load_html(data: bytes, name: str) -> Document:
    """The page's main content, under its title if no heading of the highest level is in it."""
    draft = Draft(name)
    page = _Page(decode_html(data, name))
    content = page.content()
    headings = [part for part in page.elements(*content) if part.tag in _HEADINGS and part.size]
    title, bar, site = page.title.rpartition(" | ")
    title = " ".join((title if bar else site).split())
    if page.size(*content) and not any(part.tag == "h1" or page.text(part) == title for part in headings[:3]):
        draft.heading(title, 1)
    _Writer(draft, page).write(*content)
    return draft.document(data)


def write_html(draft: Draft, html: str, lower: int = 0) -> None:
    """Write the main content down, each heading `lower` levels lower than it is."""
    page = _Page(html)
    _Writer(draft, page, lower).write(*page.content())


def decode_html(data: bytes, name: str) -> str:
    """The text of a page: UTF-8 if it can be, else in the encoding it names, else in a likely one."""
    named = _CHARSET.search(data, 0, 2048)
    with suppress(LookupError, ValueError):  # UnicodeError is one
        codec = codecs.lookup(named[1].decode() if named else "").name
        if codec.startswith("iso2022") or (codec.startswith(_LEGACY) and not _is_utf8(data)):
            return data.decode(_WIDER.get(codec, codec))
    return decode(data, name)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bounded(html: str) -> str:
    """Markup for the parser, whose time grows with the square of a tag's attributes and of the depth of elements."""
    if "<?xml" in html[:1000] or "http://www.w3.org/1999/xhtml" in html[:1000]:
        html = html.replace("<![CDATA[", "").replace("]]>", "")
        html = _CLOSED.sub(lambda tag: tag[0] if tag[1] in _VOID else f"<{tag[1]}{tag[2] or ''}></{tag[1]}>", html)
    html = _ENDLESS.sub(r"<\1", html)
    depth = work = 0
    for tag in _TAG.finditer(html) if html.count("<") > 20_000 else ():
        if tag[2].lower() not in _FLAT:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            work += depth
    return html if work < MAX_WORK else _TAG.sub(_flattened, html)


def _flattened(tag: re.Match[str]) -> str:
    name = tag[2].lower()
    return tag[0] if name in _KEPT else "<p>" if name in _BLOCKS else ""


@dataclass(slots=True)
class _Element:
    """The element whose parts are `parts[start:end]` of its page, the first of them itself."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    end: int = 0
    distance: int = 0
    after: str = ""  # the block before it
    last: str = ""  # the last block directly in it
    in_content: bool = False
    in_link: bool = False
    in_title: bool = False
    size: int = 0  # characters of text, of those in links, and so on
    linked: int = 0
    links: int = 0
    jumps: int = 0  # links within the page
    prose: bool = False
    titled: bool = False
    tables: int = 0  # how deep tables nest in it

    @property
    def names(self) -> str:
        return f"{self.attributes.get('class') or ''} {self.attributes.get('id') or ''}"


class _Page:
    """A page laid out flat."""

    def __init__(self, html: str) -> None:
        from selectolax.lexbor import LexborHTMLParser

        tree = LexborHTMLParser(_bounded(html))
        title = tree.head.css_first("title") if tree.head else None
        self.title = title.text() if title else ""
        self.parts: list[str | _Element] = []
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

    def content(self) -> tuple[int, int, int]:
        """Where the main content starts and ends, and the distance from it of what to leave out."""
        root = self._root
        mains = [region for region in self._regions if region.tag != "article"]
        articles = [region for region in self._regions if region.size - region.linked > (root.size - root.linked) / 2]
        if not mains and len(self._regions) == 1:
            mains = articles
        choices = [(main.start, main.end, MENU) for main in sorted(mains, key=lambda main: main.linked - main.size)[:1]]
        choices += [(0, root.end, distance) for distance in (MENU, FRAME, HIDDEN, HIDDEN + 1)]
        least = max((root.size - root.linked + self._framed) / 5, root.size / 20, 1)
        return next((choice for choice in choices if self.size(*choice) >= least), choices[-1])

    def kept(self, start: int, end: int, distance: int) -> Iterator["str | _Element"]:
        """The parts there, without what is so far from the content."""
        while start < end:
            part = self.parts[start]
            if isinstance(part, str) or part.distance < distance:
                start += 1
                yield part
            else:
                start = part.end

    def elements(self, start: int, end: int, distance: int) -> Iterator[_Element]:
        """The elements there."""
        return (part for part in self.kept(start, end, distance) if isinstance(part, _Element))

    def text(self, element: _Element) -> str:
        """The text in an element, as one line."""
        parts = self.parts[element.start : element.end]
        return " ".join("".join(part for part in parts if isinstance(part, str)).split())

    def size(self, start: int, end: int, distance: int) -> int:
        """The characters of text there."""
        return sum(len(part.strip()) for part in self.kept(start, end, distance) if isinstance(part, str))

    def _enter(self, node: "LexborNode", above: _Element) -> bool:
        """Lay a node out; whether what is in it is to be, too."""
        tag = node.tag or "-"
        if tag == "-text":
            self._say(node.text_content or "", above)
        if tag in _SILENT or tag.startswith("-") or (tag == "button" and not above.in_title):
            return False
        element = _Element(tag, node.attributes, len(self.parts), after=above.last)
        element.distance = _distance(element)
        region = tag in ("main", "article") or element.attributes.get("role") == "main"
        if region and not element.distance and not (above.in_content and tag == "article"):
            self._regions.append(element)
        if tag == "a" and element.attributes.get("href"):
            element.links = 1
            element.jumps = int((element.attributes["href"] or "").startswith("#"))
        element.in_content = region or above.in_content
        element.in_link = above.in_link or element.links == 1
        element.in_title = above.in_title or tag in _HEADINGS or tag in ("dt", "summary")
        if tag not in ("a", "br", "img"):
            above.last = tag if tag in _BLOCKS else "p"
        self.parts.append(element)
        self._open.append(element)
        return True

    def _say(self, text: str, above: _Element) -> None:
        self.parts.append(text)
        size = len(text.strip())
        if size:
            above.size += size
            above.linked += size if above.in_link else 0
            above.prose = above.prose or size >= LONG
            above.last = "p"

    def _leave(self, element: _Element) -> None:
        element.end = len(self.parts)
        if not self._open:
            return
        above = self._open[-1]
        if element.tag in ("a", "sup") and self._is_mark(element):
            del self.parts[element.start :]
            return
        element.distance = element.distance or _distance_of_text(element)
        above.links += element.links
        above.jumps += element.jumps
        above.tables = max(above.tables, element.tables + (element.tag == "table"))
        above.titled = above.titled or element.titled or (element.tag in _HEADINGS and element.size > 0)
        if element.distance < FRAME:
            above.size += element.size
            above.linked += element.linked
            above.prose = above.prose or element.prose
        elif element.distance == FRAME:
            self._framed += element.size - element.linked

    def _is_mark(self, element: _Element) -> bool:
        """Whether it only marks a place: a reference to a note, or a heading's link to itself."""
        if element.size > 40 or element.end - element.start > 12:
            return False
        text = self.text(element)
        if element.tag == "sup":
            noted = element.links or element.in_link
            return bool(_REFERENCE.fullmatch(text) or (noted and _NOTE.fullmatch(text)))
        return text in _ANCHORS and ("#" in (element.attributes.get("href") or "") or text == "[edit]")


def _distance(element: _Element) -> int:
    """How far from the content an element says it is."""
    tag, attributes, role = element.tag, element.attributes, element.attributes.get("role")
    if not attributes or tag in ("html", "body"):
        return {"nav": FRAME, "search": FRAME, "dialog": HIDDEN}.get(tag, 0)
    closed = tag == "dialog" and "open" not in attributes
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true" or closed
    if hidden or _UNSEEN.search(attributes.get("style") or ""):
        shown = role == "tabpanel" or "mathml" in element.names or attributes.get("hidden") == "until-found"
        return 0 if shown else HIDDEN
    framed = tag in ("nav", "search") or role in _FRAME_ROLES or _FRAME_NAMES.search(element.names)
    return FRAME if framed and tag not in ("main", "article") else 0


def _distance_of_text(element: _Element) -> int:
    """How far from the content an element is by what is in it."""
    framing = element.tag in ("header", "footer", "aside") and not element.in_content
    if framing and "epub:type" not in element.attributes:
        return 0 if element.tag == "header" and element.titled and element.links < 4 else FRAME
    dense = element.links >= 4 and element.linked > 0.7 * element.size and not element.prose
    if element.tag not in _MENUS or not dense:
        return 0
    lists = element.in_content or element.after in _HEADINGS or element.after == "p"
    return 0 if lists and not _MENU_NAMES.search(element.names) and element.jumps < element.links else MENU


class _Cell(NamedTuple):
    text: str
    head: bool
    across: int
    down: int
    blocks: int


class _Writer:
    """Writes parts of a page into a draft."""

    def __init__(self, draft: Draft, page: _Page, lower: int = 0) -> None:
        self._draft, self._page, self._lower = draft, page, lower
        self._words: list[str] = []  # of the block that is being read
        self._level = 0  # of the heading that the block is, else 0
        self._label = ""  # of the list item that it begins
        self._term = ""  # that it explains
        self._in_term = False
        self._raised = False
        self._flowing = 0  # where preformatted text ends that is not
        self._lists: list[tuple[str, int]] = []  # kind and last number

    def write(self, start: int, end: int, distance: int) -> None:
        """Write the parts there, without what is so far from the content."""
        opened: list[_Element] = []
        while start < end:
            part = self._page.parts[start]
            start += 1
            if isinstance(part, str):
                self._say(part)
            elif part.distance >= distance or self._whole(part):
                start = part.end
                if part.tag in _BLOCKS:
                    self._flush()
            else:
                self._enter(part)
                opened.append(part)
            while opened and opened[-1].end <= start:
                self._leave(opened.pop())
        self._settle()

    def _whole(self, element: _Element) -> bool:
        """Write down an element that is more than its parts; whether it is."""
        if element.tag == "table":
            return element.tables < 2 and self._table(element)
        return element.tag in _PRE and element.start >= self._flowing and self._verbatim(element)

    def _say(self, text: str) -> None:
        text = _SPACE.sub(" ", text)
        if self._raised and text[:1] in "0123456789-−+" and "".join(self._words[-1:])[-1:].isdigit():
            text = f"^{text}"  # ten to the sixth is not 106
        self._raised = False
        self._words.append(text)

    def _enter(self, element: _Element) -> None:
        tag = element.tag
        self._raised = tag == "sup"
        if tag == "br":
            self._words.append("\n")
        if tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag in _LISTS:
            kind = (element.attributes.get("type") or "1") if tag == "ol" else ""
            self._lists.append((kind, _number(element, "start", 1) - 1))
        elif tag == "li":
            self._label = self._mark(element)
        elif tag == "dt":
            self._in_term = True

    def _leave(self, element: _Element) -> None:
        tag = element.tag
        self._raised = False
        if tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS:
            self._level = 0
        elif tag in _LISTS:
            self._lists.pop()
        elif tag == "li":
            self._label = ""
        elif tag == "dt":
            self._in_term = False
        elif tag in ("dd", "dl"):
            self._settle()

    def _mark(self, item: _Element) -> str:
        """What a list item begins with."""
        kind, last = self._lists.pop() if self._lists else ("", 0)
        number = _number(item, "value", last + 1)
        self._lists.append((kind, number))
        if not kind:
            return "-"
        return f"{chr(ord(kind) + number - 1) if kind in 'aA' and 0 < number < 27 else number}."

    def _flush(self) -> None:
        """Write down the block that ends here."""
        text = _tidy(self._words)
        self._words.clear()
        if not text:
            return
        if self._in_term:
            self._term = f"{self._term}, {text}" if self._term else text
            return
        label, self._label = self._label, ""
        if self._level and len(text) <= MAX_TITLE:
            self._settle()
            self._draft.heading(text if label in ("", "-") else f"{label} {text}", self._level + self._lower)
            self._level = 0
            return
        if self._term:
            term, self._term = f"{self._term.rstrip(': ')}:", ""
            if label:
                self._draft.paragraph(term)
            else:
                text = f"{term} {text}"
        if label == "-":
            self._draft.item(text)
        else:
            self._draft.paragraph(f"{label} {text}")

    def _settle(self) -> None:
        """Write down the block that ends here, and a term that has no explanation."""
        self._flush()
        self._draft.paragraph(self._term)
        self._term = ""

    def _verbatim(self, element: _Element) -> bool:
        """Write down preformatted text; whether it was only that."""
        parts = list(self._page.kept(element.start + 1, element.end, FRAME))
        tags = {part.tag for part in parts if isinstance(part, _Element)}
        if self._in_term or tags & {*_HEADINGS, "p", "table", "ul", "ol", "dl"}:
            self._flowing = element.end
            return False
        text: list[str] = []
        for part in parts:
            if isinstance(part, str):
                text.append(part)
            elif part.tag == "br" or (part.tag in _BLOCKS and text and not text[-1].endswith("\n")):
                text.append("\n")
        self._settle()
        self._draft.verbatim("".join(text).replace("\r\n", "\n").replace("\r", "\n"))
        return True

    def _table(self, table: _Element) -> bool:
        """Write down a table; whether it was one of data, not of layout."""
        caption, rows = "", []
        at, head = table.start + 1, 0
        while at < table.end:
            part = self._page.parts[at]
            at += 1
            if isinstance(part, str):
                continue
            if part.distance >= HIDDEN or part.tag in ("caption", "td", "th"):
                at = part.end
            if part.tag == "caption":
                caption = self._cell(part).text
            elif part.tag == "thead":
                head = part.end
            elif part.tag == "tr":
                rows.append(_Row(at <= head, []))
            elif part.tag in ("td", "th") and part.distance < HIDDEN and rows:
                rows[-1].cells.append(self._cell(part))
        rows = [row for row in rows if any(cell.text for cell in row.cells)]
        if table.attributes.get("role") in ("presentation", "none") or _is_layout(rows):
            return False
        self._settle()
        self._draft.paragraph(caption)
        self._rows(rows)
        return True

    def _cell(self, cell: _Element) -> _Cell:
        words, self._words = self._words, []
        tags = set()
        for part in self._page.kept(cell.start + 1, cell.end, FRAME):
            if isinstance(part, str):
                self._say(part)
            else:
                tags.add(part.tag)
                self._raised = part.tag == "sup"
                if part.tag in _BLOCKS or part.tag == "br":
                    self._words.append("\n" if part.tag == "br" else "\f")
        blocks = [" ".join(block.split()) for block in _tidy(self._words).split("\f")]
        blocks = [block for block in blocks if block]
        self._words = words
        return _Cell(
            (", " if "li" in tags else " ").join(blocks),
            cell.tag == "th",
            max(1, min(_number(cell, "colspan", 1), MAX_ACROSS)),
            max(1, min(_number(cell, "rowspan", 1), MAX_DOWN)),
            len(blocks) + (99 if tags & {*_HEADINGS, *_PRE, "table"} else 0),
        )

    def _rows(self, rows: list["_Row"]) -> None:
        """Write down the rows of a table, with the names that its first ones give to the columns."""
        while len(rows[0].cells) == 1 and len(rows) > 1:
            self._draft.paragraph(rows.pop(0).cells[0].text)
        heads = list(takewhile(lambda row: row.head or all(cell.head for cell in row.cells), rows))
        heads = heads if len(heads) < len(rows) and len(heads[:1] and heads[0].cells) > 1 else []
        columns = zip_longest(*_spread(heads, repeat=True), fillvalue="")
        names = [" ".join(dict.fromkeys(filter(None, column))) for column in columns]
        body = rows[len(heads) :]
        paired = not names and max(sum(cell.across for cell in row.cells) for row in body) == 2
        for row, cells in zip(body, _spread(body, repeat=False), strict=True):
            key, *values = [cell for cell in cells if cell] or [""]
            if len(row.cells) == 1 and not values:
                self._draft.paragraph(key)
            elif values and not names and (row.cells[0].head or (paired and len(key) < LONG)):
                self._draft.table([[f"{key.rstrip(': ')}: {values[0]}", *values[1:]]])
            else:
                self._draft.table([cells], names)


class _Row(NamedTuple):
    head: bool
    cells: list[_Cell]


def _is_layout(rows: Sequence[_Row]) -> bool:
    """Whether cells are there for where they stand on the page."""
    cells = [cell for row in rows for cell in row.cells]
    if max((sum(cell.across for cell in row.cells) for row in rows), default=0) < 2 or len(cells) < 2:
        return True
    if any(cell.head for cell in cells):
        return max(len(cell.text) for cell in cells) > 5000
    return any(len(cell.text) > 500 or cell.blocks > 3 for cell in cells)


def _spread(rows: Sequence[_Row], *, repeat: bool) -> Iterator[list[str]]:
    """The texts of each row, column by column; that of a wide cell in all of its columns or only the first."""
    carried: dict[int, tuple[str, int]] = {}
    for row in rows:
        line: list[str] = []
        for cell in (*row.cells, None):
            while len(line) in carried:
                text, down = carried.pop(len(line))
                if down > 1:
                    carried[len(line)] = text, down - 1
                line.append(text)
            if cell is None:
                break
            for column in range(min(cell.across, max(1, 1000 - len(line)))):
                text = cell.text if repeat or not column else ""
                if cell.down > 1:
                    carried[len(line)] = text, cell.down - 1
                line.append(text)
        yield line


def _tidy(words: Sequence[str]) -> str:
    text = "".join(words).strip()
    return text if text.isascii() else text.translate(_INVISIBLE)


def _number(element: _Element, attribute: str, default: int) -> int:
    """The whole number that an attribute is."""
    value = element.attributes.get(attribute)
    return int(value) if value and re.fullmatch(r"\s*-?[0-9]{1,6}\s*", value) else default
