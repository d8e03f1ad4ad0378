from collections import Counter
from pathlib import Path

import pytest
import yaml

from pixel_core.conversation import read_conversations
from pixel_core.corpus import build_edge_cases
from pixel_core.corpus.quality import check_label_values
from pixel_core.corpus.scenario import ScenarioError
from pixel_core.corpus.scenario_quality import check_edge_cases, check_nothing_ruled_out

SHIPPED = Path(__file__).parents[3] / "data" / "scenarios" / "edge_cases.yaml"
SCENARIO = {
    "id": "quiet",
    "title": "Few words",
    "difficulty": 4,
    "crisis_level": 2,
    "client": {"age": 24, "context": "Violin student.", "presenting": "Hardly speaks.", "stance": "Silence."},
    "goals": ["stay"],
    "good_reply": ["is short"],
    "never": [{"what": "push", "signs": r"\bhurry\b", "example": "Now hurry up."}],
    "techniques": ["reassurance", "simple_reflection"],
    "client_lines": ["...", "I don't know."],
    "therapist_lines": [{"technique": "reassurance", "text": "We have time."}, {"technique": "simple_reflection", "text": "Hard to know."}],
}


def build(tmp_path, *scenarios):
    path = tmp_path / "edge_cases.yaml"
    path.write_text(yaml.safe_dump(list(scenarios)))
    return build_edge_cases(path, tmp_path / "out", force=True)


def both(tmp_path):
    rows = read_conversations(build(tmp_path, SCENARIO).folder / "conversations.parquet")
    return sorted(rows, key=lambda c: c.extra["learner"], reverse=True)


def test_the_therapist_learns_in_the_one_and_the_client_in_the_other(tmp_path):
    treating, playing = both(tmp_path)
    assert [(t.role, t.part, t.learn) for t in treating.turns] == [("user", "client", False), ("assistant", "therapist", True)] * 2
    assert [(t.role, t.part, t.learn) for t in playing.turns] == [
        ("system", "other", False),
        *[("assistant", "client", True), ("user", "therapist", False)] * 2,
    ]
    assert treating.group == playing.group
    assert {treating.category, playing.category} == {"personality"}
    assert treating.difficulty == playing.difficulty == 4


def test_training_mode_is_announced_with_the_client_sheet(tmp_path):
    _, playing = both(tmp_path)
    for words in ("Therapy training mode", "Violin student.", "Silence.", "4 of 5"):
        assert words in playing.turns[0].content


def test_techniques_are_shown_absent_or_open_and_the_crisis_sits_on_the_last_client_turn(tmp_path):
    for one in both(tmp_path):
        found = {
            (t.part, label.output): label.value for t in one.turns for label in t.labels if t.content in ("We have time.", "I don't know.")
        }
        assert found["therapist", "technique.reassurance"] == found["therapist", "intervention.reassurance"] == 1
        assert found["therapist", "technique.exposure"] == 0
        assert ("therapist", "technique.simple_reflection") not in found
        assert found["client", "crisis.level"] == 2
        assert Counter(label.output for _, label in one.labels)["crisis.level"] == 1


def test_all_shipped_scenarios_pass_their_checks(tmp_path):
    built = build_edge_cases(SHIPPED, tmp_path / "out")
    assert built.summary.rows == 2 * built.summary.figures["scenarios"]
    assert not built.summary.rejects
    assert check_edge_cases(built.folder).passed
    assert check_nothing_ruled_out(built.folder).passed
    assert check_label_values(built.folder).passed
    again = build_edge_cases(SHIPPED, tmp_path / "again")
    assert (built.folder / "conversations.parquet").read_bytes() == (again.folder / "conversations.parquet").read_bytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"techniques": ["hypnosis"]}, "outside_taxonomy"),
        ({"client_lines": ["one"]}, "unequal_lines"),
        ({"client_lines": []}, "missing_field"),
        ({"therapist_lines": ["text"]}, "missing_field"),
        ({"crisis_level": 7}, "out_of_range"),
        ({"difficulty": 9}, "bad_difficulty"),
        ({"difficulty": "hard"}, "bad_difficulty"),
        ({"client": {"age": 3}}, "missing_field"),
        ({"id": ""}, "missing_field"),
        ({"never": ["push"]}, "missing_field"),
        ({"never": [{"what": "push", "signs": "(", "example": "Now."}]}, "bad_pattern"),
        ({"never": [{"what": "push", "signs": "hurry", "example": "Take your time."}]}, "rule_cannot_fail"),
        ({"never": [{"what": "forget the time", "needs": "time", "example": "We have time."}]}, "rule_cannot_fail"),
        ({"id": "other"}, "repeated_id"),
    ],
)
def test_a_malformed_scenario_is_rejected_alone(tmp_path, change, reason):
    built = build(tmp_path, SCENARIO | {"id": "other"}, SCENARIO | change)
    assert built.summary.rows == 2
    assert built.summary.rejects == {reason: 1}


@pytest.mark.parametrize(("text", "message"), [("a: 1", "list of scenarios"), ("[", "not YAML"), (None, "does not exist")])
def test_a_file_without_scenarios_is_an_error(tmp_path, text, message):
    if text is not None:
        (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ScenarioError, match=message):
        build_edge_cases(tmp_path / "x.yaml", tmp_path / "out")
