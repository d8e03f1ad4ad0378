"""The checkpoint's replies to held-out seeker posts before a panel of judges, beside human replies and a formula."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixel_core.conversation import Turn
from pixel_core.endpoint import Endpoint
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut
from pixel_core.evaluation.items import SeekerPost, read_seeker_posts
from pixel_core.evaluation.judges.flow import FLOWS, SUPPORT, Exchange, Flow
from pixel_core.evaluation.judges.panel import Panel, Rating, Verdict, row_of
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.recipe import EvaluationRecipe

AXIS = "empathy"
VERSION = "1"
FORMULA = "I am sorry to hear that. That sounds really hard. You are not alone, and I am here for you."
_HELD = "human label"  # the item of a rating that stands beside a human answer


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """What a person answered to a question of a flow about a reply."""

    question: str
    before: str
    reply: str
    yes: bool


@dataclass(frozen=True, kw_only=True)
class JudgedReplies(Task):
    """Greedy replies to seeker posts by the panel's verdict (see `Verdict.values`); `scores` are those of the human reply.

    Floor: a formula that fits every post. A reply about which no judge said anything is unparsed. `judges` is the digest
    of the panel that `panel_of` opens.
    """

    reply_tokens: int
    flow: Flow
    judges: str
    labels: tuple[HumanLabel, ...]
    panel_of: Callable[[], Panel]

    @property
    def prompts(self) -> str:
        """See Task."""
        return self.flow.digest

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        panel: Panel = self.panel_of()
        posts = [question.turns[0].content for question in self.questions]
        written = respondent.replies([question.turns[:1] for question in self.questions], "therapist", self.reply_tokens)
        human = [question.turns[1].content for question in self.questions]
        sets = [written, human, [FORMULA] * len(posts)]
        judged = [self._judge(panel, posts, replies) for replies in sets]
        held = self._held(panel)
        found = []
        for place, question in enumerate(self.questions):
            own, theirs, formula = (verdicts[place] for verdicts, _ in judged)
            ratings = [row_of(rating) for rating in judged[0][1][place]] + (held if place == 0 else [])
            found.append(
                Answer(
                    question,
                    [1.0] * len(own.values),
                    own.values if own.parsed else [0.0] * len(own.values),
                    formula.values,
                    theirs.values,
                    parsed=own.parsed,
                    reply=written[place],
                    judgements=ratings,
                )
            )
        return found

    def _judge(self, panel: Panel, posts: Sequence[str], replies: Sequence[str]) -> tuple[list[Verdict], list[list[Rating]]]:
        exchanges = [Exchange(q.item, post, reply) for q, post, reply in zip(self.questions, posts, replies, strict=True)]
        return panel.judge(self.flow, exchanges)

    def _held(self, panel: Panel) -> list[dict[str, Any]]:
        """What the panel says where people have answered, each question alone."""
        rows = []
        for place, label in enumerate(self.labels):
            exchange = Exchange(f"{_HELD} {place}", label.before, label.reply)
            (ratings,) = panel.ask(self.flow, self.flow.question(label.question), [exchange])
            rows += [{**row_of(rating), "human": label.yes} for rating in ratings]
        return rows


def judged_replies(data: HeldOut, recipe: EvaluationRecipe) -> tuple[JudgedReplies, ...]:
    """The task, where the recipe has judges. Raises ValueError when they make no panel, or a label names no question."""
    given = recipe.judges
    if not given.use:
        return ()
    flow, panel = FLOWS[given.flow], panel_of(data, recipe)
    questions, excluded = data.keep(map(_question, read_seeker_posts(data.scenarios)), recipe.replies)
    names = ("harmless", "passed", *(question.id for question in flow.questions))
    measures = [
        Measure(f"{whose}judged_{name}", "mean", "formula", (k,), use, uncalibrated=True)  # type: ignore[arg-type]
        for whose, use in (("", "prediction"), ("human_", "scores"))
        for k, name in enumerate(names)
    ]
    task = JudgedReplies(
        name=f"judged_{flow.name}",
        axis=AXIS,
        version=VERSION,
        questions=questions,
        measures=tuple(measures),
        excluded=excluded,
        reply_tokens=recipe.reply_tokens,
        flow=flow,
        judges=panel.digest,
        labels=read_labels(Path(given.labels), flow) if given.labels else (),
        panel_of=lambda: panel,
    )
    return (task,)


def panel_of(data: HeldOut, recipe: EvaluationRecipe) -> Panel:
    """The recipe's judges; what they answered is kept beside the artifacts. Raises ValueError when they make no panel."""
    endpoints = tuple(_endpoint(recipe, model) for model in recipe.judges.models)
    return Panel(endpoints, recipe.judges.repeats, data.mixture.parent.parent / "cache" / "judges")


def read_labels(path: Path, flow: Flow = SUPPORT) -> tuple[HumanLabel, ...]:
    """Human answers, one JSON line each: `question`, `before`, `reply`, `yes`. Raises ValueError naming the line."""
    if not path.is_file():
        raise ValueError(f"{path} does not exist: evaluation.judges.labels names a file of human answers, or null")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            label = HumanLabel(flow.question(row["question"]).id, row["before"], row["reply"], row["yes"])
            if not isinstance(label.yes, bool):
                raise TypeError("yes is neither true nor false")
            found.append(label)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} line {number}: {type(error).__name__}: {error}") from error
    return tuple(found)


def _question(post: SeekerPost) -> Question:
    turns = (Turn("user", "client", post.text), Turn("assistant", "therapist", post.reply))
    return Question(post.id, post.id, turns, (), post.text, t=1, right=(post.reply,))


def _endpoint(recipe: EvaluationRecipe, model: str) -> Endpoint:
    given = recipe.judges
    if given.base_url is None:
        raise ValueError("evaluation.judges.use is true: set evaluation.judges.base_url to where the judges answer")
    return Endpoint(given.base_url, model, given.key_variable, given.timeout, given.concurrency, given.retries)
