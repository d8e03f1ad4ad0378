"""Kinds of replies: how a client took a move, by the name under which the banks hold what a therapist says to it."""

from __future__ import annotations

from collections.abc import Mapping

# What a therapist answers to, by move: the kinds of `after` in therapist.yaml, for willing and for hesitant clients.
_AFTER: Mapping[str, tuple[str, str]] = {
    "agenda": ("agenda", "agenda"),
    "affirm_oars": ("affirmed", "affirmed_shyly"),
    "catch_thought": ("thought", "thought_hesitant"),
    "defusion": ("thought", "thought_hesitant"),
    "weigh": ("fairer", "fairer_hesitant"),
    "chain": ("event", "event_hesitant"),
    "links": ("links", "links_hesitant"),
    "deepen": ("deep", "hesitant"),
    "two_sides": ("change", "sustain"),
    "evoke": ("change", "sustain"),
    "ruler_importance": ("change", "sustain"),
    "ruler_confidence": ("change", "sustain"),
    "values": ("value", "unsure"),
    "make_room": ("body", "body_hesitant"),
    "workability": ("struggle", "struggle_hesitant"),
    "distress_tolerance": ("skill", "hesitant_step"),
    "opposite_action": ("skill", "hesitant_step"),
    "dear_man": ("skill", "hesitant_step"),
    "dream_event": ("told", "hesitant"),
    "tic_signal": ("told", "hesitant"),
}
DEEP = frozenset(
    {
        "silence",
        "link_past",
        "transference",
        "defence",
        "working_through",
        "follow",
        "meaning",
        "feeling",
        "congruence",
        "own_way",
        "validate",
    }
)
_MET = frozenset({"congruence", "validate"})  # after which a client answers to being understood, and not to what is underneath
_DOUBTED = {
    "own_way": "unsure",
    "follow": "corrected",
    "meaning": "corrected",
    "feeling": "corrected",
    "congruence": "met_shyly",
    "validate": "met_shyly",
    "transference": "unowned",
}


def kind_of_reply(name: str, *, hesitant: bool, recalls: bool = False, agreed: bool = False) -> str:
    """The kind of a reply to a move of this name: one that `recalls` something of old, or one to a step that can be `agreed`."""
    if recalls:
        return "memory"
    if name in DEEP:
        return _DOUBTED.get(name, "hesitant") if hesitant else "met" if name in _MET else "deep"
    kind = _AFTER.get(name)
    if kind:
        return kind[hesitant]
    return ("hesitant" if hesitant else "willing") + ("_step" if agreed else "")
