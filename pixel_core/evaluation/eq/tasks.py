"""Emotional intelligence: own multiple-choice items over five domains, published sets by path, and the heads that read feelings."""

from __future__ import annotations

from pathlib import Path

from pixel_core import taxonomy
from pixel_core.conversation import Turn
from pixel_core.evaluation.eq.emobench import emobench
from pixel_core.evaluation.eq.eq_bench_task import eq_bench
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import ChoiceTask, Question, Task
from pixel_core.evaluation.held_out import HeldOut, in_shares
from pixel_core.evaluation.items import EqItem, read_eq_items
from pixel_core.evaluation.supervised import head_task
from pixel_core.recipe import EvaluationRecipe

AXIS = "eq"
VERSION = "2"


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis: the items by likelihood, the published sets that the recipe names, then the heads on held-out labels."""
    heads = [head_task(head, AXIS, data, limit=recipe.items, human=head == "eq") for head in ("eq", "emotions", "affect", "mer")]
    by_path: list[Task] = [eq_bench(data, Path(recipe.eq_bench))] if recipe.eq_bench else []
    by_path += emobench(data, Path(recipe.emobench)) if recipe.emobench else ()
    return (eq_items(data, recipe.eq_items), *by_path, *heads)


def eq_items(data: HeldOut, limit: int) -> ChoiceTask:
    """The shipped items, as many of each domain; the headline is the mean over the domains, each of which has its own figure."""
    kept, excluded = data.keep(map(question_of, read_eq_items(data.scenarios)))
    questions = in_shares(kept, limit, "domain:")
    domains = taxonomy.ids("eq_domains")
    by_domain = tuple(Measure(f"eq_{domain}", "mean", "random", tags=(f"domain:{domain}",)) for domain in domains)
    overall = Measure("eq_overall", "mean", "random", tags=tuple(f"domain:{domain}" for domain in domains), headline=True)
    return ChoiceTask(name="eq_items", axis=AXIS, version=VERSION, questions=questions, measures=(overall, *by_domain), excluded=excluded)


def question_of(item: EqItem) -> Question:
    """The item as asked: scenario and question as the user's turn, each choice as a possible reply."""
    return Question(
        item=item.id,
        group=item.id,
        turns=(Turn("user", "other", f"{item.scenario}\n\n{item.question}"),),
        truth=tuple(float(index == item.answer) for index in range(len(item.choices))),
        text=item.scenario,
        tags=(f"domain:{item.domain}", f"difficulty:{item.difficulty}"),
        choices=item.choices,
    )
