"""Opening checkpoints: each work opens its own respondent, and a model that stays loaded is shared by all of one checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch

from pixel_core.artifacts import read_manifest
from pixel_core.evaluation.respondents.checkpoint import CheckpointRespondent, load
from pixel_core.model.pixel import PixelModel


def open_checkpoint(folder: Path, batch_size: int) -> CheckpointRespondent:
    """The respondent of a checkpoint folder: on a GPU as stored, on CPU in float32."""
    return CheckpointRespondent(folder, batch_size=batch_size, device=_device())


class KeptLoaded:
    """Opens checkpoints as `open_checkpoint` does, and keeps the model of the last one loaded for the next task list.

    What a respondent remembers is not shared: what is read together, and so the last digit, never depends on what was asked before.
    """

    def __init__(self) -> None:
        self._digest = ""
        self._model: PixelModel | None = None

    def __call__(self, folder: Path, batch_size: int) -> CheckpointRespondent:
        """The respondent of a checkpoint folder."""
        digest = read_manifest(folder).digest
        if self._model is None or digest != self._digest:
            self._model = None  # before the next one is loaded: two may not fit
            self._model, self._digest = load(folder, _device()), digest
        return CheckpointRespondent(folder, batch_size=batch_size, device=_device(), model=self._model)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
