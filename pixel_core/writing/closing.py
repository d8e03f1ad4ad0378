"""The end of a session: in the way of the modality, on the step that was agreed, or with the client handed over."""

from __future__ import annotations

import re
from collections.abc import Callable

from pixel_core.writing.danger import hand_over
from pixel_core.writing.echo import sentence_case
from pixel_core.writing.modalities import modality
from pixel_core.writing.moves import filled, made_in, said_by_client
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import IDEATION
from pixel_core.writing.scene import Piece
from pixel_core.writing.therapy import Session
from pixel_core.writing.topics import is_burden, is_named, topics_of

_TAKEN_UP = ("validation", "affirmation", "simple_reflection")  # techniques of a therapist who has nothing more to arrange
_OWN = 0.5  # of the sessions end with the closing move of their modality

_ASKS = re.compile(r"\?[^?]{0,90}$")  # a question at the end, or just before it
_PARTING = {"see", "goodbye", "till", "thank", "thanks", "evening"}
# How a closing question is answered.
_ASKED = (
    ("last_sure", re.compile(r"how sure are you", re.I)),
    ("last_number", re.compile(r"nought to ten|at now,|what was it when you came in", re.I)),
    ("last_harder", re.compile(r"harder for you", re.I)),
    ("last_two", re.compile(r"which of the two", re.I)),
    ("last_title", re.compile(r"what's it called|what would (?:stand on it|you call it)|sentence before it", re.I)),
    ("last_stay", re.compile(r"may stay", re.I)),
    ("last_wrong", re.compile(r"(?:got|was) wrong|send back", re.I)),
    ("last_tell", re.compile(r"somebody asks you", re.I)),
    ("last_keep", re.compile(r"me to keep in mind|should I remember", re.I)),
    ("last_minute", re.compile(r"important minute", re.I)),
    ("last_line", re.compile(r"(?:which|what) (?:line|sentence)|(?<!the )own voice|tell yourself|in one sentence", re.I)),
    ("last_next", re.compile(r"(?:where shall we begin|ask you first|pick up next time)[^?]*\?$", re.I)),
    (
        "last_felt",
        re.compile(r"\b(?:how (?:was|is) (?:it|that|this)|what was it like|what's it like)\b[^?]*\?$", re.I),
    ),
    ("last_left", re.compile(r"(?:is there (?:something|anything)|what (?:have I left out|did I forget)|anything to add)[^?]*\?", re.I)),
    (
        "last_yes",
        re.compile(r"(?:^|[.:;,] )(?:same time|shall we|would you|next week|until next time|is there|anything|could you)[^?.]*\?$", re.I),
    ),
)


def close(session: Session) -> None:
    """The therapist's last turn, now and then followed by the client's goodbye."""
    scene = session.scene
    if any(turn.risk >= IDEATION for turn in scene.turns):
        hand_over(session)
        return
    known = topics_of(session.told()[-1], session.spoken)
    topics = [t for t in known if is_named(t)] or list(known)
    topic = scene.rng.choice([t for t in topics if t not in scene.used] or topics)
    if session.last[0] == "urgent" or not (scene.chance(_OWN) and _own(session, topic)):
        urgent = session.last[0] == "urgent"
        settled = urgent and session.last[1][0] in _TAKEN_UP
        line = (
            scene.draw("close_urgent", bank("therapist")["close_urgent"], lambda entry: not (settled and entry.get("needs")))
            if urgent
            else scene.draw("close", bank("therapist")["close"], _closing(session, topic))
        )
        said = filled(line["say"], {"topic": topic, "burden": topic}) if line else ""
        session.turn([Piece(line["technique"], sentence_case(said))] if line else [], "closing")
    if _ASKS.search(scene.turns[-1].text) or (len(scene.turns) < 14 and session.last[0] != "urgent" and scene.chance(0.15)):
        _farewell(session)


def _farewell(session: Session) -> None:
    """The client's last word: an answer where the therapist asked, else a goodbye."""
    name = kind_of_end(session.scene.turns[-1].text.rstrip())
    line = session.scene.draw_line(name, bank("client")[name])
    if line:
        words = set(re.findall(r"\w+", str(line).lower())) & _PARTING
        again = [g for g in bank("client")["goodbye"] if not words & set(re.findall(r"\w+", g.lower()))]
        parts = session.scene.fresh([str(line)], f"goodbye {len(again)}", again)
        session.say(" ".join(parts), "closing", last=("end", None))


def kind_of_end(asked: str) -> str:
    """The bank of answers to the therapist's last turn, by its question; a farewell where it asks nothing."""
    question = [q.strip() for q in re.findall(r"[^.?!]*\?", asked)[-1:]]
    if not question or not _ASKS.search(asked):
        return "farewell"
    return next((name for name, cue in _ASKED if cue.search(question[0])), "last_take")


def _own(session: Session, topic: str) -> bool:
    """The closing move of the modality, where it has a line for this topic."""
    move = next((m for m in modality(session.modality).moves.values() if m.stage == "closing"), None)
    if move is None:
        return False
    quoted = {"quoted": '"' + session.said["thought"].rstrip(".") + '"'} if "thought" in session.said else {}
    slots = {"topic": topic, **({"burden": topic} if is_burden(topic) else {}), **quoted}
    way, told, codes = modality(session.modality), {f.name for f in session.told()}, {p.id for p in session.pictures}
    name, about = move.name, session.told()[-1].name

    heard = said_by_client(session)

    def fits(text: str) -> bool:
        return _fits(text, slots) and way.suits(name, text, told, codes, about, made=made_in(session), said=heard)

    line = session.scene.draw(f"{session.modality}:{move.name}", move.said(""), fits)
    if line is None:
        return False
    session.turn([Piece(move.technique, filled(line, slots))], "closing", move=move.name)
    return True


def _fits(text: str, slots: dict[str, str]) -> bool:
    return all(f"{{{name}}}" not in text or name in slots for name in ("topic", "burden", "quoted"))


def _closing(session: Session, topic: str) -> Callable[[dict[str, str]], bool]:
    """Which closing lines fit: those on a step only when one was agreed, those on arguing only when the client did."""
    agreed = any(goal.progress and goal.progress[-1][1] == "agreed" for goal in session.goals) and session.last[0] != "hesitant_step"
    met = {"step": agreed, "resist": any(t.reluctant for t in session.scene.turns), "burden": is_burden(topic)}
    prefers_step = met["step"] and session.scene.chance(0.5)

    def fits(line: dict[str, str]) -> bool:
        if "{burden}" in line["say"] and not met["burden"]:
            return False
        need = line.get("needs")
        return need == "step" if prefers_step else need is None or met[need]

    return fits
