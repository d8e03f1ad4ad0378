"""What lies in a folder after a save that went wrong, and what a folder is that is not whole."""

import pytest

from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.pixel import CheckpointError, PixelModel
from pixel_core.recipe import load_recipe
from tests.pixel_core.model.asserts import assert_same_heads
from tests.pixel_core.model.small import labelled_dialogue


@pytest.fixture
def batch(tokenizer):
    return build_batch([[example_of(labelled_dialogue(1), tokenizer)]], pad=0)


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a")
    PixelModel.load(tmp_path / "a").save(tmp_path / "b")
    for path in sorted(p for p in (tmp_path / "a").rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "pixel/heads.safetensors", "pixel/config.json"])
def test_a_folder_that_is_half_written_is_named(model, tmp_path, file):
    model.save(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:60])
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        PixelModel.load(tmp_path)


def test_an_interrupted_save_leaves_no_checkpoint_and_no_old_heads_on_new_weights(model, tmp_path, monkeypatch):
    model.save(tmp_path)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(model.tokenizer, "save_pretrained", interrupted)  # the backbone's weights are written by then
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path)
    with pytest.raises(CheckpointError, match="is no Pixel checkpoint"):
        PixelModel.load(tmp_path)
    monkeypatch.undo()
    model.save(tmp_path)
    PixelModel.load(tmp_path)


def test_adapters_and_a_whole_model_are_not_saved_over_one_another(model, tokenizer, batch, tmp_path):
    """What lies there of the other kind would be loaded in place of what was saved, or beneath it."""
    model.save(tmp_path / "whole")
    adapted = PixelModel.from_backbone(
        load_recipe(overrides=[f"model.backbone={tmp_path / 'whole'}", "model.lora_rank=2"]).model, tokenizer, seed=1
    )
    adapted.save(tmp_path / "adapters")
    for held, saved in (("whole", adapted), ("adapters", model)):
        with pytest.raises(CheckpointError, match="name another folder"):
            saved.save(tmp_path / held)
        PixelModel.load(tmp_path / held)
    loaded = PixelModel.load(tmp_path / "whole")
    loaded.save(tmp_path / "whole")
    assert_same_heads(PixelModel.load(tmp_path / "whole")(batch).heads, model(batch).heads)
