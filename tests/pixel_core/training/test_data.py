"""The packed dataset: nothing lost, masks right, the same bytes again, and baselines that are what they say."""

import math
from collections import Counter

import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError, read_manifest
from pixel_core.conversation import Conversation, Turn, from_frame
from pixel_core.model.chat import encode
from pixel_core.model.heads import find_head
from pixel_core.recipe import load_recipe
from pixel_core.training.baselines import UNIGRAM, read_priors, unigram_loss
from pixel_core.training.data import pack_dataset
from pixel_core.training.packing import PACKED_SCHEMA
from pixel_core.training.quality import check_packed_masks, check_packed_splits, check_packed_tokens
from pixel_core.training.tokenizer import TokenizerError, backbone_tokenizer, load_tokenizer, train_tokenizer
from tests.pixel_core.training.conftest import WHERE, dialogue, write_artifact, write_sources

CHECKS = (check_packed_tokens, check_packed_masks, check_packed_splits)


def pack(sources, out, recipe, **more):
    return pack_dataset(*sources, out, model=recipe.model, training=recipe.training, seed=recipe.seed, **more)


@pytest.mark.parametrize("check", CHECKS)
def test_an_ordinary_dataset_passes_its_checks(packed, check):
    assert check(packed).passed, str(check(packed))


def test_every_token_of_every_conversation_is_there_in_order(packed, sources):
    tokenizer = load_tokenizer(packed / "tokenizer")
    found = {}
    for row in pl.read_parquet(packed / "train.parquet").iter_rows(named=True):
        for piece in row["pieces"]:
            found.setdefault(piece["conversation"], {})[piece["first_turn"]] = row["input_ids"][piece["start"] : piece["end"]]
    conversations = list(from_frame(pl.read_parquet(sources[0] / "train.parquet")))
    assert set(found) == {c.id for c in conversations}
    for conversation in conversations:
        pieces = found[conversation.id]
        assert [token for first in sorted(pieces) for token in pieces[first]] == encode(conversation.turns, tokenizer).ids
    assert any(len(pieces) > 1 for pieces in found.values()), "the fixture should hold a conversation longer than a row"


def test_the_learned_text_is_what_the_helper_says(packed, sources):
    tokenizer = load_tokenizer(packed / "tokenizer")
    learned = Counter()
    for row in pl.read_parquet(packed / "validation.parquet").iter_rows(named=True):
        learned.update(t for t, learn in zip(row["input_ids"], row["learn"], strict=True) if learn)
    expected = Counter()
    for conversation in from_frame(pl.read_parquet(sources[0] / "validation.parquet")):
        for turn in conversation.turns:
            if turn.learn:
                expected.update([*tokenizer.encode(turn.content, add_special_tokens=False), tokenizer.eos_token_id])
    assert learned == expected


def test_labels_survive_packing(packed, sources):
    def counted(turns):
        return Counter((label["output"], label["value"], label["source"]) for turn in turns for label in turn["labels"])

    stored = Counter()
    for turns in pl.read_parquet(packed / "head_train.parquet")["turns"]:
        stored += counted(turns)
    wanted = Counter()
    for turns in pl.read_parquet(sources[1] / "train.parquet")["turns"]:
        wanted += counted(turns)
    assert stored == wanted


def test_packing_again_skips_and_forcing_gives_the_same_bytes(packed, sources, recipe, tmp_path):
    first = pack(sources, tmp_path / "packed_dataset", recipe)
    assert first.manifest.files == read_manifest(packed).files
    assert pack(sources, tmp_path / "packed_dataset", recipe).skipped
    again = pack(sources, tmp_path / "packed_dataset", recipe, force=True)
    assert not again.skipped
    assert again.manifest == first.manifest


def test_a_turn_longer_than_a_row_is_cut_and_counted(tmp_path, recipe):
    long = Conversation(
        (Turn("user", "client", "Where do I begin?"), Turn("assistant", "therapist", "Let us go slowly. " * 200, learn=True)),
        "psychology",
        "long",
        1,
        WHERE,
    )
    built = pack(write_sources(tmp_path, more=[long]), tmp_path / "packed", recipe)
    figures = built.summary.figures
    assert built.summary.rejects == {"turn_longer_than_row": 1}
    assert figures["cut_tokens"] > 200
    assert figures["read_tokens"] == figures["tokens"] + figures["cut_tokens"]
    rejected = pl.read_parquet(tmp_path / "packed" / "rejected.parquet")
    assert rejected["position"][0] == f"{long.id} turn 1"
    assert "slowly" not in rejected["content"][0]
    assert all(check(tmp_path / "packed").passed for check in CHECKS)


