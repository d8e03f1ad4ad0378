"""Checks of the reports and of what they alert to: nothing is loaded, nothing is left out, and what fell is said."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import polars as pl

from pixel_core.artifacts import verify
from pixel_core.evaluation.ranking.alerts import ALERTS, SHARE, TREND, falls, judged, read_alerts
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.ranking.leaderboard import REPORT as BOARD_REPORT
from pixel_core.evaluation.reports.page import script_hash
from pixel_core.evaluation.scorecard import REPORT, SCORECARD, read_scorecard
from pixel_core.findings import Finding, Findings, equals, none_of

_LOADING = {"src", "href", "srcset", "action", "formaction", "data", "poster", "background", "ping", "xlink:href"}
_FOREIGN = {"link", "iframe", "object", "embed", "base", "form", "frame"}
_CLOSED = ("default-src 'none'", "img-src data: blob:", "style-src 'unsafe-inline'")
_CSS = re.compile(r"@import|url\(\s*['\"]?(?!data:)", re.IGNORECASE)
_HASH = re.compile(r"'sha256-([A-Za-z0-9+/=]+)'")


def check_report(folder: Path) -> Findings:
    """The report of a scorecard shows every figure, loads nothing from anywhere and runs no script but its own."""
    verify(folder)
    card, page = read_scorecard(folder / SCORECARD), _Read.of(folder / REPORT)
    missing = {figure.name: int(not page.names(figure.name)) for figure in card.figures}
    return Findings.of([none_of("figures that the report leaves out", missing), *_closed(page)])


def check_board_report(folder: Path) -> Findings:
    """The report of the leaderboard shows every checkpoint, loads nothing from anywhere and runs no script but its own."""
    verify(folder)
    page = _Read.of(folder / BOARD_REPORT)
    ranked = [f"{row['rank']}. {row['checkpoint']}" for row in pl.read_parquet(folder / LEADERBOARD).iter_rows(named=True)]
    missing = {name: int(not page.names(name)) for name in ranked}
    return Findings.of([none_of("checkpoints that the report leaves out", missing), *_closed(page)])


def check_falls(folder: Path) -> Findings:
    """No headline of a scorecard fell below base or last promoted checkpoint, and no more of its other figures than chance explains."""
    verify(folder)
    card = read_scorecard(folder / SCORECARD)
    found, looked_at = falls(card), len(list(judged(card)))
    others = [alert for alert in found if not alert.headline]
    return Findings.of(
        [
            none_of("headlines that fell", dict(Counter(f"{a.figure} {a.kind}" for a in found if a.headline))),
            Finding(
                "other figures that fell",
                len(others) <= SHARE * looked_at,
                f"{len(others)} of {looked_at}",
                f"at most {SHARE:.0%}",
                reasons={} if len(others) <= SHARE * looked_at else dict(Counter(f"{a.figure} {a.kind}" for a in others)),
            ),
        ]
    )


def check_trends(folder: Path) -> Findings:
    """No figure of any run's newest checkpoint left the course of the ones before it to the worse."""
    verify(folder)
    board, found = pl.read_parquet(folder / LEADERBOARD), read_alerts(pl.read_parquet(folder / ALERTS))
    newest = set(board.sort("step").group_by("run", maintain_order=True).last()["checkpoint"])
    left = Counter(f"{a.checkpoint}: {a.figure}" for a in found if a.kind == TREND and a.worse and a.checkpoint in newest)
    strangers = {a.checkpoint: 1 for a in found if a.checkpoint not in set(board["checkpoint"])}
    return Findings.of(
        [none_of("figures that left their course to the worse", left), none_of("alerts of checkpoints that are not ranked", strangers)]
    )


class _Read(HTMLParser):
    """A page as a browser would read it: row headers, what would be loaded, scripts, styles, policy."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headers: list[str] = []
        self.loaded: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.handlers: list[str] = []
        self.policy = ""
        self.data: list[str] = []
        self._within = ""
        self._text: list[str] = []

    @classmethod
    def of(cls, path: Path) -> _Read:
        """The page in a file."""
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        return page

    def names(self, name: str) -> bool:
        """Whether a row of a table is about something: its header is the name, or the name and what is said of it."""
        return any(header in (name, f"{name}*") or header.startswith((f"{name} (", f"{name}* (")) for header in self.headers)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _FOREIGN:
            self.loaded.append(tag)
        self.loaded += [f"{tag} {n}" for n, v in attrs if n in _LOADING and not (v or "").startswith(("data:image/", "#"))]
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        self.styles += [given["style"] or ""] if "style" in given else []
        if tag == "meta" and (given.get("http-equiv") or "").lower() == "content-security-policy":
            self.policy = given.get("content") or ""
        if tag in ("script", "style", "th"):
            self._within = "data" if tag == "script" and given.get("type") == "application/json" else tag
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text)
        if self._within == "th" and tag == "th":
            self.headers.append(text)
        elif tag in ("script", "style") and self._within in ("script", "style", "data"):
            {"script": self.scripts, "style": self.styles, "data": self.data}[self._within].append(text)
        if tag in ("script", "style", "th"):
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self._text.append(data)


def _closed(page: _Read) -> list[Finding]:
    """What must hold for a page to be one whole."""
    allowed = set(_HASH.findall(page.policy))
    named = [script_hash(script) for script in page.scripts]
    return [
        none_of("references to elsewhere", dict(Counter(page.loaded))),
        none_of("styles that load something", {"style": sum(bool(_CSS.search(style)) for style in page.styles)}),
        none_of("handlers in the markup", dict(Counter(page.handlers))),
        equals("the policy lets nothing in", [part for part in _CLOSED if part not in page.policy], []),
        equals("scripts that the policy does not name", sum(name not in allowed for name in named), 0),
        equals("hashes in the policy", len(allowed), len(set(named))),
        equals("blocks of data that can be read", sum(_is_json(block) for block in page.data), 1),
    ]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
