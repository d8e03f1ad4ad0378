"""The phrase banks: YAML files beside this module, read once into typed families and lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pixel_core import taxonomy
from pixel_core.writing.material import Feature, Picture
from pixel_core.yaml_text import parse_yaml

Echo = Literal["plain", "quote", "none"]
REFLECTIONS = ("feeling_reflection", "complex_reflection", "validation")
_LINES = ("open_question", "closed_question", *REFLECTIONS, "information")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A move of the therapist's and how clients answer it: the first reply is willing, the second hesitant.

    `after` is what the therapist has to do next, as (technique, sentence), where that is not left to choice.
    """

    technique: str
    say: str
    replies: tuple[str, str]
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """What a therapist may say about symptoms of one kind. `echo` tells how the client's words may be said back; `sure`, that
    the family carries no risk; `risk`, the crisis level that it raises by itself; `attachment`, the styles that go with it;
    `only`, the symptoms that a line, topic or exchange is for, where it does not suit all of the family's; `takes`, what must have been
    said before a line that takes it up; `leads`, what an answer to a question holds."""

    name: str
    echo: Echo
    topics: tuple[str, ...]
    lines: Mapping[str, tuple[str, ...]]
    exchanges: tuple[Exchange, ...]
    sure: bool = False
    risk: int | None = None
    voiced: tuple[str, ...] = ()
    attachment: tuple[str, ...] = ()
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    takes: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    leads: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def suits(self, text: str, names: Iterable[str]) -> bool:
        """Whether a line or topic speaks of a symptom with one of these names (`names_of`), or of all that the family knows."""
        wanted = self.only.get(text)
        return wanted is None or not wanted.isdisjoint(names)

    def takes_up(self, text: str, said: str) -> bool:
        """Whether what a line takes up is among what was said; so it is where a line takes up nothing in particular."""
        return text not in self.takes or self.takes[text].search(said) is not None


@dataclass(frozen=True, slots=True)
class Thought:
    """An automatic thought, a fairer view, and the family of symptoms that it is `of`."""

    say: str
    fairer: str
    of: str


def bank(name: str) -> Any:
    """The content of one phrase file: `therapist`, `client`, `crisis`, `modalities/cbt`, ...; most are mappings."""
    return _read(f"{name}.yaml")


@cache
def families() -> Mapping[str, Family]:
    """The families of symptoms, by name."""
    folder = files(__package__) / "families"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {key: read_family(key, raw) for name in names for key, raw in _read(f"families/{name}").items()}


@cache
def psychodynamic() -> Mapping[str, Family]:
    """The families of personality syndromes and mental functions, by the id of the taxonomy."""
    return {key: read_family(key, raw) for key, raw in bank("psychodynamic").items()}


@cache
def everyday() -> Mapping[str, Family]:
    """Concerns of people without a disorder, by name."""
    return {key: read_family(key, raw | {"echo": "plain", "sure": True}) for key, raw in bank("everyday").items() if key != "mild"}


def thoughts_of(name: str, codes: Iterable[str] = ()) -> Sequence[Thought]:
    """Automatic thoughts that go with a family of symptoms: those that these classes have about it, else those that all may have.

    Empty where the bank names no such family.
    """
    found = _thoughts()
    return next((found[key] for key in ((name, code) for code in (*codes, "")) if key in found), ())


@cache
def _thoughts() -> Mapping[tuple[str, str], tuple[Thought, ...]]:
    found: dict[tuple[str, str], tuple[Thought, ...]] = {}
    for entry in bank("thoughts"):
        for name in entry["families"]:
            pairs = tuple(Thought(thought, fairer, entry.get("of", name)) for thought, fairer in entry["pairs"])
            for code in entry.get("codes", [""]):
                found[name, code] = found.get((name, code), ()) + pairs
    return found


def names_of(picture: Picture | None, feature: Feature) -> tuple[str, ...]:
    """The names by which families and lines know a feature, the closest first: by class and symptom, class and key, or symptom."""
    if picture is None:
        return (feature.symptom,)
    return f"{picture.id}:{feature.symptom or feature.key}", f"{picture.id}:{feature.key}", feature.symptom


