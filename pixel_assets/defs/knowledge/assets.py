"""The knowledge assets: from the folder of documents to records, passages, an index and conversations."""

import dagster as dg

from pixel_assets import paths
from pixel_assets.config import Build
from pixel_assets.metadata import picture, result_of
from pixel_assets.teacher import teacher_of
from pixel_core.knowledge import conversations, dsm5, framework, index, passages
from pixel_core.knowledge.completeness import PICTURE

OWNERS = ["team:pixel"]


@dg.asset(
    group_name="knowledge",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=dsm5.VERSION,
    description="Disorders as records: criteria as a tree with thresholds, durations, exclusions, differentials, care, and sentences "
    "that clients might say, each text with its place in the document. What does not fit lies beside them with a reason.",
)
def dsm5_criteria(config: Build) -> dg.MaterializeResult:
    """The disorders of the knowledge folder."""
    built = dsm5.extract_dsm5(paths.knowledge_source(), paths.artifact("dsm5_criteria"), force=config.force)
    return result_of(built, completeness=picture(built.folder / PICTURE))


@dg.asset(
    group_name="knowledge",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=framework.VERSION,
    description="Personality syndromes and mental functions (PDM-2), attachment styles, defences, Big Five traits and guidelines for "
    "the clinical conversation, each text with its place in the document.",
)
def psychology_framework(config: Build) -> dg.MaterializeResult:
    """The framework entries of the knowledge folder."""
    return result_of(framework.extract_framework(paths.knowledge_source(), paths.artifact("psychology_framework"), force=config.force))


@dg.asset(
    group_name="knowledge",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=passages.VERSION,
    description="All knowledge documents in passages of whole sentences (about 200 words by the default recipe), every sentence with "
    "its place in the document.",
)
def knowledge_passages(config: Build) -> dg.MaterializeResult:
    """The passages of the knowledge folder."""
    words = config.load().knowledge.passage_words
    out = paths.artifact("knowledge_passages")
    return result_of(passages.extract_passages(paths.knowledge_source(), out, words=words, force=config.force))


@dg.asset(
    deps=[knowledge_passages],
    group_name="knowledge",
    owners=OWNERS,
    kinds={"python", "faiss"},
    code_version=index.VERSION,
    pool="cpu",
    description="The passages as sentence vectors of length 1 in a FAISS index (exact, or by codes), with the passages beside them; the "
    "default encoder all-MiniLM-L6-v2 ships as a package and downloads nothing.",
)
def knowledge_index(config: Build) -> dg.MaterializeResult:
    """The vector index over the passages."""
    recipe, source, out = config.load().knowledge, paths.artifact("knowledge_passages"), paths.artifact("knowledge_index")
    return result_of(index.build_index(source, out, encoder=recipe.encoder, index=recipe.index, force=config.force))


@dg.asset(
    deps=[dsm5_criteria, psychology_framework, knowledge_index],
    group_name="knowledge",
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=f"{conversations.VERSION}.{conversations.GRAMMAR}",
    description="Conversations written from the records by a grammar, or by a language model behind an endpoint: therapy about every "
    "disorder and PDM-2 class, everyday and subclinical talks, and questions to an assistant, each turn with labels and the sentences "
    "that it rests on. Every candidate is judged; what is turned down lies beside them with its reason and steers the next batch.",
)
def knowledge_conversations(config: Build) -> dg.MaterializeResult:
    """The psychology share of the mixture."""
    recipe = config.load()
    written = conversations.write_knowledge_conversations(
        paths.artifact("dsm5_criteria"),
        paths.artifact("psychology_framework"),
        paths.artifact("knowledge_conversations"),
        count=recipe.knowledge.conversations,
        seed=recipe.seed,
        classes=recipe.knowledge.classes,
        batch=recipe.knowledge.batch,
        teacher=teacher_of(recipe.knowledge),
        licensed=paths.licensed_texts(),
        index=paths.artifact("knowledge_index"),
        force=config.force,
    )
    return result_of(written)
