import pytest

from pixel_core.voice.speakers import speakers_of, utterances_of, who_says
from tests.pixel_core.voice.speech import speech


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("What brings you here today?", "therapist"),
        ("It sounds like that was a lot for me to hear.", "therapist"),
        ("That makes a lot of sense to me.", "therapist"),
        ("You kept going all the same.", "therapist"),
        ("Close your eyes for a moment.", "therapist"),
        ("Let us look at last week.", "therapist"),
        ("Grief is not a straight line.", "therapist"),
        ("I could not get out of bed.", "client"),
        ("My neighbour would not stop.", "client"),
        ("Can I tell him?", "client"),
        ("We had an argument about the car.", "client"),
        ("No, I never told anybody.", "client"),
    ],
)
def test_how_a_sentence_addresses_tells_who_says_it(text, speaker):
    (sentence,) = speech(text)
    other = {"client": "therapist", "therapist": "client"}[speaker]
    assert who_says(sentence, other) == speaker


@pytest.mark.parametrize("before", ["client", "therapist"])
def test_a_story_goes_on_with_whoever_tells_it(before):
    (sentence,) = speech("She left before dinner.")
    assert who_says(sentence, before) == before


def test_whoever_answers_is_not_whoever_asked():
    asked = speech("Can we meet on Monday?", "Yes, I will see you at ten.", "I look forward to it.")
    assert speakers_of(asked, "session") == ["client", "therapist", "client"]


def test_in_a_talk_questions_ask_and_statements_answer():
    said = speech("Why do we sleep?", "Nobody knows.", "It helps.", "Does it?")
    speakers = speakers_of(said, "talk")
    assert speakers == ["asker", "speaker", "speaker", "asker"]
    assert [u.text for u in utterances_of(said, speakers)] == ["Why do we sleep?", "Nobody knows. It helps.", "Does it?"]
