"""Plots: in which order a conversation of each kind goes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pixel_core.conversation import Evidence
from pixel_core.writing.care import RISK, attend, completed, duties, fulfil, is_distressed, pending, planned, trimmed
from pixel_core.writing.casting import cast, is_danger
from pixel_core.writing.closing import close
from pixel_core.writing.danger import ask_risk
from pixel_core.writing.deck import Deck
from pixel_core.writing.differential import contrast, reserve
from pixel_core.writing.facts import complete, facts_of, join
from pixel_core.writing.material import Feature, Material, Picture, Statement
from pixel_core.writing.modalities import CRISIS, MODALITIES, modality, techniques_of
from pixel_core.writing.moves import SKILLS, agree, exchange, make, understand
from pixel_core.writing.phrases import bank, everyday
from pixel_core.writing.responses import role_question
from pixel_core.writing.scene import Piece, Scene, Voice
from pixel_core.writing.sheets import Temper
from pixel_core.writing.therapy import Session

_PROMPTS, _WEIGHTS = (3, 4, 5, 6), (15, 30, 30, 25)
_ASIDE = ("course", "impact", "support", "tried", "strength", "screen")
_SHORTEST, _LONGEST = 6, 16  # turns
_FEWEST_SIGNS = 2  # of the class that a conversation is about first
_FEWEST_OWN, _FEW = 2, 2  # turns that show the modality; modalities besides its own that a telling technique belongs to
_LATELY = {"since": frozenset({"days", "weeks"})}  # what stays below a disorder is not old
_LATE = {"course", "impact", "support", "tried", "strength", "screen", "explore", "aside", "understand"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What every conversation of a writing starts from: the material, how to work, the client's temper, the phrases and the draws."""

    material: Material
    modality: str
    temper: Temper
    deck: Deck
    rng: random.Random


def therapy(setting: Setting, pictures: Sequence[Picture], *, risk: bool) -> Session | None:
    """A therapy conversation about these pictures; None when too few of their sentences agree with one another."""
    rng = setting.rng
    arc = _arc(setting.modality, rng, pictures)
    voices, facts = cast(pictures, max(4, arc.count("explore") + 3 + (len(pictures) > 1)), setting.deck, rng, risk=risk)
    if len(voices) < 2 or (len(pictures) > 1 and len({v.picture.id for v in voices if v.picture}) < len(pictures)):
        return None
    session = _session(setting, tuple(pictures), voices, Scene(setting.deck, rng, facts))
    dangerous = next((v for v in voices if is_danger(v.statement, v.feature)), None)
    if risk:
        _put_first(session)
        session.queue = [v for v in session.queue if v is not dangerous]
        arc = [*["explore"] * rng.choice((1, 1, 2)), "danger"]
    if len(arc) < 6 and session.scene.chance(0.15):
        session.begin()
    session.open()
    if not risk:
        _play_all(session, planned(session, arc))
        return _ended(session)
    for beat in arc:
        hint = session.scene.turns[-1].risk > 0
        _heed(session)
        if beat == "danger" or not hint:  # a hint at danger leads to the question at once
            _play(session, beat, dangerous)
    return _ended(session)


def everyday_concern(setting: Setting, name: str) -> Session | None:
    """A conversation with somebody who has no disorder: a concern of ordinary life, and what is strong in the person."""
    family, rng = everyday()[name], setting.rng
    scene = Scene(setting.deck, rng)
    order = [0, *rng.sample(range(1, len(family.voiced)), len(family.voiced) - 1)]
    voices = [
        Voice(Feature(f"{name}{i}", "", None, ()), Statement(family.voiced[i], Evidence("")), None, family)
        for i in order[: rng.choice((3, 4, 5))]
    ]
    for voice in voices:
        scene.facts = join(scene.facts, facts_of(voice.statement.text)) or scene.facts
    session = _session(setting, (), voices, scene)
    session.open()
    session.ask_trait()
    if rng.random() < 0.3:
        session.ask_support()
    session.explore()  # last, so that what comes next works on the concern and not on what somebody is like
    for beat in _second_half(setting.modality, setting.rng):
        _play(session, beat, None)
    return _ended(session, labelled=False)


