"""A scorecard beside that of the last promoted checkpoint: paired where both answered, and left as it is until it is asked for anew."""

import json

import pytest

from pixel_core.artifacts import ArtifactError, Summary, finish, read_manifest, write_json
from pixel_core.evaluation import AXES, build_scorecard, promoted_scorecard, read_pointer
from pixel_core.evaluation.asking import ask, ask_all
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.ranking.progression import progression_of
from pixel_core.evaluation.ranking.promotion import POINTER
from pixel_core.evaluation.respondents.respondent import NotAnsweredError
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard
from tests.pixel_core.evaluation.boards import GOOD, place, promote
from tests.pixel_core.evaluation.scripted import Knowing
from tests.pixel_core.evaluation.test_harness import SETTINGS, choice_task
from tests.pixel_core.evaluation.world import RUN

BASE, KEY = f"{RUN}.0", f"{RUN}.4"


@pytest.fixture
def folders(world):
    return {axis: world.artifacts / f"{axis}_evaluation" / KEY for axis in AXES}


def test_every_figure_stands_beside_the_promoted_one_on_the_items_of_both(world, folders, tmp_path):
    built = build_scorecard(folders, tmp_path / "card", promoted=world.artifacts / "scorecard" / BASE)
    card = read_scorecard(built.folder / SCORECARD)
    assert card.promoted == BASE
    measured = [figure for figure in card.figures if figure.status == "measured"]
    for figure in measured:  # the promoted one is the base here, so that both comparisons must be the same
        assert (figure.promoted, figure.against_promoted) == (figure.base, figure.difference), figure.name
    assert any(figure.against_promoted.value for figure in measured)


def test_a_checkpoint_is_not_compared_with_itself(world, folders, tmp_path):
    card = read_scorecard(build_scorecard(folders, tmp_path / "card", promoted=world.artifacts / "scorecard" / KEY).folder / SCORECARD)
    assert card.promoted is None
    assert all(figure.against_promoted is None for figure in card.figures)


def test_what_is_promoted_later_changes_a_scorecard_only_by_force(world, folders, tmp_path):
    before = build_scorecard(folders, tmp_path / "card")
    later = build_scorecard(folders, tmp_path / "card", promoted=world.artifacts / "scorecard" / BASE)
    assert later.skipped
    assert later.manifest == before.manifest
    forced = build_scorecard(folders, tmp_path / "card", promoted=world.artifacts / "scorecard" / BASE, force=True)
    assert read_scorecard(forced.folder / SCORECARD).promoted == BASE


def test_the_promoted_scorecard_is_that_of_the_pointer(world, tmp_path):
    scorecards, promotion = world.artifacts / "scorecard", tmp_path / "promotion"
    assert promoted_scorecard(promotion, scorecards) is None
    for chosen, expected in ((None, None), (KEY, scorecards / KEY), ("gone.7", None)):
        promotion.mkdir(exist_ok=True)
        write_json(promotion / POINTER, {"checkpoint": chosen, "digest": None})
        finish(promotion, kind="promotion", version="1", inputs={}, summary=Summary())
        assert promoted_scorecard(promotion, scorecards) == expected


def test_a_scorecard_of_another_form_is_refused(world, tmp_path):
    raw = json.loads((world.artifacts / "scorecard" / KEY / SCORECARD).read_text())
    for version in ("1", None):
        raw["schema_version"] = version
        path = tmp_path / SCORECARD
        path.write_text(json.dumps(raw if version else {k: v for k, v in raw.items() if k != "schema_version"}))
        with pytest.raises(ArtifactError, match="evaluate the checkpoint again"):
            read_scorecard(path)


def test_a_promoted_scorecard_of_an_older_schema_stops_nothing_until_it_is_measured_again(home, world):
    """Else no scorecard could be built after an upgrade, not even that one's own."""
    place(home, 8, GOOD)
    promote(home)
    folder = home / "scorecard" / f"{RUN}.8"
    assert promoted_scorecard(home / "promotion", home / "scorecard") == folder
    raw, summary = json.loads((folder / SCORECARD).read_text()), read_manifest(folder).summary
    (folder / SCORECARD).write_text(json.dumps(raw | {"schema_version": "2"}))
    finish(folder, kind="scorecard", version="1", inputs={}, summary=summary)
    assert promoted_scorecard(home / "promotion", home / "scorecard") is None
    assert {point.step for course in progression_of(RUN, home / "scorecard") for point in course.points} == {0, 4}
    assert read_pointer(home / "promotion") == f"{RUN}.8"


def test_one_of_the_form_before_is_read_as_it_is(home):
    """It lacks nothing, and stands beside new ones as before."""
    place(home, 8, GOOD)
    promote(home)
    folder = home / "scorecard" / f"{RUN}.8"
    raw, summary = json.loads((folder / SCORECARD).read_text()), read_manifest(folder).summary
    assert raw["schema_version"] == "4"
    (folder / SCORECARD).write_text(json.dumps(raw | {"schema_version": "3"}))
    finish(folder, kind="scorecard", version="5", inputs={}, summary=summary)
    assert promoted_scorecard(home / "promotion", home / "scorecard") == folder


class Mute:
    """Has no way to answer."""

    def likelihoods(self, dialogues, choices):
        raise NotAnsweredError("it has no likelihoods")


class Lettered:
    """Ranks one choice, and answers the last item with nothing that could be parsed."""

    def likelihoods(self, dialogues, choices):
        nothing = float("nan")
        return [[nothing, 0.0, nothing, nothing] for _ in dialogues[1:]] + [[nothing] * 4]


def test_what_cannot_be_answered_is_no_zero():
    task = choice_task()
    asked = ask_all([task], Mute())
    assert (asked.items.height, asked.judgements.height) == (0, 0)
    figure = figures_of([task], asked.items, SETTINGS)[0]
    assert (figure.status, figure.value, figure.n) == ("not answered", None, 0)


def test_one_letter_ranks_one_choice_and_no_letter_is_wrong():
    from pixel_core.evaluation.figures import Measure

    task = choice_task(top=(1, 3), measures=(Measure("top1", "mean", "random", (0,)), Measure("top3", "mean", "random", (1,))))
    rows = ask([task], Lettered())
    top1, top3 = figures_of([task], rows, SETTINGS)
    assert (top1.value, top1.unparsed, top1.n) == (0.75, 1, 4)
    assert (top3.status, top3.value) == ("not answered", None)
    assert figures_of([choice_task()], ask([choice_task()], Knowing([choice_task()])), SETTINGS)[0].value == 1.0
