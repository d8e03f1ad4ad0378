"""Joints: whether a therapist's turn fits the client's turns around it, where the phrase banks tell what a line takes up or leads to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pixel_core.conversation import Conversation, Turn
from pixel_core.writing.cues import Cue, cue_of, lowered
from pixel_core.writing.fillers import unfit_fillers
from pixel_core.writing.fitting import LATER, doubt_in
from pixel_core.writing.manner import endings
from pixel_core.writing.phrases import Family, bank, everyday, families, psychodynamic
from pixel_core.writing.risk import IDEATION, level_labelled

_SENTENCES = re.compile(r"(?<=[.!?]) |(?<=[.!?][\"']) ")


@dataclass(frozen=True, slots=True)
class Joint:
    """What a line asks of the turns around it: the client's turn before it, any before it, the one after it; some only come later.

    What answers a `doubt` is looked for in the doubt alone.
    """

    line: str
    before: Cue | None = None
    doubt: bool = False
    told: Cue | None = None
    after: Cue | None = None
    later: bool = False


def joint_faults(conversation: Conversation) -> Iterator[str]:
    """The turns that do not fit those around them, as codes."""
    turns = conversation.turns
    for index, turn in enumerate(turns):
        if turn.part == "therapist":
            for joint in joints_in(turn.content):
                yield from _misfits(joint, turns, index)
        elif turn.part == "client":
            if index and any(unfit_fillers(turns[index - 1].content, turn.content)):
                yield "word_unfit_for_the_question"
            if level_labelled(turn.labels) >= IDEATION and _ends_idly(turn.content):
                yield "word_after_a_wish_to_die"


def _misfits(joint: Joint, turns: Sequence[Turn], index: int) -> Iterator[str]:
    said = [turn.content for turn in turns[:index] if turn.part == "client"]
    if joint.before and not (said and _holds(joint.before, doubt_in(said[-1]) if joint.doubt else said[-1])):
        yield "answers_what_was_not_said"
    if joint.told and not _holds(joint.told, " ".join(said)):
        yield "takes_up_what_was_not_said"
    if joint.after and index + 1 < len(turns) and not _holds(joint.after, turns[index + 1].content):
        yield "question_unfit_for_the_answer"
    if joint.later and sum(1 for turn in turns[:index] if turn.part == "therapist") < LATER:
        yield "asked_too_early"


def _ends_idly(text: str) -> bool:
    sentences = _SENTENCES.split(text)
    return any(" ".join(sentences[-count:]) in endings() for count in (1, 2) if count < len(sentences))


def _holds(cue: Cue, text: str) -> bool:
    return cue.holds(text, lowered(text))


def joints_in(text: str) -> Iterator[Joint]:
    """The lines of a turn that ask something of the turns around it; they are found by their first sentence."""
    for sentence in _SENTENCES.split(text):
        yield from (joint for joint in _joints().get(sentence, ()) if joint.line in text)


@cache
def _joints() -> Mapping[str, tuple[Joint, ...]]:
    therapist = bank("therapist")
    answers = [line for lines in (*therapist["after"].values(), therapist["received"]) for line in lines]
    found = [Joint(line["say"], before=_cue(line["cue"])) for line in answers if "cue" in line]
    found += [Joint(line["say"], before=_cue(line["cue"]), doubt=True) for line in therapist["roll"] if "cue" in line]
    more = [line for line in therapist["again"] if not isinstance(line, str)]
    found += [Joint(line["say"], after=_cue(line.get("leads")), later=bool(line.get("later"))) for line in more]
    for family in (*families().values(), *psychodynamic().values(), *everyday().values()):
        found += _joints_of(family)
    index: defaultdict[str, tuple[Joint, ...]] = defaultdict(tuple)
    for joint in found:
        index[_SENTENCES.split(joint.line)[0]] += (joint,)
    return dict(index)


def _joints_of(family: Family) -> Iterator[Joint]:
    for line in dict.fromkeys((*family.takes, *family.leads)):
        if line not in family.topics:
            told, after = family.takes.get(line), family.leads.get(line)
            yield Joint(line, told=Cue.of(told) if told else None, after=Cue.of(after) if after else None)


def _cue(pattern: Any) -> Cue | None:
    return cue_of(pattern) if pattern else None
