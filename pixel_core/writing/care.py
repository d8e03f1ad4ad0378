"""Care: what a therapist does not leave out: the routine question about suicide, a doctor where the body calls for one, safety at home."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import repeat
from typing import Any

from pixel_core.sentences import sentences_of
from pixel_core.writing.casting import agrees_with
from pixel_core.writing.citations import grounds
from pixel_core.writing.cues import Cue, all_held
from pixel_core.writing.phrases import bank
from pixel_core.writing.scene import Piece
from pixel_core.writing.therapy import Session

RISK = "risk"
DISTRESS = 1  # the crisis level of hopelessness without a thought of dying
_HESITANT = (0.3, 0.6, 0.75)  # by resistance
_LONGEST = 16  # turns
_WORD = re.compile(r"[\w']+")
_QUOTED = re.compile(r'"[^"]*"')
_ECHO = 4  # words in a row that a therapist has from the client
_PAIRS = frozenset({"weigh", "links", "link_past", "defence"})  # beats that take up the one before them, and may end an arc
# What an arc can do without, the first first, where it grows too long.
_SPARE = ("aside", "understand", "explore", "exchange", "follow", "silence", "affirm_oars", "workability", "validate", "feeling", "commit")


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that must be said: at the next turn to whoever says what the `cue` holds, and once to the classes of `codes`.

    With `told`, to those of the classes who say what it holds. `met` is found in a therapist's turn that does it; `follow` is how a
    therapist goes on after a willing and after a hesitant answer, where that is not left to choice.
    """

    name: str
    technique: str
    codes: frozenset[str]
    cue: Cue | None
    met: re.Pattern[str]
    lines: tuple[Mapping[str, Any], ...]
    told: Cue | None = None
    follow: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)


@cache
def duties() -> Mapping[str, Duty]:
    """The duties, by name, in the order in which they are done."""
    return {raw["name"]: _duty(raw) for raw in bank("care")["duties"]}


@lru_cache(maxsize=2**16)  # sentences come back: while they are written, and when they are judged
def called_for(text: str) -> tuple[str, ...]:
    """The names of the duties that a client's words call for at once, the most urgent first."""
    return tuple(all_held(text, ((name, duty.cue) for name, duty in duties().items() if duty.cue)))


@lru_cache(maxsize=2**16)
def _tells(text: str) -> frozenset[str]:
    """The names of the duties that are owed to clients of certain classes who say this."""
    return frozenset(all_held(text, ((name, duty.told) for name, duty in duties().items() if duty.told)))


def owed_to(codes: Iterable[str], said: Iterable[str] = ()) -> list[str]:
    """The duties that a conversation labelled with these classes, in which clients said this, holds somewhere."""
    known = frozenset(codes)
    told = frozenset().union(*map(_tells, said))
    return [duty.name for duty in duties().values() if duty.codes & known and (duty.told is None or duty.name in told)]


def is_met(name: str, texts: Iterable[str], told: Iterable[str] = ()) -> bool:
    """Whether one of a therapist's turns does what the duty asks for, in words that were not taken up from what clients `told`."""
    met = duties()[name].met
    found = [text for text in map(_QUOTED.sub, repeat(""), texts) if met.search(text)]
    heard = _run(" ".join(told)) if found else ""
    return any(
        not _is_echo(sentence, match, heard) for text in found for sentence in sentences_of(text) for match in met.finditer(sentence)
    )


def _is_echo(sentence: str, match: re.Match[str], heard: str) -> bool:
    """Whether the first word of a match stands in words that the client said just so."""
    words, at = _run(sentence).split(), len(_WORD.findall(sentence[: match.start()]))
    runs = (words[start : start + _ECHO] for start in range(max(0, at - _ECHO + 1), at + 1))
    return any(len(run) == _ECHO and f" {' '.join(run)} " in heard for run in runs)


def _run(text: str) -> str:
    """The words of a text in lower case, a space on either side of each."""
    return f" {' '.join(_WORD.findall(text.lower().replace(chr(0x2019), chr(0x27))))} "


def is_asked(text: str) -> bool:
    """Whether a text asks about suicide in so many words."""
    return _asked().search(text) is not None


@cache
def routine_codes() -> frozenset[str]:
    """The classes whose clients are asked about suicide as a matter of routine."""
    return frozenset(bank("crisis")["routine_codes"])


def heard_no(session: Session, denied: str) -> tuple[str, str] | None:
    """What a therapist says to a no that tells of a loss, or of a time when it was otherwise; None to a plain one."""
    line = session.scene.draw("after_denied", bank("care")["after_denied"], lambda entry: takes_up(entry, denied))
    return (line["technique"], line["say"]) if line else None


def routine(session: Session) -> tuple[str, str]:
    """The routine question in words that suit the client, and the answer of one who has no such thoughts."""
    scene, care = session.scene, bank("care")
    register = "young" if session.person.get("age") == "teens" else "any"
    codes = {p.id for p in session.pictures}
    pairs = [p for group in care["groups"] if codes & set(group["codes"]) for p in group["pairs"]]
    if pairs and scene.chance(0.4):
        pair = scene.draw("routine:pairs", pairs, lambda p: any(agrees_with(scene.facts, reply) for reply in p["replies"]))
        if pair is not None:
            reply = scene.draw_line(f"routine:{pair['say']}", pair["replies"])
            return str(pair["say"]), str(reply)
    own = care["routine"][register] if register != "any" else []
    question = scene.draw(f"routine:{register}", own or [*care["routine"]["any"], *bank("therapist")["risk_question"]])
    denied = care["denied"][register] if register != "any" else [*care["denied"]["any"], *bank("client")["no_risk"]]
    return str(question), str(scene.draw_line(f"denied:{register}", denied))


