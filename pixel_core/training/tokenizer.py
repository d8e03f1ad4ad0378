"""Tokenisers: a byte-level BPE trained on the mixture for the tiny preset, the backbone's own for every other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pixel_core.model.chat import CHAT_TEMPLATE, END, START

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

END_OF_TEXT = "<|endoftext|>"
SPECIAL_TOKENS = (END_OF_TEXT, START, END)


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
    """The tokeniser of a Hugging Face causal model (folder or hub name).

    Raises TokenizerError when it does not know the ChatML tokens, which Pixel's chat format rests on.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name)
    for token in (START, END):
        if len(tokenizer.encode(token, add_special_tokens=False)) != 1:
            raise TokenizerError(f"the tokeniser of {name} has no single token {token}: choose a backbone that speaks ChatML (Qwen does)")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokeniser saved in a folder; nothing is downloaded."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
