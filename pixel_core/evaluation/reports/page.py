"""A report as one HTML file that needs nothing else: tables for everybody, and pictures drawn in the page by plotly.js.

plotly.js (MIT, from the Python package) is embedded once a file, about 4.8 MB. A content security policy lets the browser load
nothing from anywhere and run no script but the two embedded ones, which it names by hash. Every number stands in a table:
without JavaScript the pictures are missing and nothing else. All text is escaped; data for the scripts is JSON in which no
`<` is left.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

_PLOTLY_CONFIG = {"displaylogo": False, "responsive": True}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, and how it is meant (`worse`, `better`, `text`, `none`), if in any special way."""

    text: str
    kind: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what it is about, its cells, and a class for the whole."""

    name: str
    cells: Sequence[Cell | str]
    kind: str = ""


@dataclass(slots=True)
class Page:
    """A page that is being written: its body in HTML, and what its scripts read."""

    title: str
    body: list[str] = field(default_factory=list)
    charts: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    def heading(self, text: str, anchor: str) -> None:
        """A section begins."""
        self.body.append(f'<h2 id="{escape(anchor)}">{escape(text)}</h2>')

    def text(self, text: str) -> None:
        """A paragraph."""
        self.body.append(f"<p>{escape(text)}</p>")

    def html(self, markup: str) -> None:
        """Markup that is safe already."""
        self.body.append(markup)

    def picture(self, name: str, title: str, chart: Mapping[str, Any], beside: str, *, height: int = 420) -> None:
        """A picture with its table beside it, which opens with a click; `chart` is what plotly calls a figure: data and layout."""
        self.charts[name] = {
            "data": list(chart["data"]),
            "layout": {**_LAYOUT, "height": height, **chart["layout"]},
            "config": _PLOTLY_CONFIG,
        }
        self.frame(name, title, beside)

    def frame(self, name: str, title: str, beside: str) -> None:
        """The place of a picture that the page's script draws, with what stands beside it."""
        self.body.append(
            f'<figure aria-labelledby="{name}-title"><figcaption id="{name}-title">{escape(title)}</figcaption>'
            f'<div class="plot" id="{name}" role="img" aria-label="{escape(title)}; the same as a table below"></div></figure>\n'
            f"<details><summary>Table: {escape(title)}</summary>{beside}</details>"
        )

    def render(self) -> str:
        """The whole file; the same content gives the same bytes."""
        scripts = [plotly_js(), _resource("report.js")]
        policy = " ".join(f"'sha256-{script_hash(script)}'" for script in scripts)
        code = "\n".join(f"<script>{script}</script>" for script in scripts)
        data = json.dumps({"charts": self.charts, **self.data}, sort_keys=True, allow_nan=False, separators=(",", ":"))
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
            f'script-src {policy}">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_resource('report.css')}</style></head><body>\n<main>\n<h1>{escape(self.title)}</h1>\n"
            "<noscript><p>JavaScript is off: the pictures are missing, every number stands in the tables.</p></noscript>\n"
            + "\n".join(self.body)
            + f'\n</main>\n<script type="application/json" id="data">{_safe(data)}</script>\n{code}\n</body></html>\n'
        )


_LAYOUT: dict[str, Any] = {
    "font": {"family": "system-ui, sans-serif", "size": 13},
    "margin": {"l": 10, "r": 10, "t": 40, "b": 50},
    "paper_bgcolor": "#fff",
    "plot_bgcolor": "#fff",
    "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    "hovermode": "closest",
}


def table(caption: str, head: Sequence[str], rows: Iterable[Row], *, wide: bool = False) -> str:
    """A table with a caption and headers for rows and columns; `head` names the row header and then each cell."""
    top = "".join(f'<th scope="col"{_class("text" if k == 0 else "")}>{escape(name)}</th>' for k, name in enumerate(head))
    body = "\n".join(_row(row) for row in rows)
    markup = f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">{markup}</div>' if wide else markup


@cache
def plotly_js() -> str:
    """The source of plotly.js that comes with the Python package plotly."""
    source = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    if "</script" in source.lower():
        raise ValueError("this plotly.js cannot stand in a page: it holds </script")
    return source


def script_hash(script: str) -> str:
    """The SHA-256 of a script as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _resource(name: str) -> str:
    return files("pixel_core.evaluation.reports").joinpath("pages", name).read_text(encoding="utf-8")


def _safe(data: str) -> str:
    """JSON that cannot end the element that it stands in."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _row(row: Row) -> str:
    cells = "".join(_cell(cell if isinstance(cell, Cell) else Cell(cell)) for cell in row.cells)
    return f'<tr{_class(row.kind)}><th scope="row">{escape(row.name)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    return f"<td{_class(cell.kind)}{title}>{escape(cell.text)}</td>"


def _class(name: str) -> str:
    return f' class="{escape(name)}"' if name else ""
