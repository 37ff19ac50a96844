import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import DocumentError
from index.formats.encoding import decode

IRISH = "Tá an Ghaeilge á labhairt i nÉirinn ó aimsir na réamhstaire, agus tá stádas faoi leith aici."
GERMAN = "Die Größe des Gerätes beträgt 30 cm. Für Rückfragen stehen wir gerne zur Verfügung."
FRENCH = "L’été dernier, nous sommes allés à la plage où les enfants ont mangé des gâteaux : 30 €."
DANISH = "Jeg går på gaden og spiser rødgrød med fløde og blåbær fra Ærø."
POLISH = "Książka leży na stole. Właściciel mieszkania prosi o zapłacenie czynszu do końca miesiąca."
CZECH = "Výrobek můžete vrátit do čtrnácti dnů. Záruka je dva roky a nevztahuje se na běžné opotřebení."
HUNGARIAN = "A készülék használata előtt olvassa el a kezelési útmutatót, és őrizze meg a dobozában."
TURKISH = "Cihazı kullanmadan önce lütfen kılavuzu dikkatlice okuyunuz; güneşli bir gün."
LATVIAN = "Pirms ierīces lietošanas rūpīgi izlasiet instrukciju un saglabājiet to vēlākai uzziņai, lūdzu, šeit."
RUSSIAN = "Москва является столицей России. Перед использованием прочитайте инструкцию."
GREEK = "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας. Διαβάστε τις οδηγίες και φυλάξτε τες."
JAPANESE = "東京は日本の首都です。使用する前に説明書をよくお読みになり、大切に保管してください。"
CHINESE = "北京是中华人民共和国的首都。使用前请仔细阅读说明书，并妥善保管。"
KOREAN = "서울은 대한민국의 수도입니다. 사용하기 전에 설명서를 잘 읽고 보관하십시오."

LEGACY = [
    ("café x", "cp1252"),
    ("Preis: 30 €", "cp1252"),
    ("Preis: 30 €", "iso8859_15"),
    ("He said “yes” – don’t ask… £5, 200 °C ± 5°, ½ cup, § 3, 8 m²", "cp1252"),
    ("Il cane è qui. Dove è?", "cp1252"),
    ("CAFÉ MÜLLER", "cp1252"),
    (f"{IRISH} {IRISH}", "cp1252"),
    (GERMAN, "cp1252"),
    (GERMAN, "mac_roman"),
    (GERMAN, "cp850"),
    (FRENCH, "cp1252"),
    (DANISH, "cp1252"),
    (POLISH, "cp1250"),
    (POLISH, "iso8859_2"),
    (CZECH, "cp1250"),
    (CZECH, "iso8859_2"),
    (HUNGARIAN, "cp1250"),
    (TURKISH, "cp1254"),
    (LATVIAN, "cp1257"),
    ("Привет, мир", "cp1251"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8_r"),
    (RUSSIAN, "cp866"),
    (GREEK, "cp1253"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc_jp"),
    (CHINESE, "gb18030"),
    (KOREAN, "euc_kr"),
]


@pytest.mark.parametrize(("text", "codec"), LEGACY)
def test_legacy_encodings(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "a.txt") == text


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, "naïve — “x”\n", "Привет,\nмир.\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_a_mark(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "a.txt") == text


def test_line_ends() -> None:
    assert decode("a\r\nb\rc\né".encode("cp1252"), "a.txt") == "a\nb\nc\né"


def test_utf8_with_a_broken_character_stays_utf8() -> None:
    assert decode(GERMAN.encode() + b"\xff \xc3", "a.txt") == GERMAN + "\ufffd \ufffd"


@pytest.mark.parametrize("data", [b"ab\0c", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"caf\xe9\0 x", bytes(range(32)) * 9])
def test_a_binary_file(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data, "a.txt")
    message = "'a.txt' is a binary file, not text; add the document it was made from instead."
    assert str(caught.value) == message


def test_a_control_character_or_two_are_no_binary_file() -> None:
    text = "\x1b[1mbold\x1b[0m and a form\ffeed, " * 9 + "\x08"
    assert decode(text.encode(), "a.txt") == text


@pytest.mark.parametrize(
    ("data", "codec", "at"), [(b"\xff\xfea\0b", "UTF-16", 4), (b"\xff\xfe\0\0a\0\0\0b", "UTF-32", 8)]
)
def test_wrong_data_after_a_mark(data: bytes, codec: str, at: int) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data, "a.txt")
    message = f"'a.txt' is not {codec} text (byte {at} does not fit); save it as UTF-8 and add it again."
    assert str(caught.value) == message


@pytest.mark.parametrize("codec", ["cp1252", "shift_jis"])
def test_large_files_in_bounded_time(codec: str) -> None:
    text = (GERMAN if codec == "cp1252" else JAPANESE) * 30_000
    start = time.process_time()
    assert decode(text.encode(codec), "a.txt") == text
    assert time.process_time() - start < 3


def test_what_is_far_down_counts() -> None:
    text = "Only letters of ASCII here. " * 50_000 + POLISH
    assert decode(text.encode("cp1250"), "a.txt") == text


@given(st.binary(max_size=300))
def test_any_bytes_become_text_or_one_error(data: bytes) -> None:
    try:
        assert "\r" not in decode(data, "a.txt")
    except DocumentError as error:
        assert str(error).startswith("'a.txt' is ")


def test_noise_without_control_characters_is_read_somehow() -> None:
    noise = bytes(random.Random(1).choices(range(32, 256), k=5000))
    assert decode(noise, "a.txt")
