"""What the teacher is asked: the rules, the order, what is offered, and what to mind after earlier rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pixel_core import taxonomy
from pixel_core.endpoint import Message
from pixel_core.writing.care import RISK, owed_to, routine_codes
from pixel_core.writing.phrases import bank
from pixel_core.writing.quality.record import FEWEST_TURNS, MOST_TURNS
from pixel_core.writing.record import WELL
from pixel_core.writing.teacher.offer import Offer, techniques_for
from pixel_core.writing.writer import Order

STAGES = ("opening", "exploration", "understanding", "change", "safety", "closing")


def prompt(order: Order, offered: Offer, advice: Sequence[str]) -> tuple[Message, ...]:
    """The messages for one order; `advice` are the reject reasons to mind."""
    told = bank("teacher")
    parts = [_task(order)]
    if offered.features:
        parts.append(_listed(told["features"].format(wanted=_wanted(order)), {k: o.says for k, o in offered.features.items()}))
    if offered.grounds:
        parts.append(_listed(told["grounds"], {key: statement.text for key, statement in offered.grounds.items()}))
    if owed := _owed(order):
        parts.append("\n".join([told["owed"], *(f"- {line}" for line in owed)]))
    parts.append(_listed(told["techniques"], _techniques(order)))
    corrections = [told["corrections"][reason] for reason in advice if reason in told["corrections"]]
    if corrections:
        parts.append("\n".join([told["advice"], *(f"- {line}" for line in dict.fromkeys(corrections))]))
    system = told["questions_system" if order.topic is not None else "system"]
    return Message("system", system), Message("user", "\n\n".join(parts))


def _task(order: Order) -> str:
    told = bank("teacher")
    topic = order.topic.name if order.topic is not None else ""
    temper, person = order.temper, order.person
    return told["task"].format(
        kind=order.kind,
        kind_note=told["kinds"].get(order.kind, "").format(concern=order.concern.replace("_", " "), topic=topic),
        modality=order.modality or "whatever suits",
        fewest=FEWEST_TURNS,
        most=MOST_TURNS,
        resistance=told["resistance"][temper.resistance if temper else 0],
        risk=told["risk"][order.risk],
        person=", ".join(f"{name} {value}" for name, value in person.items()) or "not told",
        attachment=temper.attachment if temper else "not told",
        defence=temper.defence.replace("_", " ") if temper else "not told",
        traits=", ".join(f"{name.replace('_', ' ')} {level}" for name, level in temper.traits.items()) if temper else "not told",
    )


def _owed(order: Order) -> list[str]:
    """What the conversation must hold for the safety of this client."""
    codes = {p.id for p in order.pictures} if order.kind not in WELL else set()
    names = [*([RISK] if codes & routine_codes() else []), *owed_to(codes)]
    return [bank("teacher")["duties"][name] for name in names]


def _techniques(order: Order) -> dict[str, str]:
    able = techniques_for(order)
    return {c.id: c.fields["definition"] for c in taxonomy.classes("techniques") if c.id in able}


def _wanted(order: Order) -> str:
    return "one or two" if order.kind == "subclinical" else "three to six"


def _listed(head: str, entries: Mapping[str, str]) -> str:
    return "\n".join([head, *(f"- {key}: {text}" for key, text in entries.items())])
