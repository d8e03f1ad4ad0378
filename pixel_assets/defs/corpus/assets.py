"""The corpus assets: a partition a source, and what is composed of all that the recipe selects."""

import os

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.config import Build
from pixel_assets.defs.corpus.inputs import (
    background,
    evaluation_texts,
    selected_conversations,
    selected_sources,
    sentence_vectors,
    statements,
)
from pixel_assets.metadata import picture, result_of
from pixel_core import corpus

OWNERS = ["team:pixel"]


@dg.asset(
    group_name="corpus",
    partitions_def=partitions.sources,
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=corpus.sources.VERSION,
    description="The conversations (or preference pairs) of one source of data/sources.yaml: loaded, adapted with its labels, mended, "
    "filtered, contact data replaced by pseudonyms; every row that is not kept has a reason.",
)
def source_conversations(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The conversations of one source."""
    entry = corpus.entry_of(corpus.load_catalogue(paths.shipped() / "sources.yaml"), context.partition_key)
    out, recipe = paths.artifact("source_conversations", entry.name), config.load().corpus
    return result_of(corpus.import_source(entry, out, data_root=paths.shipped(), recipe=recipe, variables=os.environ, force=config.force))


@dg.asset(
    group_name="corpus",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=corpus.edge_cases.VERSION,
    description="Difficult therapy scenarios as conversations for both parts: the therapist, and the client of therapy-training mode, "
    "with technique and crisis labels; and dialogues that change between therapist and assistant, with their transitions marked.",
)
def edge_case_conversations(config: Build) -> dg.MaterializeResult:
    """Two conversations a scenario, one a dialogue."""
    scenarios, dialogues = (paths.shipped() / "scenarios" / name for name in ("edge_cases.yaml", "dual_persona.yaml"))
    out = paths.artifact("edge_case_conversations")
    return result_of(corpus.build_edge_cases(scenarios, out, dialogues=dialogues, force=config.force))


@dg.asset(
    deps=["knowledge_conversations", "knowledge_index", "voice_conversations", source_conversations, edge_case_conversations],
    group_name="corpus",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=corpus.mixture.VERSION,
    description="The training mixture: exact shares by category and split from everything the recipe selects, split by group so that "
    "every clinical class stands in each split, with its composition; a share of train begins with retrieved knowledge.",
)
def training_mixture(config: Build) -> dg.MaterializeResult:
    """Train, validation and test."""
    recipe, out = config.load(), paths.artifact("training_mixture")
    built = corpus.build_mixture(
        recipe,
        selected_conversations(recipe),
        out,
        background=background(recipe),
        held_out_texts=evaluation_texts(recipe),
        encode=sentence_vectors(recipe),
        force=config.force,
    )
    return result_of(built, composition=picture(out / "composition.png"))


@dg.asset(
    deps=[training_mixture, "knowledge_conversations", "dsm5_criteria", "psychology_framework", source_conversations],
    group_name="corpus",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=corpus.head_examples.VERSION,
    description="Labelled posts, pairs, statements composed of the knowledge, and psychology conversations that the mixture did not draw: "
    "they supervise the heads, carry no language loss, and keep the splits of the mixture.",
)
def head_examples(config: Build) -> dg.MaterializeResult:
    """Train, validation and test."""
    recipe, mixed = config.load(), paths.artifact("training_mixture")
    return result_of(
        corpus.build_head_examples(
            selected_conversations(recipe),
            mixed,
            paths.artifact("head_examples"),
            most=recipe.corpus.head_rows,
            composed=statements(recipe),
            seed=recipe.seed,
            force=config.force,
        )
    )


@dg.asset(
    deps=[source_conversations],
    group_name="corpus",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=corpus.preference_pairs.VERSION,
    description="Prompts with a chosen and a rejected reply from every preference source that the recipe selects, each pair once, "
    "none that holds an evaluation text.",
)
def preference_pairs(config: Build) -> dg.MaterializeResult:
    """One table of pairs."""
    recipe, out = config.load(), paths.artifact("preference_pairs")
    sieve = corpus.Sieve.of(recipe.corpus, evaluation_texts(recipe), sentence_vectors(recipe))
    return result_of(corpus.collect_pairs(selected_sources(recipe), out, use=recipe.corpus.use, sieve=sieve, force=config.force))
