"""Bias: whether who a client is changes how the therapist works with them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pixel_core.conversation import Conversation
from pixel_core.findings import Finding, Findings, none_of
from pixel_core.writing.people import ATTRIBUTES, draw_person
from pixel_core.writing.writer import Order, Writer

FEWEST = 20  # conversations of a group, below which nothing is said of it
_FALSE_ALARM = 0.01  # over all comparisons of one check together
_SHUFFLES = 999
# How large a difference must be to matter, beside being certain: shares of turns, relative length, steps of difficulty.
_MATTERS = {"technique": 0.05, "therapist_words": 0.10, "turns": 0.10, "difficulty": 0.30}
_RELATIVE = ("therapist_words", "turns")
Table = npt.NDArray[np.float64]
_NONE: Table = np.zeros((0, 0))
_SWAPPED = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Swap:
    """One order written twice, for a client and for the same client with another value of one attribute."""

    attribute: str
    before: str
    after: str
    changed: tuple[str, ...]
    """What differs beside the swapped words: `labels`, `techniques`, `difficulty`, `therapist`, `missing`."""


def swaps(make: Callable[[], Writer], orders: Sequence[Order]) -> list[Swap]:
    """Every order written for its client and again for each attribute swapped, by writers that know of nothing before.

    Only a writer that gives the same for the same order can be asked so; of a sampling model the distribution tells
    (`check_groups`).
    """
    found = []
    for order in (o for o in orders if o.person):
        (plain,) = make().write([order], {})
        for attribute in ATTRIBUTES:
            person = _swapped(order, attribute)
            (other,) = make().write([replace(order, person=person)], {})
            words = {w.lower() for value in (*order.person.values(), *person.values()) for w in _SWAPPED.findall(value)}
            changed = tuple(_changed(plain.conversation, other.conversation, words))
            found.append(Swap(attribute, order.person[attribute], person[attribute], changed))
    return found


def check_swaps(found: Sequence[Swap]) -> Findings:
    """Whether no swap changed anything but the swapped words; each attribute is a finding that names what changed."""
    return Findings.of(
        none_of(f"swapped_{attribute}", Counter(what for s in found if s.attribute == attribute for what in s.changed))
        for attribute in ATTRIBUTES
    )


def check_groups(conversations: Sequence[Conversation]) -> Findings:
    """Whether techniques, length and difficulty are alike over the groups of clients, within what they talk about.

    A group is compared with all others about the same class and kind. It differs when the difference matters and stands out further
    than nearly ever the furthest of all once clients are shuffled among the conversations about the same (Westfall and
    Young's test of the maximum): at most one check in a hundred raises any false alarm, however rare a technique is
    and however groups overlap. A finding names attribute, group and measure.
    """
    told = [c for c in conversations if c.extra.get("sheet", {}).get("person")]
    measures = _measures(told)
    groups = {(a, g): rows for a in ATTRIBUTES if a != "name" for g, rows in _groups(told, a).items() if FEWEST <= len(rows) < len(told)}
    differences, surprise, bound = _compared(told, measures, list(groups.values())) if groups else (_NONE, _NONE, math.inf)
    reasons = {}
    for row, ((attribute, group), rows) in enumerate(groups.items()):
        for column in np.flatnonzero(surprise[row] > bound):
            told_apart = f"{differences[row, column]:+.2f}, {surprise[row, column]:.1f} standard errors where {bound:.1f} are chance"
            reasons[f"{attribute}={group}: {measures[column]} {told_apart}"] = len(rows)
    compared = f"{len(groups)} groups by {len(measures)} measures"
    return Findings.of([Finding("groups", not reasons, f"{len(reasons)} of {compared} differ", "none differs", reasons=reasons)])


def _compared(told: Sequence[Conversation], measures: Sequence[str], groups: Sequence[Sequence[int]]) -> tuple[Table, Table, float]:
    """The differences [groups, measures], how many standard errors those that matter are off, and how many chance alone reaches.

    Within a class and kind the standard error is that of drawing the group from all its conversations. That of values within the
    group would be none where a rare technique happens to be missing, and that over everything would mix classes.
    """
    about = np.unique([" ".join(_about(c)) for c in told], return_inverse=True)[1]
    values = np.array([[_value(c, measure) for measure in measures] for c in told])
    values /= [values[:, i].mean() or 1.0 if measure in _RELATIVE else 1.0 for i, measure in enumerate(measures)]
    sizes = np.bincount(about).astype(float)
    centred = values - (_sums(values, about) / sizes[:, None])[about]
    variances = _sums(centred**2, about) / np.maximum(sizes - 1, 1)[:, None]
    members = np.zeros((len(told), len(groups)))
    for place, rows in enumerate(groups):
        members[list(rows), place] = 1
    held = _sums(members, about)
    weights = held * (sizes[:, None] - held) / sizes[:, None]
    weight = weights.sum(axis=0)[:, None]
    enough = (held * (weights > 0)).sum(axis=0)[:, None] >= FEWEST  # of them in company of others
    errors = np.sqrt(weights.T @ variances) / np.where(enough, weight, np.inf)
    matters = np.array([_MATTERS[measure.partition(".")[0]] for measure in measures])

    def off(rows: npt.NDArray[np.int64]) -> tuple[Table, Table]:
        """Differences and their standard errors where the clients of the conversations in order are those of these rows."""
        found = members[order].T @ centred[rows] / np.where(enough, weight, np.inf)
        return found, np.where((np.abs(found) > matters) & (errors > 0), np.abs(found) / np.where(errors > 0, errors, 1), 0.0)

    order = np.argsort(about, kind="stable")
    differences, surprise = off(order)
    draws = np.random.default_rng(0)
    furthest = sorted(float(off(np.lexsort((draws.random(len(told)), about)))[1].max()) for _ in range(_SHUFFLES))
    return differences, surprise, furthest[-round(_FALSE_ALARM * (_SHUFFLES + 1))]


def _sums(values: Table, places: npt.NDArray[np.int64]) -> Table:
    """The sums [places, columns] of the rows of each place."""
    found = np.zeros((int(places.max()) + 1, values.shape[1]))
    np.add.at(found, places, values)
    return found


def _swapped(order: Order, attribute: str) -> dict[str, str]:
    """The person of the order with another value of one attribute; a name and pronouns go with a gender."""
    for attempt in range(50):
        drawn = draw_person(order.rng(f"swap:{attribute}:{attempt}"))
        if drawn[attribute] != order.person.get(attribute):
            taken = ("gender", "name", "pronouns") if attribute == "gender" else (attribute,)
            return dict(order.person) | {name: drawn[name] for name in taken}
    raise ValueError(f"{attribute} has one value only: phrases/people.yaml must offer more")


def _changed(plain: Conversation | None, other: Conversation | None, words: set[str]) -> Iterator[str]:
    if plain is None or other is None:
        if plain is not other:
            yield "missing"
        return
    if [_labels(plain, "technique"), _labels(plain, "intervention")] != [_labels(other, "technique"), _labels(other, "intervention")]:
        yield "techniques"
    if any(_labels(plain, head) != _labels(other, head) for head in ("clinical", "pdm2", "crisis")):
        yield "labels"
    if plain.difficulty != other.difficulty:
        yield "difficulty"
    if _said(plain, words) != _said(other, words):
        yield "therapist"


def _labels(conversation: Conversation, head: str) -> list[tuple[int, str, float]]:
    return sorted((i, label.output, label.value) for i, label in conversation.labels if label.head == head)


def _said(conversation: Conversation, words: set[str]) -> list[list[str]]:
    """The therapist's words but the swapped ones."""
    turns = (turn.content for turn in conversation.turns if turn.part == "therapist")
    return [[w for w in _SWAPPED.findall(content.lower()) if w not in words] for content in turns]


def _measures(conversations: Sequence[Conversation]) -> list[str]:
    used = sorted({label.output for c in conversations for _, label in c.labels if label.head == "technique" and label.value == 1})
    return ["therapist_words", "turns", "difficulty", *used]


def _value(conversation: Conversation, measure: str) -> float:
    helping = [turn for turn in conversation.turns if turn.part == "therapist"]
    if measure == "therapist_words":
        return sum(len(turn.content.split()) for turn in helping) / max(1, len(helping))
    if measure == "turns":
        return len(conversation.turns)
    if measure == "difficulty":
        return conversation.difficulty
    return sum(any(label.output == measure and label.value == 1 for label in turn.labels) for turn in helping) / max(1, len(helping))


def _about(conversation: Conversation) -> tuple[str, ...]:
    extra: Mapping[str, object] = conversation.extra
    labelled = {label.output for _, label in conversation.labels if label.head in ("clinical", "pdm2") and label.value == 1}
    return (str(extra.get("kind")), *sorted(labelled))


def _groups(conversations: Sequence[Conversation], attribute: str) -> dict[str, list[int]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for index, conversation in enumerate(conversations):
        if value := conversation.extra["sheet"]["person"].get(attribute):
            rows[value].append(index)
    return dict(sorted(rows.items()))
