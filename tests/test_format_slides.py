"""Presentations: a page for each slide, in the order of reading."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Inches

from index.errors import DocumentError
from index.formats.slides import load_pptx
from index.types import Document
from tests.test_format_word import damage

TITLED, BULLETED, TWO_COLUMNS, TITLE_ONLY, BLANK = 0, 1, 3, 5, 6  # layouts


def saved(deck: Any) -> bytes:
    data = io.BytesIO()
    deck.save(data)
    return data.getvalue()


def load(deck: Any) -> Document:
    return load_pptx(saved(deck), "a.pptx")


def pages(document: Document) -> list[str]:
    ends = (*document.pages[1:], len(document.text))
    return [document.text[start:end].strip() for start, end in zip(document.pages, ends, strict=True)]


def blank() -> tuple[Any, Any]:
    """A presentation and its one slide, which is empty."""
    deck = Presentation()
    return deck, deck.slides.add_slide(deck.slide_layouts[BLANK])


def box(shapes: Any, left: float, top: float, text: str, height: float = 0.5) -> Any:
    shape = shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(height))
    shape.text_frame.text = text
    return shape


def rewritten(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with each of its parts changed."""
    copied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copied, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, change(name, archive.read(name)))
    return copied.getvalue()


def review() -> bytes:
    """A presentation as people make them."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[TITLED])
    slide.shapes.title.text = "Quarterly review"
    slide.placeholders[1].text = "Acme, March 2025"
    slide = deck.slides.add_slide(deck.slide_layouts[BULLETED])
    slide.shapes.title.text = "Results\vby region"
    slide.placeholders[1].text = "Sales grew by 4 %\nThanks to the North\nOutlook"
    slide.placeholders[1].text_frame.paragraphs[1].level = 1
    slide.notes_slide.notes_text_frame.text = "Be brief.\nThank the team."
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    slide.shapes.title.text = "Figures"
    grid = slide.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(1)).table
    for at, text in enumerate(["Region", "2023", "2024", "North", "10", "12", "South", "7", "9"]):
        grid.cell(at // 3, at % 3).text = text
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["Q1", "Q2"]
    data.add_series("Margin", (0.125, 0.2))
    data.add_series("Churn", (0.05, None))
    sizes = (Inches(1), Inches(4), Inches(5), Inches(2))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *sizes, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Margins"
    return saved(deck)


REVIEW = review()


def test_a_review() -> None:
    document = load_pptx(REVIEW, "a.pptx")
    assert pages(document) == [
        "Quarterly review\n\nAcme, March 2025",
        "Results by region\n- Sales grew by 4 %\n- Thanks to the North\n- Outlook\n\nNotes: Be brief.\nThank the team.",
        "Figures\n\nRegion: North | 2023: 10 | 2024: 12\n\nRegion: South | 2023: 7 | 2024: 9\n\n"
        "Margins\n\nQ1 | Margin: 12.5% | Churn: 5.0%\n\nQ2 | Margin: 20.0%",
    ]
    assert [one.title for one in document.headings] == ["Quarterly review", "Results by region", "Figures"]
    assert [document.text[one.start : one.end] for one in document.headings] == [one.title for one in document.headings]
    assert {one.level for one in document.headings} == {1}


def test_shapes_are_read_by_rows() -> None:
    deck, slide = blank()
    box(slide.shapes, 5, 1.1, "right")
    box(slide.shapes, 1, 3, "below")
    box(slide.shapes, 1, 1, "left")
    box(slide.shapes, 0.5, 1.4, "next row")
    assert load(deck).text.split() == ["left", "right", "next", "row", "below"]


def test_places_come_from_the_layout() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[TWO_COLUMNS])
    left, right = slide.placeholders[1], slide.placeholders[2]
    left.text, right.text = "left", "right"
    left._element.getparent().append(left._element)
    box(slide.shapes, 0, 0.1, "above")
    assert load(deck).text == "above\n- left\n- right"


def test_groups_stay_together() -> None:
    deck, slide = blank()
    outer = slide.shapes.add_group_shape()
    box(outer.shapes, 6, 4, "third")
    inner = outer.shapes.add_group_shape()
    box(inner.shapes, 6, 2, "second")
    box(inner.shapes, 6, 1, "first")
    box(slide.shapes, 0, 2, "last")
    assert load(deck).text.split() == ["first", "second", "third", "last"]


def test_paragraphs_lists_and_numbers() -> None:
    deck, slide = blank()
    shape = box(slide.shapes, 1, 1, "plain\nbullet\none\nunder\ntwo\n\nplain\nagain\nother")
    marks = {1: '<a:buChar char="•"/>', **dict.fromkeys((2, 4, 7), '<a:buAutoNum type="arabicPeriod"/>')}
    marks |= {3: '<a:buAutoNum type="alphaLcParenBoth" startAt="3"/>', 8: '<a:buAutoNum type="hebrew2Minus"/>'}
    for at, mark in marks.items():
        properties = shape.text_frame.paragraphs[at]._p.get_or_add_pPr()
        properties.append(parse_xml(mark.replace(" ", f" {nsdecls('a')} ", 1)))
    shape.text_frame.paragraphs[3].level = 1
    expected = ["plain\n- bullet", "1. one", "(c) under", "2. two", "plain", "1. again\n- other"]
    assert load(deck).text.split("\n\n") == expected


def test_bullets_of_the_layout_can_be_taken_away() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[BULLETED])
    slide.placeholders[1].text = "plain\nbullet"
    properties = slide.placeholders[1].text_frame.paragraphs[0]._p.get_or_add_pPr()
    properties.append(parse_xml(f"<a:buNone {nsdecls('a')}/>"))
    assert load(deck).text == "plain\n- bullet"


def test_numbers_dates_and_footers_are_left_out() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[BULLETED])
    for at, kind in enumerate(("sldNum", "dt", "ftr")):
        shape = box(slide.shapes, 1, at, kind)
        shape._element.nvSpPr.nvPr.append(parse_xml(f'<p:ph {nsdecls("p")} type="{kind}" idx="1{at}"/>'))
    box(slide.shapes, 1, 6, "kept")
    assert load(deck).text == "kept"


def test_a_hidden_slide_and_one_without_a_title() -> None:
    deck, slide = blank()
    slide._element.set("show", "0")
    box(slide.shapes, 1, 1, "hidden")
    deck.slides.add_slide(deck.slide_layouts[BLANK])
    box(deck.slides.add_slide(deck.slide_layouts[BLANK]).shapes, 1, 1, "third")
    document = load(deck)
    assert (pages(document), document.headings) == (["hidden", "", "third"], ())


def test_slides_come_in_the_order_shown() -> None:
    deck, slide = blank()
    box(slide.shapes, 1, 1, "made first")
    box(deck.slides.add_slide(deck.slide_layouts[BLANK]).shapes, 1, 1, "shown first")
    slides = deck.slides._sldIdLst
    slides.append(slides[0])
    assert pages(load(deck)) == ["shown first", "made first"]


def test_merged_cells_and_a_table_without_names() -> None:
    deck, slide = blank()
    table = slide.shapes.add_table(3, 3, 0, 0, Inches(6), Inches(1)).table
    for at, text in enumerate(["North", "a", "1", "", "b", "", "total", "", ""]):
        table.cell(at // 3, at % 3).text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(1, 1).merge(table.cell(1, 2))
    table.first_row = False
    assert load(deck).text == "North | a | 1\n\nNorth | b\n\ntotal"


def test_charts_of_dates_and_of_points() -> None:
    deck, slide = blank()
    sizes = (Inches(1), Inches(1), Inches(5), Inches(2))
    days = CategoryChartData()
    days.categories = [date(2025, 1, 31), date(2025, 2, 28)]
    days.add_series("Stock", (4.299999999999999, 5))
    slide.shapes.add_chart(XL_CHART_TYPE.LINE, *sizes, days)
    points = XyChartData()
    for name, pairs in {"A": ((1, 2.5), (3, 4)), "B": ((9, 8),)}.items():
        series = points.add_series(name)
        for x, y in pairs:
            series.add_data_point(x, y)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, sizes[0], Inches(4), *sizes[2:], points)
    rows = ["2025-01-31 | Stock: 4.3", "2025-02-28 | Stock: 5", "1 | A: 2.5", "3 | A: 4", "9 | B: 8"]
    assert load(deck).text.split("\n\n") == rows


def test_smart_art_and_fallbacks() -> None:
    deck, slide = blank()
    box(slide.shapes, 1, 1, "new")
    kinds = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    frame = (
        f'<p:graphicFrame {nsdecls("p", "a")}><p:nvGraphicFramePr/><p:xfrm/><a:graphic><a:graphicData uri="{kinds}">'
        f'<d:relIds xmlns:d="{kinds}" xmlns:r="{office}" r:dm="rId9"/></a:graphicData></a:graphic></p:graphicFrame>'
    )
    points = "".join(f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>" for text in ("Plan", "Do"))
    diagram = f'<d:dataModel xmlns:d="{kinds}" {nsdecls("a")}><d:ptLst>{points}</d:ptLst></d:dataModel>'
    other = "http://schemas.openxmlformats.org/markup-compatibility/2006"

    def change(name: str, part: bytes) -> bytes:
        if name == "ppt/slides/_rels/slide1.xml.rels":
            link = (
                f'<Relationship Id="rId9" Type="{office}/diagramData" Target="../diagrams/data1.xml"/></Relationships>'
            )
            return part.replace(b"</Relationships>", link.encode())
        if name == "ppt/slides/slide1.xml":
            start, end = part.index(b"<p:sp>"), part.index(b"</p:spTree>")
            shape = part[start:end].decode()
            choice = f'<m:AlternateContent xmlns:m="{other}"><m:Choice>{shape}</m:Choice>'
            choice += f"<m:Fallback>{shape.replace('new', 'old')}</m:Fallback></m:AlternateContent>{frame}"
            return part[:start] + choice.encode() + part[end:]
        return part

    data = io.BytesIO(rewritten(saved(deck), change))
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("ppt/diagrams/data1.xml", diagram)
    assert load_pptx(data.getvalue(), "a.pptx").text == "- Plan\n- Do\n\nnew"


def test_pictures_only() -> None:
    deck, _ = blank()
    assert load(deck).text == ""


def test_another_kind_of_file() -> None:
    data = rewritten(REVIEW, lambda name, part: b"<workbook/>" if name == "ppt/presentation.xml" else part)
    with pytest.raises(DocumentError, match=r"^'a\.pptx' is damaged or not the kind of file its name says; open it"):
        load_pptx(data, "a.pptx")


@given(st.integers(0, 2**32))
def test_a_damaged_file_is_a_document_or_an_error(seed: int) -> None:
    try:
        assert load_pptx(damage(REVIEW, seed), "a.pptx").path == "a.pptx"
    except DocumentError as error:
        assert str(error).startswith("'a.pptx' is damaged")
