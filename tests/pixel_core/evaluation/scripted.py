"""Respondents without a model: one that was given the answers, one that guesses."""

import math
import random

from pixel_core.evaluation.respondents.respondent import HeadAnswer, Loss
from pixel_core.model.heads import HEADS, find_head


class Knowing:
    """Was given the questions, and answers each of them right: it looks them up by the dialogue.

    A task of a new kind is covered when its questions say what is right: `choices` with their truth, `right` replies, or
    the labels of its `head`. Where nothing is known of a turn, every head says its best, and its worst of a wrong choice.
    """

    def __init__(self, tasks):
        questions = [q for task in tasks for q in task.questions]
        self._asked = {q.turns: q for q in questions if q.choices}
        self._ranked = {(q.turns, q.choices): q for q in questions if q.choices}
        self._right = {q.turns[: q.t]: (q.turns[q.t].content,) for q in questions if q.t}
        self._right |= {q.turns[: q.t] or q.turns: q.right for q in questions if q.right}
        self._good = {reply for replies in self._right.values() for reply in replies}
        labelled = [(q, getattr(task, "head", "clinical")) for task in tasks for q in task.questions if not q.choices and q.truth]
        self._labels = {(q.turns, head): _known(q.truth) for q, head in labelled}

    def likelihoods(self, dialogues, choices):
        asked = [self._ranked[tuple(d), tuple(given)] for d, given in zip(dialogues, choices, strict=True)]
        return [[float(value) for value in question.truth] for question in asked]

    def replies(self, dialogues, part, max_new_tokens):
        return [self._reply(tuple(dialogue)) for dialogue in dialogues]

    def _reply(self, dialogue):
        """The right reply: to the dialogue as it was asked, or further on in a session, where a reply and a turn are added each time."""
        for said in range(len(dialogue) // 2 + 1):
            opening = dialogue[: len(dialogue) - 2 * said]
            if len(self._right.get(opening, ())) > said:
                return self._right[opening][said]
        question = self._asked[dialogue]
        return question.choices[question.truth.index(1.0)]

    def heads(self, dialogues, turns):
        return [{spec.name: self._said(spec, tuple(dialogue)) for spec in HEADS} for dialogue in dialogues]

    def _said(self, spec, dialogue):
        known = self._labels.get((dialogue, spec.name))
        if known is None or len(known) != len(spec.outputs):
            offered = self._asked.get(dialogue[:-1])
            wrong = offered and dialogue[-1].content in offered.choices and not offered.truth[offered.choices.index(dialogue[-1].content)]
            known = (0.0 if wrong else float(max(1, spec.levels - 1)),) * len(spec.outputs)
        return HeadAnswer(known, known)

    def losses(self, dialogues, training):
        return [Loss(0.0, 10, 40, 30.0) for _ in dialogues]

    def supervised(self, head):
        return [1] * len(find_head(head).outputs)

    def least_confidence(self, head):
        return 0.5

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

    def prior(self, head):
        """What the labels of the head are on average: the best that can be said unread."""
        spec, flat = find_head(head), super().prior(head)
        known = [labels for (_, name), labels in self._labels.items() if name == head and len(labels) == len(spec.outputs)]
        if not known or spec.kind == "ordinal":
            return flat
        mean = tuple(sum(column) / len(known) for column in zip(*known, strict=True))
        likeliest = tuple(float(k == mean.index(max(mean))) for k in range(len(mean)))
        decided = {"class": likeliest, "regression": mean}.get(spec.kind, tuple(float(value >= 0.5) for value in mean))
        return HeadAnswer(mean, decided)

    def likelihoods(self, dialogues, choices):
        return [[self._random.random() for _ in given] for given in choices]

    def _reply(self, dialogue):
        if dialogue in self._asked:
            return self._random.choice(self._asked[dialogue].choices)
        return self._random.choice(self._random.choice(list(self._right.values())))

    def losses(self, dialogues, training):
        return [Loss(60.0, 10, 40, 30.0) for _ in dialogues]

    def heads(self, dialogues, turns):
        found = super().heads(dialogues, turns)
        self._random.shuffle(found)
        return found


class Dealing(Guessing):
    """Answers each question with what is right for another one: no better than chance, but classes come as often as they should."""

    def __init__(self, tasks, seed=0):
        super().__init__(tasks, seed)
        alike = {}
        for question in self._ranked.values():
            alike.setdefault((question.choices, sum(value > 0 for value in question.truth)), []).append(question)
        self._dealt = {}
        for questions in alike.values():
            for question, other in zip(questions, self._random.sample(questions, len(questions)), strict=True):
                self._dealt[question.turns, question.choices] = other

    def likelihoods(self, dialogues, choices):
        dealt = (self._dealt[tuple(d), tuple(given)] for d, given in zip(dialogues, choices, strict=True))
        return [[value + self._random.random() / 2 for value in question.truth] for question in dealt]

    def _reply(self, dialogue):
        if dialogue not in self._asked:
            return super()._reply(dialogue)
        question = self._asked[dialogue]
        dealt = self._dealt[dialogue, question.choices]
        return dealt.choices[dealt.truth.index(1.0)]


def _known(truth):
    return tuple(0.0 if math.isnan(value) else value for value in truth)
