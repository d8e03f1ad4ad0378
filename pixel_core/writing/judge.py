"""The judge of every candidate, whoever wrote it: the reasons why a conversation is not fit to be learned from."""

from __future__ import annotations

from collections.abc import Iterator

from pixel_core.conversation import Conversation, ConversationError, validate
from pixel_core.writing.originality import Licensed
from pixel_core.writing.quality.appropriateness import appropriateness_faults
from pixel_core.writing.quality.clinical import clinical_faults
from pixel_core.writing.quality.flow import completeness_faults, flow_faults
from pixel_core.writing.quality.joints import joint_faults
from pixel_core.writing.quality.record import record_faults
from pixel_core.writing.quality.safety import safety_faults
from pixel_core.writing.standards import Standards

COPIED = "licensed_words"


def judge(conversation: Conversation, standards: Standards, licensed: Licensed | None = None) -> list[str]:
    """The reasons against a conversation as codes, each once, in the order of the questions; [] when it is fit.

    Asked are: is the record sound, is it clinically accurate, does it flow and join, is it appropriate, safe, complete and original.
    """
    try:
        validate(conversation)
    except ConversationError as error:
        return [error.reason]
    return list(dict.fromkeys(_reasons(conversation, standards, licensed)))


def _reasons(conversation: Conversation, standards: Standards, licensed: Licensed | None) -> Iterator[str]:
    yield from record_faults(conversation)
    yield from clinical_faults(conversation, standards)
    yield from flow_faults(conversation)
    yield from joint_faults(conversation)
    yield from appropriateness_faults(conversation)
    yield from safety_faults(conversation)
    yield from completeness_faults(conversation)
    if licensed is not None and any(licensed.copied(turn.content) for turn in conversation.turns):
        yield COPIED
