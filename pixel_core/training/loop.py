"""The loop: every objective, every step, on two CPU ranks or eight GPUs alike; resumable at each checkpoint."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import polars as pl
import torch
from torch import distributed

from pixel_core.artifacts import ArtifactError, verify, write_json
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.conflicts import ConflictLog, describe
from pixel_core.reporting import JsonlReporter, Reporter, Reporters
from pixel_core.training.baselines import PRIORS, UNIGRAM, label_counts, prior_losses, read_priors, unigram_loss
from pixel_core.training.batches import PackedSplit, Share
from pixel_core.training.checkpoints import ENGINE, newest_resumable, prune_engines, world_of, write_checkpoint
from pixel_core.training.data import TOKENIZER
from pixel_core.training.engine import join_ranks, resume_engine, save_engine, start_engine, summed, whole_weights
from pixel_core.training.finish import finish_run
from pixel_core.training.interrupts import Interrupts
from pixel_core.training.launch import Cluster, micro_batches
from pixel_core.training.optimisation import set_rates
from pixel_core.training.probe import HEADS as PROBED
from pixel_core.training.probe import probe
from pixel_core.training.runs import BASELINES, METRICS, RUN_FILE, Run, alone, append_events, append_speed, restart, truncate_log
from pixel_core.training.steering import Event, Steering
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import load_tokenizer
from pixel_core.training.validation import UNJUDGED, Validation, validate

ORPHANS_LEAVE = 150.0  # seconds within which the ranks of a killed launcher have noticed, saved and left
KEPT_ENGINES = 2  # while a run goes on: the newest engine state, and one to fall back on
PAIRS_EVERY = 10  # steps between two records of every pair's cosine, and under `sum` of any: only other methods need the Gramian
_STOP, _TOKENS = "stop", "tokens"


class Diverged(ArithmeticError):
    """A loss or gradient is not finite; the message names objective, step and remedy."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run stands when `train` returns: the step it saved last, and why it left early ("" when it did not)."""

    step: int
    interrupted: str


def train(run: Run, packed: Path, cluster: Cluster, reporter: Reporter, *, resume: bool = True, parent: int | None = None) -> Outcome:
    """Train a run to its last step and finish its folder; every rank calls it.

    Continues from the newest valid checkpoint unless `resume` is false. On a signal, or when process `parent` is gone, it
    saves a checkpoint and returns early. `reporter` is heard on rank 0. Raises Diverged before weights that are not
    finite are saved, Stopped after a component's last breach, and ArtifactError when another process trains the same run.
    """
    interrupts = Interrupts(parent)
    try:
        rank, world = join_ranks(cluster)
        with alone(run, ORPHANS_LEAVE) if rank == 0 else nullcontext():
            if rank == 0 and not resume:
                restart(run)
            distributed.barrier()
            outcome = _Trainer(run, packed, cluster, (rank, world), reporter).go(interrupts)
            if rank == 0 and not outcome.interrupted:
                finish_run(run)
            distributed.barrier()
        return outcome
    finally:
        interrupts.close()


