"""What is shown, left open and outside the scheme, through tables of the shipped form."""

from pixel_core.conversation import Turn
from pixel_core.corpus.adapters.labelling import Spoken, label
from tests.pixel_core.corpus.worlds import entry


def reply(strategy, said="Tell me."):
    [turn] = label([Spoken(Turn("assistant", "therapist", said), ({"strategy": strategy},))], ({},), entry("esconv"))
    return {a.output: (a.value, a.source) for a in turn.labels}


def test_a_technique_is_shown_the_rest_of_the_scheme_absent_and_the_unspoken_unknown():
    found = reply("Providing Suggestions")
    assert found["technique.suggestion"] == found["intervention.suggestion"] == (1, "human")
    assert found["technique.information"] == (0, "human")
    assert "technique.summary" not in found, "the scheme has no code for it"


def test_what_a_code_does_not_tell_apart_stays_open():
    found = reply("Affirmation and Reassurance")
    assert found["technique.reassurance"][0] == 1
    assert "technique.affirmation" not in found
    assert "technique.validation" not in found


def test_a_code_that_shows_nothing_closes_the_scheme_and_gives_no_intervention():
    found = reply("Others")
    assert {value for value, _ in found.values()} == {0}
    assert {output.split(".")[0] for output in found} == {"technique"}


def test_the_form_of_a_question_decides_and_says_so():
    assert reply("Question", "What now?")["technique.open_question"] == (1, "derived:question_form")
    assert reply("Question", "What now?")["technique.closed_question"] == (0, "derived:question_form")
    assert reply("Question", "What now?")["technique.suggestion"] == (0, "human"), "the coder said so"
    unclear = reply("Question", "Your sister?")
    assert "technique.open_question" not in unclear
    assert unclear["technique.suggestion"] == (0, "human")


def test_the_label_source_of_the_entry_is_that_of_its_labels():
    post = Spoken(Turn("user", "other", "Hm."))
    [turn] = label([post], ({"labels": "3"},), entry("goemotions", "supervision", label_source="model:some/reader"))
    assert {a.source for a in turn.labels} == {"model:some/reader"}


def test_ratings_of_several_annotators_are_averaged_and_votes_counted():
    ratings = tuple({"V": v, "A": 3, "D": 3} for v in (1, 5, 5))
    [turn] = label([Spoken(Turn("user", "other", "Hm."))], ratings, entry("emobank", "supervision"))
    assert {a.output: round(a.value, 3) for a in turn.labels}["affect.valence"] == 0.667
    votes = ({"label": "Safe"}, {"label": "Safe"}, {"label": "Unsafe"})
    judged = [Spoken(Turn("user", "other", "a")), Spoken(Turn("assistant", "assistant", "b"))]
    assert [a.value for a in label(judged, votes, entry("diasafety", "supervision"))[1].labels] == [1.0]
    tied = [Spoken(Turn("user", "other", "a")), Spoken(Turn("assistant", "assistant", "b"))]
    assert label(tied, votes[1:], entry("diasafety", "supervision"))[1].labels == ()
