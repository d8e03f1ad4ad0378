"""The harness beside one call an item: the same tiny checkpoint, the same shipped items, in one run.

pytest tests/benchmarks/evaluation -m "" -s

One call an item is what a notebook does: the model's own `scores` and `reply`, and a forward pass a choice. `apart` is the
harness asked for one item at a time: what it gains without reading items together.
"""

import time

import pytest
import torch

from pixel_core.conversation import Turn
from pixel_core.evaluation.clinical.tasks import class_names
from pixel_core.evaluation.items import read_eq_items, read_seeker_posts, read_vignettes
from pixel_core.evaluation.respondents.checkpoint import CheckpointRespondent
from pixel_core.model.chat import prompt
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.evaluation.world import ROOT

SCENARIOS = ROOT / "data" / "scenarios"
REPLY_TOKENS = 48


def shipped_texts():
    """What a tokenizer of these items is trained on."""
    return [v.text for v in read_vignettes(SCENARIOS)] + [i.scenario for i in read_eq_items(SCENARIOS)] + ["system user assistant"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The default model, untrained, with a tokenizer of the shipped items."""
    recipe = load_recipe("tiny")
    tokenizer = train_tokenizer(shipped_texts(), recipe.model.vocabulary)
    folder = tmp_path_factory.mktemp("checkpoint")
    PixelModel.from_backbone(recipe.model, tokenizer, seed=1).save(folder)
    return folder


def asked(text):
    return (Turn("user", "client", text),)


@pytest.fixture(scope="module")
def items():
    """Dialogues and choices: items of emotional intelligence, vignettes with all classes, and posts."""
    names = tuple(class_names().values())
    eq = [(asked(f"{i.scenario}\n\n{i.question}"), i.choices) for i in read_eq_items(SCENARIOS)[:60]]
    vignettes = [(asked(v.text), names) for v in read_vignettes(SCENARIOS)[:20]]
    return (
        eq,
        vignettes,
        [asked(v.text) for v in read_vignettes(SCENARIOS)[:100]],
        [asked(p.text) for p in read_seeker_posts(SCENARIOS)[:24]],
    )


@torch.no_grad()
def likelihood(model, turns, choice):
    """The log-probability a byte of a choice, by one forward pass of its own."""
    before, ids = prompt(turns, model.tokenizer), model.tokenizer.encode(choice, add_special_tokens=False)
    logits = model.language_model(torch.tensor([before + ids]), use_cache=False).logits[0, len(before) - 1 : -1].log_softmax(-1)
    return logits[range(len(ids)), ids].sum().item() / len(choice.encode())


def timed(work):
    began = time.process_time()
    found = work()
    return found, time.process_time() - began


def both(checkpoint, plain, ask, items):
    """Answers and processor seconds: one call an item, the harness an item at a time, the harness with all of them."""
    model = PixelModel.load(checkpoint, dtype=torch.float32)
    respondents = [CheckpointRespondent(checkpoint) for _ in range(2)]
    for respondent in respondents:
        respondent.replies([asked("warm")], "assistant", 2)
    model.reply(asked("warm"), max_new_tokens=2)
    slow, one_by_one = timed(lambda: [plain(model, item) for item in items])
    _, apart = timed(lambda: [ask(respondents[0], [item]) for item in items])
    fast, together = timed(lambda: ask(respondents[1], items))
    return slow, fast, (one_by_one, apart, together)


def told(name, count, seconds):
    plain, apart, together = seconds
    print(
        f"\n{name}, {count} items: one call an item {plain:.2f} s, apart {apart:.2f} s, together {together:.2f} s: x{plain / together:.1f}"
    )


def test_batched_evaluation_is_five_times_faster_than_one_call_an_item(checkpoint, items):
    eq, vignettes, turns, posts = items
    total = [0.0, 0.0, 0.0]

    def choose(respondent, given):
        return respondent.likelihoods([turns for turns, _ in given], [choices for _, choices in given])

    for name, given in (("eq items", eq), ("vignettes", vignettes)):
        slow, fast, seconds = both(checkpoint, lambda m, item: [likelihood(m, item[0], c) for c in item[1]], choose, given)
        told(name, len(given), seconds)
        total = [a + b for a, b in zip(total, seconds, strict=True)]
        for one, other in zip(slow, fast, strict=True):
            assert other == pytest.approx(one, abs=1e-4)
    _, _, seconds = both(checkpoint, lambda m, item: m.scores(item, 0), lambda r, given: r.heads(given, [0] * len(given)), turns)
    told("heads", len(turns), seconds)
    total = [a + b for a, b in zip(total, seconds, strict=True)]
    slow, fast, seconds = both(
        checkpoint,
        lambda m, item: m.reply(item, max_new_tokens=REPLY_TOKENS).text,
        lambda r, given: r.replies(given, "assistant", REPLY_TOKENS),
        posts,
    )
    told("replies", len(posts), seconds)
    assert slow == fast
    total = [a + b for a, b in zip(total, seconds, strict=True)]
    told("all", len(eq) + len(vignettes) + len(turns) + len(posts), total)
    assert total[0] / total[2] >= 5
