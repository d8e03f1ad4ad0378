"""A conversation of few turns, with provenance, for tests that need one whatever it says."""

from dataclasses import replace

from pixel_core.conversation import Conversation, Provenance, Turn

PROVENANCE = Provenance("notes", "pixel://notes", "row 3", "CC0-1.0", "written", "test/1", 1.5, 2.5)


def conversation(*contents, labels=(), category="mental_health", **fields):
    turns = tuple(
        Turn("user" if i % 2 == 0 else "assistant", "client" if i % 2 == 0 else "therapist", text, i % 2 == 1)
        for i, text in enumerate(contents or ("I slept badly.", "What kept you awake?"))
    )
    turns = (*turns[:-1], replace(turns[-1], labels=tuple(labels)))
    base = {"group": "g", "difficulty": 2, "provenance": (PROVENANCE,), "extra": {"k": [1, "é"]}}
    return Conversation(turns, category, **(base | fields))
