"""Another system as an answering function, over HTTP, so that it meets the same gold set.

Knows nothing of gold sets or scores. Its addresses are those a person named: redirects are not followed and the
environment's proxies are not used.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import perf_counter
from typing import Any

import httpx

from eval.replies import read_ask, read_chat
from eval.run import Corpus
from index.errors import FootnoteError
from rag.types import Answer, Turn

TIMEOUT = 300.0  # seconds that a system may be silent
ABSTAINED = "The documents do not say."  # as an assistant's earlier message

_ASK = "/api/ask"
_MODELS = "/models"
_CHAT = "/chat/completions"
_FORMS = f"http://HOST:PORT, or an address that ends in {_ASK}, /v1 or /v1{_CHAT}"

Ask = Callable[[str, Sequence[Turn]], Answer]


@contextmanager
def system(
    url: str, corpus: Corpus, *, model: str | None = None, key: str | None = None, timeout: float = TIMEOUT
) -> Iterator[Ask]:
    """Ask the server at this address, which may hold `user:password@`; `key` is a bearer token.

    One that ends in /api/ask speaks Footnote's JSON, one in /v1 or /chat/completions OpenAI's; any other is tried for
    /api/ask and then for /v1/models below it. `model` is the first of /v1/models unless given. Settings such as the
    temperature are left to the server. A question that fails with a server error or in silence is asked once more.

    Quotes and passages are looked for in the corpus, whose text must be "" for an unknown document. Raises
    FootnoteError for an address that is none, a server that does not answer, and a reply of another shape.
    """
    address, user = _parsed(url)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    waits = httpx.Timeout(timeout, connect=min(timeout, 10.0))
    with httpx.Client(auth=user, headers=headers, timeout=waits, trust_env=False) as http:
        path = address.path.rstrip("/")
        if path.endswith(_ASK):
            yield partial(_ask, http, _at(address, path), corpus)
        elif path.endswith((_CHAT, "/v1")):
            yield _chatting(http, _at(address, path.removesuffix(_CHAT)), corpus, model)
        elif _speaks_footnote(http, _at(address, path + _ASK)):
            yield partial(_ask, http, _at(address, path + _ASK), corpus)
        else:
            yield _chatting(http, _at(address, f"{path}/v1"), corpus, model, probed=True)


def _parsed(url: str) -> tuple[httpx.URL, tuple[str, str] | None]:
    """An address and, apart from it, its user and password."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise FootnoteError(f"{url!r} is not the address of a system ({error}); expected {_FORMS}.") from error
    user = (parsed.username, parsed.password) if parsed.userinfo else None
    address = parsed.copy_with(username=None, password=None, fragment=None)
    if address.scheme not in ("http", "https") or not address.host:
        raise FootnoteError(f"{str(address)!r} is not the address of a system; expected {_FORMS}.")
    return address, user


def _at(address: httpx.URL, path: str) -> httpx.URL:
    return address.copy_with(path=path)


def _called(address: httpx.URL) -> str:
    """An address as it may be shown: without what may be a key."""
    return str(address.copy_with(query=None))


def _speaks_footnote(http: httpx.Client, address: httpx.URL) -> bool:
    """Whether POST is taken there and answered in JSON; a body without a question gets no more than a refusal."""
    response = _sent(http, "POST", address, {})
    if response.status_code in (401, 403):
        raise FootnoteError(_refused(response, address))
    return response.status_code not in (404, 405, 501) and "json" in response.headers.get("content-type", "")


def _chatting(http: httpx.Client, base: httpx.URL, corpus: Corpus, model: str | None, probed: bool = False) -> Ask:
    return partial(_chat, http, _at(base, base.path + _CHAT), corpus, model or _first_model(http, base, probed))


def _first_model(http: httpx.Client, base: httpx.URL, probed: bool) -> str:
    address = _at(base, base.path + _MODELS)
    response = _sent(http, "GET", address)
    if probed and response.status_code in (404, 405, 501):
        raise FootnoteError(
            f"{_called(_at(base, base.path.removesuffix('/v1') or '/'))} serves neither {_ASK} nor /v1{_MODELS}; "
            f"expected {_FORMS}."
        )
    reply = _json(response, address)
    try:
        name = reply["data"][0]["id"]
    except (KeyError, IndexError, TypeError):
        name = None
    if not isinstance(name, str):
        raise FootnoteError(f"{_called(address)} names no model; say which with --model.")
    return name


