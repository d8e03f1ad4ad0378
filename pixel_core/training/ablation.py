"""The ablation: ways to weight and to merge the objectives, and the curriculum, against their plain sum on the same seeds.

    ablation.json    by arm and figure: values by seed, mean, spread, paired difference to `sum` with its interval, verdict
    ablation.md      the same as a table
    ablation.png     the same as a picture
    runs.parquet     one row a run (RUNS_SCHEMA)

Each run is an artifact of its own in the folder `<name>.runs` beside: one that is finished, and valid, is never trained again,
so that a killed ablation goes on where it stood and a longer one only adds what is new.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, input_digest, write_json, write_table
from pixel_core.recipe import Merge, ModelRecipe, TrainingRecipe
from pixel_core.recipe.steering import Strategy
from pixel_core.training.ablation_table import BASE, summarise, to_markdown
from pixel_core.training.bench import BY_OBJECTIVE, Bench, Seen, by_objective, calibrated, gains

if TYPE_CHECKING:
    from pixel_core.training.validation import Validation

KIND, RUN_KIND = "ablation", "ablation_run"
VERSION = "1"
TABLE, TEXT, PICTURE, RUNS = "ablation.json", "ablation.md", "ablation.png", "runs.parquet"
RUN, STEPS = "run.json", "steps.parquet"
RUNS_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "arm": pl.String,
        "seed": pl.Int64,
        "diverged": pl.Boolean,  # a loss or gradient was not finite: the figures below are null
        "score": pl.Float64,  # mean of the gains
        "conflict_share": pl.Float64,  # share of the pairs of objectives whose gradients conflict, mean of the steps
        "cosine_lowest": pl.Float64,  # lowest cosine of a pair, mean of the steps
        "gains": BY_OBJECTIVE,  # 1 - calibrated validation loss / baseline
    }
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to train: how objectives are weighted and merged, and whether rows come from easy to hard."""

    name: str
    strategy: Strategy = "fixed"
    merge: Merge = "sum"
    curriculum: bool = False

    def of(self, training: TrainingRecipe, steps: int) -> TrainingRecipe:
        """The training of this arm: all else is the recipe's. A curriculum has stages of equal length."""
        own = {
            "steps": steps,
            "merge": self.merge,
            "weighting": training.weighting.model_copy(update={"strategy": self.strategy}),
            "curriculum": training.curriculum.model_copy(update={"mode": "scheduled" if self.curriculum else "none"}),
        }
        return training.model_copy(update=own)


ARMS = (
    Arm(BASE),
    Arm("uncertainty", strategy="uncertainty"),
    Arm("random", strategy="random"),
    Arm("pcgrad", merge="pcgrad"),
    Arm("upgrad", merge="upgrad"),
    Arm("sum-curriculum", curriculum=True),
    Arm("upgrad-curriculum", merge="upgrad", curriculum=True),
)


def arms_of(names: Sequence[str]) -> tuple[Arm, ...]:
    """The arm `sum` and those of these names, in the order of `ARMS`; all of them where none is named. Raises ValueError."""
    if strangers := sorted(set(names) - {arm.name for arm in ARMS}):
        raise ValueError(f"{', '.join(strangers)} is no arm of the ablation: use {', '.join(arm.name for arm in ARMS)}")
    return tuple(arm for arm in ARMS if not names or arm.name in {BASE, *names})


def ablate(
    packed: Path,
    out: Path,
    *,
    model: ModelRecipe,
    training: TrainingRecipe,
    seeds: Sequence[int],
    steps: int,
    held_out: int | None = None,
    arms: Sequence[Arm] = ARMS,
    force: bool = False,
) -> Built:
    """Train every arm on every seed for so many steps, one process, no DeepSpeed, and compare them with the first arm, `sum`.

    `held_out`: packed rows of each kind that each run is validated on at most. `force` compares anew; it trains nothing anew.
    """
    if arms[0].name != BASE or len({arm.name for arm in arms}) < len(arms):
        raise ValueError(f"arms must begin with {BASE}, which the others are compared with, and stand once each")
    if len(set(seeds)) < 2:
        raise ValueError(f"differences have a spread on two seeds or more; {len(set(seeds))} was given")
    data = {"packed_dataset": input_digest(packed), "model": model.digest, "held_out": digest_of(held_out)}
    inputs = data | {"seeds": digest_of(sorted(set(seeds)))} | {f"training.{arm.name}": arm.of(training, steps).digest for arm in arms}
    bench = cache(lambda: Bench(packed, model, held_out=held_out, bf16=True))  # counts every label of the data: not for nothing

    def run(arm: Arm, seed: int) -> Path:
        own = arm.of(training, steps)
        began = time.monotonic(), time.process_time()
        built = build(
            out.with_name(f"{out.name}.runs") / f"{arm.name}.{seed}",
            kind=RUN_KIND,
            version=VERSION,
            inputs=data | {"training": own.digest, "seed": digest_of(seed)},
            write=lambda folder: _write_run(folder, arm, seed, own, bench()),
        )
        wall, own_time = time.monotonic() - began[0], time.process_time() - began[1]
        told = "was there" if built.skipped else f"took {wall:.0f} s, {own_time:.0f} s of processor"
        logger.info("%s, seed %d: %s, score %s", arm.name, seed, told, built.summary.figures["score"])
        return built.folder

    def write(folder: Path) -> Summary:
        # seed by seed, so that an ablation that is cut short has compared all arms on fewer seeds
        folders = [run(arm, seed) for seed in sorted(set(seeds)) for arm in arms]
        return _write(folder, [json.loads((place / RUN).read_text(encoding="utf-8")) for place in folders], steps, arms)

    return build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)


