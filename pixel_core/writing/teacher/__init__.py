"""The teacher writer: conversations by a language model behind an OpenAI-compatible endpoint, held to what was ordered."""

from pixel_core.writing.passages import Passage, Retrieve
from pixel_core.writing.teacher.writer import TeacherWriter

__all__ = ["Passage", "Retrieve", "TeacherWriter"]
