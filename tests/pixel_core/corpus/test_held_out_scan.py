"""Evaluation items planted in every source, verbatim, cut and rearranged: the sieve takes them out, and without it the scan finds them."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pixel_core.conversation import Turn, read_conversations
from pixel_core.corpus import build_head_examples, build_mixture, held_out_texts
from pixel_core.corpus.held_out_scan import scan_held_out
from pixel_core.corpus.mixture_quality import check_head_leakage, check_leakage
from pixel_core.corpus.sieve import HELD_OUT
from tests.pixel_core.corpus.test_decontamination import ITEM, OTHER, SHORT, sentences
from tests.pixel_core.corpus.worlds import artifact, recipe, sources

SCENARIOS = Path(__file__).parents[3] / "data" / "scenarios"
PLANTED = {
    "verbatim": ITEM,
    "within": f"So it goes with us. {ITEM} You see?",
    "cut": " ".join(ITEM.split()[: len(ITEM.split()) // 2]),
    "middle": " ".join(ITEM.split()[12:32]),
    "reordered": " ".join(reversed(sentences(ITEM))),
    "short": SHORT,
}
SOURCES = sorted(
    [
        "knowledge_conversations",
        "voice_conversations/talks",
        "source_conversations/answers",
        "source_conversations/sessions",
        "source_conversations/reasoning",
        "edge_case_conversations",
        "source_conversations/posts",
    ]
)


def held(folder, texts):
    """How many rows of an artifact hold one of these texts, as the check that blocks counts them."""
    finding = scan_held_out([folder / "conversations.parquet"], texts)
    assert finding.passed == (not sum(finding.reasons.values()))
    return sum(finding.reasons.values())


def plant(folder, text):
    """Add a turn that says this to every tenth row of an artifact; returns how many."""
    rows = sorted(read_conversations(folder / "conversations.parquet"), key=lambda c: c.group)
    said = [replace(c, turns=(*c.turns, Turn("user", "client", text))) if i % 10 == 0 else c for i, c in enumerate(rows)]
    artifact(folder, said)
    return -(-len(rows) // 10)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A world in which each source holds one form of the item; and how many rows of each hold it."""
    root = tmp_path_factory.mktemp("planted")
    world = sources(root, scale=2)
    assert sorted(world) == SOURCES
    forms = list(PLANTED)
    counts = {name: plant(world[name], PLANTED[forms[i % len(forms)]]) for i, name in enumerate(SOURCES)}
    return world, counts


@pytest.mark.parametrize("form", PLANTED)
@pytest.mark.parametrize("source", SOURCES)
def test_every_form_in_every_source_is_found_in_the_written_file(tmp_path, source, form):
    folder = sources(tmp_path)[source]
    count = plant(folder, PLANTED[form])
    assert held(folder, [OTHER, ITEM, SHORT]) == count > 0
    assert held(folder, [OTHER]) == 0


def test_the_sieve_takes_them_out_of_every_source_and_the_scan_agrees(planted, tmp_path):
    world, counts = planted
    built = build_mixture(recipe(), world, tmp_path / "mixture", held_out_texts=[OTHER, ITEM, SHORT])
    rejected = pl.read_parquet(built.folder / "rejected.parquet").filter(pl.col("reason").str.starts_with("held_out"))
    assert dict(rejected.group_by("source").len().iter_rows()) == counts
    assert check_leakage(built.folder).passed
    heads = build_head_examples(world, built.folder, tmp_path / "heads").folder
    assert check_head_leakage(heads, built.folder).passed
    assert pl.read_parquet(built.folder / HELD_OUT)["text"].to_list() == [OTHER, ITEM, SHORT]


def test_without_the_sieve_the_check_names_the_rows(planted, tmp_path):
    world, _ = planted
    built = build_mixture(recipe("corpus.near_duplicates=0"), world, tmp_path / "mixture")
    pl.DataFrame({"text": [ITEM, SHORT]}).write_parquet(built.folder / HELD_OUT)
    from tests.broken.sealing import seal

    seal(built.folder)
    failed = {f.name for f in check_leakage(built.folder).failed}
    assert "rows that hold an evaluation text" in failed


def test_a_mixture_that_was_given_no_evaluation_texts_warns(planted, tmp_path):
    world, _ = planted
    built = build_mixture(recipe("corpus.near_duplicates=0"), world, tmp_path / "mixture")
    found = check_leakage(built.folder)
    assert "evaluation texts to look for" in {f.name for f in found.failed}


def test_the_items_that_ship_are_told_from_common_talk(tmp_path):
    texts = held_out_texts(sorted(SCENARIOS.glob("*.jsonl")))
    posts = [json.loads(line)["text"] for line in (SCENARIOS / "seeker_posts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(texts) > 300
    assert set(posts) <= set(texts)
    folder = sources(tmp_path)["source_conversations/answers"]
    assert held(folder, texts) == 0
    assert plant(folder, posts[0]) == held(folder, texts)
