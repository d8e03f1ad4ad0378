import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.knowledge.blocks import parse_markdown
from pixel_core.knowledge.located import parse_json, parse_json_lines, part, plain, reads_as


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from strings(entry)


JSON = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@settings(deadline=None)
@given(JSON, st.booleans())
def test_json_strings_know_where_they_stand(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    parsed = parse_json(text)
    assert parsed == value
    assert all(json.loads(f'"{text[s.start : s.end]}"') == s for s in strings(parsed))


@settings(deadline=None)
@given(st.text(), st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_a_part_of_a_string_knows_its_own_place(content, begin, length, ascii_only):
    text = json.dumps({"a": content}, ensure_ascii=ascii_only)
    whole = parse_json(text)["a"]
    begin, end = min(begin, len(content)), min(begin + length, len(content))
    piece = part(text, whole, begin, end)
    assert piece == content[begin:end]
    assert json.loads(f'"{text[piece.start : piece.end]}"') == piece


@pytest.mark.parametrize("text", ["", "{", '{"a": 1} x', "[1,]", '"open', "[" * 100_000])
def test_malformed_json_is_an_error_of_json(text):
    with pytest.raises(json.JSONDecodeError):
        parse_json(text)


def test_a_byte_order_mark_counts_as_a_character():
    text = '\ufeff{"a": "word"}'
    found = parse_json(text)["a"]
    assert text[found.start : found.end] == "word"


MARKDOWN = """# Title

A paragraph that
goes **on**.

## Section ##
- one
  more
* two
1. three
### Deep

Last"""


def test_markdown_becomes_blocks_with_their_places():
    blocks = parse_markdown(MARKDOWN)
    assert [(b.kind, b.level, str(b.text)) for b in blocks] == [
        ("heading", 1, "Title"),
        ("paragraph", 0, "A paragraph that goes on."),
        ("heading", 2, "Section"),
        ("item", 0, "one more"),
        ("item", 0, "two"),
        ("item", 0, "three"),
        ("heading", 3, "Deep"),
        ("paragraph", 0, "Last"),
    ]
    assert all(plain(MARKDOWN[b.text.start : b.text.end]) == b.text for b in blocks)


def test_a_place_elsewhere_does_not_read_as_the_text():
    assert reads_as('say \\"no\\"', 'say "no"')
    assert reads_as("two\n  lines", "two lines")
    assert not reads_as("two lin", "two lines")


@pytest.mark.parametrize("half", [r"\ud800", r"\uDC00", r"\ud83d\u0061", r"\\\ud83d", r"\ude00\ud83d"])
@pytest.mark.parametrize("frame", ['{{"a": ["x {}"]}}', '{{"x {}": 1}}'])
def test_half_of_a_character_is_malformed_and_a_whole_one_is_not(half, frame):
    with pytest.raises(json.JSONDecodeError, match="half of a character"):
        parse_json(frame.format(half))
    assert parse_json(frame.format(r"\ud83d\ude00 \\ud800")) == json.loads(frame.format(r"\ud83d\ude00 \\ud800"))


@pytest.mark.parametrize(("line", "count"), [("only words of a line, " * 25, 5_000), ("[[[[[[[[", 2_000)])
def test_the_time_for_broken_lines_grows_with_their_number_only(line, count):
    began = time.process_time()
    values = [value for _, value in parse_json_lines(f"{line}\n" * count + '{"a": "b c"}')]
    assert time.process_time() - began < 2  # a minute and more where every line is read on to the end
    assert len(values) == count + 1
    assert values[-1] == {"a": "b c"}
    assert (values[-1]["a"].start, values[-1]["a"].end) == (count * (len(line) + 1) + 7, count * (len(line) + 1) + 10)
