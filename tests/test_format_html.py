import html
import time
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.draft import Draft
from index.errors import DocumentError
from index.formats.html import load_html, write_html
from index.types import Document


def loaded(markup: str | bytes) -> Document:
    document = load_html(markup if isinstance(markup, bytes) else markup.encode(), "a.html")
    for heading in document.headings:
        assert document.text[heading.start : heading.end] == heading.title
    return document


def text(markup: str | bytes) -> str:
    return loaded(markup).text


WIKI = """<!DOCTYPE html><html><head><meta charset="UTF-8"><title>Howth - Wikipedia</title>
<style>.infobox{}</style></head>
<body class="mediawiki"><a class="mw-jump-link" href="#bodyContent">Jump to content</a>
<header class="vector-header"><nav><ul><li><a href="/m">Main page</a></li><li><a href="/c">Contents</a></li></ul></nav>
<a href="/m" class="mw-logo">Wikipedia</a><div role="search"><form><input><button>Search</button></form></div></header>
<div class="column"><nav><h2>Contents</h2><ul><li><a href="#">(Top)</a></li></ul></nav></div>
<main id="content"><header class="mw-body-header"><h1><span>Howth</span></h1>
<div class="vector-dropdown mw-portlet-lang"><label>5 languages</label><ul><li><a href="d">Deutsch</a></li>
<li><a href="f">Français</a></li><li><a href="g">Gaeilge</a></li><li><a href="i">Italiano</a></li></ul></div></header>
<div id="siteSub" class="noprint">From Wikipedia, the free encyclopedia</div>
<table class="infobox"><tbody><tr><th colspan="2"><div>Howth</div><div>Binn Éadair</div></th></tr>
<tr><td colspan="2"><a><img alt="harbour"></a><div class="infobox-caption">Howth Harbour from the air</div></td></tr>
<tr><th scope="row">Country</th><td><a href="/i">Ireland</a></td></tr>
<tr><th scope="row">Elevation</th><td>171&nbsp;m (561&nbsp;ft)</td></tr>
<tr><th colspan="2">Population<div> (2022)<sup class="reference"><a href="#n1">[1]</a></sup></div></th></tr>
<tr><th scope="row">Postal districts</th><td><div class="plainlist"><ul><li>D13</li><li>D5</li></ul></div></td></tr>
</tbody></table><p class="mw-empty-elt"></p>
<p><b>Howth</b> (<i>HOHTH</i>; <a href="/g">Irish</a>: <i lang="ga">Binn Éadair</i>) is a <a href="/v">village</a> near
Dublin.<sup class="reference"><a href="#n2"><span>[</span>2<span>]</span></a></sup><sup><a href="#n3">[note 3]</a></sup>
It covers 8&nbsp;km<sup>2</sup> and 10<sup>6</sup> people visit it.<sup class="Inline-Template">[<i><a
href="/c">citation needed</a></i>]</sup></p>
<div class="mw-heading"><h2 id="History">History</h2><span class="mw-editsection">[<a href="/e">edit</a>]</span></div>
<figure><a><img src="x.jpg"></a><figcaption>The harbour in 1920</figcaption></figure>
<h3>Sister villages<a href="/e">[edit]</a></h3><p>The twinned villages are:</p>
<ul><li><a href="/a">Howth Bay</a></li><li><a href="/b">Port Erin</a></li><li><a href="/c">Peel</a></li>
<li><a href="/d">Concarneau</a></li></ul><h2>Trains</h2>
<table class="wikitable"><caption>Services</caption><tr><th rowspan="2">Line</th><th colspan="2">First train</th></tr>
<tr><th>Weekdays</th><th>Sunday</th></tr><tr><td>DART</td><td>06:05</td><td rowspan="2">09:10</td></tr>
<tr><td>Commuter</td><td>07:20</td></tr></table><h2>References</h2>
<ol class="references">
<li><span class="mw-cite-backlink"><b><a href="#r">^</a></b></span> <cite>"Census". 2023.</cite></li>
<li><span class="mw-cite-backlink">^ <a href="#a">a</a></span> Joyce, <i>Irish Names</i>, p. 12.</li></ol>
<div role="navigation" class="navbox"><table><tr><th>Towns</th><td>Swords</td></tr></table></div>
<div id="catlinks" class="catlinks"><a href="/h">Categories</a>: <ul><li><a href="/c1">Towns</a></li></ul></div></main>
<footer role="contentinfo"><ul><li>This page was last edited on 3 March 2024, at 10:00.</li></ul></footer>
</body></html>"""


