"""The model: a causal language model with emotional-intelligence heads on its last hidden state.

Imported from here are the table and the forms of text; what needs torch comes from its own module:
`pixel_core.model.batch`, `pixel_core.model.decoding`, `pixel_core.model.pixel`.
"""

from pixel_core.model.chat import Encoded, encode, prompt
from pixel_core.model.heads import HEADS, OBJECTIVES, HeadSpec, find_head

__all__ = ["HEADS", "OBJECTIVES", "Encoded", "HeadSpec", "encode", "find_head", "prompt"]
