from dataclasses import replace

import pytest

from pixel_core.conversation import Label, Turn
from pixel_core.corpus.population import gather
from pixel_core.corpus.pseudonyms import replace_names
from pixel_core.corpus.sieve import Sieve
from tests.pixel_core.corpus.test_decontamination import ITEM
from tests.pixel_core.corpus.worlds import artifact, clinical, conversation, post, recipe

STORY = (
    "I moved here for a job that ended after three weeks, and now the flat is paid until May but I am not. My savings went on the deposit."
    " Every evening I write to places that never answer, and every morning I tell my daughter on the phone that it is going well."
)
ALMOST = STORY.replace("three weeks", "four weeks")
SIEVE = Sieve(near_duplicates=0.8)


def told(key, text, source, **fields):
    one = conversation(key, source=source, **fields)
    return replace(one, turns=(replace(one.turns[0], content=text), replace(one.turns[1], content="What do you tell yourself?")))


def sifted(tmp_path, sieve, **per_source):
    for name, rows in per_source.items():
        artifact(tmp_path / name, rows)
    return gather({f"source_conversations/{name}": tmp_path / name for name in per_source}, sieve)


def test_of_near_duplicates_across_sources_the_one_with_the_most_labels_stays(tmp_path):
    one, other = told(1, STORY, "a"), told(2, ALMOST, "b")
    labelled = replace(other, turns=(replace(other.turns[0], labels=clinical("F32")), other.turns[1]))
    found = sifted(tmp_path, SIEVE, a=[one, conversation(3)], b=[labelled, conversation(4)])
    assert set(found.rows["id"]) == {labelled.id, conversation(3).id, conversation(4).id}
    [reject] = found.rejects
    assert (reject.source, reject.reason, reject.position) == ("source_conversations/a", "near_duplicate", f"id {one.id}")
    assert labelled.id in reject.detail
    assert "flat" not in reject.detail
    assert found.read == found.rows.height + found.merged + len(found.rejects)


def test_without_a_threshold_all_stay(tmp_path):
    rows = [told(1, STORY, "a"), told(2, ALMOST, "a")]
    assert sifted(tmp_path, Sieve(), a=rows).rows.height == 2


def test_the_two_parts_of_one_dialogue_are_no_duplicates(tmp_path):
    therapist = told(1, STORY, "a")
    turns = (replace(therapist.turns[0], learn=True, role="assistant"), replace(therapist.turns[1], learn=False, role="user"))
    found = sifted(tmp_path, SIEVE, a=[therapist, replace(therapist, turns=turns)])
    assert found.rows.height == 2


def test_labelled_posts_stay_and_their_groups_are_tied(tmp_path):
    def labelled(key, text):
        return replace(post(key, []), turns=(Turn("user", "other", text, labels=(Label("crisis.level", key % 5, "human"),)),))

    found = sifted(tmp_path, SIEVE, a=[labelled(1, STORY), labelled(2, ALMOST), labelled(3, ITEM)])
    assert found.rows.height == 3
    unit = dict(found.rows.select("group", "unit").iter_rows())
    assert unit["posts:1"] == unit["posts:2"] != unit["posts:3"]


@pytest.mark.parametrize("known", ["Miriam", "Kofi"])
def test_an_item_is_found_under_its_pseudonyms_too(tmp_path, known):
    item = f"{known} counts sheep. Then {known} counts cars. After that, {known} rings Tom, and Tom rings {known} back."
    hidden = replace_names([item])[0][0]
    assert known not in hidden
    found = sifted(tmp_path, Sieve.of(recipe().corpus, [item], None), a=[told(1, hidden, "a"), told(2, item, "a"), told(3, STORY, "a")])
    assert sorted(r.reason for r in found.rejects) == ["held_out_exact", "held_out_exact"]
    assert found.rows.height == 1
