"""The teacher writer against a server on loopback that answers to the order, or misbehaves."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pixel_core.conversation import Evidence, to_frame
from pixel_core.endpoint import Endpoint, EndpointError
from pixel_core.writing.care import RISK, duties, owed_to
from pixel_core.writing.feedback import write_steered
from pixel_core.writing.judge import judge
from pixel_core.writing.orders import Plan
from pixel_core.writing.phrases import bank
from pixel_core.writing.standards import Standards
from pixel_core.writing.teacher import TeacherWriter
from pixel_core.writing.teacher.offer import offer
from pixel_core.writing.teacher.prompt import prompt
from pixel_core.writing.writer import Order
from tests.endpoint_server import cuts_body, cuts_stream, says, sends, serve_endpoint, status
from tests.pixel_core.writing.teacher_model import answer_to

COUNT = 12


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        running.answer = lambda body: json.dumps(answer_to(body))
        yield running


def changed(change):
    """A server's answer with something wrong in it."""

    def behave(handler, body):
        value = answer_to(body)
        change(value)
        says(json.dumps(value))(handler, body)

    return behave


def teacher_of(server, shipped, cache, *, stream=False, concurrency=4, **changes):
    given = {"concurrency": concurrency, "price_per_million": (2.0, 10.0), "stream": stream}
    endpoint = Endpoint(server.url, "wise", None, timeout=5, retries=2, backoff=0.01, **given)
    return TeacherWriter(shipped, endpoint, cache, {"temperature": 0.8}, **changes)


def written_by(teacher, count=COUNT, batch=5):
    standards = Standards.of(teacher.material)
    return write_steered(teacher, Plan(teacher.material, count=count, seed=3, leads=True), lambda c: judge(c, standards), batch=batch)


def first(teacher, kind="disorder", **wanted):
    orders = Plan(teacher.material, count=200, seed=3, leads=True).next(200)
    return next(o for o in orders if o.kind == kind and all(getattr(o, k) == v for k, v in wanted.items()))


def test_what_a_teacher_writes_passes_the_judge_and_names_who_decided(server, shipped, tmp_path):
    written = written_by(teacher_of(server, shipped, tmp_path), count=40, batch=20)
    assert len(written.conversations) == 40
    kinds = {c.extra["kind"] for c in written.conversations}
    assert {"disorder", "psychodynamic", "everyday", "questions"} <= kinds
    for conversation in written.conversations:
        assert conversation.extra["writer"] == "teacher:wise"
        for one in conversation.turns:
            assert one.learn == (one.role == "assistant")
            for label in one.labels:
                assert label.source in {
                    "technique": {"model:wise"},
                    "intervention": {"model:wise"},
                    "crisis": {"model:wise", "derived:crisis_cues"},
                }.get(label.head, {"derived:order"})


def test_every_turn_rests_on_what_it_names(server, shipped, tmp_path):
    teacher = teacher_of(server, shipped, tmp_path)
    order = first(teacher)
    (candidate,) = teacher.write([order], {})
    conversation = candidate.conversation
    assert len(conversation.extra["voiced"]) >= 3
    for entry in conversation.extra["voiced"]:
        feature = next(f for key, _, f in order.features if key == f"{entry['class']}:{entry['feature']}")
        assert {s.evidence for s in (feature.text, *feature.voiced) if s} & set(conversation.turns[entry["turn"]].evidence)
    assert all(one.evidence for one in conversation.turns if one.part == "therapist")
    assert [m["rationale"] for m in conversation.extra["moves"]] == ["takes up what was said"] * 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v["turns"][0]["features"].append("F99:A1"), "invented_evidence"),
        (lambda v: v["turns"][1]["rests_on"].append("passage:made-up"), "invented_evidence"),
        (lambda v: v["turns"][1]["features"].append(v["turns"][0]["features"][0]), "feature_in_wrong_mouth"),
        (lambda v: [t["features"].clear() for t in v["turns"]], "no_voiced_feature"),
        (lambda v: v["turns"].pop(), None),
        (lambda v: v["turns"].pop(2), "turns_do_not_alternate"),
        (lambda v: v["turns"].__delitem__(slice(2, None)), "turn_count"),
        (lambda v: v["turns"].extend(v["turns"] * 3), "turn_count"),
    ],
)
def test_what_was_not_ordered_is_a_reject(server, shipped, tmp_path, change, reason):
    teacher = teacher_of(server, shipped, tmp_path)
    server.then(changed(change))
    (candidate,) = teacher.write([first(teacher)], {})
    assert candidate.reason == (reason or "")
    assert (candidate.conversation is None) == bool(reason)


PASSING = {
    "429": status(429, Retry_After="0.05"),
    "500": status(500),
    "short body": cuts_body,
    "cut stream": cuts_stream,
    "broken json": sends(b'{"choices": [{"mess'),
    "no json": says("Of course! Here it is."),
    "schema": changed(lambda v: v.pop("goals")),
    "technique": changed(lambda v: v["turns"][1]["techniques"].append("hypnosis")),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_passing_fault_is_asked_again_and_leaves_no_trace_but_in_the_figures(server, shipped, tmp_path, fault):
    clean = written_by(teacher_of(server, shipped, tmp_path / "clean"))
    server.then(fault, fault)
    teacher = teacher_of(server, shipped, tmp_path / "faulty", stream=fault is cuts_stream)
    faulty = written_by(teacher)
    assert faulty == clean
    assert teacher.figures["teacher_retries"] >= 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(says("", refusal="no"), "declined"), (says('{"concern"', finish="length"), "cut_off"), (status(400), "rejected_request")],
)
def test_a_refusal_is_a_reject_that_is_kept_too(server, shipped, tmp_path, fault, kind):
    server.then(*[fault] * (2 if kind == "rejected_request" else 1))  # a refused form is asked for in another form first
    teacher = teacher_of(server, shipped, tmp_path, concurrency=1)
    written = written_by(teacher)
    assert [r.reason for r in written.rejects] == [kind]
    assert len(written.conversations) == COUNT
    calls, again = len(server.received), teacher_of(server, shipped, tmp_path)
    assert written_by(again) == written
    assert len(server.received) == calls
    assert again.figures == teacher.figures


