from dataclasses import replace

import pytest

from pixel_core.conversation import from_frame
from pixel_core.corpus.population import CorpusError, gather, source_digests
from tests.pixel_core.corpus.worlds import artifact, clinical, conversation, sources


def population(tmp_path, **per_source):
    for name, rows in per_source.items():
        artifact(tmp_path / name, rows)
    return gather({f"source_conversations/{name}": tmp_path / name for name in per_source})


def test_every_row_of_every_source_is_there_once_sorted_by_id(tmp_path):
    found = gather(sources(tmp_path))
    assert found.rows.height == found.read == 240
    assert found.rows["id"].to_list() == sorted(found.rows["id"])
    assert set(found.rows["source"]) == set(sources(tmp_path))


def test_the_same_conversation_from_two_sources_unites_and_ties_their_groups(tmp_path):
    one, other = conversation(1, labels=clinical("F32"), source="a"), conversation(1, source="b")
    found = population(tmp_path, a=[one, conversation(2)], b=[other, conversation(3)])
    assert (found.rows.height, found.merged) == (3, 1)
    [united] = [c for c in from_frame(found.records.take(found.rows["number"])) if c.id == one.id]
    assert {p.source for p in united.provenance} == {"a", "b"}
    assert any(label.output == "clinical.F32" for _, label in united.labels)
    units = dict(found.units.iter_rows())
    assert units["a:1"] == units["b:1"]


def test_a_dialogue_keeps_its_category_when_it_is_also_a_supervision_row(tmp_path):
    dialogue = conversation(1, source="b")
    found = population(tmp_path, a=[replace(dialogue, category="supervision")], b=[dialogue])
    assert found.rows["category"].to_list() == ["mental_health"]


def test_labels_that_contradict_across_sources_reject_the_row(tmp_path):
    found = population(
        tmp_path, a=[conversation(1, labels=clinical("F32")), conversation(2)], b=[conversation(1, labels=clinical("F41.1"))]
    )
    assert found.rows.height == 1
    assert [(r.source, r.reason) for r in found.rejects] == [
        ("source_conversations/a", "label_conflict"),
        ("source_conversations/b", "label_conflict"),
    ]
    assert found.read == found.rows.height + found.merged + len(found.rejects)


def test_a_source_without_a_valid_manifest_is_named_with_the_command_that_builds_it(tmp_path):
    found = sources(tmp_path)
    source_digests(found)
    (found["source_conversations/answers"] / "manifest.json").unlink()
    with pytest.raises(CorpusError, match=r"source_conversations/answers .* --select source_conversations --partition answers"):
        source_digests(found)
    with pytest.raises(CorpusError, match=r"knowledge_conversations .* --select knowledge_conversations$"):
        source_digests({"knowledge_conversations": tmp_path / "nowhere"})


def test_no_conversations_at_all_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match="none of the selected sources"):
        gather({})
