"""Moves: what a modality does to bring something forward, and how the client takes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pixel_core.writing.casting import agrees_with
from pixel_core.writing.citations import grounds
from pixel_core.writing.echo import continued, sentence_case
from pixel_core.writing.fitting import is_ripe
from pixel_core.writing.matters import AGREED, matter_of, slots_of, told_first
from pixel_core.writing.modalities import Move, modality
from pixel_core.writing.phrases import Exchange, Family, bank
from pixel_core.writing.reply_kinds import DEEP, kind_of_reply
from pixel_core.writing.responses import APART
from pixel_core.writing.scene import Piece, text_of
from pixel_core.writing.tags import answers, tags_of, untagged
from pixel_core.writing.therapy import Session
from pixel_core.writing.topics import draw_topics, is_burden, listed

STEPS = frozenset({"goal_setting", "behavioural_activation", "exposure", "grounding", "suggestion"})
_HESITANT = (0.3, 0.6, 0.75)  # by resistance
_AGREED = frozenset(
    {
        "experiment",
        "activity",
        "homework",
        "commit",
        "key_question",
        "committed_action",
        "distress_tolerance",
        "opposite_action",
        "dear_man",
        "rehearse",
        "tic_counter",
        "tic_places",
    }
)
SKILLS = ("distress_tolerance", "opposite_action", "dear_man")
_OWN = 3  # words of a topic that clients say as the therapist does
_HEARD = 2  # of the client's turns, in which a feeling that is named was heard
_SLOT = re.compile(r"\{(\w+)\}")
# What points at something just said; where that was no part of the concern, a line has to name what it speaks of.
POINTS = re.compile(
    r"\b(?:that feeling|feel it|stay there|beside it|(?:sa(?:y|id)|spoke of) (?:it|that)|just (?:then|now)|comes over you|it's like that|"
    r"as we speak|it sits|how big is it|drops like that|that sentence|whose voice is that|(?:in|near|with|about|from) (?:it|that|there)|"
    r"it (?:hurts|sounds)|small light|this one|head there|(?:feeling|voice) in)\b",
    re.I,
)


def make(session: Session, name: str) -> bool:
    """Make a move of the modality and let the client answer; False when it cannot be made here."""
    move = modality(session.modality).moves[name]
    shown = name != "defence" or any(line in session.scene.turns[-1].text for line in bank("client")["defence"][session.temper.defence])
    meant = not move.codes or any(p.id in move.codes for p in session.pictures)
    if not (shown and meant) or (move.needs and move.needs not in session.said):
        return False
    topic, family = matter_of(session)
    line = _line(session, move, topic, family)
    if line is None:
        return False
    scene, hesitant = session.scene, session.scene.chance(_HESITANT[session.temper.resistance])
    hesitant = hesitant or (name in DEEP and _is_unmoved(session))
    slots = slots_of(session, topic, family)
    about = slots["thought_of"] if move.needs == "thought" else family.name
    said = filled(untagged(line), slots)
    on = next(([v] for v in reversed(session.spoken) if v.family is family), [])
    session.turn([Piece(move.technique, said)], move.stage, grounds(session.pictures, said), move=name, on=on)
    reply = _reply(session, move, line, hesitant, (about, topic))
    if reply is None:  # who has no such answer gives the other, and is heard as one who gave it
        hesitant = not hesitant
        reply = _reply(session, move, line, hesitant, (about, topic))
    if reply is None:
        raise ValueError(f"move {name} of {session.modality} has no answer for: {line[:60]}")
    text = _with_pools(session, untagged(reply), about)
    wants = set(_SLOT.findall(text))
    session.said |= {key: slots[key] for key in ("thought", "fairer", "thought_of") if key in slots and wants & {"thought"}}
    if name == "values" and not hesitant:
        session.said["value"] = text
    if name == "agenda":
        session.said[AGREED] = family.name
    if name in SKILLS:
        session.said["skill"] = name
    if not hesitant:
        session.said[_made(name)] = name
    kind = kind_of_reply(name, hesitant=hesitant, recalls="memory" in wants, agreed=name in _AGREED)
    stage = "opening" if move.stage == "opening" else move.stage
    session.reply(filled(text, slots | session.said), stage=stage, last=(kind, None))
    if name not in ("agenda", "deepen", "follow"):
        done = ("considered" if hesitant else "agreed") if name in _AGREED else "worked_on"
        session.goals[0].work(move.technique, done, len(scene.turns) - 1)
    return True


def said_by_client(session: Session, latest: int = 0) -> str:
    """All that the client has said so far, or in so many of their latest turns, with plain apostrophes."""
    return " ".join([turn.text for turn in session.scene.turns if turn.speaker == "client"][-latest:]).replace("\u2019", "'")


def made_in(session: Session) -> set[str]:
    """The moves of the modality that the client went along with."""
    return {name for key, name in session.said.items() if key == _made(name)}


def _made(name: str) -> str:
    return f"went along with {name}"


def _line(session: Session, move: Move, topic: str, family: Family) -> str | None:
    able = (
        {"topic", "mine"}
        | ({"burden"} if is_burden(topic) else set())
        | set(session.said)
        | ({"quoted"} if "thought" in session.said else set())
    )
    lines, told, codes = move.said(session.temper.defence), {f.name for f in session.told()}, {p.id for p in session.pictures}
    way, made = modality(session.modality), made_in(session)
    said = said_by_client(session, latest=_HEARD if move.name == "feeling" else 0)

    def fits(text: str) -> bool:
        timely = agrees_with(session.scene.facts, text)  # nothing of a time before it to whom it has always been there
        slots = set(_SLOT.findall(text))
        points = session.last[0] in APART and not slots and POINTS.search(text) is not None
        return timely and not points and slots <= able and way.suits(move.name, text, told, codes, family.name, made=made, said=said)

    return session.scene.draw(f"{session.modality}:{move.name}", lines, fits)


def _reply(session: Session, move: Move, line: str, hesitant: bool, matter: tuple[str, str]) -> str | None:
    """An answer that fits the question and its matter, a family and a topic: one that bears its tag, or one that fits all questions.

    A client names a topic by its name only where that is short; the therapist's longer titles are nobody's own words.
    """
    options, (about, topic) = move.hesitant if hesitant else move.willing, matter

    def fits(reply: str) -> bool:
        own = "{mine}" not in reply or len(topic.split()) <= _OWN
        return own and answers(reply, line) and move.suits(reply, about)

    name = f"{session.modality}:{move.name}:{'hesitant' if hesitant else 'willing'}"
    for narrow in (lambda r: fits(r) and r in move.about, lambda r: fits(r) and bool(tags_of(r))):
        if session.scene.chance(0.7) and (reply := session.scene.draw_line(name, options, narrow)):
            return reply
    return session.scene.draw_line(name, options, fits)


def _is_unmoved(session: Session) -> bool:
    """Whether the client's class is one that does not open up when something is uncovered."""
    return any(p.id in bank("comorbidity")["unmoved"] for p in session.pictures)


