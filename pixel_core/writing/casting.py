"""Casting: which sentences of the knowledge one client says, so that they can come from one person."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from pixel_core.writing.deck import Deck
from pixel_core.writing.facts import Facts, facts_of, join
from pixel_core.writing.material import Feature, Picture, Statement
from pixel_core.writing.phrases import family_of
from pixel_core.writing.risk import IDEATION, level_of
from pixel_core.writing.scene import Voice

# A first sentence must not lean on one before it.
_LEANS = re.compile(
    r"(?:it|they|that|he|she|them|those|this|and|but|so|then|no|yes|in that|what if|what would|which|of course|before,|after the split)\b",
    re.I,
)


_OWN: Facts = {"speaker": frozenset({"self"})}  # a client speaks of themselves, and not as somebody's parent


def cast(pictures: Sequence[Picture], wanted: int, deck: Deck, rng: random.Random, *, risk: bool) -> tuple[list[Voice], Facts]:
    """About `wanted` voiced symptoms over all pictures, the first able to open, and the facts they tell together.

    With `risk` one of them is a thought of dying where the pictures hold one; without, none is. Every further picture gets at
    least two where it can.
    """
    known = _OWN
    voices: list[Voice] = []
    shares = [wanted] if len(pictures) == 1 else [wanted - 2 * (len(pictures) - 1), *([2] * (len(pictures) - 1))]
    for picture, share in zip(pictures, shares, strict=True):
        features = list(picture.voiced("symptom"))
        dangerous = [f for f in picture.voiced("symptom", "screen") if any(is_danger(s, f) for s in f.voiced)]
        calm = [f for f in features if not _is_risk(f)]
        rng.shuffle(calm)
        calm.sort(key=_depth)
        taken: list[Voice] = []
        wish = rng.choice(dangerous) if risk and dangerous and picture is pictures[0] else None
        for feature in ([wish] if wish else []) + [f for f in calm if f is not wish]:
            if len(taken) >= share:
                break
            opening = not voices and all(is_danger(v.statement, v.feature) for v in taken)
            found = _voice(picture, feature, known, deck, rng, opening=opening, danger=feature is wish)
            if found:
                voice, known = found
                taken.append(voice)
        voices += taken
    first = next((v for v in voices if not is_danger(v.statement, v.feature) and not _LEANS.match(v.statement.text)), None)
    if first:
        voices = [first, *(v for v in voices if v is not first)]
    return voices, known


def single(picture: Picture, role: str, known: Facts, deck: Deck, rng: random.Random) -> tuple[Voice, Facts] | None:
    """One voiced feature of a role (impact, course, screen) that agrees with what is known; None when there is none."""
    features = list(picture.voiced(role))  # type: ignore[arg-type]
    rng.shuffle(features)
    for feature in features:
        if found := _voice(picture, feature, known, deck, rng, opening=False, danger=False):
            return found
    return None


def agrees(statement: Statement, known: Facts, scope: str) -> Facts | None:
    """The facts of a client who says this too; None when it contradicts them."""
    return join(known, facts_of(statement.text, scope))


def told_by(picture: Picture, feature: Feature, statement: Statement) -> Facts:
    """The facts that a voiced sentence tells of its speaker, the pole of its class among them."""
    facts = facts_of(statement.text, picture.id)
    return {**facts, f"pole of {picture.id}": frozenset({feature.pole})} if feature.pole else facts


def agrees_with(known: Facts, text: str) -> bool:
    """Whether a client of whom this is known can say a text that belongs to no class."""
    return join(known, facts_of(text)) is not None


def _voice(
    picture: Picture, feature: Feature, known: Facts, deck: Deck, rng: random.Random, *, opening: bool, danger: bool
) -> tuple[Voice, Facts] | None:
    def fits(statement: Statement) -> bool:
        return join(known, told_by(picture, feature, statement)) is not None and is_danger(statement, feature) == danger

    able = [s for s in feature.voiced if fits(s) and not (opening and _LEANS.match(s.text))] or [s for s in feature.voiced if fits(s)]
    chosen = deck.draw(f"{picture.label}:{feature.key}", feature.voiced, rng, lambda s: s in able)
    if chosen is None:
        return None
    return Voice(feature, chosen, picture, family_of(picture, feature)), join(known, told_by(picture, feature, chosen)) or known


def is_danger(statement: Statement, feature: Feature) -> bool:
    """Whether a sentence voices a thought of dying, or worse, by its words or by the symptom that it stands for."""
    return level_of(statement.text, feature.symptom) >= IDEATION


def _is_risk(feature: Feature) -> bool:
    return level_of("", feature.symptom) >= IDEATION


def _depth(feature: Feature) -> int:
    """0 for items of a criterion, 1 for criteria voiced as a whole: those make weaker first sentences."""
    return 0 if feature.symptom else 1
