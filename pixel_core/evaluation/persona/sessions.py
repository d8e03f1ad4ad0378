"""Whole talks with a change of persona, or none: is it noticed, how soon, does it hold, and how smoothly is it made?

Every reply of a talk is one item: the head is asked who should speak, the model may be asked which of two replies it would
rather give, and at some turns to write one. The talk goes on as it is written whatever was answered, so that no answer changes
what comes later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import digest_of
from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, ChoiceTask, HeadTask, Question, Scored, TextTask, mean_of_choices
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.items import read_rows
from pixel_core.evaluation.persona.leakage import leakage
from pixel_core.evaluation.persona.transitions import transition_of
from pixel_core.evaluation.persona.voices import Voice, read_voice
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.model.heads import PERSONAS

FILE = "persona_sessions.jsonl"
AXIS = "persona"
VERSION = "1"
MODES = {"therapist": "therapy", "assistant": "assistance"}
LONG = 20  # turns of the user in a talk on which constancy is measured
_RULES = ("leaves", "takes_up", "keeps_thread", "continues")
_LATE, _HELD, _UNBROKEN = 2, 3, 4  # columns behind the two personas
_EVERY = 4  # of the replies of a long talk so many-th is written


@dataclass(frozen=True, slots=True)
class PersonaSession:
    """A talk: turns of the user and replies in turn; `switch` is the first reply in the other part, None where it holds throughout.

    `instead` holds, by turn, what the other persona would have said there.
    """

    id: str
    context: str
    trigger: str
    told: bool
    switch: int | None
    turns: tuple[Turn, ...]
    instead: dict[int, str]

    @property
    def replies(self) -> range:
        """The places of the replies."""
        return range(1, len(self.turns), 2)


def read_persona_sessions(scenarios: Path) -> list[PersonaSession]:
    """The talks of `persona_sessions.jsonl`; raises ItemError naming the line where the parts contradict the marked change."""
    return read_rows(scenarios / FILE, _session)


def session_turns(data: HeldOut) -> SessionTurns:
    """Who should speak at every reply, by the head: by mode, around the change, and over twenty turns."""
    questions, excluded = data.keep(_asked(session, t) for session in read_persona_sessions(data.scenarios) for t in session.replies)
    persona = (0, 1)
    kinds = [*(f"mode:{mode}" for mode in MODES.values()), *(f"phase:{phase}" for phase in ("before", "switch", "after", "steady"))]
    kinds += ["switch:told", "switch:untold"]
    measures = (
        Measure("persona_sessions_f1", "label_f1", "prior", persona, shuffled=True),
        *(Measure(f"persona_sessions_{tag.replace(':', '_')}", "accuracy", "prior", persona, tags=(tag,), even=True) for tag in kinds),
        Measure("persona_turns_until_switched", "rate", "random", (_LATE,)),
        Measure("persona_constancy", "mean", "random", (_HELD,)),
        Measure("persona_before_first_slip", "mean", "random", (_UNBROKEN,)),
    )
    return SessionTurns(
        name="persona_sessions", axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded, head="persona"
    )


@dataclass(frozen=True, kw_only=True)
class Speaking(HeadTask):
    """The persona head, with the leakage matrix of what it says."""

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """See Task."""
        return {"leakage": leakage(answers)}


@dataclass(frozen=True, kw_only=True)
class SpokenReplies(TextTask):
    """Replies that the model writes, with the leakage matrix of their voices."""

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """See Task."""
        return {"leakage": leakage(answers)}


@dataclass(frozen=True, kw_only=True)
class SessionTurns(Speaking):
    """The persona head at every reply; three further columns follow from the answers of the same talk.

    At the change: how many replies later it is first noticed (none noticed: all that are left). In long talks without one:
    whether the persona holds, and whether it has held so far. Floor of these: a coin at every reply.
    """

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        answers = super().answer(respondent)
        right = {a.question.item: _right(a) for a in answers}
        talks: dict[str, list[str]] = {}
        for answer in sorted(answers, key=lambda a: (a.question.group, a.question.t)):
            talks.setdefault(answer.question.group, []).append(answer.question.item)
        return [
            _in_talk(answer, [right[item] for item in talks[answer.question.group]], talks[answer.question.group]) for answer in answers
        ]


def session_choices(data: HeldOut) -> ChoiceTask:
    """Which of two replies is likelier, that of the right persona or that of the other; each mode has a figure, and both weigh alike."""
    sessions = read_persona_sessions(data.scenarios)
    asked = (_either(session, t) for session in sessions for t in session.instead)
    questions, excluded = data.keep(asked)
    modes = tuple(f"mode:{mode}" for mode in MODES.values())
    measures = (
        Measure("persona_replies_chosen", "mean", "random", tags=modes),
        *(Measure(f"persona_replies_chosen_{mode}", "mean", "random", tags=(f"mode:{mode}",)) for mode in MODES.values()),
    )
    return ChoiceTask(name="persona_choices", axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded)


def session_replies(data: HeldOut, limit: int, reply_tokens: int) -> SpokenReplies:
    """The model's own replies at the changes and along the long talks: whose voice they are in, and how smooth the change is.

    Asked where the voice of the written reply is told rightly, which is thus the best possible answer. Floor: other replies of
    the same talk.
    """
    voice = read_voice(data.scenarios)
    asked = [question for session in read_persona_sessions(data.scenarios) for question in _written(session, voice)]
    questions, excluded = data.keep(asked, limit)
    modes = tuple(f"mode:{mode}" for mode in MODES.values())
    change = ("phase:switch",)
    rules = tuple(Measure(f"persona_transition_{rule}", "mean", "random", (1 + k,), tags=change) for k, rule in enumerate(_RULES))
    measures = (
        Measure("persona_voice", "mean", "random", (0,), tags=modes, indicative=True),
        *(Measure(f"persona_voice_{mode}", "mean", "random", (0,), tags=(f"mode:{mode}",), indicative=True) for mode in MODES.values()),
        Measure("persona_voice_steady", "mean", "random", (0,), tags=("phase:steady",), indicative=True),
        Measure("persona_transition_smooth", "mean", "random", (1 + len(_RULES),), tags=change),
        *rules,
    )

    def values(reply: str, question: Question) -> tuple[float, ...]:
        therapy = voice.therapy(reply) > 0.5
        kept = float(bool(reply.strip()) and therapy == ("mode:therapy" in question.tags))
        found = transition_of(reply, [turn.content for turn in question.turns]).values
        return kept, *found, sum(found) / len(found)

    def score(reply: str, question: Question) -> Scored:
        spoken = MODES["therapist" if voice.therapy(reply) > 0.5 else "assistant"]
        return Scored(values(reply, question), parsed=bool(reply.strip()), answer=spoken if reply.strip() else None)

    return SpokenReplies(
        name="persona_replies",
        axis=AXIS,
        version=f"{VERSION}.{digest_of(voice.odds)[:12]}",  # the voice is told by other data than the questions
        questions=questions,
        measures=measures,
        excluded=excluded,
        reply_tokens=reply_tokens,
        score=score,
        floor_of=mean_of_choices(values),
    )


def _session(row: dict[str, Any]) -> PersonaSession:
    taxonomy.find("persona_contexts", row["context"])
    taxonomy.find("persona_triggers", row["trigger"])
    raw, switch = row["turns"], row["switch"]
    turns = tuple(Turn("assistant" if k % 2 else "user", turn["part"], turn["content"]) for k, turn in enumerate(raw))
    replies = [turn.part for turn in turns[1::2]]
    if len(turns) % 2 or not {turn.part for turn in turns[::2]} <= {"client", "other"} or not set(replies) <= set(MODES):
        raise ValueError("the user and the model speak in turn, the model last, and it speaks as therapist or assistant")
    changes = [2 * k + 3 for k, pair in enumerate(pairwise(replies)) if pair[0] != pair[1]]
    if changes != ([] if switch is None else [switch]):
        raise ValueError(f"the replies change their part at {changes}, but switch is {switch}")
    instead = {k: turn["instead"] for k, turn in enumerate(raw) if "instead" in turn}
    if any(k % 2 == 0 for k in instead):
        raise ValueError("what the other persona would say stands on a reply")
    return PersonaSession(row["id"], row["context"], row["trigger"], bool(row["told"]), switch, turns, instead)


def _asked(session: PersonaSession, t: int) -> Question:
    """Who speaks turn t: the head reads what comes before it, and talks that begin one another are read together."""
    therapy, turns = session.turns[t].part == "therapist", session.turns[: t + 1]
    truth = tuple(float((persona == "therapy") == therapy) for persona in PERSONAS)
    text = session.turns[t - 1].content
    return Question(f"{session.id}.{t:02d}", session.id, turns, truth, text, _tags(session, t), t=t)


def _either(session: PersonaSession, t: int) -> Question:
    """The reply as written and what the other persona would have said; which stands first depends on the turn."""
    pair = (session.turns[t].content, session.instead[t])
    choices = pair if (t // 2) % 2 else pair[::-1]
    truth = tuple(float(choice == pair[0]) for choice in choices)
    return replace(_asked(session, t), turns=session.turns[:t], truth=truth, choices=choices, t=0)


def _written(session: PersonaSession, voice: Voice) -> Iterator[Question]:
    """The turns of a talk at which a reply is written: the change, or every fourth reply of a long talk without one."""
    long = session.switch is None and len(session.replies) >= LONG
    for t in [session.switch] if session.switch is not None else session.replies[_EVERY - 1 :: _EVERY] if long else []:
        said = session.turns[t].content
        if (voice.therapy(said) > 0.5) != (session.turns[t].part == "therapist"):
            continue
        others = [session.turns[1].content, session.turns[-1].content, *(text for k, text in session.instead.items() if k == t)]
        choices = (said, *(other for other in others if other != said))
        truth = (1.0, *(0.0 for _ in choices[1:]))
        yield replace(_asked(session, t), turns=session.turns[:t], truth=truth, choices=choices, t=0, right=(said,))


def _tags(session: PersonaSession, t: int) -> tuple[str, ...]:
    switch = session.switch
    phase = "steady" if switch is None else "before" if t < switch else "switch" if t == switch else "after"
    shared = (f"context:{session.context}", f"mode:{MODES[session.turns[t].part]}", f"phase:{phase}")
    length = ("length:long",) if switch is None and len(session.replies) >= LONG else ()
    called = (f"trigger:{session.trigger}", f"switch:{'told' if session.told else 'untold'}") if t == switch else ()
    return (*shared, *length, *called)


def _right(answer: Answer) -> float:
    """1 or 0, NaN where the head is untrained; what is no number is wrong."""
    untrained = answer.parsed and any(map(math.isnan, answer.prediction))
    return math.nan if untrained else float(list(answer.truth) == list(answer.prediction))


def _in_talk(answer: Answer, right: Sequence[float], items: Sequence[str]) -> Answer:
    """The answer with the columns that depend on the rest of its talk."""
    question, place = answer.question, items.index(answer.question.item)
    later, tags = right[place:], set(question.tags)
    at_switch, constant = "phase:switch" in tags, "length:long" in tags
    left = len(later)
    noticed = next((float(k) for k, hit in enumerate(later) if hit), float(left))
    so_far = math.nan if math.isnan(right[place]) else float(all(right[: place + 1]))
    late = math.nan if math.isnan(right[place]) else noticed
    truth = [0.0 if at_switch else math.nan, 1.0 if constant else math.nan, 1.0 if constant else math.nan]
    coin = [sum(0.5**k for k in range(1, left + 1)), 0.5, 0.5 ** (place + 1)]
    return replace(
        answer,
        truth=[*answer.truth, *truth],
        prediction=[*answer.prediction, late, right[place], so_far],
        scores=[*(answer.scores or ()), late, right[place], so_far],
        floor=[*answer.floor, *coin],
        floor_scores=[*(answer.floor_scores or ()), *coin],
    )
