"""Fitting: whether a line of a bank can be said now, by what was told before it and by what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from pixel_core.writing.casting import agrees_with
from pixel_core.writing.content import content_of, was_brought_up
from pixel_core.writing.cues import cue_of, lowered
from pixel_core.writing.material import Picture
from pixel_core.writing.phrases import Family, bank, names_of
from pixel_core.writing.scene import Scene, Voice

LATER = 2  # turns of the therapist after which it may be asked what was left out


def heard_now(scene: Scene, *, of: str | None = None) -> Callable[[Mapping[str, str]], bool]:
    """Lines that can be said now: with a `cue` where the client has just said it, for `later` once the therapist has spoken.

    With `of`, the cue is looked for in those words alone.
    """
    said = of if of is not None else scene.turns[-1].text if scene.turns else ""
    lower = lowered(said)
    spoke = any(turn.speaker == "therapist" for turn in scene.turns)

    def fits(line: Mapping[str, Any]) -> bool:
        cue = line.get("cue")
        timely = agrees_with(scene.facts, line["say"])  # nobody is told of years who has told of weeks
        return timely and (spoke or not line.get("later")) and (not cue or cue_of(cue).holds(said, lower))

    return fits


def doubt_in(said: str) -> str:
    """The doubt or refusal in what a client has said: what is answered to it is not what goes with the rest; all of it if there is none."""
    return max((doubt for doubt in _doubts() if doubt in said), key=len, default=said)


def suits(line: str, voice: Voice, spoken: Sequence[Voice], heard: Sequence[Voice] = ()) -> bool:
    """Whether a line of a family can be said of this symptom, and takes up only what was told: just now, where that is given."""
    family = voice.family
    return family.suits(line, names_of(voice.picture, voice.feature)) and _ripe(line, family, voice.picture, heard or spoken)


def leads_to(line: str, voice: Voice, spoken: Sequence[Voice]) -> bool:
    """Whether a question can be answered by the voice that comes next: what it leads to is in it.

    Where the bank does not tell what a question leads to, it has to share a word with a sentence about a personality.
    """
    said, leads = voice.statement.text, voice.family.leads.get(line)
    told = voice.picture is None or voice.picture.head == "clinical" or bool(content_of(line) & content_of(said))
    return (leads.search(said) is not None if leads else told) and suits(line, voice, spoken)


def asks_more(scene: Scene, voice: Voice) -> Callable[[str | Mapping[str, Any]], bool]:
    """Questions for more of the same that the voice that comes next answers, with `later` only once several were asked."""
    said = voice.statement.text
    lower = lowered(said)
    early = sum(1 for turn in scene.turns if turn.speaker == "therapist") < LATER

    def fits(line: str | Mapping[str, Any]) -> bool:
        if isinstance(line, str):
            return True
        return not (early and line.get("later")) and ("leads" not in line or cue_of(line["leads"]).holds(said, lower))

    return fits


def is_ripe(line: str, pictures: Sequence[Picture], spoken: Sequence[Voice]) -> bool:
    """Whether a line of a family that was told of speaks only of what this client has said already."""
    families = {v.family for v in spoken if any(line == exchange.say for exchange in v.family.exchanges)}
    picture = pictures[0] if pictures else None
    told = {f: [name for v in spoken if v.family is f for name in names_of(v.picture, v.feature)] for f in families}
    return all(family.suits(line, told[family]) and _ripe(line, family, picture, spoken) for family in families)


def _ripe(line: str, family: Family, picture: Picture | None, spoken: Sequence[Voice]) -> bool:
    """Whether what a line takes up was said: what the bank tells, else every image (a dishwasher, a farm) that could be said."""
    if line in family.takes:
        return family.takes_up(line, " ".join(v.statement.text for v in spoken))
    if picture is not None and picture.head != "pdm2":
        return True
    sentences = [s.text for f in picture.features for s in f.voiced] if picture else family.voiced
    return was_brought_up(line, sentences, {v.statement.text for v in spoken})


@cache
def _doubts() -> tuple[str, ...]:
    return (*bank("client")["reluctant"], *bank("client")["resistant"])