def planned(session: Session, arc: Sequence[str], *, at_once: bool = False) -> list[str]:
    """The arc with what the client's classes ask for: the routine question when the first signs are told, the rest late.

    With `at_once` the first signs are told already.
    """
    rest = list(arc)
    if routine_codes() & {p.id for p in session.pictures}:
        first = 0 if at_once else rest.index("explore") + 1 if "explore" in rest[:2] else 1
        further = len(rest) > 4 and rest[first : first + 1] == ["explore"] and session.scene.chance(0.5)
        rest.insert(first + further, RISK)
    return completed(session, rest)


def completed(session: Session, rest: Sequence[str]) -> list[str]:
    """The beats that are left, with those that have come to be owed: what the client has told of since may call for more.

    Nothing comes back: what was played is attended to, and the question about suicide is put once.
    """
    beats = list(rest)
    owed = [name for name in _owed(session) if name not in beats]
    for name in owed:
        early = bool(beats) and beats[-1] not in _PAIRS and session.scene.chance(0.5)
        beats.insert(len(beats) - early, name)
    if is_distressed(session) and RISK not in beats:
        beats.insert(0, RISK)
        owed.append(RISK)
    return trimmed(session, beats) if owed else beats


def is_distressed(session: Session) -> bool:
    """Whether the client has said something that may point to danger, and was not asked about suicide."""
    if RISK in session.attended:
        return False
    turns = session.scene.turns
    asked = any("safety_assessment" in turn.techniques and is_asked(turn.text) for turn in turns)
    return not asked and any(turn.risk == DISTRESS for turn in turns)


def _owed(session: Session) -> list[str]:
    """The duties owed to the client's classes, by what was said, that no turn has done yet."""
    texts = [turn.text for turn in session.scene.turns if turn.speaker == "client"]
    said = [turn.text for turn in session.scene.turns if turn.speaker == "therapist"]
    return [
        name for name in owed_to((p.id for p in session.pictures), texts) if name not in session.attended and not is_met(name, said, texts)
    ]


def trimmed(session: Session, rest: Sequence[str]) -> list[str]:
    """The beats that are left, without so many that the conversation would grow too long."""
    beats = list(rest)
    while len(session.scene.turns) + 2 * len(beats) + 2 > _LONGEST and (beat := _spare(session, beats)):
        beats.remove(beat)
    return beats


def pending(session: Session) -> str:
    """The first duty that the client's words have called for and that was not done yet; "" when there is none."""
    called = (name for turn in session.scene.turns if turn.speaker == "client" for name in called_for(turn.text))
    return next((name for name in called if name not in session.attended), "")


def attend(session: Session, name: str) -> None:
    """Do what a duty asks for, and let the client answer."""
    scene, duty = session.scene, duties()[name]
    line = scene.draw(f"care:{name}", duty.lines, lambda entry: any(agrees_with(scene.facts, reply) for reply in entry["replies"]))
    if line is None:
        raise ValueError(f"care.yaml has no line left for the duty {name}; add some under duties")
    stage = {"opening": "exploration", "closing": "change"}.get(scene.turns[-1].stage, scene.turns[-1].stage)
    session.turn([Piece(duty.technique, line["say"])], stage, grounds(session.pictures, line["say"]))
    hesitant = scene.chance(_HESITANT[session.temper.resistance])
    if not agrees_with(scene.facts, line["replies"][hesitant]):
        hesitant = not hesitant
    kind = "safety_told" if duty.technique == "safety_assessment" else "attended_hesitant" if hesitant else "attended"
    answer = "hesitant" if hesitant else "willing"
    reply = line["replies"][hesitant]
    said = [entry for entry in duty.follow.get(answer, ()) if takes_up(entry, reply)]
    own = [entry for entry in said if "cue" in entry]  # what is said to just this answer goes before what suits all
    after = scene.draw(f"care:{name}:{answer}", own or said)
    session.reply(reply, stage=stage, last=("urgent", (after["technique"], after["say"])) if after else (kind, None))
    session.attended.add(name)


def takes_up(entry: Mapping[str, str], reply: str) -> bool:
    """Whether what a therapist would go on with was said: a line with a `cue` is for answers that hold it."""
    return "cue" not in entry or re.search(entry["cue"], reply, re.I) is not None


def fulfil(session: Session, name: str) -> None:
    """Do what a duty asks for, where no turn did it yet."""
    said, told = ([turn.text for turn in session.scene.turns if turn.speaker == who] for who in ("therapist", "client"))
    if not is_met(name, said, told):
        attend(session, name)
    session.attended.add(name)


def _spare(session: Session, beats: Sequence[str]) -> str:
    enough = 2 if len(session.pictures) > 1 else 1
    named = next((b for b in _SPARE if b in beats and (b != "explore" or beats.count(b) > enough)), "")
    own = [b for b in beats if b != RISK and b not in duties() and b not in _PAIRS and b not in ("explore", "agenda")]
    return named or (own[-1] if len(own) > 1 else "")


def _duty(raw: Mapping[str, Any]) -> Duty:
    cue, told = (Cue.of(re.compile(raw[key], re.I)) if key in raw else None for key in ("cue", "told"))
    follow = {answer: tuple(lines) for answer, lines in raw.get("follow", {}).items()}
    met, codes = re.compile(raw["met"], re.I), frozenset(raw.get("codes", ()))
    return Duty(raw["name"], raw["technique"], codes, cue, met, tuple(raw["lines"]), told, follow)


@cache
def _asked() -> re.Pattern[str]:
    return re.compile(bank("care")["asked"], re.I)
