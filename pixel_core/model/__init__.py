"""The model: a causal language model with emotional-intelligence heads on its last hidden state.

Importing this loads no torch. What needs it is loaded when it is first asked for (`PixelModel`, `Talk`) or comes from its own
module: `pixel_core.model.batch`, `pixel_core.model.decoding`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pixel_core.model.chat import Encoded, encode, prompt
from pixel_core.model.heads import HEADS, OBJECTIVES, HeadSpec, find_head
from pixel_core.model.persona import PersonaTracker

if TYPE_CHECKING:
    from pixel_core.model.pixel import PixelModel
    from pixel_core.model.talk import Talk

__all__ = ["HEADS", "OBJECTIVES", "Encoded", "HeadSpec", "PersonaTracker", "PixelModel", "Talk", "encode", "find_head", "prompt"]
_LATER = {"PixelModel": "pixel_core.model.pixel", "Talk": "pixel_core.model.talk"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
