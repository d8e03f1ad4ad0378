"""Plots: in which order a conversation of each kind goes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pixel_core.conversation import Evidence
from pixel_core.writing import responses
from pixel_core.writing.casting import cast
from pixel_core.writing.deck import Deck
from pixel_core.writing.facts import complete, facts_of, join
from pixel_core.writing.material import Feature, Material, Picture, Statement
from pixel_core.writing.phrases import bank, everyday
from pixel_core.writing.risk import IDEATION, level_of
from pixel_core.writing.scene import Piece, Scene, Voice
from pixel_core.writing.sheets import Temper
from pixel_core.writing.therapy import Session

_CLIENT_TURNS = (3, 4, 5, 6)
_ASIDE = ("course", "impact", "support", "tried", "strength", "screen", "risk")


def therapy(
    material: Material, pictures: Sequence[Picture], temper: Temper, deck: Deck, rng: random.Random, *, risk: bool
) -> Session | None:
    """A therapy conversation about these pictures; None when too few of their sentences agree with one another."""
    turns = rng.choices(_CLIENT_TURNS, weights=(15, 30, 30, 25))[0]
    turns = max(turns, 4 if len(pictures) > 1 or risk else 3)
    psychodynamic = pictures[0].head == "pdm2"
    wanted = min(turns, 4) if psychodynamic else turns + rng.choice((-1, 0, 1))
    voices, facts = cast(pictures, max(3, wanted), deck, rng, risk=risk)
    if len(voices) < 2 or (len(pictures) > 1 and len({v.picture.id for v in voices if v.picture}) < len(pictures)):
        return None
    session = _session(material, tuple(pictures), temper, voices, Scene(deck, rng, facts))
    dangerous = next((v for v in voices if level_of("", v.feature.symptom) >= IDEATION), None)
    if dangerous:
        session.queue.remove(dangerous)
    if turns < 6 and session.scene.chance(0.15):
        session.begin()
    session.open()
    for move in _plan(session, turns - 1, dangerous is not None):
        _play(session, _careful(session, move), dangerous)
    session.close()
    heard = {v.picture.id for v in session.spoken if v.picture}
    return session if all(p.id in heard for p in pictures) else None


def everyday_concern(material: Material, name: str, temper: Temper, deck: Deck, rng: random.Random) -> Session | None:
    """A conversation with somebody who has no disorder: a concern of ordinary life, and what is strong in the person."""
    family = everyday()[name]
    scene = Scene(deck, rng)
    order = [0, *rng.sample(range(1, len(family.voiced)), len(family.voiced) - 1)]
    voices = [
        Voice(Feature(f"{name}{i}", "", None, ()), Statement(family.voiced[i], Evidence("")), None, family)
        for i in order[: rng.choice((3, 4, 5))]
    ]
    for voice in voices:
        scene.facts = join(scene.facts, facts_of(voice.statement.text)) or scene.facts
    session = _session(material, (), temper, voices, scene)
    session.open()
    session.explore()
    session.ask_trait()
    if rng.random() < 0.5:
        session.ask_support()
    session.understand()
    session.exchange(step=True)
    session.close()
    return session


def subclinical(material: Material, picture: Picture, temper: Temper, deck: Deck, rng: random.Random) -> Session | None:
    """A conversation about a strain that stays below a disorder: a symptom or two, short, with a reason, and much that works."""
    voices, facts = cast([picture], 2, deck, rng, risk=False)
    able = bank("comorbidity")["mild_families"]
    voices = [v for v in voices if v.family.name in able and "since" not in facts_of(v.statement.text, picture.id)]
    if not voices:
        return None
    session = _session(material, (picture,), temper, voices, Scene(deck, rng, facts))
    mild = bank("everyday")["mild"]
    session.open()
    session.turn(responses.role_question(session.scene, "course", None), "exploration")
    session.reply(str(session.scene.draw_line("mild", mild["lines"][:1] + mild["lines"][3:6])), last=("mild", None))
    session.turn(responses.role_question(session.scene, "impact", None), "exploration")
    session.reply(str(session.scene.draw_line("mild works", mild["lines"][1:3] + mild["lines"][6:])), last=("mild", None))
    if session.queue and session.scene.chance(0.4):
        session.explore()
    session.turn([Piece("reassurance", str(session.scene.draw("mild:reply", mild["reply"])))], "understanding")
    session.reply(str(session.scene.draw_line("informed", bank("client")["informed"])), last=("informed", None))
    session.exchange(step=True)
    session.close()
    return session


def _session(material: Material, pictures: tuple[Picture, ...], temper: Temper, voices: list[Voice], scene: Scene) -> Session:
    person = complete(scene.facts, scene.rng)
    scene.facts = dict(scene.facts) | {facet: frozenset({value}) for facet, value in person.items()}
    person["job"] = scene.rng.choice(bank("facts")["jobs"][person["work"]])
    return Session(scene, material, pictures, temper, list(voices), person)


def _plan(session: Session, prompts: int, danger: bool) -> list[str]:
    """The therapist's prompts in order, as many as there are client turns after the first."""
    if danger:
        return [*["explore"] * max(0, prompts - 3), "danger"]  # the safety talk takes three client turns
    rng = session.scene.rng
    asides = [a for a in _ASIDE if a != "risk" or session.pictures[0].id in bank("crisis")["routine_codes"]]
    rng.shuffle(asides)
    asides.sort(key=lambda a: a == "screen" and session.scene.chance(0.5))
    head = session.pictures[0].head
    if head == "pdm2":
        asides = [a for a in asides if a in ("support", "tried")]
    two = len(session.pictures) > 1
    plans = {
        2: ["explore", "exchange"],
        3: ["explore", "explore" if two or rng.random() < 0.3 else "aside", "exchange"],
        4: ["explore", "explore" if two else "aside", "understand", "exchange"],
        5: ["explore", "explore", "aside", "understand", "exchange"],
    }
    plan = [*plans[prompts]]
    if head == "pdm2" and prompts >= 4:
        plan = ["explore", "reflect", *plan[2:]] if prompts == 4 else ["explore", "explore", "reflect", "understand", "exchange"]
    return [asides.pop() if move == "aside" and asides else "explore" if move == "aside" else move for move in plan]


def _careful(session: Session, move: str) -> str:
    """The routine question about suicide instead of the next move, when something just said may point that way."""
    asked = any("safety_assessment" in turn.techniques for turn in session.scene.turns)
    if move == "risk" and asked:
        return "tried"
    hints = session.scene.turns[-1].risk == 1 and not asked
    return (
        "risk"
        if hints and move in ("explore", "understand", "course", "impact", "support", "tried", "strength", "screen", "reflect")
        else move
    )


def _play(session: Session, move: str, dangerous: Voice | None) -> None:
    """Carry out one move; one that cannot be made becomes another."""
    if move == "danger":
        session.ask_risk(dangerous)
    elif move == "risk":
        session.ask_risk(None)
    elif move == "explore" and session.queue:
        session.explore()
    elif move in ("course", "impact", "screen") and session.ask_role(move):
        return
    elif move == "support":
        session.ask_support()
    elif move in ("tried", "strength"):
        session.ask_plain(move)
    elif move == "understand":
        session.understand()
    elif move in ("exchange", "reflect"):
        session.exchange(step=move == "exchange" and session.scene.chance(0.6))
    elif session.queue:
        session.explore()
    else:
        session.ask_plain("tried" if session.scene.chance(0.5) else "strength")
