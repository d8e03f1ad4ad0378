"""`pixel run`: walks the asset graph in order, partition by partition, in one process.

Each step is a Dagster run of its own, on the instance that the UI shows. The walk stops at the
first failed run and keeps what was finished.
"""

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pixel_assets import partitions
from pixel_assets.checkpoints import announce_checkpoints, latest_run
from pixel_assets.config import resolve_recipe
from pixel_core.recipe import Recipe

GROUPS = ("knowledge", "voice", "corpus", "training", "evaluation")
_PARTITION_TAG = "dagster/partition"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one asset partition came to.

    `metadata` is that of its materialisation (empty when it failed), `checks` maps check names to whether they held.
    """

    asset: str
    group: str
    partition: str | None
    succeeded: bool
    seconds: float
    metadata: Mapping[str, Any]
    checks: Mapping[str, bool]
    error: str = ""


def walk(*, recipe: str = "", overrides: Sequence[str] = (), groups: Sequence[str] = (), force: bool = False) -> Iterator[Outcome]:
    """Materialise the assets of the groups (all when none is named) in graph order, and tell each outcome as it comes.

    Raises RecipeError for a bad recipe and ValueError for an unknown group, before anything is built.
    """
    if unknown := set(groups) - set(GROUPS):
        raise ValueError(f"group {', '.join(sorted(unknown))} is not known: use {', '.join(GROUPS)}")
    resolved = resolve_recipe(recipe, list(overrides))
    config = {"recipe": recipe, "overrides": dict(o.split("=", 1) for o in overrides), "force": force}
    return _walk(resolved, config, set(groups or GROUPS))


def _walk(recipe: Recipe, config: Mapping[str, Any], groups: set[str]) -> Iterator[Outcome]:
    from pixel_assets.definitions import defs

    definitions = defs()
    graph = definitions.resolve_asset_graph()
    job = definitions.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        for keys, partitions_def in _blocks(graph, groups):
            if partitions_def is not None and partitions_def.name == partitions.checkpoints.name:
                announce_checkpoints(instance)
            for partition in _partition_keys(partitions_def, recipe, instance):
                outcomes = _execute(job, graph, keys, partition, config, instance)
                yield from outcomes
                if not all(outcome.succeeded for outcome in outcomes):
                    return


def _blocks(graph: Any, groups: set[str]) -> Iterator[tuple[list[dg.AssetKey], Any]]:
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
    keys = [key for key in instance.get_dynamic_partitions(partitions.checkpoints.name) if key.rpartition(".")[0] == run]
    return sorted(keys, key=lambda key: int(key.rpartition(".")[2]))


def _execute(
    job: dg.JobDefinition,
    graph: Any,
    keys: Sequence[dg.AssetKey],
    partition: str | None,
    config: Mapping[str, Any],
    instance: dg.DagsterInstance,
) -> list[Outcome]:
    """One Dagster run of these assets and their checks; an external asset has its checks run only."""
    names = [key.to_user_string() for key in keys]
    logger.info("%s%s", ", ".join(names), f" [{partition}]" if partition else "")
    checks = graph.get_check_keys_for_assets(set(keys))
    external = not graph.get(keys[0]).is_materializable
    subset = job.get_subset(asset_selection=set() if external else set(keys), asset_check_selection=checks)
    result = subset.execute_in_process(
        run_config={} if external else {"ops": {name: {"config": dict(config)} for name in names}},
        instance=instance,
        tags={_PARTITION_TAG: partition} if partition else None,
        raise_on_error=False,
    )
    return [_outcome(result, key, graph.get(key).group_name, partition, external) for key in keys]


def _outcome(result: Any, key: dg.AssetKey, group: str, partition: str | None, external: bool) -> Outcome:
    name = key.to_user_string()
    materialised = [e for e in result.get_asset_materialization_events() if e.asset_key == key]
    metadata = {k: v.value for k, v in materialised[0].materialization.metadata.items()} if materialised else {}
    checks = {e.check_name: e.passed for e in result.get_asset_check_evaluations() if e.asset_key == key and _blames(e)}
    failures = [e for e in result.all_events if e.is_step_failure and e.step_key and e.step_key.partition(".")[0].startswith(name)]
    error = failures[0].step_failure_data.error_display_string.strip() if failures else ""
    seconds = sum(e.event_specific_data.duration_ms for e in result.all_events if e.event_type_value == "STEP_SUCCESS" and e.step_key == name) / 1000
    succeeded = (external or bool(materialised)) and all(checks.values()) and not failures
    return Outcome(name, group, partition, succeeded, seconds, metadata, checks, error)


def _blames(evaluation: Any) -> bool:
    """Whether a check counts: one that failed with severity WARN is told by its own metadata."""
    return bool(evaluation.passed) or evaluation.severity == dg.AssetCheckSeverity.ERROR
