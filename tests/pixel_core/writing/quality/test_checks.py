from dataclasses import replace

import pytest

from pixel_core.conversation import Label
from pixel_core.writing.quality import check_record, check_variety


def reasons(conversations):
    return {reason for finding in check_record(conversations).failed for reason in finding.reasons}


def on_turn(conversation, index, **changes):
    turns = list(conversation.turns)
    turns[index] = replace(turns[index], **changes)
    return replace(conversation, turns=tuple(turns))


@pytest.fixture
def sound(written):
    """A conversation about one disorder that begins with the client."""
    return next(c for c in written if c.extra["kind"] == "disorder" and c.turns[0].part == "client" and c.extra["voiced"][0]["turn"] == 0)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda c: replace(c, difficulty=c.difficulty % 5 + 1), "difficulty_rule"),
        (lambda c: on_turn(c, 0, evidence=()), "voiced_without_evidence"),
        (lambda c: on_turn(c, 0, labels=()), "class_label_place"),
        (lambda c: on_turn(c, 1, labels=(Label("technique.magic", 1, "human"),)), "unknown_label"),
        (lambda c: on_turn(c, 0, labels=(*c.turns[0].labels, Label("crisis.level", 7, "human"))), "unknown_label"),
        (lambda c: on_turn(c, 1, learn=False), "learn_flag"),
        (lambda c: replace(c, turns=c.turns[:4]), "turn_count"),
        (lambda c: replace(c, provenance=()), "no_provenance"),
    ],
)
def test_each_fault_is_found(sound, spoil, reason):
    assert reasons([sound]) == set()
    assert reason in reasons([spoil(sound)])


def test_doubles_and_disorder_are_found(written):
    assert reasons([written[0], written[0]]) == {"duplicate_id"}
    assert reasons([written[1], written[0]]) == {"not_sorted"}
    assert [f.name for f in check_record([]).failed] == ["conversations"]


def test_sameness_is_found(written):
    twins = [on_turn(c, -1, content=c.turns[-1].content + " Goodbye.") for c in written[:20]]
    assert "near_duplicate_share" in {f.name for f in check_variety([*written, *twins]).failed}
