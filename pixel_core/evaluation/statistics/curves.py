"""What rows show beyond figures: calibration curves of heads, and which clinical families are taken for which."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pixel_core import taxonomy
from pixel_core.evaluation.clinical.vignettes import CLASSES, families
from pixel_core.evaluation.items import NO_DISORDER
from pixel_core.evaluation.measuring import Rows
from pixel_core.evaluation.statistics.metrics import Array
from pixel_core.model.heads import HEADS, HeadSpec

BINS = 10
NONE = "no disorder"
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Bin:
    """What a head said within one tenth of its range: mean said, mean label with its 95 % interval, number of labels."""

    said: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The calibration of one head over all outputs that it was trained for; `floor` is what the training prior says."""

    bins: tuple[Bin, ...]
    floor: float


def calibration_curves(rows: Mapping[str, Rows]) -> dict[str, Curve]:
    """By head with labelled answers, how what it says goes with the labels; ordinal levels are brought to 0..1.

    Yes-or-no labels get a Wilson interval, graded ones that of a mean; labels of one item are taken as independent.
    """
    found = {}
    for spec in HEADS:
        task = rows.get(f"{spec.name}_head")
        if task is None or not task.items or spec.kind == "class":
            continue
        known = ~(np.isnan(task.truth) | np.isnan(task.scores))
        if known.any():
            top = _top(spec)
            truth, said = task.truth[known] / top, np.clip(task.scores[known] / top, 0, 1)
            floor = float(np.nanmean(task.floor_scores[known]) / top)
            found[spec.name] = Curve(tuple(_bins(said, truth, graded=spec.kind in ("regression", "ordinal"))), round(floor, 6))
    return found


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each true family was given each name; an answer that could not be parsed has a column of its own."""

    families: tuple[str, ...]
    named: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def family_confusion(items: pl.DataFrame) -> dict[str, Confusion]:
    """By clinical task, families (chapters of the classification) against families, where its rows say both.

    They do where the columns are those of a vignette, whose tags `code:<code>` give the truth and whose answer is a code, or
    the classes of the clinical head. A person with disorders of two families counts in each.
    """
    found = {}
    for task in items["task"].unique(maintain_order=True):
        pairs = [pair for row in items.filter(pl.col("task") == task).iter_rows(named=True) for pair in _pairs(row)]
        if pairs:
            found[str(task)] = _counted(pairs)
    return found


def chapters() -> dict[str, str]:
    """The family of every class, by its code."""
    return {**families(), NO_DISORDER: NONE}


def _top(spec: HeadSpec) -> float:
    return float(spec.levels - 1) if spec.kind == "ordinal" else 1.0


def _bins(said: Array, truth: Array, *, graded: bool) -> list[Bin]:
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    found = []
    for index in range(BINS):
        own = truth[place == index]
        if len(own):
            mean = float(own.mean())
            low, high = _of_mean(own) if graded else _wilson(mean, len(own))
            found.append(Bin(round(float(said[place == index].mean()), 6), round(mean, 6), round(low, 6), round(high, 6), len(own)))
    return found


def _of_mean(values: Array) -> tuple[float, float]:
    mean, half = float(values.mean()), _Z * float(values.std()) / math.sqrt(len(values))
    return max(0.0, mean - half), min(1.0, mean + half)


def _wilson(share: float, n: int) -> tuple[float, float]:
    middle, below = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n))
    return max(0.0, (middle - half) / below), min(1.0, (middle + half) / below)


def _pairs(row: Mapping[str, object]) -> list[tuple[str, str]]:
    family, codes = chapters(), taxonomy.ids("dsm5")
    truth, said, decided = (list(row[name] or ()) for name in ("truth", "scores", "prediction"))  # type: ignore[call-overload]
    if row["task"] == "clinical_head" and len(truth) == len(codes):
        wanted = [code for code, value in zip(codes, truth, strict=True) if value]
        if not wanted and None in truth:
            return []  # that there is no disorder is said only where all is known
        chosen = [index for index, value in enumerate(decided) if value]
        best = codes[max(chosen, key=lambda index: said[index])] if chosen else NO_DISORDER
    elif len(truth) == CLASSES + len(family):
        wanted = [tag.partition(":")[2] for tag in row["tags"] if tag.startswith("code:")]  # type: ignore[attr-defined]
        best = str(row["answer"])
        if not wanted or (row["parsed"] and best not in family):
            return []
    else:
        return []  # another way of asking about the same people, as a written assessment, names no class
    named = family[best] if row["parsed"] else "unparsed"
    return [(true, named) for true in sorted({family[code] for code in wanted or [NO_DISORDER]})]


def _counted(pairs: Sequence[tuple[str, str]]) -> Confusion:
    order = list(dict.fromkeys([*chapters().values(), "unparsed"]))
    counts = Counter(pairs)
    families = tuple(name for name in order if any(true == name for true, _ in pairs))
    named = tuple(name for name in order if any(said == name for _, said in pairs) or name in families)
    return Confusion(families, named, tuple(tuple(counts[true, said] for said in named) for true in families))
