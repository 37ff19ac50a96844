"""Users files, passwords, and the line that `python -m ui.auth` prints."""

import base64
import getpass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import FootnoteError
from ui import cli
from ui.auth import Secret, Users, credentials, load_users, main

PASSWORD = "correct horse: é"
CHEAP = Secret.of(PASSWORD, n=16, r=1, p=1)


def users_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "users"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_secret_is_of_one_password() -> None:
    assert CHEAP.matches(PASSWORD)
    assert not any(CHEAP.matches(wrong) for wrong in ("", PASSWORD + " ", PASSWORD[:-1], "Correct horse: é"))
    assert CHEAP.matches("correct horse: e\u0301"), "the same letters from another keyboard"


def test_a_secret_is_salted_and_does_not_show_the_password() -> None:
    again = Secret.of(PASSWORD, n=16, r=1, p=1)
    assert again != CHEAP
    assert "horse" not in str(CHEAP)


def test_a_secret_as_text() -> None:
    method, n, r, p, salt, digest = str(CHEAP).split("$")
    assert (method, n, r, p) == ("scrypt", "16", "1", "1")
    assert (len(base64.b64decode(salt)), len(base64.b64decode(digest))) == (16, 32)
    assert Secret.parse(str(CHEAP)) == CHEAP


def test_the_hash_is_scrypt_as_published() -> None:
    """The third test vector of RFC 7914, section 12."""
    salt = base64.b64encode(b"SodiumChloride")
    digest = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")  # its first half
    text = f"scrypt$16384$8$1${salt.decode()}${base64.b64encode(digest).decode()}"
    assert Secret.parse(text).matches("pleaseletmein")


def test_a_users_file(tmp_path: Path) -> None:
    other = Secret.of("other", n=16, r=1, p=1)
    users = load_users(users_file(tmp_path, f"\ufeff# people\n\nada:{CHEAP}\n  \n bob:{other} "))
    assert users.check("ada", PASSWORD)
    assert users.check("bob", "other")
    assert not users.check("ada", "other")
    assert not users.check("eve", PASSWORD)
    assert not users.check("eve", "")


def test_only_right_passwords_are_remembered() -> None:
    users = Users({"ada": CHEAP})
    users.check("ada", "wrong")
    users.check("eve", PASSWORD)
    assert not any(users.knows(name, word) for name in ("ada", "eve") for word in ("wrong", PASSWORD))
    users.check("ada", PASSWORD)
    assert users.knows("ada", PASSWORD)
    assert not users.knows("ada", "wrong")
    assert not users.knows("ad", "a\0" + PASSWORD)
    assert PASSWORD not in repr(vars(users)), "nor is it kept as it is"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names nobody; add a line with: python -m ui.auth NAME"),
        ("# ada\n\n", "names nobody"),
        (f"ada:{CHEAP}\nbob\n", "Line 2 "),
        ("\nada:secret\n", "Line 2 of the users file .* is not name:scrypt.* python -m ui.auth NAME"),
        (f"ada:{CHEAP}".replace("scrypt", "md5"), "Line 1 "),
        (f"ada:{CHEAP}".replace("$16$", "$17$"), "Line 1 "),
        (f"ada:{CHEAP}".replace("$16$", "$1073741824$"), "Line 1 "),
        (f"ada:{CHEAP}".replace("$16$", "$x$"), "Line 1 "),
        (f"ada:{CHEAP}"[:-8], "Line 1 "),
        (f"ada:{CHEAP}$", "Line 1 "),
        (f":{CHEAP}", "Line 1 .* has no name"),
        (f"ada:{CHEAP}\nada:{CHEAP}", "Line 2 .* names 'ada' again"),
    ],
)
def test_a_bad_users_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(FootnoteError, match=says):
        load_users(users_file(tmp_path, text))


def test_a_users_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FootnoteError, match="cannot be read: No such file"):
        load_users(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"ad\xe9:x")
    with pytest.raises(FootnoteError, match="is not UTF-8 text"):
        load_users(tmp_path / "latin")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


TYPED = st.characters(codec="utf-8", exclude_characters=":", exclude_categories=["Cc"])


@given(st.text(TYPED), st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_credentials_are_read_as_given(name: str, password: str) -> None:
    given_name, given_password = credentials(basic(f"{name}:{password}")) or ("", "")
    assert Users({given_name: Secret.of(password, n=2, r=1, p=1)}).check(given_name, given_password)
    assert given_password == password


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (basic("ada:a:b"), ("ada", "a:b")),
        ("Bearer ada:a b", ("ada", "a b")),
        ("bearer  ada:", ("ada", "")),
        ("Bearer ada", None),
        (basic("ada"), None),
        ("Basic ###", None),
        ("Basic " + base64.b64encode(b"\xff:x").decode(), None),
        ("Digest ada:b", None),
        *((basic(text), None) for text in ("ada:b\0", "ada:b\0\0", "ada\0:b", "ada:b\n", "ada:\x7fb")),
        ("Basic", None),
        ("", None),
    ],
)
def test_authorization_headers(header: str, expected: tuple[str, str] | None) -> None:
    assert credentials(header) == expected


def test_the_line_it_prints_lets_one_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: PASSWORD)
    assert main(["ada"]) == 0
    line = capsys.readouterr().out
    assert load_users(users_file(tmp_path, line)).check("ada", PASSWORD)
    assert PASSWORD not in line


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        ([], [], "Expected one name"),
        (["a", "b"], [], "Expected one name"),
        (["a:b"], [], "Expected one name without : or #"),
        (["  "], [], "Expected one name"),
        (["ada"], [""], "The password is empty"),
        (["ada"], ["one", "two"], "The two passwords differ"),
        (["ada"], ["one\t"], "The password has control characters"),
    ],
)
def test_what_it_refuses(
    arguments: list[str],
    typed: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = iter(typed)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert says in captured.err


def test_chat_says_what_is_wrong_with_a_users_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = users_file(tmp_path, "ada:secret")
    assert cli.main(["chat", "--no-browser", "--library", str(tmp_path / "library"), "--auth", str(bad)]) == 2
    assert capsys.readouterr().err.startswith("footnote: Line 1 of the users file")
    assert not (tmp_path / "library").exists()
