"""Bias: whether who a client is changes how the therapist works with them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, pstdev

from pixel_core.conversation import Conversation
from pixel_core.findings import Finding, Findings, none_of
from pixel_core.writing.people import ATTRIBUTES, draw_person
from pixel_core.writing.writer import Order, Writer

FEWEST = 20  # conversations of a group, below which nothing is said of it
_FALSE_ALARM = 0.01  # over all comparisons of one check together
# How large a difference must be to matter, beside being certain: shares of turns, relative length, steps of difficulty.
_MATTERS = {"technique": 0.05, "therapist_words": 0.10, "turns": 0.10, "difficulty": 0.30}
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

    Every conversation is compared with those about the same class and kind. A group differs when the interval of its mean
    difference, at one false alarm in a hundred over all comparisons, lies beyond zero and the difference matters. A finding names
    attribute, group and measure.
    """
    told = [c for c in conversations if c.extra.get("sheet", {}).get("person")]
    measures = {measure: _within(told, measure) for measure in _measures(told)}
    spreads = {measure: pstdev([v for v in values if v is not None] or [0.0]) for measure, values in measures.items()}
    groups = {(a, g): rows for a in ATTRIBUTES if a != "name" for g, rows in _groups(told, a).items() if FEWEST <= len(rows) < len(told)}
    bound = NormalDist().inv_cdf(1 - _FALSE_ALARM / 2 / max(1, len(groups) * len(measures)))
    reasons = {}
    for (attribute, group), rows in groups.items():
        for measure, values in measures.items():
            difference, error = _difference([value for i in rows if (value := values[i]) is not None], spreads[measure])
            if abs(difference) > max(bound * error, _MATTERS[measure.partition(".")[0]]):
                reasons[f"{attribute}={group}: {measure} {difference:+.2f} +- {bound * error:.2f}"] = len(rows)
    compared = f"{len(groups)} groups by {len(measures)} measures"
    return Findings.of([Finding("groups", not reasons, f"{len(reasons)} of {compared} differ", "none differs", reasons=reasons)])


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


def _within(conversations: Sequence[Conversation], measure: str) -> list[float | None]:
    """Each conversation's value less the mean of the others about the same; None where there is no other. Lengths are relative."""
    strata: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    values = [_value(c, measure) for c in conversations]
    for index, conversation in enumerate(conversations):
        strata[_about(conversation)].append(index)
    scale = fmean(values) if measure in ("therapist_words", "turns") and values else 1.0
    found: list[float | None] = [None] * len(values)
    for rows in strata.values():
        total = sum(values[i] for i in rows)
        for i in rows if len(rows) > 1 else ():
            found[i] = (values[i] - (total - values[i]) / (len(rows) - 1)) / scale
    return found


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


def _difference(values: Sequence[float], spread: float) -> tuple[float, float]:
    """The mean and its standard error, by the spread over all groups: a rare technique that a small group lacks has none within it."""
    if len(values) < FEWEST:
        return 0.0, math.inf
    return fmean(values), spread / math.sqrt(len(values))
