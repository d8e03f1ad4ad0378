from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.conversation import Label, Turn
from pixel_core.corpus.filters import Dropped, clean, clean_pair, repair_roles, repair_text, repeats
from pixel_core.corpus.pairs import PreferencePair
from tests.pixel_core.corpus.worlds import conversation, post, wording

LIMITS = SimpleNamespace(min_characters=20, max_characters=2000, languages=())


def said(*turns, category="mental_health"):
    spoken = tuple(Turn(role, "client" if role == "user" else "therapist", text, role == "assistant") for role, text in turns)
    return replace(conversation(1, category), turns=spoken)


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("itâ€™s fine", "it\u2019s fine"),
        ("<p>One.</p><p>Two &amp; three.</p>", "One.\nTwo & three."),
        ("a<br/>b", "a\nb"),
        ('<a href="https://example.org">here</a>', "here"),
        ("<script>steal()</script>text<!-- hidden -->", "text"),
        ("I <3 you, and 2 < 3 > 1", "I <3 you, and 2 < 3 > 1"),
        ("<think>\nFirst.\n</think>\n\nThen.", "<think>\nFirst.\n</think>\n\nThen."),
        ("<human>: hello", "<human>: hello"),
        ("too   many\t spaces \n\n\n\nand lines ", "too many spaces\n\nand lines"),
        ("bell\x07 and null\x00", "bell and null"),
    ],
)
def test_text_is_mended_and_marks_that_mean_something_stay(text, repaired):
    assert repair_text(text) == repaired


@given(st.text(max_size=80))
def test_mended_text_holds_no_control_characters(text):
    assert not any(ord(c) < 32 and c not in "\n\t" for c in repair_text(text))


def test_consecutive_turns_of_one_speaker_are_joined_and_empty_ones_dropped():
    found = clean(
        said(("user", "I am tired."), ("user", "  "), ("user", "So tired."), ("assistant", "<br>"), ("assistant", "You are worn out.")),
        LIMITS,
    )
    assert [t.content for t in found.turns] == ["I am tired.\nSo tired.", "You are worn out."]


def test_a_message_sent_twice_stands_once():
    found = repair_roles(said(("user", "Hi."), ("assistant", "Hello there."), ("assistant", "Hello there."), ("assistant", "How are you?")))
    assert found.turns[1].content == "Hello there.\nHow are you?"


def test_labels_of_joined_turns():
    def reply(text, *labels):
        return Turn("assistant", "therapist", text, True, tuple(Label(output, value, "human") for output, value in labels))

    joined = repair_roles(
        replace(
            conversation(1),
            turns=(
                reply("a", ("technique.suggestion", 1), ("technique.summary", 0), ("technique.*", 0), ("intervention.suggestion", 1)),
                reply(
                    "b",
                    ("technique.suggestion", 0),
                    ("technique.information", 1),
                    ("technique.summary", 0),
                    ("intervention.information", 1),
                ),
            ),
        )
    )
    [turn] = joined.turns
    assert {label.output: label.value for label in turn.labels} == {
        "technique.suggestion": 1,
        "technique.information": 1,
        "technique.summary": 0,
        "intervention.suggestion": 1,
    }


def test_the_posts_of_a_supervision_row_stay_apart():
    row = post(1, [])
    row = replace(row, turns=row.turns * 3)
    assert len(clean(row, LIMITS).turns) == 3


LOOP = "I understand how you feel and I am here. " * 40
SPOKEN = [("user", "Hello, I feel low."), ("assistant", "What is going on, in your own words?")]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([], "empty"),
        ([("user", "Only the client ever speaks here.")], "nothing_to_learn"),
        ([("assistant", "Only the therapist ever speaks here.")], "one_sided"),
        ([("user", "Hi."), ("assistant", "Hi.")], "too_short"),
        ([*SPOKEN, ("user", "word " * 500)], "too_long"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "As an AI language model, I have no feelings.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "I'm sorry, but I cannot assist with that request.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "I\u2019m sorry, but I can\u2019t assist with that.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "Well, I'm just an AI, but that sounds hard.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "As a helpful AI, I would rest.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "That is after my last knowledge update, so rest.")], "refusal"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "You need rest.\nClient: But I cannot.\nTherapist: Try.")], "role_leak"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "You need rest.<|im_end|>")], "role_leak"),
        ([*SPOKEN, *[("user", "Why?"), ("assistant", "It sounds as if that was hard.")] * 3], "repetition"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", LOOP[:1500])], "repetition"),
        ([*SPOKEN, ("user", "Why?"), ("assistant", "a" * 1500)], "repetition"),
    ],
)
def test_each_filter_gives_its_reason(turns, reason):
    dropped = clean(said(*turns), LIMITS)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == reason


@pytest.mark.parametrize(
    "turns",
    [
        SPOKEN,
        [("user", "As an AI, what do you think of me?"), ("assistant", "I think you are testing me, and that is fine.")],
        [("user", LOOP[:1500]), ("assistant", "You are going round in circles, and it hurts.")],
        [("user", "He said I'm sorry, but I can't."), ("assistant", "I'm sorry. But I can stay with you in this.")],
    ],
)
def test_what_a_person_says_and_honest_replies_are_kept(turns):
    assert not isinstance(clean(said(*turns), LIMITS), Dropped)


def test_the_name_of_who_speaks_is_no_part_of_what_is_said():
    found = clean(said(("user", "Client: I feel low today."), ("assistant", "**Therapist:** What is going on?\nI have time.")), LIMITS)
    assert [t.content for t in found.turns] == ["I feel low today.", "What is going on?\nI have time."]
    kept = clean(said(("user", "Patient as I am, I feel low."), ("assistant", "User manuals: do you read them?")), LIMITS)
    assert kept.turns[0].content.startswith("Patient as I am")
    assert kept.turns[1].content.startswith("User manuals:")


def test_another_language_is_dropped_by_name_where_the_recipe_says_which():
    german = said(("user", "Ich schlafe seit Wochen nicht mehr."), ("assistant", "Das klingt erschöpfend. Was hält Sie wach?"))
    english = said(*SPOKEN)
    wanted = SimpleNamespace(min_characters=20, max_characters=2000, languages=("en",))
    assert clean(german, wanted).reason == "other_language"
    assert clean(german, LIMITS) == german
    assert clean(english, wanted) == english
    pair = PreferencePair("Was tun?", "Ich würde heute Abend in Ruhe mit ihr darüber sprechen.", "Nichts.", conversation(1).provenance)
    assert clean_pair(pair, wanted).reason == "other_language"


def test_a_labelled_post_may_be_short():
    row = replace(post(1, [Label("emotions.joy", 1, "human")]), turns=(Turn("user", "other", "Yay!"),))
    assert not isinstance(clean(row, LIMITS), Dropped)


def test_distinct_prose_does_not_repeat():
    assert not repeats(wording(3, 10) * 3)
    assert repeats(" ".join(["over and over again"] * 20))


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (("a", "<br>", "c"), "empty"),
        (("a", "b", "b "), "no_difference"),
        (("a", "b" * 3000, "c"), "too_long"),
        (("a", "As an AI I cannot.", "c"), "refusal"),
        (("a", LOOP[:1500], "c"), "repetition"),
    ],
)
def test_pairs_are_cleaned_too(texts, reason):
    dropped = clean_pair(PreferencePair(*texts, conversation(1).provenance), LIMITS)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == reason
    assert clean_pair(PreferencePair("a", "b  b", "As an AI I cannot.", conversation(1).provenance), LIMITS).chosen == "b b"
