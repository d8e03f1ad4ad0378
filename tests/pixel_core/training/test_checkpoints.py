"""Checkpoints: whole or not at all, valid only by their manifest, resumable only with their engine state."""

import pytest

from pixel_core.training.checkpoints import (
    CheckpointError,
    checkpoint_folder,
    list_checkpoints,
    newest_resumable,
    prune_engines,
    verify_checkpoint,
    world_of,
)
from tests.pixel_core.training.checkpoint_folders import flip, write


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "tiny-0123456789ab"
    for step in (0, 20, 100):
        write(folder, step)
    return folder


def test_valid_ones_are_listed_in_step_order_with_their_keys(run):
    valid, broken = list_checkpoints(run)
    assert [c.key for c in valid] == ["tiny-0123456789ab.0", "tiny-0123456789ab.20", "tiny-0123456789ab.100"]
    assert not broken
    assert world_of(valid[0]) == 2


@pytest.mark.parametrize("name", ["model.safetensors", "pixel/heads.safetensors", "config.json"])
def test_one_flipped_byte_is_named_and_the_others_stay(run, name):
    flip(run / "checkpoint-100" / name)
    with pytest.raises(CheckpointError, match=name):
        verify_checkpoint(run / "checkpoint-100")
    valid, broken = list_checkpoints(run)
    assert [c.step for c in valid] == [0, 20]
    assert name in broken[100]
    assert newest_resumable(run).step == 20


def test_without_a_manifest_a_folder_is_no_checkpoint(run):
    (run / "checkpoint-100" / "manifest.json").unlink()
    assert [c.step for c in list_checkpoints(run)[0]] == [0, 20]
    assert newest_resumable(run).step == 20


def test_a_renamed_checkpoint_is_refused(run):
    (run / "checkpoint-100").rename(run / "checkpoint-200")
    with pytest.raises(CheckpointError, match="renamed"):
        verify_checkpoint(run / "checkpoint-200")


def test_broken_engine_state_stops_resuming_and_nothing_else(run, caplog):
    flip(run / "checkpoint-100" / "engine" / "state" / "rank_0.pt")
    assert [c.step for c in list_checkpoints(run)[0]] == [0, 20, 100]
    assert newest_resumable(run).step == 20
    assert "rank_0.pt" in caplog.text


def test_pruned_engines_leave_valid_checkpoints(run):
    dropped = prune_engines(run, keep=1)
    assert [f.name for f in dropped] == ["checkpoint-0", "checkpoint-20"]
    assert [c.step for c in list_checkpoints(run)[0]] == [0, 20, 100]
    assert [c.step for c in list_checkpoints(run, resumable=True)[0]] == [100]
    assert prune_engines(run, keep=1) == []


@pytest.mark.parametrize("part", ["write_model", "save_engine"])
def test_a_cut_power_cord_leaves_the_earlier_ones_and_the_next_write_clears_up(run, part):
    def cut(folder):
        (folder / "half.bin").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(run, 120, **{part: cut})
    assert not checkpoint_folder(run, 120).exists()
    assert newest_resumable(run).step == 100
    write(run, 120)
    assert newest_resumable(run).step == 120
    assert sorted(p.name for p in run.iterdir()) == ["checkpoint-0", "checkpoint-100", "checkpoint-120", "checkpoint-20"]
    assert not (run / "checkpoint-120" / "half.bin").exists()


def test_the_same_content_has_the_same_digest(run, tmp_path):
    write(tmp_path / "other", 20)
    assert verify_checkpoint(run / "checkpoint-20").manifest == verify_checkpoint(tmp_path / "other" / "checkpoint-20").manifest


def test_an_empty_run_has_nothing_to_resume_from(tmp_path):
    assert newest_resumable(tmp_path) is None
    assert list_checkpoints(tmp_path / "none") == ([], {})
