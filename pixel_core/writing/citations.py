"""Citations: the places in the knowledge that what is said rests on."""

from __future__ import annotations

from collections.abc import Sequence

from pixel_core.conversation import Evidence
from pixel_core.writing.content import content_of
from pixel_core.writing.material import Material, Picture
from pixel_core.writing.scene import Voice

_SHARED = 2  # words that tell what a text is about, in a line and in what it rests on: one alone (sleep, of insomnia) is the subject's


def criterion(voice: Voice) -> list[Evidence]:
    """The place of the criterion that a voiced sentence shows."""
    return [voice.feature.text.evidence] if voice.feature.text and voice.feature.text.evidence.uri else []


def grounds(pictures: Sequence[Picture], line: str) -> list[Evidence]:
    """The sentence on focus or care that says most of the same as a line, where one does: the passage that the move rests on."""
    words = content_of(line)
    statements = [s for p in pictures for s in (*p.focus, *p.care)]
    best = max(statements, key=lambda s: len(content_of(s.text) & words), default=None)
    return [best.evidence] if best and len(content_of(best.text) & words) >= _SHARED else []


def guideline(material: Material, word: str) -> list[Evidence]:
    """The interview guideline whose id holds this word."""
    return [n.focus[0].evidence for n in material.of("interview") if word in n.id and n.focus][:1]