def _with_pools(session: Session, reply: str, about: str) -> str:
    """The answer with an event or a memory of the client's where it wants one."""
    for slot, pool in (("event", "events"), ("memory", "memories")):
        if f"{{{slot}}}" in reply:
            line = session.scene.draw_line(pool, bank("modalities/pools")[pool], lambda o: isinstance(o, str) or about in o["for"])
            session.said[slot] = text_of(line)
    return reply


def filled(template: str, slots: Mapping[str, str]) -> str:
    """The template with its slots filled: upper case where a sentence begins, no stop before another mark or in mid-sentence."""

    def fill(match: re.Match[str]) -> str:
        before, after = template[: match.start()].rstrip(), template[match.end() :]
        value = slots[match.group(1)]
        value = sentence_case(value) if not before or before[-1] in ".?!" else continued(value)
        return value.rstrip(".") if re.match(r"[,.;:?!]| [a-z]", after) else value

    return sentence_case(_SLOT.sub(fill, template))


# -- moves that all modalities share --------------------------------------------------------------------------------------


def understand(session: Session) -> None:
    """A summary of what was heard, or knowledge offered with permission."""
    scene, therapist = session.scene, bank("therapist")
    told = [f for f in session.told() if f.name not in ("life_course", "general")]
    informing = [f for f in told if f.lines.get("information")]
    if informing and scene.allows({"technique": "information"}) and scene.chance(0.5):
        family = scene.rng.choice(informing)
        line = scene.draw(f"{family.name}:information", family.lines["information"])
        if line:
            permission = scene.draw("ask_permission", therapist["ask_permission"])
            check = str(scene.draw("check_information", therapist["check_information"]))
            pieces = [Piece(None, str(permission)), Piece("information", line), Piece(None, untagged(check))]
            session.turn(pieces, "understanding", grounds(session.pictures, line))
            session.reply(_answer_to(session, "informed", check), stage="understanding", last=("informed", None))
            return
    topics = listed(draw_topics(scene, told or session.told(), session.spoken))
    line = str(scene.draw("summary", therapist["summary"])).replace("{topics}", topics)
    heard = [v.statement.evidence for v in session.spoken if v.statement.evidence.uri]
    session.turn([Piece("summary", sentence_case(untagged(line)))], "understanding", heard, on=session.spoken)
    session.reply(_answer_to(session, "summarised", line), stage="understanding", last=("summarised", None))


