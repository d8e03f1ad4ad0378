import pytest
import torch
from transformers import GenerationConfig

from pixel_core.model.generation import write

PROMPT = [5, 9, 33, 7, 12]
NEVER = -1


def test_the_hidden_states_are_those_of_one_pass_over_all_tokens(model):
    tokens, hidden = write(model.language_model, PROMPT, end=NEVER, limit=7)
    whole = model.language_model.get_decoder()(input_ids=torch.tensor([PROMPT + tokens]), use_cache=False).last_hidden_state[0]
    torch.testing.assert_close(hidden, whole, rtol=1e-4, atol=1e-5)


def test_it_ends_at_the_end_and_at_the_limit(model):
    tokens, _ = write(model.language_model, PROMPT, end=NEVER, limit=7)
    assert len(tokens) == 7
    again, hidden = write(model.language_model, PROMPT, end=tokens[3], limit=7)
    assert again == tokens[: tokens.index(tokens[3])] and len(hidden) == len(PROMPT) + len(again)
    assert write(model.language_model, PROMPT, end=NEVER, limit=0).tokens == []


@pytest.mark.parametrize("penalty", [1.0, 5.0])
def test_the_backbones_own_settings_do_not_enter(model, penalty):
    plain = write(model.language_model, PROMPT, end=NEVER, limit=9).tokens
    model.language_model.generation_config = GenerationConfig(repetition_penalty=penalty, do_sample=True, temperature=9.0)
    assert write(model.language_model, PROMPT, end=NEVER, limit=9).tokens == plain
