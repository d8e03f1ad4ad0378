"""The record of a checkpoint's heads: the table that they were trained by, compared with the table of today. It is written last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pixel_core.model.heads import HEADS


class CheckpointError(ValueError):
    """A folder is no Pixel checkpoint of this head table; the message names the difference."""


def read_record(path: Path) -> dict[str, Any]:
    """What a checkpoint says of its heads; raises CheckpointError when that is nothing, or its head table is not this one."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist: the folder is no Pixel checkpoint (or only its base model)")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        stored = {head["name"]: head for head in record["heads"]}
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is no record of heads: {error!r}") from error
    table = {spec.name: spec.to_json() for spec in HEADS}
    for name in sorted(stored.keys() | table.keys()):
        if name not in stored or name not in table:
            raise CheckpointError(
                f"head {name} is in {'the table' if name in table else path} only: evaluate with the version that trained it"
            )
        for key, value in table[name].items():
            if (before := stored[name].get(key)) != value:
                raise CheckpointError(f"head {name}: {key} {_difference(before, value)}: evaluate with the version that trained it")
    if missing := sorted({"supervised", "priors", "scales", "abstention"} - record.keys()):
        raise CheckpointError(f"{path} says nothing of {', '.join(missing)}: it was written by another version")
    return record


def make_way(folder: Path, record: Path, *, adapters: bool) -> None:
    """Prepare a folder for a checkpoint: the record that lies there goes, so that one whose saving is interrupted is none.

    Raises CheckpointError where weights of the other kind lie there: they would be loaded in place of those to be saved, or beneath them.
    """
    others = ("model*.safetensors", "pytorch_model*.bin") if adapters else ("adapter_*",)
    if found := sorted(path.name for pattern in others for path in folder.glob(pattern)):
        held, given = ("a whole model", "adapters") if adapters else ("adapters", "a whole model")
        raise CheckpointError(f"{folder} holds {held} ({found[0]}) and {given} would be saved into it: name another folder")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)


def _difference(stored: Any, wanted: Any) -> str:
    if isinstance(stored, list) and isinstance(wanted, list) and set(stored) != set(wanted):
        return f"has {sorted(set(stored) - set(wanted))} in the checkpoint and {sorted(set(wanted) - set(stored))} in the table"
    return f"is {stored!r} in the checkpoint and {wanted!r} in the table"
