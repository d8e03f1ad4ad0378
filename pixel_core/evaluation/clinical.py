"""Clinical: vignettes asked three ways (likelihood over classes, head, free text), and the clinical heads on held-out labels.

A vignette without a disorder is answered right by abstaining. Its labels were assigned by the writers of the
vignettes; they test a classifier and are no aid to diagnosis.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pixel_core import taxonomy
from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, ChoiceTask, Question, Scored, Task, TextTask
from pixel_core.evaluation.held_out import Ask, HeldOut, unlabelled
from pixel_core.evaluation.items import NO_DISORDER, Vignette, read_vignettes
from pixel_core.evaluation.respondent import HeadAnswer, Respondent
from pixel_core.evaluation.supervised import head_task
from pixel_core.recipe import EvaluationRecipe

AXIS = "clinical"
VERSION = "1"
TOP = (1, 3)
_NO_DISORDER_NAME = "No mental disorder"
_QUESTION = "Which one of the known disorders describes this person best? Answer with its name, or with: No mental disorder."
_ANSWER_TOKENS = 16  # more than any class name takes
_WORDS = re.compile(r"[a-z0-9.]+")


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis: vignettes three ways, then the heads clinical, pdm2 and crisis on held-out labels.

    Where the recipe says so, the first way is asked a second time with retrieved knowledge, beside it.
    """
    vignettes = read_vignettes(data.scenarios)
    heads = [head_task(head, AXIS, data, limit=recipe.items) for head in ("clinical", "pdm2", "crisis")]
    plain = by_likelihood(data, vignettes)
    informed = (with_knowledge(plain, data.background()),) if recipe.retrieval and data.background else ()
    return plain, *informed, by_head(data, vignettes), by_text(data, vignettes), *heads


def by_likelihood(data: HeldOut, vignettes: Sequence[Vignette]) -> ChoiceTask:
    """The classes of all vignettes, and that there is none, ranked by likelihood as the answer."""
    classes = class_names(vignettes)
    questions, excluded = data.keep(_asked(vignette, classes) for vignette in vignettes)
    measures = tuple(Measure(f"vignettes_choice_top{top}", "mean", "random", (k,)) for k, top in enumerate(TOP))
    return ChoiceTask(
        name="vignettes_choice", axis=AXIS, version=VERSION, questions=questions, measures=measures, excluded=excluded, top=TOP
    )


def with_knowledge(task: ChoiceTask, ask: Ask) -> ChoiceTask:
    """The same items, each with a system turn of knowledge retrieved for its vignette in front, where anything answers it.

    Its figures stand beside those without and are no headline.
    """

    def informed(question: Question) -> Question:
        note = ask(question.text)
        return question if note is None else replace(question, turns=(*unlabelled([note[0]]), *question.turns))

    name = f"{task.name}_retrieved"
    measures = tuple(replace(m, name=m.name.replace(task.name, name), headline=False) for m in task.measures)
    return replace(task, name=name, questions=tuple(informed(q) for q in task.questions), measures=measures)


@dataclass(frozen=True, kw_only=True)
class RankedHead(Task):
    """The trained classes of the clinical head, ranked; column k says whether a right one is among the first `TOP[k]`.

    A person without a disorder is right when no class is thought at least as likely as not. Floor: the training prior.
    """

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        prior, seen = respondent.prior("clinical"), respondent.supervised("clinical")
        trained = [index for index, count in enumerate(seen) if count]
        said = respondent.heads([q.turns for q in self.questions], [q.t for q in self.questions])
        return [
            Answer(q, [1.0] * len(TOP), _hits(heads["clinical"], q.truth, trained), _hits(prior, q.truth, trained))
            for q, heads in zip(self.questions, said, strict=True)
        ]