def test_an_article_of_wikipedia() -> None:
    document = loaded(WIKI)
    assert document.text.split("\n\n") == [
        "Howth",
        "Howth Binn Éadair",
        "Howth Harbour from the air",
        "Country: Ireland",
        "Elevation: 171 m (561 ft)",
        "Population (2022)",
        "Postal districts: D13, D5",
        "Howth (HOHTH; Irish: Binn Éadair) is a village near Dublin. It covers 8 km2 and 10^6 people visit it.",
        "History",
        "The harbour in 1920",
        "Sister villages",
        "The twinned villages are:\n- Howth Bay\n- Port Erin\n- Peel\n- Concarneau",
        "Trains",
        "Services",
        "Line: DART | First train Weekdays: 06:05 | First train Sunday: 09:10",
        "Line: Commuter | First train Weekdays: 07:20 | First train Sunday: 09:10",
        "References",
        '1. "Census". 2023.',
        "2. Joyce, Irish Names, p. 12.",
    ]
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "Howth"),
        (2, "History"),
        (3, "Sister villages"),
        (2, "Trains"),
        (2, "References"),
    ]


MANUAL = """<html><head><title>Descaling the X200 | Acme Support</title>
<meta http-equiv="Content-Type" content="text/html; charset=windows-1252"></head><body><div id="header">
<ul><li><a href="/p">Products</a></li><li><a href="/s">Support</a></li><li><a href="/c">Contact</a></li>
<li><a href="/d">Dealers</a></li></ul></div><div id="wrap">
<div class="sidebar"><h3>X200 Manual</h3><ul><li><a href="1">Safety</a></li><li><a href="2">Unpacking</a></li>
<li><a href="3">Descaling</a><ul><li><a href="3a">Pump</a></li></ul></li><li><a href="4">Spare parts</a></li></ul></div>
<div class="content"><div class="breadcrumb"><a href="/">Home</a> &gt; <a href="/m">Manuals</a> &gt; X200</div>
<h2>Descaling the machine</h2><p>Descale the machine every <strong>three months</strong>, or when the lamp<br>
lights up red. You need 1&nbsp;l of water and 30&nbsp;ml of descaler.</p>
<ol><li>Switch the machine off.</li><li><p>Fill the tank.</p><p>Do not use vinegar.</p></li>
<li>Press:<ul><li>the left button, and</li><li>the right button</li></ul></li></ol>
<dl><dt>Red lamp</dt><dd>Descaling is due.</dd><dt>Green lamp</dt><dt>Blue lamp:</dt><dd><p>Ready.</p>
<p>Brew.</p></dd></dl>
<h3>Technical data</h3><table border=1><tr><td>Voltage</td><td>230 V</td></tr>
<tr><td>Weight</td><td>3.2 kg<br>(without water)</td></tr></table><h3>Order numbers</h3>
<table><thead><tr><th>Part</th><th>Number</th><th>Price</th></tr></thead><tbody>
<tr><td>Lid</td><td>X2-01</td><td>4.90 €</td></tr>
<tr><td colspan=3>Filters</td></tr><tr><td>Filter</td><td>X2-02</td><td></td></tr></tbody></table></div></div>
<div id="footer"><p>© Acme</p><a href="/i">Imprint</a> <a href="/p">Privacy</a> <a href="/t">Terms</a>
<a href="/c">Contact</a></div></body></html>"""


def test_a_page_of_a_manual() -> None:
    document = loaded(MANUAL.encode("cp1252"))
    assert document.text.split("\n\n") == [
        "Descaling the X200",
        "Descaling the machine",
        "Descale the machine every three months, or when the lamp\n"
        "lights up red. You need 1 l of water and 30 ml of descaler.",
        "1. Switch the machine off.",
        "2. Fill the tank.",
        "Do not use vinegar.",
        "3. Press:\n- the left button, and\n- the right button",
        "Red lamp: Descaling is due.",
        "Green lamp, Blue lamp: Ready.",
        "Brew.",
        "Technical data",
        "Voltage: 230 V",
        "Weight: 3.2 kg (without water)",
        "Order numbers",
        "Part: Lid | Number: X2-01 | Price: 4.90 €",
        "Filters",
        "Part: Filter | Number: X2-02",
    ]
    assert [heading.level for heading in document.headings] == [1, 2, 3, 3]


