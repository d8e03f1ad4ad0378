"""Matters: what a move is about: the topic that was agreed on or talked about, its family, and the thought that goes with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from pixel_core.writing.echo import continued
from pixel_core.writing.phrases import Family, Thought, thoughts_of
from pixel_core.writing.therapy import Session
from pixel_core.writing.topics import is_burden, is_named, mine, topics_of

AGREED = "agreed on"  # in `Session.said`: the family that client and therapist have put first


def told_first(session: Session) -> list[Family]:
    """The families of what was told, the latest first; only the one that was agreed on, once there is such a one."""
    told = session.told()
    return [family for family in told if family.name == session.said.get(AGREED)] or told


def matter_of(session: Session) -> tuple[str, Family]:
    """Something that was talked about, if possible not yet named in this conversation, and its family; the first concern comes most often.

    One thing that weighs comes before things and doings, and those before clauses like "what it has cost you".
    """
    scene = session.scene
    families = told_first(session)
    order = [families[-1], *families[:-1]] if scene.chance(0.6) else families
    named = [(topic, family) for family in order for topic in topics_of(family, session.spoken) if is_named(topic)]
    ranks: list[Callable[[str], bool]] = [
        lambda t: is_burden(t) and t not in scene.used,
        lambda t: not re.match(r"what(?:'s)? ", t) and t not in scene.used,
        is_burden,
        lambda t: t not in scene.used,
        lambda t: True,
    ]
    for rank in ranks:
        for topic, family in named:
            if rank(topic):
                scene.used.add(topic)
                return topic, family
    return "what you've described", order[0]


def slots_of(session: Session, topic: str, family: Family) -> dict[str, str]:
    """What the slots of a move's lines are filled with; a thought that was said stays the one that is worked on."""
    slots = {"topic": topic, "burden": topic, "mine": mine(topic)} | session.said
    if "thought" not in slots:
        found = _thought(session, family)
        slots |= {"thought": found.say, "fairer": found.fairer, "thought_of": found.of}
    return slots | {"quoted": f'"{continued(slots["thought"]).rstrip(".")}"'}


def _thought(session: Session, family: Family) -> Thought:
    """A thought of the family, else of another that was told: first those that the client's class has about it."""
    codes = [p.id for p in session.pictures]
    names = [f.name for f in (family, *told_first(session), *session.told())]
    options = next((found for name in [*names, "general"] if (found := thoughts_of(name, codes))), ())
    return session.scene.draw(f"thought:{options[0].say}", options) or options[0]