def test_a_rerun_is_the_same_to_the_byte_and_costs_nothing(server, shipped, tmp_path):
    teacher, again = teacher_of(server, shipped, tmp_path), teacher_of(server, shipped, tmp_path)
    written = written_by(teacher)
    calls = len(server.received)
    assert to_frame(written_by(again).conversations).equals(to_frame(written.conversations))
    assert len(server.received) == calls
    assert again.figures == teacher.figures
    assert teacher.figures["teacher_cost"] == pytest.approx(calls * (3 * 2 + 5 * 10) / 1e6)


def test_an_interrupted_writing_goes_on_at_no_further_cost(server, shipped, tmp_path):
    whole = written_by(teacher_of(server, shipped, tmp_path / "whole"))
    calls = len(server.received)
    server.received.clear()
    server.then(*[says()] * (calls // 2), *[status(401)] * 4)
    with pytest.raises(EndpointError, match="check the key"):
        written_by(teacher_of(server, shipped, tmp_path / "cut"))
    server._planned.clear()
    paid = len(list((tmp_path / "cut").glob("*.json")))
    assert paid >= calls // 2
    server.received.clear()
    assert written_by(teacher_of(server, shipped, tmp_path / "cut")) == whole
    assert len(server.received) == calls - paid


def test_a_server_that_loses_requests_stops_the_writing_and_decides_nothing(server, shipped, tmp_path):
    server.then(*[status(500)] * 200)
    with pytest.raises(EndpointError, match="run again, what is answered is kept"):
        written_by(teacher_of(server, shipped, tmp_path))
    server._planned.clear()
    assert written_by(teacher_of(server, shipped, tmp_path)) == written_by(teacher_of(server, shipped, tmp_path / "other"))


def test_the_bound_of_calls_holds(server, shipped, tmp_path):
    server.seconds = 0.01
    written_by(teacher_of(server, shipped, tmp_path), batch=COUNT)
    assert 1 < server.most_in_flight <= 4


def test_rejects_are_named_in_the_next_prompt(server, shipped, tmp_path):
    def blunt(value):
        value["turns"][1]["text"] = "That is a clear case of panic disorder, you know."

    server.then(*[changed(blunt)] * 5, about="Kind of conversation: disorder")
    written = written_by(teacher_of(server, shipped, tmp_path), count=20, batch=10)
    assert {r.reason for r in written.rejects} == {"diagnosis_named"}
    told = [p for p in server.prompts if "The therapist uses no name of a disorder" in p]
    assert told
    assert all("Kind of conversation: disorder" in p or "comorbid" in p for p in told)


def test_retrieved_passages_are_offered_and_may_be_rested_on(server, shipped, tmp_path):
    asked = []

    def retrieve(query, k):
        asked.append((query, k))
        return [SimpleNamespace(id="sleep.md#3", text="A fixed rising time steadies sleep.", file="sleep.md", start=40, end=75)] * k

    teacher = teacher_of(server, shipped, tmp_path, retrieve=retrieve, passages=1)
    server.then(changed(lambda v: v["turns"][1]["rests_on"].append("passage:sleep.md#3")))
    order = first(teacher)
    (candidate,) = teacher.write([order], {})
    assert "- passage:sleep.md#3: A fixed rising time steadies sleep." in server.prompts[0]
    assert asked[0][1] == 1
    assert order.pictures[0].name in asked[0][0]
    assert Evidence("knowledge/sleep.md", 40, 75) in candidate.conversation.turns[1].evidence
    assert "knowledge/sleep.md" in {p.uri for p in candidate.conversation.provenance}


def test_a_teacher_is_told_of_every_duty_that_clients_of_a_class_are_owed(shipped):
    told, codes = bank("teacher")["duties"], {code for duty in duties().values() for code in duty.codes}
    assert len(codes) > 20
    assert {name for code in codes for name in owed_to([code])} | {RISK} <= told.keys()
    for code in codes:
        order = Order("a", "disorder", (replace(shipped.speaking("clinical")[0], id=code),))
        asked = prompt(order, offer(order, shipped), [])[1].content
        assert all(told[name] in asked for name in owed_to([code]))


def test_a_thought_of_dying_is_ordered_labelled_and_answered_first(server, shipped, tmp_path):
    teacher = teacher_of(server, shipped, tmp_path)
    (candidate,) = teacher.write([first(teacher, risk=True)], {})
    levels = {i: label.value for i, label in candidate.conversation.labels if label.output == "crisis.level"}
    assert levels == {4: 2.0, 6: 2.0}
    assert candidate.conversation.difficulty >= 2


def test_a_teacher_is_offered_one_pole_of_a_class_and_never_both(shipped):
    divided = [p for p in shipped.speaking("pdm2") if p.poles]
    assert len(divided) >= 10
    offered = {
        (p.id, n): {one.feature.pole for one in offer(Order(f"{n}", "psychodynamic", (p,)), shipped).features.values()} - {""}
        for p in divided
        for n in range(4)
    }
    assert all(len(poles) <= 1 for poles in offered.values())
    assert all({pole for (code, _), poles in offered.items() if code == p.id for pole in poles} <= set(p.poles) for p in divided)
    assert len({(code, *poles) for (code, _), poles in offered.items() if poles}) > len(divided), "now the one, now the other"
