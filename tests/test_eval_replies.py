"""What other systems say: answers, abstentions, citations and passages of every shape."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.replies import NOWHERE, abstains, path_of, plain, read_ask, read_chat
from eval.run import Corpus
from index.types import Hit, Passage
from rag.types import Answer, Citation, Timings
from tests.strategies import texts
from ui.completions import answer_markdown
from ui.render import answer_json

TEXT = "The tank holds 260 litres.\nThe pump draws 2 kW. The tank holds 260 litres."
TEXTS = {"docs/tank.txt": TEXT, "docs/spain.txt": "Spain is warm."}
CORPUS = Corpus(list(TEXTS), lambda path: TEXTS.get(path, ""), ())


def chat(content: object, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **fields}}]}


def heard(content: object, **fields: Any) -> Answer:
    return read_chat(chat(content, **fields), "How much?", CORPUS, 12.0)


@pytest.mark.parametrize(
    "content",
    [
        "The documents do not say.",
        "I don't know.",
        "I don’t know, but you might ask the manufacturer.",
        "I'm sorry, but I cannot find that in the provided documents.",
        "Sorry, I couldn't find any information about that.",
        "Unfortunately, the provided context does not mention the price. It does mention the volume [1].",
        "Based on the provided context, there is no information about who made it.",
        "According to the documents, I am unable to determine this.",
        "The context about heat pumps doesn't specify a price.",
        "The documents don't explicitly state who painted it.",
        "None of the passages mention Guernica.",
        "No document mentions this.",
        "No relevant information was found.",
        "There is not enough information to answer.",
        "The price of the pump is not mentioned in the provided context.",
        "It is not mentioned.",
        "**Not found.**",
        "The answer cannot be determined from the text.",
        "This question cannot be answered based on the documents.",
        "N/A",
        "unknown",
        "",
        "<think>It says 260 litres? No.</think>\n\nI do not know.",
        "I have no information on that.",
        "I'm not sure.",
    ],
)
def test_prose_that_abstains(content: str) -> None:
    assert abstains(content)
    answer = heard(content)
    assert (answer.text, answer.candidate, answer.confidence, answer.threshold) == (None, "", 0.0, 0.5)


@pytest.mark.parametrize(
    "content",
    [
        "260 litres",
        "No.",
        "None.",
        "No, the pump draws 2 kW.",
        "It is not covered by the warranty.",
        "The pump does not contain oil.",
        "The knowledge that the pump draws 2 kW is not new.",
        "Although the price is not mentioned in the text, it is 5 pounds.",
        "Unknown soldiers",
        "I find that the tank holds 260 litres.",
        "Not before noon.",
        "The tank cannot be found in Leeds any more; it stands in York.",
        "Text messages do not cost anything.",
        "In Leeds, by the river.",
        "<think>I don't know.</think>260 litres",
    ],
)
def test_prose_that_answers(content: str) -> None:
    assert not abstains(content)
    answer = heard(content)
    assert answer.text == plain(content) != ""
    assert answer.confidence == 1.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("260 litres [1].", "260 litres."),
        ("260 litres[1][2], says the manual [1, 3].", "260 litres, says the manual."),
        ("260 litres【4:0†manual.md】.", "260 litres."),
        ("260 litres<sup>1</sup> [source: tank.txt]", "260 litres"),
        ("260 litres [^1].\n\n[^1]: The tank holds 260 litres.", "260 litres."),
        ("260 litres.\n\n**Sources:**\n- tank.txt", "260 litres."),
        ("260 litres.\n\n## References\n1. tank.txt", "260 litres."),
        ("260 litres.\n\nSources: tank.txt", "260 litres."),
        ("Sources of heat are sun and air.", "Sources of heat are sun and air."),
        ("It has two.\nSources of heat are both.", "It has two. Sources of heat are both."),
        ("**260 litres**", "260 litres"),
        ("It is *about* `260` __litres__ and snake_case stays, as do 2*3*4 and * alone *.",) * 2,
        ("Final answer: 260 litres", "260 litres"),
        ("### Answer:\n260 litres", "260 litres"),
        ("See [the manual](http://127.0.0.1/x) [1](http://127.0.0.1/y).", "See the manual."),
        (r"a\[1\] is \<b>, 5 \\ 2", r"a[1] is <b>, 5 \ 2"),
        ("Madrid\n  is warm", "Madrid is warm"),
    ],
)
def test_prose_without_its_footnotes(content: str, said: str) -> None:
    if "snake_case" in content:
        said = "It is about 260 litres and snake_case stays, as do 2*3*4 and * alone *."
    assert plain(content) == said


@given(st.text())
def test_any_prose_is_read(content: str) -> None:
    answer = heard(content)
    assert answer.text == (None if abstains(content) else plain(content))


def test_quotes_are_found_whatever_their_offsets() -> None:
    quote = "The tank holds 260 litres."
    second = TEXT.rindex(quote)
    raws: list[Any] = [
        {"document": "docs/tank.txt", "page": 2, "start": second, "end": second + 26, "quote": quote},
        {"document": "tank.txt", "start": second - 3, "quote": quote},
        {"source": "/srv/docs/tank.txt", "content": quote},
        {"document": "tank.txt", "quote": "The tank holds 250 litres."},
        {"document": "other.txt", "quote": quote},
        {"document": "tank.txt", "quote": " "},
        {"quote": quote},
        "http://127.0.0.1/tank.txt",
        7,
    ]
    answer = heard("260 litres", citations=raws)
    assert answer.citations == (
        Citation("docs/tank.txt", 2, second, second + 26, quote, second + 15, second + 25),
        Citation("docs/tank.txt", None, second, second + 26, quote, second + 15, second + 25),
        Citation("docs/tank.txt", None, 0, 26, quote, 15, 25),
        Citation("docs/tank.txt", None, NOWHERE, NOWHERE, "The tank holds 250 litres.", NOWHERE, NOWHERE),
        Citation("other.txt", None, NOWHERE, NOWHERE, quote, NOWHERE, NOWHERE),
    )
    verbatim = [CORPUS.text(c.document)[c.start : c.end] == c.quote for c in answer.citations]
    assert verbatim == [True, True, True, False, False]


@given(texts, st.data())
def test_a_quote_of_a_document_is_verbatim(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    corpus = Corpus(["a.txt"], lambda path: text, ())
    cited = {"document": "a.txt", "quote": quote, "start": start}
    answer = read_chat(chat("so", citations=[cited]), "How?", corpus, 1.0)
    assert len(answer.citations) == bool(quote.strip())
    for citation in answer.citations:
        assert (citation.start, citation.end) == (start, start + len(quote))


def test_passages_are_found_however_they_are_given() -> None:
    spread = "holds 260 litres. The pump"
    exact = Passage("docs/tank.txt", 9, 35, TEXT[9:35])
    assert exact.text == "holds 260 litres.\nThe pump"
    reply = {
        **chat("so"),
        "sources": [
            {"document": "tank.txt", "start": 9, "text": exact.text, "score": 0.5},
            {"page_content": spread, "metadata": {"source": "tank.txt"}},
            spread,
            "Spain is  warm.",
            {"document": "tank.txt", "text": "nothing of the kind"},
            {"document": "", "title": "other.txt", "text": "Spain is warm."},
            {"text": ""},
            None,
        ],
    }
    assert read_chat(reply, "How?", CORPUS, 1.0).hits == (
        Hit(exact, 0.5),
        Hit(exact, 0.0),
        Hit(exact, 0.0),
        Hit(Passage("docs/spain.txt", 0, 14, "Spain is warm."), 0.0),
        Hit(Passage("docs/tank.txt", NOWHERE, NOWHERE, "nothing of the kind"), 0.0),
        Hit(Passage("docs/spain.txt", 0, 14, "Spain is warm."), 0.0),
    )
    nested = heard("so", context={"citations": [{"filepath": "tank.txt", "content": "The pump draws 2 kW."}]})
    assert nested.citations[0].start == 27


def test_names_of_documents() -> None:
    paths = ["docs/a.txt", "docs/sub/a.txt", "docs/b.txt", "c.txt"]
    assert path_of("docs/a.txt", paths) == "docs/a.txt"
    assert path_of("/srv/all/docs/a.txt", paths) == "docs/a.txt"
    assert path_of("sub/a.txt", paths) == "docs/sub/a.txt"
    assert path_of("D:\\files\\b.txt", paths) == "docs/b.txt"
    assert path_of("a.txt", paths) is None, "either"
    assert path_of("a.txt", [*paths, "a.txt"]) == "a.txt"
    assert path_of("d.txt", paths) is None
    assert path_of("", paths) is None


def test_confidence_and_time_are_its_own_where_it_tells_them() -> None:
    assert heard("so").timings == Timings(0.0, 12.0)
    told = {"confidence": 0.3, "threshold": 0.2, "timings_ms": {"retrieve": 1, "read": 2.5, "total": 3.5}}
    answer = read_chat({**chat("so"), **told}, "How?", CORPUS, 12.0)
    assert (answer.text, answer.confidence, answer.threshold) == ("so", 0.3, 0.2)
    assert answer.timings == Timings(1.0, 2.5)
    assert heard("so", confidence=0.3).text == "so", "it said so, at whatever threshold"
    for unusable in (-1, 2, True, "high", None):
        assert heard("so", confidence=unusable).confidence == 1.0
    assert read_ask({"answer": "so", "timings_ms": {"total": 5}}, "How?", CORPUS, 12.0).timings == Timings(0.0, 5.0)


def test_parts_of_a_message_and_none() -> None:
    assert heard([{"type": "text", "text": "260 "}, {"type": "image"}, {"type": "text", "text": "litres"}]).text == (
        "260 litres"
    )
    assert heard(None, refusal="I will not say.").text is None


@pytest.mark.parametrize("reply", [None, [], "so", 3, {}, {"choices": []}, {"choices": [{}]}, chat([{}]), chat(7)])
def test_a_chat_reply_of_another_shape(reply: object) -> None:
    with pytest.raises(ValueError, match=r"^(the value '|a list|an object with )"):
        read_chat(reply, "How?", CORPUS, 1.0)


@pytest.mark.parametrize("reply", [None, [], {}, {"answer": 7}, {"answer": ["so"]}, {"error": "no"}])
def test_another_reply_than_footnotes(reply: object) -> None:
    with pytest.raises(ValueError, match=r"^(the value 'None'|a list|an object with )"):
        read_ask(reply, "How?", CORPUS, 1.0)


@pytest.mark.parametrize("confidence", [0.9, 0.2])
def test_footnotes_own_replies_come_back_as_they_were(confidence: float) -> None:
    quote = "The pump draws 2 kW."
    citation = Citation("docs/tank.txt", None, 27, 47, quote, 42, 46)
    hits = (
        Hit(Passage("docs/tank.txt", 27, 47, quote), 0.25),
        Hit(Passage("docs/spain.txt", 0, 14, "Spain is warm."), 0),
    )
    answer = Answer("How [much]?", "2 kW", confidence, 0.5, (citation,), hits, Timings(1.5, 2.0), "A note.")
    given = answer.text is not None
    read = read_ask(json.loads(json.dumps(answer_json(answer))), "How much?", CORPUS, 99.0)
    assert (read.question, read.text, read.confidence, read.threshold) == ("How [much]?", answer.text, confidence, 0.5)
    assert (read.hits, read.timings) == (hits, answer.timings)
    assert read.citations == ((citation,) if given else ())
    message = {"content": answer_markdown(answer), "citations": answer_json(answer)["citations"]}
    completion = {"model": "footnote", "choices": [{"message": message}]}
    read = read_chat(completion, "How much?", CORPUS, 99.0)
    assert (read.text, read.citations) == (answer.text, (citation,) if given else ())
