"""From a finished scene to the record: roles, labels, evidence, provenance, and what the writer knew.

What stands in `Conversation.extra` of a session (questions and answers have `kind`, `topic`, `classes`, `stages`, `moves`):

- `kind`: disorder, comorbid, differential, psychodynamic, everyday, subclinical; `sheet`: the client (`sheets.ClientSheet`)
- `modality`, `base_modality` (what it would have been without danger), `indication`: why this modality, in words
- `goals`: what each is `about`, the techniques it was served `through`, its `progress` (turn, state) and what it `reached`
- `stages`: one a turn, of opening, exploration, understanding, change, safety, closing
- `moves`: one a therapist turn, with the `move` (the modality's own, else its technique), its `technique`, the `rationale`
  (what it is for; what of the client's it answers; what it was taught from) and the features and the retrieved passage that it
  `rests_on` (`F10:A4`, `passage:<id>`); the spans are the turn's evidence
- `voiced`: the features that the client voices, by turn, class, key, symptom and role
- `differential`: the class told apart, the turn that asks, the sign ruled out, the turn that answers, the sign that tells
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pixel_core.conversation import REST, Conversation, Evidence, Label, Provenance, Turn
from pixel_core.writing.asking import asks_openly
from pixel_core.writing.modalities import modality, reasons
from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import Utterance
from pixel_core.writing.sheets import difficulty_of, make_sheet
from pixel_core.writing.therapy import Session
from pixel_core.writing.topics import concern_of

VERSION = "16"
SOURCE = "derived:grammar"
LICENCE = "CC0-1.0"
CONSENT = "written for this project; the people in it are invented"
WELL = ("everyday", "subclinical")  # kinds without a disorder


def of_session(session: Session, number: str, kind: str) -> Conversation:
    """The record of a therapy session; `kind` is disorder, comorbid, differential, psychodynamic, everyday or subclinical."""
    turns = session.scene.turns
    classes = tuple(p.id for p in session.pictures) if kind not in WELL else ()
    resistance = sum(1 for turn in turns if turn.reluctant)
    concern = concern_of(session.spoken[0])
    sheet = make_sheet(number, session.temper, person=session.person, concern=concern, classes=classes, resistance=resistance)
    voiced = [
        {"turn": i, "class": v.picture.id, "feature": v.feature.key, "symptom": v.feature.symptom, "role": v.feature.role}
        for i, turn in enumerate(turns)
        for v in turn.voices
        if v.picture
    ]
    symptoms = sum(1 for v in voiced if v["role"] == "symptom")
    risk = max(turn.risk for turn in turns)
    base = session.base or session.modality
    extra: dict[str, Any] = {
        "writer": "grammar",
        "kind": kind,
        "sheet": sheet.to_json(),
        "goals": [goal.to_json() for goal in session.goals],
        "modality": session.modality,
        "base_modality": base,
        "indication": reasons(session.modality, kind, session.pictures, session.temper),
        "voiced": voiced,
        **({"differential": session.differential} if session.differential else {}),
    }
    return Conversation(
        turns=tuple(_therapy_turns(session, kind)),
        category="psychology",
        group=sheet.id,
        difficulty=difficulty_of(resistance=resistance, symptoms=symptoms, classes=len(classes), risk=risk),
        provenance=provenance(turns, ", ".join([*classes, *(str(v["feature"]) for v in voiced)]) or kind),
        extra=extra | _course(turns, session.modality, base),
    )


def of_questions(turns: Sequence[Utterance], topic: str, classes: Sequence[str]) -> Conversation:
    """The record of questions and answers about a topic; they stay in one group, since their answers quote the same text."""
    learned = [Turn("user", "other", t.text, evidence=t.evidence) if t.speaker == "other" else _helper_turn(t, "assistant") for t in turns]
    return Conversation(
        turns=tuple(learned),
        category="psychology",
        group=f"questions:{topic}",
        difficulty=difficulty_of(resistance=0, symptoms=0, classes=len(classes), risk=0),
        provenance=provenance(turns, ", ".join(classes) or topic),
        extra={"writer": "grammar", "kind": "questions", "topic": topic, "classes": list(classes)} | _course(turns),
    )


def provenance(turns: Sequence[Utterance], locator: str) -> tuple[Provenance, ...]:
    """One entry a document that a turn rests on, in the order of the turns."""
    uris = dict.fromkeys(e.uri for turn in turns for e in turn.evidence if e.uri)
    return tuple(Provenance("knowledge", uri, locator, LICENCE, CONSENT, f"grammar {VERSION}") for uri in uris)


def _therapy_turns(session: Session, kind: str) -> Iterator[Turn]:
    """The turns with labels: each class from its first voiced symptom on, crisis where it is known."""
    heard: set[str] = set()
    risk = 0
    calm = _is_calm(session, kind)
    for turn in session.scene.turns:
        if turn.speaker != "client":
            yield _helper_turn(turn, "therapist")
            continue
        heard |= {v.picture.id if v.picture else "" for v in turn.voices}
        risk = max(risk, turn.risk)
        labels = list(_class_labels(session, kind, heard)) if heard else []
        if risk or calm:
            labels.append(Label("crisis.level", float(risk), SOURCE))
        yield Turn("user", "client", turn.text, labels=tuple(labels), evidence=_plain(turn.evidence))


def _class_labels(session: Session, kind: str, heard: set[str]) -> Iterator[Label]:
    """The classes heard of so far; that there are no others, once none is still to come."""
    if kind in WELL:
        yield Label(f"clinical.{REST}", 0.0, SOURCE)
        return
    for picture in session.pictures:
        if picture.id in heard:
            yield Label(picture.label, 1.0, SOURCE)
    if heard >= {picture.id for picture in session.pictures}:
        yield Label(f"{session.pictures[0].head}.{REST}", 0.0, SOURCE)


def _is_calm(session: Session, kind: str) -> bool:
    """Whether the absence of risk is certain: nothing is voiced that could hide it."""
    unsure = set(bank("crisis")["unsure_codes"]) & {p.id for p in session.pictures}
    shipped = all(v.family.sure for v in session.spoken if v.feature.role == "symptom")
    return kind in WELL or (kind in ("disorder", "comorbid", "differential") and not unsure and shipped)


def _helper_turn(turn: Utterance, part: Any) -> Turn:
    """The turn with its techniques; one that ends in an open question is labelled so, whatever move the question serves."""
    asks = ("open_question",) if turn.techniques and asks_openly(turn.text) else ()
    labels = [Label(f"technique.{t}", 1.0, SOURCE) for t in dict.fromkeys((*turn.techniques, *asks))]
    if labels:
        labels += [Label(f"technique.{REST}", 0.0, SOURCE), Label(f"intervention.{turn.purpose}", 1.0, SOURCE)]
    return Turn("assistant", part, turn.text, learn=True, labels=tuple(labels), evidence=_plain(turn.evidence))


def _plain(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(e for e in evidence if e.uri)


def _course(turns: Sequence[Utterance], *modalities: str) -> dict[str, Any]:
    """Stage of every turn, and of every helper's turn the move, why it is made here, and the features it rests on."""
    moves = [
        {
            "turn": i,
            "move": turn.move,
            "technique": turn.purpose,
            "rationale": _rationale(turn, modalities),
            "rests_on": list(turn.rests_on),
        }
        for i, turn in enumerate(turns)
        if turn.purpose
    ]
    return {"stages": [turn.stage for turn in turns], "moves": moves}


def _rationale(turn: Utterance, modalities: Sequence[str]) -> str:
    """What the move is for, and what of the client's it answers."""
    therapist = bank("therapist")
    own = next((m.rationale for name in modalities for m in modality(name).moves.values() if m.name == turn.move), "")
    purpose = own or therapist["rationale"].get(turn.purpose, "")
    because = therapist["because"].get(turn.because, "")
    taught = f"taught from {turn.taught_from}" if turn.taught_from else ""
    return "; ".join(part for part in (purpose, because, taught) if part)
