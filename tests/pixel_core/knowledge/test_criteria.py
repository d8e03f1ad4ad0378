import pytest

from pixel_core.knowledge import extract_dsm5
from pixel_core.knowledge.criteria import KINDS, announced_kind, criteria_of, stated_threshold, unmet
from pixel_core.knowledge.durations import days_in, same_time
from tests.pixel_core.knowledge.documents import record, write
from tests.pixel_core.knowledge.test_dsm5 import rows


@pytest.fixture(scope="module")
def held(shipped_disorders):
    return {row["code"]: row for row in rows(shipped_disorders)}


def item_ids(row):
    return {item["id"] for criterion in row["criteria"] for item in criterion["items"]}


def test_depression_needs_five_of_nine_with_one_of_the_first_two(held):
    mood = held["F32"]
    assert unmet(mood, {"A1", "A3", "A4", "A5", "A6"}) == []
    assert unmet(mood, {"A1", "A3", "A4", "A5"}) == ["A"]
    assert unmet(mood, {"A3", "A4", "A5", "A6", "A7", "A8"}) == ["A"]


def test_one_group_of_attention_deficit_is_enough(held):
    adhd = held["F90"]
    inattention = {f"A1{letter}" for letter in "abcdef"}
    mixed = {"A1a", "A1b", "A1c", "A2a", "A2b", "A2c"}
    assert unmet(adhd, inattention) == []
    assert unmet(adhd, mixed) == ["A"]


def test_premenstrual_symptoms_are_counted_over_two_criteria(held):
    pmdd = held["F32.81"]
    assert unmet(pmdd, {"B1", "C1", "C2", "C3", "C4"}) == []
    assert unmet(pmdd, {"B1", "C1", "C2", "C3"}) == ["A"]
    assert unmet(pmdd, {"B1", "B2", "B3", "B4"}) == ["A", "C"]


def test_clusters_of_trauma_each_have_their_number(held):
    enough = {"B1", "C1", "D1", "D2", "E1", "E2"}
    assert unmet(held["F43.10"], enough) == []
    assert unmet(held["F43.10"], enough - {"D2"}) == ["D"]


def test_every_disorder_is_met_by_all_its_signs_and_by_no_sign_at_all_unmet(held):
    for code, row in held.items():
        assert unmet(row, item_ids(row)) == [], code
        assert unmet(row, set()), code


def test_one_sign_fewer_than_needed_never_meets_a_criterion(held):
    for code, row in held.items():
        for criterion in criteria_of(row):
            if criterion.at_least:
                assert not criterion.met(set(criterion.items[: criterion.at_least - 1])), (code, criterion.id)


def test_every_shipped_criterion_has_a_kind_and_those_with_items_a_number(held):
    for row in held.values():
        for criterion in row["criteria"]:
            assert criterion["kind"] in KINDS
            assert not criterion["items"] or criterion["min_count"] is not None


def test_the_rule_that_reads_kinds_off_a_text_mostly_agrees_with_the_shipped_kinds(held):
    criteria = [c for row in held.values() for c in row["criteria"] if c["text"]]
    same = sum(1 for c in criteria if announced_kind(c["text"]["text"], len(c["items"])) == c["kind"])
    assert same / len(criteria) > 0.75


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("At least five of the following.", 5),
        ("Three (or more) of the following symptoms.", 3),
        ("Two or more of these.", 2),
        ("For at least four days in a row.", None),
        ("At least three nights a week.", None),
        ("One or more vocal tics.", None),
        ("Within two weeks, at least 5 of these.", 5),
        ("Five of the following nine signs.", 5),
        ("Any two of these.", 2),
        ("Four or more (of eleven).", 4),
        ("Either of the following.", 1),
        ("One or both of these", 1),
        ("For at least 6 consecutive months.", None),
        ("In every 12-month period, for at least 2-week spells.", None),
    ],
)
def test_numbers_of_signs_are_told_from_times(text, number):
    assert stated_threshold(text) == number


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("A substance is not what it is attributable to; it is not attributable to an illness either.", "exclusion"),
        ("It cannot be explained by another disorder.", "exclusion"),
        ("Several signs were present prior to age 12.", "onset"),
        ("The person is at least age 18.", "age"),
        ("The fear persists.", "duration"),
        ("The signs cause distress.", "impairment"),
    ],
)
def test_the_wordings_of_manuals_announce_their_kind(text, kind):
    assert announced_kind(text, 0) == kind


def test_a_users_nested_groups_and_stated_numbers_are_read(tmp_path):
    nested = {
        "id": "A",
        "text": "Two or more of the following.",
        "groups": [
            {"id": "A.1", "text": "At least one of these.", "items": ["Cannot fall asleep.", "Wakes at night."]},
            {"id": "A.2", "min_count": 1, "items": ["Wakes too early."]},
        ],
    }
    write(tmp_path / "kb" / "a.json", {"disorders": [record(criteria=[nested, "It lasts three months or longer."])]})
    (row,) = rows(extract_dsm5(tmp_path / "kb", tmp_path / "out"))
    first, second = row["criteria"]
    assert (first["kind"], first["min_count"], second["kind"]) == ("symptoms", 2, "duration")
    assert [(g["min_count"], g["of"]) for g in first["groups"]] == [(1, ["A.11", "A.12"]), (1, ["A.21"])]
    assert unmet(row, {"A.11", "A.12"}) == ["A"]
    assert unmet(row, {"A.11", "A.21"}) == []


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("At least two weeks.", [14]),
        ("Three days to one month.", [3, 30]),
        ("Half a year", [182.5]),
        ("Twelve months or longer, for 2 hours", [360, 1 / 12]),
        ("a six-month spell", [180]),
        ("Lifelong.", []),
    ],
)
def test_times_in_words_become_days(text, days):
    assert days_in(text) == pytest.approx(days)


def test_twelve_months_are_a_year():
    assert same_time(360, 365)
    assert not same_time(28, 30)
