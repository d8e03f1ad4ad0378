from pixel_core.writing.goals import Goal


def test_a_goal_goes_forward_only():
    goal = Goal("the drinking")
    for state, turn in (("named", 0), ("explored", 2), ("named", 4), ("explored", 4), ("agreed", 8), ("worked_on", 10)):
        goal.reach(state, turn)
    assert goal.progress == [(0, "named"), (2, "explored"), (8, "agreed")]


def test_what_served_it_is_told_once_each():
    goal = Goal("the drinking")
    goal.work("evoking_change", "worked_on", 3)
    goal.work("evoking_change", "worked_on", 5)
    assert goal.to_json() == {
        "about": "the drinking",
        "through": ["evoking_change"],
        "progress": [{"turn": 3, "state": "worked_on"}],
        "reached": "worked_on",
    }
