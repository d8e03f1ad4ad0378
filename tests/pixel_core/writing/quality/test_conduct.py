from dataclasses import replace

import pytest

from pixel_core.conversation import Label
from pixel_core.writing.modalities import CRISIS, modality
from pixel_core.writing.quality.conduct import conduct_faults


def noted(conversation, **extra):
    return replace(conversation, extra={**conversation.extra, **extra})


def relabelled(conversation, index, output):
    turns = list(conversation.turns)
    turns[index] = replace(turns[index], labels=(*turns[index].labels, Label(output, 1.0, "derived:grammar")))
    return replace(conversation, turns=tuple(turns))


@pytest.fixture(scope="module")
def session(written):
    """A person-centred session about one disorder, which the client begins."""
    held = (c for c in written if c.extra["kind"] == "disorder" and c.extra["modality"] == "person-centred")
    return next(c for c in held if c.turns[0].part == "client")


@pytest.fixture(scope="module")
def differential(written):
    return next(c for c in written if c.extra["kind"] == "differential")


def test_nothing_speaks_against_what_is_written(written):
    assert [fault for c in written for fault in conduct_faults(c)] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda c: noted(c, modality="hypnosis"), "unknown_modality"),
        (lambda c: relabelled(c, 1, "technique.suggestion"), "technique_outside_modality"),
        (lambda c: noted(c, moves=[{**m, "move": "chain"} for m in c.extra["moves"]]), "unknown_move"),
        (lambda c: noted(c, modality="DBT", base_modality="person-centred"), "modality_hardly_shown"),
        (lambda c: noted(c, modality=CRISIS), "danger_is_crisis_work"),
        (lambda c: noted(c, goals=[{"about": "x", "progress": []}]), "goal_without_progress"),
        (
            lambda c: noted(c, goals=[{"about": "x", "progress": [{"turn": 4, "state": "worked_on"}, {"turn": 6, "state": "named"}]}]),
            "goal_goes_back",
        ),
        (lambda c: noted(c, kind="differential"), "differential_missing"),
    ],
)
def test_each_fault_is_found(session, change, fault):
    assert fault in list(conduct_faults(change(session)))


def test_a_differential_rests_on_evidence_and_on_an_answer(differential):
    asked = differential.extra["differential"]["asked"]
    turns = list(differential.turns)
    turns[asked] = replace(turns[asked], evidence=())
    assert "differential_without_evidence" in list(conduct_faults(replace(differential, turns=tuple(turns))))
    elsewhere = {**differential.extra["differential"], "discriminating": "Z9"}
    assert "differential_without_evidence" in list(conduct_faults(noted(differential, differential=elsewhere)))


def test_danger_is_asked_about_made_safer_planned_and_handed_over(written):
    crises = [c for c in written if c.extra.get("modality") == CRISIS]
    assert len(crises) >= 5
    for conversation in crises:
        moves = [m["move"] for m in conversation.extra["moves"] if m["move"] in modality(CRISIS).moves]
        assert moves[:2] == ["ask_directly", "assess_danger"]
        assert moves[-2:] == ["plan", "warm_handover"]
        assert conversation.extra["goals"][0]["about"] == "safety"


def test_reasons_and_grounds_stand_beside_every_turn(session):
    therapist = [i for i, turn in enumerate(session.turns) if turn.part == "therapist"]
    moves = {m["turn"]: m for m in session.extra["moves"]}
    assert sorted(moves) == therapist
    assert all(m["rationale"] for m in moves.values())
    voiced = {f"{v['class']}:{v['feature']}" for v in session.extra["voiced"]}
    assert any(m["rests_on"] for m in moves.values())
    assert {key for m in moves.values() for key in m["rests_on"]} <= voiced
