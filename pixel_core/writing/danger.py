"""Danger: asking about it, and making the client safe before anything else is talked about."""

from __future__ import annotations

import re

from pixel_core.writing.care import RISK, heard_no, routine
from pixel_core.writing.citations import criterion, guideline
from pixel_core.writing.goals import Goal
from pixel_core.writing.modalities import CRISIS, modality
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import HARM, IDEATION, level_of
from pixel_core.writing.scene import Piece, Voice
from pixel_core.writing.therapy import Session


def ask_risk(session: Session, voice: Voice | None, *, disclosed: bool = False) -> None:
    """The direct question about suicide; the client says no, voices the thought that the cast holds, or (`disclosed`) just says yes."""
    scene = session.scene
    danger = voice is not None or disclosed
    question, denied = ("", "") if danger else routine(session)
    prompt = [Piece("safety_assessment", question or str(scene.draw("risk_question", bank("therapist")["risk_question"])))]
    evidence = criterion(voice) if voice else ()
    move = "ask_directly" if danger else ""
    session.turn(prompt, "safety" if danger else "exploration", evidence, move=move, on=[voice] if voice else [])
    session.attended.add(RISK)
    if not danger:
        heard = heard_no(session, denied)
        session.reply(denied, last=("urgent", heard) if heard else ("no_risk", None), lead=False)
        return
    session.queue = [v for v in session.queue if v is not voice]
    level = level_of(voice.statement.text, voice.feature.symptom) if voice else IDEATION
    text = voice.statement.text if voice else str(scene.draw_line("disclose", bank("crisis")["disclose"]))
    session.reply(text, stage="safety", voices=[voice] if voice else [], last=("risk", None), risk=level)
    session.goals.insert(0, Goal("safety"))
    session.goals[0].reach("named", len(scene.turns) - 1)
    secure(session, HARM if level == HARM else IDEATION)


def secure(session: Session, level: int) -> None:
    """Assess the danger, put distance to means, and agree on a plan."""
    scene, crisis, goal = session.scene, bank("crisis"), session.goals[0]
    kind = "harm" if level == HARM else "ideation"
    receive = Piece("validation", str(scene.draw("receive", crisis["receive"])))
    asked = Piece("safety_assessment", str(scene.draw(f"assess:{kind}", crisis["assess"][kind])))
    session.turn([receive, asked], "safety", guideline(session.material, "risk"), move="assess_danger")
    session.reply(str(scene.draw_line(f"answer:{kind}", crisis["answer"][kind])), stage="safety", last=("risk", None), risk=level)
    goal.work("safety_assessment", "explored", len(scene.turns) - 1)
    heard = [Piece("validation", str(scene.draw("heard", crisis["heard"])))]
    for name in ("means_safety", "plan"):
        _step(session, name, heard, level)
        heard = [Piece("affirmation", str(scene.draw("safer", crisis["safer"], lambda line: _can_be_rung(session, line))))]


def _can_be_rung(session: Session, line: str) -> bool:
    """Whether a line speaks of nobody to be rung, or the client has named somebody while their safety was talked of."""
    crisis = bank("crisis")
    safety = " ".join(turn.text for turn in session.scene.turns if turn.speaker == "client" and turn.stage == "safety")
    return not re.search(crisis["to_named"], line, re.I) or re.search(crisis["named"], safety, re.I) is not None


def _step(session: Session, name: str, heard: list[Piece], level: int) -> None:
    scene, move = session.scene, modality(CRISIS).moves[name]
    line = str(scene.draw(f"{CRISIS}:{name}", move.said("")))
    tags, said = line.split("| ", 1) if "| " in line[:5] else ("", line)
    session.turn([*heard, Piece(move.technique, said)], "safety", guideline(session.material, "safety"), move=name)
    hesitant = scene.chance(0.35 if session.temper.resistance else 0.2)
    options = move.hesitant if hesitant else move.willing
    reply = scene.draw_line(f"{CRISIS}:{name}:{hesitant}", options, lambda r: "| " not in r[:5] or bool(set(r.split("| ")[0]) & set(tags)))
    text = str(reply)
    session.reply(text.split("| ", 1)[1] if "| " in text[:5] else text, stage="safety", last=("planned", None), risk=level)
    session.goals[0].work(move.technique, "agreed" if name == "plan" else "worked_on", len(scene.turns) - 1)


def hand_over(session: Session) -> None:
    """The last turn after a plan: nobody is sent away alone."""
    scene = session.scene
    done = scene.draw("after", bank("crisis")["after"])
    lines = modality(CRISIS).moves["warm_handover"].said("")
    line = str(scene.draw("warm_handover", lines, lambda said: _can_be_rung(session, said)))
    pieces = [Piece(done["technique"], done["say"])] if done else []
    session.turn([*pieces, Piece("safety_planning", line)], "closing", guideline(session.material, "safety"), move="warm_handover")
