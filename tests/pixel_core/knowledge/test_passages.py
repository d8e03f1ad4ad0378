import polars as pl
import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import KnowledgeError, extract_passages
from pixel_core.knowledge.passages import TABLE
from pixel_core.knowledge.quality import check_passages
from tests.pixel_core.knowledge.documents import INSOMNIA, SHIPPED, record, write

LONG = " ".join(f"This is sentence number {n} of a long text about many things." for n in range(60))


def passages(built):
    return list(pl.read_parquet(built.folder / TABLE).iter_rows(named=True))


def test_the_shipped_documents_all_have_passages(tmp_path):
    built = extract_passages(SHIPPED, tmp_path / "out", words=200)
    assert built.summary.rejects == {}
    assert {p["kind"] for p in passages(built)} == {"disorder", "pdm2", "attachment", "defence", "trait", "interview"}
    assert built.summary.figures["documents"] == 27
    assert check_passages(built.folder).passed


@pytest.mark.parametrize("words", [20, 100, 300])
def test_passages_are_whole_sentences_of_about_the_wanted_length(tmp_path, words):
    write(tmp_path / "kb" / "long.txt", LONG)
    found = passages(extract_passages(tmp_path / "kb", tmp_path / "out", words=words))
    assert " ".join(p["text"] for p in found) == LONG
    assert all(p["text"].endswith("things.") for p in found)
    assert all(0.6 * words <= p["words"] <= 1.4 * words for p in found)
    assert check_passages(tmp_path / "out").passed


def test_two_records_never_share_a_passage(tmp_path):
    write(tmp_path / "kb" / "a.json", {"disorders": [INSOMNIA, record(code="F41.1", name="Generalized anxiety disorder")]})
    found = passages(extract_passages(tmp_path / "kb", tmp_path / "out", words=500))
    assert [(p["kind"], p["code"], p["heading"]) for p in found] == [
        ("disorder", "F51.01", "Insomnia disorder"),
        ("disorder", "F41.1", "Generalized anxiety disorder"),
    ]
    assert "F51.01" not in found[0]["text"]
    assert "early_waking" not in found[0]["text"]
    assert 'At four it\'s "over", every night.' in found[0]["text"]


def test_sections_of_markdown_are_kept_apart_and_headed(tmp_path):
    write(tmp_path / "kb" / "notes.md", "# Notes\n\nFirst.\n\n## Sleep\n\n- One thing.\n- Another.\n\n## Mood\n\nLow.\n")
    found = passages(extract_passages(tmp_path / "kb", tmp_path / "out", words=200))
    assert [(p["heading"], p["text"]) for p in found] == [
        ("Notes", "Notes First."),
        ("Notes: Sleep", "Sleep One thing. Another."),
        ("Notes: Mood", "Mood Low."),
    ]


def test_unreadable_files_are_rejected_and_the_rest_goes_on(tmp_path):
    write(tmp_path / "kb" / "a.txt", "A sentence.")
    write(tmp_path / "kb" / "b.json", "{")
    write(tmp_path / "kb" / "c.md", b"\xff\xff")
    write(tmp_path / "kb" / "d.json", {"version": 3})
    write(tmp_path / "kb" / "e.pdf", "no PDF")
    built = extract_passages(tmp_path / "kb", tmp_path / "out", words=50)
    assert built.summary.rows == 1
    assert built.summary.rejects == {"malformed_json": 1, "no_text": 1, "not_a_pdf": 1, "not_utf8": 1}
    assert built.summary.figures["read"] == 5


def test_a_folder_without_text_is_an_error(tmp_path):
    write(tmp_path / "kb" / "a.txt", "   ")
    with pytest.raises(KnowledgeError, match="no readable document"):
        extract_passages(tmp_path / "kb", tmp_path / "out", words=50)


def test_another_length_builds_again_and_the_same_gives_the_same_bytes(tmp_path):
    first = extract_passages(SHIPPED, tmp_path / "out", words=150)
    again = tree_digest(extract_passages(SHIPPED, tmp_path / "again", words=150).folder)
    assert tree_digest(first.folder) == again
    assert extract_passages(SHIPPED, tmp_path / "out", words=150).skipped
    assert not extract_passages(SHIPPED, tmp_path / "out", words=60).skipped


@pytest.mark.parametrize("words", [0, -5])
def test_a_passage_of_no_words_is_refused(tmp_path, words):
    write(tmp_path / "kb" / "long.txt", LONG)
    with pytest.raises(ValueError, match=f"words = {words}"):
        extract_passages(tmp_path / "kb", tmp_path / "out", words=words)
