import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.readers.pdf import read_pdf
from tests.pixel_core.knowledge.formats import encrypted, pdf

TWO_PAGES = pdf(
    [
        "Running head 1",
        ("Sleep", 18, True),
        ("Why people wake", 13, True),
        "People wake for many rea-",
        "sons, and the pro-",
        "cess is well-",
    ],
    ["Running head 2", "known to all who lie awake. It is late.", None, "1. A noise; or", "2. A thought", "The process goes on.", "2"],
    ["Running head 3", ("What helps", 13, True), "Rest (and \\ patience)."],
)


def reason(data):
    with pytest.raises(UnusableError) as caught:
        read_pdf(data, "x.pdf")
    return caught.value.reason


def test_lines_become_headings_paragraphs_and_items():
    document = read_pdf(TWO_PAGES, "x.pdf")
    assert [(b.kind, b.level, b.mark, str(b.text)) for b in document.blocks] == [
        ("heading", 1, "", "Sleep"),
        ("heading", 2, "", "Why people wake"),
        ("paragraph", 0, "", "People wake for many reasons, and the process is wellknown to all who lie awake. It is late."),
        ("item", 0, "1", "A noise; or"),
        ("item", 0, "2", "A thought The process goes on."),
        ("heading", 2, "", "What helps"),
        ("paragraph", 0, "", "Rest (and \\ patience)."),
    ]
    assert all(document.text[b.text.start : b.text.end] == b.text for b in document.blocks)


def test_every_character_knows_its_page():
    document = read_pdf(TWO_PAGES, "x.pdf")
    pages = {
        word: document.page_at(document.text.index(word)) for word in ("Sleep", "process", "known", "late", "noise", "helps", "patience")
    }
    assert pages == {"Sleep": 1, "process": 1, "known": 2, "late": 2, "noise": 2, "helps": 3, "patience": 3}
    assert document.page_at(document.text.index("who lie awake")) == 2


def test_a_hyphen_that_the_document_writes_elsewhere_stays():
    data = pdf(
        ["The self-esteem of people varies, and so does self-", "esteem in groups. All is well, as known, and well-", "known it stays."]
    )
    text = read_pdf(data, "x.pdf").text
    assert "so does self-esteem in groups" in text
    assert "and well-known it stays" in text


def test_text_without_a_type_for_headings_shows_them_by_space():
    document = read_pdf(
        pdf(["Panic Disorder", None, "It comes at once, and it goes away again.", "It is not dangerous.", None, "Care", None, "Talk."]),
        "x.pdf",
    )
    assert [str(b.text) for b in document.blocks if b.kind == "heading"] == ["Panic Disorder", "Care"]


def test_a_password_is_asked_for_or_not():
    assert reason(encrypted(TWO_PAGES, "secret")) == "encrypted"
    assert reason(encrypted(TWO_PAGES, "secret", "RC4-128")) == "encrypted"
    assert read_pdf(encrypted(TWO_PAGES, ""), "x.pdf").text == read_pdf(TWO_PAGES, "x.pdf").text


def test_what_is_no_text_is_refused_with_its_reason():
    assert reason(b"not a pdf") == "not_a_pdf"
    assert reason(TWO_PAGES[: len(TWO_PAGES) // 2]) == "truncated"
    assert reason(b"%PDF-1.7\nnothing\n%%EOF") == "malformed_pdf"
    assert reason(pdf([], [], image=True)) == "no_text_layer"
    assert reason(pdf(["3"], ["4"], image=True)) == "no_text_layer"
    assert reason(pdf([], [])) == "no_text"


def test_pages_that_are_images_are_named_beside_those_that_are_read():
    read = ["This page has words enough to be read."]
    document = read_pdf(pdf(read, [], read, ["7"], image=True), "x.pdf")
    assert document.scanned == (2, 4)
    assert document.page_at(document.text.rindex("This page")) == 3
    assert read_pdf(pdf(read, [], read), "x.pdf").scanned == ()


def test_a_stream_that_unpacks_without_end_is_refused():
    import zlib

    bomb = zlib.compress(b" " * 90_000_000, 9)
    data = pdf(["A page."])
    start, end = data.rindex(b"stream\n", 0, data.rindex(b"endstream")), data.rindex(b"endstream")
    head = data[:start].rindex(b"<<")
    swollen = data[:head] + b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(bomb) + bomb + b"\n" + data[end:]
    assert reason(swollen) in ("too_large", "malformed_pdf", "no_text")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_never_breaks(data):
    damaged = bytearray(TWO_PAGES)
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_pdf(bytes(damaged), "x.pdf").text
    except UnusableError as error:
        assert error.reason


def test_pypdf_reads_what_the_test_writes():
    from pypdf import PdfReader

    assert len(PdfReader(io.BytesIO(TWO_PAGES)).pages) == 3