NEWS = """<!doctype html><meta charset=utf-8><title>Council approves tram - The Daily</title><body>
<div class="cookie-banner"><p>We use cookies to make this site work and to show advertising.</p>
<button>OK</button></div>
<header><a href="/">The Daily</a><nav><a href=1>News</a><a href=2>Sport</a></nav></header><div class="layout">
<article><header><h1>Council approves tram</h1><p>By <a href=a>Ann Byrne</a></p></header>
<div class="share-buttons"><a href=f>Facebook</a><a href=t>Twitter</a></div>
<p>The city council voted on Friday to build a tram line to the harbour by 2029. It will cost €240 million.</p>
<aside class="related"><h4>Related</h4><ul><li><a href=1>Harbour</a><li><a href=2>Buses</a><li><a href=3>Bridge</a>
<li><a href=4>Old tram</a></ul></aside><blockquote><p>&ldquo;A good day,&rdquo; said the mayor.</p></blockquote>
<details><summary>The vote</summary><p>31 for, 12 against.</p></details></article>
<aside><h2>Most read</h2><p>Swimmer crosses the bay in nine hours.</p></aside></div>
<footer><p>The Daily is published by Daily Media Limited, registered in Dublin under number 12345.</p></footer>"""


def test_a_page_of_news() -> None:
    assert text(NEWS).split("\n\n") == [
        "Council approves tram",
        "By Ann Byrne",
        "The city council voted on Friday to build a tram line to the harbour by 2029. It will cost €240 million.",
        "“A good day,” said the mayor.",
        "The vote",
        "31 for, 12 against.",
    ]


BARE = """<HTML><HEAD><TITLE>Re: pump noise</TITLE></HEAD><BODY BGCOLOR="#FFFFFF">
<CENTER><A HREF="a">[Prev]</A> <A HREF="b">[Next]</A> <A HREF="c">[Index]</A> <A HREF="d">[Thread]</A></CENTER><HR>
<FONT SIZE=+1>From: Joe &lt;joe@example.com&gt;<BR>Date: 4 May 1999</FONT>
<P>Hi all,<P>the pump hums when the <I>filter</I> is dirty. Clean
it with water &amp; a brush.<UL><LI>first unplug it<LI>then open <A HREF=x>the lid</A></UL>
<TABLE WIDTH=600><TR><TD WIDTH=120><A HREF=1>FAQ</A><BR><A HREF=2>Links</A></TD>
<TD><P>Second post in a layout table.</P><H2>And a title</H2>More.</TD></TR></TABLE>Bye</BODY></HTML>"""


def test_a_page_without_structure() -> None:
    assert text(BARE).split("\n\n") == [
        "Re: pump noise",
        "From: Joe <joe@example.com>\nDate: 4 May 1999",
        "Hi all,",
        "the pump hums when the filter is dirty. Clean it with water & a brush.\n- first unplug it\n"
        "- then open the lid",
        "FAQ\nLinks",
        "Second post in a layout table.",
        "And a title",
        "More.",
        "Bye",
    ]