def by_head(data: HeldOut, vignettes: Sequence[Vignette]) -> RankedHead:
    """What the clinical head says after reading the vignette; the headline is the share with a right class among its first three."""
    codes = taxonomy.ids("dsm5")
    asked = [
        Question(v.id, v.id, (Turn("user", "client", v.text),), tuple(float(code in v.codes) for code in codes), v.text, _tags(v))
        for v in vignettes
    ]
    questions, excluded = data.keep(asked)
    measures = tuple(Measure(f"vignettes_head_top{top}", "mean", "prior", (k,), headline=top == TOP[-1]) for k, top in enumerate(TOP))
    abstains = Measure("vignettes_head_abstains", "mean", "prior", (0,), tags=("severity:subclinical",))
    return RankedHead(
        name="vignettes_head", axis=AXIS, version=VERSION, questions=questions, measures=(*measures, abstains), excluded=excluded
    )


def by_text(data: HeldOut, vignettes: Sequence[Vignette]) -> TextTask:
    """The name that the model writes, parsed strictly. Floor: answering the commonest class to everything."""
    classes = class_names(vignettes)
    questions, excluded = data.keep(_asked(vignette, classes) for vignette in vignettes)
    codes = list(classes)
    right = Counter(codes[index] for q in questions for index, value in enumerate(q.truth) if value)
    commonest = max(codes, key=lambda code: (right[code], -codes.index(code)))

    def score(reply: str, question: Question) -> Scored:
        code = parse_diagnosis(reply, classes)
        return Scored((0.0,), parsed=False) if code is None else Scored((question.truth[codes.index(code)],), answer=code)

    return TextTask(
        name="vignettes_text",
        axis=AXIS,
        version=VERSION,
        questions=questions,
        measures=(Measure("vignettes_text_top1", "mean", "majority"),),
        excluded=excluded,
        reply_tokens=_ANSWER_TOKENS,
        score=score,
        floor_of=lambda question, reply: (question.truth[codes.index(commonest)],),
    )


def class_names(vignettes: Sequence[Vignette]) -> dict[str, str]:
    """The classes that the vignettes are about, code to name in taxonomy order, and `none` last."""
    named = {code for vignette in vignettes for code in vignette.codes}
    return {c.id: c.name for c in taxonomy.classes("dsm5") if c.id in named} | {NO_DISORDER: _NO_DISORDER_NAME}


def parse_diagnosis(reply: str, classes: dict[str, str]) -> str | None:
    """The one class that a reply names, by name or code as whole words; None for none, for several, and for no text.

    A name within a longer name that is there too does not count twice.
    """
    words = _words(reply)
    found = {code: spans for code, name in classes.items() if (spans := [*_spans(words, _words(name)), *_spans(words, _words(code))])}
    covered = {
        code
        for code, spans in found.items()
        if all(any(_inside(span, longer) for other, wide in found.items() if other != code for longer in wide) for span in spans)
    }
    named = set(found) - covered
    return named.pop() if len(named) == 1 else None


def _asked(vignette: Vignette, classes: dict[str, str]) -> Question:
    turns = (Turn("user", "other", f"{vignette.text}\n\n{_QUESTION}"),)
    wanted = vignette.codes or (NO_DISORDER,)
    truth = tuple(float(code in wanted) for code in classes)
    return Question(vignette.id, vignette.id, turns, truth, vignette.text, _tags(vignette), choices=tuple(classes.values()))


def _tags(vignette: Vignette) -> tuple[str, ...]:
    return (f"severity:{vignette.severity}", f"codes:{len(vignette.codes)}")


def _hits(said: HeadAnswer, truth: Sequence[float], trained: Sequence[int]) -> list[float]:
    if not trained:
        return [math.nan] * len(TOP)
    if not any(truth):
        return [float(not any(said.decisions[index] for index in trained))] * len(TOP)
    order = sorted(trained, key=lambda index: (-said.scores[index], index))
    return [float(any(truth[index] for index in order[:top])) for top in TOP]


def _words(text: str) -> list[str]:
    return [word.strip(".") for word in _WORDS.findall(text.lower()) if word.strip(".")]


def _spans(words: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where the wanted words stand one after another; nowhere when there are none."""
    size = len(wanted)
    return [(k, k + size) for k in range(len(words) - size + 1) if size and list(words[k : k + size]) == list(wanted)]


def _inside(span: tuple[int, int], longer: tuple[int, int]) -> bool:
    return longer[0] <= span[0] and span[1] <= longer[1] and longer != span
