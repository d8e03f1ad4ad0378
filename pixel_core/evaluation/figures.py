"""Figures: every number with n, interval, floor and the paired difference from the run's own base model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pixel_core.evaluation.statistics import metrics

Status = Literal["measured", "untrained", "not answered", "no items", "no profile"]
Values = Literal["prediction", "scores"]
AXES = ("eq", "empathy", "clinical", "persona", "dialogue")


@dataclass(frozen=True, slots=True)
class Measure:
    """What is computed of a task's rows.

    `columns` are the outputs it takes (empty: all), `use` decisions or scores. With `tags` the statistic is taken
    for each kind of item and averaged, so that every kind weighs the same. `floor` names what the rows' floor stands
    for; with `shuffled` the right answers dealt out at random are a second floor, with `even` a class drawn for each item, every one as
    likely (a coin, where there are two): the best of them counts.
    `headline` marks the one figure that stands for its axis; `indicative` one that must not be read as proof;
    `uncalibrated` one that rests on judges whom nobody held against people. Such a figure is never a headline: ValueError.
    """

    name: str
    statistic: metrics.Name
    floor: str
    columns: tuple[int, ...] = ()
    use: Values = "prediction"
    tags: tuple[str, ...] = ()
    headline: bool = False
    indicative: bool = False
    shuffled: bool = False
    even: bool = False
    uncalibrated: bool = False

    def __post_init__(self) -> None:
        if self.headline and (self.indicative or self.uncalibrated):
            raise ValueError(f"figure {self.name} cannot stand for its axis: it is no proof")


class Record(BaseModel):
    """A frozen part of a scorecard; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Difference(Record):
    """A figure of one checkpoint minus that of another on the items both answered, with its paired interval."""

    figure: str
    """Name of the figure."""
    n: int
    """Items that both answered."""
    changed: int = 0
    """Items that both answered, but not as the same item: its text, its choices or what is right changed. They are left out."""
    unshared: int = 0
    """Items that only one of them answered, left out too."""
    value: float
    """The difference; above 0 is a higher figure, which is worse where lower is better."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    lower_is_better: bool
    """Whether a lower figure is the better one."""

    @property
    def unpaired(self) -> str:
        """How many items are not in the pair, in words; empty where all are."""
        told = ", ".join(f"{count} {what}" for count, what in ((self.changed, "changed"), (self.unshared, "of one alone")) if count)
        return f"; left out: {told}" if told else ""

    @property
    def worse(self) -> bool:
        """Whether the whole interval lies on the bad side of no difference."""
        return self.low > 0 if self.lower_is_better else self.high < 0

    @property
    def better(self) -> bool:
        """Whether the whole interval lies on the good side of no difference."""
        return self.high < 0 if self.lower_is_better else self.low > 0


class Figure(Record):
    """One measured number and all that it must be read with."""

    name: str
    """Unique within a scorecard."""
    axis: str
    """One of `AXES`."""
    task: str
    """The task whose rows it is computed from."""
    status: Status
    """`measured`, or why there is no number: `untrained`, `not answered` (by this respondent), `no items`, `no profile`."""
    statistic: metrics.Name
    """How it is computed (see metrics.py)."""
    columns: tuple[int, ...]
    """Columns of the rows it takes; empty for all."""
    use: Values
    """`prediction` or `scores` of the rows."""
    tags: tuple[str, ...]
    """Kinds of item whose values are averaged; empty for all items alike."""
    headline: bool
    """Whether it stands for its axis."""
    indicative: bool
    """Whether it is a hint rather than proof."""
    uncalibrated: bool
    """Whether it rests on judges that were not held against human labels."""
    lower_is_better: bool
    """Whether less is better."""
    n: int
    """Items that it rests on."""
    groups: int
    """Independent groups of items; the interval resamples these."""
    unparsed: int
    """Items among n whose answer could not be parsed and counts as wrong."""
    excluded: int
    """Items that were left out because they, or their right answers, stand in the training text."""
    untrained: int
    """Outputs that were left out because nothing ever supervised them."""
    value: float | None
    """The figure."""
    low: float | None
    """Lower end of the 95 % bootstrap interval."""
    high: float | None
    """Upper end of it."""
    floor: float | None
    """What a model that knows nothing gets: the best of `floors`."""
    floors: dict[str, float]
    """Floors by name: random, majority, prior, unigram, shuffled, even, ..."""
    skill: float | None
    """0 at the floor, 1 at the best possible value."""
    base: float | None = None
    """The figure of the run's checkpoint-0 on the same items."""
    difference: Difference | None = None
    """The figure minus the base, paired by item."""
    promoted: float | None = None
    """The figure of the last promoted checkpoint, on the items that both answered."""
    against_promoted: Difference | None = None
    """The figure minus that of the last promoted checkpoint, paired by item."""

    @property
    def marked(self) -> str:
        """The name with what it must be read with: `*` for a hint, `(uncalibrated)` for judges whom nobody held against people."""
        return f"{self.name}{'*' if self.indicative else ''}{' (uncalibrated)' if self.uncalibrated else ''}"

    @property
    def perfect(self) -> float:
        """The best value there is."""
        return metrics.STATISTICS[self.statistic].perfect

    @property
    def base_skill(self) -> float:
        """The skill that the base's figure comes to; 0 where there is none."""
        if self.base is None or self.floor is None or self.perfect == self.floor:
            return 0.0
        return (self.base - self.floor) / (self.perfect - self.floor)

    @property
    def measure(self) -> Measure:
        """How it was computed."""
        return Measure(
            name=self.name,
            statistic=self.statistic,
            floor=next((name for name in self.floors if name not in ("shuffled", "even")), ""),
            columns=self.columns,
            use=self.use,
            tags=self.tags,
            headline=self.headline,
            indicative=self.indicative,
            shuffled="shuffled" in self.floors,
            even="even" in self.floors,
            uncalibrated=self.uncalibrated,
        )


def headlines(figures: Iterable[Figure]) -> dict[str, Figure]:
    """The figure that stands for each axis."""
    return {figure.axis: figure for figure in figures if figure.headline}