DOCS = """<!DOCTYPE html><title>Tasks — Lib 2.0</title><div role="navigation"><h3>Navigation</h3></div>
<div class="document"><div class="body" role="main"><section><h1>Tasks<a class="headerlink" href="#tasks">¶</a></h1>
<div class="contents"><ul><li><a href="#a">Creating</a></li><li><a href="#b">Cancel</a></li>
<li><a href="#c">Waiting</a></li><li><a href="#d">Groups</a></li></ul></div>
<p>Use <code><span class="pre">create_task()</span></code> to start a task:</p>
<div class="highlight"><pre><span></span><span>async</span> <span>def</span> <span>main</span><span>():</span>
    <span>task</span> <span>=</span> <span>f</span><span>()</span>

    <span class="k">await</span> <span>task</span>
</pre></div>
<dl><dt><span>create_task</span>(<em>coro</em>, <em>name=None</em>)<a class="headerlink" href="#x">¶</a></dt>
<dd><p>Wrap the coroutine.</p><dl><dt>Parameters<span>:</span></dt><dd><ul>
<li><p><strong>coro</strong> – the coroutine</p></li>
<li><p><strong>name</strong> – its name</p></li></ul></dd></dl></dd></dl>
<table><thead><tr><th><p>Name</p></th><th><p>Meaning</p></th></tr></thead><tbody><tr><td><p>done</p></td>
<td><p>It ended.</p><p>With or without result.</p></td></tr></tbody></table>
<table><tr><td class="linenos"><pre>1
2</pre></td><td class="code"><pre>a = 1
b &lt; 2</pre></td></tr></table></section></div></div><div role="contentinfo">© 2024.</div>"""


def test_a_page_of_documentation() -> None:
    assert text(DOCS) == (
        "Tasks\n\nUse create_task() to start a task:\n\n"
        "async def main():\n    task = f()\n\n    await task\n\n"
        "create_task(coro, name=None): Wrap the coroutine.\n\n"
        "Parameters:\n- coro – the coroutine\n- name – its name\n\n"
        "Name: done | Meaning: It ended. With or without result.\n\n"
        "a = 1\nb < 2"
    )


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a<b>b</b>c <i> d</i>  e", "abc d e"),
        ("<p>one<div>two</div>three<br>four", "one\n\ntwo\n\nthree\nfour"),
        ("<p>x&nbsp;y &lt;z&gt; &eacute;&#233; soft&shy;ly", "x y <z> éé softly"),
        ("<p>CO<sub>2</sub> m<sup>2</sup> 5<sup>th</sup> 10<sup>-6</sup>", "CO2 m2 5th 10^-6"),
        ("<p>word<a href='#n1'><sup>12</sup></a>, <sup><a href='#n'>*</a></sup>next", "word, next"),
        ("<p>漢<ruby>字<rp>(</rp><rt>じ</rt></ruby>", "漢字"),
        ("<h2>C#</h2><h2>Use <a href='#use'>#</a></h2><h2><a href='/x'>Go</a></h2>", "C#\n\nUse\n\nGo"),
        ("<h1>Not closed<p>text<p>more", "Not closed\n\ntext\n\nmore"),
        ("<h3><button>Can I return it?</button></h3><p>Yes.</p><button>Buy</button>", "Can I return it?\n\nYes."),
        ("<ol type=a start=3><li>c<li>d<li value=9>i</ol>", "c. c\n\nd. d\n\ni. i"),
        ("<ol><li><h2>First</h2>do it<li>then</ol>", "1. First\n\ndo it\n\n2. then"),
        ("<ul><li>a<ul><li>b</ul>c<li></ul>d", "- a\n- b\n\nc\n\nd"),
        ("<dl><dt>A<dd><dt>B<dd>b<dt>C</dl>d", "A\n\nB: b\n\nC\n\nd"),
        ("<pre>\n a\n   b<br>c</pre>", " a\n   b\nc"),
        ("<pre><div>a</div><div>b</div></pre>", "a\nb"),
        ("<pre>open <p>text\nmore", "open\n\ntext more"),
        ("<math><mi>E</mi><mo>=</mo><mi>m</mi><annotation>E=m</annotation></math>", "E=m"),
        ("<p>a<span hidden>b</span><span aria-hidden=true>c</span><span style='x:y;display: none'>d</span>e", "ae"),
        ("<div role=tabpanel hidden>tab</div><dialog>modal</dialog><template>t</template>", "tab"),
        ("<p>a<script>1</script><style>2</style><noscript>3</noscript><svg><text>4</text></svg><select><option>5", "a"),
        ("<label>Name <input value=x></label> <textarea>t</textarea><img alt='picture'>", "Name"),
    ],
)
def test_blocks_and_what_is_in_them(markup: str, expected: str) -> None:
    assert text(markup) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><th>A<th>B<tr><td>1<td>2", "A: 1 | B: 2"),
        ("<tr><th><th>2023<th>2024<tr><th>Sales<td>5<td>7", "Sales | 2023: 5 | 2024: 7"),
        ("<tr><th>A<th>B<th>C<tr><td colspan=2>1<td>2<tr><td rowspan=2>x<td>y<td>z<tr><td>v<td>w",
         "A: 1 | C: 2\n\nA: x | B: y | C: z\n\nA: x | B: v | C: w"),
        ("<tr><td>1<td>2<td>3<tr><td>4<td><td>6", "1 | 2 | 3\n\n4 | 6"),
        ("<tr><td>Weight<td>2 kg<tr><td>Width<td>", "Weight: 2 kg\n\nWidth"),
        ("<tr><th>Key:<td>value<tr><th>Keys<td>a<td>b", "Key: value\n\nKeys: a | b"),
        ("<tr><th>A<th>B", "A: B"),
        ("<tr><td>one<tr><td>two", "one\n\ntwo"),
        ("<tr><td>only", "only"),
        ("<tr><td><p>a<p>b<p>c<p>d<td>e", "a\n\nb\n\nc\n\nd\n\ne"),
        ("<tr><td><table><tr><td>a<td>b</table><td>c", "a: b\n\nc"),
        ("<tr style='display:none'><td>x<td>y<tr><td>a<td>b<td>c", "a | b | c"),
        ("<tr><td colspan=9999999>a<td rowspan=0>b<tr><td colspan=x>c<td>d<td>e", "a | b\n\nc | d | e"),
    ],
)  # fmt: skip
def test_tables(rows: str, expected: str) -> None:
    assert text(f"<table>{rows}</table>") == expected


