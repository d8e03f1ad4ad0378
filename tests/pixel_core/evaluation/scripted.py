"""Respondents without a model: one that was given the answers, one that guesses."""

import math
import random

from pixel_core.evaluation.respondent import HeadAnswer, Loss
from pixel_core.model.heads import HEADS, find_head


class Knowing:
    """Was given the questions, and answers each of them right: it looks them up by the dialogue."""

    def __init__(self, tasks):
        self._asked = {q.turns: q for task in tasks for q in task.questions if q.choices}
        self._ranked = {(q.turns, q.choices): q for task in tasks for q in task.questions if q.choices}
        heads = {task: getattr(task, "head", "clinical") for task in tasks}
        self._labels = {(q.turns, heads[task]): _known(q.truth) for task in tasks for q in task.questions if not q.choices}

    def likelihoods(self, dialogues, choices):
        asked = [self._ranked[tuple(d), tuple(given)] for d, given in zip(dialogues, choices, strict=True)]
        return [[float(value) for value in question.truth] for question in asked]

    def replies(self, dialogues, part, max_new_tokens):
        found = [self._asked[tuple(dialogue)] for dialogue in dialogues]
        return [question.choices[question.truth.index(1.0)] for question in found]

    def heads(self, dialogues, turns):
        labels = [{spec.name: self._labels.get((tuple(d), spec.name)) for spec in HEADS} for d in dialogues]
        return [{name: HeadAnswer(truth, truth) for name, truth in found.items() if truth is not None} for found in labels]

    def losses(self, dialogues, training):
        return [Loss(0.0, 10, 40, 30.0) for _ in dialogues]

    def supervised(self, head):
        return [1] * len(find_head(head).outputs)

    def prior(self, head):
        spec = find_head(head)
        flat = {"regression": 0.5, "class": 1 / len(spec.outputs)}.get(spec.kind, 0.0)
        first = (1.0,) + (0.0,) * (len(spec.outputs) - 1)
        decided = first if spec.kind == "class" else (flat,) * len(spec.outputs)
        return HeadAnswer((flat,) * len(spec.outputs), decided)


class Guessing(Knowing):
    """Answers without looking: any choice, any class, the answer of any other question."""

    def __init__(self, tasks, seed=0):
        super().__init__(tasks)
        self._random = random.Random(f"guessing:{seed}")

    def likelihoods(self, dialogues, choices):
        return [[self._random.random() for _ in given] for given in choices]

    def replies(self, dialogues, part, max_new_tokens):
        return [self._random.choice(self._asked[tuple(dialogue)].choices) for dialogue in dialogues]

    def heads(self, dialogues, turns):
        found = super().heads(dialogues, turns)
        self._random.shuffle(found)
        return found


def _known(truth):
    return tuple(0.0 if math.isnan(value) else value for value in truth)
