"""The curves of a run as one picture, small enough for the metadata of a materialisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pixel_core.training.runs import Baselines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Lines = Sequence[Mapping[str, float]]
_GREY = "0.45"


def draw_curves(path: Path, metrics: Lines, baselines: Baselines) -> None:
    """Write a PNG: language loss against the unigram model, each head against its prior, the course of the optimiser, and conflicts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    (language, heads, optimiser), (conflicts, lengths, merged) = figure.subplots(2, 3, width_ratios=(1, 1.35, 0.8))
    _language(language, metrics, baselines)
    _heads(heads, metrics, baselines)
    _optimiser(optimiser, metrics)
    _conflicts(conflicts, metrics)
    _by_objective(lengths, metrics, "gradient_", "Gradient at the hidden state, by objective (length)")
    _by_objective(merged, metrics, "merged_", "Weight in the merged gradient")
    lengths.set_yscale("log")
    for axes in (language, heads, optimiser, conflicts, lengths, merged):
        axes.set_xlabel("step")
        axes.spines[["top", "right"]].set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of at most 64 colours, a third of the bytes; the same under every matplotlib that draws the same."""
    from PIL import Image

    drawn = BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, format="png", optimize=True)


def _language(axes: Axes, metrics: Lines, baselines: Baselines) -> None:
    axes.plot(*_curve(metrics, "train_language"), color="tab:blue", alpha=0.35, linewidth=1, label="training")
    axes.plot(*_curve(metrics, "validation_language"), color="tab:blue", marker="o", markersize=3, label="validation")
    axes.axhline(baselines.unigram, color=_GREY, linestyle="--", linewidth=1, label="unigram model")
    axes.set_title("Language loss (nats a token)", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _heads(axes: Axes, metrics: Lines, baselines: Baselines) -> None:
    """Calibrated validation loss as a share of the prior's, so that heads of all kinds share one axis; each is named at its end."""
    ends = []
    for index, (name, prior) in enumerate(sorted(baselines.priors.items())):
        steps, losses = _curve(metrics, f"calibrated_{name}")
        if steps:
            shares = [loss / prior for loss in losses]
            axes.plot(steps, shares, color=f"C{index % 10}", linestyle="-" if index < 10 else ":", linewidth=1.3)
            ends.append((shares[-1], name, steps[-1], f"C{index % 10}"))
    axes.axhline(1, color=_GREY, linestyle="--", linewidth=1)
    low, high = axes.get_ylim()
    place = low
    for share, name, step, colour in sorted(ends):
        place = max(share, place)
        axes.annotate(
            f"{name} {share:.2f}",
            (step, share),
            (1.02, place),
            color=colour,
            fontsize=8,
            va="center",
            textcoords=axes.get_yaxis_transform(),
        )
        place += (high - low) * 0.065
    axes.set_title("Heads: calibrated validation loss / loss of the training prior", loc="left", fontsize=10)


def _optimiser(axes: Axes, metrics: Lines) -> None:
    axes.plot(*_curve(metrics, "gradient_norm"), color="tab:orange", linewidth=1)
    axes.set_yscale("log")
    axes.set_title("Gradient norm, before clipping", loc="left", fontsize=10)


def _conflicts(axes: Axes, metrics: Lines) -> None:
    """Nothing is drawn where no Gramian was observed, as in a run that ended before its first."""
    for name, colour, label in (
        ("conflict_share", "tab:red", "share of pairs that conflict"),
        ("cosine_lowest", "tab:purple", "lowest cosine"),
    ):
        steps, values = _smooth(*_curve(metrics, name))
        axes.plot(steps, values, color=colour, linewidth=1.2, label=label)
    axes.axhline(0, color=_GREY, linestyle="--", linewidth=1)
    axes.set_title("Conflicts between the objectives' gradients", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)


def _by_objective(axes: Axes, metrics: Lines, prefix: str, title: str) -> None:
    names = sorted({name for line in metrics for name in line if name.startswith(prefix) and name != "gradient_norm"})
    for index, name in enumerate(names):
        steps, values = _smooth(*_curve(metrics, name))
        style = "-" if index < 10 else ":"
        axes.plot(steps, values, color=f"C{index % 10}", linestyle=style, linewidth=1, label=name.removeprefix(prefix))
    axes.set_title(title, loc="left", fontsize=10)
    if names and prefix == "gradient_":
        axes.legend(frameon=False, fontsize=7, ncols=3)


def _smooth(steps: list[float], values: list[float], window: int = 20) -> tuple[list[float], list[float]]:
    """Means of consecutive windows, at the last step of each: single steps are noise."""
    size = window if len(values) >= 5 * window else 1
    pieces = [slice(k, k + size) for k in range(0, len(values), size)]
    return [steps[piece][-1] for piece in pieces], [sum(values[piece]) / len(values[piece]) for piece in pieces]


def _curve(metrics: Lines, name: str) -> tuple[list[float], list[float]]:
    found = [(line["step"], line[name]) for line in metrics if name in line]
    return [step for step, _ in found], [value for _, value in found]


def draw_history(path: Path, scores: Sequence[float | None]) -> None:
    """Write a PNG: the score of every trial of a search, and the best so far; a trial without a score leaves a gap."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.2), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    known = [(number, score) for number, score in enumerate(scores) if score is not None]
    best = [max(score for _, score in known[: k + 1]) for k in range(len(known))]
    axes.plot([n for n, _ in known], [s for _, s in known], "o", color="tab:blue", label="trial")
    axes.step([n for n, _ in known], best, where="post", color="tab:orange", linewidth=1.3, label="best so far")
    if known and known[0][0] == 0:
        axes.axhline(known[0][1], color=_GREY, linestyle="--", linewidth=1, label="the recipe's own weights")
    axes.set_title("Mean of 1 - validation loss / baseline", loc="left", fontsize=10)
    axes.set_xlabel("trial")
    axes.set_xticks(range(len(scores)) if len(scores) <= 15 else [n for n, _ in known[:: max(1, len(known) // 10)]])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Software": None})
