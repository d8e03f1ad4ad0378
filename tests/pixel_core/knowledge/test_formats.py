"""A folder as people have it: every format, and every way in which a file can be of no use."""

import json
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.__main__ import main
from pixel_core.artifacts import tree_digest
from pixel_core.conversation import Evidence, Turn, write_conversations
from pixel_core.knowledge import extract_dsm5, extract_passages
from pixel_core.knowledge.passages import TABLE
from pixel_core.knowledge.quality import check_passages
from pixel_core.knowledge.readers import SUFFIXES, read_document
from pixel_core.knowledge.sources import UnusableError, list_documents
from tests.pixel_core.conversations import conversation
from tests.pixel_core.knowledge.documents import INSOMNIA, write
from tests.pixel_core.knowledge.formats import cnxml, encrypted, pdf, store, vectors, write_store

PRINTED = pdf([("Sleep", 16, True), "Sleep comes slowly to some people."], ["On the second page it has come."])
GOOD = {
    "books/sleep.pdf": PRINTED,
    "books/locked_for_editing_only.pdf": encrypted(PRINTED, ""),
    "books/m1/index.cnxml": cnxml("<para>Dreams are many.</para>"),
    "page.html": "<h1>Rest</h1><p>Rest is good.",
    "notes.md": "# Notes\n\nSleep on it.",
    "notes.txt": "Sleep\n\nIt is needed.",
    "from_windows.txt": "It is late.".encode("utf-16"),
    "dsm5/a.json": {"disorders": [INSOMNIA]},
    "dsm5/b.jsonl": '{"name": "A thing", "text": "It is a thing."}\nnot json\n',
}
BAD = {
    "locked.pdf": (encrypted(PRINTED, "secret"), "encrypted"),
    "scanned.pdf": (pdf([], [], image=True), "no_text_layer"),
    "half.pdf": (PRINTED[:700], "truncated"),
    "words.pdf": ("Not a PDF.", "not_a_pdf"),
    "nothing.pdf": ("", "empty"),
    "nothing.txt": (" \n", "empty"),
    "old.txt": ("Müdigkeit.".encode("cp1252"), "not_utf8"),
    "unmarked.txt": ("Sleep.".encode("utf-16-le"), "not_utf8"),
    "half.json": ('{"disorders": [', "malformed_json"),
    "half_a_character.json": ('{"disorders": [{"name": "Sleep \\ud83d"}]}', "malformed_json"),
    "numbers.json": ('{"a": 1}', "no_text"),
    "half.cnxml": (cnxml("<para>x</para>")[:-20], "malformed_xml"),
    "bomb.cnxml": (cnxml("<para>&a;</para>", before='<!DOCTYPE d [<!ENTITY a "a">]>'), "hostile_xml"),
    "empty.html": ("<html><body><nav>Home</nav></body></html>", "no_text"),
    "letter.docx": ("PK", "unsupported_format"),
    "hostile/index.pkl": (b"cposix\nsystem\n(S'true'\ntR.", "hostile_pickle"),
    "alone/index.faiss": (vectors(1), "missing_texts"),
}


@pytest.fixture
def folder(tmp_path):
    kb = tmp_path / "kb"
    for file, content in [*GOOD.items(), *((file, content) for file, (content, _) in BAD.items())]:
        write(kb / file, content)
    write_store(kb / "faiss_index_all_documents", [("Chunk one of a store.", {"source": "x.pdf", "page": 3})])
    write_store(kb / "uneven", [("Text.", {})], count=4)
    write(kb / ".hidden.txt", "Not read.")
    write(kb / "README.md", "Not read either.")
    return kb


def test_single_scanned_pages_are_rejected_and_the_others_are_read(tmp_path):
    page = ["This page has words enough to be read."]
    write(tmp_path / "kb" / "mixed.pdf", pdf(page, [], ["And another of as many words as that."], image=True))
    built = extract_passages(tmp_path / "kb", tmp_path / "out", words=200)
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert rejected.select("source", "position", "reason").rows() == [("mixed.pdf", "page 2", "no_text_layer")]
    assert built.summary.figures["documents"] == 1
    write(tmp_path / "kb" / "one.json", json.dumps(INSOMNIA))
    disorders = extract_dsm5(tmp_path / "kb", tmp_path / "dsm5")
    assert disorders.summary.figures["read"] == disorders.summary.rows + pl.read_parquet(disorders.folder / "rejected.parquet").height


