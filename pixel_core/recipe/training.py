"""The recipe sections of the model and of the loop that trains it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixel_core.recipe.section import Positive, Section, Share
from pixel_core.recipe.steering import CurriculumRecipe, GuardRecipe, ProbeRecipe, TurnLosses, WeightingRecipe

Merge = Literal["sum", "pcgrad", "upgrad", "mgda", "cagrad", "aligned"]


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
