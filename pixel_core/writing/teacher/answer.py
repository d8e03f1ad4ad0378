"""From a teacher's answer to the record: what was ordered is fixed, what the model decided carries its name, and nothing is invented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pixel_core import taxonomy
from pixel_core.conversation import REST, Conversation, Evidence, Label, Provenance, Turn
from pixel_core.writing.quality.record import FEWEST_TURNS, MOST_TURNS
from pixel_core.writing.record import CONSENT
from pixel_core.writing.risk import level_of
from pixel_core.writing.sheets import ClientSheet, Temper, difficulty_of, make_sheet
from pixel_core.writing.teacher.offer import Offer, techniques_for
from pixel_core.writing.teacher.prompt import STAGES
from pixel_core.writing.writer import Order

ORDERED = "derived:order"
HEARD = "derived:crisis_cues"
_WELL = ("everyday", "subclinical")
_MOST_RESISTANCE = 2
_STRING, _STRINGS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}


def _record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


SCHEMA = _record(
    concern={"type": "string", "description": "what the client comes with, in a few words of ordinary language"},
    goals={
        "type": "array",
        "items": _record(
            about=_STRING,
            through={"type": "string", "enum": list(taxonomy.ids("techniques"))},
            progress={"type": "string", "enum": ["looked for", "agreed", "hesitant", "tried", "reached"]},
        ),
    },
    turns={
        "type": "array",
        "items": _record(
            speaker={"type": "string", "enum": ["client", "therapist"]},
            stage={"type": "string", "enum": list(STAGES)},
            text={"type": "string", "minLength": 1},
            features=_STRINGS,
            techniques={"type": "array", "items": {"type": "string", "enum": list(taxonomy.ids("techniques"))}},
            rationale=_STRING,
            rests_on=_STRINGS,
            reluctant={"type": "boolean"},
            risk={"type": "integer", "minimum": 0, "maximum": 4},
        ),
    },
)


class AnswerError(ValueError):
    """An answer follows the schema and yet is no conversation to the order; `reason` is the reject code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def conversation_of(value: Mapping[str, Any], order: Order, offered: Offer, *, model: str, licence: str) -> Conversation:
    """The conversation that an answer under `SCHEMA` holds. Raises AnswerError when it does not keep to the order."""
    turns = value["turns"]
    _refuse(turns, order, offered)
    sheet = _sheet(value, order, turns)
    voiced = [
        {"turn": i, "class": f.picture.id, "feature": f.feature.key, "symptom": f.feature.symptom, "role": f.feature.role}
        for i, turn in enumerate(turns)
        for f in (offered.features[key] for key in dict.fromkeys(turn["features"]))
    ]
    risks = [_risk(turn) for turn in turns]
    classes = [p.id for p in order.pictures] if order.kind not in _WELL else []
    records = tuple(_turns(turns, risks, order, offered, model))
    extra: dict[str, Any] = {"writer": f"teacher:{model}", "kind": order.kind, "voiced": voiced, "goals": value["goals"]}
    if order.topic is not None:
        extra |= {"topic": order.subject, "classes": []}
    else:
        extra |= {"sheet": sheet.to_json(), "modality": order.modality}
    return Conversation(
        turns=records,
        category="psychology",
        group=sheet.id if order.topic is None else f"questions:{order.subject}",
        difficulty=difficulty_of(
            resistance=sheet.resistance,
            symptoms=sum(1 for entry in voiced if entry["role"] == "symptom"),
            classes=len(classes),
            risk=max(risks, default=0),
        ),
        provenance=_provenance(records, order, model, licence),
        extra=extra | {"stages": [turn["stage"] for turn in turns], "moves": list(_moves(turns))},
    )


