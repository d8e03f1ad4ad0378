import pytest

from pixel_core.objectives.curriculum import Curriculum
from pixel_core.recipe.steering import CurriculumRecipe


def curriculum(**recipe):
    return Curriculum(CurriculumRecipe(**recipe), 12)


def test_without_a_curriculum_every_step_sees_everything():
    own = curriculum()
    assert not own.on and own.share == 1 and own.empathy is None
    assert own.after_step(5) == own.after_validation(5, 0.5) == []


def test_scheduled_stages_are_of_equal_length():
    own = curriculum(mode="scheduled", shares=(0.3, 0.6, 1.0), staged_empathy=True)
    found, events = [], []
    for step in range(1, 13):
        found.append((own.share, own.empathy))
        events += own.after_step(step)
    assert found == [(0.3, 1)] * 4 + [(0.6, 2)] * 4 + [(1.0, 3)] * 4
    assert [(event["step"], event["event"], event["stage"]) for event in events] == [(4, "stage", 1), (8, "stage", 2)]
    assert own.after_validation(12, 0.0) == []


@pytest.mark.parametrize(("shares", "learnt"), [((1.0,), [3]), ((0.5, 1.0), [1, 3]), ((0.2, 0.4, 0.7, 1.0), [1, 2, 3, 4])])
def test_the_last_stage_learns_all_of_empathy_however_few_stages_there_are(shares, learnt):
    own = curriculum(mode="scheduled", shares=shares, staged_empathy=True)
    found = []
    for step in range(1, 13):
        found.append(own.empathy)
        own.after_step(step)
    assert list(dict.fromkeys(found)) == learnt


def test_a_milestone_leads_on_and_a_regression_back():
    own = curriculum(mode="adaptive", shares=(0.5, 0.8, 1.0), milestones=(0.1, 0.2), tolerance=0.05)
    course = [(0.0, 0), (0.12, 1), (0.15, 1), (0.08, 0), (0.06, 0), (0.12, 1), (0.25, 2), (0.3, 2), (0.1, 1)]
    events = []
    for step, (score, stage) in enumerate(course):
        assert own.after_step(step) == []
        events += own.after_validation(step, score)
        assert own.stage == stage, f"after validation {step}"
    assert [(event["step"], event["event"]) for event in events] == [
        (1, "milestone"),
        (3, "regression"),
        (5, "milestone"),
        (6, "milestone"),
        (8, "regression"),
    ]
    assert events[1] == {"step": 3, "event": "regression", "stage": 0, "from_stage": 1, "score": 0.08, "best": 0.15}


def test_a_regression_in_the_first_stage_is_told():
    own = curriculum(mode="adaptive")
    own.after_validation(0, 0.02)
    (event,) = own.after_validation(1, -0.1)
    assert (event["event"], event["stage"]) == ("regression", 0)


def test_a_resumed_curriculum_stands_where_it_was():
    own, fresh = (curriculum(mode="adaptive") for _ in range(2))
    own.after_validation(0, 0.05)
    fresh.restore(own.state())
    assert fresh.stage == own.stage == 1
    assert fresh.after_validation(1, 0.01) == own.after_validation(1, 0.01) != []


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"shares": (0.5, 0.9)}, "shares must rise to 1"),
        ({"shares": (0.9, 0.5, 1.0)}, "shares must rise to 1"),
        ({"mode": "adaptive", "milestones": (0.1,)}, "one fewer than shares"),
        ({"staged_empathy": True}, "staged_empathy needs a curriculum"),
    ],
)
def test_curricula_that_make_no_sense_are_refused(recipe, message):
    with pytest.raises(ValueError, match=message):
        CurriculumRecipe(**recipe)
