"""The picture of a comparison: a panel a field, a row a peer, with intervals and the floor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def draw_comparison(path: Path, found: Mapping[str, Any], title: str) -> None:
    """A PNG of every field's figures over all its outputs; a peer that wins is red, one that is beaten grey."""
    from matplotlib.figure import Figure

    colours = {"": "tab:blue", "beaten": "0.55", "even": "0.3", "wins": "tab:red"}
    columns = min(3, max(1, len(found)))
    lines = -(-max(1, len(found)) // columns)
    figure = Figure(figsize=(4.6 * columns, 2.3 * lines + 0.4), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel in panels[len(found) :]:
        panel.axis("off")
    for panel, (name, field) in zip(panels, found.items(), strict=False):
        rows = field["outputs"]["all"]
        for place, row in enumerate(rows.values()):
            low, high = row["interval"]
            panel.plot([low, high], [place, place], color=colours[row["verdict"]], linewidth=2)
            panel.plot(row["value"], place, "o", color=colours[row["verdict"]], markersize=5)
        if field["floor"] is not None:
            panel.axvline(field["floor"], color="black", linestyle=":", linewidth=1)
        panel.set_yticks(range(len(rows)), rows)
        panel.invert_yaxis()
        panel.tick_params(labelsize=8)
        panel.set_title(f"{name}: {field['statistic']}", loc="left", fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{title}: the trained heads (blue) beside peers; dotted: the floor", fontsize=10)
    figure.savefig(path, dpi=110, metadata={"Software": None})
