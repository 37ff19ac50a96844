"""Gold sets from files of every accepted kind, sound and malformed."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.gold import Evidence, GoldSet, Item
from eval.inputs import load_gold
from index.errors import GoldError

ROW = {"id": "1", "question": "How much?", "answers": ["260"]}
SETTINGS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # one file, written anew each time


def write(path: Path, *rows: object) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(GoldError) as caught:
        load_gold(path)
    return str(caught.value)


def test_json_lines(tmp_path: Path) -> None:
    row = {"id": "1", "question": "How much?", "answers": ["260"], "evidence": [{"document": "a.txt", "quote": "260"}]}
    gold = load_gold(write(tmp_path / "gold.jsonl", row, "", {"id": 2, "question": "Why?", "answers": []}))
    assert gold.items == (
        Item("1", "How much?", ("260",), (Evidence("a.txt", "260"),)),
        Item("2", "Why?", ()),
    )


def test_every_malformed_line_is_named(tmp_path: Path) -> None:
    good = {"id": "1", "question": "How?", "answers": []}
    path = write(tmp_path / "gold.jsonl", good, "{", good, {"id": "2"}, {**good, "id": "3", "answers": "x"}, "7")
    said = complaint(path)
    assert re.findall(r"line (\d+): ", said) == ["2", "3", "4", "5", "6"]
    assert "line 3: its id '1' is that of line 1 too" in said


def test_dialogues_among_questions(tmp_path: Path) -> None:
    turns = [{"question": "How much?", "answers": ["260"]}, {"question": "Why?", "answers": []}]
    single = {"id": "2", "question": "Who?", "answers": []}
    gold = load_gold(write(tmp_path / "gold.jsonl", {"id": "1", "turns": turns}, single))
    assert gold.items == (
        Item("1.1", "How much?", ("260",)),
        Item("1.2", "Why?", (), follows=True),
        Item("2", "Who?", ()),
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"turns": []}, "it has no id"),
        ({"id": "1", "turns": []}, "its turns are not a list"),
        ({"id": "1", "turns": ["Why?"]}, "its turns are not a list"),
        ({"id": "1", "question": "Why?", "turns": []}, "it has turns and a question"),
        ({"id": "1", "turns": [{"question": "Why?", "answers": []}, {"answers": []}]}, "turn 2: it has no question"),
        ({"id": "0", "turns": [{"question": "Why?", "answers": []}]}, "its id '0.1' is that of line 1 too"),
    ],
)
def test_a_malformed_dialogue_is_named(tmp_path: Path, row: object, problem: str) -> None:
    first = {"id": "0.1", "question": "How?", "answers": []}
    assert f"line 2: {problem}" in complaint(write(tmp_path / "gold.jsonl", first, row))


@pytest.mark.parametrize("source", ["", "\n\n", '{"data": []}'])
def test_no_questions(tmp_path: Path, source: str) -> None:
    with pytest.raises(GoldError, match="holds no questions"):
        load_gold(write(tmp_path / "gold.json", source))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"cannot be read: No such file or directory\.$"):
        load_gold(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"caf\xe9")
    with pytest.raises(GoldError, match="is not UTF-8 text"):
        load_gold(tmp_path / "latin.jsonl")


def test_squad_articles_become_documents(tmp_path: Path) -> None:
    answer = {"text": "blue", "answer_start": 7}
    questions = [
        {"id": "q1", "question": "Colour?", "answers": [answer, answer]},
        {"id": "q2", "question": "Height?", "answers": [], "is_impossible": True},
    ]
    paragraphs = [{"context": "Intro.", "qas": []}, {"context": "It was blue.", "qas": questions}]
    gold = load_gold(write(tmp_path / "squad.json", {"data": [{"title": "Sky", "paragraphs": paragraphs}]}))
    assert [(d.path, d.text) for d in gold.documents] == [("Sky", "Intro.\n\nIt was blue.")]
    assert gold.items[0].answers == ("blue",)
    assert gold.items[1].answers == ()
    assert gold.items[0].evidence == (Evidence("Sky", "It was blue."),)


# Lines.


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"id": "1", "question": "Why?", "answer": ["x"]}, "its 'answer' is probably meant to be 'answers'"),
        ({**ROW, "Evidence": []}, "its 'Evidence' is probably meant to be 'evidence'"),
        ({**ROW, "drafts": True}, "its 'drafts' is probably meant to be 'draft'"),
        ({"id": "1", "turn": [ROW]}, "its 'turn' is probably meant to be 'turns'"),
        ({"id": "1", "turns": [{"question": "Why?", "anwers": []}]}, "turn 1: its 'anwers' is probably meant to be"),
        ({**ROW, "evidence": [{"document": "a.txt", "quote": " "}]}, "its evidence is not a list of"),
        ({**ROW, "evidence": [{"document": 1, "quote": "x"}]}, "its evidence is not a list of"),
        ({**ROW, "evidence": {"document": "a.txt", "quote": "x"}}, "its evidence is not a list of"),
        ({**ROW, "draft": "no"}, "its draft is not true or false"),
        ({**ROW, "id": None}, "its id is not a string or a whole number"),
        ({**ROW, "question": " "}, "its question is empty"),
        ({**ROW, "answers": ["260", ""]}, "its answers are not a list of non-empty strings"),
        ({**ROW, "question": "\ud800?"}, "it holds half a character"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"id": ' + "1" * 5000 + "}", "it holds a number of too many digits"),
        ("[1]", "it is not a JSON object"),
    ],
)
def test_a_malformed_question_is_named(tmp_path: Path, row: object, problem: str) -> None:
    first = {"id": "0", "question": "How?", "answers": [], "turn": 3, "kind": "any other key"}
    said = complaint(write(tmp_path / "gold.jsonl", first, "", row))
    assert re.findall(r"line \d+: (.*)\.$", said)[0].startswith(problem)
    assert "line 3: " in said


def test_many_malformed_lines_are_counted(tmp_path: Path) -> None:
    said = complaint(write(tmp_path / "gold.jsonl", *["{"] * 1500))
    assert "line 20: " in said
    assert said.endswith("; and 1,480 lines more.")


def test_answers_outside_their_evidence_are_a_warning(tmp_path: Path) -> None:
    def row(number: int, *quotes: str) -> dict[str, Any]:
        return {**ROW, "id": number, "evidence": [{"document": "a.txt", "quote": quote} for quote in quotes]}

    rows = [row(1, "It is 260."), row(2, "It is 2600."), row(3), row(4, "Much.", "260"), row(5, "Much.")]
    gold = load_gold(write(tmp_path / "gold.jsonl", *rows, {**row(6, "Much."), "answers": []}))
    assert len(gold.items) == 6
    assert len(gold.warnings) == 1
    assert gold.warnings[0].startswith(
        "gold.jsonl: none of the accepted answers stands in the evidence of line 2, 5; where that is right,"
    )
    assert load_gold(write(tmp_path / "gold.jsonl", *rows[2:4])).warnings == ()


def test_drafts_are_scored_only_when_asked_for(tmp_path: Path) -> None:
    turns = [{"question": "Why?", "answers": []}, {"question": "When?", "answers": [], "draft": False}]
    path = write(
        tmp_path / "gold.jsonl",
        {**ROW, "draft": False},
        {**ROW, "id": "2", "draft": True},
        {"id": "3", "draft": True, "turns": turns},
    )
    assert complaint(path) == (
        "2 of 4 questions are drafts that nobody has reviewed (first: 2); "
        'look through them and remove their "draft", or score them anyway with --drafts.'
    )
    assert [item.draft for item in load_gold(path, drafts=True).items] == [False, True, True, False]


# Tables.


def table(tmp_path: Path, text: str | bytes, name: str = "gold.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_by_hand(tmp_path: Path, mark: str, end: str) -> None:
    rows = [
        ["Question", " ANSWER ", "id", "evidence", "document", "notes"],
        ["How much?", "260", "q1", ' "It holds, or so; 260."', "a.txt", ""],
        [],
        ['"Who, when', 'or ""why""?"', "", "", "", "", ""],
        ["", "", "", "", "", ""],
        ["Where?", "Cork", "", "", "b.txt", "x"],
        ["Whence?", "Cork", "", '"a', 'b"', "", ""],
        ["When?", "", "", "", "b.txt", ""],
    ]
    source = end.join(mark.join(row) for row in rows)
    source = source.replace(f'"Who, when{mark}or', f'"Who, when{end}or').replace(f'"a{mark}b"', f'"a{end}b"')
    for text in (source, "\ufeff" + source + end, ("\ufeff" + source).encode("utf-16-le")):
        assert load_gold(table(tmp_path, text)).items == (
            Item("q1", "How much?", ("260",), (Evidence("a.txt", "It holds, or so; 260."),)),
            Item("line 4", 'Who, when\nor "why"?', ()),
            Item("line 7", "Where?", ("Cork",), (Evidence("b.txt", ""),)),
            Item("line 8", "Whence?", ("Cork",), (Evidence("", "a\nb"),)),
            Item("line 10", "When?", ()),
        )


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ("260| 260 litres |", ("260", "260 litres")),
        ('"[""a|b"", ""c""]"', ("a|b", "c")),
        ("[]", ()),
        ("", ()),
        ("[sic] | so", ("[sic]", "so")),
    ],
)
def test_several_answers_in_a_cell(tmp_path: Path, cell: str, answers: tuple[str, ...]) -> None:
    assert load_gold(table(tmp_path, f"question;answers\nWhy?;{cell}\n")).items[0].answers == answers


def test_every_malformed_row_is_named_by_the_line_it_begins_on(tmp_path: Path) -> None:
    source = """question,answers,id,draft
