from dataclasses import replace

import pytest

from pixel_core.conversation import Label, Turn, from_frame
from pixel_core.corpus.population import FORMULA_GROUPS, CorpusError, gather, source_digests
from tests.pixel_core.corpus.worlds import artifact, clinical, conversation, post, sources, wording


def saying(one, text, index=1):
    turns = list(one.turns)
    turns[index] = replace(turns[index], content=text)
    return replace(one, turns=tuple(turns))


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
    [united] = [c for c in from_frame(found.rows) if c.id == one.id]
    assert {p.source for p in united.provenance} == {"a", "b"}
    assert any(label.output == "clinical.F32" for _, label in united.labels)
    assert found.units["a:1"] == found.units["b:1"]


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


def test_a_long_turn_that_two_groups_share_ties_them_whatever_its_case_and_marks(tmp_path):
    text = wording(999)
    a, b = saying(conversation(1, source="a"), text), saying(conversation(2, source="b"), text.upper().replace(" ", ",  "), index=0)
    found = population(tmp_path, a=[a], b=[b, conversation(3, source="b")])
    assert found.units["a:1"] == found.units["b:2"] != found.units["b:3"]


@pytest.mark.parametrize("text", ["Hello, how are you today?", "I see."])
def test_short_turns_tie_nothing(tmp_path, text):
    found = population(tmp_path, a=[saying(conversation(1, source="a"), text)], b=[saying(conversation(2, source="b"), text)])
    assert found.units["a:1"] != found.units["b:2"]


def test_system_turns_tie_nothing(tmp_path):
    def with_system(one):
        return replace(one, turns=(Turn("system", "other", wording(999)), *one.turns))

    found = population(tmp_path, a=[with_system(conversation(i, source="a")) for i in (1, 2)])
    assert found.units["a:1"] != found.units["a:2"]


def test_a_short_formula_of_many_groups_ties_nothing_and_is_listed(tmp_path):
    formula = "Is there anything else that you would like to talk about today?"
    many = [saying(conversation(i, source="a"), formula) for i in range(FORMULA_GROUPS + 1)]
    found = population(tmp_path, a=many)
    assert len(set(found.units.values())) == len(many)
    assert len(found.formulae) == 1
    fewer = population(tmp_path, b=many[:-1])
    assert len(set(fewer.units.values())) == 1
    assert not fewer.formulae


def test_a_long_turn_or_a_post_is_never_a_formula(tmp_path):
    long = wording(999, words=30)
    found = population(tmp_path, a=[saying(conversation(i, source="a"), long) for i in range(6)])
    assert len(set(found.units.values())) == 1
    posts = [post(i, [Label("crisis.level", 1.0, "human")], group=f"posts:{i}") for i in range(5)]
    same = [
        replace(p, turns=(replace(p.turns[0], content=wording(998)), Turn("assistant", "other", wording(i)))) for i, p in enumerate(posts)
    ]
    assert len(set(population(tmp_path, b=same).units.values())) == 1


def test_ties_are_transitive(tmp_path):
    one, two = wording(990), wording(991)
    a = saying(conversation(1, source="a"), one)
    b = saying(saying(conversation(2, source="a"), one), two, index=3)
    c = saying(conversation(3, source="a"), two)
    assert len(set(population(tmp_path, a=[a, b, c]).units.values())) == 1


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
