"""Backbones: the causal language model under the heads, from a preset, a folder or a hub name, with LoRA where asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel, Qwen3MoeConfig

from pixel_core.model.chat import END, marker, taught_tokens
from pixel_core.model.packaged import packaged_backbone
from pixel_core.recipe import ModelRecipe

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

PUBLIC = {"qwen3-30b-a3b": "Qwen/Qwen3-30B-A3B", "mistral-small-24b": "mistralai/Mistral-Small-24B-Instruct-2501"}
PACKAGED = "minilm"
ATTENTION_MODULES = ["q_proj", "k_proj", "v_proj", "o_proj"]
EXPERT_PARAMETERS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
ADAPTER_CONFIG = "adapter_config.json"


class BackboneError(ValueError):
    """A backbone cannot serve as asked; the message names the recipe key to change."""


def build_backbone(recipe: ModelRecipe, tokenizer: PreTrainedTokenizerBase, *, seed: int) -> PreTrainedModel | PeftModel:
    """The backbone of a recipe, ready to train; random weights depend on `seed` alone."""
    name = recipe.backbone or PUBLIC.get(recipe.preset)
    if name is None and recipe.lora_rank:
        raise BackboneError(
            f"LoRA adapts a large model's weights and the preset {recipe.preset!r} trains all: set model.backbone, or model.lora_rank=0"
        )
    model = open_backbone(name) if name is not None else packaged_backbone() if recipe.preset == PACKAGED else _tiny(tokenizer, seed)
    rows = int(model.config.get_text_config().vocab_size)
    if len(tokenizer) > rows:
        raise BackboneError(
            f"the tokenizer has {len(tokenizer)} entries and the backbone {name} embeds {rows}: use the backbone's own tokenizer"
        )
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    if new := taught_tokens(tokenizer):
        model.generation_config.eos_token_id = marker(tokenizer, END)
    return _with_lora(model, recipe.lora_rank, seed, new) if recipe.lora_rank else model


def open_backbone(name: str | Path, dtype: torch.dtype | None = None) -> PreTrainedModel:
    """A stored causal model, in its stored number format unless another is asked for."""
    return AutoModelForCausalLM.from_pretrained(name, dtype=dtype or "auto")


def open_checkpoint(folder: Path, dtype: torch.dtype | None = None) -> PreTrainedModel | PeftModel:
    """The backbone of a checkpoint folder: a whole model, or LoRA adapters on the base that their config names."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return open_backbone(folder, dtype)
    from peft import PeftConfig, PeftModel

    base = PeftConfig.from_pretrained(str(folder)).base_model_name_or_path
    if base is None:
        raise BackboneError(f"{folder / ADAPTER_CONFIG} names no base model: set base_model_name_or_path")
    return PeftModel.from_pretrained(open_backbone(base, dtype), str(folder))


def tiny_config(tokenizer: PreTrainedTokenizerBase) -> Qwen3MoeConfig:
    """The `tiny` preset: a Qwen3 mixture of experts of about two million parameters with a vocabulary of 4096."""
    return Qwen3MoeConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        num_hidden_layers=2,  # at this size more steps teach more than more layers, or wider ones
        num_attention_heads=3,
        num_key_value_heads=1,
        head_dim=64,  # type: ignore[call-arg]  # transformers' dataclass does not declare it
        num_experts=4,
        num_experts_per_tok=2,
        norm_topk_prob=True,
        moe_intermediate_size=192,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        router_aux_loss_coef=0.01,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
    )


def _tiny(tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(tiny_config(tokenizer), dtype=torch.float32)
    model.generation_config = GenerationConfig(eos_token_id=model.config.eos_token_id, pad_token_id=model.config.pad_token_id)
    return model


def _with_lora(model: PreTrainedModel, rank: int, seed: int, new: list[int]) -> PeftModel:
    """The model with adapters; the rows of `new` tokens in its embedding and output matrices are trained as they are."""
    from peft import LoraConfig, get_peft_model

    names = [name for name, _ in model.named_parameters()]
    experts = [parameter for parameter in EXPERT_PARAMETERS if any(name.endswith(parameter) for name in names)]
    matrices = ["embed_tokens"] if model.config.get_text_config().tie_word_embeddings else ["embed_tokens", "lm_head"]
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=ATTENTION_MODULES,
        target_parameters=experts or None,
        trainable_token_indices=dict.fromkeys(matrices, new) if new else None,
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, config)