def test_a_table_of_layout_by_its_role() -> None:
    assert text("<table role=presentation><tr><th>a<td>b</table>") == "a\n\nb"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<title>T | Site</title>", "<p>x", "T\n\nx"),
        ("<title>T - part 2</title>", "<h2>y</h2>x", "T - part 2\n\ny\n\nx"),
        ("<title>T</title>", "<h1>H</h1>x", "H\n\nx"),
        ("<title>T</title>", "<h2>T</h2>x", "T\n\nx"),
        ("<title>T</title>", "<h1><img></h1>x", "T\n\nx"),
        ("<title>T</title>", "<svg><title>S</title></svg>", ""),
        ("", "", ""),
        ("", "<p> &nbsp; </p>", ""),
    ],
)
def test_the_title_stands_in_for_a_heading(head: str, body: str, expected: str) -> None:
    assert text(f"<html><head>{head}</head><body>{body}</body></html>") == expected


SENTENCE = "This is a sentence that is long enough to be the content of a page, and so it must stay."
LINKS = "".join(f"<li><a href='/{n}'>Link {n}</a></li>" for n in range(6))


@pytest.mark.parametrize(
    ("markup", "menu"),
    [
        (f"<ul>{LINKS}</ul><p>{SENTENCE}", False),
        (f"<div><h3>More</h3><ul>{LINKS}</ul></div><p>{SENTENCE}", False),
        (f"<p>{SENTENCE}<p>See these:<ul>{LINKS}</ul>", True),
        (f"<p>{SENTENCE}<p>See these:<ul class='nav-list'>{LINKS}</ul>", False),
        (f"<main><div><ul>{LINKS}</ul></div><p>{SENTENCE}</main>", True),
        (f"<h1>Reports</h1><div><ul>{LINKS * 9}</ul></div>", True),
        (f"<nav><p>{SENTENCE}</p><ul>{LINKS}</ul></nav>", True),
        (f"<nav><ul>{LINKS}</ul></nav><main></main><p>{SENTENCE}", False),
        (f"<div hidden><p>{SENTENCE}</p><p>Link 0</div>", True),
    ],
)
def test_menus_go_and_content_stays(markup: str, menu: bool) -> None:
    found = text(markup)
    assert ("Link 0" in found) is menu
    assert (SENTENCE in found) is (SENTENCE in markup)


