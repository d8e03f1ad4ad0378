import math
import re

import pytest
import torch

from pixel_core.conversation import Label, Turn
from pixel_core.model.batch import IGNORED, LabelError, build_batch, example_of, head_targets_of, query_masks_of
from pixel_core.model.heads import HEADS, find_head


def label(output, value):
    return Label(output, value, "human")


def said(part, content, *labels, learn=False, role=None):
    return Turn(role or ("assistant" if part in ("therapist", "assistant") else "user"), part, content, learn=learn, labels=labels)


DIALOGUE = (
    Turn("system", "other", "Be kind."),
    said("client", "I feel sad today.", label("emotions.sadness", 1), label("emotions.*", 0), label("crisis.level", 2)),
    said("therapist", "What do you feel?", label("empathy.explorations", 2), label("technique.open_question", 1), learn=True),
    said("client", "Tired."),
    said("therapist", "Tell me more.", learn=True),
)


def test_each_reads_covers_exactly_its_tokens():
    spans = [(0, 2), (5, 9), (12, 15), (20, 21), (25, 29)]
    assert query_masks_of(DIALOGUE, spans, 2) == {"reply": [(12, 15)], "client": [(5, 9)], "context": [(0, 2), (5, 9)]}
    assert query_masks_of(DIALOGUE, spans, 3)["client"] == [(5, 9), (20, 21)]
    assert query_masks_of(DIALOGUE, spans, 1)["client"] == [(5, 9)], "the client's own turn is read when it is the one asked about"
    assert query_masks_of(DIALOGUE, spans, 0) == {"reply": [(0, 2)], "client": [], "context": []}


def test_parts_not_roles_say_who_is_read():
    turns = (said("therapist", "How was it?", role="user"), said("client", "Bad.", role="assistant"), said("other", "Hi", role="user"))
    assert query_masks_of(turns, [(0, 1), (2, 3), (4, 5)], 2)["client"] == [(2, 3), (4, 5)]


def test_labels_become_targets_and_the_rest_stays_unknown():
    client = head_targets_of(DIALOGUE, 1)
    emotions = dict(zip(find_head("emotions").outputs, client["emotions"], strict=True))
    assert emotions.pop("sadness") == 1 and set(emotions.values()) == {0.0}
    assert client["crisis"] == [2.0] and set(client) == {"emotions", "crisis"}
    reply = head_targets_of(DIALOGUE, 2)
    assert reply["empathy"][2] == 2 and math.isnan(reply["empathy"][0])
    assert reply["persona"] == [0.0, 1.0], "derived from the part of a learned turn"
    assert sum(not math.isnan(value) for value in reply["technique"]) == 1


def test_a_closed_world_without_positives_is_all_zero():
    assert set(head_targets_of([said("client", "x", label("clinical.*", 0))], 0)["clinical"]) == {0.0}


def test_class_labels_share_the_probability_and_need_a_positive():
    turn = said("therapist", "x", label("intervention.validation", 1), label("intervention.summary", 1))
    values = dict(zip(find_head("intervention").outputs, head_targets_of([turn], 0)["intervention"], strict=True))
    assert values["validation"] == values["summary"] == 0.5 and sum(values.values()) == 1
    assert "intervention" not in head_targets_of([said("therapist", "x", label("intervention.summary", 0))], 0)


@pytest.mark.parametrize("head", ["eq", "empathy", "appropriateness"])
def test_therapist_heads_are_unknown_where_the_client_speaks(head):
    labels = [label(name, 1) for name in find_head(head).label_names]
    assert head not in head_targets_of([said("client", "x", *labels)], 0)
    assert head in head_targets_of([said("therapist", "x", *labels)], 0)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (("emotions.gloom", 1), "emotions.gloom names no output"),
        (("crisis.level", 5), "crisis.level = 5"),
        (("crisis.level", 1.5), "crisis.level = 1.5"),
        (("affect.valence", -0.1), "runs from 0 to 1"),
        (("clinical.F80.2", 0.5), "a multilabel output runs"),
        (("persona.therapy", 1), "persona is derived"),
        (("mood.bad", 1), "labels of 'mood'"),
    ],
)
def test_a_label_outside_the_table_is_an_error(bad, message):
    with pytest.raises(LabelError, match=re.escape(message)):
        head_targets_of([said("client", "x", label(*bad))], 0)


def test_targets_are_shifted_within_a_conversation_and_never_across(tokenizer):
    first, second = (example_of(DIALOGUE[:3], tokenizer), example_of(DIALOGUE, tokenizer))
    batch = build_batch([[first, second], [first]], pad=0)
    n = len(first.encoded.ids)
    learned = batch.language_targets[0, :n] != IGNORED
    assert tokenizer.decode(batch.language_targets[0, :n][learned]) == "What do you feel?<|im_end|>"
    assert torch.equal(batch.language_targets[0, :n][learned], batch.input_ids[0, 1 : n + 1][learned])
    assert batch.language_targets[0, n - 1] == IGNORED, "the last token of a conversation predicts nothing of the next"
    assert batch.position_ids[0, n] == 0 and batch.position_ids[0, n - 1] == n - 1
    assert (batch.language_targets[1, n:] == IGNORED).all() and batch.position_ids[1, n] == 0
    assert batch.lengths.tolist() == [n + len(second.encoded.ids), n]


def test_queries_keep_their_tokens_wherever_the_conversation_lies(tokenizer):
    example = example_of(DIALOGUE, tokenizer)
    assert [query.turn for query in example.queries] == [1, 2, 4]
    batch = build_batch([[example], [example_of(DIALOGUE[:2], tokenizer), example]], pad=0, length=128)
    for place, (row, query) in enumerate(zip(batch.query_rows, [*example.queries, None, *example.queries], strict=True)):
        if query is not None:
            read = tokenizer.decode(batch.input_ids[row][batch.query_masks["reply"][place]])
            assert read == DIALOGUE[query.turn].content


def test_heads_whose_tokens_were_cut_away_are_unknown(tokenizer):
    whole = example_of(DIALOGUE, tokenizer)
    start = whole.encoded.spans[2][0]
    cut = example_of(DIALOGUE, tokenizer, length=start)
    by_turn = {query.turn: query.targets for query in cut.queries}
    assert set(by_turn[2]) == {"persona"}, "the reply is gone, what came before it is not"
    assert "crisis" in by_turn[1]


def test_a_first_turn_has_no_context_to_tell_the_persona_from(tokenizer):
    assert example_of([said("therapist", "Welcome.", learn=True)], tokenizer).queries == ()


def test_asked_turns_are_queried_without_labels(tokenizer):
    batch = build_batch([[example_of(DIALOGUE, tokenizer, ask=[3])]], pad=0)
    assert batch.query_rows.tolist() == [0]
    for spec in HEADS:
        assert batch.head_targets[spec.name].shape == (1, len(spec.outputs)) and batch.head_targets[spec.name].isnan().all()


def test_a_row_that_does_not_fit_is_named(tokenizer):
    example = example_of(DIALOGUE, tokenizer)
    with pytest.raises(ValueError, match="does not fit into 10"):
        build_batch([[example]], pad=0, length=10)


def test_a_batch_of_nothing_says_so(tokenizer):
    nothing = example_of((), tokenizer)
    for rows in ([], [[]], [[nothing]], [[nothing, example_of(DIALOGUE, tokenizer)]]):
        with pytest.raises(ValueError, match="leave out what is empty"):
            build_batch(rows, pad=0)
