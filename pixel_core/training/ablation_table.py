"""The table of an ablation: means and spreads over seeds, and paired differences to the plain sum with intervals.

The interval is Student's t on the differences seed by seed, 95 %. With three seeds it is wide: what it does not exclude, three
seeds cannot tell. A verdict is `gain` where it lies above 0, `loss` where it lies below, `even` otherwise, and `unknown`
where a run of the arm, or of the sum on the same seed, diverged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

BASE = "sum"
LEVEL = 0.95
SCORE = "score"
CONFLICTS = ("conflict_share", "cosine_lowest")
_CLEAR = 1e-9  # differences that are nearer to 0 are rounding


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The table: `arms` by name in the order of the runs, each with `score`, `gain_<objective>` and the conflicts as rows."""
    arms = list(dict.fromkeys(run["arm"] for run in runs))
    seeds = sorted({run["seed"] for run in runs})
    by_place = {(run["arm"], run["seed"]): run for run in runs}
    objectives = sorted({name for run in runs for name in run["gains"] or {}})
    found: dict[str, Any] = {}
    for arm in arms:
        own = [by_place[arm, seed] for seed in seeds]
        base = [by_place[BASE, seed] for seed in seeds]
        rows = {name: _row([run[name] for run in own], [run[name] for run in base]) for name in (SCORE, *CONFLICTS)}
        rows |= {f"gain_{name}": _row([_gain(run, name) for run in own], [_gain(run, name) for run in base]) for name in objectives}
        reasons = {str(run["seed"]): run["reason"] for run in own if run["diverged"]}
        found[arm] = rows | {"diverged": reasons, "conflicts": _mean_conflicts(own)}
    return {"base": BASE, "seeds": seeds, "level": LEVEL, "objectives": objectives, "arms": found, "conclusion": _conclusion(found)}


def to_markdown(found: Mapping[str, Any]) -> str:
    """The table as Markdown."""
    seeds = ", ".join(map(str, found["seeds"]))
    lines = [
        f"# Ablation: {len(found['arms'])} arms, {found['steps']} steps, seeds {seeds}",
        "",
        found["conclusion"],
        "",
        "Score: mean over the objectives of 1 - validation loss / baseline (the unigram model; each head's training prior), heads as",
        "calibrated; 0 is the baseline, higher is better. Difference: to `sum` on the same seeds, with its 95 % interval (Student's t).",
        "Conflicts: share of the pairs of objectives whose gradients at the hidden state point against each other, and the lowest cosine.",
        "",
        "| arm | score | spread | difference to sum | verdict | conflicts | lowest cosine |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, rows in found["arms"].items():
        score, conflicts, cosine = rows[SCORE], rows["conflict_share"], rows["cosine_lowest"]
        lines.append(
            f"| {arm} | {_number(score['mean'])} | {_number(score['spread'])} | {_difference(score) if arm != BASE else ''} | "
            f"{score['verdict'] if arm != BASE else ''} | {_number(conflicts['mean'])} | {_number(cosine['mean'])} |"
        )
    lines += ["", "Mean gain by objective; **bold** where the interval of the difference to `sum` excludes 0.", ""]
    lines += ["| arm | " + " | ".join(found["objectives"]) + " |", "|---|" + "---|" * len(found["objectives"])]
    for arm, rows in found["arms"].items():
        own = [rows[f"gain_{name}"] for name in found["objectives"]]
        cells = [f"**{_number(row['mean'])}**" if row["verdict"] in ("gain", "loss") else _number(row["mean"]) for row in own]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    worst = sorted(found["arms"][BASE]["conflicts"].items(), key=lambda pair: (-pair[1], pair[0]))[:8]
    if worst:
        lines += ["", f"Pairs that conflict most often under `{BASE}`: " + ", ".join(f"{pair} {share:.2f}" for pair, share in worst) + "."]
    for arm, rows in found["arms"].items():
        lines += (
            ["", *(f"{arm}, seed {seed}, diverged: {reason}." for seed, reason in rows["diverged"].items())] if rows["diverged"] else []
        )
    return "\n".join(lines) + "\n"


def _row(values: Sequence[float | None], base: Sequence[float | None]) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    row: dict[str, Any] = {
        "values": list(values),
        "mean": round(fmean(known), 6) if known else None,
        "spread": round(stdev(known), 6) if len(known) > 1 else None,
    }
    differences = [own - other for own, other in zip(values, base, strict=True) if own is not None and other is not None]
    if len(differences) < len(values):
        return row | {"difference": None, "interval": None, "verdict": "unknown"}
    low, high = paired_interval(differences)
    verdict = "gain" if low > _CLEAR else "loss" if high < -_CLEAR else "even"
    return row | {"difference": round(fmean(differences), 6), "interval": [round(low, 6), round(high, 6)], "verdict": verdict}


def paired_interval(differences: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of the mean of paired differences; two or more."""
    from scipy.stats import t

    half = float(t.ppf((1 + LEVEL) / 2, len(differences) - 1)) * stdev(differences) / math.sqrt(len(differences))
    return fmean(differences) - half, fmean(differences) + half


def _gain(run: Mapping[str, Any], objective: str) -> float | None:
    return (run["gains"] or {}).get(objective)


def _mean_conflicts(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for run in runs:
        for pair, share in (run["conflicts"] or {}).items():
            shares.setdefault(pair, []).append(share)
    return {pair: round(fmean(own), 4) for pair, own in sorted(shares.items())}


def _conclusion(arms: Mapping[str, Any]) -> str:
    """What the scores allow to be said, in words."""
    others = {arm: rows[SCORE]["verdict"] for arm, rows in arms.items() if arm != BASE}
    told = {verdict: [arm for arm, own in others.items() if own == verdict] for verdict in _VERDICTS}
    found = [f"{words}: {_listed(told[verdict])}." for verdict, words in _VERDICTS.items() if told[verdict]]
    if not told["gain"] and set(others.values()) - {"unknown"}:
        found = [f"No gain: no arm scores above `{BASE}` beyond its interval.", *found]
    return " ".join(found)


_VERDICTS = {
    "gain": f"Above `{BASE}`",
    "loss": f"Below `{BASE}`",
    "even": f"Not told apart from `{BASE}`",
    "unknown": "Not compared, since a run diverged",
}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _difference(row: Mapping[str, Any]) -> str:
    return "" if row["interval"] is None else f"{row['difference']:+.3f} [{row['interval'][0]:+.3f}, {row['interval'][1]:+.3f}]"
