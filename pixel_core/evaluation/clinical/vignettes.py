"""What is measured of a vignette, however it was asked: one row of the same columns for likelihood, head and free text.

A row holds whether a right class was first and among the first three, how sure the first was, and one column a class. So
every figure, the confusion of families, the reliability table and the curve of abstention follow from the stored rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pixel_core import taxonomy
from pixel_core.conversation import Turn
from pixel_core.evaluation.figures import Measure, Values
from pixel_core.evaluation.harness import Answer, Question
from pixel_core.evaluation.held_out import lot_of
from pixel_core.evaluation.items import NO_DISORDER, SEVERITIES, Vignette
from pixel_core.evaluation.statistics.selective import reliability, risk_coverage
from pixel_core.shares import largest_remainder

NO_DISORDER_NAME = "No mental disorder"
TOP = (1, 3)
HIT, HIT3, SURE, FAMILY, OVER, LURED, ILL, CLASSES = range(8)  # from the last on there is one column a class
AGES = {"child": 13, "adolescent": 18, "adult": 65, "older": 200}  # the first age that is too old for the band
SINGLE = "answers:1"  # just one class is right, or that there is none


def class_names() -> dict[str, str]:
    """The classes that may be answered, code to name in taxonomy order, and `none` last."""
    return {c.id: c.name for c in taxonomy.classes("dsm5")} | {NO_DISORDER: NO_DISORDER_NAME}


def families() -> dict[str, str]:
    """The family of each class: its chapter; of `none`, itself."""
    return {c.id: c.fields["chapter"] for c in taxonomy.classes("dsm5")} | {NO_DISORDER: NO_DISORDER}


def question_of(vignette: Vignette, turns: tuple[Turn, ...]) -> Question:
    """The vignette as asked; its choices are the names of the classes, which training is there to teach."""
    names = class_names()
    wanted = vignette.codes or (NO_DISORDER,)
    truth = tuple(float(code in wanted) for code in names)
    tags, choices = tags_of(vignette), tuple(names.values())
    return Question(vignette.id, vignette.id, turns, truth, vignette.text, tags, choices=choices, taught=True)


def tags_of(vignette: Vignette) -> tuple[str, ...]:
    """The kinds that a vignette is of: what applies, to whom, and what is offered instead."""
    wanted, family = vignette.codes or (NO_DISORDER,), families()
    band = next(name for name, end in AGES.items() if vignette.age < end)
    return (
        f"severity:{vignette.severity}",
        f"codes:{len(vignette.codes)}",
        f"answers:{len(wanted)}",
        f"age:{band}",
        f"culture:{'stated' if vignette.culture else 'not_stated'}",
        *(f"code:{code}" for code in wanted),
        *(f"family:{name}" for name in dict.fromkeys(family[code] for code in wanted)),
        *(f"distractor:{code}" for code in vignette.distractors),
    )


def stratified(vignettes: Sequence[Vignette], limit: int) -> list[Vignette]:
    """At most so many vignettes, in their order: every family keeps its share, and within a family its classes take turns.

    Which of a class come first depends on their ids alone.
    """
    if len(vignettes) <= limit:
        return list(vignettes)
    family, strata = families(), defaultdict(list)
    for vignette in vignettes:
        strata[family[_leading(vignette)]].append(vignette)
    shares = largest_remainder(limit, {name: len(own) for name, own in strata.items()})
    chosen = {v.id for name, count in shares.items() for v in _in_turn(strata[name])[:count]}
    return [vignette for vignette in vignettes if vignette.id in chosen]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was answered to a vignette: the codes by rank (`none` among them), and how likely each class is thought, if that is known.

    `sure` is the confidence of the first.
    """

    ranked: tuple[str, ...]
    sure: float
    likely: Mapping[str, float]
    parsed: bool = True


UNPARSED = Verdict((), 0.0, {}, parsed=False)


def columns_of(verdict: Verdict, question: Question) -> tuple[list[float], list[float]]:
    """Decisions and scores of a verdict by column; whoever is unparsed is wrong and as sure as can be."""
    right, offered, family = _right(question), _tagged(question, "distractor"), families()
    first = verdict.ranked[:1]
    among = next((code for code in verdict.ranked if code in right or code in offered), None)
    hits = [
        float(bool(right & set(first))),
        float(bool(right & set(verdict.ranked[: TOP[1]]))),
        verdict.sure if verdict.parsed else 0.0,
        float(any(family[code] in {family[one] for one in right} for code in first)),
        float(among in right),
        float(bool(offered & set(first))),
    ]
    ill = 1 - verdict.likely.get(NO_DISORDER, float(first == (NO_DISORDER,)))
    decided = [float(code in first) for code in class_names()]
    scores = [verdict.likely.get(code, decision) for code, decision in zip(class_names(), decided, strict=True)]
    if not verdict.parsed:
        wrong = [0.0, 1.0, float(NO_DISORDER in right), *[0.0] * len(decided)]  # from OVER on: lured, and taken for ill or well
        return [0.0, 0.0, 0.0, 0.0, *wrong], [0.0, 0.0, 1.0, 0.0, *wrong]
    return [*hits, float(ill >= 0.5), *decided], [*hits, ill, *scores]