"Why
not?",a,1,
Why, oh why?,a,2,,
,a,3,
How?,[1],4,false
How?,|,5,TRUE
How?,a,6,perhaps
How?
Who?,a,1,true
"""
    assert complaint(table(tmp_path, source)) == (
        "gold.csv is not a table with a question in each row: "
        "line 4: it has 6 cells, and the first line names 4 columns; "
        "line 5: its question is empty; "
        "line 6: its answers are a list, but not of non-empty strings; "
        "line 7: its answers are nothing but |; leave the cell empty where the documents do not say; "
        "line 8: its draft is not true or false; "
        "line 9: it has 1 cell, and the first line names 4 columns; "
        "line 10: its id '1' is that of line 2 too."
    )


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('Why?,"\n\na', "line 3: a quotation mark opens a cell there and none closes it"),
        (f'Why?,"{"x" * 200_000}"', "line 3: a quotation mark opens a cell there and none closes it"),
        ('Why?,"so\nso" and so\nHow?,a', "line 4: text follows a closing quotation mark; write"),
    ],
)
def test_quotation_marks_that_do_not_close(tmp_path: Path, rows: str, problem: str) -> None:
    assert problem in complaint(table(tmp_path, f"question,answer\nWhat?,a\n{rows}\n"))


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ("query,answer", "“answers” for several of them; it has “query”, “answer”."),
        ("question", "it has “question”."),
        ('"question', "it has no columns."),
        (",".join("abcdefghijklmnop"), "“k”, “l” …."),
        ("question,answer,Answers", "has both a column “answer” and a column “answers”"),
        ("question,answer,Question", "has more than one column “question”"),
        ("question,answer,evidance", "its 'evidance' is probably meant to be 'evidence', a column that is not there"),
    ],
)
def test_columns_that_do_not_fit(tmp_path: Path, first: str, problem: str) -> None:
    said = complaint(table(tmp_path, f"\n{first}\nWhy?,so\n")).replace('"answers"', "“answers”")
    assert problem in said


def test_a_table_may_hold_drafts_and_answers_outside_their_evidence(tmp_path: Path) -> None:
    path = table(tmp_path, "question\tanswer\tdraft\tevidence\nWhy?\tSo\ttrue\tIt is.\n", "gold.TSV")
    assert complaint(path).startswith("1 of 1 questions are drafts that nobody has reviewed (first: line 2);")
    gold = load_gold(path, drafts=True)
    assert gold.items == (Item("line 2", "Why?", ("So",), (Evidence("", "It is."),), draft=True),)
    assert "none of the accepted answers stands in the evidence of line 2;" in gold.warnings[0]


# Kinds.


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("gold.xlsx", b"PK\x03\x04\xff", "is none of what is accepted: a gold set is JSON Lines"),
        ("gold.txt", b"Why? So.", "is none of what is accepted: a gold set is JSON Lines"),
        ("gold.json", b'[\n{"id": 1}\n]', "gold.json is JSON, but neither SQuAD's nor with a question a line: a gold"),
        (
            "gold.json",
            b'{\n"data": [\n}',
            "neither SQuAD JSON nor JSON Lines: it is not JSON (Expecting value) in line 3.",
        ),
        ("gold.json", b'{"id": 1}\n{', "line 1: it has no question and no answers; line 2: it is not JSON"),
        (
            "gold.json",
            b'{"data": [{"paragraphs": [{"context": "", "qas": [{"id": 1, "question": "?", '
            b'"answers": [{"text": "", "answer_start": Infinity}]}]}]}]}',
            "gold.json is not SQuAD JSON",
        ),
        ("gold.json", b'{"data": [{"title": "\\ud800", "paragraphs": []}]}', "JSON Lines: it holds half a character"),
        ("gold.csv", b"question,answer\nWhy?,caf\xe9", "is not UTF-8 text; save it as UTF-8."),
        ("gold.csv", b"question,answer\n", "holds no questions."),
        ("gold.csv", b"", "holds no questions."),
    ],
)
def test_other_files(tmp_path: Path, name: str, data: bytes, problem: str) -> None:
    said = complaint(table(tmp_path, data, name))
    assert problem in said
    assert (("BEIR folder" in said) and (".csv" in said)) == ("a gold" in problem)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert re.search(r"is a folder; a gold set is JSON Lines .* or a BEIR folder", complaint(tmp_path))


def test_lines_need_no_ending_of_their_name(tmp_path: Path) -> None:
    assert load_gold(write(tmp_path / "questions", ROW)).items == (Item("1", "How much?", ("260",)),)


# Properties.

_sentences = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
_blocks = st.lists(_sentences, min_size=1, max_size=3).map("\n".join)


@st.composite
def _items(draw: st.DrawFn, answers: st.SearchStrategy[str]) -> tuple[Item, ...]:
    ids = draw(st.lists(_sentences, min_size=1, max_size=4, unique=True))
    evidence = st.builds(Evidence, _blocks, _blocks).map(lambda piece: (piece,))
    return tuple(
        Item(
            identity,
            draw(_blocks),
            tuple(draw(st.lists(answers, max_size=3))),
            draw(st.one_of(st.just(()), evidence)),
            draft=draw(st.booleans()),
        )
        for identity in ids
    )


def _read(path: Path, data: bytes) -> GoldSet | None:
    path.write_bytes(data)
    try:
        return load_gold(path, drafts=True)
    except GoldError as error:
        assert str(error).endswith(".")
        return None


@SETTINGS
@given(_items(_blocks))
def test_written_lines_read_back_the_same(tmp_path: Path, items: tuple[Item, ...]) -> None:
    def row(item: Item) -> dict[str, object]:
        evidence = [vars(piece) for piece in item.evidence]
        return {**{key: vars(item)[key] for key in ("id", "question", "answers", "draft")}, "evidence": evidence}

    source = "\n".join(json.dumps(row(item), ensure_ascii=False) for item in items)
    gold = _read(tmp_path / "gold.jsonl", source.encode())
    assert gold is not None
    assert gold.items == items


@SETTINGS
@given(_items(_blocks), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_written_table_reads_back_the_same(
    tmp_path: Path, items: tuple[Item, ...], mark: str, end: str, listed: bool
) -> None:
    if not listed:  # one answer as it stands
        items = tuple(Item(i.id, i.question, i.answers[:1], i.evidence, draft=i.draft) for i in items)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=mark, lineterminator=end)
    writer.writerow(["draft", "answers" if listed else "answer", "question", "id", "document", "evidence"])
    for item in items:
        several = json.dumps(item.answers) if listed else "".join(item.answers)
        piece = item.evidence[0] if item.evidence else Evidence("", "")
        writer.writerow([item.draft, several, item.question, item.id, piece.document, piece.quote])
    gold = _read(tmp_path / "gold.csv", stream.getvalue().encode())
    assert gold is not None
    assert gold.items == items


_WORDS = "question answer answers id evidence data turns paragraphs context qas title text answer_start document quote"
_SIGNS = ['"', ",", ";", "\t", "\n", "\r", "|", "[", "]", "{", "}", ":", "\\ud800", "\ufeff", "\0", " ", "[[" * 50_000]
_scraps = st.sampled_from([*_WORDS.split(), *_SIGNS, "Infinity", "NaN", "null", "true", "0", "-1"])
_noise = st.lists(st.one_of(_scraps, st.text(max_size=3)), max_size=30).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_scraps, inner, max_size=5)),
    max_leaves=12,
)
_NAMES = ["gold.csv", "gold.tsv", "gold.json", "gold.jsonl", "gold"]


@SETTINGS
@given(st.one_of(_noise, st.binary(max_size=20)), st.sampled_from(_NAMES))
def test_any_bytes_are_a_gold_set_or_an_error_that_says_why(tmp_path: Path, data: bytes, name: str) -> None:
    _read(tmp_path / name, data)


@SETTINGS
@given(st.lists(_noise, max_size=3))
def test_any_rows_below_a_sound_first_line(tmp_path: Path, rows: list[bytes]) -> None:
    _read(tmp_path / "gold.csv", b"question,answers,id\n" + b"\n".join(rows))


@SETTINGS
@given(st.lists(_values, min_size=1, max_size=3))
def test_any_json_is_a_gold_set_or_an_error_that_says_why(tmp_path: Path, values: list[object]) -> None:
    _read(tmp_path / "gold.jsonl", "\n".join(map(json.dumps, values)).encode())
    squad = {"data": [{"paragraphs": [{"context": "a", "qas": values}]}, *values]}
    _read(tmp_path / "gold.json", json.dumps(squad).encode())
    asked = [{"id": "1", "question": "?", "answers": [{"text": "a", "answer_start": value}]} for value in values]
    squad = {"data": [{"paragraphs": [{"context": "a", "qas": asked}]}]}
    _read(tmp_path / "gold.json", json.dumps(squad).encode())
    for value in values:
        for key in ("id", "question", "answers", "evidence", "draft", "turns"):
            _read(tmp_path / "gold.jsonl", json.dumps({**ROW, key: value}).encode())
