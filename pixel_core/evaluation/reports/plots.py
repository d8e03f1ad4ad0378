"""Pictures of a scorecard and of a leaderboard, small enough for the metadata of a materialisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixel_core.evaluation.figures import AXES, Figure, headlines
from pixel_core.evaluation.scorecard import Scorecard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY, _BLUE = "0.45", "tab:blue"


def draw_axes(path: Path, card: Scorecard) -> None:
    """A PNG: skill by axis beside the base, and every axis's headline with interval, floor and base."""
    figure = _figure(10, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    heads = headlines(card.figures)
    names = [axis for axis in AXES if axis in card.skills]
    places = range(len(names))
    left.barh(places, [card.skills[axis] for axis in names], color=_BLUE, height=0.6)
    left.plot([heads[axis].base_skill for axis in names], places, "|", color="black", markersize=16, label="checkpoint-0")
    left.axvline(0, color=_GREY, linewidth=1)
    left.set_yticks(list(places), names)
    left.invert_yaxis()
    left.set_title(f"Skill: floor 0, perfect 1 (mean {card.score:.3f})", loc="left", fontsize=10)
    left.legend(frameon=False, fontsize=8)
    _headlines(right, [heads[axis] for axis in names])
    figure.suptitle(card.checkpoint, fontsize=10)
    _save(figure, path)


def draw_steps(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A PNG of each axis's skill over the steps, one panel an axis, one line a run."""
    figure = _figure(12, 2.8)
    for panel, axis in zip(figure.subplots(1, len(AXES), sharey=True), AXES, strict=True):
        for run in sorted({row["run"] for row in rows}):
            own = sorted((row["step"], row[f"{axis}_skill"]) for row in rows if row["run"] == run)
            panel.plot([step for step, _ in own], [skill for _, skill in own], marker="o", markersize=3, linewidth=1, label=run)
        panel.axhline(0, color=_GREY, linestyle="--", linewidth=1)
        panel.set_title(axis, loc="left", fontsize=10)
        panel.set_xlabel("step")
        panel.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("skill (0: floor)")
    if rows:
        figure.axes[0].legend(frameon=False, fontsize=6)
    _save(figure, path)


def _headlines(axes: Axes, figures: Sequence[Figure]) -> None:
    for place, figure in enumerate(figures):
        if figure.value is None or figure.low is None or figure.high is None or figure.floor is None:
            axes.text(0, place, f"  {figure.status}", va="center", fontsize=8, color=_GREY)
            continue
        axes.plot([figure.low, figure.high], [place, place], color=_BLUE, linewidth=2)
        axes.plot(figure.value, place, "o", color=_BLUE, label="value, 95 % interval")
        axes.plot([figure.floor], [place], "x", color=_GREY, label="floor")
        if figure.base is not None:
            axes.plot([figure.base], [place], "|", color="black", markersize=14, label="checkpoint-0")
    labels = [f"{figure.name}{' (lower is better)' if figure.lower_is_better else ''}" for figure in figures]
    axes.set_yticks(range(len(figures)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_title("Headline figures", loc="left", fontsize=10)
    handles, texts = axes.get_legend_handles_labels()
    unique = dict(zip(texts, handles, strict=True))
    if unique:
        axes.legend(unique.values(), unique.keys(), frameon=False, fontsize=7)


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(width, height), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, format="png", metadata={"Software": None})  # the same bytes under every matplotlib that draws the same
