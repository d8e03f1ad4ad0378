"""The persona head reads what was said before the turn, and the items are balanced."""

from collections import Counter
from dataclasses import replace

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.persona.tasks import persona_items, persona_turns
from pixel_core.evaluation.respondents.checkpoint import CheckpointRespondent
from pixel_core.model.heads import PERSONAS
from tests.pixel_core.evaluation.scripted import Knowing


def test_half_of_the_items_switch_and_half_stay(world):
    task = persona_items(world.data)
    tags = Counter(tag for question in task.questions for tag in question.tags)
    assert tags["moves:switch"] == tags["moves:stay"] == len(task.questions) / 2
    assert sum(question.truth[PERSONAS.index("therapy")] for question in task.questions) == len(task.questions) / 2


def test_the_turn_itself_is_not_read(world):
    respondent = CheckpointRespondent(world.run[4])
    for task in (persona_items(world.data), persona_turns(world.data, 50)):
        for question in task.questions[:5]:
            assert len(question.turns) == question.t + 1
            other = (*question.turns[:-1], replace(question.turns[-1], content="something else altogether, and longer"))
            first, second = respondent.heads([question.turns, other], [question.t] * 2)
            assert first["persona"] == second["persona"]
            assert first["technique"] != second["technique"]


def test_a_constant_answer_gets_half(world):
    class Always(Knowing):
        def heads(self, dialogues, turns):
            return [{"persona": self.prior("persona")} for _ in dialogues]

    rows = ask([persona_items(world.data)], Always([]))
    right = sum(row["truth"] == row["prediction"] for row in rows.to_dicts())
    assert right == rows.height / 2
