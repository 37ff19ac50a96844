"""Bytes to text. Tells legacy encodings apart by the letters that languages use; knows no words of any."""

import re
from itertools import islice

from index.errors import DocumentError

SAMPLE = 64_000  # bytes, at most, that a guess is made from

_MARKS = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_BINARY = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_FOREIGN = re.compile(rb"[A-Za-z]{0,3}[\x80-\xff][^\x00-\x2f]*")  # a word's end: none of these is half a character
# What else is written in the name of a codec.
WIDER = {"iso8859-1": "cp1252", "iso8859-9": "cp1254", "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030"}

# Letters of languages, of the codecs that write them, and signs of all.
_WEST = "àâæçéèêëîïôœùûü äöüßé áéíñóúü áâãàçéêíóôõú àèéìíòóù æøåéô åäöé áéíóúýðþæö áéèëêíïóôöúüû àçèéíïòóúü·"
_EAST = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž"
_NORTH = "ąčęėįšųūž āčēģīķļņšūž äõöüšž"
_ALPHABETS = {
    **{"cp1254": "çğıöşüâ", "cp1252": _WEST, "iso8859_15": _WEST, "cp1250": _EAST, "iso8859_2": _EAST},
    **{"cp1257": _NORTH, "mac_roman": _WEST, "cp850": _WEST, "cp852": _EAST},
}
_SIGNS = "€£§°±²³¹½¼¾«»“”‘’„‚–—…•·©®™¿¡´×÷µªº\xa0"
_OTHERS = "cp1251 koi8_r cp1253 cp1255 cp1256 cp866 iso8859_5 shift_jis euc_jp gb18030 big5 euc_kr"


def decode(data: bytes, name: str) -> str:
    """The text in its most likely encoding, with new lines as line ends. Raises DocumentError."""
    text = _read(data, name)
    if "\0" in text or 100 * len(_BINARY.findall(text)) > len(text):
        raise DocumentError(f"{name!r} is a binary file, not text; add the document it was made from instead.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read(data: bytes, name: str) -> str:
    codec = next((codec for mark, codec in _MARKS.items() if data.startswith(mark)), _wide(data) or "utf-8-sig")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        if codec in _MARKS.values():
            raise DocumentError(
                f"{name!r} is not {codec.upper()} text (byte {error.start} does not fit); "
                "save it as UTF-8 and add it again."
            ) from error
    text = data.decode("utf-8-sig", "replace")
    if 4 * text.count("\ufffd") <= len(text) - len(text.encode("ascii", "ignore")):
        return text  # UTF-8 but for a few broken characters
    return data.decode(_guess(data), "replace")


def _wide(data: bytes) -> str | None:
    """The codec of two bytes a character that the zeros among these bytes speak for."""
    even, odd = data[:SAMPLE:2].count(0), data[1:SAMPLE:2].count(0)
    if max(even, odd) < max(4, min(len(data), SAMPLE) // 20, 4 * min(even, odd)):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _guess(data: bytes) -> str:
    """The codec of text that is not Unicode."""
    from charset_normalizer import from_bytes

    words = (word[0] for word in islice(_FOREIGN.finditer(data), SAMPLE // 4))
    sample = b" ".join(words)[:SAMPLE]
    fits = {codec: _fit(f" {sample.decode(codec, 'replace')} ", alphabets) for codec, alphabets in _ALPHABETS.items()}
    best = max(fits, key=lambda codec: fits[codec])
    if fits[best] > 0.7:
        return best
    other = from_bytes(sample, cp_isolation=_OTHERS.split(), threshold=0.9).best()
    return WIDER.get(other.encoding, other.encoding) if other else best


def _fit(text: str, alphabets: str) -> float:
    """How much of what is not ASCII stands as one of these languages would have it, from 0 to 1."""
    letters, signs, plain, pairs = "", 0, 0, 0
    for before, char, after in zip(text, text[1:], text[2:], strict=False):
        if char < "\x80":
            plain += char.isalpha()
        elif char.isalpha() and char not in "ªº" and not (before.islower() and char.isupper()):
            letters += char
            pairs += before > "\x7f" and before.isalpha()
        elif char in _SIGNS:
            closing = not after.isalnum() and (char not in "¹³" or before == "m")
            signs += char in "’·–—\xa0" or not before.isalpha() or closing
    if pairs and len(letters) > 2 * plain:
        return 0  # another script: its words hold no ASCII letters
    known = max(sum(letter in alphabet for letter in letters.lower()) for alphabet in alphabets.split())
    return (signs + known) / max(sum(char > "\x7f" for char in text), 1)
