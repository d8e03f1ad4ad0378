"""Which artifacts a recipe selects for the corpus, by the name that the mixture knows them by."""

from pathlib import Path

from pixel_assets import paths
from pixel_core.artifacts import digest_of, input_digest
from pixel_core.corpus import Background, Composed, find_source, held_out_texts, load_catalogue
from pixel_core.corpus.decontamination import Encode
from pixel_core.evaluation.eq.emobench import APPLICATION, UNDERSTANDING
from pixel_core.knowledge import Notes, Retriever, compose_statements
from pixel_core.knowledge.encoder import load_encoder
from pixel_core.recipe import Recipe


def selected_sources(recipe: Recipe) -> dict[str, Path]:
    """`source_conversations/<source>` of every source in corpus.sources; raises CatalogueError for one that is unknown or disabled."""
    catalogue = load_catalogue(paths.shipped() / "sources.yaml")
    names = [find_source(catalogue, name).name for name in recipe.corpus.sources]
    return {f"source_conversations/{name}": paths.artifact("source_conversations", name) for name in names}


def selected_conversations(recipe: Recipe) -> dict[str, Path]:
    """All that the mixture draws from: knowledge, edge cases, the playlists of voice.playlists and the sources of corpus.sources."""
    written = {name: paths.artifact(name) for name in ("knowledge_conversations", "edge_case_conversations")}
    spoken = {f"voice_conversations/{key}": paths.artifact("voice_conversations", key) for key in recipe.voice.playlists}
    return written | spoken | selected_sources(recipe)


def evaluation_texts(recipe: Recipe) -> list[str]:
    """Every text of the items that ship and of the question sets that the recipe names: nothing that holds one is trained on."""
    asked = recipe.evaluation
    emobench = [Path(asked.emobench) / name for name in (UNDERSTANDING, APPLICATION)] if asked.emobench else []
    named = [Path(path) for path in (asked.eq_bench, asked.mcq) if path]
    return held_out_texts([*sorted((paths.shipped() / "scenarios").glob("*.jsonl")), *named, *emobench])


def sentence_vectors(recipe: Recipe) -> Encode | None:
    """What gives unit vectors of sentences, its model loaded at the first call; None where corpus.held_out_similarity is 0."""
    if not recipe.corpus.held_out_similarity:
        return None
    return lambda texts: load_encoder(recipe.knowledge.encoder).encode(texts)


def background(recipe: Recipe) -> Background | None:
    """Retrieved knowledge for corpus.knowledge_share of the training rows; None when the recipe wants none."""
    if not recipe.corpus.knowledge_share:
        return None
    folder = paths.artifact("knowledge_index")
    return Background(lambda: input_digest(folder), lambda: Notes(Retriever.open(folder)))


def statements(recipe: Recipe) -> Composed | None:
    """corpus.statements labelled statements of each class of the knowledge; None when the recipe wants none."""
    count, seed = recipe.corpus.statements, recipe.seed
    if not count:
        return None
    dsm5, framework = paths.artifact("dsm5_criteria"), paths.artifact("psychology_framework")
    return Composed(
        lambda: digest_of([input_digest(dsm5), input_digest(framework), count, seed]),
        lambda free: compose_statements(dsm5, framework, count, seed=seed, free=free),
        sentence_vectors(recipe),
    )
