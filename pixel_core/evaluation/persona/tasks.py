"""Persona: does the model know who should speak next, the therapist or the assistant?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pixel_core.conversation import Conversation, Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Question, Task
from pixel_core.evaluation.held_out import HeldOut, named, unlabelled
from pixel_core.evaluation.items import PersonaItem, read_persona_items
from pixel_core.evaluation.persona.sessions import Speaking, session_choices, session_replies, session_turns
from pixel_core.model.heads import PERSONAS
from pixel_core.recipe import EvaluationRecipe

AXIS = "persona"
VERSION = "2"
_OPEN = "..."  # stands for the turn that is asked about; the head reads only what comes before it


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis: the shipped items, whole talks with a change or none, and the learned turns of held-out conversations."""
    talks = (session_turns(data), session_choices(data), session_replies(data, recipe.replies, recipe.reply_tokens))
    return persona_items(data), *talks, persona_turns(data, recipe.items)


def persona_items(data: HeldOut) -> Speaking:
    """Switching and staying when told and untold, by context and by trigger; the headline is macro-F1 over all items."""
    items = read_persona_items(data.scenarios)
    questions, excluded = data.keep(map(question_of, items))
    tags = sorted({tag for question in questions for tag in question.tags})
    parts = tuple(Measure(f"persona_{tag.replace(':', '_')}", "accuracy", "prior", tags=(tag,), even=True) for tag in tags)
    whole = (
        Measure("persona_items_f1", "label_f1", "prior", headline=True, shuffled=True),
        Measure("persona_items_accuracy", "accuracy", "prior", shuffled=True),
    )
    return _task("persona_items", questions, (*whole, *parts), excluded)


def persona_turns(data: HeldOut, limit: int) -> Speaking:
    """The persona of each learned turn of the held-out conversations, from what was said before."""
    questions, excluded = data.keep(learned_turns(data.conversations), limit)
    measures = (
        Measure("persona_turns_f1", "label_f1", "prior", shuffled=True),
        Measure("persona_turns_accuracy", "accuracy", "prior", shuffled=True),
    )
    return _task("persona_turns", questions, measures, excluded)


def question_of(item: PersonaItem) -> Question:
    """The item as asked: the dialogue, and a turn that is still open."""
    last = Turn("assistant", "assistant", _OPEN)
    therapy = item.next_part == "therapist"
    told = "told" if item.told else "untold"
    tags = (f"context:{item.context}", f"trigger:{item.trigger}", f"announced:{told}", f"moves:{'switch' if _switches(item) else 'stay'}")
    text = item.turns[-1].content
    return Question(item.id, item.id, (*item.turns, last), _truth(therapy), text, tags, t=len(item.turns))


def learned_turns(conversations: Iterable[Conversation]) -> list[Question]:
    """A question for every learned turn that something comes before."""
    found = []
    for conversation in conversations:
        for t, turn in enumerate(conversation.turns):
            if turn.learn and t:
                asked = unlabelled(conversation.turns[: t + 1])
                text = "\n".join(earlier.content for earlier in asked[:t])
                found.append(Question(named(conversation, t), conversation.group, asked, _truth(turn.persona == "therapy"), text, t=t))
    return found


def _switches(item: PersonaItem) -> bool:
    """Whether another persona should speak than spoke last; before the first reply the user's own part says what the talk is."""
    spoken = [turn for turn in item.turns if turn.role == "assistant"] or [item.turns[-1]]
    return (spoken[-1].persona == "therapy") != (item.next_part == "therapist")


def _truth(therapy: bool) -> tuple[float, ...]:
    return tuple(float((persona == "therapy") == therapy) for persona in PERSONAS)


def _task(name: str, questions: tuple[Question, ...], measures: tuple[Measure, ...], excluded: Mapping[str, int]) -> Speaking:
    return Speaking(name=name, axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded, head="persona")
