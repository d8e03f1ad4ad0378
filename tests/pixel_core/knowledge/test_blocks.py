import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.knowledge.blocks import parse_markdown, parse_plain
from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.located import parse_json_lines, plain, reads_as
from pixel_core.knowledge.readers.text import read_text


def seen(blocks):
    return [(b.kind, b.level, b.mark, str(b.text)) for b in blocks]


def test_markdown_as_it_is_written():
    text = """---
title: not text
---
Title
=====

Part
----

Some *marked* and _stressed_ `code`, a [link](http://x.y/z) <b>bold</b> 2 * 3 * 4 snake_case_name.

```
# not a heading
```

A. First
B. Second
   goes on
C. S. Lewis wrote.

F. Nietzsche is no sixth point.
"""
    assert seen(parse_markdown(text)) == [
        ("heading", 1, "", "Title"),
        ("heading", 2, "", "Part"),
        ("paragraph", 0, "", "Some marked and stressed code, a link bold 2 * 3 * 4 snake_case_name."),
        ("paragraph", 0, "", "# not a heading"),
        ("item", 0, "A", "First"),
        ("item", 0, "B", "Second goes on"),
        ("item", 0, "C", "S. Lewis wrote."),
        ("paragraph", 0, "", "F. Nietzsche is no sixth point."),
    ]


def test_lines_of_windows_read_as_others_do():
    text = "---\ntitle: not text\n---\n\n# Title #\n\nSome text\ngoes on.\n\n1. One\n2. Two\n"
    assert seen(parse_markdown(text.replace("\n", "\r\n"))) == seen(parse_markdown(text))
    assert seen(parse_markdown("\ufeff" + text.replace("\n", "\r\n")))[0] == ("heading", 1, "", "Title")


@pytest.mark.parametrize("line", ["# a" + " " * 20_000 + "b", "# a" + " #" * 20_000 + " b", "#" + " " * 20_000 + "#" * 20_000])
def test_the_time_for_a_heading_grows_with_its_length_only(line):
    began = time.process_time()
    parse_markdown(line)
    assert time.process_time() - began < 2  # hours where it grows with the cube


def test_plain_text_shows_its_headings_by_space():
    text = (
        "A Book on Sleep\n\nWHY WE SLEEP\n\nWe sleep a lot, and\nwe do not know why\n\n"
        "2.1 The Night\n\n1. Dark\n2. Long\n\nCare\nIt helps.\n"
    )
    assert seen(parse_plain(text)) == [
        ("heading", 1, "", "A Book on Sleep"),
        ("heading", 1, "", "WHY WE SLEEP"),
        ("paragraph", 0, "", "We sleep a lot, and we do not know why"),
        ("heading", 2, "", "2.1 The Night"),
        ("item", 0, "1", "Dark"),
        ("item", 0, "2", "Long"),
        ("heading", 2, "", "Care"),
        ("paragraph", 0, "", "It helps."),
    ]


@settings(deadline=None)
@given(st.text(st.sampled_from("Ab1. -#=*_`[]()<>\n\t\u2022\f\u2028"), max_size=80))
def test_blocks_stand_in_order_where_they_say(text):
    for parse in (parse_markdown, parse_plain):
        blocks = parse(text)
        assert all(reads_as(text[b.text.start : b.text.end], b.text) for b in blocks)
        assert all(a.text.end <= b.text.start for a, b in pairwise(blocks))


@given(st.text())
def test_plain_text_stays_plain(text):
    assert "**" not in plain(text)
    assert plain(text) == plain(text).strip()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_declared_encodings_are_read(encoding):
    document = read_text("Müde.\n\nWach.".encode(encoding), "a.txt")
    assert [str(b.text) for b in document.blocks] == ["Müde.", "Wach."]
    assert all(document.text[b.text.start : b.text.end] == b.text for b in document.blocks)


@pytest.mark.parametrize(
    ("data", "reason"),
    [("Müde.".encode("cp1252"), "not_utf8"), ("Sleep".encode("utf-16-le"), "not_utf8"), (b"\xef\xbb\xbf\n", "empty"), (b"\f \n", "empty")],
)
def test_other_bytes_are_refused(data, reason):
    with pytest.raises(UnusableError) as caught:
        read_text(data, "a.txt")
    assert caught.value.reason == reason


def test_form_feeds_are_page_borders():
    document = read_text(b"One is here.\n\fTwo is here.\n\f", "a.txt")
    assert [document.page_at(document.text.index(word)) for word in ("One", "Two")] == [1, 2]
    assert read_text(b"One.", "a.txt").page_at(0) is None


def test_lines_of_json_stand_where_they_say():
    text = '\ufeff{"a": "one"}\r\n\n  {"a": "two"} \n{"a": \n"x"}\n3 4'
    values = dict(parse_json_lines(text))
    assert [text[values[n]["a"].start : values[n]["a"].end] for n in (1, 3)] == ["one", "two"]
    assert [type(values[n]).__name__ for n in (4, 5, 6)] == ["JSONDecodeError"] * 3
