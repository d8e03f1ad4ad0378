"""Recipes: one YAML file with a section a stage, strict keys, `section.key=value` overrides.

A section is a frozen model whose digest enters the artifacts of its stage, so a change of one
section rebuilds that stage and what depends on it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from pixel_core.corpus_recipe import CorpusRecipe
from pixel_core.judges_recipe import JudgesRecipe
from pixel_core.knowledge_recipe import KnowledgeRecipe, Positive, Section, Share
from pixel_core.steering_recipe import CurriculumRecipe, GuardRecipe, ProbeRecipe, TurnLosses, WeightingRecipe

Merge = Literal["sum", "pcgrad", "upgrad", "mgda", "cagrad", "aligned"]


class RecipeError(ValueError):
    """A recipe is missing, malformed, or holds an unknown key; the message names file, key and remedy."""


class VoiceRecipe(Section):
    """How recordings become transcripts, a personality profile and dialogues."""

    playlists: list[str]
    """Playlists (keys of playlists.yaml) whose speech enters profile and mixture."""
    whisper: str
    """`micro` (ships with the project, for its own sample playlists only), or a faster-whisper model: `small.en`, ..."""
    compute_type: Literal["int8", "int8_float32", "float32", "float16", "bfloat16"]
    """Number format of the recogniser's weights."""
    batch_size: Positive
    """Audio windows decoded together."""
    chunk_length: Positive
    """Seconds of an audio window; the micro model knows 6, the public ones 30."""
    language: str
    """Spoken language as an ISO code; segments in another language are rejected."""
    min_decoded_share: Share
    """A recording that decodes to less than this share of its announced duration is rejected as truncated."""
    min_logprob: float
    """Segments whose mean token log-probability is lower are rejected."""
    max_compression: float
    """Segments whose text compresses better than this ratio repeat themselves and are rejected."""
    max_repetition: Share
    """Segments in which more than this share of the word trigrams are repeats are rejected."""
    max_no_speech: Share
    """Segments that are silence with a higher probability are rejected."""
    max_characters_per_second: Annotated[float, Field(gt=0)]
    """Segments with more text than anybody can say in their time are rejected."""
    min_language_probability: Share
    """An episode whose language is heard with a lower probability is rejected, unless the recogniser knows one language only."""
    max_overlap: Share
    """Two conversations from one recording share less than this part of their word 5-grams."""


class ModelRecipe(Section):
    """Backbone, adapters and heads."""

    preset: Literal["tiny", "minilm", "qwen3-30b-a3b", "mistral-small-24b"]
    """`tiny`: a random Qwen3-MoE of a few million parameters; `minilm`: the packaged sentence encoder's weights, read causally;
    `qwen3-30b-a3b`, `mistral-small-24b`: the public weights."""
    backbone: str | None = None
    """Folder or hub name of another Hugging Face causal model; overrides the preset's weights."""
    vocabulary: Positive
    """Size of the byte-level BPE trained on the mixture (preset `tiny` only)."""
    lora_rank: Annotated[int, Field(ge=0)]
    """Rank of the LoRA adapters, experts included; 0 trains all weights."""
    head_dropout: Share
    """Dropout before each head."""
    gradient_checkpointing: bool
    """True recomputes activations in the backward pass: less memory, about a third more time."""


class TrainingRecipe(Section):
    """The loop: batches, optimiser, objectives, checkpoints."""

    steps: Positive
    """Optimiser steps of the run."""
    sequence_length: Positive
    """Tokens of a packed row."""
    rows_per_step: Positive
    """Packed rows per optimiser step over all ranks; divided into micro-batches by the cluster's ranks."""
    head_rows_per_step: Positive
    """Packed rows of labelled posts and pairs per optimiser step over all ranks."""
    head_repeats: dict[str, Positive] = Field(default_factory=dict)
    """How often a labelled post or pair of these heads stands in the training rows, so that small sets are seen more often than large
    ones; once where its heads are not named. `packed_dataset` depends on it."""
    learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate of the backbone."""
    head_learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate of the heads."""
    warmup: Share
    """Share of the steps over which the learning rate rises; afterwards it follows a cosine to a tenth."""
    weight_decay: Annotated[float, Field(ge=0)]
    """AdamW's decay of matrices; norms and biases are not decayed."""
    head_weight_decay: Annotated[float, Field(ge=0)]
    """AdamW decay of the heads' matrices: few labels are remembered before they are understood, so it may be far larger."""
    clip: Annotated[float, Field(gt=0)]
    """Largest global gradient norm."""
    merge: Merge
    """How the objectives' gradients meet at the hidden state."""
    weights: dict[str, Annotated[float, Field(ge=0)]]
    """Weight of each objective: `language` and the heads' names; one that is not named weighs 0 and is not trained."""
    weighting: WeightingRecipe = WeightingRecipe()
    """How the weights change over the run."""
    guard: GuardRecipe = GuardRecipe()
    """What is watched at each validation, and answered by raised weights and at last by the end of the run."""
    curriculum: CurriculumRecipe = CurriculumRecipe()
    """In which order the rows are seen."""
    probe: ProbeRecipe = ProbeRecipe()
    """A small clinical and EQ measurement between validations."""
    turn_losses: TurnLosses = TurnLosses()
    """Losses over pairs of turns."""
    validate_every: Positive
    """Steps between two validations."""
    checkpoint_every: Positive
    """Steps between two checkpoints; the first (step 0) and the last step always have one."""
    zero_stage: Literal[0, 1, 2, 3]
    """DeepSpeed ZeRO stage: what is partitioned over the ranks (0 nothing ... 3 parameters too)."""
    search_trials: Positive
    """Weightings that `loss_weight_search` tries; of five or more those below the median are given up early."""
    search_steps: Positive
    """Optimiser steps of each trial."""


