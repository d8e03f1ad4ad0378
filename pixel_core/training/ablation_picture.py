"""The picture of an ablation: differences to the plain sum with intervals, scores by seed, conflicts, and gains by objective."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"gain": "tab:blue", "even": "0.45", "loss": "tab:red", "unknown": "0.8"}


def draw_ablation(path: Path, found: Mapping[str, Any]) -> None:
    """A PNG of four panels, one row an arm; an arm that gains is blue, one that loses red."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    arms, base = found["arms"], found["base"]
    figure = Figure(figsize=(14, 1.6 + 0.42 * len(arms)), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    difference, score, conflicts, objectives = figure.subplots(1, 4, sharey=True, width_ratios=(1.2, 1, 0.8, 1.9))
    for place, (arm, rows) in enumerate(arms.items()):
        colour = _COLOURS["even" if arm == base else rows["score"]["verdict"]]
        if arm != base and rows["score"]["interval"] is not None:
            difference.plot(rows["score"]["interval"], [place, place], color=colour, linewidth=2)
            difference.plot(rows["score"]["difference"], place, "o", color=colour, markersize=6)
        for axes, name in ((score, "score"), (conflicts, "conflict_share")):
            known = [value for value in rows[name]["values"] if value is not None]
            axes.plot(known, [place] * len(known), "o", color=colour, alpha=0.5, markersize=4)
            if known:
                axes.plot(rows[name]["mean"], place, "|", color=colour, markersize=16, markeredgewidth=2)
    difference.axvline(0, color="black", linestyle=":", linewidth=1)
    difference.set_title(f"Score less that of {base},\nsame seeds, 95 % interval", loc="left", fontsize=10)
    score.set_title("Score by seed, and mean", loc="left", fontsize=10)
    conflicts.set_title("Share of pairs\nthat conflict", loc="left", fontsize=10)
    _objectives(objectives, found)
    difference.set_yticks(range(len(arms)), list(arms))
    difference.set_ylim(len(arms) - 0.5, -0.5)  # the first arm above, whatever the panels that share the axis made of it
    for axes in (difference, score, conflicts, objectives):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    seeds = ", ".join(map(str, found["seeds"]))
    figure.suptitle(f"{found['steps']} steps, seeds {seeds}. {found['conclusion'].replace('`', '')}", fontsize=9, wrap=True)
    figure.savefig(path, metadata={"Software": None})


def _objectives(axes: Axes, found: Mapping[str, Any]) -> None:
    """Mean gain of each objective as text on a colour that shows its difference to the sum; bold where the interval excludes 0."""
    from matplotlib.colors import TwoSlopeNorm

    arms, names = list(found["arms"].values()), found["objectives"]
    rows = [[arm[f"gain_{name}"] for name in names] for arm in arms]
    shades = [[row["difference"] or 0.0 for row in line] for line in rows]
    most = max((abs(value) for line in shades for value in line), default=0.0) or 1.0
    if names:
        axes.imshow(shades, aspect="auto", cmap="RdBu", norm=TwoSlopeNorm(0, -most, most), alpha=0.7)
    for place, line in enumerate(rows):
        for column, row in enumerate(line):
            if row["mean"] is not None:
                weight = "bold" if row["verdict"] in ("gain", "loss") else "normal"
                axes.text(column, place, f"{row['mean']:.3f}", ha="center", va="center", fontsize=7, fontweight=weight)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_title("Gain by objective: mean, coloured by the difference to the sum", loc="left", fontsize=10)