def _answer_to(session: Session, name: str, question: str) -> str:
    """An answer of the client's that shares a tag with the question."""
    return untagged(str(session.scene.draw_line(name, bank("client")[name], lambda reply: answers(reply, question))))


def exchange(session: Session, *, step: bool) -> bool:
    """A move of one of the families at hand and its answer: one that ends in doing something (`step`), or one that does not.

    False when the families hold none that the modality allows.
    """
    scene, told = session.scene, session.told()
    if scene.chance(0.4):
        scene.rng.shuffle(told)
    told.sort(key=lambda family: family not in told_first(session))
    chosen: tuple[Family, Exchange] | None = None
    for wanted in (step, not step):
        for family in told:
            if chosen is None:
                found = scene.draw(f"{family.name}:exchange", family.exchanges, _ripe_exchange(session, wanted))
                chosen = (family, found) if found else None
    if chosen is None:
        return False
    family, move = chosen
    session.turn([Piece(move.technique, move.say)], "change", grounds(session.pictures, move.say))
    hesitant = scene.chance(_HESITANT[session.temper.resistance])
    if not agrees_with(scene.facts, move.replies[hesitant]):
        hesitant = not hesitant
    kind = ("hesitant" if hesitant else "willing") + ("_step" if move.technique in STEPS else "")
    kind = "skill" if kind == "willing_step" and move.technique == "grounding" else kind
    kind = "no_risk" if re.search(r"\b(?:dying|alive)\b", move.say) else kind
    after = ("urgent", move.after) if move.after else (kind, None)
    session.reply(move.replies[hesitant], stage="change", last=after)
    state = ("considered" if hesitant else "agreed") if move.technique in STEPS else "worked_on"
    session.goals[0].work(move.technique, state, len(scene.turns) - 1)
    return True


def agree(session: Session) -> bool:
    """A question for a sign of change or a small step, and its answer; False where the modality sets no goals."""
    scene = session.scene
    line = scene.draw("agree_step", bank("therapist")["agree_step"])
    if line is None:
        return False
    to_do = tags_of(line["say"]) == "a"
    session.turn([Piece(line["technique"], untagged(line["say"]))], "change")
    session.reply(_answer_to(session, "step", line["say"]), stage="change", last=("willing_step" if to_do else "willing", None))
    session.goals[0].work("goal_setting", "agreed" if to_do else "considered", len(scene.turns) - 1)
    return True


def _ripe_exchange(session: Session, step: bool) -> Callable[[Exchange], bool]:
    def fits(move: Exchange) -> bool:
        sayable = any(agrees_with(session.scene.facts, reply) for reply in move.replies)
        return (move.technique in STEPS) == step and sayable and is_ripe(move.say, session.pictures, session.spoken)

    return fits
