"""The corpus assets through Dagster: partitions of the catalogue, selection by the recipe, errors that name the remedy."""

import json

import dagster as dg
import pytest

from pixel_assets import paths
from pixel_assets.definitions import defs
from pixel_assets.defs.corpus.inputs import evaluation_texts
from pixel_core.artifacts import is_valid
from pixel_core.corpus import CatalogueError, CorpusError
from pixel_core.corpus.loaders import LoadError
from pixel_core.corpus.sources import SourceError
from pixel_core.recipe import load_recipe

DEFINITIONS = defs()
CORPUS = {key.to_user_string(): key for key in DEFINITIONS.resolve_asset_graph().get_all_asset_keys()}


def materialise(asset, partition=None, *, config=None, raises=True):
    job = DEFINITIONS.resolve_implicit_global_asset_job_def().get_subset(asset_selection={CORPUS[asset]})
    with dg.instance_for_test() as instance:
        return job.execute_in_process(
            instance=instance,
            tags={"dagster/partition": partition} if partition else None,
            run_config={"ops": {asset: {"config": config}}} if config else None,
            raise_on_error=raises,
        )


def test_one_source_materialises_with_its_checks_and_figures():
    result = materialise("source_conversations", "counselor_answers")
    [event] = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["pseudonyms_email"].value == 5
    assert metadata["dagster/row_count"].value == 44
    checks = {e.check_name: e.passed for e in result.get_asset_check_evaluations()}
    assert checks == dict.fromkeys(
        ("contract", "rows_are_accounted_for", "no_contact_data", "learns_the_intended_part", "label_values_in_range"), True
    )
    assert is_valid(paths.artifact("source_conversations", "counselor_answers"))


def test_edge_cases_and_pairs_materialise():
    assert all(e.passed for e in materialise("edge_case_conversations").get_asset_check_evaluations())
    materialise("source_conversations", "preferences")
    result = materialise("preference_pairs", config={"overrides": {"corpus.sources": "[preferences]"}})
    assert [e.passed for e in result.get_asset_check_evaluations()] == [True]


def test_a_selected_source_that_is_not_built_stops_the_mixture_with_the_command():
    with pytest.raises(CorpusError, match=r"knowledge_conversations|edge_case_conversations"):
        materialise("training_mixture")


def test_a_source_that_the_catalogue_does_not_have_is_named():
    with pytest.raises(CatalogueError, match="'poems' is not in the catalogue"):
        materialise("preference_pairs", config={"overrides": {"corpus.sources": "[poems]"}})


def test_a_disabled_source_is_built_by_hand_where_its_files_are_and_else_says_what_it_lacks(monkeypatch, tmp_path):
    monkeypatch.delenv("PIXEL_SOURCES", raising=False)
    research = {"overrides": {"corpus.use": "research"}}
    with pytest.raises(SourceError, match=r"does not allow every use; set corpus\.use to research"):
        materialise("source_conversations", "merged_mental_health")
    with pytest.raises(CatalogueError, match=r"'merged_mental_health' lies below .*export PIXEL_SOURCES="):
        materialise("source_conversations", "merged_mental_health", config=research)
    rows = [
        {"messages": [{"role": "user", "content": f"I am worried, {i}."}, {"role": "assistant", "content": "Since when?"}]}
        for i in range(3)
    ]
    (tmp_path / "merged_mental_health_dataset.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    monkeypatch.setenv("PIXEL_SOURCES", str(tmp_path))
    done = materialise("source_conversations", "merged_mental_health", config=research)
    assert all(e.passed for e in done.get_asset_check_evaluations())
    with pytest.raises(LoadError, match=r"'psychology_10k' has no revision.*commits/main"):
        materialise("source_conversations", "psychology_10k", config=research)
    with pytest.raises(CatalogueError, match="'psychology_10k' is disabled"):
        materialise("preference_pairs", config={"overrides": {"corpus.sources": "[psychology_10k]"}})


def test_the_question_sets_that_a_recipe_names_are_held_out_beside_those_that_ship(tmp_path):
    said = {name: f"Nobody but {name} would ask this about the lighthouse." for name in ("bench", "field", "EU", "EA")}
    (tmp_path / "bench.json").write_text(json.dumps({"1": {"prompt": said["bench"]}}))
    (tmp_path / "field.csv").write_text(f"{said['field']},always,never,perhaps,rarely,A\n")
    for name in ("EU", "EA"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"scenario": said[name]}) + "\n")
    named = {"eq_bench": tmp_path / "bench.json", "mcq": tmp_path / "field.csv", "emobench": tmp_path}
    shipped = evaluation_texts(load_recipe())
    assert evaluation_texts(load_recipe("tiny", [f"evaluation.{key}={path}" for key, path in named.items()])) == [*shipped, *said.values()]
