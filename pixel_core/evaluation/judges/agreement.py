"""How far judges agree: among one another, with themselves, and with people. All from the stored ratings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

import polars as pl

from pixel_core.evaluation.figures import Record

ENOUGH, ALIKE = 20, 0.4  # human answers, and Cohen's kappa with them, from which a panel counts as calibrated


class Judged(Record):
    """What the judged figures of a task must be read with."""

    flow: str
    """`<name>@<version>` of the flow of questions."""
    judges: tuple[str, ...]
    """Models that judged."""
    repeats: int
    """How often each was asked each question."""
    prompts: str
    """SHA-256 of all that the judges were told, but the replies."""
    ratings: int
    """Answers of judges about the items."""
    failed: int
    """Requests among them to which a judge gave no valid answer."""
    alpha: float | None
    """Krippendorff's alpha (nominal) over all judges and repeats; null where every answer is the same."""
    kappa: dict[str, float]
    """Cohen's kappa of each pair of judges, by `<judge> | <judge>`, on their first repeats."""
    dispersion: dict[str, float]
    """By judge, the share of questions on which its repeats contradict one another."""
    human_n: int
    """Human answers that the panel was held against."""
    human_kappa: float | None
    """Cohen's kappa between the panel's majority and people; null without human answers."""

    @property
    def calibrated(self) -> bool:
        """Whether the panel was held against people and found to agree with them."""
        return self.human_n >= ENOUGH and self.human_kappa is not None and self.human_kappa >= ALIKE


def judged_of(ratings: pl.DataFrame, prompts: str) -> Judged:
    """The agreement in ratings of one task, with `JUDGEMENT_SCHEMA`; those with a human answer are the calibration."""
    own, held = ratings.filter(pl.col("human").is_null()), ratings.filter(pl.col("human").is_not_null())
    units = by_unit(own)
    people = [(panel, human) for panel, human in _beside_people(held) if panel is not None]
    return Judged(
        flow=ratings["flow"][0],
        judges=tuple(ratings["judge"].unique().sort()),
        repeats=int(ratings["repeat"].max()) + 1,  # type: ignore[arg-type]
        prompts=prompts,
        ratings=own.height,
        failed=own["yes"].null_count(),
        alpha=_rounded(alpha(list(units.values()))),
        kappa=_kappas(own),
        dispersion={str(judge[0]): _dispersion(rows) for judge, rows in sorted(own.group_by("judge"), key=lambda pair: str(pair[0]))},
        human_n=held.select("item", "question").unique().height,
        human_kappa=_rounded(kappa([panel for panel, _ in people], [human for _, human in people])) if people else None,
    )


def by_unit(ratings: pl.DataFrame) -> dict[tuple[str, str], list[bool]]:
    """By item and question, the answers that judges gave."""
    units: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for item, question, yes in ratings.select("item", "question", "yes").iter_rows():
        if yes is not None:
            units[item, question].append(yes)
    return units


def alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal values: units are the answers to one question, of which some may be missing.

    None where nothing was rated twice, or every answer is the same: then chance cannot be told from agreement.
    """
    paired = [unit for unit in units if len(unit) > 1]
    totals: dict[Hashable, int] = defaultdict(int)
    observed = 0.0
    for unit in paired:
        counts: dict[Hashable, int] = defaultdict(int)
        for value in unit:
            counts[value] += 1
            totals[value] += 1
        alike = sum(count * (count - 1) for count in counts.values())
        observed += (len(unit) * (len(unit) - 1) - alike) / (len(unit) - 1)
    everything = sum(totals.values())
    expected = everything**2 - sum(count**2 for count in totals.values())
    return None if not expected else 1 - observed * (everything - 1) / expected


def kappa(first: Sequence[bool], second: Sequence[bool]) -> float | None:
    """Cohen's kappa of two raters about the same units; None without units, or where both always say the same one thing."""
    if not first:
        return None
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    share_a, share_b = sum(first) / len(first), sum(second) / len(second)
    chance = share_a * share_b + (1 - share_a) * (1 - share_b)
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def _kappas(ratings: pl.DataFrame) -> dict[str, float]:
    first = ratings.filter((pl.col("repeat") == 0) & pl.col("yes").is_not_null())
    said: dict[str, dict[tuple[str, str], bool]] = defaultdict(dict)
    for judge, item, question, yes in first.select("judge", "item", "question", "yes").iter_rows():
        said[judge][item, question] = yes
    found = {}
    for a, b in combinations(sorted(said), 2):
        shared = sorted(said[a].keys() & said[b].keys())
        value = kappa([said[a][unit] for unit in shared], [said[b][unit] for unit in shared])
        if value is not None:
            found[f"{a} | {b}"] = round(value, 6)
    return found


def _dispersion(ratings: pl.DataFrame) -> float:
    repeated = [answers for answers in by_unit(ratings).values() if len(answers) > 1]
    return round(sum(len(set(answers)) > 1 for answers in repeated) / len(repeated), 6) if repeated else 0.0


def _beside_people(ratings: pl.DataFrame) -> list[tuple[bool | None, bool]]:
    """The panel's majority and the human answer, by item and question."""
    human: Mapping[tuple[str, str], bool] = {(i, q): h for i, q, h in ratings.select("item", "question", "human").iter_rows()}
    votes = by_unit(ratings)
    found = []
    for unit in sorted(human):
        said = votes.get(unit, [])
        found.append((None if 2 * sum(said) == len(said) else 2 * sum(said) > len(said), human[unit]))
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