def family_of(picture: Picture, feature: Feature) -> Family:
    """The family of a feature: named by class and feature, by its symptom, or found by its words; else `general`."""
    if picture.head == "pdm2":
        return psychodynamic().get(picture.id) or families()["general"]
    by_name, by_cue = _index()
    for name in names_of(picture, feature):
        if name in by_name:
            return families()[by_name[name]]
    if feature.role == "impact":
        return families()["life_impact"]
    if feature.role == "course":
        return families()["life_course"]
    words = f"{feature.symptom.replace('_', ' ')} {feature.text.text if feature.text else ''}"
    return families()[next((name for name, cue in by_cue if cue.search(words)), "general")]


@cache
def _index() -> tuple[dict[str, str], tuple[tuple[str, re.Pattern[str]], ...]]:
    folder = files(__package__) / "families"
    raw = [
        item
        for f in sorted(folder.iterdir(), key=lambda f: f.name)
        if f.name.endswith(".yaml")
        for item in _read(f"families/{f.name}").items()
    ]
    by_name = {symptom: name for name, content in raw for symptom in content["symptoms"]}
    return by_name, tuple((name, re.compile(content["cues"], re.I)) for name, content in raw if content.get("cues"))


@cache
def _read(path: str) -> Any:
    text = files(__package__).joinpath(*path.split("/")).read_text(encoding="utf-8")
    return parse_yaml(text)


def read_family(name: str, raw: Mapping[str, Any]) -> Family:
    """The family of a bank's entry; raises ValueError for lines that are for a symptom which nobody can have."""
    return Family(
        name=name,
        echo=raw["echo"],
        topics=tuple(_said(line) for line in raw["topics"]),
        lines={key: tuple(_said(line) for line in raw[key]) for key in _LINES if raw.get(key)},
        exchanges=tuple(_exchange(e) for e in raw["exchanges"]),
        attachment=tuple(raw.get("attachment", ())),
        sure=bool(raw.get("sure")),
        risk=raw.get("risk"),
        voiced=tuple(raw.get("voiced", ())),
        only=_only(name, raw),
        takes=_cues(raw, "takes"),
        leads={**_general_leads(name, raw), **_cues(raw, "leads")},
    )


def _said(line: str | Mapping[str, Any]) -> str:
    return line if isinstance(line, str) else str(line["say"])


def _only(name: str, raw: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """The symptoms that lines written as `{for: [...], say: ...}` are for; raises ValueError for one that nobody can have."""
    parts = ("topics", *_LINES, "exchanges")
    keyed = [line for key in parts for line in raw.get(key) or () if not isinstance(line, str) and "for" in line]
    known = {*raw.get("symptoms", ()), *taxonomy.ids("symptoms")}
    for line in keyed:
        if unknown := sorted(set(line["for"]) - known):
            raise ValueError(f"family {name}, line {line['say'][:40]!r}: {', '.join(unknown)} is no symptom: see symptoms.csv")
    return {str(line["say"]): frozenset(line["for"]) for line in keyed}


def _cues(raw: Mapping[str, Any], key: str) -> Mapping[str, re.Pattern[str]]:
    """The patterns that lines written as `{takes: ..., say: ...}` bear, also those of exchanges."""
    lines = (line for part in ("topics", *_LINES, "exchanges") for line in raw.get(part) or () if not isinstance(line, str))
    return {str(line["say"]): re.compile(line[key], re.I | re.S) for line in lines if key in line}


def _general_leads(name: str, raw: Mapping[str, Any]) -> dict[str, re.Pattern[str]]:
    """What an answer to a question holds by its question word: a person where it asks who, a beginning where it asks since when."""
    if name.startswith("life_"):  # answered by banks of their own
        return {}
    asks = [(re.compile(rule["asks"], re.I), re.compile(rule["leads"], re.I | re.S)) for rule in bank("words")["leads"]]
    lines = [_said(line) for key in ("open_question", "closed_question") for line in raw.get(key) or ()]
    return {line: leads for line in lines for asked, leads in asks if asked.search(line)}


def _exchange(raw: Mapping[str, Any]) -> Exchange:
    after = raw.get("after")
    return Exchange(
        raw["technique"], raw["say"], (raw["replies"][0], raw["replies"][1]), (after["technique"], after["say"]) if after else None
    )
