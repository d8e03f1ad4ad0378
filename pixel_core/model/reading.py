"""How a backbone reads a packed batch: conversations that share a row keep apart, and experts say how evenly they were used."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.qwen3_moe.modeling_qwen3_moe import load_balancing_loss_func

from pixel_core.model.batch import PixelBatch

BLIND_TO_POSITIONS = {"bert-generation"}  # types whose causal mask transformers builds without looking at the positions


def read(language_model: PreTrainedModel, batch: PixelBatch) -> tuple[Tensor, Tensor | None]:
    """The last hidden state [B, T, H], and the expert-balance loss with its coefficient, None where there are no experts."""
    # No attention mask and no cache: only then do the restarting positions keep packed neighbours apart.
    inputs = {"input_ids": batch.input_ids, "position_ids": batch.position_ids, "use_cache": False}
    decoder, config = language_model.get_decoder(), language_model.config
    if config.model_type in BLIND_TO_POSITIONS:
        inputs["attention_mask"] = _own_past(batch.position_ids)
    experts = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)  # Qwen's name, Mixtral's
    if not experts:
        return decoder(**inputs).last_hidden_state, None
    output = decoder(**inputs, output_router_logits=True)
    real = torch.arange(batch.input_ids.shape[1], device=batch.lengths.device) < batch.lengths[:, None]
    balance = load_balancing_loss_func(output.router_logits, experts, config.num_experts_per_tok, real)
    return output.last_hidden_state, balance * config.router_aux_loss_coef


def _own_past(position_ids: Tensor) -> Tensor:
    """Which tokens each token may read, [B, 1, T, T]: those before it, and itself, in its own packed conversation."""
    conversation = (position_ids == 0).cumsum(1)
    place = torch.arange(position_ids.shape[1], device=position_ids.device)
    return ((conversation[:, :, None] == conversation[:, None, :]) & (place[:, None] >= place))[:, None]
