"""What a therapist answers, asks and rests on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from pixel_core.conversation import Evidence
from pixel_core.writing.casting import agrees_with
from pixel_core.writing.content import content_of, was_brought_up
from pixel_core.writing.cues import Cue, lowered
from pixel_core.writing.echo import clause_of, continued, quote_of, sentence_case
from pixel_core.writing.material import Material, Picture
from pixel_core.writing.phrases import REFLECTIONS, Family, bank, families, names_of
from pixel_core.writing.risk import level_of
from pixel_core.writing.scene import Piece, Scene, Utterance, Voice, text_of
from pixel_core.writing.topics import is_named, topics_of

if TYPE_CHECKING:
    from pixel_core.writing.therapy import Session

APART = frozenset(  # what a client answered last, where `it` and `that feeling` would not mean the concern
    {"trait", "support", "attachment", "tried", "strength", "no_risk", "urgent", "safety_told", "attended", "attended_hesitant"}
)
_SINCE = re.compile(r"how long|since when|when did|how far back|a date to it|first noticed", re.I)  # what a length of time answers
_MONTH, _HALF_YEAR, _YEAR = 31, 180, 365
LATER = 2  # turns of the therapist after which it may be asked what was left out
SHARED = 2  # words that tell what a text is about, in a line and in what it rests on: one alone (sleep, of insomnia) is the subject's


def client_turn(
    text: str, stage: str, voices: Sequence[Voice], evidence: Iterable[Evidence], *, reluctant: bool = False, risk: int = 0
) -> Utterance:
    """A client's utterance; its risk is the highest of what is voiced and what is given."""
    spans = tuple(dict.fromkeys(evidence))
    return Utterance("client", sentence_case(text), stage, spans, tuple(voices), reluctant=reluctant, risk=level_told(text, voices, risk))


def level_told(text: str, voices: Sequence[Voice], given: int = 0) -> int:
    """The crisis level of what a client says in these words, by them, by what they voice, or as it is given."""
    voiced = [level_of(v.statement.text, v.feature.symptom) for v in voices] + [v.family.risk or 0 for v in voices]
    return max([given, level_of(text), *voiced])


# -- the therapist's answers ------------------------------------------------------------------------------------------


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
        line = scene.draw("roll", therapist["roll"], _heard(scene))
        heard = _reflection(scene, what, spoken, echo=False) if what and scene.chance(0.6) else []
        return [*([Piece(line["technique"], line["say"])] if line else []), *heard], [e for v in what for e in criterion(v)]
    options = therapist["attachment"][what] if kind == "attachment" else _after(kind)
    line = scene.draw(f"after:{kind}:{what if kind == 'attachment' else ''}", options, _heard(scene))
    return ([Piece(line["technique"], line["say"])] if line else []), []


def _heard(scene: Scene) -> Callable[[Mapping[str, str]], bool]:
    """Lines that can be said now: with a `cue` where the client has just said it, for `later` once the therapist has spoken."""
    said = scene.turns[-1].text if scene.turns else ""
    lower = lowered(said)
    spoke = any(turn.speaker == "therapist" for turn in scene.turns)

    def fits(line: Mapping[str, Any]) -> bool:
        cue = line.get("cue")
        timely = agrees_with(scene.facts, line["say"])  # nobody is told of years who has told of weeks
        return timely and (spoke or not line.get("later")) and (not cue or _cue(cue).holds(said, lower))

    return fits


@cache
def _cue(pattern: str) -> Cue:
    return Cue.of(re.compile(pattern, re.I))


def _new_quote(scene: Scene, voice: Voice) -> str | None:
    """Words of the client's to be quoted; None when the family forbids it or they were quoted before."""
    quote = quote_of(voice.statement.text) if voice.family.echo != "none" else None
    return quote if quote not in scene.used else None


def _after(kind: str) -> list[dict[str, str]]:
    """The lines after an answer of this kind; those for a step are added to those for what was found out."""
    after = bank("therapist")["after"]
    return [*after.get(kind.removesuffix("_step"), []), *(after[kind] if kind.endswith("_step") else [])]


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
            line = scene.draw(f"{family.name}:{kind}", family.lines[kind], lambda text: _suits(text, voice, spoken, voices))
            if line:
                pieces.append(Piece(kind, line))
                break
    if not pieces or (not bare and len(pieces) == said_back):
        timely = _heard(scene)
        line = scene.draw(
            "received", therapist["received"], lambda line: timely(line) and not (said_back and line["technique"] == "simple_reflection")
        )
        pieces += [Piece(line["technique"], line["say"])] if line else []
    return pieces


def _suits(line: str, voice: Voice, spoken: Sequence[Voice], heard: Sequence[Voice] = ()) -> bool:
    """Whether a line of a family can be said of this symptom, and takes up only what was told: just now, where that is given."""
    family = voice.family
    return family.suits(line, names_of(voice.picture, voice.feature)) and _ripe(line, family, voice.picture, heard or spoken)


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
        line = scene.draw("again", therapist["again"], _more(scene, voice))
        if line:
            return [*back, Piece(kind_of_question(text_of(line)), text_of(line))]
    if family.lines.get("closed_question") and scene.chance(0.12):
        line = scene.draw(f"{family.name}:closed_question", family.lines["closed_question"], lambda text: _suits(text, voice, spoken))
        if line:
            return [*back, Piece("closed_question", line)]
    line = scene.draw(f"{family.name}:open_question", family.lines["open_question"], lambda text: _leads_to(text, voice, spoken))
    line = line or text_of(scene.draw("again", therapist["again"], _more(scene, voice)) or "And what else?")
    elsewhere = before is not None and before.family is not family
    bridge = scene.draw("before_question", therapist["before_question"]) if elsewhere and scene.chance(0.3) else None
    return [*back, *[Piece(None, str(bridge))] * bool(bridge), Piece(kind_of_question(line), line)]


