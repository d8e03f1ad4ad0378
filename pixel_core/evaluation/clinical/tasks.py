"""Clinical: vignettes asked three ways (likelihood over classes, head, free text), knowledge of the field, and the clinical heads.

A vignette without a disorder is answered right by abstaining. Its labels were assigned by the writers of the
vignettes; they test a classifier and are no aid to diagnosis.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pixel_core import taxonomy
from pixel_core.conversation import Turn
from pixel_core.evaluation.clinical.abstention import abstaining
from pixel_core.evaluation.clinical.assessments import assessments
from pixel_core.evaluation.clinical.diagnosis import parse_ranking
from pixel_core.evaluation.clinical.manual import read_manual
from pixel_core.evaluation.clinical.mcq import knowledge_questions
from pixel_core.evaluation.clinical.vignettes import (
    CLASSES,
    HIT3,
    LURED,
    OVER,
    TOP,
    UNPARSED,
    Verdict,
    answer_of,
    class_names,
    columns_of,
    guess,
    measures_of,
    question_of,
    stratified,
    tables_of,
    tags_of,
)
from pixel_core.evaluation.harness import Answer, ChoiceTask, Question, Task
from pixel_core.evaluation.held_out import Ask, HeldOut, unlabelled
from pixel_core.evaluation.items import NO_DISORDER, Vignette, read_vignettes
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Respondent
from pixel_core.evaluation.supervised import head_task
from pixel_core.model.heads import find_head
from pixel_core.recipe import EvaluationRecipe

AXIS = "clinical"
VERSION = "3"
_QUESTION = "Which one of the known disorders describes this person best? Answer with its name, or with: No mental disorder."
_LISTING = (
    "Which of the known disorders describe this person best? Write names, one a line, at most three, the likeliest first, each with "
    "how sure you are in per cent; or write: No mental disorder."
)
ONE_DISORDER = "codes:1"
_LIST_TOKENS = 40  # three names of common length


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis: vignettes three ways, written assessments, then the heads clinical, pdm2 and crisis on held-out labels, and
    what those of them that may abstain say aloud.

    The head reads every vignette, which costs little; the recipe says how many are asked the other ways, whether the first of these
    is asked a second time with retrieved knowledge, beside it, and of a file of questions of the field.
    """
    everybody = read_vignettes(data.scenarios)
    vignettes = stratified(everybody, recipe.vignettes)
    heads = [head_task(head, AXIS, data, limit=recipe.items) for head in ("clinical", "pdm2", "crisis")]
    aloud = [abstaining(task, task.head, f"{task.head}_aloud") for task in heads if find_head(task.head).abstains]
    plain, read = by_likelihood(data, vignettes), by_head(data, everybody)
    informed = (with_knowledge(plain, data.background()),) if recipe.retrieval and data.background else ()
    few = stratified([v for v in vignettes if v.codes], recipe.replies)
    judged = (assessments(data, few, read_manual(data.criteria), reply_tokens=recipe.reply_tokens),) if data.criteria else ()
    field = (knowledge_questions(data, Path(recipe.mcq)),) if recipe.mcq else ()
    aloud.append(abstaining(read, "clinical", "vignettes_aloud"))
    return plain, *informed, read, by_text(data, vignettes), *judged, *field, *heads, *aloud


@dataclass(frozen=True, kw_only=True)
class RankedClasses(ChoiceTask):
    """The classes ranked by likelihood a byte as the answer; how likely each is follows as though all names were equally long.

    A respondent that only picks one is taken as certain of it, and has no second and third.
    """

    top: tuple[int, ...] = TOP

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """See Task and `tables_of`."""
        return tables_of(answers)

    def _ranked(self, question: Question, likelihoods: Sequence[float]) -> Answer:
        codes = list(class_names())
        ranked = [index for index, value in enumerate(likelihoods) if not math.isnan(value)]
        ranked.sort(key=lambda index: (-likelihoods[index], index))
        if not ranked:
            return answer_of(question, UNPARSED, guess(question))
        length = sum(len(name.encode()) for name in question.choices) / len(question.choices)
        weights = [math.exp((likelihoods[index] - likelihoods[ranked[0]]) * length) for index in ranked]
        likely = {codes[index]: round(weight / sum(weights), 6) for index, weight in zip(ranked, weights, strict=True)}
        verdict = Verdict(tuple(codes[index] for index in ranked), likely[codes[ranked[0]]], likely)
        found = answer_of(question, verdict, guess(question))
        return found if len(ranked) >= TOP[1] else replace(found, prediction=_without_third(found.prediction))


def by_likelihood(data: HeldOut, vignettes: Sequence[Vignette]) -> RankedClasses:
    """All classes, and that there is none, ranked by likelihood as the answer."""
    asked = (question_of(v, (Turn("user", "other", f"{v.text}\n\n{_QUESTION}"),)) for v in vignettes)
    questions, excluded = data.keep(asked)
    name = "vignettes_choice"
    return RankedClasses(
        name=name, axis=AXIS, version=VERSION, questions=questions, measures=measures_of(name, "random"), excluded=excluded
    )


def with_knowledge(task: RankedClasses, ask: Ask) -> RankedClasses:
    """The same items, each with a system turn of knowledge retrieved for its vignette in front, where anything answers it.

    Its figures stand beside those without and are no headline.
    """

    def informed(question: Question) -> Question:
        note = ask(question.text)
        return question if note is None else replace(question, turns=(*unlabelled([note[0]]), *question.turns))

    name = f"{task.name}_retrieved"
    return replace(task, name=name, questions=tuple(informed(q) for q in task.questions), measures=measures_of(name, "random"))