def _refuse(turns: Sequence[Mapping[str, Any]], order: Order, offered: Offer) -> None:
    """Raise for what no record can be made of; whatever a record can hold is left to the judge."""
    if not FEWEST_TURNS <= len(turns) <= MOST_TURNS:
        raise AnswerError("turn_count", f"{len(turns)} turns: {FEWEST_TURNS} to {MOST_TURNS} were asked for")
    if turns[0]["speaker"] != "client" or any(a["speaker"] == b["speaker"] for a, b in pairwise(turns)):
        raise AnswerError("turns_do_not_alternate", "client and therapist do not take turns, the client first")
    for turn in turns:
        known = offered.features.keys() if turn["speaker"] == "client" else offered.features.keys() | offered.grounds.keys()
        named = turn["features"] if turn["speaker"] == "client" else [*turn["features"], *turn["rests_on"]]
        if unknown := [key for key in named if key not in known]:
            raise AnswerError("invented_evidence", f"{len(unknown)} ids were not offered")
        if turn["speaker"] == "therapist" and not set(turn["techniques"]) <= techniques_for(order):
            raise AnswerError("foreign_technique", f"techniques that {order.modality} does not use")
        if turn["speaker"] == "therapist" and turn["features"]:
            raise AnswerError("feature_in_wrong_mouth", "the therapist voices a feature of the client's")
    if order.pictures and not any(turn["features"] for turn in turns):
        raise AnswerError("no_voiced_feature", "the client voices none of the offered features")


def _sheet(value: Mapping[str, Any], order: Order, turns: Sequence[Mapping[str, Any]]) -> ClientSheet:
    temper = order.temper or Temper("secure", "humour", {}, 0)
    resistance = min(_MOST_RESISTANCE, sum(1 for turn in turns if turn["speaker"] == "client" and turn["reluctant"]))
    classes = tuple(p.id for p in order.pictures) if order.kind not in _WELL else ()
    return make_sheet(order.key, temper, person=order.person, concern=value["concern"], classes=classes, resistance=resistance)


def _risk(turn: Mapping[str, Any]) -> int:
    """The crisis level of a client's turn: the model's, and at least what the words tell."""
    return max(turn["risk"], level_of(turn["text"])) if turn["speaker"] == "client" else 0


def _turns(turns: Sequence[Mapping[str, Any]], risks: Sequence[int], order: Order, offered: Offer, model: str) -> Iterator[Turn]:
    told, risk, source = False, 0, f"model:{model}"
    helper, client = ("assistant", "other") if order.topic is not None else ("therapist", "client")
    for turn, level in zip(turns, risks, strict=True):
        if turn["speaker"] == "therapist":
            yield Turn("assistant", helper, turn["text"], True, tuple(_techniques(turn, source)), tuple(_grounds(turn, offered)))  # type: ignore[arg-type]
            continue
        told, risk = told or bool(turn["features"]), max(risk, level)
        labels = list(_classes(order)) if told or (order.kind in _WELL and not order.pictures) else []
        if risk or order.kind in _WELL:
            labels.append(Label("crisis.level", float(risk), source if turn["risk"] == risk else HEARD))
        evidence = tuple(dict.fromkeys(e for key in turn["features"] for e in offered.features[key].evidence))
        yield Turn("user", client, turn["text"], labels=tuple(labels) if order.topic is None else (), evidence=evidence)  # type: ignore[arg-type]


def _classes(order: Order) -> Iterator[Label]:
    if order.kind in _WELL:
        yield Label(f"clinical.{REST}", 0.0, ORDERED)
        return
    for picture in order.pictures:
        yield Label(picture.label, 1.0, ORDERED)
    yield Label(f"{order.pictures[0].head}.{REST}", 0.0, ORDERED)


def _techniques(turn: Mapping[str, Any], source: str) -> Iterator[Label]:
    used = list(dict.fromkeys(turn["techniques"]))
    if used:
        yield from (Label(f"technique.{t}", 1.0, source) for t in used)
        yield Label(f"technique.{REST}", 0.0, source)
        yield Label(f"intervention.{used[-1]}", 1.0, source)


def _grounds(turn: Mapping[str, Any], offered: Offer) -> Iterator[Evidence]:
    for key in dict.fromkeys(turn["rests_on"]):
        if key in offered.grounds:
            yield offered.grounds[key].evidence
        else:
            yield from offered.features[key].evidence


def _moves(turns: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for index, turn in enumerate(turns):
        if turn["speaker"] == "therapist" and turn["techniques"]:
            purpose = turn["techniques"][-1]
            yield {"turn": index, "move": purpose, "technique": purpose, "rationale": turn["rationale"], "rests_on": turn["rests_on"]}


def _provenance(turns: Sequence[Turn], order: Order, model: str, licence: str) -> tuple[Provenance, ...]:
    uris = dict.fromkeys(e.uri for turn in turns for e in turn.evidence)
    locator = ", ".join(p.id for p in order.pictures) or order.subject
    return tuple(Provenance("knowledge", uri, locator, licence, CONSENT, f"teacher {model}") for uri in uris)
