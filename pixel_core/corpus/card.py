"""The dataset card of a mixture: what is in it, under which licences, what was left out and why, and what supervises each output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.corpus.labels import SCALES
from pixel_core.corpus.replies import REPLY_WORDS
from pixel_core.corpus.supervision import markdown_of, supervision_of

CARD = "README.md"


def write_card(folder: Path, composition: Mapping[str, Any], sources: Mapping[str, Path]) -> None:
    """Write `README.md` from a composition and the supervision tables of its sources; the same input gives the same bytes."""
    (folder / CARD).write_text(card_of(composition, sources), encoding="utf-8")


def card_of(composition: Mapping[str, Any], sources: Mapping[str, Path]) -> str:
    """The card as Markdown, with the front matter that dataset hubs read."""
    unit, splits = composition["unit"], list(next(iter(composition["wanted"].values())))
    rows = sum(sum(cells.values()) for cells in composition["rows"].values())
    settings = ("seed", "unit", "deficit", "repeat_cap", "knowledge_share", "near_duplicates")
    return "\n\n".join(
        [
            _front(composition["licences"], rows),
            "# Training mixture",
            f"{rows:,} conversations of {len(composition['rows_by_source'])} artifacts, {composition['distinct']:,} of them distinct; "
            f"{composition['with_knowledge']:,} begin with retrieved knowledge. Groups (a thread, a seeker, a transcript, a video, a "
            "client sheet) and what repeats their wording are never divided between splits.",
            "![composition](composition.png)",
            f"## Wanted and got, in {unit}",
            _table(
                ["category", "share", *(f"{split} wanted / got" for split in splits)],
                (
                    [c, f"{composition['shares'][c]:.0%}", *(f"{cells[s]:,} / {composition['got'][c][s]:,}" for s in splits)]
                    for c, cells in composition["wanted"].items()
                ),
            ),
            "Drawn with " + ", ".join(f"{key} {composition[key]}" for key in settings) + ".",
            "## Conversations and estimated tokens",
            "A token is estimated as 4 bytes, and 4 tokens a turn for its frame: there is no tokeniser yet when a mixture is drawn.",
            _table(
                ["category", *(f"{split} conversations / tokens" for split in splits)],
                (
                    [c, *(f"{cells[s]:,} / {composition['estimated_tokens'][c][s]:,}" for s in splits)]
                    for c, cells in composition["rows"].items()
                ),
            ),
            "## Sources",
            _counts("artifact", composition["rows_by_source"], splits),
            "## Licences",
            "A conversation that stands in several sources counts under each.",
            _counts("licence", composition["licences"], splits),
            "## Difficulty",
            _counts("difficulty (1 easy, 5 hard)", composition["difficulty"], splits),
            "## Left out",
            _drops(composition["drops"]),
            f"A reply of {REPLY_WORDS} words or more that another conversation holds too, word by word or nearly so, stays where it was "
            "said and is learnt in one of them only; shorter ones are stock phrases. A conversation of which nothing is left to learn is "
            "dropped as `repeated_reply`.",
            _not_learnt(composition["not_learnt"]),
            "## Labels",
            "Labels of these conversations by output; `<head>.*` speaks for every other output of its head. Labelled posts and pairs "
            "lie in `head_examples`.",
            _counts("output", composition["labels"], splits),
            "## What supervises each output",
            "From all selected artifacts, before drawing. Every label trains; only those that somebody gave (`human`, `written`) are "
            "measured against, those of a rule or a model never. An output without a defensible source stays untrained.",
            *_supervision(sources),
        ]
    )


def _drops(drops: Mapping[str, Mapping[str, int]]) -> str:
    """The rejects of every artifact and of the mixture by reason; the rows themselves lie in each `rejected.parquet`."""
    rows = [[name, reason, f"{count:,}"] for name, found in sorted(drops.items()) for reason, count in sorted(found.items())]
    return _table(["artifact", "reason", "rows"], rows) if rows else "Nothing."


def _not_learnt(counts: Mapping[str, int]) -> str:
    return _table(["artifact", "replies not learnt again"], ([name, f"{count:,}"] for name, count in counts.items())) if counts else "None."


def _supervision(sources: Mapping[str, Path]) -> Iterable[str]:
    """A table a head, that of the EQ domains first and whole; of the others, what stays untrained is counted only."""
    table = supervision_of(sources)
    for head in SCALES:
        own = table.filter(pl.col("output").str.starts_with(f"{head}."))
        bare = own.filter(n=0)
        yield f"### {head}"
        if head == "eq" or bare.height < own.height:
            yield markdown_of(own if head == "eq" else own.filter(pl.col("n") > 0), head).rstrip()
        for why, count in bare.group_by("why").len().sort("why").iter_rows() if head != "eq" else ():
            yield f"{count} further outputs: {why}."


def _front(licences: Mapping[str, Any], rows: int) -> str:
    bound = next((f"{low}<n<{high}" for limit, low, high in _SIZES if rows < limit), "n>1M")
    return "\n".join(["---", "license: other", f"license_name: {' AND '.join(licences)}", "size_categories:", f"- {bound}", "---"])


_SIZES = ((1_000, "0", "1K"), (10_000, "1K", "10K"), (100_000, "10K", "100K"), (1_000_000, "100K", "1M"))


def _counts(name: str, counts: Mapping[str, Mapping[str, int]], splits: Sequence[str]) -> str:
    return _table([name, *splits], ([key, *(f"{cells[split]:,}" for split in splits)] for key, cells in counts.items()))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [[*header], ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