@dataclass(frozen=True, kw_only=True)
class RankedHead(Task):
    """The trained classes of the clinical head, ranked. Floor: the training prior.

    A person without a disorder is right when no class is thought at least as likely as not. What is said of how sure the
    head is, and of single classes, is measured on vignettes with one disorder.
    """

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """See Task and `tables_of`."""
        return tables_of(answers, ONE_DISORDER)

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        prior, seen = respondent.prior("clinical"), respondent.supervised("clinical")
        trained = [index for index, count in enumerate(seen) if count]
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])
        return [_of_head(q, heads["clinical"], prior, trained) for q, heads in zip(self.questions, said, strict=True)]


def by_head(data: HeldOut, vignettes: Sequence[Vignette]) -> RankedHead:
    """What the clinical head says after reading the vignette; the headline is the share with a right class among its first three."""
    codes = taxonomy.ids("dsm5")
    asked = [
        Question(v.id, v.id, (Turn("user", "client", v.text),), tuple(float(code in v.codes) for code in codes), v.text, tags_of(v))
        for v in vignettes
    ]
    questions, excluded = data.keep(asked)
    name = "vignettes_head"
    measures = measures_of(name, "prior", majority="prior", judged=ONE_DISORDER, headline=True)
    return RankedHead(name=name, axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded)


@dataclass(frozen=True, kw_only=True)
class ListedClasses(Task):
    """Up to three names that the model writes, parsed strictly. Floor: answering the commonest class to everything."""

    reply_tokens: int

    def tables(self, answers: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """See Task and `tables_of`."""
        return tables_of(answers)

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        replies = respondent.replies([q.turns for q in self.questions], "assistant", self.reply_tokens)
        names = class_names()
        right = Counter(code for q in self.questions for code, value in zip(names, q.truth, strict=True) if value)
        commonest = max(names, key=lambda code: (right[code], -list(names).index(code)))
        always = Verdict((commonest,), right[commonest] / len(self.questions), {})
        return [
            answer_of(question, _listed(reply), _constant(always, question), reply)
            for question, reply in zip(self.questions, replies, strict=True)
        ]


def by_text(data: HeldOut, vignettes: Sequence[Vignette]) -> ListedClasses:
    """The names that the model writes. A name without a percentage is taken as said with certainty."""
    asked = (question_of(v, (Turn("user", "other", f"{v.text}\n\n{_LISTING}"),)) for v in vignettes)
    questions, excluded = data.keep(asked)
    name = "vignettes_text"
    measures = measures_of(name, "majority", ranks=False)
    return ListedClasses(
        name=name, axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded, reply_tokens=_LIST_TOKENS
    )


def _without_third(values: Sequence[float]) -> list[float]:
    """The columns of a verdict that names fewer than three: what is among the first three is not known."""
    return [math.nan if column == HIT3 else value for column, value in enumerate(values)]


def _constant(always: Verdict, question: Question) -> tuple[list[float], list[float]]:
    """Decisions and scores of the same answer to everybody; among the scores one name at random stands above the look-alikes as often."""
    decisions, scores = columns_of(always, question)
    scores[OVER] = sum(question.truth) / len(question.choices)
    return decisions, scores


def _listed(reply: str) -> Verdict:
    named = parse_ranking(reply, class_names())
    if not named:
        return UNPARSED
    return Verdict(tuple(one.code for one in named), named[0].sure, {one.code: one.sure for one in named})


def _of_head(question: Question, said: HeadAnswer, prior: HeadAnswer, trained: Sequence[int]) -> Answer:
    if not trained:
        unknown = [math.nan] * (CLASSES + len(class_names()))
        blank = answer_of(question, Verdict((NO_DISORDER,), 1.0, {}), (unknown, unknown))
        return replace(blank, prediction=unknown, scores=unknown, answer=None)
    heard = all(math.isfinite(said.scores[index]) for index in trained)
    verdicts = [_by_score(question, said, trained) if heard else UNPARSED, _by_score(question, prior, trained)]
    unread = columns_of(verdicts[1], question)
    for columns in unread:  # the commonest class is offered more often than any other: one name at random is lured less
        columns[LURED] = sum(tag.startswith("distractor:") for tag in question.tags) / len(class_names())
    found = answer_of(question, verdicts[0], unread)
    known = [*range(CLASSES), *(CLASSES + index for index in trained), CLASSES + len(taxonomy.ids("dsm5"))]
    gaps = set(range(CLASSES + len(class_names()))) - set(known)

    def trained_only(values: Sequence[float]) -> list[float]:
        return [math.nan if index in gaps else value for index, value in enumerate(values)]

    return replace(
        found,
        prediction=trained_only(found.prediction),
        scores=trained_only(found.scores or ()),
        floor=trained_only(found.floor),
        floor_scores=trained_only(found.floor_scores or ()),
    )


def _by_score(question: Question, said: HeadAnswer, trained: Sequence[int]) -> Verdict:
    codes = taxonomy.ids("dsm5")
    order = sorted(trained, key=lambda index: (-said.scores[index], index))
    highest = said.scores[order[0]]
    likely = {codes[index]: said.scores[index] for index in trained} | {NO_DISORDER: 1 - highest}
    if not any(question.truth) and not any(said.decisions[index] for index in trained):
        return Verdict((NO_DISORDER, *(codes[index] for index in order)), 1 - highest, likely)
    return Verdict(tuple(codes[index] for index in order), highest, likely)
