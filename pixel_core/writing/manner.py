"""The client's manner: how a turn begins and ends, and how they say who they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pixel_core.writing.echo import sentence_case
from pixel_core.writing.fillers import Filler, joins
from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import Scene, Voice, text_of
from pixel_core.writing.sheets import Temper

_LEADS = 0.55  # of the answers that tell something begin with a pause or the like
_ASKING = ("open_question", "closed_question", "safety_assessment")


def lead(scene: Scene, voices: Sequence[Voice], text: str) -> str:
    """How an answer of this text begins: assent to a reflection, a pause, or nothing."""
    client = bank("client")
    before = scene.turns[-1] if scene.turns else None
    if not voices or before is None:
        return ""
    reflected = any(t.endswith("reflection") or t == "validation" for t in before.techniques)
    asked = before.text.rstrip().endswith("?") or before.purpose in _ASKING  # yes is no answer to what and how
    if reflected and not asked and scene.chance(0.55):
        return str(scene.draw_line("assent", client["assent"]) or "")
    line = scene.draw_line("lead", client["lead"], joins(before.text, text)) if scene.chance(_LEADS) else None
    return text_of(line) if line else ""


def yielding(scene: Scene, voices: Sequence[Voice], text: str) -> str:
    """How somebody goes on after the therapist has rolled with their doubt; only who was curt owns up to it."""
    client = bank("client")
    doubted = next((turn.text for turn in reversed(scene.turns) if turn.reluctant), "")
    curt = any(line in doubted for line in client["resistant"])
    tells = bool(voices) and not text.startswith(tuple(client["deny"]))
    suits = joins(scene.turns[-1].text, text)

    def fits(line: Filler) -> bool:
        plain = isinstance(line, str) or ((curt or not line.get("curt")) and (tells or not line.get("tells")))
        return plain and suits(line)

    line = scene.draw_line("yielding", client["yielding"], fits)
    return text_of(line) if line else ""


def colour(scene: Scene, temper: Temper, voices: Sequence[Voice], *, guarded: bool = False) -> str:
    """How a turn may end: in the way of the client's defence (always when `guarded`) or a strong trait, or with a sigh."""
    client = bank("client")
    if guarded:
        return str(scene.draw_line(f"defence:{temper.defence}", client["defence"][temper.defence]) or "")
    if not voices:
        return ""
    roll = scene.rng.random()
    if roll < 0.18 and _suits(temper.defence, voices[-1]):
        return str(scene.draw_line(f"defence:{temper.defence}", client["defence"][temper.defence]) or "")
    strong = sorted(f"{trait} {level}" for trait, level in temper.traits.items() if level != "average")
    if roll < 0.3 and strong:
        name = scene.rng.choice(strong)
        return str(scene.draw_line(f"trait:{name}", client["trait"][name]) or "")
    return str(scene.draw_line("tail", client["tail"]) or "") if roll < 0.6 else ""


@cache
def endings() -> frozenset[str]:
    """The words with which a turn may end that say nothing of the matter: sighs, ways of a defence or trait, afterwords."""
    client = bank("client")
    coloured = [line for name in ("defence", "trait") for lines in client[name].values() for line in lines]
    afterwords = [text_of(line) for lines in client["afterword"].values() for line in lines]
    return frozenset(line for line in (*client["tail"], *afterwords, *coloured) if line)


def _suits(defence: str, voice: Voice) -> bool:
    """Whether a defence may colour a sentence of this kind: nobody jokes about a grave."""
    bar = bank("client")["defence_suits"].get(defence, {})
    name = voice.family.name
    return name not in bar.get("but", ()) and ("for" not in bar or name in bar["for"] or voice.picture is None)


def introduction(scene: Scene, person: dict[str, str]) -> str:
    """Who the client is, in a sentence."""
    facts = bank("facts")
    age = scene.rng.choice(facts["ages"][person["age"]])
    frame = str(scene.draw("introduction", bank("client")["introduction"]) or "")
    return sentence_case(frame.format(age=age, job=person["job"], family=_family(person)))


def _family(person: dict[str, str]) -> str:
    at_home = {"alone": "living on my own", "shared": "living in a shared flat", "family": "living with family"}
    partner = at_home[person["home"]] if person["partner"] == "none" else bank("facts")["families"][person["partner"]]
    children = {"none": "", "small": "small children", "school": "two children at school", "grown": "grown-up children"}[person["children"]]
    if not children:
        return partner
    if person["partner"] == "none" and person["home"] != "family" and person["children"] != "grown":
        alone = "on my own" if person["home"] == "alone" else "single"
        return f"{alone}, with {children}" + (" who stay with me every other week" if person["children"] == "school" else "")
    joint = " with " if partner == "married" else " and " if "with" in partner else ", with "
    return partner + joint + children
