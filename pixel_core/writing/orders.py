"""Planning: how many conversations of which kind, about which class, for which client."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pixel_core.shares import largest_remainder
from pixel_core.writing.differential import differentials_of
from pixel_core.writing.material import Material, Notion, Picture
from pixel_core.writing.modalities import suitability
from pixel_core.writing.people import draw_person
from pixel_core.writing.phrases import bank, everyday, psychodynamic
from pixel_core.writing.questions import topics
from pixel_core.writing.risk import IDEATION, level_of
from pixel_core.writing.sheets import Temper, draw_temper
from pixel_core.writing.writer import Combination, Order, topic_name

SHARES = {"disorder": 0.40, "differential": 0.10, "psychodynamic": 0.15, "everyday": 0.06, "subclinical": 0.04, "questions": 0.25}
_COMORBID = 0.25  # of the conversations about disorders
_RISK = 0.6  # of those about a disorder whose features hold thoughts of dying
_ASKED_RISK = 0.12  # of those about another disorder where a careful therapist asks anyway
_PLANNED_AS = {"comorbid": "disorder"}
Weights = Callable[[Combination], float]
Subject = Picture | Notion | str


def carried(material: Material) -> dict[str, dict[str, Subject]]:
    """By kind that the material can carry what its conversations can be about."""
    return {kind: subjects for kind in SHARES if (subjects := _subjects(material, kind))}


class Plan:
    """The orders of one writing: exact shares of the kinds, and within a kind the subjects in turn.

    Asked again, it plans what is still missing. A combination of low weight has its turn less often, so that others of
    its kind take its place. With `leads` the modality is part of the order, so that it is steered too; else the writer
    chooses it.
    """

    def __init__(self, material: Material, *, count: int, seed: int, leads: bool = False) -> None:
        self._material, self._seed, self._leads = material, seed, leads
        self._subjects = carried(material)
        self._missing = largest_remainder(count, {kind: SHARES[kind] for kind in self._subjects}) if self._subjects else {}
        self._turns: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._rounds: dict[tuple[str, int], Mapping[str, int]] = {}
        self._numbers = 0

    @property
    def missing(self) -> int:
        """How many conversations are still to be delivered."""
        return sum(self._missing.values())

    def delivered(self, order: Order) -> None:
        """Count an order as done."""
        self._missing[_PLANNED_AS.get(order.kind, order.kind)] -= 1

    def turned_down(self, order: Order) -> None:
        """Give back the turn of an order that came to nothing: classes stay balanced by what is kept."""
        self._turns[_PLANNED_AS.get(order.kind, order.kind)][order.subject] -= 1

    def next(self, most: int, weight: Weights = lambda combination: 1.0) -> list[Order]:
        """The next orders, at most so many and no more than are missing, the kinds well mixed."""
        sizes = {kind: missing for kind, missing in self._missing.items() if missing}
        if self.missing > most:
            sizes = largest_remainder(most, sizes)
        ease = {kind: {name: weight(Combination(kind, name, "")) for name in self._subjects[kind]} for kind in sizes}
        placed = sorted((turn / size, kind) for kind, size in sizes.items() for turn in range(size))
        return [self._order(kind, ease[kind], weight) for _, kind in placed]

    def _order(self, kind: str, ease: Mapping[str, float], weight: Weights) -> Order:
        """The order for whoever had fewest turns for its weight; each round goes through all of them in another order."""
        key = f"{self._seed}:order:{self._numbers}"
        self._numbers += 1
        turns = self._turns[kind]
        name = min(ease, key=lambda n: ((turns[n] + 1) / ease[n], self._round(kind, turns[n])[n]))
        turns[name] += 1
        order = _ordered(self._material, key, kind, self._subjects[kind][name], weight)
        return _led(order, weight) if self._leads else order

    def _round(self, kind: str, turn: int) -> Mapping[str, int]:
        if (kind, turn) not in self._rounds:
            names = list(self._subjects[kind])
            random.Random(f"{kind}:{turn}").shuffle(names)  # noqa: S311
            self._rounds[kind, turn] = {name: place for place, name in enumerate(names)}
        return self._rounds[kind, turn]


def _ordered(material: Material, key: str, kind: str, subject: Subject, weight: Weights) -> Order:
    if kind == "questions" and not isinstance(subject, str):
        return Order(key, kind, topic=subject)
    rng, person = random.Random(f"{key}:plan"), draw_person(random.Random(f"{key}:person"))  # noqa: S311
    if isinstance(subject, str):
        return Order(key, kind, concern=subject, temper=_well(rng), person=person)
    if not isinstance(subject, Picture):
        raise TypeError(f"{subject.id} is a notion, which questions alone can be about")
    if kind == "subclinical":
        return Order(key, kind, (subject,), temper=_well(rng), person=person)
    if kind == "psychodynamic":
        styles = psychodynamic()[subject.id].attachment if subject.id in psychodynamic() else ()
        return Order(key, kind, (subject,), temper=draw_temper(rng, attachments=styles, defences=subject.defences), person=person)
    if kind == "differential":
        against = rng.choice(differentials_of(material, subject))
        return Order(key, kind, (subject,), temper=draw_temper(rng, attachments=_styles(subject)), person=person, against=against)
    second = _companion(material, subject, rng) if rng.random() < _COMORBID * weight(Combination("comorbid", subject.label, "")) else None
    risk = rng.random() < _risk_of(subject)
    pictures = (subject, second) if second else (subject,)
    temper = draw_temper(rng, attachments=_styles(*pictures))
    return Order(key, "comorbid" if second else "disorder", pictures, temper=temper, person=person, risk=risk)


def _led(order: Order, weight: Weights) -> Order:
    """The order with a modality drawn by how it suits concern and client, and by how it fared."""
    if order.temper is None:
        return order
    suits = suitability(order.kind, order.pictures, order.temper)
    names = sorted(suits)
    weights = [suits[name] * weight(Combination(order.kind, order.subject, name)) for name in names]
    return replace(order, modality=order.rng("modality").choices(names, weights)[0])


def _risk_of(picture: Picture) -> float:
    """How many of the conversations about a class hold a voiced thought of dying."""
    if any(level_of("", f.symptom) >= IDEATION for f in picture.voiced("symptom")):
        return _RISK
    return _ASKED_RISK if picture.id in bank("crisis")["routine_codes"] else 0.0


def _styles(*pictures: Picture) -> Sequence[str]:
    """The attachment styles that go with the first of these classes that has any."""
    styles = bank("comorbidity")["attachment"]
    return next((styles[p.id] for p in pictures if p.id in styles), ())


def _well(rng: random.Random) -> Temper:
    return draw_temper(rng, resistance=0, attachments=["secure"])


def _subjects(material: Material, kind: str) -> dict[str, Subject]:
    """What conversations of a kind can be about, by name; empty when the material cannot carry the kind."""
    if kind == "questions":
        return {topic_name(topic): topic for topic in topics(material)}
    if kind == "everyday":
        able = material.of("trait") or material.of("attachment")
        return {f"everyday.{name}": name for name in sorted(everyday())} if able else {}
    pictures: Sequence[Picture] = material.speaking("pdm2" if kind == "psychodynamic" else "clinical")
    if kind == "differential":
        return {p.label: p for p in pictures if differentials_of(material, p)}
    return {p.label: p for p in pictures if kind != "subclinical" or p.id in bank("comorbidity")["mild"]}


def _companion(material: Material, picture: Picture, rng: random.Random) -> Picture | None:
    """A disorder that often occurs together with this one, if the material holds it."""
    codes = {b if a == picture.id else a for a, b in bank("comorbidity")["pairs"] if picture.id in (a, b)}
    able = [p for p in material.speaking("clinical") if p.id in codes]
    return rng.choice(able) if able else None
