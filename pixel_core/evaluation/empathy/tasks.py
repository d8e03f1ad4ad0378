"""Empathy, as far as it is expressed: levels of three mechanisms on held-out pairs, and the model's own replies.

The same head that was trained with the model scores the model's replies. A head judged by itself proves
nothing: those figures are marked indicative, and stand beside what it says of human replies to the same posts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan
from pathlib import Path

from pixel_core.conversation import Conversation, Turn
from pixel_core.evaluation.empathy.contrasts import contrasts
from pixel_core.evaluation.empathy.expressed import expressed, own_beside_human
from pixel_core.evaluation.empathy.ratings import ratings
from pixel_core.evaluation.empathy.steadiness import steadiness
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut, named, unlabelled
from pixel_core.evaluation.items import SeekerPost, read_seeker_posts
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.evaluation.supervised import head_task
from pixel_core.model.heads import EMPATHY
from pixel_core.recipe import EvaluationRecipe

AXIS = "empathy"
VERSION = "2"


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis: labelled pairs by the head, contrasts, own replies to posts and over whole conversations, people's ratings."""
    labelled = head_task("empathy", AXIS, data, limit=recipe.items, headline=True)
    rated = (ratings(data, Path(recipe.empathic_reactions), recipe),) if recipe.empathic_reactions else ()
    return (labelled, *contrasts(data), seeker_replies(data, recipe), steadiness(data, recipe), *rated)


@dataclass(frozen=True, kw_only=True)
class SeekerReplies(Task):
    """Greedy replies to seeker posts: column k is the expected level of mechanism k that the head sees in the reply.

    `scores` are what the same head says of the human reply, which stands as the last turn of each question. Floor:
    the training prior.
    """

    reply_tokens: int

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        trained, prior = respondent.supervised("empathy"), respondent.prior("empathy").scores
        found = expressed(respondent, [question.turns for question in self.questions], self.reply_tokens)
        floor = [level if count else nan for level, count in zip(prior, trained, strict=True)]
        return [
            Answer(question, [1.0] * len(EMPATHY), mine, floor, theirs, parsed=heard, reply=text)
            for question, mine, theirs, text, heard in zip(self.questions, found.own, found.human, found.replies, found.parsed, strict=True)
        ]


def seeker_replies(data: HeldOut, recipe: EvaluationRecipe) -> SeekerReplies:
    """The shipped posts and those held-out ones whose replies people labelled, at most `recipe.replies` of them."""
    asked = [*map(question_of, read_seeker_posts(data.scenarios)), *answered_posts(data.examples)]
    questions, excluded = data.keep(asked, recipe.replies)
    return SeekerReplies(
        name="seeker_replies",
        axis=AXIS,
        version=VERSION,
        questions=questions,
        measures=own_beside_human("reply", EMPATHY, "level", "prior"),
        excluded=excluded,
        reply_tokens=recipe.reply_tokens,
    )


def question_of(post: SeekerPost) -> Question:
    """The post as the client's turn, and the human reply as the therapist's."""
    turns = (Turn("user", "client", post.text), Turn("assistant", "therapist", post.reply))
    return Question(post.id, post.id, turns, (1.0,) * len(EMPATHY), post.text, t=1, right=(post.reply,))


def answered_posts(conversations: Iterable[Conversation]) -> list[Question]:
    """A question for every post to which somebody replied with an empathy that people labelled."""
    found = []
    for conversation in conversations:
        for t, turn in enumerate(conversation.turns):
            if t and any(label.head == "empathy" and label.source == "human" for label in turn.labels):
                turns = unlabelled(conversation.turns[: t + 1])
                text, right = turns[t - 1].content, (turns[t].content,)
                found.append(Question(named(conversation, t), conversation.group, turns, (1.0,) * len(EMPATHY), text, t=t, right=right))
    return found
