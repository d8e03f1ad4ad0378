"""Dialogues that change between therapy and assistance, told and untold, with every transition marked.

A turn of the model says in which part it speaks. The part of a user's turn is that of the talk so far, as in the evaluation's items, so
that it does not give the change away: the reply that changes the part is the transition. The model plays a client only where a system
turn sets therapy-training mode; no message can put it into that part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pixel_core.conversation import Conversation, Label, Part, Provenance, Turn, validate
from pixel_core.corpus.scenario import LABEL_SOURCE, ScenarioError, training_prompt
from pixel_core.taxonomy import ids

SOURCE: Final = "dual_persona"
COUNTERPART: Final[Mapping[str, Part]] = {"assistant": "other", "therapist": "client", "client": "therapist"}
"""Who the user is while the model speaks a part."""


def conversation_of(dialogue: Mapping[str, Any]) -> Conversation:
    """The conversation of one dialogue; raises ScenarioError.

    `extra["transitions"]` names each reply that changes the part (turn, from, to, trigger, told), `extra["held"]` each that keeps it
    although a trigger is there or seems to be. A dialogue with a `client` sheet opens with the system turn of training mode.
    """
    if not isinstance(dialogue, dict):
        raise ScenarioError("wrong_type", "a dialogue must be a mapping")
    name, context, lines = dialogue.get("id"), dialogue.get("context"), dialogue.get("turns")
    if not isinstance(name, str) or not name or not isinstance(lines, list) or not lines:
        raise ScenarioError("missing_field", "a dialogue needs an id and a list of turns")
    if context not in ids("persona_contexts"):
        raise ScenarioError("outside_taxonomy", f"context {context!r} is not in persona_contexts.csv")
    if type(dialogue.get("difficulty")) is not int:
        raise ScenarioError("bad_difficulty", "difficulty must be a whole number from 1 to 5")
    opening = [Turn("system", "other", training_prompt(dialogue))] if "client" in dialogue else []
    spoken = list(_spoken(lines))
    turns = (*opening, *_turns(spoken))
    if not opening and any(turn.part == "client" and turn.role == "assistant" for turn in turns):
        raise ScenarioError("unannounced_client", "the model plays a client only in training mode: give the dialogue a client sheet")
    transitions, held = _marks(spoken, len(opening))
    where = Provenance(
        SOURCE, "pixel:scenarios/dual_persona.yaml", f"dialogue {name}", "CC0-1.0", "synthetic", "pixel_core.corpus.dual_persona/1"
    )
    extra = {"context": context, "transitions": transitions, "held": held}
    conversation = Conversation(turns, "personality", f"{SOURCE}:{name}", dialogue["difficulty"], (where,), extra)
    validate(conversation)
    return conversation


def changes(turns: Sequence[Turn]) -> Iterator[tuple[int, Part, Part]]:
    """The replies of the model that are spoken in another part than the one before: index, part left, part taken."""
    before: Part | None = None
    for index, turn in enumerate(turns):
        if turn.role == "assistant":
            if before is not None and turn.part != before:
                yield index, before, turn.part
            before = turn.part


def _spoken(lines: Sequence[Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Speaker, text and marks of each line; the user begins, the two take turns, and the model has the last word."""
    for number, line in enumerate(lines):
        speakers = [key for key in line if key in ("user", *COUNTERPART)] if isinstance(line, dict) else []
        if len(speakers) != 1 or not isinstance(line[speakers[0]], str) or not line[speakers[0]].strip():
            raise ScenarioError("missing_field", f"line {number + 1} must be said by one of user, {', '.join(COUNTERPART)}")
        if (speakers[0] == "user") == bool(number % 2):
            raise ScenarioError("out_of_turn", f"line {number + 1} is {speakers[0]}'s: user and model take turns, and the user begins")
        yield speakers[0], line[speakers[0]].strip(), line
    if len(lines) % 2:
        raise ScenarioError("out_of_turn", "the model has the last word")


def _turns(spoken: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[Turn]:
    part = spoken[1][0]
    for speaker, text, line in spoken:
        if speaker == "user":
            yield Turn("user", COUNTERPART[part], text, labels=_crisis(line))
        else:
            part = speaker
            yield Turn("assistant", part, text, learn=True)  # type: ignore[arg-type]  # _spoken lets only parts through


def _crisis(line: Mapping[str, Any]) -> tuple[Label, ...]:
    """The crisis level of a user's line, where it is given; what was not rated stays unknown."""
    level = line.get("crisis_level")
    if level is None:
        return ()
    if type(level) is not int or not 0 <= level < len(ids("crisis")):
        raise ScenarioError("out_of_range", f"crisis_level must be 0 to {len(ids('crisis')) - 1}")
    return (Label("crisis.level", float(level), LABEL_SOURCE),)


def _marks(spoken: Sequence[tuple[str, str, Mapping[str, Any]]], first: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The transitions and the held parts, by index of the conversation's turns; every change has a trigger."""
    transitions: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    replies = [(first + number, speaker, line) for number, (speaker, _, line) in enumerate(spoken) if speaker != "user"]
    for place, (turn, part, line) in enumerate(replies):
        before = replies[place - 1][1] if place else part
        trigger, told = line.get("trigger"), line.get("told")
        if trigger is None and told is None and part == before:
            continue
        if not place:
            raise ScenarioError("unexpected_trigger", "the first reply follows nothing that it could change from")
        if trigger not in ids("persona_triggers") or not isinstance(told, bool):
            raise ScenarioError(
                "outside_taxonomy", f"the reply of turn {turn} needs a trigger of persona_triggers.csv, and told: true or false"
            )
        if part == before:
            held.append({"turn": turn, "part": part, "trigger": trigger, "told": told})
        else:
            transitions.append({"turn": turn, "from": before, "to": part, "trigger": trigger, "told": told})
    return transitions, held
