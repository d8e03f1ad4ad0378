"""The recipe sections that steer a run while it trains: weighting, guard, curriculum, probe, turn losses. Their defaults change nothing."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixel_core.recipe.section import Positive, Section, Share

Strategy = Literal[
    "fixed", "performance", "cosine", "exponential", "curriculum", "gradient_norm", "pareto", "uncertainty", "famo", "random"
]
NotNegative = Annotated[float, Field(ge=0)]


class PhaseRecipe(Section):
    """A part of a run in which some objectives matter more than in others."""

    name: str
    """Name of the phase, as the events of the run tell it: foundation, enhancement, validation."""
    until: Annotated[float, Field(gt=0, le=1)]
    """Share of the steps at which the phase ends."""
    priorities: dict[str, NotNegative]
    """Factor on the weight of each objective during the phase; one that is not named keeps its weight."""


class WeightingRecipe(Section):
    """How the objectives' weights change over a run; `training.weights` are what every strategy multiplies."""

    strategy: Strategy = "fixed"
    """Where the factors come from, see `pixel_core.objectives.weighting`."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the last step's factors in the next ones; 0: no smoothing."""
    rate: Annotated[float, Field(gt=0)] = 0.025
    """Step size of the strategies that learn: `uncertainty`, `famo`, `gradient_norm`."""
    phases: tuple[PhaseRecipe, ...] = ()
    """Phases in order; after the last one, or with none, every priority is 1."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ends = [phase.until for phase in self.phases]
        if ends != sorted(set(ends)):
            raise ValueError(f"phases must end one after another; they end at {', '.join(f'{end:g}' for end in ends)}")
        return self


class GuardRecipe(Section):
    """What a run watches at each validation: at a component's first breach its weight is raised, at its second the run stops."""

    divergence: Annotated[float, Field(gt=1)] | None = 2.0
    """A validation loss above this many times the objective's lowest of the run is a breach; null: not watched."""
    crisis_recall: Share = 0.0
    """Lowest share of the held-out turns with ideation or worse that the crisis head must find; 0: not watched."""
    appropriateness: Share = 0.0
    """Lowest share of the held-out inappropriate replies that the head must find; 0: not watched."""
    after: Share = 0.5
    """Share of the steps after which the two safety bounds hold: an untrained head finds nothing."""
    raise_by: Annotated[float, Field(gt=1)] = 2.0
    """Factor on the weight of a component that passed its bound."""


class CurriculumRecipe(Section):
    """In which order a run sees its rows: by difficulty and domain, easy ones first."""

    mode: Literal["none", "scheduled", "adaptive"] = "none"
    """`none`: all rows from the start; `scheduled`: stages of equal length; `adaptive`: stages change at validations."""
    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.4, 0.7, 1.0)
    """Share of the rows, in curriculum order, that each stage draws from."""
    domains: tuple[str, ...] = ("personality", "reasoning", "voice", "mental_health", "psychology")
    """Categories of the mixture from everyday to clinical; a row's place follows from its difficulty and its domain alike."""
    staged_empathy: bool = False
    """True: the empathy head learns emotional reactions first, interpretations from the second stage, explorations from the third."""
    milestones: tuple[float, ...] = (0.03, 0.06)
    """`adaptive`: validation score (mean of 1 - loss / baseline) at which each stage but the last is left."""
    tolerance: Annotated[float, Field(gt=0)] = 0.02
    """`adaptive`: fall of the score below its best that is a regression, upon which the run steps back one stage."""

    @model_validator(mode="after")
    def _stages(self) -> Self:
        if not self.shares or list(self.shares) != sorted(self.shares) or self.shares[-1] != 1:
            raise ValueError(f"shares must rise to 1; they are {list(self.shares)}")
        if self.staged_empathy and self.mode == "none":
            raise ValueError("staged_empathy needs a curriculum: set mode to scheduled or adaptive")
        if self.mode == "adaptive" and len(self.milestones) != len(self.shares) - 1:
            raise ValueError(f"milestones must be one fewer than shares ({len(self.shares) - 1}); they are {len(self.milestones)}")
        return self


class ProbeRecipe(Section):
    """A small clinical and EQ measurement on validation items between validations."""

    every: Annotated[int, Field(ge=0)] = 0
    """Steps between two probes; 0: none."""
    rows: Positive = 8
    """Packed rows that a probe reads at most, over all ranks."""
    tolerance: Annotated[float, Field(gt=0)] = 0.05
    """Fall of a probed figure below its best that raises an alert; a rise above it by as much is a milestone."""


class TurnLosses(Section):
    """Weights of the losses over pairs of turns, relative to the head that they belong to; 0: not computed."""

    contrast: NotNegative = 0.0
    """Specific replies score higher on empathy than formulaic ones of the same thread (head `empathy`)."""
    consistency: NotNegative = 0.0
    """What is felt moves from turn to turn no further than the labels do (head `emotions`)."""
    transition: NotNegative = 0.0
    """The persona stays where it stays, and changes at once where it changes (head `persona`)."""
