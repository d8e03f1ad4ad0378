import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.readers.cnxml import read_cnxml
from pixel_core.knowledge.readers.html import read_html
from tests.pixel_core.knowledge.formats import cnxml

MODULE = cnxml(
    """<para id="a">People <emphasis>sleep</emphasis> (<link target-id="Figure_1"/>) at <term>night</term>, as <link target-id="Table_1"/>
    shows<m:math><m:mi>x</m:mi></m:math>. <link target-id="Table_1"/> is long.</para>
    <section><title>Why</title><para>They are tired.<list><item>One</item>
      <item><para>Two</para><para>halves</para></item></list>Rest.</para>
      <section><title>Deeper</title><figure><media alt="no"><image src="x"/></media><caption>A bed.</caption></figure></section>
      <table><tgroup><tbody><row>\n<entry>a</entry>\n<entry>b</entry></row></tbody></tgroup></table>
      <exercise><problem><para>Why?</para></problem><solution><para>B</para></solution></exercise></section>"""
).replace("</content>", "</content><glossary><definition><term>nap</term><meaning>a short sleep</meaning></definition></glossary>")


def blocks(document):
    assert all(document.text[b.text.start : b.text.end] == b.text for b in document.blocks)
    return [(b.kind, b.level, str(b.text)) for b in document.blocks]


def refusal(read, data):
    with pytest.raises(UnusableError) as caught:
        read(data if isinstance(data, bytes) else data.encode(), "x")
    return caught.value.reason


def test_a_module_becomes_text_without_debris():
    assert blocks(read_cnxml(MODULE.encode(), "m.cnxml")) == [
        ("heading", 1, "Sleep"),
        ("paragraph", 0, "People sleep at night, as the table shows. The table is long."),
        ("heading", 2, "Why"),
        ("paragraph", 0, "They are tired."),
        ("item", 0, "One"),
        ("item", 0, "Two halves"),
        ("paragraph", 0, "Rest."),
        ("heading", 3, "Deeper"),
        ("paragraph", 0, "A bed."),
        ("item", 0, "a; b"),
        ("paragraph", 0, "Why?"),
        ("paragraph", 0, "Answer: B"),
        ("heading", 2, "Glossary"),
        ("item", 0, "nap: a short sleep"),
    ]


BOMB = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, PARAMETER])
def test_a_module_that_declares_entities_is_refused(doctype):
    assert refusal(read_cnxml, cnxml("<para>&a;</para>" if "% p" not in doctype else "<para>x</para>", before=doctype)) == "hostile_xml"


def test_a_doctype_of_old_modules_is_no_harm_and_its_entities_are_those_of_html():
    old = '<!DOCTYPE document PUBLIC "-//CNX//DTD CNXML 0.5//EN" "http://cnx.rice.edu/cnxml.dtd">'
    assert "caf\u00e9 open" in read_cnxml(cnxml("<para>caf&eacute;&nbsp;open</para>", before=old).encode(), "m").text


def test_other_files_are_no_modules():
    assert refusal(read_cnxml, MODULE[:-30]) == "malformed_xml"
    assert refusal(read_cnxml, "<html><body>x</body></html>") == "not_cnxml"
    assert refusal(read_cnxml, cnxml("", title="")) == "no_text"
    assert refusal(read_cnxml, cnxml("<para>é</para>").encode("latin-1")) == "malformed_xml"
    assert refusal(read_cnxml, '<?xml version="1.0" encoding="klingon"?>' + MODULE) == "malformed_xml"


PAGE = """<!doctype html><html><head><title>Not this</title><style>p {}</style></head><body><nav><a href=x>Home</a></nav>
<h1>Panic <em>disorder</em></h1><p>It comes &amp; goes<br>fast.<p>Second<script>var x = "<p>no</p>";</script> one.
<ul><li><p>A racing heart</p></li><li>Sweat<ul><li>cold</ul></ul><div hidden>secret</div><math><mi>x</mi></math>
<table><tr> <th>Sign</th><td>Fear</td></tr></table><dl><dt>Panic<dd>sudden fear</dl><h2>Care</h2>Talk.
<footer>Imprint</footer></body></html>"""


def test_a_page_becomes_text_without_navigation_scripts_and_formulas():
    assert blocks(read_html(PAGE.encode(), "p.html")) == [
        ("heading", 1, "Panic disorder"),
        ("paragraph", 0, "It comes & goes fast."),
        ("paragraph", 0, "Second one."),
        ("item", 0, "A racing heart"),
        ("item", 0, "Sweat"),
        ("item", 0, "cold"),
        ("item", 0, "Sign; Fear"),
        ("item", 0, "Panic: sudden fear"),
        ("heading", 2, "Care"),
        ("paragraph", 0, "Talk."),
    ]


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="windows-1252"><p>café “x”'.encode("cp1252"),
        b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>caf\xe9 \x93x\x94',
        "<p>café “x”".encode(),
        "<meta charset=utf-8><p>café “x”".encode("utf-16"),
        '<meta charset="windows-1252"><p>café “x”'.encode("utf-8-sig"),  # a mark counts before what is declared
        '<meta charset="utf-16"><p>café “x”'.encode(),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(data):
    assert read_html(data, "p.html").text == "café “x”"


def test_a_page_in_no_known_encoding_is_refused():
    assert refusal(read_html, "<p>café".encode("cp1252")) == "not_utf8"
    assert refusal(read_html, '<meta charset="utf-8"><p>café'.encode("cp1252")) == "not_utf8"
    assert refusal(read_html, '<meta charset="base64"><p>x') == "not_utf8"
    assert refusal(read_html, "<p></p>") == "no_text"


@pytest.mark.parametrize("mark", ["<!--", "<!-- -->x<!--", "<!", "<![", "<a ", "<script>", "&#", "</"])
def test_the_time_for_hostile_markup_grows_with_its_length_only(mark):
    began = time.process_time()
    try:
        read_html(("<p>Text.</p>" + mark * (400_000 // len(mark))).encode(), "x.html")
    except UnusableError as error:
        assert error.reason == "no_text"
    assert time.process_time() - began < 10  # a minute and more where it grows with the square


MARKUP = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<li>", "<", ">", "</", "<!--", "-->", "<![CDATA[", "&#x", "&amp", "<script>", "<para>", "x ", '"', "<math>", "\0"]
    )
).map("".join)


@settings(deadline=None)
@given(MARKUP | st.text())
def test_any_markup_is_read_or_refused(markup):
    for read in (read_html, read_cnxml):
        for text in (markup, cnxml(markup)):
            try:
                assert read(text.encode("utf-8", "replace"), "x").text
            except UnusableError as error:
                assert error.reason
