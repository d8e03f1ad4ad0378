import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.artifacts import ArtifactError
from pixel_core.knowledge import extract_dsm5
from pixel_core.knowledge.symptoms import TABLE, SymptomMap, broader, canonical
from tests.pixel_core.knowledge.documents import FLAT, write
from tests.pixel_core.knowledge.test_dsm5 import rows


def test_every_name_and_synonym_leads_to_one_symptom():
    for entry in taxonomy.classes("symptoms"):
        for name in filter(None, (entry.id, entry.name, *entry.fields["synonyms"].split(";"))):
            assert canonical(name) == entry.id, name


def test_broader_symptoms_stand_in_the_vocabulary_and_never_turn_in_a_circle():
    for entry in taxonomy.classes("symptoms"):
        chain = broader(entry.id)
        assert len(set(chain)) == len(chain)
        assert set(chain) <= set(taxonomy.ids("symptoms"))
        assert not broader(chain[-1])[1:]


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("A racing heart", "palpitations"),
        ("Loss of energy", "fatigue"),
        ("Anhedonia", "loss_of_interest"),
        ("Disorganized speech", "disorganised_speech"),
    ],
)
def test_other_words_for_a_symptom_are_known(text, symptom):
    assert canonical(text) == symptom


def test_the_map_of_the_shipped_base_goes_both_ways(shipped_disorders):
    held = SymptomMap.open(shipped_disorders.folder)
    assert set(held.by_disorder) == set(taxonomy.ids("dsm5"))
    assert set(held.by_symptom) == set(taxonomy.ids("symptoms"))
    for code in taxonomy.ids("dsm5"):
        assert all(code in held.disorders_of(symptom) for symptom in held.symptoms_of(code))
    assert held.disorders_of("delusions") == ("F20.81", "F20.9", "F22", "F23", "F25")
    assert held.disorders_of("hearing voices") == ("F20.81", "F20.9", "F23", "F25")


def test_unknown_words_are_an_error_and_not_an_empty_answer(shipped_disorders):
    held = SymptomMap.open(shipped_disorders.folder)
    with pytest.raises(KeyError, match="not a symptom"):
        held.disorders_of("gloominess of the liver")
    with pytest.raises(KeyError):
        held.symptoms_of("F99")


def test_free_text_of_a_user_is_mapped_where_it_can_be(tmp_path):
    write(tmp_path / "kb" / "a.json", [FLAT])
    built = extract_dsm5(tmp_path / "kb", tmp_path / "out")
    (row,) = rows(built)
    assert row["symptoms"] == ["sudden_fear_that_peaks_within_minutes", "palpitations", "fear_of_further_attacks"]
    assert built.summary.figures["orphan_symptoms"] == 1
    table = pl.read_parquet(built.folder / TABLE)
    assert table["name"].to_list() == [None, "Palpitations", "Fear of further attacks"]


def test_a_broken_artifact_gives_no_map(tmp_path):
    write(tmp_path / "kb" / "a.json", [FLAT])
    built = extract_dsm5(tmp_path / "kb", tmp_path / "out")
    (built.folder / TABLE).write_bytes(b"")
    with pytest.raises(ArtifactError):
        SymptomMap.open(built.folder)