def _leads_to(line: str, voice: Voice, spoken: Sequence[Voice]) -> bool:
    """Whether a question can be answered by the voice that comes next: what it leads to is in it.

    Where the bank does not tell what a question leads to, it has to share a word with a sentence about a personality.
    """
    said, leads = voice.statement.text, voice.family.leads.get(line)
    told = voice.picture is None or voice.picture.head == "clinical" or bool(content_of(line) & content_of(said))
    return (leads.search(said) is not None if leads else told) and _suits(line, voice, spoken)


def _more(scene: Scene, voice: Voice) -> Callable[[str | Mapping[str, Any]], bool]:
    """Questions for more of the same that the voice that comes next answers, with `later` only once several were asked."""
    said = voice.statement.text
    lower = lowered(said)
    early = sum(1 for turn in scene.turns if turn.speaker == "therapist") < LATER

    def fits(line: str | Mapping[str, Any]) -> bool:
        if isinstance(line, str):
            return True
        return not (early and line.get("later")) and ("leads" not in line or _cue(line["leads"]).holds(said, lower))

    return fits


def kind_of_question(line: str) -> str:
    """Closed when it begins like a question for yes or no; `Could you` and `Would you` invite."""
    return "closed_question" if re.match(r"(?:do|does|did|is|are|has|have|was|were|will|can the)\b", line, re.I) else "open_question"


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


def role_answer(scene: Scene, role: str, picture: Picture) -> str | None:
    """An answer of the bank's where the knowledge has none; a duration is at least as long as the class asks for."""
    if role == "screen":
        return None
    client = bank("client")
    if role == "impact":
        return scene.draw_line("impact", client["impact"])
    long = _durations(picture)
    return scene.draw_line(f"duration:{long[0]}", [line for key in long for line in client["duration"][key]]) if long else None


def _durations(picture: Picture) -> tuple[str, ...]:
    text = picture.duration.text if picture.duration else ""
    lifelong = picture.id in bank("facts")["lifelong"] or re.search(r"adolescence|childhood|early|before age|enduring", text, re.I)
    if lifelong:
        return ("always",)
    days = picture.min_days
    if days is None:
        return ("months", "years") if text else ()
    return ("weeks", "months") if days < _MONTH else ("months", "years") if days <= _HALF_YEAR else ("years",) if days > _YEAR else ()


# -- what a line rests on ---------------------------------------------------------------------------------------------


def criterion(voice: Voice) -> list[Evidence]:
    """The place of the criterion that a voiced sentence shows."""
    return [voice.feature.text.evidence] if voice.feature.text and voice.feature.text.evidence.uri else []


def grounds(pictures: Sequence[Picture], line: str) -> list[Evidence]:
    """The sentence on focus or care that says most of the same as a line, where one does: the passage that the move rests on."""
    words = content_of(line)
    statements = [s for p in pictures for s in (*p.focus, *p.care)]
    best = max(statements, key=lambda s: len(content_of(s.text) & words), default=None)
    return [best.evidence] if best and len(content_of(best.text) & words) >= SHARED else []


def concern_of(voice: Voice) -> str:
    """What a client with this concern wants to get on with, as a goal is named."""
    topics = topics_of(voice.family, [voice])
    return next((t for t in topics if is_named(t)), topics[0])


def guideline(material: Material, word: str) -> list[Evidence]:
    """The interview guideline whose id holds this word."""
    return [n.focus[0].evidence for n in material.of("interview") if word in n.id and n.focus][:1]


def is_ripe(line: str, session: Session) -> bool:
    """Whether a line of a family that was told of speaks only of what this client has said already."""
    families = {v.family for v in session.spoken if any(line == exchange.say for exchange in v.family.exchanges)}
    picture = session.pictures[0] if session.pictures else None
    told = {f: [name for v in session.spoken if v.family is f for name in names_of(v.picture, v.feature)] for f in families}
    return all(family.suits(line, told[family]) and _ripe(line, family, picture, session.spoken) for family in families)


def _ripe(line: str, family: Family, picture: Picture | None, spoken: Sequence[Voice]) -> bool:
    """Whether what a line takes up was said: what the bank tells, else every image (a dishwasher, a farm) that could be said."""
    if line in family.takes:
        return family.takes_up(line, " ".join(v.statement.text for v in spoken))
    if picture is not None and picture.head != "pdm2":
        return True
    sentences = [s.text for f in picture.features for s in f.voiced] if picture else family.voiced
    return was_brought_up(line, sentences, {v.statement.text for v in spoken})


def topics(scene: Scene, told: Sequence[Family], spoken: Sequence[Voice]) -> list[str]:
    """Up to three things that were talked about, as the therapist would name them."""
    if len(told) == 1:
        own = topics_of(told[0], spoken)
        return scene.rng.sample(own, min(2, len(own)))
    chosen = scene.rng.sample(list(told), min(3, len(told)))
    return [scene.rng.choice(topics_of(f, spoken)) for f in chosen]


def joined(parts: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "what you've told me"
