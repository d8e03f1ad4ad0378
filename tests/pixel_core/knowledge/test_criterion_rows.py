"""Criteria and symptoms in the shapes in which people nest them: no text is lost, and what is needed stays what is needed."""

import json

import polars as pl
import pytest

from pixel_core.knowledge import consistency, extract_dsm5, unmet
from pixel_core.knowledge.located import located_in, parse_json
from pixel_core.knowledge.quality import check_dsm5
from tests.pixel_core.knowledge.documents import write
from tests.pixel_core.knowledge.test_dsm5 import rows

SIGNS = ["Palpitations", "Sweating", "Fear of dying"]
NESTED = [
    {"symptoms": SIGNS},
    {"symptoms": {"bodily": SIGNS[:2], "of the mind": SIGNS[2:]}},
    {"symptoms": [{"name": name} for name in SIGNS]},
    {"symptoms": {name: {"description": "It comes suddenly."} for name in SIGNS}},
    {"symptoms": [SIGNS[:1], SIGNS[1:]]},
    {"criteria": {"A": SIGNS}},
    {"criteria": [SIGNS]},
    {"criteria": {"A": {"text": "Attacks.", "subcriteria": SIGNS}}},
    {"criteria": [{"text": "Attacks.", "items": [{"items": SIGNS[:2]}, SIGNS[2:]]}]},
    {"criteria": [{"text": "Attacks.", "groups": [{"text": "Some of these.", "groups": [{"items": SIGNS[:2]}, SIGNS[2:]]}]}]},
]


def extracted(tmp_path, *, text=None, file="a.json", **record):
    write(tmp_path / "kb" / file, text or {"disorders": [{"name": "Panic disorder", **record}]})
    built = extract_dsm5(tmp_path / "kb", tmp_path / "out")
    assert check_dsm5(built.folder).passed
    (row,) = rows(built)
    return row


def kept(value):
    if isinstance(value, dict):
        yield from [value["text"]] if set(value) == {"text", "start", "end"} else [t for part in value.values() for t in kept(part)]
    elif isinstance(value, list):
        yield from (t for part in value for t in kept(part))


@pytest.mark.parametrize("record", NESTED, ids=json.dumps)
def test_every_text_of_criteria_and_symptoms_is_kept_and_signs_stand_in_the_vocabulary(tmp_path, record):
    row = extracted(tmp_path, **record)
    assert {str(text) for text in located_in(parse_json(json.dumps(record)))} - set(SIGNS) <= set(kept(row["criteria"]))
    assert row["symptoms"] == ["palpitations", "sweating", "fear_of_dying"]


def test_the_ids_of_items_that_a_record_repeats_as_symptoms_are_no_further_items(tmp_path):
    items = [{"id": "A1", "symptom": "palpitations", "text": "The heart races."}]
    row = extracted(tmp_path, criteria=[{"text": "Attacks.", "items": items}], symptoms=["palpitations", "Sweating"])
    assert [[item["id"] for item in criterion["items"]] for criterion in row["criteria"]] == [["A1"], ["S1"]]


def test_a_list_below_an_item_only_illustrates_it(tmp_path):
    row = extracted(tmp_path, criteria=[{"id": "A", "text": "Two of these:", "items": [{"text": "Fear", "items": SIGNS}, "Worry"]}])
    assert [(c["id"], c["kind"], c["min_count"], len(c["items"])) for c in row["criteria"]] == [
        ("A", "symptoms", 2, 2),
        ("A1", "associated", 0, 3),
    ]
    assert unmet(row, {"A1.1", "A1.2", "A1.3"}) == ["A"]
    assert unmet(row, {"A1", "A2"}) == []


def test_items_with_numbers_of_their_own_are_alternatives_where_the_text_says_either(tmp_path):
    inner = [{"text": "At least two of these:", "items": SIGNS}, {"text": "Worry", "min_count": "1", "items": ["By day", "By night"]}]
    either = extracted(tmp_path, criteria=[{"text": "Either of two kinds:", "items": inner}])
    assert unmet(either, {"A.11", "A.12"}) == []
    assert unmet(either, {"A.21"}) == []
    assert unmet(either, {"A.11"}) == ["A"]
    both = extracted(tmp_path, criteria=[{"text": "Two kinds of signs:", "items": inner}])
    assert unmet(both, {"A.11", "A.12"}) == ["A"]
    assert unmet(both, {"A.11", "A.12", "A.22"}) == []


def test_ids_that_a_record_uses_twice_are_told_apart(tmp_path):
    twice = {"id": "A", "text": "At least one of these.", "items": [{"id": 1, "text": "a sign"}, {"id": 1, "text": "a further sign"}]}
    row = extracted(tmp_path, criteria=[twice, twice | {"groups": [{"of": ["1"], "min_count": 1}]}])
    ids = [[item["id"] for item in criterion["items"]] for criterion in row["criteria"]]
    assert len({*ids[0], *ids[1]}) == 4
    assert [c["id"] for c in row["criteria"]] == ["A", "2A"]
    assert unmet(row, set(ids[0])) == ["2A"]
    assert unmet(row, {ids[0][0], ids[1][0]}) == []


