"""The packed dataset: tokeniser, packed rows, labelled examples and the baselines that training has to beat.

tokenizer/                 the backbone's, or a BPE trained on the train splits
layout.json                sequence length, vocabulary, padding token
train|validation.parquet   packed conversations (PACKED_SCHEMA)
head_train|validation.parquet   labelled posts and pairs, mixed by seed and packed alike
unigram.parquet            token counts of the learned tokens of the train split
priors.json                raw outputs by head that predict its training labels best
rejected.parquet           turns that are longer than a row and lost their end
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pixel_core.artifacts import Built, Figure, Summary, build, digest_of, input_digest, write_table
from pixel_core.conversation import Conversation, from_frame
from pixel_core.recipe import ModelRecipe, TrainingRecipe
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects
from pixel_core.shards import read_shards
from pixel_core.training.baselines import PRIORS, UNIGRAM, training_priors, unigram_loss, write_priors, write_unigram
from pixel_core.training.batches import PackedSplit
from pixel_core.training.packing import Cut, Layout, Split, pack, rows_to_frame, split_all, write_layout
from pixel_core.training.tokenizer import backbone_tokenizer, train_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KIND = "packed_dataset"
VERSION = "4"
TOKENIZER = "tokenizer"
SPLITS = ("train", "validation")


def pack_dataset(
    mixture: Path, head_examples: Path, out: Path, *, model: ModelRecipe, training: TrainingRecipe, seed: int, force: bool = False
) -> Built:
    """Tokenise and pack the train and validation splits of the mixture and of the head examples.

    Figures: `read_tokens` = `tokens` + `cut_tokens`, `learn_tokens`, `fill_ratio`, `labels_<head>` and
    `validation_labels_<head>` (turns about which the head knows something, in training as often as they are repeated).
    """
    inputs = {
        "training_mixture": input_digest(mixture),
        "head_examples": input_digest(head_examples),
        "keys": digest_of([model.preset, model.backbone, model.vocabulary, training.sequence_length]),
        "seed": digest_of(seed),
    }
    if training.head_repeats:
        inputs["head_repeats"] = digest_of(training.head_repeats)
    return build(
        out,
        kind=KIND,
        version=VERSION,
        inputs=inputs,
        write=lambda f: _write(f, (mixture, head_examples), model, training, seed),
        force=force,
    )


def _write(folder: Path, sources: tuple[Path, Path], model: ModelRecipe, training: TrainingRecipe, seed: int) -> Summary:
    mixture, head_examples = sources
    length = training.sequence_length
    tokenizer = _tokenizer(model, sources)
    tokenizer.save_pretrained(folder / TOKENIZER)
    write_layout(folder, Layout(length, len(tokenizer), tokenizer.pad_token_id))
    figures: Counter[str] = Counter()
    rejects: list[Reject] = []
    rows = 0
    for split in SPLITS:
        told = split_all(_read(mixture, split), tokenizer, length)
        packed = rows_to_frame(pack(told.pieces, length))
        write_table(folder / f"{split}.parquet", packed)
        examples = _read(head_examples, split)
        if split == "train":
            examples = [c for c in examples for _ in range(_repeats(c, training.head_repeats))]
        asked = split_all((_unlearned(c) for c in examples), tokenizer, length)
        random.Random(f"{seed}:head_examples:{split}").shuffle(asked.pieces)  # noqa: S311 - an order, not a secret
        labelled = rows_to_frame(pack(asked.pieces, length))
        write_table(folder / f"head_{split}.parquet", labelled)
        figures.update(_count(split, told, asked, packed.height, labelled.height))
        rejects += [_reject(f"training_mixture/{split}", cut) for cut in told.cuts]
        rejects += [_reject(f"head_examples/{split}", cut) for cut in asked.cuts]
        rows += packed.height + labelled.height
    write_rejects(folder, rejects)
    train = pl.read_parquet(folder / "train.parquet")
    write_unigram(folder / UNIGRAM, train, len(tokenizer))
    return Summary(rows=rows, rejects=count_reasons(rejects), figures={**figures, **_baselines(folder, length)})


def _baselines(folder: Path, length: int) -> dict[str, Figure]:
    """Write the priors, and the figures that need the written splits."""
    train, validation = (PackedSplit(folder, split) for split in SPLITS)
    write_priors(folder / PRIORS, training_priors(train))
    frames = {split: pl.read_parquet(folder / f"{split}.parquet") for split in SPLITS}
    figures: dict[str, Figure] = {f"labels_{head}": len(targets) for head, targets in train.targets.items()}
    figures |= {f"validation_labels_{head}": len(targets) for head, targets in validation.targets.items()}
    figures["fill_ratio"] = round(int(frames["train"]["input_ids"].list.len().sum()) / (frames["train"].height * length), 4)
    figures["unigram_loss"] = round(unigram_loss(pl.read_parquet(folder / UNIGRAM), frames["validation"]), 6)
    return figures


def _tokenizer(model: ModelRecipe, sources: tuple[Path, Path]) -> PreTrainedTokenizerBase:
    """The backbone's own, or one trained on all that training reads: words of labelled posts, too, deserve whole tokens."""
    from pixel_core.model.backbones import PACKAGED, PUBLIC
    from pixel_core.model.packaged import packaged_tokenizer

    name = model.backbone or PUBLIC.get(model.preset)
    if name is not None:
        return backbone_tokenizer(name)
    if model.preset == PACKAGED:
        return packaged_tokenizer()
    train = (conversation for source in sources for conversation in _read(source, "train"))
    return train_tokenizer((f"{turn.role}\n{turn.content}\n" for conversation in train for turn in conversation.turns), model.vocabulary)


def _read(folder: Path, split: str) -> list[Conversation]:
    """The conversations of a split in id order, so that the packing does not depend on the mixture's own order."""
    return list(from_frame(read_shards(folder, split).sort("id", maintain_order=True)))


def _unlearned(conversation: Conversation) -> Conversation:
    """The example without language loss: posts and pairs are there for the heads."""
    return replace(conversation, turns=tuple(replace(turn, learn=False) for turn in conversation.turns))


def _repeats(conversation: Conversation, repeats: Mapping[str, int]) -> int:
    """How often an example stands in the training rows: as often as its most repeated head says."""
    return max((repeats.get(label.head, 1) for _, label in conversation.labels), default=1)


def _count(split: str, told: Split, asked: Split, rows: int, head_rows: int) -> dict[str, int]:
    """Figures that add up over the splits, and the rows of this one."""
    return {
        "read_tokens": told.read + asked.read,
        "tokens": told.tokens + asked.tokens,
        "cut_tokens": sum(cut.tokens - cut.kept for cut in (*told.cuts, *asked.cuts)),
        "learn_tokens": sum(sum(piece.encoded.learn[1:]) for piece in told.pieces),
        "conversations": len({piece.conversation for piece in told.pieces}),
        "examples": len({piece.conversation for piece in asked.pieces}),
        "pieces": len(told.pieces) + len(asked.pieces),
        f"{split}_rows": rows,
        f"{split}_head_rows": head_rows,
    }


def _reject(source: str, cut: Cut) -> Reject:
    detail = f"{cut.tokens - cut.kept} of {cut.tokens} tokens cut: raise training.sequence_length to keep them"
    content = as_content({"tokens": cut.tokens, "kept": cut.kept})  # the text itself stays in the mixture
    return Reject(source, f"{cut.conversation} turn {cut.turn}", "turn_longer_than_row", detail, content)
