import pytest

from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from pixel_core.corpus.source_rows import Row
from tests.pixel_core.corpus.worlds import PLAIN, THERAPY, entry, gathered

GO = {"text": "Thank you, Auntie!", "labels": "15,0", "id": "e3"}
BANK = {"id": "letters_10_20", "V": "3.2", "A": "5", "D": "1", "text": "The auctioneer's voice."}
CSSRS = {"User": "user-1", "Post": "['I pick fights.', \"Then they leave.\"]", "Label": "Ideation"}
DIA = {"context": "Worried  about the MOVE.", "response": "Stop it.", "category": "Offending User", "label": "Unsafe"}


def labels(turn):
    return {label.output: label.value for label in turn.labels}


def supervision(row, name, parts=PLAIN, **fields):
    found = entry(name, "supervision", parts, **fields)
    return adapt(row, found.shape, found, "row 1")


def test_goemotions_closes_the_world_of_emotions():
    found = supervision(GO, "goemotions")
    assert labels(found.turns[0]) == {"emotions.gratitude": 1, "emotions.admiration": 1, "emotions.*": 0}
    assert not found.turns[0].learn


def test_goemotions_ids_stand_for_the_classes_of_the_entry():
    assert "emotions.joy" in labels(supervision(GO | {"labels": "1"}, "goemotions", classes=("anger", "joy")).turns[0])


def test_the_same_comment_under_two_ids_is_one_group():
    one, other = supervision(GO, "goemotions"), supervision(GO | {"text": "thank you auntie", "id": "x"}, "goemotions")
    assert one.group == other.group


def test_emobank_scales_to_the_unit_interval_and_groups_by_document():
    found = supervision(BANK, "emobank")
    assert labels(found.turns[0]) == {"affect.valence": pytest.approx(0.55), "affect.arousal": 1, "affect.dominance": 0}
    assert found.group == "sample:letters"
    assert supervision(BANK | {"id": "a1"}, "emobank").group == "sample:a1"


def pair(level, reply="I hear you.", rp="r1", seeker="I am tired."):
    return {"sp_id": "s1", "rp_id": rp, "seeker_post": seeker, "response_post": reply, "level": level, "rationales": ""}


def epitome(*rows):
    found = entry("epitome", "supervision")
    files = {"er": "emotional-reactions.csv", "in": "interpretations-reddit.csv", "ex": "explorations.csv", "xx": "other.csv"}
    return gathered([Row(files[kind], i, row) for i, (kind, row) in enumerate(rows, 1)], found)


def test_epitome_joins_its_three_files():
    [row] = epitome(("er", pair("0")), ("in", pair("2")), ("ex", pair("1")), ("er", pair("0")))
    found = supervision(row.value, "epitome", THERAPY)
    assert [(t.part, t.learn) for t in found.turns] == [("client", False), ("therapist", False)]
    assert labels(found.turns[1]) == {
        "empathy.emotional_reactions": 0,
        "empathy.interpretations": 2,
        "empathy.explorations": 1,
        "eq.empathy_recognition": 1,
    }
    assert found.group == "sample:s1"


def test_a_mechanism_without_a_row_stays_unknown():
    [row] = epitome(("er", pair("1")))
    assert labels(supervision(row.value, "epitome", THERAPY).turns[1]) == {"empathy.emotional_reactions": 1}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("er", pair("0")), ("in", pair("1", reply="Something else entirely."))], "join_conflict"),
        ([("er", pair("0")), ("er", pair("1"))], "join_conflict"),
        ([("er", pair("0.5"))], "out_of_range"),
        ([("er", pair("3"))], "out_of_range"),
        ([("er", pair(""))], "wrong_type"),
    ],
)
def test_epitome_rows_that_contradict_one_another_have_a_reason(rows, reason):
    [row] = epitome(*rows)
    with pytest.raises(RowError) as error:
        supervision(row.value, "epitome", THERAPY)
    assert error.value.reason == reason


def test_files_that_differ_in_spacing_agree():
    [row] = epitome(("er", pair("0", "I  hear you.")), ("in", pair("1", "I hear you. ")))
    assert len(supervision(row.value, "epitome", THERAPY).turns[1].labels) == 3


def test_epitome_needs_its_file_names_and_keys():
    assert [row.reason for row in epitome(("xx", pair("0")), ("er", pair("0") | {"sp_id": ""}))] == ["unknown_file", "missing_field"]


def test_an_essay_is_a_reply_with_the_rating_of_its_writer():
    row = {"response_id": "r1", "essay": "Those poor people.", "empathy": "4.0", "distress": "2.5", "article_id": "7"}
    found = supervision(row, "empathic_reactions")
    assert [(t.role, t.part, t.learn) for t in found.turns] == [("assistant", "assistant", False)]
    assert [(a.output, a.value, a.source) for _, a in found.labels] == [("eq.empathy_recognition", 0.5, "derived:writer_rating")]
    assert (found.group, found.extra["distress"]) == ("sample:r1", "2.5")


def test_cssrs_reads_the_list_literal_and_labels_the_last_post():
    found = supervision(CSSRS, "cssrs", THERAPY)
    assert [turn.content for turn in found.turns] == ["I pick fights.", "Then they leave."]
    assert [labels(turn) for turn in found.turns] == [{}, {"crisis.level": 2}]
    assert found.group == "sample:user-1"


@pytest.mark.parametrize("literal", ["['cut off in the mid", "'no list'", "[1, 2]", "__import__('os').getcwd()", "[" * 10_000])
def test_a_literal_that_is_cut_off_or_no_list_of_texts_is_rejected(literal):
    with pytest.raises(RowError) as error:
        supervision(CSSRS | {"Post": literal}, "cssrs", THERAPY)
    assert error.value.reason == "malformed_literal"


def test_diasafety_judges_the_response_and_groups_by_context():
    found = supervision(DIA, "diasafety")
    assert labels(found.turns[1]) == {"appropriateness.appropriate": 0}
    other = supervision(DIA | {"context": "worried about the move", "response": "Who helps you?", "label": "Safe"}, "diasafety")
    assert labels(other.turns[1]) == {"appropriateness.appropriate": 1}
    assert other.group == found.group


@pytest.mark.parametrize(
    ("shape", "row", "change", "reason"),
    [
        ("goemotions", GO, {"labels": "28"}, "out_of_range"),
        ("goemotions", GO, {"labels": "joy"}, "wrong_type"),
        ("goemotions", GO, {"labels": "1" * 5000}, "out_of_range"),
        ("goemotions", GO, {"labels": None}, "missing_field"),
        ("goemotions", GO, {"text": ""}, "empty_field"),
        ("emobank", BANK, {"V": "6"}, "out_of_range"),
        ("emobank", BANK, {"V": "nan"}, "out_of_range"),
        ("emobank", BANK, {"A": None}, "missing_field"),
        ("cssrs", CSSRS, {"Label": "Unsure"}, "unknown_code"),
        ("cssrs", CSSRS, {"Post": "['', ' ']"}, "empty_field"),
        ("diasafety", DIA, {"label": "Perhaps"}, "unknown_code"),
        ("diasafety", DIA, {"response": ["x"]}, "wrong_type"),
    ],
)
def test_a_row_that_does_not_fit_has_a_reason(shape, row, change, reason):
    with pytest.raises(RowError) as error:
        supervision(row | change, shape)
    assert error.value.reason == reason
