import pytest

from pixel_core.corpus.labels import fault
from pixel_core.corpus.mappings import CodeField, CodingField, MappingError, ScaleField, load_mapping, question_form, shipped_mappings
from pixel_core.taxonomy import ids

TABLES = {name: load_mapping(name) for name in shipped_mappings()}
GOOD = {
    "about": "a set",
    "fields": [{"field": "x", "at": "last_post", "why": "because the codes are ours already", "codes": {"a": {"emotions.joy": 1}}}],
}


def own(tmp_path, **changes):
    import yaml

    field = {key: value for key, value in (GOOD["fields"][0] | changes).items() if value is not None}
    path = tmp_path / f"table{abs(hash(str(changes)))}.yaml"
    path.write_text(yaml.safe_dump(GOOD | {"fields": [field]}))
    return str(path)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_output_of_a_table_is_one_that_a_head_can_use(name):
    rules = list(TABLES[name].rules())
    assert rules
    for output, _, field in rules:
        assert fault(output, 0) is None, output
        assert len(field.why) > 20


def test_levels_classes_and_scales_are_whole():
    assert [next(iter(v.values())) for v in TABLES["cssrs"].fields[0].codes.values()] == list(range(len(ids("crisis"))))
    assert list(TABLES["goemotions"].fields[0].codes) == list(ids("emotions"))
    assert TABLES["goemotions"].fields[0].closes == ("emotions",)
    assert {o for o, _, f in TABLES["epitome"].rules() if f.source is None} == {
        "empathy.emotional_reactions",
        "empathy.interpretations",
        "empathy.explorations",
    }
    assert {o for o, _, _ in TABLES["emobank"].rules()} == {"affect.valence", "affect.arousal", "affect.dominance"}
    assert set(TABLES["diasafety"].fields[0].codes) == {"Safe", "Unsafe"}


def test_what_is_our_reading_is_marked_as_derived():
    """No table gives an `eq` domain or a diagnosis as if a person had rated just that."""
    for name, table in TABLES.items():
        for output, _, field in table.rules():
            if output.startswith(("eq.", "clinical.")):
                assert field.source, f"{name}: {output}"


def test_two_domains_have_no_source_and_stay_without():
    given = {output for table in TABLES.values() for output, _, _ in table.rules() if output.startswith("eq.")}
    assert given == {"eq.empathy_recognition", "eq.emotional_regulation", "eq.interpersonal_skills"}


def test_the_kinds_of_fields_are_told_apart():
    assert [type(field) for field in TABLES["esconv"].fields] == [CodingField, ScaleField, ScaleField]
    assert [type(field) for field in TABLES["annomi"].fields] == [CodingField] * 3 + [CodeField]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": {"a": {"emotions.glee": 1}}}, "emotions.glee = 1 is no label: unknown_output"),
        ({"codes": {"a": {"crisis.level": 7}}}, "crisis.level = 7 is no label"),
        ({"at": "somewhere"}, "somewhere"),
        ({"why": None}, "missing field"),
        ({"why": "so"}, "why"),
        ({"codes": None, "output": "affect.valence", "low": 5, "high": 1}, "low must be below high"),
        ({"codes": None, "output": "affect.valence", "low": 1, "high": 5, "top": 2}, "is no label"),
        ({"codes": None, "coding": {"a": {"shows": ["magic"]}}}, "magic stand in no row of techniques.csv"),
        ({"codes": None, "coding": {"a": {"shows": ["summary"], "leaves_open": ["summary"]}}}, "cannot be shown and left open"),
        ({"source": "human"}, "source"),
        ({"closes": ["moods"]}, "moods"),
    ],
)
def test_what_is_wrong_in_a_table_of_ones_own_is_named(tmp_path, changes, message):
    load_mapping(own(tmp_path))
    with pytest.raises(MappingError, match=message):
        load_mapping(own(tmp_path, **changes))


def test_a_table_that_is_not_there_names_those_that_are(tmp_path):
    with pytest.raises(MappingError, match="use one of annomi, cssrs"):
        load_mapping("poems")
    (tmp_path / "no.yaml").write_text("- a")
    with pytest.raises(MappingError, match="is not a YAML table"):
        load_mapping(str(tmp_path / "no.yaml"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("What was going through you?", "open_question"),
        ("I see. How did that feel?", "open_question"),
        ("Could you tell me more about her?", "open_question"),
        ("Do you live alone?", "closed_question"),
        ("So, have you slept?", "closed_question"),
        ("How long has it been?", "closed_question"),
        ("When did it start? And what changed?", "open_question"),
        ("Isn\u2019t it early?", "closed_question"),
        ("Your sister?", None),
        ("That sounds hard.", None),
    ],
)
def test_questions_are_told_apart_by_their_form(text, form):
    assert question_form(text) == form