def subclinical(setting: Setting, picture: Picture) -> Session | None:
    """A conversation about a strain that stays below a disorder: a symptom or two, short, with a reason, and much that works."""
    voices, facts = cast([picture], 2, setting.deck, setting.rng, risk=False)
    able = bank("comorbidity")["mild_families"]
    voices = [v for v in voices if v.family.name in able and "since" not in facts_of(v.statement.text, picture.id)]
    if not voices:
        return None
    session = _session(setting, (picture,), voices, Scene(setting.deck, setting.rng, join(facts, _LATELY) or facts))
    mild, scene = bank("everyday")["mild"], session.scene
    session.open()
    _heed(session)
    session.turn(role_question(scene, "course", None), "exploration")
    session.reply(str(scene.draw_line("mild", mild["since"])), last=("mild_since", None))
    session.turn(role_question(scene, "impact", None), "exploration")
    session.reply(str(scene.draw_line("mild works", mild["works"])), last=("mild_works", None))
    session.turn([Piece("reassurance", str(scene.draw("mild:reply", mild["reply"])))], "understanding")
    session.reply(str(scene.draw_line("mild answer", mild["answer"])), stage="understanding", last=("mild_eased", None))
    for beat in _second_half(setting.modality, setting.rng)[-_FEWEST_OWN:]:  # what was just called ordinary is not treated at length
        _play(session, beat, None)
    return _ended(session, labelled=False)


def contrasted(setting: Setting, pictures: tuple[Picture, Picture]) -> Session | None:
    """A conversation about the first picture in which the therapist tells it from the second."""
    own, other = pictures
    voices, facts = cast([own], 5, setting.deck, setting.rng, risk=False)
    session = _session(setting, (own,), voices, Scene(setting.deck, setting.rng, facts))
    telling = reserve(session, other)
    if telling is None:
        return None
    session.open()
    _heed(session)
    if session.scene.chance(0.5) and len(session.queue) > 1:
        session.explore()
    _heed(session)
    if not contrast(session, other, telling):
        return None
    arc = ["explore" if session.queue else "aside", *_second_half(setting.modality, setting.rng, own.id)]
    _play_all(session, planned(session, arc, at_once=True))
    return _ended(session)


def own_moves(session: Session) -> int:
    """How many turns make a move of the modality, or use a technique that few other modalities do."""
    moves, name = modality(session.modality).moves, session.modality
    telling = {t for t in techniques_of(name) if sum(t in techniques_of(other) for other in MODALITIES if other != name) <= _FEW}
    return sum(1 for turn in session.scene.turns if turn.move in moves or telling & set(turn.techniques))


def _ended(session: Session, *, labelled: bool = True) -> Session | None:
    """The session closed, or None where a class was hardly heard of (if one is labelled) or the modality hardly shows."""
    _heed(session)
    close(session)
    heard = {v.picture.id for v in session.spoken if v.picture}
    signs = sum(1 for v in session.spoken if v.picture and v.picture in session.pictures[:1] and v.feature.role == "symptom")
    told = all(p.id in heard for p in session.pictures) and (signs >= _FEWEST_SIGNS or not labelled)
    whole = told and own_moves(session) >= _FEWEST_OWN
    return session if whole and _SHORTEST <= len(session.scene.turns) <= _LONGEST else None


def _arc(name: str, rng: random.Random, pictures: Sequence[Picture]) -> list[str]:
    """An arc of the modality, for the class that has one of its own; with two classes it explores at least twice."""
    two = len(pictures) > 1
    prompts = rng.choices(_PROMPTS, weights=_WEIGHTS)[0]
    way = modality(name)
    code = next((p.id for p in pictures if p.id in way.own_arcs), "")
    arc = list(rng.choice(way.arcs_of(code)[max(prompts, 4) if two else prompts]))
    if two and arc.count("explore") < 2:
        arc.insert(arc.index("explore"), "explore")
    return arc


def _second_half(name: str, rng: random.Random, code: str = "") -> list[str]:
    """What an arc, of a class, does after exploring: its last two or three beats of change."""
    arc = [beat for beat in rng.choice(modality(name).arcs_of(code)[rng.choice((5, 6))]) if beat not in _LATE and beat != "agenda"]
    return arc[-3:]


def _session(setting: Setting, pictures: tuple[Picture, ...], voices: list[Voice], scene: Scene) -> Session:
    person = complete(scene.facts, scene.rng)
    scene.facts = dict(scene.facts) | {facet: frozenset({value}) for facet, value in person.items()}
    scene.techniques = techniques_of(setting.modality)
    person["job"] = scene.rng.choice(bank("facts")["jobs"][person["work"]])
    return Session(scene, setting.material, pictures, setting.temper, list(voices), person, setting.modality)


