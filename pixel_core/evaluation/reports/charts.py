"""The pictures of a scorecard as plotly draws them: plain mappings, so that no drawing library is loaded to describe them.

Figures of every kind share one scale: 0 is the floor, 1 the best possible value, and left of 0 is worse than knowing nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pixel_core.evaluation.figures import Figure
from pixel_core.evaluation.statistics.curves import Curve

BLUE, BLACK, GREY, RED = "#1f5fa8", "#222222", "#8a8a8a", "#a3001c"
Chart = dict[str, Any]


def on_scale(value: float | None, figure: Figure) -> float | None:
    """A value of a figure on the scale from floor to best; None where the floor is the best already."""
    if value is None or figure.floor is None or figure.perfect == figure.floor:
        return None
    return round((value - figure.floor) / (figure.perfect - figure.floor), 6)


def forest(figures: Sequence[Figure]) -> Chart:
    """Each figure with its interval, floor and base on the common scale, one below the other."""
    shown = [f for f in figures if on_scale(f.value, f) is not None]
    names = [f"<b>{f.name}</b>" if f.headline else f.name for f in shown]
    points = [_ends(f) for f in shown]
    hover = [f"{f.name}: {f.value:.4g} ({f.low:.4g} to {f.high:.4g}), floor {f.floor:.4g}, n {f.n}" for f in shown]
    bars = {
        "type": "data",
        "symmetric": False,
        "array": [high - at for _, at, high in points],
        "arrayminus": [at - low for low, at, _ in points],
        "color": BLUE,
    }
    own = {
        "type": "scatter",
        "mode": "markers",
        "name": "value, 95 % interval",
        "x": [at for _, at, _ in points],
        "y": names,
        "error_x": bars,
        "marker": {"color": BLUE, "size": 8},
        "hovertext": hover,
        "hoverinfo": "text",
    }
    base = {
        "type": "scatter",
        "mode": "markers",
        "name": "checkpoint-0",
        "x": [on_scale(f.base, f) for f in shown],
        "y": names,
        "marker": {"symbol": "line-ns-open", "size": 14, "color": BLACK, "line": {"width": 2}},
        "hovertext": [f"checkpoint-0: {f.base:.4g}" if f.base is not None else "" for f in shown],
        "hoverinfo": "text",
    }
    low = max(-2.0, min([0.0, *(low for low, _, _ in points)]) - 0.05)
    axis = {
        "title": {"text": "0 floor, 1 best possible"},
        "range": [low, max(1.02, *(high for _, _, high in points), 1.02)],
        "gridcolor": "#eee",
    }
    floor = [{"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": GREY, "dash": "dash", "width": 1.5}}]
    layout = {"xaxis": {**axis, "zeroline": False}, "yaxis": {"autorange": "reversed", "automargin": True}, "shapes": floor}
    return {"data": [own, base], "layout": {**layout, "height": 150 + 24 * len(shown)}}


def radar(figures: Mapping[str, Figure]) -> Chart:
    """Figures by name of their spoke: the value, its interval as a band, checkpoint-0 and the floor as lines."""
    spokes = list(figures)
    chosen = [figures[name] for name in spokes]
    points = [_ends(f) for f in chosen]
    floor = [0.0 for _ in chosen]
    lines: list[tuple[str, Sequence[float | None], Chart, str | None]] = [
        ("upper end", [high for _, _, high in points], {"color": BLUE, "width": 0}, None),
        ("95 % interval", [low for low, _, _ in points], {"color": BLUE, "width": 0}, "tonext"),
        ("value", [at for _, at, _ in points], {"color": BLUE, "width": 2.5}, None),
        ("checkpoint-0", [on_scale(f.base, f) for f in chosen], {"color": BLACK, "width": 1.5, "dash": "dot"}, None),
        ("floor", floor, {"color": GREY, "width": 1.5, "dash": "dash"}, None),
    ]
    data = [_spoke(name, values, spokes, line, fill) for name, values, line, fill in lines]
    data[0]["showlegend"] = False
    low = min(-0.1, *(low for low, _, _ in points), *(on_scale(f.base, f) or 0.0 for f in chosen))
    radial = {"range": [max(-1.0, low), 1], "gridcolor": "#e4e4e4", "tickfont": {"size": 10}, "angle": 90, "tickangle": 90}
    layout = {"polar": {"radialaxis": radial, "bgcolor": "#fff"}, "margin": {"l": 80, "r": 80, "t": 70, "b": 30}}
    return {"data": data, "layout": layout}


def calibration(curves: Mapping[str, Curve]) -> Chart:
    """Each head's curve: how often, or how strongly, the label was there, by what the head said."""
    data: list[Chart] = [
        {"type": "scatter", "mode": "lines", "name": "calibrated", "x": [0, 1], "y": [0, 1], "line": {"color": GREY, "dash": "dash"}}
    ]
    for name, curve in curves.items():
        bars = {
            "type": "data",
            "symmetric": False,
            "array": [tenth.high - tenth.observed for tenth in curve.bins],
            "arrayminus": [tenth.observed - tenth.low for tenth in curve.bins],
            "thickness": 1,
        }
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"{name} (floor {curve.floor:.3g})",
                "x": [tenth.said for tenth in curve.bins],
                "y": [tenth.observed for tenth in curve.bins],
                "error_y": bars,
                "hovertext": [f"{name}: said {tenth.said:.3f}, observed {tenth.observed:.3f}, n {tenth.n}" for tenth in curve.bins],
                "hoverinfo": "text",
            }
        )
    said = {"title": {"text": "what the head says"}, "range": [-0.02, 1.02], "gridcolor": "#eee"}
    observed = {"title": {"text": "what the labels say"}, "range": [-0.02, 1.02], "gridcolor": "#eee"}
    return {"data": data, "layout": {"xaxis": said, "yaxis": {**observed, "automargin": True}}}


def confusion(names: Sequence[str], columns: Sequence[str], counts: Sequence[Sequence[int]]) -> Chart:
    """Counts by true family (rows) and named family (columns), coloured by the share of the row."""
    shares = [[round(count / max(1, sum(row)), 4) for count in row] for row in counts]
    data = {
        "type": "heatmap",
        "x": list(columns),
        "y": list(names),
        "z": shares,
        "text": [[str(count) if count else "" for count in row] for row in counts],
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "#ffffff"], [1, BLUE]],
        "colorbar": {"title": {"text": "share"}},
        "hovertemplate": "true: %{y}<br>named: %{x}<br>share %{z:.2f}<extra></extra>",
    }
    across = {"tickangle": -40, "automargin": True, "title": {"text": "named"}}
    down = {"autorange": "reversed", "automargin": True, "title": {"text": "true"}}
    return {"data": [data], "layout": {"xaxis": across, "yaxis": down, "height": 260 + 26 * len(names)}}


def _ends(figure: Figure) -> tuple[float, float, float]:
    """The interval's ends and the value between them, on the common scale and in its order."""
    low, at, high = (on_scale(value, figure) or 0.0 for value in (figure.low, figure.value, figure.high))
    return min(low, high), at, max(low, high)


def _spoke(name: str, values: Sequence[float | None], spokes: Sequence[str], line: Chart, fill: str | None) -> Chart:
    closed = {"r": [*values, values[0]], "theta": [*spokes, spokes[0]]}
    shade: Chart = {"fill": fill, "fillcolor": "rgba(31,95,168,.18)"} if fill else {}
    return {"type": "scatterpolar", "mode": "lines", "name": name, **closed, "line": line, **shade}
