from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.inputs import load_gold
from rag.scope import Kind, Scope, asked, stems

GOLD = Path(__file__).parents[1] / "eval" / "gold" / "questions.jsonl"


@pytest.mark.parametrize(
    ("question", "subject", "within"),
    [
        ("Summarise the document", "", "the document"),
        ("Can you please summarize this?", "", ""),
        ("Could you summarise the remote work policy in three sentences?", "", "the remote work policy"),
        ("What is this about?", "", ""),
        ("What's briefing.txt about?", "", "briefing.txt"),
        ("Give me an overview of the heat pump manual.", "", "the heat pump manual"),
        ("Give me a short summary, please", "", ""),
        ("What are the main points?", "", ""),
        ("What are the key takeaways from the briefing?", "", "the briefing"),
        ("tl;dr", "", ""),
        ("What does this document cover?", "", "this document"),
        ("Summarise what the manual says about maintenance", "maintenance", "the manual"),
        ("What does the manual say about frost?", "frost", "the manual"),
        ("What does it say about the noise at night?", "noise at night", ""),
        ("Summarise the warranty section of the manual", "warranty", "the manual"),
        ("Give an overview of the policy on working abroad", "working abroad", "the policy"),
        ("Tell me about the anode", "anode", ""),
        ("Summarise what was said about climate change", "climate change", ""),
    ],
)
def test_an_overview(question: str, subject: str, within: str) -> None:
    assert asked(question) == Scope(Kind.OVERVIEW, subject, within)


@pytest.mark.parametrize(
    ("question", "subject", "within"),
    [
        ("How many times is Astana mentioned?", "Astana", ""),
        ("How often does the policy mention VPN?", "VPN", "the policy"),
        ("How many times does the word “tank” appear?", "tank", ""),
        ("How many times does the word tank occur in the manual?", "tank", "the manual"),
        ("How often is the heat pump mentioned in heat-pump-manual.md?", "heat pump", "heat-pump-manual.md"),
        ("Count the occurrences of the word filter", "filter", ""),
        ("Count how many times the manual mentions the anode", "anode", "the manual"),
        ("Number of mentions of Kerry in the briefing", "Kerry", "the briefing"),
        ('How many times is "Kerry and Idrissov" mentioned?', "Kerry and Idrissov", ""),
    ],
)
def test_occurrences(question: str, subject: str, within: str) -> None:
    assert asked(question) == Scope(Kind.OCCURRENCES, subject, within)


@pytest.mark.parametrize(
    ("question", "kind", "subject"),
    [
        ("How many documents are there?", Kind.DOCUMENTS, ""),
        ("Which documents do you have?", Kind.DOCUMENTS, ""),
        ("List all files", Kind.DOCUMENTS, ""),
        ("How many documents mention the word Kazakhstan?", Kind.DOCUMENTS, "Kazakhstan"),
        ("Count the error codes.", Kind.COUNT, "error codes"),
        ("How many people are named?", Kind.COUNT, "people"),
        ("How many countries are mentioned in the briefing?", Kind.COUNT, "countries"),
        ("How many sections does the policy have?", Kind.COUNT, "sections"),
        ("How many rows are in the table of error codes?", Kind.COUNT, "rows"),
        ("How many times is it mentioned?", Kind.COUNT, "it"),
        ("How many times are Kerry and Idrissov mentioned?", Kind.COUNT, "Kerry and Idrissov"),
        ("How many error codes are there?", Kind.NUMBER, "error codes are there"),
        ("What is the number of error codes?", Kind.NUMBER, "error codes"),
        ("I manage six. How many days may I be away?", Kind.NUMBER, "days may I be away"),
        ("How many documents must I submit?", Kind.NUMBER, "documents must I submit"),
        ("How many species are listed as endangered?", Kind.NUMBER, "species are listed as endangered"),
        ("List all error codes", Kind.LIST, "error codes"),
        ("List the error codes", Kind.LIST, "error codes"),
        ("Name every person who approves requests", Kind.LIST, "person who approves requests"),
        ("What are all the modes?", Kind.LIST, "modes"),
        ("Give me a complete list of the offices", Kind.LIST, "offices"),
    ],
)
def test_counts_and_lists(question: str, kind: Kind, subject: str) -> None:
    assert asked(question) == Scope(kind, subject)


@pytest.mark.parametrize(
    "question",
    [
        "What does the policy cover?",
        "What is EXPO 2017 about?",
        "What game is the writer talking about?",
        "Who wrote the summary of the report?",
        "What is the summary judgment deadline?",
        "What did the minister say about maintenance?",
        "What is the main reason for the delay?",
        "How often should the air filter be cleaned?",
        "How often does the error occur?",
        "How often is the relief valve used?",
        "What is the telephone number of the Tarn helpline?",
        "In which year did the number of homeless families rise?",
        "list price of the HP-200",
        "name of the format where the states meet",
        "Name the foreign minister",
        "Which three wear parts are there?",
        "List the three modes",
        "Which officials did Ashikbayev meet?",
        "Does it work on all cans?",
        "How much does every new filter cost?",
    ],
)
def test_a_fact_is_one_for_the_passages(question: str) -> None:
    assert asked(question) == Scope(Kind.PASSAGE)


def test_the_gold_set_is_for_the_passages() -> None:
    taken = {item.question: asked(item.question).kind for item in load_gold(GOLD).items}
    for question, kind in taken.items():
        listed = Kind.LIST if question.startswith("List ") else Kind.PASSAGE
        assert kind is (Kind.NUMBER if "how many" in question.lower() else listed), question
    assert {Kind.NUMBER, Kind.LIST} <= set(taken.values())


@given(st.text(max_size=1000))
def test_any_text_is_a_question(text: str) -> None:
    assert isinstance(asked(text).kind, Kind)


def test_stems() -> None:
    assert stems("The boxes’ policies and Kerry's 3 buses, classes") == ["box", "policy", "kerry", "3", "buse", "class"]
