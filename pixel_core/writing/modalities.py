"""Modalities: the moves that are theirs, which techniques they use at all, and which one suits whom."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pixel_core import taxonomy
from pixel_core.writing.material import Picture
from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import text_of
from pixel_core.writing.sheets import Temper

CRISIS = "crisis work"
_FILES = {
    "CBT": "cbt",
    "DBT": "dbt",
    "motivational interviewing": "mi",
    "ACT": "act",
    "psychodynamic": "psychodynamic",
    "person-centred": "person_centred",
    CRISIS: "crisis_work",
}
MODALITIES = tuple(_FILES)
Arcs = Mapping[int, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a modality: what the therapist says, and how willing and hesitant clients answer.

    `needs` names what must have been said before (`thought`, `event`, `memory`, `skill`). `say` may differ by the client's defence. `about`
    names the families of symptoms that an answer is for, where it does not suit all; `codes` the classes that the move is for.
    """

    name: str
    technique: str
    stage: str
    rationale: str
    say: Mapping[str, tuple[str, ...]]
    willing: tuple[str, ...]
    hesitant: tuple[str, ...]
    needs: str = ""
    about: Mapping[str, frozenset[str]] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()

    def suits(self, answer: str, about: str) -> bool:
        """Whether clients may answer this when it is about a family of symptoms."""
        return about in self.about.get(answer, frozenset({about}))

    def said(self, defence: str) -> tuple[str, ...]:
        """The lines for a client of this defence."""
        return self.say.get(defence, self.say.get("", ()))


@dataclass(frozen=True, slots=True)
class Bar:
    """For whom a move is not made, or those of its lines that hold the `words` not said: families that were told, classes.

    `about` are families that the line is not said about; with `only`, the move is for those who told of one of these families, with `after`
    for those who went along with one of these moves, with `heard` for those in whose words it is found.
    """

    move: str
    words: re.Pattern[str]
    told: frozenset[str]
    codes: frozenset[str]
    about: frozenset[str]
    only: frozenset[str]
    after: frozenset[str] = frozenset()
    heard: re.Pattern[str] | None = None

    def holds(self, line: str, told: Set[str], codes: Set[str], about: str, made: Set[str], *, said: str | None = None) -> bool:
        """Whether the line is not to be said to this client; without `said`, what they have said is not looked at."""
        if self.words.search(line) is None:
            return False
        lacking = bool(self.only and not self.only & told) or bool(self.after and not self.after & made)
        unheard = self.heard is not None and said is not None and not self.heard.search(said)
        return lacking or unheard or bool(self.told & told or self.codes & codes) or about in self.about


@dataclass(frozen=True, slots=True)
class Modality:
    """A way of working: its moves by name, its arcs, the orders in which a session of so many prompts goes, and whom what does not suit.

    `own_arcs` are for classes that have a technique of their own.
    """

    name: str
    moves: Mapping[str, Move]
    arcs: Arcs
    bars: tuple[Bar, ...] = ()
    own_arcs: Mapping[str, Arcs] = field(default_factory=dict)

    def suits(
        self, move: str, line: str, told: Set[str], codes: Set[str], about: str, *, made: Set[str] = frozenset(), said: str | None = None
    ) -> bool:
        """Whether a line of a move may be said to a client of these classes who told of these families, about one of them.

        `made` are the moves that the client went along with, `said` is what they have said.
        """
        return not any(bar.move == move and bar.holds(line, told, codes, about, made, said=said) for bar in self.bars)

    def arcs_of(self, code: str) -> Arcs:
        """The arcs for a class."""
        return self.own_arcs.get(code, self.arcs)


@cache
def modality(name: str) -> Modality:
    """The modality of this name; raises KeyError for another."""
    raw = bank(f"modalities/{_FILES[name]}")
    moves = {key: _move(key, entry) for key, entry in raw.items() if isinstance(entry, dict) and "say" in entry}
    own = {code: _arcs(entry["arcs"]) for entry in raw.get("own_arcs", ()) for code in entry["codes"]}
    return Modality(name, moves, _arcs(raw.get("arcs", {})), tuple(_bar(entry) for entry in raw.get("bars", ())), own)


