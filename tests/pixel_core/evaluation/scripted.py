"""Respondents without a model: one that was given the answers, one that guesses."""

import random

from pixel_core.evaluation.respondent import HeadAnswer, Loss
from pixel_core.model.heads import HEADS, find_head


class Knowing:
    """Was given the questions, and answers each of them right: it looks them up by the dialogue."""

    def __init__(self, tasks):
        self._questions = {q.turns: q for task in tasks for q in task.questions}

    def likelihoods(self, dialogues, choices):
        return [[float(value) for value in self._questions[tuple(d)].truth] for d in dialogues]

    def replies(self, dialogues, part, max_new_tokens):
        found = []
        for dialogue in dialogues:
            question = self._questions[tuple(dialogue)]
            found.append(question.choices[question.truth.index(1.0)])
        return found

    def heads(self, dialogues, turns):
        found = []
        for dialogue in dialogues:
            truth = tuple(0.0 if value != value else value for value in self._questions[tuple(dialogue)].truth)  # noqa: PLR0124  # NaN
            found.append({spec.name: HeadAnswer(truth, truth) for spec in HEADS})
        return found

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
        return [self._random.choice(self._questions[tuple(dialogue)].choices) for dialogue in dialogues]

    def heads(self, dialogues, turns):
        found = super().heads(dialogues, turns)
        self._random.shuffle(found)
        return found
