"""The report of a scorecard: one HTML file that needs nothing else, tables by axis and the picture."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

from pixel_core.evaluation.figures import AXES, Figure
from pixel_core.evaluation.scorecard import Scorecard

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: .5em 0 2em } th, td { padding: .2em .7em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left } .headline td { font-weight: 600 } .worse { color: #b00020 } .better { color: #1b6e3c }
.none { color: #777 } img { max-width: 100% } code { font-size: .9em }
"""
_READING = (
    "Each figure stands beside its 95 % bootstrap interval over independent groups of items, its floor (the best of what a model that "
    "knows nothing gets) and the same figure of the run's untrained checkpoint-0 on the same items. A difference is coloured when its "
    "paired interval excludes zero. Answers that could not be parsed count as wrong. Figures marked * are indicative: a head that judges "
    "replies of its own model proves nothing. The figures describe a model, and are no clinical evidence."
)


def write_report(path: Path, card: Scorecard, picture: Path) -> None:
    """Write the report of a scorecard; the same scorecard gives the same bytes."""
    image = base64.b64encode(picture.read_bytes()).decode()
    sections = "".join(_section(axis, [f for f in card.figures if f.axis == axis]) for axis in AXES)
    digests = {"checkpoint": card.digest, **card.trained_with, **{f"task {name}": task.digest for name, task in card.tasks.items()}}
    rows = "".join(f"<tr><td>{escape(name)}</td><td><code>{escape(digest)}</code></td></tr>" for name, digest in digests.items())
    title = f"Scorecard of {escape(card.checkpoint)}"
    path.write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>\n'
        f"<h1>{title}</h1>\n<p>Score {card.score:.3f}: the mean over the axes of (headline - floor) / (best possible - floor). "
        f"Base: {escape(card.base or 'none')}. Evaluator {escape(card.evaluator)}, {card.resamples} resamples.</p>\n<p>{_READING}</p>\n"
        f'<img alt="skill by axis and headline figures" src="data:image/png;base64,{image}">\n{sections}'
        f"<h2>Digests</h2><table>{rows}</table>\n</body></html>\n",
        encoding="utf-8",
    )


def _section(axis: str, figures: list[Figure]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("figure", "n", "unparsed", "value", "interval", "floor", "base", "difference"))
    rows = "\n".join(_row(figure) for figure in figures)
    return f"<h2>{axis}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>\n"


def _row(figure: Figure) -> str:
    name = f"{escape(figure.name)}{'*' if figure.indicative else ''}{' &darr;' if figure.lower_is_better else ''}"
    if figure.value is None or figure.low is None or figure.high is None or figure.floor is None:
        return (
            f'<tr class="none"><td>{name}</td><td>{figure.n}</td><td></td><td>{figure.status}</td><td></td><td></td><td></td><td></td></tr>'
        )
    base, gap = "" if figure.base is None else f"{figure.base:.3f}", figure.difference
    colour = "" if gap is None else "worse" if gap.worse else "better" if gap.better else ""
    difference = "" if gap is None else f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
    floors = ", ".join(f"{kind} {value:.3f}" for kind, value in figure.floors.items())
    return (
        f'<tr class="{"headline" if figure.headline else ""}"><td>{name}</td><td>{figure.n}</td><td>{figure.unparsed}</td>'
        f'<td>{figure.value:.3f}</td><td>{figure.low:.3f} to {figure.high:.3f}</td><td title="{escape(floors)}">{figure.floor:.3f}</td>'
        f'<td>{base}</td><td class="{colour}">{difference}</td></tr>'
    )
