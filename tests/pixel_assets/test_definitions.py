"""One snapshot of all that the code location defines, and the rules that every asset keeps."""

import warnings

import dagster as dg
import pytest

from pixel_assets.definitions import defs

DEFINITIONS = defs()
GRAPH = DEFINITIONS.resolve_asset_graph()
ASSETS = sorted(GRAPH.get_all_asset_keys())


def test_everything_that_is_defined(snapshot):
    repository = DEFINITIONS.get_repository_def()
    assert {
        "assets": {
            key.to_user_string(): {
                "group": GRAPH.get(key).group_name,
                "deps": sorted(k.to_user_string() for k in GRAPH.get(key).parent_keys),
                "partitions": type(GRAPH.get(key).partitions_def).__name__,
                "code_version": GRAPH.get(key).code_version,
            }
            for key in ASSETS
        },
        "checks": {
            f"{key.asset_key.to_user_string()}:{key.name}": GRAPH.get_check_spec(key).blocking
            for key in sorted(GRAPH.asset_check_keys, key=lambda k: (k.asset_key, k.name))
        },
        "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        "schedules": {s.name: (s.cron_schedule, s.job_name) for s in sorted(repository.schedule_defs, key=lambda s: s.name)},
        "sensors": sorted(s.name for s in repository.sensor_defs),
    } == snapshot


@pytest.mark.parametrize("key", ASSETS, ids=lambda key: key.to_user_string())
def test_every_asset_tells_what_it_is(key):
    node = GRAPH.get(key)
    assert len(node.description) > 40
    assert node.owners
    assert node.kinds
    assert node.code_version or not node.is_materializable
    assert node.group_name in {"knowledge", "voice", "corpus", "training", "evaluation"}


def test_definitions_load_without_deprecation_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        dg.Definitions.validate_loadable(defs())
