"""A backbone that has never seen ChatML learns its two tokens in entries that its makers reserved."""

import json

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, MistralConfig, PreTrainedTokenizerFast

from pixel_core.conversation import Turn
from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.chat import END, START, encode, taught_tokens
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives import language_loss
from pixel_core.recipe import load_recipe
from pixel_core.training.tokenizer import TokenizerError, backbone_tokenizer, train_tokenizer

TEXTS = ["I feel sad today and it does not stop.", "What do you feel when you wake up?", "system user assistant"]
TALK = (Turn("user", "client", "I feel sad today."), Turn("assistant", "therapist", "What do you feel?", learn=True))


def foreign(folder, reserved):
    """A small Mistral with a tokeniser in which these entries stand where ChatML's would."""
    state = json.loads(train_tokenizer(TEXTS * 3, 300).backend_tokenizer.to_str())
    names = dict(zip((START, END), reserved, strict=True))
    for entry in state["added_tokens"]:
        entry["content"] = names.get(entry["content"], entry["content"])
    state["model"]["vocab"] = {names.get(text, text): index for text, index in state["model"]["vocab"].items()}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(state)), eos_token="<|endoftext|>")
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        tie_word_embeddings=False,
        eos_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def mistral(tmp_path):
    return foreign(tmp_path / "mistral", ["<SPECIAL_20>", "<SPECIAL_21>"])


def recipe(backbone, rank):
    return load_recipe(overrides=["model.preset=mistral-small-24b", f"model.backbone={backbone}", f"model.lora_rank={rank}"]).model


def test_the_two_tokens_take_reserved_places_and_survive_saving(mistral, tmp_path):
    before, after = AutoTokenizer.from_pretrained(mistral), backbone_tokenizer(str(mistral))
    assert len(after) == len(before)
    assert [after.convert_tokens_to_ids(t) for t in (START, END)] == [before.convert_tokens_to_ids(f"<SPECIAL_{n}>") for n in (20, 21)]
    assert after.encode("I feel sad.") == before.encode("I feel sad.")
    after.save_pretrained(tmp_path / "saved")
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert taught_tokens(again) == taught_tokens(after) == [after.convert_tokens_to_ids(t) for t in (START, END)]
    assert (
        encode(TALK, again).ids
        == encode(TALK, after).ids
        == again.apply_chat_template([{"role": turn.role, "content": turn.content} for turn in TALK], tokenize=True, return_dict=False)
    )


def test_a_tokenizer_that_speaks_chatml_is_left_alone(tmp_path):
    train_tokenizer(TEXTS * 3, 300).save_pretrained(tmp_path)
    assert taught_tokens(backbone_tokenizer(str(tmp_path))) == []


def test_without_reserved_entries_the_backbone_is_refused(tmp_path):
    foreign(tmp_path, ["<one>", "<two>"])
    with pytest.raises(TokenizerError, match="no reserved entries"):
        backbone_tokenizer(str(tmp_path))


def test_adapters_learn_the_two_rows_and_no_other(mistral, tmp_path):
    tokenizer = backbone_tokenizer(str(mistral))
    model = PixelModel.from_backbone(recipe(mistral, 2), tokenizer, seed=1)
    batch = build_batch([[example_of(TALK, tokenizer)]], pad=0)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    model(batch, language_loss=lambda hidden, project, targets: language_loss(hidden, project, targets, 64)).language.backward()
    optimizer.step()
    model.save(tmp_path / "adapter")
    loaded, base = PixelModel.load(tmp_path / "adapter"), AutoModelForCausalLM.from_pretrained(mistral)
    for rows in (embedded, projected):
        changed = (rows(loaded.language_model) - rows(base)).abs().amax(1).nonzero().flatten().tolist()
        assert changed and set(changed) <= set(taught_tokens(tokenizer))
    assert torch.equal(loaded.language_model(batch.input_ids).logits, model.eval().language_model(batch.input_ids).logits)


def test_a_whole_model_stops_where_a_turn_ends_in_other_software_too(mistral, tmp_path):
    tokenizer = backbone_tokenizer(str(mistral))
    PixelModel.from_backbone(recipe(mistral, 0), tokenizer, seed=1).save(tmp_path / "whole")
    assert AutoModelForCausalLM.from_pretrained(mistral).generation_config.eos_token_id == 0
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "whole").generation_config.eos_token_id == tokenizer.convert_tokens_to_ids(END)


@torch.no_grad()
def embedded(model):
    """The row of every token in the embedding, as a forward pass sees it."""
    return model.get_input_embeddings()(torch.arange(model.config.vocab_size))


@torch.no_grad()
def projected(model):
    """The row of every token in the output matrix."""
    return model.get_output_embeddings()(torch.eye(model.config.hidden_size)).T