@pytest.mark.parametrize(("text", "needed"), [("All of the following:", 3), ("Each of these", 3), ("One (or both) of the following", 1)])
def test_all_of_the_items_may_be_needed(tmp_path, text, needed):
    assert extracted(tmp_path, criteria=[{"text": text, "items": SIGNS}])["criteria"][0]["min_count"] == needed


@pytest.mark.parametrize(("number", "kept"), [(2, 2), ("2", 2), (2.0, 2), (2.5, None), ("two", None), (10**30, None), (True, None)])
def test_a_number_of_items_is_a_whole_number_that_a_table_holds(tmp_path, number, kept):
    row = extracted(tmp_path, criteria=[{"text": "Attacks.", "min_count": number, "items": SIGNS}])
    assert row["criteria"][0]["min_count"] == kept


PRINTED = """# Panic disorder

## Diagnostic criteria

A. At least two of the following:

1. one sign
   - as when waking
   - as when resting
2. a second sign
3. a third sign

B. Either (1) or (2):

1. Worry: at least two of the following:
   a. by day
   b. by night
   c. at work
2. Avoidance, at least one of the following:
   a. of places
   b. of people
"""


def test_lists_within_lists_of_a_manual_are_a_tree(tmp_path):
    row = extracted(tmp_path, text=PRINTED, file="manual.md")
    assert [(c["id"], c["min_count"], c["min_groups"], [i["text"]["text"] for i in c["items"]]) for c in row["criteria"]] == [
        ("A", 2, None, ["one sign", "a second sign", "a third sign"]),
        ("A1", 0, None, ["as when waking", "as when resting"]),
        ("B", None, 1, ["by day", "by night", "at work", "of places", "of people"]),
    ]
    assert [(g["min_count"], len(g["of"])) for g in row["criteria"][2]["groups"]] == [(2, 3), (1, 2)]
    assert consistency.check_thresholds(tmp_path / "out").passed


LISTED = {
    "manual.md": "# Panic disorder\n\n## Criteria\n\nA. At least two of these:\n"
    "- one sign\n  - as when waking\n- a second sign\n- a third sign\n",
    "manual.html": "<h1>Panic disorder</h1><h2>Criteria</h2><p>A. At least two of these:</p><ul><li>one sign<ul><li>as when waking</ul>"
    "<li>a second sign</li><li>a third sign</ul>",
}


@pytest.mark.parametrize("file", LISTED)
def test_a_list_that_is_indented_more_lies_within_the_one_above(tmp_path, file):
    row = extracted(tmp_path, text=LISTED[file], file=file)
    assert [(c["id"], c["min_count"], [i["text"]["text"] for i in c["items"]]) for c in row["criteria"]] == [
        ("A", 2, ["one sign", "a second sign", "a third sign"]),
        ("A1", 0, ["as when waking"]),
    ]


@pytest.mark.parametrize(
    ("duration", "bounds"),
    [
        ("At least one month.", (30, None)),
        ({"text": "Three days to one month, never less."}, (3, None)),
        ({"text": "Less than six months."}, (None, 180)),
        ("At least one month but less than six months", (30, 180)),
        ("More than an hour", (None, None)),
        ({"text": "One month.", "min_days": None}, (None, None)),
        ({"min_days": 14}, (14, None)),
    ],
)
def test_the_bounds_of_a_duration_are_read_where_the_record_gives_none(tmp_path, duration, bounds):
    row = extracted(tmp_path, criteria=["Attacks come."], duration=duration)
    assert (row["duration"]["min_days"], row["duration"]["max_days"]) == bounds
    assert consistency.check_durations(tmp_path / "out").passed


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "Posttraumatic Stress Disorder (PTSD)"}, "F43.10"),
        ({"name": "Generalised anxiety disorder"}, "F41.1"),
        ({"name": "Panic Disorder (F41.0)"}, "F41.0"),
        ({"code": "f41.0"}, "F41.0"),
        ({"code": "300.02 (F41.1)", "name": "GAD"}, "F41.1"),
    ],
)
def test_names_and_codes_are_known_as_titles_are(tmp_path, given, code):
    write(tmp_path / "kb" / "a.json", {"disorders": [{"criteria": ["It comes."], **given}]})
    assert [row["code"] for row in rows(extract_dsm5(tmp_path / "kb", tmp_path / "out"))] == [code]


def test_differentials_name_classes_by_any_code_or_name_of_theirs(tmp_path):
    others = [{"name": "Depression", "code": "F33.1"}, {"disorder": "Generalised anxiety disorder"}, "Agoraphobia", {"name": "Grief"}]
    row = extracted(tmp_path, criteria=["Attacks come."], differential_diagnosis=others)
    assert [(d["code"], d["name"]) for d in row["differentials"]] == [
        ("F32", "Depression"),
        ("F41.1", "Generalised anxiety disorder"),
        ("F40.00", "Agoraphobia"),
        (None, "Grief"),
    ]
    assert pl.read_parquet(tmp_path / "out" / "rejected.parquet").is_empty()
