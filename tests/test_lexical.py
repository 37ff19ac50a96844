import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.lexical import match_query
from index.library import Library
from index.types import Document


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Where does the ferry leave?", '"ferry" OR "leave"'),
        ("Ferry, ferry: FERRY", '"ferry"'),
        ('"AND" OR (NEAR* col:x)', '"near" OR "col" OR "x"'),
        ('a"b" -c ^d {e}', '"b" OR "c" OR "d" OR "e"'),
        ("What is it?", '"what" OR "is" OR "it"'),
        ("how long do I have to pay my rent", '"pay" OR "rent"'),
        ("Dún Laoghaire 2024", '"dún" OR "laoghaire" OR "2024"'),
        ("?! …", ""),
        ("", ""),
    ],
)
def test_query(question: str, query: str) -> None:
    assert match_query(question) == query


@pytest.fixture
def towns(library: Library) -> Library:
    texts = {"Cobh": "Cobh is near (col) the café.", "Cork": "Cork runs the ferries. What is it?", "Hook": "A light."}
    library.add([Document.from_text(name, text) for name, text in texts.items()])
    return library


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ('"AND" OR (NEAR* col:x)', ["Cobh"]),
        ("ferry running", ["Cork"]),  # stems
        ("CAFE", ["Cobh"]),  # without its accent
        ("What is it?", ["Cork", "Cobh"]),  # only stop words, which are all that can be asked for
        ("lighthouse", []),
        ("?!", []),
    ],
)
def test_search(towns: Library, question: str, found: list[str]) -> None:
    hits = towns.search(question, 5)[1]
    assert [hit.passage.document for hit in hits] == found
    assert all(hit.score > 0 for hit in hits)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text('"*^:(){}+-_ANDORNEAR\0', max_size=60))
def test_no_question_is_a_syntax_error(towns: Library, question: str) -> None:
    assert len(towns.search(question, 5)[0]) == 3


def test_very_many_words(towns: Library) -> None:
    question = " ".join(f"word{number}" for number in range(500)) + " light"
    assert [hit.passage.document for hit in towns.search(question, 5)[1]] == ["Hook"]
