"""A new checkpoint is evaluated by itself: check, five axes, scorecard, leaderboard, promotion; a broken one stops nothing."""

import shutil
from datetime import UTC, datetime
from itertools import product

import dagster as dg
import polars as pl
import pytest

from pixel_assets.checkpoints import announce_checkpoints
from pixel_assets.definitions import defs
from pixel_core.evaluation import AXES, build_leaderboard, build_scorecard, evaluate_checkpoint, read_pointer
from pixel_core.evaluation.ranking.history import Decision, write_history
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard, write_scorecard
from pixel_core.recipe import load_recipe
from tests.broken.sealing import seal
from tests.pixel_core.evaluation.world import RUN, write_run, write_world

DEFINITIONS = defs()
GRAPH = DEFINITIONS.resolve_asset_graph()
JOB = DEFINITIONS.resolve_implicit_global_asset_job_def()
UPSTREAM = ("knowledge_index", "dsm5_criteria", "packed_dataset", "training_mixture", "head_examples", "personality_profile")
EVALUATIONS = {f"{axis}_evaluation" for axis in AXES}
CHECK = "checkpoint:checkpoint_is_whole"
SMALL = {
    "evaluation.bootstrap": "20",
    "evaluation.reply_tokens": "2",
    "evaluation.replies": "2",
    "evaluation.items": "4",
    "evaluation.eq_items": "5",
    "evaluation.vignettes": "4",
}