def _write(folder: Path, runs: Sequence[Mapping[str, Any]], steps: int, arms: Sequence[Arm]) -> Summary:
    from pixel_core.training.ablation_picture import draw_ablation

    order = {arm.name: place for place, arm in enumerate(arms)}
    ordered = sorted(runs, key=lambda run: (order[run["arm"]], run["seed"]))
    found = {"steps": steps, **summarise(ordered)}
    write_json(folder / TABLE, found)
    (folder / TEXT).write_text(to_markdown(found), encoding="utf-8")
    draw_ablation(folder / PICTURE, found)
    rows = [
        {**{name: run[name] for name in RUNS_SCHEMA.names() if name != "gains"}, "gains": by_objective(run["gains"] or {})}
        for run in ordered
    ]
    write_table(folder / RUNS, pl.DataFrame(rows, schema=RUNS_SCHEMA))
    verdicts = Counter(row["score"]["verdict"] for name, row in found["arms"].items() if name != BASE)
    figures = {"steps": steps, "diverged": sum(run["diverged"] for run in runs)} | {f"arms_{verdict}": n for verdict, n in verdicts.items()}
    return Summary(rows=len(runs), figures=figures)


def _write_run(folder: Path, arm: Arm, seed: int, training: TrainingRecipe, bench: Bench) -> Summary:
    from pixel_core.objectives.conflicts import describe

    lines: list[dict[str, float]] = []

    def watch(seen: Seen) -> None:
        losses = {f"train_{name}": loss for name, loss in seen.losses.items()}
        lines.append({"step": seen.step, **losses, **describe(seen.objectives, seen.gramian, seen.merged, pairs=True)})

    record = _told(arm, seed, lambda: bench.train(training, seed, purpose="ablation", watch=watch), bench.baselines, lines)
    write_json(folder / RUN, record)
    write_table(folder / STEPS, pl.DataFrame(lines, infer_schema_length=None))
    return Summary(rows=len(lines), figures={"score": record["score"]})


def _told(
    arm: Arm, seed: int, train: Callable[[], Validation], baselines: Mapping[str, float], lines: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    """What a run came to; one that diverged is a result too, without figures."""
    record: dict[str, Any] = {"arm": arm.name, "seed": seed, "diverged": True}
    nothing = {"score": None, "conflict_share": None, "cosine_lowest": None, "gains": None, "losses": None, "conflicts": None}
    try:
        found = train()
    except FloatingPointError as error:
        return record | nothing | {"reason": str(error)}
    if broken := sorted(name for name, loss in found.losses.items() if not math.isfinite(loss)):
        return record | nothing | {"reason": f"the validation loss of {', '.join(broken)} is not finite"}
    own = gains(calibrated(found), baselines)
    return {
        "arm": arm.name,
        "seed": seed,
        "diverged": False,
        "reason": "",
        "score": round(fmean(own.values()), 6),
        "conflict_share": _mean("conflict_share", lines),
        "cosine_lowest": _mean("cosine_lowest", lines),
        "gains": {name: round(gain, 6) for name, gain in own.items()},
        "losses": {name: round(loss, 6) for name, loss in found.losses.items()},
        "conflicts": _conflicts(lines),
    }


def _mean(name: str, lines: Sequence[Mapping[str, float]]) -> float | None:
    """Mean over the steps that tell it; None where no step does, as of conflicts where one objective is trained alone."""
    told = [line[name] for line in lines if name in line]
    return round(fmean(told), 6) if told else None


def _conflicts(lines: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """By pair of objectives: in which share of the steps that both had labels in their gradients conflicted."""
    found: dict[str, list[bool]] = {}
    for line in lines:
        for name, cosine in line.items():
            if name.startswith("cosine_") and name != "cosine_lowest":
                found.setdefault(name.removeprefix("cosine_"), []).append(cosine < 0)
    return {pair: round(fmean(seen), 4) for pair, seen in sorted(found.items())}
