import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from pixel_core.writing import WritingError
from pixel_core.writing.feedback import ALIKE, TWICE, Steering, write_steered
from pixel_core.writing.grammar import GrammarWriter
from pixel_core.writing.judge import judge
from pixel_core.writing.orders import Plan
from pixel_core.writing.standards import Standards
from pixel_core.writing.writer import Candidate, Combination
from tests.pixel_core.writing.materials import material, picture


@dataclass
class Faulty:
    """A grammar writer that fails wherever `fails` says so, and notes what it was told."""

    inner: GrammarWriter
    fails: object
    name: str = "faulty"
    told: list = field(default_factory=list)
    asked: list = field(default_factory=list)

    def write(self, orders, advice):
        self.told.append(advice)
        self.asked += orders
        return [Candidate(o, None, "made_wrong") if self.fails(o) else self.inner.write([o], {})[0] for o in orders]


def steered(material, fails, *, count=80, batch=20, seed=5):
    standards = Standards.of(material)
    writer = Faulty(GrammarWriter(material), fails)
    return writer, write_steered(writer, Plan(material, count=count, seed=seed), lambda c: judge(c, standards), batch=batch)


def one_class(order):
    return order.subject == "clinical.F41.1"


def most_of_a_kind(order):
    return order.kind == "psychodynamic" and sum(map(ord, order.subject)) % 4 != 0


def test_the_count_is_exact_and_every_candidate_is_kept_or_a_reject(shipped):
    _, written = steered(shipped, one_class)
    assert len(written.conversations) == len({c.id for c in written.conversations}) == 80
    assert [c.id for c in written.conversations] == sorted(c.id for c in written.conversations)
    assert sum(b.asked for b in written.batches) == 80 + len(written.rejects)
    assert sum(b.kept for b in written.batches) == 80
    assert Counter(r.reason for r in written.rejects) == sum((Counter(b.reasons) for b in written.batches), Counter())


def test_what_fails_is_asked_less_and_less(shipped):
    """Three quarters of a kind's subjects fail always; the writing comes to the quarter that does not."""
    writer, written = steered(shipped, most_of_a_kind, count=300, batch=25)
    asked = [most_of_a_kind(order) for order in writer.asked if order.kind == "psychodynamic"]
    fails = [most_of_a_kind(order) for order in {o.subject: o for o in writer.asked if o.kind == "psychodynamic"}.values()]
    half = len(asked) // 2
    assert sum(fails) > 0.7 * len(fails)
    assert sum(asked[-half:]) < sum(asked[:half])
    assert sum(asked) < 0.6 * len(asked)
    assert Counter(c.extra["kind"] for c in written.conversations)["psychodynamic"] == 45


def test_a_class_that_was_turned_down_once_does_not_starve(shipped):
    """Of three classes the first candidate fails; in the end each has about as many conversations as the others."""
    plan, steering, failed, kept = Plan(shipped, count=400, seed=3), Steering(), set(), Counter()
    unlucky = sorted({order.subject for order in Plan(shipped, count=400, seed=3).next(400) if order.kind == "disorder"})[:3]
    while plan.missing:
        for order in plan.next(50, steering.weight):
            fails = order.kind == "disorder" and order.subject in set(unlucky) - failed
            failed |= {order.subject} if fails else set()
            steering.learn(order.combination, ["made_wrong"] if fails else [])
            (plan.turned_down if fails else plan.delivered)(order)
            kept[order.subject] += not fails and order.kind in ("disorder", "comorbid")
    assert failed == set(unlucky)
    fewest = min(kept[name] for name in kept if name.startswith("clinical.") and name not in failed)
    assert all(kept[name] >= 0.6 * fewest for name in unlucky), kept


def test_the_loop_is_deterministic(shipped):
    (_, one), (_, two) = (steered(shipped, one_class, count=40, batch=7) for _ in range(2))
    assert one == two


def test_the_reasons_are_told_to_the_writer(shipped):
    writer, _ = steered(shipped, most_of_a_kind, count=100, batch=10)
    assert {tuple(r) for advice in writer.told[-3:] for c, r in advice.items() if c.kind == "psychodynamic"} == {("made_wrong",)}
    assert not any(writer.told[0].values())


def test_a_combination_that_nothing_replaces_is_named(shipped):
    only = material(picture())
    with pytest.raises(WritingError, match=r"0 of 3 conversations after 52 candidates") as caught:
        steered(only, lambda order: True, count=3, batch=5)
    assert re.search(r"clinical\.F51\.01.*made_wrong", str(caught.value))


def test_the_same_and_nearly_the_same_are_rejects(shipped):
    class Repeating(Faulty):
        def write(self, orders, advice):
            first = super().write(orders, advice)
            self.kept = getattr(self, "kept", [])
            self.kept += [c for c in first if c.conversation][:1]
            return [Candidate(c.order, self.kept[0].conversation) if n == 1 else c for n, c in enumerate(first)]

    writer = Repeating(GrammarWriter(shipped), lambda order: False)
    written = write_steered(writer, Plan(shipped, count=30, seed=1), lambda c: [], batch=10)
    assert len(written.conversations) == 30
    assert {r.reason for r in written.rejects} <= {TWICE, ALIKE}
    assert TWICE in {r.reason for r in written.rejects}


def test_a_subject_not_asked_yet_learns_from_the_others_of_its_kind_and_modality():
    steering = Steering()
    for number in range(9):
        steering.learn(Combination("disorder", f"clinical.{number}", "CBT"), ["blame"])
    assert steering.weight(Combination("disorder", "clinical.new", "CBT")) == pytest.approx(0.01)
    assert steering.weight(Combination("disorder", "clinical.new", "ACT")) == 1
