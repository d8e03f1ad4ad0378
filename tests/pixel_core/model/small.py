"""A Qwen3 mixture of experts small enough for a test, and dialogues with a label for every head."""

import torch
from transformers import AutoModelForCausalLM, Qwen3MoeConfig

from pixel_core.conversation import Label, Turn
from pixel_core.model.chat import END
from pixel_core.model.heads import HEADS

WORDS = ("sad", "tired", "worried", "calm", "alone", "angry", "hopeful", "lost", "glad", "numb")


def small_backbone(tokenizer, seed=1, **changes):
    config = Qwen3MoeConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        num_experts=4,
        num_experts_per_tok=2,
        norm_topk_prob=True,
        moe_intermediate_size=64,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        router_aux_loss_coef=0.01,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        **changes,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def labelled_dialogue(number):
    """A dialogue whose second turn is labelled on every head that reads the client, its third on every other, both by `number`."""
    client, helper = [], []
    for place, spec in enumerate(HEADS):
        if spec.name == "persona":
            continue  # derived
        own = client if spec.reads == "client" else helper
        chosen = (number + place) % len(spec.outputs)
        if spec.kind == "ordinal":
            own += [Label(name, (number + k) % spec.levels, "human") for k, name in enumerate(spec.label_names)]
        elif spec.kind == "regression":
            own += [Label(name, (1 + (number + k) % 3) / 4, "human") for k, name in enumerate(spec.label_names)]
        elif spec.kind == "binary":
            own += [Label(name, number % 2, "human") for name in spec.label_names]
        else:
            own += [Label(spec.label_names[chosen], 1, "human"), Label(f"{spec.name}.*", 0, "human")]
    word = WORDS[number % len(WORDS)]
    part = "therapist" if number % 2 else "assistant"
    return (
        Turn("system", "other", f"{part} {word}"),
        Turn("user", "client", f"I feel {word} today. " * (1 + number % 3), labels=tuple(client)),
        Turn("assistant", part, f"You feel {word}, and it does not stop.", learn=True, labels=tuple(helper)),
    )
