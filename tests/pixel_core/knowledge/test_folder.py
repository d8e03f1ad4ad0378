"""Knowledge folders with links, and with files that nobody can open."""

import os
from pathlib import Path

import polars as pl
import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import extract_dsm5, extract_passages
from pixel_core.knowledge.folder import files_below, folder_digest
from tests.pixel_core.knowledge.documents import INSOMNIA, SHIPPED, write

UNREADABLE = Path("/proc/self/mem")  # a file for whose first byte every reader, and root, gets an error


def test_a_linked_folder_is_read_as_if_it_lay_there_and_an_edit_in_it_is_seen(tmp_path):
    kb = tmp_path / "kb"
    write(kb / "a.md", "# A\n\nText.")
    far = write(tmp_path / "elsewhere" / "manuals" / "b.md", "# B\n\nText from afar.")
    (kb / "linked").symlink_to(tmp_path / "elsewhere")
    built = extract_passages(kb, tmp_path / "out", words=100)
    assert set(pl.read_parquet(built.folder / "passages.parquet")["file"]) == {"a.md", "linked/manuals/b.md"}
    write(far, "# B\n\nOther text.")
    assert not extract_passages(kb, tmp_path / "out", words=100).skipped


def test_links_in_a_circle_end_and_no_folder_is_read_twice(tmp_path):
    kb = tmp_path / "kb"
    write(kb / "deep" / "a.md", "Text.")
    write(tmp_path / "far" / "inner" / "b.md", "Text.")
    for name, target in (("up", kb), ("above", tmp_path), ("again", kb / "deep"), ("far", tmp_path / "far"), ("far_too", tmp_path / "far")):
        (kb / name).symlink_to(target)
    (tmp_path / "far" / "inner" / "back").symlink_to(tmp_path / "far")
    assert files_below(kb) == ["deep/a.md", "far/inner/b.md"]


def test_a_link_to_a_part_of_another_linked_folder_loses_nothing_of_either(tmp_path):
    write(tmp_path / "far" / "inner" / "b.md", "Text.")
    write(tmp_path / "far" / "c.md", "Text.")
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a_part").symlink_to(tmp_path / "far" / "inner")
    (tmp_path / "kb" / "whole").symlink_to(tmp_path / "far")
    assert {Path(file).name for file in files_below(tmp_path / "kb")} == {"b.md", "c.md"}


@pytest.mark.parametrize("extract", [extract_dsm5, lambda source, out: extract_passages(source, out, words=100)])
def test_what_cannot_be_opened_is_rejected_and_the_rest_goes_on(tmp_path, extract):
    if not UNREADABLE.exists():
        pytest.skip("this system has no file that cannot be read")
    write(tmp_path / "kb" / "a.json", {"disorders": [INSOMNIA]})
    (tmp_path / "kb" / "b.json").symlink_to(UNREADABLE)
    (tmp_path / "kb" / "c.json").symlink_to(tmp_path / "nowhere.json")
    built = extract(tmp_path / "kb", tmp_path / "out")
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert rejected.select("source", "reason").rows() == [("b.json", "unreadable"), ("c.json", "unreadable")]
    assert built.summary.rows == 1


def test_a_folder_that_cannot_be_opened_is_rejected(tmp_path):
    write(tmp_path / "kb" / "a.md", "Text.")
    closed = tmp_path / "kb" / "closed"
    closed.mkdir(mode=0)
    if os.access(closed, os.R_OK):
        pytest.skip("this user may open every folder")
    built = extract_passages(tmp_path / "kb", tmp_path / "out", words=100)
    assert built.summary.rejects == {"unreadable": 1}


def test_without_links_the_digest_is_that_of_every_tree():
    assert folder_digest(SHIPPED) == tree_digest(SHIPPED)
