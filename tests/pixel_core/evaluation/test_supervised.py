"""Which labels a figure may rest on."""

import pytest

from pixel_core.conversation import Conversation, Label, Provenance, Turn
from pixel_core.evaluation.supervised import labelled_turns

PLACE = Provenance("s", "pixel-sample://s", "row 1", "CC0-1.0", "synthetic", "1")


def post(*labels):
    turns = (Turn("user", "client", "Nobody answers when I call.", labels=labels),)
    return Conversation(turns, "supervision", "g", 1, (PLACE,))


@pytest.mark.parametrize("source", ["human", "written"])
def test_what_somebody_labelled_is_asked(source):
    (question,) = labelled_turns("affect", [post(Label("affect.valence", 0.25, source))])
    assert question.truth[0] == 0.25
    assert question.truth[1] != question.truth[1], "an output without a label is unknown"


@pytest.mark.parametrize("source", ["derived:grammar", "model:judge"])
def test_what_a_rule_or_a_model_labelled_is_not(source):
    assert labelled_turns("affect", [post(Label("affect.valence", 0.25, source))]) == []
    mixed = post(Label("affect.valence", 0.25, source), Label("affect.arousal", 0.5, "human"))
    (question,) = labelled_turns("affect", [mixed])
    assert question.truth[0] != question.truth[0] and question.truth[1] == 0.5
