"""Checkpoint folders without a model: written as a run writes them, and damaged by one byte."""

from pixel_core.training.checkpoints import write_checkpoint


def write(run, step, write_model=None, save_engine=None):
    def model(folder):
        (folder / "pixel").mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(bytes(range(256)) * 8 + bytes([step]))
        (folder / "pixel" / "heads.safetensors").write_bytes(b"heads")

    def engine(folder):
        (folder / "state").mkdir()
        (folder / "state" / "rank_0.pt").write_bytes(b"moments of step %d" % step)

    return write_checkpoint(
        run,
        step,
        inputs={"packed_dataset": "d1"},
        figures={"ranks": 2},
        write_model=write_model or model,
        save_engine=save_engine or engine,
    )


def flip(path, at=100):
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(bytes(data))
