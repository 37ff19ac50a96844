"""A page of a PDF as a picture, and where on it a quote stands. Knows nothing of answers and screens."""

import ctypes
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import DocumentError
from index.formats.alignment import align
from index.formats.pdf import layer_text, opened

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 4_000_000
_LONGEST_SIDE = 8_000  # pixels
_FINE = 1_000  # units a point has while boxes are measured
_COLOURS = 4096  # a page with more of them is a photograph,
_GROUND = 0.3  # and so is one without a colour that covers this share


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, as shares of its width and height from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class PageView:
    """A page as it is seen: page `number`, counting from 1, as a picture in the format that `media_type` names.

    `width` and `height` are the picture's in pixels. A box stands for a line, or a part of one: `quote` has those of
    the quote's characters on this page, `answer` those of the answer's. Both are empty where they were not found.
    """

    number: int
    picture: bytes
    media_type: str
    width: int
    height: int
    quote: tuple[Box, ...]
    answer: tuple[Box, ...]


class _Rectangle(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


class _Leaf(NamedTuple):
    """A loaded page. `starts` is where each character of `text`, and its end, stand in PDFium's text of the page."""

    number: int
    page: Any
    layer: Any
    text: str
    starts: Sequence[int]


def page_views(
    data: bytes,
    name: str,
    page: int,
    quote: str,
    answer: tuple[int, int] = (0, 0),
    before: str = "",
    side: int = 1100,
) -> list[PageView]:
    """The page on which a quote of the document's text begins, and those on which it goes on.

    `quote[answer[0]:answer[1]]` is the answer. `before` is what stands before the quote in the document's text, which
    tells one place from another with the same words. `side` is the picture's shorter side in pixels; a very large or
    long page gets fewer. Raises DocumentError when `data` is no PDF with such a page.
    """
    from pypdfium2 import PdfiumError

    drawn = []
    with opened(data, name) as document:
        with suppress(PdfiumError):  # forms too damaged to be drawn
            document.init_forms()
        leaves, places = _spread(document, name, page, quote, before)
        starts = accumulate((len(leaf.text) + 1 for leaf in leaves), initial=0)
        for leaf, start in zip(leaves, starts, strict=False):
            boxes, answers = (
                _boxes(leaf, [at - start for at in part if at is not None and 0 <= at - start < len(leaf.text)])
                for part in (places, places[slice(*answer)])
            )
            if boxes or leaf is leaves[0]:
                drawn.append((leaf.number, _drawn(leaf.page, side), boxes, answers))
    return [
        PageView(number, *_encoded(picture), picture.width, picture.height, boxes, answers)
        for number, picture, boxes, answers in drawn
    ]


def _spread(document: Any, name: str, page: int, quote: str, before: str) -> tuple[list[_Leaf], list[int | None]]:
    """The pages that hold the quote, and where its characters stand in their texts, put together line by line."""
    leaves = [_leaf(document, name, page)]
    places = align(quote, leaves[0].text, before)
    while places and places[-1] is None and leaves[-1].number < len(document):
        try:
            leaves.append(_leaf(document, name, leaves[-1].number + 1))
        except DocumentError:
            break
        found = align(quote, "\n".join(leaf.text for leaf in leaves), before)
        if found.count(None) >= places.count(None):
            break
        places = found
    return leaves, places


def _leaf(document: Any, name: str, number: int) -> _Leaf:
    from pypdfium2 import PdfiumError, raw

    if not 1 <= number <= len(document):
        many = f"{len(document)} pages" if len(document) > 1 else "1 page"
        raise DocumentError(f"{name!r} has {many}, so that page {number} cannot be shown; index the file again.")
    try:
        page = document[number - 1]
        layer = page.get_textpage()
    except PdfiumError as error:
        raise DocumentError(f"Page {number} of {name!r} cannot be shown: the file is damaged there.") from error
    text = layer_text(raw, layer).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _Leaf(number, page, layer, text, list(accumulate((1 + (char > "\uffff") for char in text), initial=0)))


def _boxes(leaf: _Leaf, places: Sequence[int]) -> tuple[Box, ...]:
    """Boxes over these characters, and over what is no letter between two of them."""
    width, height = (_FINE * size for size in leaf.page.get_size())
    boxes = []
    for left, top, right, bottom in _fragments(leaf, _filled(leaf.text, places)):
        left, right = (min(max(x / width, 0), 1) for x in (left, right))
        top, bottom = (min(max(y / height, 0), 1) for y in (top, bottom))
        if left < right and top < bottom:
            boxes.append(Box(left, top, right - left, bottom - top))
    return tuple(boxes)


def _filled(text: str, places: Sequence[int]) -> Iterator[int]:
    """The places, with those between two of them that hold no letter, such as a hyphen at the end of a line."""
    for place, then in pairwise(places):
        yield place
        if not any(map(str.isalnum, text[place + 1 : then])):
            yield from range(place + 1, then)
    yield from places[-1:]


def _fragments(leaf: _Leaf, places: Iterable[int]) -> list[_Rectangle]:
    """Rectangles around the characters, joined while these follow each other in a line without a wide gap.

    PDFium's own line breaks are not looked at: it sees some between the letters of a word.
    """
    found: list[_Rectangle] = []
    last = 0
    for place in places:
        if leaf.text[place].isspace():
            continue
        box, sideways = _measured(leaf, place)
        if found and last <= place and not leaf.text[last + 1 : place].strip() and _in_line(found[-1], box, sideways):
            joined = found.pop()
            box = _Rectangle(*map(min, joined[:2], box[:2]), *map(max, joined[2:], box[2:]))
        found.append(box)
        last = place
    return found


def _in_line(one: _Rectangle, other: _Rectangle, sideways: bool) -> bool:
    """Whether two rectangles are level with each other and nearer than they are high."""
    low, high = map(max, one[:2], other[:2]), map(min, one[2:], other[2:])
    shared = [end - start for start, end in zip(low, high, strict=True)]  # negative where there is a gap
    along, across = reversed(shared) if sideways else shared
    heights = [box[3 - sideways] - box[1 - sideways] for box in (one, other)]
    return across > min(heights) / 2 and -along < max(heights)


def _measured(leaf: _Leaf, place: int) -> tuple[_Rectangle, bool]:
    """A character's box on the page as it is seen, and whether its line goes up or down there."""
    from pypdfium2 import raw

    index = raw.FPDFText_GetCharIndexFromTextIndex(leaf.layer, leaf.starts[place])
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(leaf.layer, index, box)
    width, height = (round(_FINE * size) for size in leaf.page.get_size())
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for corner in ((box.left, box.top), (box.right, box.bottom)):
        raw.FPDF_PageToDevice(leaf.page, 0, 0, width, height, 0, *corner, x, y)
        corners.append((x.value, y.value))
    (left, right), (top, bottom) = map(sorted, zip(*corners, strict=True))
    turns = raw.FPDFText_GetCharAngle(leaf.layer, index) / (math.pi / 2) + leaf.page.get_rotation() / 90
    return _Rectangle(left, top, right, bottom), round(turns) % 2 == 1


def _drawn(page: Any, side: int) -> "Image":
    width, height = page.get_size()
    scale = min(
        side / min(width, height), math.sqrt(_MOST_PIXELS / (width * height)), _LONGEST_SIDE / max(width, height)
    )
    bitmap = page.render(scale=scale)
    picture: Image = bitmap.to_pil()
    bitmap.close()
    return picture


def _encoded(picture: "Image") -> tuple[bytes, str]:
    """The picture as a file and its format: text and drawings as PNG with few colours, photographs as WebP."""
    from PIL.Image import Dither, Quantize

    target = io.BytesIO()
    colours = picture.getcolors(_COLOURS)
    if colours and max(colours)[0] > _GROUND * picture.width * picture.height:
        picture.quantize(64, Quantize.MAXCOVERAGE, dither=Dither.NONE).save(target, "PNG")
        return target.getvalue(), "image/png"
    picture.save(target, "WEBP", quality=75, method=2)
    return target.getvalue(), "image/webp"
