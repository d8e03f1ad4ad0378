"""Tokenisers: a byte-level BPE trained on the mixture for the tiny preset, the backbone's own for every other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pixel_core.model.chat import CHAT_TEMPLATE, END, START, TAUGHT

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

END_OF_TEXT = "<|endoftext|>"
SPECIAL_TOKENS = (END_OF_TEXT, START, END)
_RESERVED = re.compile(r"<SPECIAL_\d+>|\[control_\d+\]|<\|reserved_special_token_\d+\|>|<unused_?\d+>")


class TokenizerError(ValueError):
    """A tokeniser cannot serve: too few entries, or no ChatML tokens; the message says which."""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerBase:
    """A byte-level BPE of at most `vocabulary` entries that covers any text; the same texts give the same merges.

    The special tokens have the first ids. Raises TokenizerError when `vocabulary` cannot hold the bytes and them.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    if vocabulary < len(alphabet) + len(SPECIAL_TOKENS):
        raise TokenizerError(
            f"model.vocabulary = {vocabulary} cannot hold the {len(alphabet)} bytes and {len(SPECIAL_TOKENS)} special tokens"
        )
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet, min_frequency=2, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token=END_OF_TEXT, eos_token=END, chat_template=CHAT_TEMPLATE, clean_up_tokenization_spaces=False
    )


def backbone_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokeniser of a Hugging Face causal model (folder or hub name), which knows the ChatML tokens.

    Where it does not know them by itself they take the place of two entries that its makers reserved (Mistral and Llama keep
    hundreds): no embedding is added. Raises TokenizerError where there are none.
    """
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(name)
    if any(len(tokenizer.encode(token, add_special_tokens=False)) != 1 for token in (START, END)):
        tokenizer = _taught(tokenizer, name)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _taught(tokenizer: Any, name: str) -> PreTrainedTokenizerBase:
    """The same tokeniser with the ChatML tokens in reserved entries, whose rows have to be learned (see `taught_tokens`)."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    state = json.loads(tokenizer.backend_tokenizer.to_str())
    free = [entry for entry in state["added_tokens"] if _RESERVED.fullmatch(entry["content"])][:2]
    if len(free) < 2:
        raise TokenizerError(
            f"the tokeniser of {name} does not speak ChatML and has no reserved entries for its tokens: choose another backbone"
        )
    places = {entry["content"]: token for entry, token in zip(free, (START, END), strict=True)}
    for entry in free:
        entry["content"] = places[entry["content"]]
    state["model"]["vocab"] = {places.get(text, text): index for text, index in state["model"]["vocab"].items()}
    own = {"bos_token": tokenizer.bos_token, "pad_token": tokenizer.pad_token or tokenizer.eos_token, TAUGHT: sorted(places)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        eos_token=END,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        **{key: value for key, value in own.items() if value is not None},
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokeniser saved in a folder; nothing is downloaded."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
