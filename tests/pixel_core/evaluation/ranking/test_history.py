"""The history of promotions: every decision once, in a chain that nobody can alter unnoticed."""

import shutil

import pytest

from pixel_core.artifacts import ArtifactError
from pixel_core.evaluation import AXES, build_promotion, quality, read_pointer
from pixel_core.evaluation.ranking.due import promoted, stale
from pixel_core.evaluation.ranking.history import HISTORY, Decision, added, ever_promoted, read_history, write_history
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard, write_scorecard
from tests.broken.sealing import seal
from tests.pixel_core.evaluation.boards import GOOD, board, place, promote
from tests.pixel_core.evaluation.world import RUN

FIRST = Decision("1" * 64, None, "a.4", {})
SECOND = Decision("2" * 64, "a.4", "a.4", {"a.8": {"eq": ["below base"]}})
THIRD = Decision("3" * 64, "a.4", "a.12", {})


def test_decisions_come_back_as_they_were_written(tmp_path):
    assert read_history(tmp_path) == ()
    write_history(tmp_path, [FIRST, SECOND, THIRD])
    assert read_history(tmp_path) == (FIRST, SECOND, THIRD)
    assert ever_promoted(read_history(tmp_path)) == ["a.4", "a.12"]


def test_a_decision_more_leaves_the_lines_before_it_alone(tmp_path):
    write_history(tmp_path, [FIRST, SECOND])
    before = (tmp_path / HISTORY).read_bytes()
    write_history(tmp_path, added(read_history(tmp_path), THIRD))
    assert (tmp_path / HISTORY).read_bytes().startswith(before)
    assert added((FIRST,), FIRST) == (FIRST,)


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [lines[0].replace("a.4", "a.5"), *lines[1:]],  # altered
        lambda lines: [lines[0], lines[2]],  # dropped
        lambda lines: [lines[1], lines[0], lines[2]],  # moved
        lambda lines: [*lines[:2], lines[2][:20]],  # torn
    ],
)
def test_a_broken_chain_is_named_and_not_gone_on_from(tmp_path, damage):
    write_history(tmp_path, [FIRST, SECOND, THIRD])
    lines = (tmp_path / HISTORY).read_text().splitlines()
    (tmp_path / HISTORY).write_text("\n".join(damage(lines)) + "\n")
    with pytest.raises(ArtifactError, match=r"line \d .*bring the file back"):
        read_history(tmp_path)


def decisions(home):
    return read_history(home / "promotion")


def test_every_decision_is_kept_and_a_refusal_with_its_axis(home):
    place(home, 8, GOOD)
    promote(home)
    place(home, 12, dict.fromkeys(AXES, (0.3, 0.5)) | {"clinical": (-0.05, -0.01)})
    promote(home)
    place(home, 16, dict.fromkeys(AXES, (0.4, 0.6)))
    built = promote(home)
    first, second, third = decisions(home)
    assert [(d.before, d.promoted) for d in (first, second, third)] == [
        (None, f"{RUN}.8"),
        (f"{RUN}.8", f"{RUN}.8"),
        (f"{RUN}.8", f"{RUN}.16"),
    ]
    assert second.refused == {f"{RUN}.12": {"clinical": ["below base"]}}
    assert built.summary.figures["decisions"] == 3
    assert built.summary.figures["ever_promoted"] == 2
    assert quality.check_promotion(built.folder, home / "training_run").passed
    again = build_promotion(home / "leaderboard", home / "scorecard", home / "training_run", home / "promotion", force=True)
    assert again.manifest == built.manifest


def test_the_history_outlives_an_interrupted_swap_and_a_lost_pointer(home):
    place(home, 8, GOOD)
    promote(home)
    (home / "promotion").rename(home / ".promotion.previous")  # killed between the two renames of the swap
    place(home, 12, dict.fromkeys(AXES, (0.2, 0.4)))
    promote(home)
    assert ever_promoted(decisions(home)) == [f"{RUN}.8", f"{RUN}.12"]
    (home / "promotion" / "promoted.json").unlink()
    promote(home)
    assert read_pointer(home / "promotion") == f"{RUN}.12"
    assert len(decisions(home)) == 2


def test_a_history_that_does_not_end_at_the_pointer_fails_the_check(home):
    place(home, 8, GOOD)
    folder = promote(home).folder
    write_history(folder, [*decisions(home), Decision("4" * 64, f"{RUN}.8", f"{RUN}.4", {})])
    seal(folder)
    found = quality.check_promotion(folder, home / "training_run")
    assert [finding.name for finding in found.failed] == ["last promoted by the history"]


def test_what_was_ever_promoted_is_measured_again_while_it_is_there(home, world):
    place(home, 8, GOOD)
    promote(home)
    place(home, 12, dict.fromkeys(AXES, (0.2, 0.4)))
    promote(home)
    runs = home / "training_run" / RUN
    folders = {f"{RUN}.{step}": runs / f"checkpoint-{step}" for step in (0, 4, 8, 12)}
    assert promoted(folders, world.packed, home / "promotion") == [f"{RUN}.8", f"{RUN}.12"]
    shutil.rmtree(runs / "checkpoint-8")
    assert promoted(folders, world.packed, home / "promotion") == [f"{RUN}.12"]
    assert promoted(folders, home / "leaderboard", home / "promotion") == []
    assert promoted(folders, world.packed, home / "none") == []


def test_stale_is_what_another_evaluator_measured_or_other_items_than_the_newest_was_asked(home, world):
    place(home, 8, GOOD)
    folders = {f"{RUN}.{step}": home / "training_run" / RUN / f"checkpoint-{step}" for step in (0, 4, 8)}

    def found():
        board(home)
        return set(stale(folders, world.packed, home / "leaderboard"))

    assert found() == set()
    rewrite(home, 4, evaluator="0")
    assert found() == {f"{RUN}.4"}
    card = read_scorecard(home / "scorecard" / f"{RUN}.8" / SCORECARD)
    rewrite(home, 8, tasks={name: task.model_copy(update={"digest": "5" * 64}) for name, task in card.tasks.items()})
    assert found() == {f"{RUN}.0", f"{RUN}.4"}
    assert stale(folders, home / "scorecard", home / "leaderboard") == []
    assert stale(folders, world.packed, home / "none") == []


def rewrite(home, step, **changes):
    folder = home / "scorecard" / f"{RUN}.{step}"
    write_scorecard(folder / SCORECARD, read_scorecard(folder / SCORECARD).model_copy(update=changes))
    seal(folder)