def test_every_file_ends_read_or_rejected_with_its_reason(folder, tmp_path):
    built = extract_passages(folder, tmp_path / "out", words=200)
    table, rejected = pl.read_parquet(built.folder / TABLE), pl.read_parquet(built.folder / "rejected.parquet")
    assert set(table["file"]) == {*GOOD, "faiss_index_all_documents/index.pkl"}
    assert dict(rejected.filter(pl.col("position") == "file").select("source", "reason").iter_rows()) == {
        **{file: reason for file, (_, reason) in BAD.items()},
        "uneven/index.pkl": "count_mismatch",
    }
    assert rejected.filter(pl.col("position") != "file").select("source", "position", "reason").rows() == [
        ("dsm5/b.jsonl", "line 2", "malformed_json")
    ]
    figures = built.summary.figures
    assert figures["read"] == figures["documents"] + sum(built.summary.rejects.values()) - 1  # the line is no file
    assert check_passages(built.folder).passed
    assert "posix.system" in rejected.filter(pl.col("reason") == "hostile_pickle")["detail"][0]


@pytest.mark.parametrize("extract", [extract_dsm5, lambda source, out: extract_passages(source, out, words=200)])
def test_a_name_that_is_no_text_is_rejected_and_the_rest_goes_on(tmp_path, extract):
    write(tmp_path / "kb" / "a.json", {"disorders": [INSOMNIA]})
    for name in (b"caf\xe9.json", b"caf\xe9.docx"):
        try:
            Path(os.fsdecode(os.fsencode(tmp_path / "kb") + b"/" + name)).write_text('{"disorders": []}')
        except OSError:
            pytest.skip("this file system knows no such names")
    built = extract(tmp_path / "kb", tmp_path / "out")
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert ("caf\ufffd.json", "name_not_utf8") in rejected.select("source", "reason").rows()
    assert built.summary.rows == 1
    assert extract(tmp_path / "kb", tmp_path / "out").skipped


def test_the_same_folder_gives_the_same_bytes(folder, tmp_path):
    extract_passages(folder, tmp_path / "one", words=200)
    extract_passages(folder, tmp_path / "two", words=200)
    assert tree_digest(tmp_path / "one") == tree_digest(tmp_path / "two")


def test_passages_know_their_pages(folder, tmp_path):
    table = pl.read_parquet(extract_passages(folder, tmp_path / "out", words=6).folder / TABLE)
    pages = {r["file"]: [] for r in table.iter_rows(named=True)}
    for row in table.iter_rows(named=True):
        pages[row["file"]].append((row["page"], row["last_page"]))
    assert pages["books/sleep.pdf"] == [(1, 1), (2, 2)]
    assert pages["faiss_index_all_documents/index.pkl"] == [(4, 4)]
    assert pages["notes.md"] == [(None, None)]


def test_trace_prints_the_page_of_a_passage_and_of_a_turn(folder, tmp_path, capsys):
    artifacts = tmp_path / "artifacts"
    table = pl.read_parquet(extract_passages(folder, artifacts / "knowledge_passages", words=6).folder / TABLE)
    row = table.filter((pl.col("file") == "books/sleep.pdf") & (pl.col("page") == 2)).row(0, named=True)
    assert main(["trace", row["id"], "--artifacts", str(artifacts)]) == 0
    assert f"knowledge/books/sleep.pdf, page 2, characters {row['start']} to {row['end']}" in capsys.readouterr().out
    base = conversation("How did it come?", "It came.")
    evidence = (Evidence("knowledge/books/sleep.pdf", 0, row["end"]), Evidence("knowledge/notes.md", 2, 5))
    turns = (*base.turns, Turn("assistant", "assistant", "On the second page it has come.", evidence=evidence))
    told = replace(base, turns=turns)
    (artifacts / "x").mkdir()
    write_conversations(artifacts / "x" / "conversations.parquet", [told])
    assert main(["trace", told.id, "--artifacts", str(artifacts)]) == 0
    printed = capsys.readouterr().out
    assert f"rests on knowledge/books/sleep.pdf, pages 1 to 2, characters 0 to {row['end']}" in printed
    assert "rests on knowledge/notes.md, characters 2 to 5" in printed
    assert main(["trace", "books/sleep.pdf#99", "--artifacts", str(artifacts)]) == 1


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(SUFFIXES)), st.binary(max_size=400))
def test_random_bytes_are_read_or_rejected_with_a_reason(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.mktemp("random", numbered=True)
    write(folder / f"index{suffix}", data)
    if suffix == ".pkl":
        write(folder / "index.faiss", vectors(1))
    for file in list_documents(folder):
        try:
            assert read_document(folder, file).text
        except UnusableError as error:
            assert error.reason.isidentifier()


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_rejected_with_a_reason(tmp_path_factory, data):
    file = data.draw(st.sampled_from(sorted([*GOOD, "index.pkl"])))
    content = store([("Text of a store.", {"page": 1})]) if file == "index.pkl" else GOOD[file]
    folder = tmp_path_factory.mktemp("damaged", numbered=True)
    path = write(folder / file, content)
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(damaged)[: data.draw(st.integers(1, len(damaged)))])
    if file == "index.pkl":
        (folder / "index.faiss").write_bytes(vectors(1))
    try:
        assert read_document(folder, file).text
    except UnusableError as error:
        assert error.reason.isidentifier()
