"""Long replies that several dialogues hold, planted word by word and altered: learnt once, whichever source and order they come in."""

from dataclasses import replace

import polars as pl
import pytest

from pixel_core.conversation import Label, from_frame, read_conversations
from pixel_core.corpus import build_mixture
from pixel_core.corpus.mixture import read_composition
from pixel_core.corpus.mixture_quality import check_leakage, check_wanted_versus_got
from pixel_core.corpus.population import gather
from pixel_core.corpus.replies import REPLY_WORDS
from pixel_core.corpus.sieve import Sieve
from pixel_core.shards import read_split
from tests.pixel_core.corpus.worlds import artifact, conversation, recipe, sources, wording

REPLY = (
    "You have carried the letters around for a week, and each time you meant to open them the kettle, the dog or the post was more urgent."
    " What would be the smallest of them, and who could sit beside you while you slit it open?"
)
ALTERED = REPLY.replace("the dog", "the cat")
STOCK = "Thank you for telling me this. Is there anything else that you would like us to talk about today?"
SIEVE = Sieve(near_duplicates=0.8)


def answering(key, *replies, source="a", **fields):
    """A dialogue of this number with these replies in place of its own."""
    one = conversation(key, source=source, **fields)
    turns = list(one.turns)
    for place, reply in enumerate(replies):
        turns[2 * place + 1] = replace(turns[2 * place + 1], content=reply)
    return replace(one, turns=tuple(turns))


def sifted(tmp_path, sieve=SIEVE, **per_source):
    """The population, and of each conversation which of its turns are learnt."""
    for name, rows in per_source.items():
        artifact(tmp_path / name, rows)
    found = gather({f"source_conversations/{name}": tmp_path / name for name in per_source}, sieve)
    taken = from_frame(found.records.take(found.rows["number"]))
    return found, {c.group: [turn.learn for turn in c.turns] for c in taken}


@pytest.mark.parametrize("reply", [REPLY, REPLY.upper().replace(",", " -"), ALTERED])
def test_a_reply_of_another_dialogue_stays_and_is_not_learnt_again(tmp_path, reply):
    found, learnt = sifted(tmp_path, a=[answering(1, REPLY)], b=[answering(2, reply, source="b"), conversation(3, source="b")])
    assert sorted([learnt["a:1"], learnt["b:2"]]) == [[False, False, False, True], [False, True, False, True]]
    assert learnt["b:3"] == [False, True, False, True]
    assert sum(found.not_learnt.values()) == 1
    assert found.rejects == ()


def test_the_dialogue_with_the_most_labels_keeps_the_reply(tmp_path):
    labelled = answering(2, REPLY, source="b", labels=[Label("crisis.level", 0.0, "human")])
    _, learnt = sifted(tmp_path, a=[answering(1, REPLY)], b=[labelled], c=[answering(3, ALTERED, source="c")])
    assert (learnt["a:1"][1], learnt["b:2"][1], learnt["c:3"][1]) == (False, True, False)


def test_a_dialogue_of_which_nothing_is_left_to_learn_is_dropped_with_its_reason(tmp_path):
    poor, rich = answering(1, REPLY), answering(2, ALTERED, source="b", labels=[Label("crisis.level", 0.0, "human")])
    poor = replace(poor, turns=poor.turns[:2])
    found, learnt = sifted(tmp_path, a=[poor], b=[rich])
    [reject] = found.rejects
    assert (reject.reason, reject.source, reject.position) == ("repeated_reply", "source_conversations/a", f"id {poor.id}")
    assert rich.id in reject.detail
    assert "letters" not in reject.detail
    assert list(learnt) == ["b:2"]
    assert found.read == found.rows.height + found.merged + len(found.rejects)


def test_stock_phrases_may_recur_and_a_reply_of_the_limit_may_not(tmp_path):
    at_limit, below = wording(777, REPLY_WORDS), wording(778, REPLY_WORDS - 1)
    rows = [answering(key, reply) for key, reply in enumerate([STOCK, STOCK, below, below, at_limit, at_limit])]
    found, learnt = sifted(tmp_path, a=rows)
    assert [learnt[f"a:{key}"][1] for key in range(4)] == [True] * 4
    assert sorted(learnt[f"a:{key}"][1] for key in (4, 5)) == [False, True]
    assert found.not_learnt == {"source_conversations/a": 1}


def test_what_a_client_says_and_what_a_therapist_replies_are_not_the_same_reply(tmp_path):
    played = answering(2, REPLY)
    played = replace(played, turns=tuple(replace(t, part="client" if t.role == "assistant" else "therapist") for t in played.turns))
    _, learnt = sifted(tmp_path, a=[answering(1, REPLY), played])
    assert all(flags[1] for flags in learnt.values())


def test_twice_in_one_dialogue_is_no_repetition_between_dialogues(tmp_path):
    found, learnt = sifted(tmp_path, a=[answering(1, REPLY, REPLY)])
    assert learnt["a:1"] == [False, True, False, True]
    assert not found.not_learnt


def test_without_a_threshold_every_reply_is_learnt(tmp_path):
    _, learnt = sifted(tmp_path, Sieve(), a=[answering(1, REPLY), answering(2, REPLY)])
    assert all(flags[1] for flags in learnt.values())


def test_the_order_of_sources_and_rows_changes_nothing(tmp_path):
    rows = [answering(key, REPLY if key % 2 else ALTERED) for key in range(6)]
    _, one = sifted(tmp_path / "one", a=rows[:3], b=rows[3:])
    _, other = sifted(tmp_path / "other", b=rows[:2:-1], a=rows[2::-1])
    assert one == other
    assert sum(flags[1] for flags in one.values()) == 1


def test_a_mixture_learns_a_planted_reply_once_says_so_in_its_card_and_its_check_finds_it_learnt_twice(tmp_path):
    world = sources(tmp_path)
    for name in ("source_conversations/answers", "voice_conversations/talks"):
        rows = sorted(read_conversations(world[name] / "conversations.parquet"), key=lambda c: c.group)
        turns = [replace(c, turns=(c.turns[0], replace(c.turns[1], content=REPLY), *c.turns[2:])) for c in rows]
        artifact(world[name], turns)
    built = build_mixture(recipe(), world, tmp_path / "mixture")
    learnt = [
        c.id
        for s in ("train", "validation", "test")
        for c in read_split(built.folder, s)
        if any(t.learn and t.content == REPLY for t in c.turns)
    ]
    assert len(learnt) <= 1
    told = read_composition(built.folder)["not_learnt"]
    assert sum(told.values()) == 79 == built.summary.figures["replies_not_learnt"]
    assert "| source_conversations/answers | " in (built.folder / "README.md").read_text(encoding="utf-8")
    assert check_wanted_versus_got(built.folder).passed
    assert check_leakage(built.folder).passed
    from tests.broken.corpus import rewrite

    rewrite(
        built.folder / "train.parquet",
        lambda rows: [replace(c, turns=tuple(replace(t, learn=t.role == "assistant") for t in c.turns)) for c in rows],
    )
    assert "replies learnt in two conversations" in {f.name for f in check_leakage(built.folder).failed}
    assert pl.read_parquet(built.folder / "train.parquet").height == 80
