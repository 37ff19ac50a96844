"""The report in a browser: found by kind, word and order, readable by all, and alone with itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from eval.page import write_page
from eval.records import Record
from eval.scores import score
from tests.browser.test_reach import require_accessible
from tests.test_eval_page import EACH

OpenReport = Callable[..., AbstractContextManager[Page]]

ATTACK = "<img src=https://example.org/x onerror='hit=1'></script><script>hit=1</script>"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each kind of question twice, one of them full of hostile text."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    records: list[Record] = []
    for number, record in enumerate(EACH.values(), start=1):
        records.append(replace(record, question=f"Question {number}, plain?", confidence=number / 10))
        passages = tuple(replace(passage, text=ATTACK + "long" * 400) for passage in record.passages)
        hostile = {"question": f"Odd {number}? {ATTACK}", "candidate": "long" * 400, "passages": passages}
        records.append(replace(record, **hostile, confidence=1 - number / 20, follows=True))  # type: ignore[arg-type]
    write_page(path, "gold.jsonl", score(records), records, {"made": {"started": "today"}}, {"mode": "open"})
    return path


@pytest.fixture(scope="module")
def open_report(browser: Browser, path: Path) -> OpenReport:
    @contextmanager
    def opened(**options: object) -> Iterator[Page]:
        """The report; any request but for the file itself, and any error or refusal of a script, fails the test."""
        context = browser.new_context(**options)  # type: ignore[arg-type]
        tab = context.new_page()
        requests: list[str] = []
        wrong: list[str] = []
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda message: wrong.append(message.text))
        tab.goto(path.as_uri())
        yield tab
        context.close()
        assert requests == [path.as_uri()]
        assert wrong == []

    return opened


@pytest.fixture
def report(open_report: OpenReport) -> Iterator[Page]:
    with open_report() as tab:
        yield tab


def shown(page: Page) -> list[str]:
    kinds = "nodes => nodes.filter(node => node.checkVisibility()).map(node => node.dataset.kind)"
    return list(page.locator("#questions > details").evaluate_all(kinds))


def test_questions_are_found_by_kind_word_and_order(report: Page) -> None:
    assert len(shown(report)) == 12
    expect(report.get_by_role("status")).to_have_text("12 of 12 questions")
    report.get_by_label("reader miss", exact=True).check(force=True)
    assert shown(report) == ["reader-miss"] * 2
    report.get_by_label("errors", exact=True).check(force=True)
    assert set(shown(report)) == {"false-answer", "reader-miss", "retrieval-miss", "wrong-abstention"}
    report.get_by_role("searchbox").fill("PLAIN question")
    assert shown(report) == ["false-answer", "reader-miss", "retrieval-miss", "wrong-abstention"]
    expect(report.get_by_role("status")).to_have_text("4 of 12 questions")
    report.get_by_role("combobox").select_option("most confident first")
    assert shown(report) == ["wrong-abstention", "retrieval-miss", "reader-miss", "false-answer"]
    report.get_by_role("combobox").select_option("as asked")
    assert shown(report)[0] == "false-answer"
    report.get_by_role("searchbox").fill("nowhere to be found")
    expect(report.get_by_role("status")).to_have_text("0 of 12 questions")


def test_the_keyboard_chooses_and_opens(report: Page) -> None:
    report.get_by_label("all", exact=True).focus()
    report.keyboard.press("ArrowRight")
    assert len(shown(report)) == 8
    report.locator("#questions summary").first.focus()
    report.keyboard.press("Enter")
    expect(report.locator("#questions dl").first).to_be_visible()
    report.get_by_role("button", name="Open all shown").press("Enter")
    assert report.locator("#questions > details[open]").count() == 8
    report.get_by_role("button", name="Open all shown").press("Enter")
    assert report.locator("#questions > details[open]").count() == 0


def test_hostile_text_is_seen_and_does_nothing(report: Page) -> None:
    report.get_by_role("button", name="Open all shown").click()
    expect(report.locator(".question", has_text="onerror").first).to_be_visible()
    assert report.evaluate("typeof hit") == "undefined"


def test_a_script_that_got_in_would_be_refused(open_report: OpenReport, path: Path, browser: Browser) -> None:
    source = path.read_text(encoding="utf-8")
    assert "</main>" in source
    broken = path.with_name("broken.html")
    broken.write_text(source.replace("</main>", f"{ATTACK}</main>"), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(broken.as_uri())
    assert tab.evaluate("typeof hit") == "undefined"
    assert tab.locator("#told").inner_text() == "12 of 12 questions", "the page's own script does run"
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_all_can_read_it(open_report: OpenReport, scheme: str, width: int) -> None:
    with open_report(viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        require_accessible(page)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        require_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_everything_is_there(open_report: OpenReport) -> None:
    with open_report(java_script_enabled=False) as page:
        expect(page.locator("#tools")).to_be_hidden()
        expect(page.locator("#questions summary")).to_have_count(12)
        page.locator("#questions summary").first.click()
        expect(page.locator("#questions dl").first).to_be_visible()
