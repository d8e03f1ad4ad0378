"""A checkpoint whose heads are of another table, or damaged, is refused by what is wrong with it."""

import json

import pytest
import torch
from safetensors.torch import save_file

from pixel_core.model.pixel import PixelModel
from pixel_core.model.record import CheckpointError


def edit(folder, change):
    path = folder / "pixel" / "config.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.pop(3), "head affect is in the table only"),
        (lambda table: table.append({**table[0], "name": "charm"}), "head charm is in .*config.json only"),
        (lambda table: table[5]["outputs"].__setitem__(0, "F99"), r"head clinical: outputs has \['F99'\]"),
        (lambda table: table[7].__setitem__("levels", 4), "head empathy: levels is 4 in the checkpoint and 3 in the table"),
        (lambda table: table[1]["outputs"].reverse(), "head persona: outputs is"),
        (lambda table: table[2].pop("pooling"), "head emotions: pooling is None in the checkpoint and 'emotion' in the table"),
    ],
)
def test_another_head_table_is_refused_by_name(model, tmp_path, change, message):
    model.save(tmp_path)
    edit(tmp_path, lambda record: change(record["heads"]))
    with pytest.raises(CheckpointError, match=message):
        PixelModel.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "pixel" / "config.json").write_text("{"), "config.json is no record of heads"),
        (lambda f: (f / "pixel" / "config.json").write_text("[]"), "config.json is no record of heads"),
        (lambda f: edit(f, lambda record: record.pop("abstention")), "says nothing of abstention: it was written by another version"),
        (lambda f: (f / "pixel" / "heads.safetensors").unlink(), "heads.safetensors holds no heads"),
        (lambda f: (f / "pixel" / "heads.safetensors").write_bytes(b"\x80\x04no tensors"), "heads.safetensors holds no heads"),
        (lambda f: save_file({}, f / "pixel" / "heads.safetensors"), "heads.safetensors holds no heads"),
        (lambda f: save_file({"by_name.eq.norm.weight": torch.ones(9)}, f / "pixel" / "heads.safetensors"), "size mismatch|Missing key"),
    ],
)
def test_a_damaged_checkpoint_is_refused_by_what_is_wrong(model, tmp_path, change, message):
    model.save(tmp_path)
    change(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        PixelModel.load(tmp_path)
