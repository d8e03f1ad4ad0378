"""The real sets, where PIXEL_REFERENCE_DATA has them: row counts and labels as its README states them."""

from collections import Counter

import pytest

from pixel_core.conversation import read_conversations
from pixel_core.corpus import import_source
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.quality import check_contact_data, check_label_values, check_source_accounts
from tests.pixel_core.corpus.worlds import PLAIN, THERAPY, recipe

pytestmark = pytest.mark.reference


def bring(reference, tmp_path, shape, files, category="supervision", *, parts=THERAPY, **fields):
    base = {"uri": f"reference:{shape}", "licence": "not for release", "consent": "public"}
    source = SourceEntry(name=shape, category=category, shape=shape, files=files, parts=parts, **(base | fields))
    built = import_source(source, tmp_path / shape, data_root=reference, recipe=recipe().corpus)
    for check in (check_source_accounts, check_contact_data, check_label_values):
        assert check(built.folder).passed, check(built.folder)
    return built, read_conversations(built.folder / "conversations.parquet")


def values(rows, output):
    return Counter(label.value for c in rows for _, label in c.labels if label.output == output)


def test_esconv(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "esconv", [f"esconv/{s}.jsonl" for s in ("train", "valid", "test")], "mental_health")
    assert (built.summary.figures["read"], len(rows), dict(built.summary.rejects)) == (910 + 195 + 195, 1300, {})
    rated = sum(any(label.output == "eq.empathy_recognition" for _, label in c.labels) for c in rows)
    assert rated <= 1300 - 150, "150 dialogues lack the seeker's scores"
    assert rated > 1100
    assert values(rows, "technique.suggestion")[1.0] > 2500


def test_annomi(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "annomi", ["annomi/AnnoMI-full.csv"], "mental_health")
    figures = built.summary.figures
    assert (figures["rows_read"], figures["read"]) == (13_551, 133)
    assert dict(built.summary.rejects) == {"too_long": 5}
    assert Counter(c.category for c in rows)["supervision"] == Counter(c.extra["mi_quality"] for c in rows)["low"]
    assert values(rows, "technique.open_question")[1.0] > 800


def test_counsel_chat(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "counsel_chat", ["counsel_chat/counsel_chat.csv"], "mental_health")
    assert built.summary.figures["read"] == 2129
    assert len({c.group for c in rows}) == 815
    assert built.summary.figures["pseudonyms_link"] > 100


@pytest.mark.slow
def test_goemotions(reference, tmp_path):
    files = [f"goemotions/{s}.tsv" for s in ("train", "dev", "test")]
    columns = ("text", "labels", "id")
    built, rows = bring(reference, tmp_path, "goemotions", files, parts=PLAIN, columns=columns, classes="goemotions/labels.txt")
    assert built.summary.figures["read"] == 43_410 + 5_426 + 5_427
    assert set(built.summary.rejects) == {"label_conflict"}
    assert built.summary.rejects["label_conflict"] < 300
    assert len({label.output for c in rows for _, label in c.labels}) == 28 + 1


def test_emobank(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "emobank", ["emobank/emobank.csv"], parts=PLAIN)
    assert built.summary.figures["read"] == 10_062
    assert set(built.summary.rejects) == {"label_conflict"}
    assert sum(values(rows, "affect.valence").values()) == len(rows)


def test_epitome(reference, tmp_path):
    files = [f"epitome/{m}-reddit.csv" for m in ("emotional-reactions", "interpretations", "explorations")]
    built, rows = bring(reference, tmp_path, "epitome", files)
    assert (built.summary.figures["rows_read"], built.summary.figures["read"]) == (3 * 3_084, 3_023)
    assert dict(built.summary.rejects) == {"join_conflict": 54}
    assert all(set(values(rows, f"empathy.{m}")) == {0, 1, 2} for m in ("emotional_reactions", "interpretations", "explorations"))


def test_cssrs(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "cssrs", ["cssrs/reddit_users_000_249.csv"])
    assert built.summary.figures["read"] == 250
    assert dict(built.summary.rejects) == {"malformed_literal": 16, "too_long": 15}
    assert set(values(rows, "crisis.level")) == {0, 1, 2, 3, 4}


def test_diasafety(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "diasafety", [f"diasafety/{s}.json" for s in ("train", "val", "test")], parts=PLAIN)
    assert built.summary.figures["read"] == 9_017 + 1_097 + 1_095
    assert dict(built.summary.rejects) == {"empty_field": 3, "label_conflict": 2}
    assert sum(values(rows, "appropriateness.appropriate").values()) == len(rows)
