"""`pixel run`: walks the asset graph in order, partition by partition, in one process.

Each step is a Dagster run of its own, on the instance that the UI shows. The walk stops at the
first failed run and keeps what was finished.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from pixel_assets import partitions
from pixel_assets.checkpoints import announce_checkpoints, latest_run
from pixel_assets.config import Build, held
from pixel_assets.leftovers import WALK, living_walk
from pixel_assets.paths import GROUPS
from pixel_core.recipe import Recipe

_PARTITION_TAG = "dagster/partition"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one asset partition came to.

    `metadata` is that of its materialisation (empty when it failed), `checks` maps check names to whether they held,
    `failed_checks` maps those that did not to what was found.
    """

    asset: str
    group: str
    partition: str | None
    succeeded: bool
    seconds: float
    metadata: Mapping[str, Any]
    checks: Mapping[str, bool]
    failed_checks: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def walk(build: Build, groups: Sequence[str] = GROUPS, log_level: str = "WARNING") -> Iterator[Outcome]:
    """Materialise the assets of the groups in graph order, and tell each outcome as it comes.

    `log_level` is that of Dagster's own console log. Raises RecipeError before anything is built, and
    KeyboardInterrupt once the interrupted step has cleaned up.
    """
    from pixel_assets.definitions import defs

    definitions = defs()
    graph = definitions.resolve_asset_graph()
    job = definitions.resolve_implicit_global_asset_job_def()
    with held(build) as recipe, dg.DagsterInstance.get() as instance, living_walk(instance) as name:
        for keys, partitions_def in _blocks(graph, groups):
            if partitions_def == partitions.checkpoints:
                announce_checkpoints(instance)
            for partition in _partition_keys(partitions_def, recipe, instance):
                tags = {WALK: name} | ({_PARTITION_TAG: partition} if partition else {})
                outcomes = _execute(job, graph, keys, tags, build=build, instance=instance, log_level=log_level)
                yield from outcomes
                if not all(outcome.succeeded for outcome in outcomes):
                    return


def _blocks(graph: Any, groups: Sequence[str]) -> Iterator[tuple[list[dg.AssetKey], Any]]:
    """Runs of assets that stand beside one another in stage and graph order and share their partitions."""
    ordered = [key for level in graph.toposorted_asset_keys_by_level for key in sorted(level)]
    chosen = [key for group in GROUPS if group in groups for key in ordered if graph.get(key).group_name == group]
    for _, block in itertools.groupby(chosen, key=lambda key: (graph.get(key).partitions_def, graph.get(key).is_materializable)):
        keys = list(block)
        yield keys, graph.get(keys[0]).partitions_def


def _partition_keys(partitions_def: Any, recipe: Recipe, instance: dg.DagsterInstance) -> Sequence[str | None]:
    """The partitions that the recipe selects: its playlists, its sources, the checkpoints of the newest run."""
    if partitions_def is None:
        return [None]
    if partitions_def == partitions.playlists:
        return recipe.voice.playlists
    if partitions_def == partitions.sources:
        return recipe.corpus.sources
    run = latest_run()
    keys = [key for key in instance.get_dynamic_partitions(str(partitions.checkpoints.name)) if key.rpartition(".")[0] == run]
    return sorted(keys, key=lambda key: int(key.rpartition(".")[2]))


def _execute(
    job: dg.JobDefinition,
    graph: Any,
    keys: Sequence[dg.AssetKey],
    tags: Mapping[str, str],
    *,
    build: Build,
    instance: dg.DagsterInstance,
    log_level: str,
) -> list[Outcome]:
    """One Dagster run of these assets and their checks; an external asset has its checks run only."""
    names = [key.to_user_string() for key in keys]
    checks = graph.get_check_keys_for_assets(set(keys))
    external = not graph.get(keys[0]).is_materializable
    subset = job.get_subset(asset_selection=set() if external else set(keys), asset_check_selection=checks)
    run_config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": log_level}}}}
    if not external:
        run_config["ops"] = {name: {"config": build.model_dump()} for name in names}
    result = subset.execute_in_process(
        run_config=run_config,
        instance=instance,
        tags=dict(tags),
        raise_on_error=False,
    )
    if any(_error(e).cls_name == dg.DagsterExecutionInterruptedError.__name__ for e in result.all_events if e.is_step_failure):
        raise KeyboardInterrupt
    return [_outcome(result, graph, key, tags.get(_PARTITION_TAG)) for key in keys]


def _outcome(result: Any, graph: Any, key: dg.AssetKey, partition: str | None) -> Outcome:
    name, group, external = key.to_user_string(), graph.get(key).group_name, not graph.get(key).is_materializable
    names = {check.name for check in graph.get_check_keys_for_assets({key})}
    materialised = [e.materialization for e in result.get_asset_materialization_events() if e.asset_key == key]
    metadata = {k: v.value for k, v in materialised[0].metadata.items()} if materialised else {}
    evaluations = [e for e in result.get_asset_check_evaluations() if e.asset_key == key]
    checks = {e.check_name: e.passed for e in evaluations if e.passed or e.severity == dg.AssetCheckSeverity.ERROR}
    failed = {e.check_name: e.description or "no description" for e in evaluations if not checks.get(e.check_name, True)}
    failures = {e.step_key: _error(e).message.strip() for e in result.all_events if e.is_step_failure}
    seconds = sum(e.event_specific_data.duration_ms for e in result.all_events if e.is_step_success and e.step_key == name) / 1000
    if not materialised and not external:
        error = failures.get(name, "not built, because a step above it failed")
        return Outcome(name, group, partition, False, seconds, metadata, checks, failed, error)
    answered = {e.check_name for e in evaluations}
    for check in sorted(names - answered):  # it raised: Dagster reports no evaluation, and a run with a blocking one just ends
        checks[check] = False
        failed[check] = f"no answer: {failures.get(f'{name}_{check}', 'it did not run')}"
    error = failures.get(name, "")
    return Outcome(name, group, partition, all(checks.values()) and not error, seconds, metadata, checks, failed, error)


def _error(failure: Any) -> Any:
    """The innermost error of a failed step: what went wrong, not what it went through."""
    error = failure.step_failure_data.error
    while error.cause:
        error = error.cause
    return error
