"""A checkpoint answers as the model itself would, and neighbours and padding change nothing but the last digits."""

from dataclasses import astuple, replace

import pytest
import torch

from pixel_core.conversation import Turn
from pixel_core.evaluation.respondents.checkpoint import CheckpointRespondent
from pixel_core.model.batch import build_batch, example_of
from pixel_core.model.chat import prompt
from pixel_core.model.pixel import PixelModel
from pixel_core.objectives.losses import language_loss
from tests.pixel_core.evaluation.world import dialogue, labelled, speech

SIZES = (1, 3, 16)
DIALOGUES = [dialogue("more", n, c).turns for n in range(3) for c in ("psychology", "reasoning")] + [labelled("more", 1).turns]


@pytest.fixture(scope="module")
def respondents(world):
    return {size: CheckpointRespondent(world.run[4], batch_size=size) for size in SIZES}


@pytest.fixture(scope="module")
def model(world):
    return PixelModel.load(world.run[4], dtype=torch.float32)


@pytest.fixture(scope="module")
def one_by_one(world):
    """A respondent that reads no two rows together."""
    respondent = CheckpointRespondent(world.run[4])
    respondent._reading = respondent._writing = (1, 1)
    return respondent


@pytest.fixture(scope="module", autouse=True)
def bounds(respondents, one_by_one):
    """Bounds under which the few dialogues of these tests fall into several batches of several rows."""
    for respondent in respondents.values():
        respondent._reading = respondent._writing = (300, 4)


def assert_same_for_any_batch(respondents, one_by_one, ask, numbers=lambda answer: answer):
    """The setting changes nothing at all on CPU; what is read together changes the last digits at most."""
    first, *others = [numbers(ask(respondents[size])) for size in SIZES]
    assert all(other == first for other in others)
    assert first == pytest.approx(numbers(ask(one_by_one)), abs=2e-5, rel=1e-5)
    return ask(respondents[SIZES[0]])


def flat(answers):
    return [value for values in answers for value in values]


def scores_of(answers):
    return [score for said in answers for head in sorted(said) for score in said[head].scores]


def test_likelihoods(respondents, one_by_one, model):
    choices = [[speech(f"choice {k}", 3 + k) for k in range(5)] for _ in DIALOGUES]
    found = assert_same_for_any_batch(respondents, one_by_one, lambda r: r.likelihoods([d[:1] for d in DIALOGUES], choices), flat)
    turns, text = DIALOGUES[2][:1], choices[2][3]
    asked = prompt(turns, model.tokenizer)
    ids = model.tokenizer.encode(text, add_special_tokens=False)
    with torch.no_grad():
        logits = model.language_model(torch.tensor([asked + ids])).logits[0, len(asked) - 1 : -1].log_softmax(-1)
    expected = logits[range(len(ids)), ids].sum().item() / len(text.encode())
    assert found[2][3] == pytest.approx(expected, abs=1e-4)


def test_choices_that_begin_alike_are_as_likely_as_apart(respondents, one_by_one):
    names = ["river", "river stone", "river stone lamp", "lamp", "river lamp", "stone"]
    together = respondents[3].likelihoods([DIALOGUES[0][:1], DIALOGUES[1][:3]], [names, names[::-1]])
    apart = [
        [one_by_one.likelihoods([turns], [[name]])[0][0] for name in given]
        for turns, given in ((DIALOGUES[0][:1], names), (DIALOGUES[1][:3], names[::-1]))
    ]
    assert flat(together) == pytest.approx(flat(apart), abs=2e-5)


def test_replies(respondents, one_by_one, model):
    found = [r.replies([d[:3] for d in DIALOGUES], "assistant", 8) for r in (*respondents.values(), one_by_one)]
    assert all(other == found[0] for other in found)
    assert len({len(prompt(d[:3], model.tokenizer)) for d in DIALOGUES}) > 1  # so that there is padding
    assert found[0] == [model.reply(d[:3], max_new_tokens=8).text for d in DIALOGUES]