class Automation:
    """The daemon's part: evaluates the conditions of the sensor's targets, and runs what they ask for."""

    def __init__(self, home, instance):
        self.home, self.instance, self.cursor = home, instance, None
        sensor = next(s for s in DEFINITIONS.get_repository_def().sensor_defs if s.name == "evaluation_automation")
        self.target = sensor.asset_selection

    def tick(self):
        """What is asked for, by partition."""
        found = dg.evaluate_automation_conditions(defs=DEFINITIONS, instance=self.instance, asset_selection=self.target, cursor=self.cursor)
        self.cursor = found.cursor
        asked = {}
        with dg.partition_loading_context(effective_dt=datetime.now(UTC), dynamic_partitions_store=self.instance):
            for result in found.results:
                if result.true_subset.size:
                    keys = result.true_subset.expensively_compute_asset_partitions() if isinstance(result.key, dg.AssetKey) else ()
                    asked[result.key.to_user_string()] = {k.partition_key for k in keys}
        return asked

    def run(self, asked, partition=None):
        """One run of what was asked for a partition, as the daemon does it; returns whether it succeeded.

        Assets run with all of their checks, unless checks were asked for: then with those and no others.
        """
        assets = {dg.AssetKey(name) for name in asked if ":" not in name}
        checks = {k for k in GRAPH.asset_check_keys if k.to_user_string() in asked} or GRAPH.get_check_keys_for_assets(assets)
        config = {"config": {"overrides": SMALL}}
        result = JOB.get_subset(asset_selection=assets, asset_check_selection=checks).execute_in_process(
            instance=self.instance,
            run_config={"ops": {key.to_user_string(): config for key in assets}},
            tags={"dagster/partition": partition} if partition else None,
            raise_on_error=False,
        )
        return result.success


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A home with two checkpoints that were evaluated already, but for one axis, and a broken third one."""
    home = tmp_path_factory.mktemp("evaluated")
    data, recipe = write_world(home), load_recipe("tiny", [f"{key}={value}" for key, value in SMALL.items()])
    folders = write_run(home, (0, 4, 8))
    for step in (0, 4):
        evaluate_checkpoint(folders[step], home / "artifacts", data=data, packed=home / "artifacts" / "packed_dataset", recipe=recipe)
    shutil.rmtree(home / "artifacts" / "persona_evaluation" / f"{RUN}.4")
    shutil.rmtree(home / "artifacts" / "scorecard")
    return home


@pytest.fixture
def automation(tmp_path, monkeypatch, evaluated):
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path))
    shutil.copytree(evaluated, tmp_path, dirs_exist_ok=True)
    with dg.instance_for_test() as instance:
        for name in UPSTREAM:
            instance.report_runless_asset_event(dg.AssetMaterialization(name))
            for key in GRAPH.get_check_keys_for_assets({dg.AssetKey(name)}):
                report(instance, key, passed=True)
        yield Automation(tmp_path, instance)


def report(instance, check, passed):
    """What a check of the data, which is not run here, came to."""
    found = dg.AssetCheckEvaluation(asset_key=check.asset_key, check_name=check.name, passed=passed, metadata={})
    instance.report_runless_asset_event(found)


def test_from_announced_checkpoints_to_the_promotion_past_a_broken_one(automation):
    assert automation.tick() == {}
    keys = announce_checkpoints(automation.instance)
    assert keys == [f"{RUN}.{step}" for step in (0, 4, 8)]
    weights = automation.home / "artifacts" / "training_run" / RUN / "checkpoint-8" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert set(automation.tick()) == {CHECK}  # and nothing beside it, or the checks of what stands beside it would not be run
    assert [automation.run({CHECK}, key) for key in keys] == [True, True, False]
    asked = automation.tick()
    assert asked == {name: set(keys[:2]) for name in EVALUATIONS}
    assert all(automation.run(asked, key) for key in keys[:2])
    assert automation.tick() == {"scorecard": set(keys[:2])}
    assert all(automation.run({"scorecard"}, key) for key in keys[:2])
    assert set(automation.tick()) == {"leaderboard", "promotion"}
    assert automation.run({"leaderboard", "promotion"})
    assert automation.tick() == {}
    board = pl.read_parquet(automation.home / "artifacts" / "leaderboard" / LEADERBOARD)
    assert sorted(board["checkpoint"]) == keys[:2]
    assert read_pointer(automation.home / "artifacts" / "promotion") in (None, keys[1])


@pytest.mark.slow
def test_a_failed_blocking_check_of_the_data_holds_evaluations_back_and_new_data_alone_start_none(automation):
    mixture = dg.AssetKey("training_mixture")
    check = next(k for k in GRAPH.get_check_keys_for_assets({mixture}) if GRAPH.get_check_spec(k).blocking)
    assert automation.tick() == {}
    report(automation.instance, check, passed=False)
    keys = announce_checkpoints(automation.instance)
    assert set(automation.tick()) == {CHECK}
    for key in keys:
        assert automation.run({CHECK}, key)
    report(automation.instance, check, passed=True)
    assert set(automation.tick()) == EVALUATIONS
    for key, name in product(keys, EVALUATIONS):
        automation.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=key))
    automation.instance.report_runless_asset_event(dg.AssetMaterialization(mixture))
    assert not EVALUATIONS & set(automation.tick())


def requests(instance, name):
    """What a schedule asks for."""
    schedule = DEFINITIONS.get_repository_def().get_schedule_def(name)
    context = dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime(2026, 11, 22, 3, tzinfo=UTC),
        repository_def=DEFINITIONS.get_repository_def(),
    )
    with dg.partition_loading_context(effective_dt=datetime.now(UTC), dynamic_partitions_store=instance):
        return schedule.evaluate_tick(context).run_requests


def asked_again(instance, name):
    """By checkpoint that a schedule asks for, whether it is forced."""
    forced = {}
    for request in requests(instance, name):
        ops = request.run_config["ops"]
        assert set(ops) == EVALUATIONS | {"scorecard"}
        (forced[request.tags["dagster/partition"]],) = {op["config"]["force"] for op in ops.values()}
    return forced


def rank_the_base(home):
    """A scorecard of checkpoint-0, and the leaderboard of it alone."""
    artifacts, base = home / "artifacts", f"{RUN}.0"
    build_scorecard({axis: artifacts / f"{axis}_evaluation" / base for axis in AXES}, artifacts / "scorecard" / base)
    build_leaderboard(artifacts / "scorecard", artifacts / "leaderboard")


def test_the_nightly_schedule_repeats_newest_and_best_by_force(automation):
    assert asked_again(automation.instance, "nightly_evaluation") == {}
    announce_checkpoints(automation.instance)
    assert asked_again(automation.instance, "nightly_evaluation") == {f"{RUN}.8": True}
    rank_the_base(automation.home)
    assert asked_again(automation.instance, "nightly_evaluation") == {f"{RUN}.8": True, f"{RUN}.0": True}


def test_the_weekly_schedule_repeats_what_was_ever_promoted_and_both_take_what_is_stale(automation):
    announce_checkpoints(automation.instance)
    assert asked_again(automation.instance, "weekly_evaluation") == {}
    folder = automation.home / "artifacts" / "promotion"
    folder.mkdir()
    keys = [f"{RUN}.4", f"{RUN}.8", "gone.4"]
    write_history(folder, [Decision("0" * 64, before, key, {}) for before, key in zip([None, *keys], keys, strict=False)])
    assert asked_again(automation.instance, "weekly_evaluation") == {f"{RUN}.4": True, f"{RUN}.8": True}
    rank_the_base(automation.home)
    path = automation.home / "artifacts" / "scorecard" / f"{RUN}.0" / SCORECARD
    write_scorecard(path, read_scorecard(path).model_copy(update={"evaluator": "0"}))
    seal(path.parent)
    build_leaderboard(automation.home / "artifacts" / "scorecard", automation.home / "artifacts" / "leaderboard")
    assert asked_again(automation.instance, "weekly_evaluation") == {f"{RUN}.4": True, f"{RUN}.8": True, f"{RUN}.0": False}
    assert asked_again(automation.instance, "nightly_evaluation")[f"{RUN}.0"] is True  # it ranks best, too


def test_a_checkpoint_is_evaluated_while_its_run_still_trains(automation):
    assert automation.tick() == {}
    training = JOB.get_subset(asset_selection={dg.AssetKey("training_run")}, asset_check_selection=set())
    run = automation.instance.create_run_for_job(
        training, status=dg.DagsterRunStatus.STARTED, asset_selection={dg.AssetKey("training_run")}
    )
    (automation.home / "artifacts" / "training_run" / RUN / ".checkpoint-12.staging").mkdir()  # the next one is being written
    keys = announce_checkpoints(automation.instance)
    assert keys == [f"{RUN}.{step}" for step in (0, 4, 8)]
    assert set(automation.tick()) == {CHECK}
    assert all(automation.run({CHECK}, key) for key in keys)
    assert automation.tick() == {name: set(keys) for name in EVALUATIONS}
    assert automation.instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED
    # and no step of theirs waits for a slot that training holds
    pools = {name: GRAPH.get(dg.AssetKey(name)).pools for name in (*EVALUATIONS, "training_run")}
    assert pools.pop("training_run").isdisjoint(set().union(*pools.values()))


@pytest.mark.parametrize(
    "name", ["knowledge", "voice_playlists", "voice_profile", "voice", "corpus_sources", "corpus", "training", "evaluation"]
)
def test_named_jobs_select_assets_of_their_stage_alone(name):
    job = DEFINITIONS.resolve_job_def(name)
    stage = name.partition("_")[0]
    keys = job.asset_layer.selected_asset_keys
    assert keys
    assert {GRAPH.get(key).group_name for key in keys} == {stage}


def test_the_named_jobs_together_build_everything():
    names = ("knowledge", "voice_playlists", "voice_profile", "voice", "corpus_sources", "corpus", "training", "evaluation")
    built = {key for name in names for key in DEFINITIONS.resolve_job_def(name).asset_layer.selected_asset_keys}
    materializable = {key for key in GRAPH.get_all_asset_keys() if GRAPH.get(key).is_materializable}
    assert {key.to_user_string() for key in materializable - built} == {"loss_weight_search"}  # a study that no run needs


def test_what_starts_it_runs_by_default():
    repository = DEFINITIONS.get_repository_def()
    assert {s.name: s.default_status.value for s in (*repository.sensor_defs, *repository.schedule_defs)} == {
        "evaluation_automation": "RUNNING",
        "new_checkpoints": "RUNNING",
        "nightly_evaluation": "RUNNING",
        "weekly_evaluation": "RUNNING",
    }
