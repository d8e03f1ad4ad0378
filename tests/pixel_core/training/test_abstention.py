"""When a head says nothing: what is fitted, how it is judged, and what a checkpoint keeps and says of it."""

import pytest
import torch

from pixel_core.conversation import Turn
from pixel_core.model.heads import find_head
from pixel_core.model.pixel import PixelModel
from pixel_core.training.abstention import NEVER, THRESHOLDS, answer_counts, count_names, fit_abstention
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import small_backbone

ROWS, CODES = 400, len(find_head("clinical").outputs)
SEEN = {"clinical": [5] * CODES}


class Held:
    """The part of a batch that abstention reads: labels of the clinical head in many groups."""

    def __init__(self, targets):
        self.query_groups = tuple(f"group {n}" for n in range(len(targets)))
        self.head_targets = {"clinical": targets}


def asked(sure, right):
    """Outputs that name the first disorder with these probabilities, and labels by which they are right or not."""
    raw = torch.full((len(sure), CODES), -12.0)
    raw[:, 0] = torch.logit(sure)
    targets = torch.zeros(len(sure), CODES)
    targets[torch.arange(len(sure)), torch.where(right, 0, 1)] = 1.0
    return fit_abstention(answer_counts({"clinical": raw}, Held(targets), SEEN), ["clinical"])["clinical"]


def test_a_head_answers_where_it_is_more_often_right_than_wrong():
    """A head whose confidence is true says what it is surer of than half: within a step of the grid, less what chance moves."""
    torch.manual_seed(0)
    sure = torch.rand(ROWS) * 0.98 + 0.01
    found = asked(sure, torch.rand(ROWS) < sure)
    assert 0.4 <= found.threshold <= 0.6
    assert found.coverage == pytest.approx(float((sure >= found.threshold).float().mean()), abs=0.1)
    assert found.accuracy > 0.65


def test_a_head_that_guesses_says_nothing():
    torch.manual_seed(1)
    found = asked(torch.rand(ROWS) * 0.98 + 0.01, torch.rand(ROWS) < 0.05)
    assert found.threshold == NEVER
    assert (found.coverage, found.accuracy) == (0.0, None)


def test_a_head_that_always_knows_answers_always():
    found = asked(torch.full((ROWS,), 0.3), torch.ones(ROWS, dtype=torch.bool))
    assert found.threshold <= 0.3
    assert (found.coverage, found.accuracy) == (1.0, 1.0)


def test_unknown_outputs_are_no_answers_and_unlabelled_texts_are_not_asked():
    raw = torch.full((3, CODES), -9.0)
    raw[:, 0], raw[:, 1] = 4.0, 2.0
    targets = torch.zeros(3, CODES)
    targets[:, 1] = 1.0
    targets[:2, 0], targets[2] = float("nan"), float("nan")  # twice nobody said whether the likeliest is true, once nothing at all
    counts = answer_counts({"clinical": raw}, Held(targets), SEEN)
    assert sum(counts[name] for name in counts if name.endswith("/asked")) == 2
    assert sum(counts[name] for name in counts if name.endswith("/0/right")) == 2
    assert set(counts) == set(count_names(["clinical", "eq"]))
    assert not any(name.startswith("eq/") for name in counts)


def test_outputs_that_were_never_trained_are_no_answers_and_the_true_alone_asks_nothing():
    torch.manual_seed(3)
    sure = torch.rand(ROWS) * 0.98 + 0.01
    raw = torch.full((ROWS, CODES), -12.0)
    raw[:, 0], raw[:, 1] = 9.0, torch.logit(sure)
    targets = torch.zeros(ROWS, CODES)
    targets[torch.arange(ROWS), torch.where(torch.rand(ROWS) < sure, 1, 2)] = 1.0
    counts = answer_counts({"clinical": raw}, Held(targets), {"clinical": [0, *[5] * (CODES - 1)]})
    found = fit_abstention(counts, ["clinical"])["clinical"]
    assert 0.4 <= found.threshold <= 0.6 and found.coverage > 0.3
    only_true = answer_counts({"clinical": raw}, Held(torch.where(targets == 1, 1.0, torch.nan)), SEEN)
    assert fit_abstention(only_true, ["clinical"]) == {}


def test_one_group_alone_judges_nothing():
    held = Held(torch.eye(CODES)[:9])
    held.query_groups = ("same",) * 9
    raw = torch.eye(CODES)[:9] * 20 - 10
    assert fit_abstention(answer_counts({"clinical": raw}, held, SEEN), ["clinical"])["clinical"].threshold == NEVER


def test_counts_add_up_over_batches():
    torch.manual_seed(2)
    raw, targets = torch.randn(ROWS, CODES), (torch.rand(ROWS, CODES) > 0.9).float()
    whole = answer_counts({"clinical": raw}, Held(targets), SEEN)
    first = answer_counts({"clinical": raw[:150]}, Held(targets[:150]), SEEN)
    second = answer_counts({"clinical": raw[150:]}, _named(targets[150:], 150), SEEN)
    assert {name: first[name] + second[name] for name in whole} == whole
    assert THRESHOLDS[-1] == NEVER and sum(whole[name] for name in whole if f"/{len(THRESHOLDS) - 1}/answered" in name) == 0


def _named(targets, first):
    held = Held(targets)
    held.query_groups = tuple(f"group {n}" for n in range(first, first + len(targets)))
    return held


def test_what_a_checkpoint_is_not_sure_of_it_does_not_say(tmp_path):
    tokenizer = train_tokenizer(["I feel sad today and it does not stop."] * 3, 300)
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    model.supervised["clinical"] = [0, *[5] * (CODES - 1)]
    raw = torch.full((CODES,), -4.0)
    raw[0], raw[1] = 6.0, 1.0  # the first was never trained: it does not make the head sure
    model.heads.by_name["clinical"].start_at(raw)
    names = find_head("clinical").outputs
    turns = [Turn("user", "client", "I feel sad."), Turn("assistant", "therapist", "Since when?")]
    for threshold, heard in ((0.7, True), (0.75, False), (NEVER, False)):
        model.save(tmp_path, abstention={"clinical": threshold})
        loaded = PixelModel.load(tmp_path)
        assert loaded.abstention == {"clinical": threshold}
        said = loaded.scores(turns, 1)["clinical"]
        assert (said[names[1]] is not None) == heard
        assert said[names[0]] is None
    assert model.scores(turns, 1)["clinical"][find_head("clinical").outputs[1]] == pytest.approx(
        torch.tensor(1.0).sigmoid().item(), abs=1e-4
    )
