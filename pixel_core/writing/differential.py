"""Differentials: telling two disorders apart that look alike, by asking for what only the other one has."""

from __future__ import annotations

import re

from pixel_core.writing.citations import criterion
from pixel_core.writing.content import content_of
from pixel_core.writing.echo import continued
from pixel_core.writing.forms import item_of
from pixel_core.writing.material import Differential, Feature, Material, Picture
from pixel_core.writing.moves import filled
from pixel_core.writing.phrases import bank, family_of, names_of
from pixel_core.writing.scene import Piece, Voice
from pixel_core.writing.therapy import Session
from pixel_core.writing.topics import is_burden

# What tells two classes apart and cannot be asked of a client: about names, courses and records, or without a word on whom it speaks of.
_NO_QUESTION = re.compile(
    r"record|named|\bgiven\b|both\b|\bask\b|diagnos|episode|picture|\bperson\b|child\b|in addition|underlying|prescri|history|tests?\b|"
    r"often|substance|criteria|symptom|precedence|disorder|delusion|psychosis|relative|months|weeks|eighteen|domain|deserve|mistaken|"
    r"condition|beneath|attention in its own|tapered|\bdrug\b|which is rare|\bmay\b|\buse\b",
    re.I,
)
_NO_SUBJECT = re.compile(
    r"(?:Lasts|Lifelong|Seeks|Wants|Stays|Longs|Keeps|Believes|Reserved|Detached|Manipulates|Exploits|Once|May|Milder|Steeper|Only|Bodily|"
    r"Signs|Spells|After|Within|Short|Whether|In|Possibly|Look|It|Shifts)\b"
)
# Where a distinction turns from the other class to the client's own.
_BORDER = re.compile(r";|:|, (?:while|whereas|less|more|not|rather than|also when the)\b| (?:here|rather than|than)\b")
_FEWEST, _MOST = 3, 18  # words that a question quotes


def differentials_of(material: Material, picture: Picture) -> list[Picture]:
    """The pictures that this one can be told from: named by the knowledge, held by the material, and with a sign of their own."""
    named = {d.name for d in picture.differentials}
    return [p for p in material.pictures if p.name in named and p is not picture and _askable(p, picture) and own_signs(picture, p)]


def _askable(other: Picture, own: Picture) -> bool:
    """Whether the other picture has a sign of its own that can be named in a question."""
    return bool(_asked(other, own))


def _asked(other: Picture, own: Picture) -> list[Feature]:
    """The signs of the other picture that can be named in a question and, denied, tell it from the client's own."""
    known = bank("comorbidity")
    common = {"", *known["common"], *known["in_both"].get(f"{own.id} {other.id}", ())}
    return [f for f in own_signs(other, own) if f.symptom not in common and (item_of(other, f) or _burdens(other, f))]


def _burdens(picture: Picture, feature: Feature) -> list[str]:
    family, names = family_of(picture, feature), names_of(picture, feature)
    return [topic for topic in family.topics if is_burden(topic) and family.suits(topic, names)]


def own_signs(picture: Picture, other: Picture) -> list[Feature]:
    """The voiced symptoms of a picture whose kind the other one does not have at all."""
    shared = {family_of(other, f).name for f in other.features} | {"general", "life_impact", "life_course"}
    symptoms = {f.symptom for f in other.features if f.symptom}
    return [f for f in picture.voiced("symptom") if f.symptom not in symptoms and family_of(picture, f).name not in shared]


def reserve(session: Session, other: Picture) -> Voice | None:
    """Take a voice that tells the client's class from the other one out of the queue, so that it is heard when it is asked for."""
    keys = {f.key for f in own_signs(session.pictures[0], other)}
    voice = next((v for v in reversed(session.queue) if v.feature.key in keys), None)
    if voice is None or len(session.queue) < 2:
        return None
    session.queue.remove(voice)
    return voice


def contrast(session: Session, other: Picture, voice: Voice) -> bool:
    """Ask for what the other picture has, which the client denies, and hear a sign that only theirs has. False when it cannot be asked.

    The question is what the knowledge says of the difference, where that can be put to a client; else it is for the sign nearest to it.
    """
    scene, own = session.scene, session.pictures[0]
    statement = _distinction(own, other)
    sign, near = _dividing(session, other, statement.distinguish.text)
    clause = asked_of(statement.distinguish.text) if near else ""
    item, burdens = item_of(other, sign), _burdens(other, sign)
    slots = {"clause": continued(clause), "item": item, "burden": scene.rng.choice(burdens) if burdens else ""}
    name = "contrast_clause" if clause else "contrast_item" if item else "contrast"
    line = scene.draw(name, bank("therapist")[name])
    if line is None:
        return False
    evidence = [statement.distinguish.evidence, *([sign.text.evidence] if sign.text else [])]
    session.turn([Piece("closed_question", filled(line, slots))], "exploration", evidence, on=[voice])
    asked = len(scene.turns) - 1
    _deny(session, voice)
    session.differential = {
        "against": other.id,
        "asked": asked,
        "ruled_out": sign.key,
        "answered": len(scene.turns) - 1,
        "discriminating": voice.feature.key,
    }
    return True


def asked_of(distinction: str) -> str:
    """The part of a distinction that says what the other class is like, where a client can say yes or no to it; else ""."""
    clause = _BORDER.split(distinction, maxsplit=1)[0].rstrip(" .,")
    able = not _NO_QUESTION.search(clause) and not _NO_SUBJECT.match(clause)
    return clause if able and _FEWEST <= len(clause.split()) <= _MOST else ""


def _dividing(session: Session, other: Picture, distinction: str) -> tuple[Feature, bool]:
    """The sign of the other picture that shares most words with the distinction, and whether it shares any."""
    words = content_of(distinction)
    signs = _asked(other, session.pictures[0])
    shared = [len(words & content_of(f"{f.symptom.replace('_', ' ')} {f.text.text if f.text else ''}")) for f in signs]
    most = max(shared)
    return session.scene.rng.choice([f for f, count in zip(signs, shared, strict=True) if count == most]), most > 0


def _deny(session: Session, voice: Voice) -> None:
    scene, client = session.scene, bank("client")
    rather = str(scene.draw_line("rather", client["rather"]))
    told = continued(voice.statement.text) if rather.endswith(":") else voice.statement.text
    parts = [str(scene.draw_line("deny", client["deny"])), rather, told]
    session.reply(" ".join(parts), voices=[voice], last=("voices", [voice]), evidence=criterion(voice), lead=False)


def _distinction(own: Picture, other: Picture) -> Differential:
    return next(d for d in own.differentials if d.name == other.name)