@cache
def techniques_of(name: str) -> frozenset[str]:
    """The techniques that a modality uses, by the taxonomy of techniques."""
    held = {t.id: t.fields["modalities"] for t in taxonomy.classes("techniques")}
    return frozenset(key for key, names in held.items() if names == "all" or name in names.split("; "))


@cache
def moves_of(name: str) -> Mapping[str, str]:
    """The moves of a modality with their technique: its own, and every technique it shares with others under the technique's name."""
    return {t: t for t in techniques_of(name)} | {move.name: move.technique for move in modality(name).moves.values()}


def suitability(kind: str, pictures: Sequence[Picture], temper: Temper) -> dict[str, float]:
    """How well each modality suits a concern and a client, by `indication.yaml`: the weights of the concern times those of the client."""
    rule = bank("indication")
    concern = rule["kinds"].get(kind) or rule["kinds"]["other"]
    if pictures and kind == "psychodynamic":
        concern = rule["functions"].get(pictures[0].id) or concern
    elif pictures and kind not in rule["kinds"]:
        first = pictures[0]
        concern = rule["classes"].get(first.id) or rule["chapters"].get(first.group) or concern
    weights = {name: float(weight) for name, weight in concern.items()}
    for sign in signs(temper):
        for name, factor in rule["client"].get(sign, {}).items():
            if name in weights:
                weights[name] *= factor
    return weights


def choose(kind: str, pictures: Sequence[Picture], temper: Temper, rng: random.Random) -> str:
    """The modality of a conversation, drawn by suitability."""
    weights = suitability(kind, pictures, temper)
    names = sorted(weights)
    return rng.choices(names, weights=[weights[name] for name in names])[0]


def reasons(name: str, kind: str, pictures: Sequence[Picture], temper: Temper) -> list[str]:
    """Why this modality, in words: what it is for, the concern, and the signs of the client that speak for it."""
    rule = bank("indication")
    given = [sign for sign in signs(temper) if rule["client"].get(sign, {}).get(name, 0) > 1]
    return [rule["why"][name], pictures[0].group if pictures and pictures[0].head == "clinical" else kind, *given]


def signs(temper: Temper) -> list[str]:
    """The signs of a client that the rule of indication looks at."""
    strong = [f"{trait} {level}" for trait, level in sorted(temper.traits.items()) if level != "average"]
    return [f"resistance {temper.resistance}", temper.attachment, temper.defence, *strong]


def _bar(raw: Mapping[str, Any]) -> Bar:
    told, codes, about, only, after = (frozenset(raw.get(key, ())) for key in ("told", "codes", "about", "only", "after"))
    heard = re.compile(raw["heard"], re.I) if "heard" in raw else None
    return Bar(raw["move"], re.compile(raw.get("words", ""), re.I), told, codes, about, only, after, heard)


def _arcs(raw: Mapping[Any, Any]) -> Arcs:
    return {int(n): tuple(tuple(arc) for arc in arcs) for n, arcs in raw.items()}


def _move(name: str, raw: Mapping[str, Any]) -> Move:
    said, willing, hesitant = _lines(raw["say"]), _lines(raw.get("willing", [])), _lines(raw.get("hesitant", []))
    return Move(
        name=name,
        technique=raw["technique"],
        stage=raw["stage"],
        rationale=raw["rationale"],
        say={key: tuple(lines) for key, lines in said.items()} if isinstance(said, dict) else {"": tuple(said)},
        willing=tuple(text_of(line) for line in willing),
        hesitant=tuple(text_of(line) for line in hesitant),
        needs=raw.get("needs", ""),
        about={line["say"]: frozenset(line["for"]) for line in (*willing, *hesitant) if isinstance(line, dict)},
        codes=frozenset(raw.get("codes", ())),
    )


def _lines(raw: list[Any]) -> Any:
    """The lines themselves, or those of the pool that stands for them."""
    if raw and isinstance(raw[0], dict) and "pool" in raw[0]:
        return bank("modalities/pools")[raw[0]["pool"]]
    return raw
