"""Who may use the server: a users file and the check of a name and a password. Knows nothing of pages or documents.

`python -m ui.auth NAME` asks for a password and prints the line to add to a users file.
"""

import base64
import getpass
import hashlib
import hmac
import secrets
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.errors import FootnoteError

FORM = "name:scrypt$n$r$p$salt$hash"
N, R, P = 2**14, 8, 5  # the cost of scrypt: 16 MB and some 200 ms of a core
LENGTH = 32  # bytes of a hash


@dataclass(frozen=True)
class Secret:
    """A password as it is stored: scrypt (RFC 7914) of it with a salt of its own."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str, n: int = N, r: int = R, p: int = P) -> "Secret":
        """A new secret of a password."""
        salt = secrets.token_bytes(16)
        return cls(n, r, p, salt, _scrypt(password, n, r, p, salt))

    @classmethod
    def parse(cls, text: str) -> "Secret":
        """The secret that `str` gave. Raises ValueError."""
        method, *numbers, salt, digest = text.split("$")
        n, r, p = map(int, numbers)
        bounded = 2 <= n <= 2**20 and n & (n - 1) == 0 and 1 <= r <= 32 and 1 <= p <= 32
        salt_bytes, digest_bytes = (base64.b64decode(part, validate=True) for part in (salt, digest))
        if method != "scrypt" or not bounded or len(salt_bytes) < 8 or len(digest_bytes) != LENGTH:
            raise ValueError(text)
        return cls(n, r, p, salt_bytes, digest_bytes)

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"

    def matches(self, password: str) -> bool:
        """Whether this is the password, compared in constant time."""
        return hmac.compare_digest(_scrypt(password, self.n, self.r, self.p, self.salt), self.digest)


class Users:
    """The people of a users file. A right password is remembered, by a keyed hash, so that scrypt runs once for it."""

    def __init__(self, people: Mapping[str, Secret]) -> None:
        self._people = dict(people)
        any_secret = next(iter(self._people.values()))
        self._decoy = Secret.of("", any_secret.n, any_secret.r, any_secret.p)
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()

    def knows(self, name: str, password: str) -> bool:
        """Whether this name and password were found right before. Takes no time."""
        return self._mark(name, password) in self._right

    def check(self, name: str, password: str) -> bool:
        """Whether they are right; takes the time of scrypt, for a name that nobody has too."""
        right = self._people.get(name, self._decoy).matches(password) and name in self._people
        if right:
            self._right.add(self._mark(name, password))
        return right

    def _mark(self, name: str, password: str) -> bytes:
        return hashlib.blake2b(f"{name}\0{password}".encode(), key=self._key).digest()


def load_users(path: Path) -> Users:
    """Read a users file: a line each of `name:scrypt$n$r$p$salt$hash`, `#` for comments. Raises FootnoteError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise FootnoteError(f"The users file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FootnoteError(f"The users file {path} is not UTF-8 text; write lines of {FORM}.") from error
    people: dict[str, Secret] = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        name, _, stored = unicodedata.normalize("NFC", line).partition(":")
        try:
            secret = Secret.parse(stored)
        except ValueError as error:
            raise FootnoteError(
                f"Line {number} of the users file {path} is not {FORM}; make one with: python -m ui.auth NAME"
            ) from error
        if not name or name in people:
            wrong = f"names {name!r} again" if name else "has no name"
            raise FootnoteError(f"Line {number} of the users file {path} {wrong}; give each person one line.")
        people[name] = secret
    if not people:
        raise FootnoteError(f"The users file {path} names nobody; add a line with: python -m ui.auth NAME")
    return Users(people)


def credentials(header: str) -> tuple[str, str] | None:
    """Name and password of an Authorization header, `Basic` or `Bearer name:password`; None where it has none.

    Nor has one with control characters: scrypt takes a password with zeros behind it for the same.
    """
    scheme, _, given = header.partition(" ")
    given = given.strip()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode()
        except ValueError:
            return None
    elif scheme.lower() != "bearer":
        return None
    name, colon, password = unicodedata.normalize("NFC", given).partition(":")
    return (name, password) if colon and not _has_controls(given) else None


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _scrypt(password: str, n: int, r: int, p: int, salt: bytes) -> bytes:
    text = unicodedata.normalize("NFC", password).encode()
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r + 2**20, dklen=LENGTH)


def main(arguments: list[str]) -> int:
    """Ask for a password twice and print the line for a users file; the exit code is 0, or 2 for bad input."""
    try:
        if len(arguments) != 1 or not arguments[0].strip() or set(arguments[0]) & set(":#\n\r"):
            raise FootnoteError("Expected one name without : or #, as in: python -m ui.auth ada")
        password = getpass.getpass("Password: ")
        if not password:
            raise FootnoteError("The password is empty; choose one.")
        if _has_controls(password):
            raise FootnoteError("The password has control characters; choose one that can be typed.")
        if getpass.getpass("Again: ") != password:
            raise FootnoteError("The two passwords differ; start again.")
    except FootnoteError as error:
        print(f"footnote: {error}", file=sys.stderr)
        return 2
    print(f"{arguments[0].strip()}:{Secret.of(password)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