def _put_first(session: Session) -> None:
    """Make it crisis work: safety comes first whatever the modality, which stays as the base."""
    session.base, session.modality = session.modality, CRISIS
    session.scene.techniques = techniques_of(CRISIS) | techniques_of(session.base)


def _play_all(session: Session, arc: Sequence[str]) -> None:
    """Carry out the beats of an arc; what must be answered at once comes in between."""
    rest = list(arc)
    while rest := completed(session, rest):
        if _heed(session):
            rest = trimmed(session, [beat for beat in rest if beat != "agenda"])  # what comes first is settled
        beat = _careful(session, rest)
        session.guarded = rest[:1] == ["defence"] and beat != RISK  # an answer about dying is not coloured
        _play(session, beat, None)


def _heed(session: Session) -> bool:
    """Answer what the client's words call for at once, one thing after the other: the body in danger, somebody hurt at home."""
    heeded = False
    while name := pending(session):
        attend(session, name)
        heeded = True
    return heeded


def _careful(session: Session, rest: list[str]) -> str:
    """The next beat, taken from the rest, or the routine question about suicide, when something just said may point that way."""
    late = rest[:2] == [RISK, "explore"] and session.last[0] == "resist"  # whoever has just refused is heard out first
    beat = rest.pop(int(late))
    if beat in (RISK, "agenda") or not is_distressed(session):
        return beat
    if RISK in rest:
        rest.remove(RISK)
        rest.insert(0, beat)
    return RISK


def _play(session: Session, beat: str, dangerous: Voice | None) -> None:
    """Carry out one beat; one that cannot be made becomes another."""
    if beat == "danger":
        ask_risk(session, dangerous, disclosed=dangerous is None)
    elif beat == RISK:
        ask_risk(session, None)
    elif beat in duties():
        fulfil(session, beat)
    elif beat == "explore" and session.queue:
        if not (session.pictures and session.scene.chance(0.25) and _once(session) and session.ask_form()):
            session.explore()
    elif beat in ("explore", "aside"):
        _aside(session)
    elif beat == "understand":
        understand(session)
    elif beat == "exchange":
        if not exchange(session, step=session.scene.chance(0.5)):
            _instead(session)
    elif beat == "skill":
        if not any(make(session, name) for name in skills_for(session) if name not in _done(session)):
            _instead(session)
    elif beat in _done(session) or not make(session, beat):
        _instead(session)


def _once(session: Session) -> bool:
    """Whether it is early enough to ask about the form."""
    return len(session.scene.turns) <= 2


def _aside(session: Session) -> None:
    """Something that is asked once: since when, what it does to life, who is there, what was tried, what is strong."""
    asides = list(_ASIDE)
    session.scene.rng.shuffle(asides)
    asides.sort(key=lambda a: a == "screen" and session.scene.chance(0.5))
    if not session.pictures or session.pictures[0].head == "pdm2":
        asides = [a for a in asides if a in ("support", "tried")]
    aside = asides.pop()
    if aside in ("course", "impact", "screen") and session.ask_role(aside):
        return
    if aside == "support":
        session.ask_support()
    else:
        session.ask_plain(aside if aside in ("tried", "strength") else session.scene.rng.choice(("tried", "strength")))


def _instead(session: Session) -> None:
    """Another move of the modality that can be made, where the one that was planned cannot."""
    done = _done(session)
    unsuited = done | (set(SKILLS) - set(skills_for(session)))
    others = [m.name for m in modality(session.modality).moves.values() if m.stage in ("exploration", "change") and m.name not in unsuited]
    others.sort(key=lambda name: modality(session.modality).moves[name].stage == "exploration")  # else in the order of the modality
    if not any(make(session, name) for name in others) and not agree(session):
        understand(session)


def _done(session: Session) -> set[str]:
    """The moves that were made already: none is made twice, also where it stood in for another."""
    return {turn.move for turn in session.scene.turns}


def skills_for(session: Session) -> list[str]:
    """The skills that suit what was told, those for what was told last first: getting through the worst is for what rises."""
    rows = list(bank("modalities/dbt")["skills"].items())
    session.scene.rng.shuffle(rows)
    return list(dict.fromkeys(skill for family in session.told() for skill, names in rows if family.name in names))
