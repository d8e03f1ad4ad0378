import pytest

from pixel_core.voice.dialogue import CLIENT_CUE, Dialogue, choose, dialogues_in, ngrams_of, overlap, turns_of
from tests.pixel_core.voice.speech import speech

SESSION = (
    "How was your week?",
    "I slept badly and I missed work.",
    "My boss called me twice.",
    "It sounds like you were under pressure.",
    "What would have helped you?",
    "I needed one quiet morning.",
)


def made(texts, setting, **options):
    found = list(dialogues_in(speech(*texts, **options), setting, "seed"))
    return [d for d in found if isinstance(d, Dialogue)], [r for r in found if not isinstance(r, Dialogue)]


def test_every_stretch_is_a_dialogue_or_has_a_reason():
    dialogues, reasons = made(SESSION, "session")
    assert len(dialogues) + len(reasons) == 6 * 7 / 2
    assert {reason for _, _, reason in reasons} <= {"leans_back", "no_context", "short_reply", "long"}


def test_in_a_session_the_turn_before_is_what_was_said():
    dialogues, _ = made(SESSION, "session")
    whole = next(d for d in dialogues if len(d.sentences) == 6)
    turns = turns_of(whole, "pixel-sample://t/e")
    assert [(t.role, t.part, t.learn) for t in turns] == [
        ("system", "other", False),
        ("user", "therapist", False),
        ("assistant", "client", True),
        ("user", "therapist", False),
        ("assistant", "client", True),
    ]
    assert turns[0].content == CLIENT_CUE
    assert turns[2].content == "I slept badly and I missed work. My boss called me twice."
    assert turns[2].evidence[0].uri == "pixel-sample://t/e#t=3.00,8.00"


def test_a_therapists_reply_is_learnt_after_the_client_and_needs_no_cue():
    dialogues, _ = made(SESSION, "session")
    reply = next(d for d in dialogues if d.sentences[0].text == SESSION[1] and d.sentences[-1].text == SESSION[4])
    assert [(t.role, t.part, t.learn) for t in turns_of(reply, "u")] == [("user", "client", False), ("assistant", "therapist", True)]


def test_a_talk_answers_its_own_question():
    dialogues, reasons = made(["Why does sleep matter?", "Sleep clears the mind.", "It also steadies the mood."], "talk")
    spoken = [d for d in dialogues if d.form == "spoken"]
    assert spoken
    assert all(turns_of(d, "u")[0].content == "Why does sleep matter?" for d in spoken)
    assert [(t.role, t.part) for t in turns_of(spoken[0], "u")] == [("user", "other"), ("assistant", "assistant")]
    assert "ends_with_question" in {reason for _, _, reason in reasons}


def test_a_talk_without_a_question_gets_one_about_its_topic():
    dialogues, _ = made(["My grandmother taught me to bake bread.", "We started before sunrise."], "talk")
    turns = turns_of(dialogues[0], "u")
    assert "your grandmother" in turns[0].content
    assert not turns[0].learn
    assert not turns[0].evidence
    assert turns[1].part == "assistant"


def test_speech_that_turns_to_a_listener_is_a_therapists():
    dialogues, _ = made(["The guilt you carry is heavy.", "It makes sense that you are tired."], "talk")
    whole = next(d for d in dialogues if len(d.sentences) == 2)
    assert [t.part for t in turns_of(whole, "u")] == ["client", "therapist"]


def test_no_dialogue_crosses_a_gap():
    one = speech("How was your week?", "I slept badly all week.", "What helped you?")
    other = speech("My dog did.", "Did he stay with you?", "I felt calm with him.", run=1)
    found = [d for d in dialogues_in([*one, *other], "session", "s") if isinstance(d, Dialogue)]
    assert {frozenset(s.run for s in d.sentences) for d in found} == {frozenset({0}), frozenset({1})}


def test_pauses_for_the_other_are_not_the_speakers():
    dialogues, _ = made(SESSION, "session", pause=1.0)
    whole = next(d for d in dialogues if len(d.sentences) == 6)
    assert [s.run for s in whole.spoken_reply] == [0, 0, 1]


@pytest.mark.parametrize("limit", [0.3, 0.6, 0.9])
def test_chosen_dialogues_share_less_than_the_limit_and_each_dropped_one_has_a_twin(limit):
    dialogues, _ = made(SESSION, "session")
    kept, dropped = choose(dialogues, limit)
    assert len(kept) + len(dropped) == len(dialogues)
    ngrams = [ngrams_of(d.words) for d in kept]
    assert all(overlap(a, b) < limit for i, a in enumerate(ngrams) for b in ngrams[:i])
    assert all(any(overlap(ngrams_of(d.words), other) >= limit for other in ngrams) for d in dropped)


def test_what_was_said_comes_before_what_was_derived():
    dialogues, _ = made(SESSION, "session")
    kept, _ = choose(list(reversed(dialogues)), 0.6)
    assert kept == choose(dialogues, 0.6)[0]
    assert [d.question is not None for d in kept] == sorted(d.question is not None for d in kept)


def test_ngrams_of_short_texts_still_compare():
    assert overlap(ngrams_of(["a"]), ngrams_of(["a"])) == 1
    assert overlap(ngrams_of(["a"]), ngrams_of(["b"])) == 0
    assert len(ngrams_of(list("abcdefg"))) == 3
