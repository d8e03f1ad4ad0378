"""Greedy writing that keeps the hidden states: what the heads read of a reply comes from the pass that wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel


class Written(NamedTuple):
    """The tokens that were written, without the end, and the last hidden state [T, H] of the prompt and of them."""

    tokens: list[int]
    hidden: Tensor


@torch.no_grad()
def write(model: PreTrainedModel, prompt: Sequence[int], *, end: int, limit: int) -> Written:
    """The likeliest token after `prompt`, again and again, up to `end` or to `limit` tokens.

    The prompt is read once and each written token once, behind a cache. Nothing but the likelihood decides: settings of
    the backbone's own generation config, such as a repetition penalty, do not enter.
    """
    decoder, project = model.get_decoder(), model.get_output_embeddings()
    read = decoder(input_ids=torch.tensor([list(prompt)], device=model.device), use_cache=True)
    states = [read.last_hidden_state[0]]
    tokens: list[int] = []
    while (token := int(project(states[-1][-1]).argmax())) != end and len(tokens) < limit:
        tokens.append(token)
        read = decoder(input_ids=torch.tensor([[token]], device=model.device), past_key_values=read.past_key_values, use_cache=True)
        states.append(read.last_hidden_state[0])
    return Written(tokens, torch.cat(states))
