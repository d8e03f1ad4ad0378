"""What `pixel run` prints: a line as each step ends, and the closing table."""

from collections.abc import Sequence

from pixel_assets.paths import artifact
from pixel_assets.walk import Outcome

_PLUMBING = {"seconds", "skipped", "digest", "dagster/uri", "dagster/row_count", "rejected by reason"}
_SHOWN_FIGURES = 3


def line(outcome: Outcome) -> str:
    """One line about an outcome as it comes: verdict, asset, partition, seconds."""
    verdict = "failed" if not outcome.succeeded else "valid " if outcome.metadata.get("skipped") else "built "
    name = f"{outcome.asset} [{outcome.partition}]" if outcome.partition else outcome.asset
    return f"  {verdict} {name}  {outcome.seconds:.1f} s"


def table(outcomes: Sequence[Outcome]) -> str:
    """The closing table: one row an asset with its rows or figures, seconds and checks passed."""
    head = ("stage", "asset", "partitions", "rows or figures", "seconds", "checks")
    rows = [head, *(_row(asset, outcomes) for asset in dict.fromkeys(o.asset for o in outcomes))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-" * max(len(text) for text in lines))
    return "\n".join(lines)


def problems(outcomes: Sequence[Outcome]) -> str:
    """What failed, and why: the last line of each error and the names of failed checks; empty when all went well."""
    lines = []
    for outcome in outcomes:
        if outcome.succeeded:
            continue
        where = f"{outcome.asset} [{outcome.partition}]" if outcome.partition else outcome.asset
        lines += [f"{where}: check {name} failed: {why}" for name, why in outcome.failed_checks.items()]
        lines += [f"{where}: {outcome.error}"] if outcome.error else []
    return "\n".join(lines)


def next_lines(outcomes: Sequence[Outcome]) -> str:
    """What to type next."""
    checkpoint = next((o.partition for o in reversed(outcomes) if o.asset == "scorecard" and o.partition), None)
    lines = ["make ui                                   the same assets in the Dagster UI, at http://127.0.0.1:3000"]
    if checkpoint:
        run, _, step = checkpoint.rpartition(".")
        lines.append(f".venv/bin/pixel eval {artifact('training_run', run) / f'checkpoint-{step}'}")
    lines.append(".venv/bin/pixel trace <conversation-id>")
    return "\n".join(["Next:", *(f"  {text}" for text in lines)])


def _row(asset: str, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    mine = [o for o in outcomes if o.asset == asset]
    checks = [held for o in mine for held in o.checks.values()]
    partitions = str(len(mine)) if mine[0].partition else ""
    seconds = f"{sum(o.seconds for o in mine):.1f}" + (" (valid)" if all(o.metadata.get("skipped") for o in mine) else "")
    return mine[0].group, asset, partitions, _figures(mine), seconds, f"{sum(checks)}/{len(checks)}"


def _figures(outcomes: Sequence[Outcome]) -> str:
    rows = [o.metadata["dagster/row_count"] for o in outcomes if "dagster/row_count" in o.metadata]
    if rows:
        rejected = sum(o.metadata.get("rejected", 0) for o in outcomes)
        return f"{sum(rows)} rows" + (f", {rejected} rejected" if rejected else "")
    newest = outcomes[-1].metadata
    shown = [(k, v) for k, v in newest.items() if k not in _PLUMBING and isinstance(v, int | float) and not isinstance(v, bool)]
    return ", ".join(f"{name} {value:.4g}" for name, value in shown[:_SHOWN_FIGURES])