class _Trainer:
    """One rank's part of a run."""

    def __init__(self, run: Run, packed: Path, cluster: Cluster, ranks: tuple[int, int], reporter: Reporter) -> None:
        from deepspeed.accelerator import get_accelerator

        if verify(packed).digest != run.packed:
            raise ArtifactError(f"{packed} is not the packed dataset of run {run.id}: plan the run again")
        self.run, (rank, world) = run, ranks
        self.rank, self.world = ranks
        self.device = get_accelerator().current_device_name()
        self.sum = partial(summed, device=self.device)
        _, self.micro = micro_batches(run.training, cluster)
        self.data, validation = PackedSplit(packed, "train"), PackedSplit(packed, "validation")
        self.held_out = validation.everything(rows=cluster.rows_per_rank, share=Share(rank, world))
        recipe = run.training.probe
        self.probed = validation.asking(set(PROBED), most=recipe.rows, share=Share(rank, world)) if recipe.every else []
        priors, supervised = read_priors(packed / PRIORS), label_counts(self.data)
        against: list[dict[str, float]] = [{}]
        if rank == 0:
            unigram = unigram_loss(pl.read_parquet(packed / UNIGRAM), pl.read_parquet(packed / "validation.parquet"))
            labels = {name: len(targets) for name, targets in self.data.targets.items() if any(supervised[name])}
            of_priors = prior_losses(priors, validation)
            write_json(run.folder / BASELINES, {"unigram": unigram, "priors": of_priors, "labels": labels})
            against = [{"language": unigram, **of_priors}]
        distributed.broadcast_object_list(against, device=torch.device(self.device))
        self.model = PixelModel.from_backbone(
            run.model, load_tokenizer(packed / TOKENIZER), seed=run.seed, priors=priors, supervised=supervised
        )
        self.model.sources = self.data.sources
        self.step = TrainingStep(self.model, run.training.weights, run.training.merge, turns=run.training.turn_losses)
        self.steering = Steering(run.training, self.step.weights, against[0], run.seed)
        self.order = self.data.curriculum_order(run.training.curriculum.domains) if self.steering.curriculum.on else []
        self.engine = start_engine(self.step, run.training, cluster)
        self.conflicts = ConflictLog()
        self.told: Reporter = Reporters() if rank else reporter
        self.kept: Reporter = Reporters()
        self.saved: int | None = None  # the newest step that has a checkpoint

    def go(self, interrupts: Interrupts) -> Outcome:
        """Every step from where the run stands to its end, or to an interrupt."""
        done = self._resume()
        if self.rank == 0:
            truncate_log(self.run.folder, -1 if done is None else done)
            self.kept = JsonlReporter(self.run.folder / METRICS)
        if done is None:
            done = 0
            self._note(self.steering.begin())
            self._checkpoint(0, *self._validate(0))
        self.steering.require_safe(done)
        training, seconds, tokens = self.run.training, 0.0, 0.0
        reason = ""
        while done < training.steps and not reason:
            began = time.monotonic()
            taken = self._advance(done + 1, interrupts)
            if taken is None:
                reason = interrupts.reason or "an interrupt of another rank"
                if done != self.saved:  # a judged checkpoint of this step is worth more
                    self._checkpoint(done, {}, UNJUDGED)
                break
            done += 1
            seconds, tokens = seconds + time.monotonic() - began, tokens + taken
            if self.probed and done % training.probe.every == 0:
                self._probe(done)
            last, due = done == training.steps, done % training.checkpoint_every == 0
            if last or due or done % training.validate_every == 0:
                validated = self._validate(done)
                if last or due or self.steering.exhausted:
                    self._checkpoint(done, *validated)
                self.steering.require_safe(done)
        if self.rank == 0 and tokens:
            append_speed(self.run, {"tokens": tokens, "seconds": seconds})
        self.told.log(f"left at step {done} after {reason}" if reason else f"step {done}: the run is at its end")
        self.kept.close()
        return Outcome(done, reason)

    def _advance(self, step: int, interrupts: Interrupts) -> float | None:
        """One optimiser step; returns its tokens, or None, untaken, when a rank was asked to stop."""
        training = self.run.training
        share = Share(self.rank, self.world, self.micro)
        curriculum = self.steering.curriculum
        batches = self.data.step(
            step,
            rows=training.rows_per_step,
            head_rows=training.head_rows_per_step,
            seed=self.run.seed,
            share=share,
            order=self.order,
            part=curriculum.share,
            empathy=curriculum.empathy,
        )
        own: Counter[str] = Counter(dict.fromkeys(self.step.weights, 0))
        for batch in batches:
            own.update(self.step.counts(batch))
        tokens = sum(int(batch.lengths.sum()) for batch in batches)
        counts = self.sum({**own, _TOKENS: tokens, _STOP: bool(interrupts.reason)})
        if counts[_STOP]:
            return None
        torch.manual_seed(random.Random(f"{self.run.seed}:dropout:{step}:{self.rank}").getrandbits(62))  # noqa: S311
        rate = set_rates(self.engine.optimizer.param_groups, step, training)
        parts: Counter[str] = Counter()
        self.step.weights = self.steering.weights()
        observed = training.merge != "sum" or self.steering.needs_gramian or step % PAIRS_EVERY == 0
        self.step.observe = self.conflicts if observed else None
        for index, batch in enumerate(batches):
            losses = self.engine(batch.to(self.device), counts)
            try:
                self.engine.backward(losses.total * self.world, scale_wrt_gas=False)  # DeepSpeed averages over the ranks
            except FloatingPointError as error:
                raise Diverged(f"step {step}: {error}") from error
            parts.update({name: float(part) for name, part in losses.parts.items()})
            if index == len(batches) - 1:
                means = self.sum(parts)
                _require_finite(means, step, "loss")
            self.engine.step()
        norm = {"gradient_norm": float(self.engine.get_global_grad_norm() or 0.0)}
        _require_finite(norm, step, "gradient")
        figures = {f"train_{name}": mean for name, mean in means.items() if counts[name]} | norm
        figures["learning_rate"] = rate * training.learning_rate
        seen = self.conflicts.take(self.world)  # the losses were multiplied by the ranks
        details = describe(tuple(self.step.weights), *seen, pairs=step % PAIRS_EVERY == 0) if seen else {}
        if self.steering.changes_weights:
            details |= {f"weight_{name}": weight for name, weight in self.step.weights.items()}
        if curriculum.on:
            details["stage"] = curriculum.stage
        self._report(step, figures, details)
        losses = {name: means[name] for name in self.step.weights if counts[name]}
        self._note(self.steering.after_step(step, losses, seen[0] if seen else None))
        return counts[_TOKENS]

    def _validate(self, step: int) -> tuple[dict[str, float], Validation]:
        """A validation and its figures."""
        found = validate(self.engine, self.step, self.held_out, self.device, self.sum)
        _require_finite(found.losses, step, "validation loss")
        figures = {f"validation_{name}": round(loss, 6) for name, loss in found.losses.items()}
        figures |= {f"calibrated_{name}": round(fitted.loss, 6) for name, fitted in found.calibrations.items()}
        figures |= {f"error_{name}": round(fitted.error, 6) for name, fitted in found.calibrations.items()}
        for name, kept in found.abstention.items():
            figures[f"coverage_{name}"] = round(kept.coverage, 6)
            if kept.accuracy is not None:
                figures[f"answered_{name}"] = round(kept.accuracy, 6)
        figures |= {f"safety_{name}": round(share, 6) for name, share in found.safety.items()}
        self._report(step, figures)
        self._note(self.steering.after_validation(step, found))
        return figures, found

    def _probe(self, step: int) -> None:
        found = probe(self.engine, self.step, self.probed, self.device, self.sum)
        self._report(step, {name: round(value, 6) for name, value in found.items()})
        self._note(self.steering.after_probe(step, found))

    def _report(self, step: int, figures: Mapping[str, float], details: Mapping[str, float] = MappingProxyType({})) -> None:
        """Tell the listener the figures of a step, and the run's own log the details too."""
        self.kept.metric(step, {**figures, **details})
        self.told.metric(step, figures)

    def _note(self, events: Sequence[Event]) -> None:
        """Record what happened, on rank 0."""
        if self.rank == 0 and events:
            append_events(self.run.folder, events)
            for event in events:
                self.told.log(", ".join(f"{name} {value}" for name, value in event.items()))

    def _save(self, folder: Path) -> None:
        """Everything that a resumed run needs; all ranks."""
        save_engine(self.engine, folder)
        if self.rank == 0:
            self.steering.save(folder)

    def _checkpoint(self, step: int, figures: Mapping[str, float], judged: Validation) -> None:
        state = whole_weights(self.engine)

        def write_model(folder: Path) -> None:
            self.model.save(folder, state, scales=judged.scales, abstention=judged.thresholds)
            write_json(folder / "pixel" / RUN_FILE, self.run.to_json())

        write_checkpoint(
            self.run.folder,
            step,
            inputs=self.run.inputs,
            figures={"ranks": self.world, **figures},
            write_model=write_model,
            save_engine=self._save,
            writer=self.rank == 0,
            barrier=distributed.barrier,
        )
        if self.rank == 0:
            prune_engines(self.run.folder, KEPT_ENGINES)
        self.saved = step
        self.told.log(f"checkpoint at step {step}")

    def _resume(self) -> int | None:
        """Read the newest valid engine state; returns its step, or None when there is none."""
        found: list[Path | None] = [None]
        if self.rank == 0 and (newest := newest_resumable(self.run.folder)):
            if world_of(newest) != self.world:
                raise ArtifactError(
                    f"{newest.folder} was written by {world_of(newest)} ranks and {self.world} are here: continue on as many, "
                    "or start anew without resume"
                )
            found = [newest.folder]
        distributed.broadcast_object_list(found, device=torch.device(self.device))
        if found[0] is None:
            return None
        resume_engine(self.engine, found[0] / ENGINE)
        self.steering.restore(found[0] / ENGINE)
        self.saved = step = int(found[0].name.rpartition("-")[2])
        self.told.log(f"continues from step {step}")
        return step


def _require_finite(values: Mapping[str, float], step: int, what: str) -> None:
    broken = [name for name, value in values.items() if not math.isfinite(value)]
    if broken:
        raise Diverged(f"{what} of {', '.join(broken)} is not finite at step {step}: lower training.learning_rate or training.clip")
