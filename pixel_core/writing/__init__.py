"""Writing conversations: from what is known to what people might say.

Used by the knowledge stage and, later, by voice and corpus; it knows none of them.
"""

from pixel_core.writing.grammar import WritingError, write_conversations
from pixel_core.writing.material import Differential, Feature, Material, Notion, Picture, Statement, role_of
from pixel_core.writing.sheets import ClientSheet, difficulty_of

__all__ = [
    "ClientSheet",
    "Differential",
    "Feature",
    "Material",
    "Notion",
    "Picture",
    "Statement",
    "WritingError",
    "difficulty_of",
    "role_of",
    "write_conversations",
]