class EvaluationRecipe(Section):
    """How checkpoints are measured."""

    bootstrap: Positive
    """Resamples of each confidence interval."""
    batch_size: Positive
    """Items evaluated together on a GPU (on CPU one by one, which is as fast); figures do not depend on it."""
    reply_tokens: Positive
    """Longest reply that is generated for an item."""
    replies: Positive
    """Held-out posts, and held-out dialogues, that the checkpoint answers."""
    items: Positive
    """Held-out turns of one kind that are asked about at most."""
    eq_items: Positive
    """Shipped items of emotional intelligence that are asked at most: every domain keeps its share."""
    eq_bench: str | None
    """File of the published EQ-Bench v2 questions; null: it is not asked."""
    emobench: str | None
    """Folder of the published EmoBench files `EU.jsonl` and `EA.jsonl`; null: it is not asked."""
    empathic_reactions: str | None
    """The published Empathic Reactions ratings (`messages.csv`), which the empathy head is held against; null: it is not."""
    vignettes: Positive
    """Vignettes that are asked by likelihood and as text at most: every family of disorders keeps its share. The head reads all."""
    mcq: str | None
    """CSV or JSONL of multiple-choice questions of the field (question, A, B, C, D, answer), or null."""
    clients: Positive
    """Scripted clients that the checkpoint speaks with at most: every theme keeps its share."""
    retrieval: bool
    """True asks the vignettes a second time with retrieved knowledge in front; these figures stand beside those without."""
    judges: JudgesRecipe
    """Language models that judge replies; nobody is asked by default."""


class Recipe(Section):
    """A whole recipe: what `pixel run` builds from."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Name of the recipe; the first part of every run id."""
    seed: int
    """The one seed; every stage derives its own from it."""
    knowledge: KnowledgeRecipe
    voice: VoiceRecipe
    corpus: CorpusRecipe
    model: ModelRecipe
    training: TrainingRecipe
    evaluation: EvaluationRecipe


def load_recipe(name_or_path: str | Path = "tiny", overrides: Iterable[str] = ()) -> Recipe:
    """The recipe of a packaged name or a YAML path, after `section.key=value` overrides (values are YAML).

    Raises RecipeError on an unknown recipe, key or value.
    """
    raw = _read(name_or_path)
    for override in overrides:
        _override(raw, override)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {name_or_path}: {_explain(error)}") from error


def recipe_names() -> tuple[str, ...]:
    """The recipes that ship with the package."""
    folder = files("pixel_core") / "recipes"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def _read(name_or_path: str | Path) -> dict[str, Any]:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise RecipeError(f"recipe file {path} does not exist")
        text = path.read_text(encoding="utf-8")
    elif str(name_or_path) in recipe_names():
        text = (files("pixel_core") / "recipes" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        raise RecipeError(f"recipe {name_or_path!r} is not known: use one of {', '.join(recipe_names())}, or a path to a .yaml file")
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"recipe {name_or_path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise RecipeError(f"recipe {name_or_path} must be a mapping of sections")
    return raw


def _override(raw: dict[str, Any], override: str) -> None:
    path, separator, value = override.partition("=")
    if not separator:
        raise RecipeError(f"override {override!r} is not of the form section.key=value")
    *sections, key = path.strip().split(".")
    target = raw
    for section in sections:
        if not isinstance(target.get(section), dict):
            raise RecipeError(f"override {override!r}: the recipe has no section {section!r}")
        target = target[section]
    target[key] = yaml.safe_load(value)


def _explain(error: ValidationError) -> str:
    parts = []
    for detail in error.errors():
        where = ".".join(str(part) for part in detail["loc"]) or "recipe"
        if detail["type"] == "extra_forbidden":
            parts.append(f"unknown key {where}: remove it or correct its spelling")
        elif detail["type"] == "missing":
            parts.append(f"missing key {where}")
        else:
            parts.append(f"{where} = {detail['input']!r}: {detail['msg']}")
    return "; ".join(parts)
