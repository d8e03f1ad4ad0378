"""The client: what they say as an utterance with its risk, and an answer of the bank's where the knowledge has none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pixel_core.conversation import Evidence
from pixel_core.writing.echo import sentence_case
from pixel_core.writing.material import Picture
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import level_of
from pixel_core.writing.scene import Scene, Utterance, Voice

_MONTH, _HALF_YEAR, _YEAR = 31, 180, 365


def client_turn(
    text: str, stage: str, voices: Sequence[Voice], evidence: Iterable[Evidence], *, reluctant: bool = False, risk: int = 0
) -> Utterance:
    """A client's utterance; its risk is the highest of what is voiced and what is given."""
    spans = tuple(dict.fromkeys(evidence))
    return Utterance("client", sentence_case(text), stage, spans, tuple(voices), reluctant=reluctant, risk=level_told(text, voices, risk))


def level_told(text: str, voices: Sequence[Voice], given: int = 0) -> int:
    """The crisis level of what a client says in these words, by them, by what they voice, or as it is given."""
    voiced = [level_of(v.statement.text, v.feature.symptom) for v in voices] + [v.family.risk or 0 for v in voices]
    return max([given, level_of(text), *voiced])


def role_answer(scene: Scene, role: str, picture: Picture) -> str | None:
    """An answer of the bank's where the knowledge has none; a duration is at least as long as the class asks for."""
    if role == "screen":
        return None
    client = bank("client")
    if role == "impact":
        return scene.draw_line("impact", client["impact"])
    long = _durations(picture)
    return scene.draw_line(f"duration:{long[0]}", [line for key in long for line in client["duration"][key]]) if long else None


def _durations(picture: Picture) -> tuple[str, ...]:
    text = picture.duration.text if picture.duration else ""
    lifelong = picture.id in bank("facts")["lifelong"] or re.search(r"adolescence|childhood|early|before age|enduring", text, re.I)
    if lifelong:
        return ("always",)
    days = picture.min_days
    if days is None:
        return ("months", "years") if text else ()
    return ("weeks", "months") if days < _MONTH else ("months", "years") if days <= _HALF_YEAR else ("years",) if days > _YEAR else ()
