"""The feedback loop: every candidate is judged, and the reasons of what is turned down steer the next batch."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pixel_core.conversation import Conversation, to_frame
from pixel_core.rejects import Reject, as_content
from pixel_core.writing.grammar import NOTHING, WritingError
from pixel_core.writing.orders import Plan
from pixel_core.writing.similarity import THRESHOLD, jaccard, shingles
from pixel_core.writing.writer import Candidate, Combination, Order, Writer

TWICE, ALIKE = "duplicate", "near_duplicate"
_PATIENCE = 4  # candidates for one conversation, over the whole writing, before it is given up
_RESERVE = 40  # candidates more, so that a small writing is not given up by chance
_PRIOR = 4  # candidates that the share of all subjects counts for beside a subject's own: one reject says little
_MOST_ADVICE = 4  # corrections that a combination is given at once
_NAMED = 3  # combinations that an error names

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of one batch: candidates asked for, those kept, and the first reason of each of the others."""

    asked: int
    kept: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a steered writing: conversations sorted by id, rejects in the order of asking, and the batches."""

    conversations: tuple[Conversation, ...]
    rejects: tuple[Reject, ...]
    batches: tuple[Batch, ...]


@dataclass
class Steering:
    """What earlier batches taught: how often each combination is worth asking, and what to tell the writer about it.

    The weight of a combination is its share of kept candidates squared, counted with a few more that fare as its kind and modality
    do over all subjects: so a subject that was not asked yet learns from the others, a single reject says little, and no weight reaches
    zero.
    """

    asked: Counter[Combination] = field(default_factory=Counter)
    kept: Counter[Combination] = field(default_factory=Counter)
    reasons: defaultdict[Combination, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def learn(self, combination: Combination, reasons: Sequence[str]) -> None:
        """Count one judged candidate; no reasons: it was kept."""
        for counted in dict.fromkeys(_views(combination)):
            self.asked[counted] += 1
            self.kept[counted] += not reasons
            self.reasons[counted].update(reasons)

    def weight(self, combination: Combination) -> float:
        """How much of its turns a combination keeps."""
        parent = _of_all(combination)
        prior = (self.kept[parent] + 1) / (self.asked[parent] + 1)
        return ((self.kept[combination] + _PRIOR * prior) / (self.asked[combination] + _PRIOR)) ** 2

    def advice(self, orders: Sequence[Order]) -> dict[Combination, list[str]]:
        """The commonest reasons of each ordered combination, its own first, then those of the views that hold it."""
        return {o.combination: self._commonest(o.combination) for o in orders}

    def _commonest(self, combination: Combination) -> list[str]:
        ranked = [r for c in _views(combination) for r, _ in sorted(self.reasons[c].items(), key=lambda e: (-e[1], e[0]))]
        return list(dict.fromkeys(ranked))[:_MOST_ADVICE]

    def worst(self) -> str:
        """The combinations with most rejects, as an error names them."""
        led = {c._replace(modality="") for c in self.asked if c.modality}  # sums over modalities are not named beside their parts
        lost = {c: self.asked[c] - self.kept[c] for c in self.asked if c.subject and c not in led and self.asked[c] > self.kept[c]}
        named = sorted(lost, key=lambda c: (-lost[c], c))[:_NAMED]
        return "; ".join(f"{c}: {lost[c]} of {self.asked[c]} ({_told(self.reasons[c])})" for c in named)


def _of_all(combination: Combination) -> Combination:
    return combination._replace(subject="")


def _views(combination: Combination) -> tuple[Combination, ...]:
    """The combination itself, over all subjects, over all modalities, and over both."""
    whole = combination._replace(modality="")
    return combination, _of_all(combination), whole, _of_all(whole)


def _told(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(_NAMED))


Judge = Callable[[Conversation], Sequence[str]]


def write_steered(writer: Writer, plan: Plan, judge: Judge, *, batch: int) -> Written:
    """What the plan asks for, exactly: written in batches, judged, and steered by what was turned down.

    Raises WritingError, which names the combinations that fail most, when the writer does not come to it with four candidates a
    conversation.
    """
    if not plan.missing:
        raise WritingError(NOTHING)
    steering, wanted, most = Steering(), plan.missing, _PATIENCE * plan.missing + _RESERVE
    kept: dict[str, Conversation] = {}
    rejects: list[Reject] = []
    batches: list[Batch] = []
    alike = _Alike()
    while plan.missing:
        asked = sum(b.asked for b in batches)
        if asked >= most:
            raise WritingError(f"{len(kept)} of {wanted} conversations after {asked} candidates; turned down most: {steering.worst()}")
        orders = plan.next(min(batch, most - asked), steering.weight)
        counts: Counter[str] = Counter()
        for candidate in writer.write(orders, steering.advice(orders)):
            reasons = _reasons(candidate, judge, kept, alike)
            steering.learn(candidate.order.combination, reasons)
            if candidate.conversation is not None and not reasons:
                kept[candidate.conversation.id] = candidate.conversation
                plan.delivered(candidate.order)
            else:
                plan.turned_down(candidate.order)
                counts[reasons[0]] += 1
                rejects.append(_reject(candidate, reasons, writer.name))
        batches.append(Batch(len(orders), len(orders) - sum(counts.values()), dict(sorted(counts.items()))))
        logger.info(
            "batch %d: %d of %d candidates kept, %d conversations missing", len(batches), batches[-1].kept, len(orders), plan.missing
        )
    return Written(tuple(kept[key] for key in sorted(kept)), tuple(rejects), tuple(batches))


class _Alike:
    """The conversations kept so far, looked up by the 5-grams of their text."""

    def __init__(self) -> None:
        self._sets: list[frozenset[tuple[str, ...]]] = []
        self._by_shingle: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)

    def joins(self, conversation: Conversation) -> bool:
        """Whether it resembles one kept before; it is taken up when it does not."""
        found = shingles(conversation.text)
        shared = Counter(place for shingle in found for place in self._by_shingle.get(shingle, ()))
        near = (place for place, count in shared.items() if count >= THRESHOLD * max(len(found), len(self._sets[place])))
        if any(jaccard(found, self._sets[place]) >= THRESHOLD for place in near):
            return False
        for shingle in found:
            self._by_shingle[shingle].append(len(self._sets))
        self._sets.append(found)
        return True


def _reasons(candidate: Candidate, judge: Judge, kept: Mapping[str, Conversation], alike: _Alike) -> list[str]:
    written = candidate.conversation
    if written is None:
        return [candidate.reason]
    if written.id in kept:
        return [TWICE]
    return list(judge(written)) or ([] if alike.joins(written) else [ALIKE])


def _reject(candidate: Candidate, reasons: Sequence[str], source: str) -> Reject:
    written = candidate.conversation
    content = as_content(to_frame([written]).row(0, named=True)) if written else as_content(candidate.content) if candidate.content else ""
    detail = candidate.detail or f"{candidate.order.combination}: {', '.join(reasons)}"
    return Reject(source, candidate.order.key, reasons[0], detail, content)