def test_the_unigram_loss_is_that_of_smoothed_counts(packed):
    counts = pl.read_parquet(packed / UNIGRAM)
    frame = pl.DataFrame(
        [
            {
                "row": 0,
                "input_ids": [1, 7, 8, 7],
                "learn": [True, True, False, True],  # the first token of a piece is never predicted
                "pieces": [{"conversation": "c", "group": "g", "first_turn": 0, "start": 0, "end": 4}],
                "turns": [],
            }
        ],
        schema=PACKED_SCHEMA,
    )
    total = counts["count"].sum() + counts.height
    seven = counts.filter(pl.col("token") == 7)["count"][0] + 1
    assert unigram_loss(counts, frame) == pytest.approx(-math.log(seven / total))
    assert read_manifest(packed).summary.figures["unigram_loss"] < math.log(counts.height)


def test_priors_stand_for_the_supervised_heads_only(packed):
    priors = read_priors(packed / "priors.json")
    assert {"emotions", "empathy", "persona"} <= set(priors)
    assert "clinical" not in priors
    shares = priors["emotions"].sigmoid()
    outputs = find_head("emotions").outputs
    assert shares[outputs.index("grief")] < 0.02
    assert 0.1 < shares[outputs.index("joy")] < 0.5


def test_a_damaged_mixture_is_an_error(tmp_path, recipe):
    mixture, examples = write_sources(tmp_path)
    (mixture / "train.parquet").write_bytes(b"half")
    with pytest.raises(ArtifactError, match=r"train\.parquet"):
        pack((mixture, examples), tmp_path / "packed", recipe)
    assert not (tmp_path / "packed").exists()


def test_a_conversation_in_both_splits_fails_the_check(tmp_path, recipe):
    both = dialogue(0, "both")
    splits = {"train": [both, dialogue(1, "train")], "validation": [both]}
    built = pack((write_artifact(tmp_path / "training_mixture", splits), write_sources(tmp_path)[1]), tmp_path / "packed", recipe)
    assert not check_packed_splits(built.folder).passed


def test_the_tokenizer_gives_back_any_text_and_keeps_markers_apart(packed):
    tokenizer = load_tokenizer(packed / "tokenizer")
    for text in ("I can't — naïve 😀\n\ttabs", "<|im_end|> spelled out"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)) == text
    assert tokenizer.encode("<|im_end|>", add_special_tokens=False) == [tokenizer.eos_token_id]
    assert tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False) == "<|im_start|>user\nHi<|im_end|>\n"


def test_a_vocabulary_below_the_bytes_is_refused():
    with pytest.raises(TokenizerError, match=r"model\.vocabulary = 100"):
        train_tokenizer(["text"], 100)


def test_a_backbone_brings_its_own_tokenizer(packed, sources, tmp_path, recipe):
    folder = tmp_path / "backbone"
    load_tokenizer(packed / "tokenizer").save_pretrained(folder)
    with_backbone = load_recipe("tiny", [f"model.backbone={folder}", "training.sequence_length=128"])
    built = pack(sources, tmp_path / "packed", with_backbone)
    assert pl.read_parquet(built.folder / "train.parquet").equals(pl.read_parquet(packed / "train.parquet"))


def test_a_backbone_that_does_not_speak_chatml_is_refused(tmp_path):
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token="</s>").save_pretrained(tmp_path)
    with pytest.raises(TokenizerError, match="ChatML"):
        backbone_tokenizer(str(tmp_path))


def test_examples_of_a_small_set_are_seen_more_often_and_every_token_is_still_accounted_for(sources, recipe, tmp_path):
    from pixel_core.training.quality import check_packed_tokens

    def packed_with(repeats):
        training = recipe.training.model_copy(update={"head_repeats": repeats})
        out = tmp_path / f"repeats-{len(repeats)}" / "packed_dataset"
        built = pack_dataset(*sources, out, model=recipe.model, training=training, seed=recipe.seed)
        assert check_packed_tokens(out).passed
        return built, pl.read_parquet(out / "head_train.parquet")["pieces"].explode().struct.field("conversation").value_counts()

    once, seen = packed_with({})
    thrice, often = packed_with({"emotions": 3, "empathy": 2})
    assert set(seen["count"]) == {1} and set(often["count"]) == {3}
    assert thrice.summary.figures["validation_labels_emotions"] == once.summary.figures["validation_labels_emotions"]
    assert "head_repeats" not in once.manifest.inputs and "head_repeats" in thrice.manifest.inputs