def test_heads(respondents, one_by_one, model):
    places = [len(d) - 1 for d in DIALOGUES]
    found = assert_same_for_any_batch(respondents, one_by_one, lambda r: r.heads(DIALOGUES, places), scores_of)
    for turns, t, said in zip(DIALOGUES, places, found, strict=True):
        for name, outputs in model.scores(turns, t).items():
            for value, own in zip(outputs.values(), said[name].scores, strict=True):
                assert value is None or own == pytest.approx(value, abs=1e-4)


def test_losses(respondents, one_by_one, model):
    found = assert_same_for_any_batch(
        respondents, one_by_one, lambda r: r.losses(DIALOGUES, DIALOGUES[:2]), lambda found: flat(map(astuple, found))
    )
    batch = build_batch([[example_of(DIALOGUES[1], model.tokenizer)]], pad=0)
    with torch.no_grad():
        total = model(batch, language_loss=lambda h, p, t: language_loss(h, p, t, chunk=64)).language
    assert found[1].nats == pytest.approx(total.item(), rel=1e-4)
    assert found[1].tokens == int((batch.language_targets != -100).sum())
    assert found[1].content_bytes == sum(len(turn.content.encode()) for turn in DIALOGUES[1] if turn.learn)
    assert found[-1].tokens == 0  # a labelled pair without learned turns


def test_dialogues_that_begin_one_another_are_read_once_and_answered_alike(world):
    turns = DIALOGUES[0]
    together, apart = (CheckpointRespondent(world.run[4], batch_size=2) for _ in range(2))
    read = []
    hidden = together._hidden
    together._hidden = lambda rows, **how: (read.extend(rows), hidden(rows, **how))[1]
    found = together.heads([turns, turns, turns, DIALOGUES[1], turns], [3, 1, 2, 1, 1])
    assert len(read) == 2
    alone = [apart.heads([d], [t])[0] for d, t in zip([turns, turns, turns, DIALOGUES[1], turns], [3, 1, 2, 1, 1], strict=True)]
    assert scores_of(found) == pytest.approx(scores_of(alone), abs=2e-5)
    assert together.heads([turns], [2])[0] == found[2]
    assert len(read) == 2


def test_heads_that_say_the_same_of_everything_need_no_reading(world):
    unread, read = (CheckpointRespondent(world.run[0]) for _ in range(2))
    assert (unread._deaf, CheckpointRespondent(world.run[4])._deaf) == (True, False)
    read._deaf = False
    places = [len(d) - 1 for d in DIALOGUES]
    assert unread.heads(DIALOGUES, places) == read.heads(DIALOGUES, places)


def test_who_speaks_matters_to_the_heads_though_the_tokens_are_the_same(respondents):
    turns = DIALOGUES[1]  # an assistant's; as a client's dialogue the same words are read by other heads
    client = tuple(replace(turn, part="client") if turn.role == "assistant" else turn for turn in turns)
    first, second = respondents[3].heads([turns, client], [1, 1])
    assert first["crisis"] != second["crisis"]


def test_what_comes_after_the_turn_changes_nothing(respondents):
    turns = DIALOGUES[0]
    longer = (*turns, Turn("user", "client", "and then something else"), Turn("assistant", "therapist", "indeed"))
    assert respondents[3].heads([turns], [1]) == respondents[3].heads([longer], [1])


def test_a_dialogue_beyond_the_window_keeps_its_last_turns(respondents):
    long = tuple(Turn("user" if n % 2 == 0 else "assistant", "other", speech(f"long {n}", 60)) for n in range(20))
    last = respondents[3].heads([long], [19])
    assert last == respondents[3].heads([long[2:]], [17])
    assert respondents[3].replies([long], "assistant", 4) == respondents[3].replies([long[2:]], "assistant", 4)


def test_untrained_outputs_and_priors_come_from_the_checkpoint(respondents):
    assert not any(respondents[1].supervised("mer"))
    assert list(respondents[1].supervised("eq")) == [0, 1, 0, 1, 0]
    assert respondents[1].prior("persona").scores == (0.5, 0.5)
