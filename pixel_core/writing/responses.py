"""What a therapist answers to what was said, and asks next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pixel_core.conversation import Evidence
from pixel_core.writing.asking import kind_of_question
from pixel_core.writing.citations import criterion
from pixel_core.writing.echo import clause_of, continued, quote_of, sentence_case
from pixel_core.writing.fitting import asks_more, doubt_in, heard_now, leads_to, suits
from pixel_core.writing.phrases import REFLECTIONS, bank, families
from pixel_core.writing.scene import Piece, Scene, Voice, text_of

APART = frozenset(  # what a client answered last, where `it` and `that feeling` would not mean the concern
    {"trait", "support", "attachment", "tried", "strength", "no_risk", "urgent", "safety_told", "attended", "attended_hesitant"}
)
_SINCE = re.compile(r"how long|since when|when did|how far back|a date to it|first noticed", re.I)  # what a length of time answers


def answer(scene: Scene, last: tuple[str, Any], spoken: Sequence[Voice], *, bare: bool = True) -> tuple[list[Piece], list[Evidence]]:
    """The part of a therapist's turn that takes up what was said, and the criteria it rests on; `bare` as in `_reflection`."""
    kind, what = last
    therapist = bank("therapist")
    if kind == "voices":
        return _reflection(scene, what, spoken, bare=bare), [e for v in what for e in criterion(v)]
    if kind == "asked":
        return [Piece(what["technique"], what["say"])], []
    if kind == "urgent":
        return [Piece(*what)], []
    if kind == "resist":
        line = scene.draw("roll", therapist["roll"], heard_now(scene, of=doubt_in(scene.turns[-1].text)))
        heard = _reflection(scene, what, spoken, echo=False) if what and scene.chance(0.6) else []
        return [*([Piece(line["technique"], line["say"])] if line else []), *heard], [e for v in what for e in criterion(v)]
    options = therapist["attachment"][what] if kind == "attachment" else _after(kind)
    line = scene.draw(f"after:{kind}:{what if kind == 'attachment' else ''}", options, heard_now(scene))
    return ([Piece(line["technique"], line["say"])] if line else []), []


def _new_quote(scene: Scene, voice: Voice) -> str | None:
    """Words of the client's to be quoted; None when the family forbids it or they were quoted before."""
    quote = quote_of(voice.statement.text) if voice.family.echo != "none" else None
    return quote if quote not in scene.used else None


def _after(kind: str) -> list[dict[str, str]]:
    """The lines after an answer of this kind; to whoever is doubtful about a step those for doubts may be said as well."""
    after = bank("therapist")["after"]
    return [*after.get(kind, []), *(after["hesitant"] if kind == "hesitant_step" else [])]


def _reflection(scene: Scene, voices: Sequence[Voice], spoken: Sequence[Voice], *, echo: bool = True, bare: bool = True) -> list[Piece]:
    """A reflection of one of the voices: the client's own words (with `echo`), a line for its symptom, or both; else that it was heard.

    The client's words stand alone only where they may, `bare`.
    """
    voice = voices[-1] if scene.chance(0.7) else scene.rng.choice(list(voices))
    family, therapist = voice.family, bank("therapist")
    pieces: list[Piece] = []
    quoted = quote_of(voice.statement.text) in scene.used
    clause = clause_of(voice.statement.text) if echo and family.echo == "plain" and not quoted else None
    quote = _new_quote(scene, voice) if echo else None
    roll = scene.rng.random()
    if clause and roll < 0.35:
        frame = str(scene.draw("echo_plain", therapist["echo_plain"]))
        pieces.append(Piece("simple_reflection", frame.format(echo=continued(clause), Echo=sentence_case(clause))))
    elif quote and roll < 0.5:
        frame = str(scene.draw("echo_quote", therapist["echo_quote"]))
        scene.used.add(quote)
        pieces.append(Piece("simple_reflection", frame.format(quote=quote, Quote=sentence_case(quote))))
    said_back = len(pieces)
    if not pieces or not bare or scene.chance(0.45):
        kinds = [k for k in REFLECTIONS if family.lines.get(k)]
        scene.rng.shuffle(kinds)
        for kind in kinds:
            line = scene.draw(f"{family.name}:{kind}", family.lines[kind], lambda text: suits(text, voice, spoken, voices))
            if line:
                pieces.append(Piece(kind, line))
                break
    if not pieces or (not bare and len(pieces) == said_back):
        timely = heard_now(scene)
        line = scene.draw(
            "received", therapist["received"], lambda line: timely(line) and not (said_back and line["technique"] == "simple_reflection")
        )
        pieces += [Piece(line["technique"], line["say"])] if line else []
    return pieces


def question(scene: Scene, voice: Voice, last: tuple[str, Any], spoken: Sequence[Voice]) -> list[Piece]:
    """The question that leads to a symptom: for more of the same, by the client's own words, or by the symptom's family."""
    family, therapist = voice.family, bank("therapist")
    if spoken and voice.picture and all(v.picture and v.picture.id != voice.picture.id for v in spoken):
        line = scene.draw("elsewhere", therapist["elsewhere"])  # a question of the family's would know of what was not told
        if line:
            return [Piece("open_question", line)]
    before = last[1][-1] if last[0] == "voices" and last[1] else None
    returns = str(scene.draw("back_to_concern", therapist["back_to_concern"])) if last[0] in APART else ""
    back = [Piece(None, returns)] * bool(returns)
    if before and before.family is family and scene.chance(0.3):
        quote = _new_quote(scene, before)
        frame = scene.draw("quote_ask", therapist["quote_ask"]) if quote else None
        if quote and frame:
            scene.used.add(quote)
            return [Piece("simple_reflection", ""), Piece("open_question", frame.format(quote=quote, Quote=sentence_case(quote)))]
    if any(v.family is family for v in spoken) and scene.chance(0.6):
        line = scene.draw("again", therapist["again"], asks_more(scene, voice))
        if line:
            return [*back, Piece(kind_of_question(text_of(line)), text_of(line))]
    if family.lines.get("closed_question") and scene.chance(0.12):
        line = scene.draw(f"{family.name}:closed_question", family.lines["closed_question"], lambda text: suits(text, voice, spoken))
        if line:
            return [*back, Piece("closed_question", line)]
    line = scene.draw(f"{family.name}:open_question", family.lines["open_question"], lambda text: leads_to(text, voice, spoken))
    line = line or text_of(scene.draw("again", therapist["again"], asks_more(scene, voice)) or "And what else?")
    elsewhere = before is not None and before.family is not family
    bridge = scene.draw("before_question", therapist["before_question"]) if elsewhere and scene.chance(0.3) else None
    return [*back, *[Piece(None, str(bridge))] * bool(bridge), Piece(kind_of_question(line), line)]


def role_question(scene: Scene, role: str, voice: Voice | None) -> list[Piece]:
    """The question about impact, course, or something to rule out; [] when there is none to ask."""
    therapist = bank("therapist")
    if role == "screen":
        text = voice.feature.text.text if voice and voice.feature.text else ""
        say = next((entry["say"] for entry in therapist["screen"] if re.search(entry["cue"], text, re.I)), None)
        line = scene.draw(f"screen:{text}", say) if say else None
        return [Piece("closed_question", line)] if line else []
    own = families()["life_impact" if role == "impact" else "life_course"].lines["open_question"]
    asks = (*own, *therapist["duration_question"]) if role == "course" else own
    line = scene.draw(role, asks, lambda text: bool(voice) or role != "course" or bool(_SINCE.search(text)))
    return [Piece(kind_of_question(line), line)] if line else []
