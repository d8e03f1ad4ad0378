import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.artifacts import tree_digest
from pixel_core.conversation import CONVERSATION_SCHEMA, read_conversations
from pixel_core.knowledge import KnowledgeError, extract_dsm5, extract_framework, write_knowledge_conversations
from pixel_core.knowledge.material import load_material
from pixel_core.knowledge.quality import check_conversation_appropriateness, check_conversation_record, check_conversation_variety
from pixel_core.writing import WritingError
from tests.pixel_core.knowledge.documents import FLAT, INSOMNIA, SHIPPED, record, write


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    home = tmp_path_factory.mktemp("sources")
    return extract_dsm5(SHIPPED, home / "dsm5").folder, extract_framework(SHIPPED, home / "framework").folder


def test_the_artifact_holds_what_was_asked_for(sources, tmp_path):
    built = write_knowledge_conversations(*sources, tmp_path / "out", count=60, seed=7)
    path = built.folder / "conversations.parquet"
    assert pl.read_parquet_schema(path) == CONVERSATION_SCHEMA
    assert len(read_conversations(path)) == built.summary.rows == 60
    assert built.summary.figures["therapy_share"] == 0.75
    for check in (check_conversation_record, check_conversation_appropriateness, check_conversation_variety):
        assert check(built.folder).passed


def test_the_same_inputs_give_the_same_bytes_anywhere(sources, tmp_path):
    digests = {tree_digest(write_knowledge_conversations(*sources, tmp_path / name, count=30, seed=7).folder) for name in ("a", "b")}
    assert len(digests) == 1
    assert write_knowledge_conversations(*sources, tmp_path / "a", count=30, seed=7).skipped
    assert not write_knowledge_conversations(*sources, tmp_path / "a", count=31, seed=7).skipped


def test_every_class_of_the_taxonomy_can_be_voiced_by_a_client(sources):
    assert [picture.id for picture in load_material(*sources).speaking("clinical")] == list(taxonomy.ids("dsm5"))


def test_classes_select_the_disorders_that_are_written_about(sources, tmp_path):
    built = write_knowledge_conversations(*sources, tmp_path / "out", count=40, seed=7, classes=["F32", "F41.1", "F10"])
    written = read_conversations(built.folder / "conversations.parquet")
    named = {label.output for c in written for _, label in c.labels if label.head == "clinical" and label.value == 1}
    assert named == {"clinical.F32", "clinical.F41.1", "clinical.F10"}
    assert any(label.head == "pdm2" and label.value == 1 for c in written for _, label in c.labels)
    assert write_knowledge_conversations(*sources, tmp_path / "out", count=40, seed=7, classes=["F10", "F41.1", "F32"]).skipped
    assert not write_knowledge_conversations(*sources, tmp_path / "out", count=40, seed=7, classes=["F32"]).skipped


def test_classes_that_the_knowledge_does_not_hold_are_an_error(tmp_path):
    write(tmp_path / "mine" / "own.json", {"disorders": [INSOMNIA]})
    dsm5 = extract_dsm5(tmp_path / "mine", tmp_path / "dsm5").folder
    framework = extract_framework(tmp_path / "mine", tmp_path / "framework").folder
    with pytest.raises(KnowledgeError, match=r"no disorder of knowledge.classes \(F32\)"):
        write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=5, seed=1, classes=["F32"])


def test_a_users_own_folder_leads_to_conversations(tmp_path):
    items = [
        {"id": f"A{n}", "symptom": f"own_{n}", "text": f"Own sign {n}.", "voiced": [f"My own words, number {n}, about the {thing}."]}
        for n, thing in enumerate(("stairs", "garden", "window", "kettle"))
    ]
    own = record(criteria=[{"id": "A", "text": "Some of these.", "items": items}])
    write(tmp_path / "mine" / "deep" / "own.json", {"disorders": [own, FLAT]})
    dsm5 = extract_dsm5(tmp_path / "mine", tmp_path / "dsm5").folder
    framework = extract_framework(tmp_path / "mine", tmp_path / "framework").folder
    built = write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=8, seed=1)
    written = read_conversations(built.folder / "conversations.parquet")
    assert {p.uri for c in written for p in c.provenance} == {"knowledge/deep/own.json"}
    assert any("My own words, number" in t.content for c in written for t in c.turns)
    assert check_conversation_record(built.folder).passed


def test_knowledge_that_carries_nothing_is_an_error(tmp_path):
    write(tmp_path / "mine" / "own.json", {"disorders": [{key: INSOMNIA[key] for key in ("code", "name", "criteria")}]})
    dsm5 = extract_dsm5(tmp_path / "mine", tmp_path / "dsm5").folder
    framework = extract_framework(tmp_path / "mine", tmp_path / "framework").folder
    with pytest.raises(WritingError, match="no knowledge can be written from"):
        write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=5, seed=1)