def answer_of(question: Question, verdict: Verdict, floor: tuple[Sequence[float], Sequence[float]], reply: str | None = None) -> Answer:
    """The row of a verdict; `floor` are decisions and scores by column of whoever has read nothing."""
    decisions, scores = columns_of(verdict, question)
    right = _right(question)
    truth = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, float(NO_DISORDER not in right), *(float(code in right) for code in class_names())]
    return Answer(
        question,
        truth,
        decisions,
        floor[0],
        scores,
        floor[1],
        parsed=verdict.parsed,
        answer=verdict.ranked[0] if verdict.parsed else None,
        reply=reply,
    )


def guess(question: Question) -> tuple[list[float], list[float]]:
    """Decisions and scores by column that a random order of the classes comes to; it knows that it guesses."""
    count, right, family = len(question.choices), _right(question), families()
    alike = sum(family[code] in {family[one] for one in right} for code in family)
    offered = len(_tagged(question, "distractor"))
    three = 1.0
    for drawn in range(TOP[1]):
        three *= (count - len(right) - drawn) / (count - drawn)
    hits = [len(right) / count, 1 - three, 1 / count, alike / count, len(right) / (len(right) + offered), offered / count]
    commonest = [float(code == NO_DISORDER) for code in family]
    return [*hits, 1 - 1 / count, *commonest], [*hits, 1 - 1 / count, *[1 / count] * count]


def measures_of(
    name: str, floor: str, *, majority: str = "majority", judged: str = SINGLE, ranks: bool = True, headline: bool = False
) -> tuple[Measure, ...]:
    """The figures of one way of asking; `floor` and `majority` name what the rows' floor stands for, in hits and in classes.

    `judged` are the items of which one class can be named right, for what needs that; `ranks` says whether every class gets
    a likelihood. The headline is a right class among the first three. Kinds of people are compared by how often a right class stands
    above its look-alikes: chance is a quarter there, so that few items say something. Without ranks it is that of one name drawn at
    random, which stands among the scores: what is commonest for all is no floor for a kind that it never applies to.
    """
    classes = tuple(range(CLASSES, CLASSES + len(class_names())))
    kinds = [f"severity:{s}" for s in SEVERITIES] + [f"age:{a}" for a in AGES] + ["culture:stated", "culture:not_stated", "codes:2"]
    chance = floor if ranks else "random"
    use: Values = "prediction" if ranks else "scores"
    graded = (
        Measure(f"{name}_distractor_rate", "rate", "one at random" if floor == "prior" else floor, (LURED,)),
        Measure(f"{name}_detection_auc", "auc", floor, (ILL,), "scores"),
    )
    return (
        Measure(f"{name}_top1", "mean", floor, (HIT,)),
        Measure(f"{name}_top3", "mean", floor, (HIT3,), headline=headline),
        Measure(f"{name}_macro_f1", "label_f1", majority, classes, tags=(judged,), shuffled=True),
        Measure(f"{name}_family", "mean", floor, (FAMILY,)),
        Measure(f"{name}_over_distractors", "mean", floor, (OVER,)),
        *(graded if ranks else ()),
        Measure(f"{name}_calibration_error", "top_calibration_error", floor, (HIT, SURE), "scores", (judged,)),
        Measure(f"{name}_risk_area", "risk_area", floor, (HIT, SURE), "scores", (judged,)),
        *(Measure(f"{name}_{kind.replace(':', '_')}", "mean", chance, (OVER,), use, tags=(kind,)) for kind in kinds),
    )


def tables_of(answers: pl.DataFrame, judged: str = SINGLE) -> dict[str, pl.DataFrame]:
    """The tables beneath the figures of one way of asking: `reliability`, `risk_coverage` and `families` (who was taken for what).

    A family counts for each person whom it applies to; `answered` is null where nothing could be read from the answer.
    """
    rows = answers.to_dicts()
    told = [row["scores"] for row in rows if judged in row["tags"] and row["scores"][HIT] is not None]
    hit, sure = [scores[HIT] for scores in told], [scores[SURE] for scores in told]
    family = families()
    pairs = Counter(
        (tag.partition(":")[2], family[row["answer"]] if row["answer"] else None)
        for row in rows
        for tag in row["tags"]
        if tag.startswith("family:")
    )
    order = list(dict.fromkeys(family.values()))
    places = sorted(pairs, key=lambda pair: (order.index(pair[0]), order.index(pair[1]) if pair[1] else len(order)))
    confusion = [{"family": right, "answered": said, "n": pairs[right, said]} for right, said in places]
    schema = {"family": pl.String, "answered": pl.String, "n": pl.Int64}
    return {
        "reliability": reliability(hit, sure),
        "risk_coverage": risk_coverage(hit, sure),
        "families": pl.DataFrame(confusion, schema=schema),
    }


def _right(question: Question) -> set[str]:
    return _tagged(question, "code")


def _tagged(question: Question, kind: str) -> set[str]:
    return {tag.partition(":")[2] for tag in question.tags if tag.startswith(f"{kind}:")}


def _leading(vignette: Vignette) -> str:
    return vignette.codes[0] if vignette.codes else NO_DISORDER


def _in_turn(vignettes: Sequence[Vignette]) -> list[Vignette]:
    """The vignettes with their classes taking turns."""
    ordered = sorted(vignettes, key=lambda v: lot_of(v.id))
    turn: Counter[str] = Counter()
    places: list[tuple[int, int, Vignette]] = []
    for vignette in ordered:
        places.append((turn[_leading(vignette)], len(places), vignette))
        turn[_leading(vignette)] += 1
    return [vignette for _, _, vignette in sorted(places, key=lambda place: place[:2])]