def _ask(http: httpx.Client, address: httpx.URL, corpus: Corpus, question: str, history: Sequence[Turn]) -> Answer:
    before = [{"question": turn.question, "answer": turn.answer} for turn in history]
    reply, milliseconds = _posted(http, address, {"question": question, "history": before}, question)
    try:
        return read_ask(reply, question, corpus, milliseconds)
    except ValueError as error:
        expected = 'a JSON object with "answer", a string or null'
        raise FootnoteError(f"{_called(address)}: expected {expected}; found {error}.") from error


def _chat(
    http: httpx.Client, address: httpx.URL, corpus: Corpus, model: str, question: str, history: Sequence[Turn]
) -> Answer:
    messages = []
    for turn in history:
        messages.append({"role": "user", "content": turn.question})
        messages.append({"role": "assistant", "content": turn.answer or ABSTAINED})
    messages.append({"role": "user", "content": question})
    body = {"model": model, "messages": messages, "stream": False}
    reply, milliseconds = _posted(http, address, body, question)
    try:
        return read_chat(reply, question, corpus, milliseconds)
    except ValueError as error:
        expected = 'a chat completion, {"choices": [{"message": …}]}'
        raise FootnoteError(f"{_called(address)}: expected {expected}; found {error}.") from error


def _posted(http: httpx.Client, address: httpx.URL, body: object, question: str) -> tuple[Any, float]:
    """The reply and the milliseconds it took: of the second try where the first failed."""
    try:
        began = perf_counter()
        response = _unless_down(http, address, body)
        if response is None:
            began = perf_counter()
            response = _sent(http, "POST", address, body)
        return _json(response, address), 1000 * (perf_counter() - began)
    except FootnoteError as error:
        raise FootnoteError(f"{error} The question was {_line(question, 80)!r}.") from error


def _unless_down(http: httpx.Client, address: httpx.URL, body: object) -> httpx.Response | None:
    try:
        response = _sent(http, "POST", address, body)
    except FootnoteError:
        return None
    return response if response.status_code < 500 else None


def _sent(http: httpx.Client, method: str, address: httpx.URL, body: object = None) -> httpx.Response:
    try:
        return http.request(method, address, content=None if body is None else json.dumps(body).encode())
    except httpx.TimeoutException as error:
        raise FootnoteError(f"{_called(address)} was silent for too long; is the system running there?") from error
    except httpx.RequestError as error:
        why = _line(str(error), 120) or type(error).__name__
        raise FootnoteError(f"{_called(address)} cannot be reached ({why}); is the system running there?") from error


def _json(response: httpx.Response, address: httpx.URL) -> Any:
    if not response.is_success:
        raise FootnoteError(_refused(response, address))
    try:
        return response.json()
    except ValueError as error:
        found = _line(response.text, 60)
        raise FootnoteError(f"{_called(address)}: expected JSON; found {found!r}.") from error


def _refused(response: httpx.Response, address: httpx.URL) -> str:
    """A sentence with the status and what the server says of it."""
    said: object = response.text
    with suppress(ValueError):
        said = response.json()
    for name in ("error", "detail", "message"):
        said = said.get(name, said) if isinstance(said, dict) else said
    told = f": {_line(said if isinstance(said, str) else json.dumps(said), 200)}" if said else ""
    hints = {
        401: " Give a name and password in the address, http://NAME:PASSWORD@HOST, or a key in FOOTNOTE_API_KEY.",
        404: f" Expected {_FORMS}.",
    }
    if response.is_redirect:
        told = f", a redirect to {_line(response.headers.get('location', '?'), 200)}; name that address if you mean it"
    sentence = f"{_called(address)} answered {response.status_code}{told}"
    return sentence.rstrip(".") + "." + hints.get(response.status_code, "")


def _line(text: str, length: int) -> str:
    """One printable line of at most so many characters."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    return line if len(line) <= length else line[: length - 1] + "…"
