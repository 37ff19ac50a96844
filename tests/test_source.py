"""The source panel: who waits for a drawing holds nobody up, and what cannot be drawn is not tried for ever."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from anyio import to_thread
from starlette.requests import Request

from index.library import Library
from index.worker import draw_pages
from rag.types import Answer, Citation, Timings
from tests.fakes import WordEmbedder
from tests.hostile import one_page_pdf, slow_to_draw_pdf
from tests.serving import assistant
from ui import source as showing
from ui.caller import Caller, introduce
from ui.line import Line
from ui.session import Exchange, Shown
from ui.source import Sources
from ui.turns import Turns
from ui.web import build

SLOW = "slow.pdf"


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 120))


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of a page that takes minutes to be drawn, of which it gets a second."""
    monkeypatch.setattr("index.worker.DRAWING_SECONDS", 1.0)
    (tmp_path / SLOW).write_bytes(slow_to_draw_pdf())
    library = Library(tmp_path / "library", WordEmbedder(), create=True)
    library.add_files([(SLOW, tmp_path / SLOW)])
    return library


def cited(library: Library) -> Citation:
    text = library.text(SLOW)
    return Citation(SLOW, 1, 0, len(text), text, 0, len(text))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is tried to be drawn, which it is."""
    names: list[str] = []

    def noted(data: bytes, name: str, *rest: Any) -> Any:
        names.append(name)
        return draw_pages(data, name, *rest)

    monkeypatch.setattr(showing, "draw_pages", noted)
    return names


# The page's events, called as Gradio calls them.


class Page:
    """The page, to be built where a loop runs, and the conversation that each of its sessions has had."""

    def __init__(self, library: Library) -> None:
        self._page = build(Line().answering(assistant(library).stream), library, lambda _: iter(()))
        answer = Answer("When?", "noon", 0.9, 0.5, (cited(library),), (), Timings(1, 1))
        self._talk = (Exchange("When?", answer),)

    async def event(self, name: str, client: str, session: str, shown: Shown | None = None, **data: str) -> str | None:
        """The source that it shows; None where it leaves what is shown."""
        scope: dict[str, Any] = {"type": "http", "headers": []}
        introduce(Caller(client), scope)
        (known, *_) = (fn for fn in self._page.fns.values() if fn.name == name)
        inputs = [self._talk, shown][: len(known.inputs)]
        request = gr.Request(Request(scope), session_hash=session)
        called = await self._page.call_function(known, inputs, requests=request, event_data=gr.EventData(None, data))
        views = [value for part, value in called["prediction"].items() if getattr(part, "elem_id", "") == "source"]
        return views[0] if views else None


@pytest.mark.parametrize("event", ["cite", "newest", "step", "view"])
def test_pages_that_are_slow_to_draw_hold_up_nothing_else(library: Library, event: str) -> None:
    async def test() -> None:
        page = Page(library)
        how: dict[str, Any] = {"turn": "0", "citation": "0", "by": "0", "shown": Shown(0, as_text=event == "view")}
        drawn = [asyncio.create_task(page.event(event, f"client {n}", f"session {n}", **how)) for n in range(60)]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        for _ in range(5):
            await to_thread.run_sync(library.documents)
        assert time.monotonic() - began < 1 < 60 / 2  # seconds it would take, two at a time
        views = await asyncio.gather(*drawn)
        assert all(view and library.text(SLOW).split()[0] in view for view in views)

    run(test())


def test_of_many_citations_one_session_sees_the_last(library: Library, tried: list[str]) -> None:
    async def test() -> None:
        page = Page(library)
        wanted = []
        for _ in range(60):
            wanted.append(asyncio.create_task(page.event("cite", "ada", "page", turn="0", citation="0")))
            await asyncio.sleep(0)
        views = await asyncio.gather(*wanted)
        assert views[-1]
        assert views[:-1] == [None] * 59

    run(test())
    assert len(tried) == 1


# Pages that cannot be drawn.


def test_a_page_that_was_given_up_is_shown_as_text_at_once(
    library: Library, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, citation = Sources(library), cited(library)

    async def test() -> None:
        shows = partial(sources.body, Caller("ada"), "page", as_text=False)
        first = await shows(citation)
        assert first is not None
        assert first[1]
        assert await shows(citation) == first
        assert len(tried) == 1
        monkeypatch.setattr(showing, "GIVEN_UP", 0.0)  # long ago
        assert await shows(citation) == first
        assert len(tried) == 2

    run(test())


def test_a_page_that_was_given_up_is_drawn_once_its_file_is_another(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, citation = Sources(library), cited(library)

    async def test() -> None:
        shows = partial(sources.body, Caller("ada"), "page", citation, as_text=False)
        given_up = await shows()
        assert given_up is not None
        assert "<img" not in given_up[0]
        (tmp_path / SLOW).write_bytes(one_page_pdf(b"", b""))
        library.add_files([(SLOW, tmp_path / SLOW)])
        monkeypatch.setattr("index.worker.DRAWING_SECONDS", 5.0)
        drawn = await shows()
        assert drawn is not None
        assert "<img" in drawn[0]

    run(test())


def test_few_of_the_pages_that_were_given_up_are_remembered(library: Library) -> None:
    sources = Sources(library)
    for number in range(10 * showing.REMEMBERED):
        sources._give_up(f"content {number}", 1)
    assert len(sources._given_up) == showing.REMEMBERED
    assert not sources._is_given_up(replace(cited(library), page=2))


# Turns.


class Work:
    """Work of a name that goes on until it is let."""

    def __init__(self) -> None:
        self.at_work: list[str] = []
        self.most = 0
        self.ends = threading.Event()

    def named(self, name: str) -> Callable[[], str]:
        def do() -> str:
            self.at_work.append(name)
            self.most = max(self.most, len(self.at_work))
            assert self.ends.wait(60)
            self.at_work.remove(name)
            return name

        return do


def nothing() -> None:
    """What there is at once."""


async def begun(work: Work, count: int) -> None:
    while len(work.at_work) < count:
        await asyncio.sleep(0.01)


def test_two_are_at_work_one_of_each_client() -> None:
    async def test() -> None:
        turns, work = Turns(2), Work()
        wanted = [
            asyncio.create_task(turns.take(Caller(client), session, nothing, work.named(f"{client} {session}")))
            for client, session in [("ada", "1"), ("ada", "2"), ("bob", "3"), ("cyd", "4")]
        ]
        await begun(work, 2)
        await asyncio.sleep(0.1)
        assert len({name.split()[0] for name in work.at_work}) == len(work.at_work) == 2
        work.ends.set()
        assert await asyncio.gather(*wanted) == ["ada 1", "ada 2", "bob 3", "cyd 4"]
        assert work.most == 2

    run(test())


def test_what_a_session_wanted_before_is_done_no_more_or_given_no_more() -> None:
    async def test() -> None:
        turns, work = Turns(2), Work()
        ada = Caller("ada")
        first, other, second = (
            asyncio.create_task(turns.take(ada, session, nothing, work.named(name)))
            for session, name in (("page", "first"), ("other page", "other"), ("page", "second"))
        )
        await begun(work, 1)
        assert await turns.take(ada, "page", lambda: "third", work.named("never")) == "third"
        assert await second is None
        work.ends.set()
        assert (await first, await other) == (None, "other")

    run(test())


def test_who_left_has_no_turn() -> None:
    async def test() -> None:
        turns, work = Turns(1), Work()
        first = asyncio.create_task(turns.take(Caller("ada"), "1", nothing, work.named("ada")))
        await begun(work, 1)
        leaver = Caller("bob")
        left = asyncio.create_task(turns.take(leaver, "2", nothing, work.named("bob")))
        await asyncio.sleep(0.05)
        leaver.gone.set()
        assert await left is None
        work.ends.set()
        assert await first == "ada"
        assert await turns.take(Caller("cyd"), "3", nothing, work.named("cyd")) == "cyd"
        assert not turns._last

    run(test())


def test_work_that_fails_frees_its_place() -> None:
    def fails() -> None:
        raise ValueError("so")

    async def test() -> None:
        turns = Turns(1)
        for _ in range(3):
            with pytest.raises(ValueError, match="so"):
                await turns.take(Caller("ada"), "page", nothing, fails)

    run(test())
