"""The curves of a long run with every objective stay small enough for the metadata of a materialisation."""

import random

from PIL import Image

from pixel_core.model.heads import OBJECTIVES
from pixel_core.training.plots import draw_curves
from pixel_core.training.runs import Baselines

LIMIT = 200_000  # bytes that metadata take


def noisy_run(steps):
    draw = random.Random(1)
    lines = []
    for step in range(1, steps + 1):
        conflicts = {"conflict_share": draw.random(), "cosine_lowest": -draw.random()}
        lengths = {f"{kind}_{name}": draw.random() for kind in ("gradient", "merged") for name in OBJECTIVES}
        lines.append({"step": step, "train_language": 8 + draw.random(), "gradient_norm": draw.random(), **conflicts, **lengths})
    for step in (0, steps):
        heads = {f"calibrated_{name}": draw.random() for name in OBJECTIVES[1:]}
        lines.append({"step": step, "validation_language": 7.0, **heads})
    return sorted(lines, key=lambda line: line["step"])


def test_the_picture_of_a_noisy_run_is_small_and_always_the_same(tmp_path):
    metrics, baselines = noisy_run(300), Baselines(5.0, dict.fromkeys(OBJECTIVES[1:], 0.5), {})
    for name in ("one.png", "two.png"):
        draw_curves(tmp_path / name, metrics, baselines)
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes() and len(data) < LIMIT
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size == (1040, 600) and len(picture.convert("RGB").getcolors(256)) > 10