def test_one_article_is_the_content_and_several_are_not() -> None:
    one = f"<p>Before the article</p><article><p>{SENTENCE}</article>"
    assert text(one) == SENTENCE
    assert text(f"{one}<article>Another</article>") == f"Before the article\n\n{SENTENCE}\n\nAnother"
    assert text(f"<p>{SENTENCE}</p><article>A teaser</article>") == f"{SENTENCE}\n\nA teaser"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("<p>Dún".encode(), "Dún"),
        ("<p>Dún".encode("utf-16"), "Dún"),
        ('<meta charset="latin1"><p>Dún “x”'.encode("cp1252"), "Dún “x”"),
        ('<meta charset="iso-8859-1"><p>Dún'.encode(), "Dún"),
        ('<meta charset="koi8-r"><p>и'.encode("koi8_r"), "и"),
        ('<meta charset="iso-2022-jp"><p>日本'.encode("iso2022_jp"), "日本"),
        ('<?xml version="1.0" encoding="windows-1250"?><p>łąka'.encode("cp1250"), "łąka"),
        ('<meta charset="utf-8"><p>Preis: 30 €'.encode("cp1252"), "Preis: 30 €"),
        ('<meta charset="nonsense"><p>café'.encode("cp1252"), "café"),
        (b'<meta charset="rot13"><p>a', "a"),
    ],
)
def test_encodings(data: bytes, expected: str) -> None:
    assert text(data) == expected


def test_xhtml_closes_what_html_would_not() -> None:
    head = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x.js"/></head>'
    assert (
        text(f'{head}<body><p><a id="p1"/>one<i/> two</p><p/><p><![CDATA[three]]></p></body></html>')
        == "one two\n\nthree"
    )


def test_headings_may_be_lowered() -> None:
    draft = Draft("a.epub")
    write_html(draft, "<title>Not this</title><h1>One</h1><h3>Two</h3>", lower=1)
    assert [heading.level for heading in draft.document(b"").headings] == [2, 4]


MANY = 100_000


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<div>" * MANY + "x", 1),
        ("<div>w " * 30_000 + "</div>" * 30_000, 30_000),
        ("<ul><li>w " * 30_000, 30_000),
        ("<p>w" * 30_000, 30_000),
        ("<b><i>" * MANY + "x", 1),
        ("<table><tr><td>" * 10_000 + "x", 1),
        ("<pre>" * 10_000 + "<p>x", 1),
        ("<div " + " ".join(f"a{n}=1" for n in range(MANY)) + ">x", 1),
        ("</div>" * MANY + "x", 1),
    ],
)
def test_bad_markup_in_bounded_time(markup: str, words: int) -> None:
    start = time.process_time()
    assert len(text(markup).split()) == words
    assert time.process_time() - start < 5


def test_throughput() -> None:
    page = MANUAL.replace('<div class="content">', '<div class="content">' + f"<p class='text'>{SENTENCE}</p>" * 20_000)
    start = time.process_time()
    assert text(page).count(SENTENCE) == 20_000
    assert time.process_time() - start < 4


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(" \n\t"), max_size=40)


@given(WORDS)
def test_the_words_of_a_paragraph_stay(words: str) -> None:
    plain = words.translate(dict.fromkeys(map(ord, "\xad\u200b\u2060\ufeff")))
    assert text(f"<p>{html.escape(words)}</p>").split() == plain.split()


TAGS = ["div", "p", "b", "span", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "blockquote", "h2", "pre"]


@given(st.lists(st.sampled_from(["word"] * 8 + TAGS + [f"/{tag}" for tag in TAGS] + ["br"]), max_size=60))
def test_no_word_is_lost_however_blocks_nest(pieces: list[str]) -> None:
    numbers = count()
    words = [f"w{next(numbers)}" for piece in pieces if piece == "word"]
    left = iter(words)
    found = text("".join(f" {next(left)} " if piece == "word" else f"<{piece}>" for piece in pieces))
    assert sorted(
        word for word in found.replace(":", " ").replace(";", " ").replace(",", " ").split() if word[0] == "w"
    ) == sorted(words)


@given(st.binary(max_size=200) | st.lists(st.sampled_from(sorted(set(WIKI.split("<")))), max_size=40).map("<".join))
def test_anything_becomes_a_document_or_an_error(data: bytes | str) -> None:
    try:
        loaded(data)
    except DocumentError as error:
        assert str(error).startswith("'a.html' is ")
