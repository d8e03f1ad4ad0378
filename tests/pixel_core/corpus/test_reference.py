"""The real sets, where PIXEL_REFERENCE_DATA has them: row counts and labels as its README states them, through the shipped entries."""

from collections import Counter, defaultdict

import pytest

from pixel_core.conversation import read_conversations
from pixel_core.corpus import import_source
from pixel_core.corpus.quality import check_contact_data, check_label_values, check_learner, check_source_accounts
from tests.pixel_core.corpus.worlds import SHIPPED, recipe

pytestmark = pytest.mark.reference


def bring(reference, tmp_path, name):
    built = import_source(
        SHIPPED[name], tmp_path / name, data_root=tmp_path, recipe=recipe().corpus, variables={"PIXEL_REFERENCE_DATA": str(reference)}
    )
    for check in (check_source_accounts, check_contact_data, check_label_values, check_learner):
        assert check(built.folder).passed, check(built.folder)
    return built, read_conversations(built.folder / "conversations.parquet")


def values(rows, output):
    return Counter(label.value for c in rows for _, label in c.labels if label.output == output)


def sources(rows, head):
    return {label.source for c in rows for _, label in c.labels if label.head == head}


def read(built):
    return built.summary.figures["rows_read"], built.summary.figures["read"], dict(built.summary.rejects)


def in_english(built):
    """The rejects but for those in another language, which are few in these sets."""
    rejects = dict(built.summary.rejects)
    assert rejects.pop("other_language", 0) < 0.01 * built.summary.figures["read"]
    return rejects


def test_esconv(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "esconv")
    assert read(built) == (910 + 195 + 195, 1300, {})
    assert len(rows) == 1300
    rated = sum(any(label.output == "eq.empathy_recognition" for _, label in c.labels) for c in rows)
    assert rated == 1300 - 150, "150 dialogues lack the seeker's scores"
    assert sources(rows, "eq") == {"derived:seeker_rating", "derived:intensity_fall"}
    assert sources(rows, "technique") == {"human", "derived:question_form"}
    assert values(rows, "technique.suggestion")[1.0] > 2500
    assert len({c.extra["emotion_type"] for c in rows}) == 11
    assert len({c.extra["problem_type"] for c in rows}) == 13


def test_annomi(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "annomi")
    assert read(built) == (13_551, 133, {"too_long": 5})
    assert Counter(c.category for c in rows)["supervision"] == Counter(c.extra["mi_quality"] for c in rows)["low"] > 0
    assert values(rows, "technique.open_question")[1.0] > 800
    assert values(rows, "intervention.open_question")[1.0] > 600
    assert set(values(rows, "eq.interpersonal_skills")) == {0.0, 1.0}
    assert len({c.group for c in rows}) == len(rows)


def test_counsel_chat(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "counsel_chat")
    assert read(built) == (2129, 2129, {})
    assert len({c.group for c in rows}) == 815
    assert len({c.extra["topic"] for c in rows}) == 31 - 1, "all answers of one topic stand under another too, and each stands once here"
    assert built.summary.figures["pseudonyms_link"] > 100


@pytest.mark.parametrize(("name", "count"), [("imhi_depression", 1838), ("imhi_stress", 3551), ("imhi_stress_cause", 6847)])
def test_imhi(reference, tmp_path, name, count):
    built, rows = bring(reference, tmp_path, name)
    assert read(built) == (count, count, {})
    assert all(c.turns[1].content.startswith("<think>\n") and "\n</think>\n\n" in c.turns[1].content for c in rows)
    if name == "imhi_depression":
        assert sum(values(rows, "clinical.F32").values()) == len(rows)
        assert set(values(rows, "clinical.F32")) == {0.0, 1.0}
        assert sources(rows, "clinical") == {"derived:imhi_depression"}
    else:
        assert len({c.extra["answer"] for c in rows}) == {"imhi_stress": 2, "imhi_stress_cause": 9}[name]


def test_meld(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "meld")
    assert read(built)[:2] == (9_989 + 1_109 + 2_610, 1_038 + 114 + 280)
    assert not set(read(built)[2]) - {"label_conflict"}
    spoken = Counter(label.output for c in rows for _, label in c.labels)
    assert {f"mer.{name}" for name in ("neutral", "happy", "angry", "sad", "surprise", "worried")} == set(spoken)
    assert spoken["mer.neutral"] > 6_400
    parts = defaultdict(set)
    for c in rows:
        parts[c.group].add(c.provenance[0].locator.rpartition(" row ")[0].rpartition(", ")[2])
    assert max(len(files) for files in parts.values()) > 1, "an episode of several public splits is one group"


@pytest.mark.slow
def test_goemotions(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "goemotions")
    assert read(built)[:2] == (43_410 + 5_426 + 5_427,) * 2
    assert set(in_english(built)) == {"label_conflict"}
    assert built.summary.rejects["label_conflict"] < 300
    assert len({label.output for c in rows for _, label in c.labels}) == 28 + 1
    assert (reference / "goemotions" / "labels.txt").read_text().split() == [output.partition(".")[2] for output in _in_order_of_ids(rows)]


def _in_order_of_ids(rows):
    from pixel_core.corpus.labels import outputs

    found = {label.output for c in rows for _, label in c.labels}
    return [output for output in outputs("emotions") if output in found]


def test_emobank(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "emobank")
    assert read(built)[:2] == (10_062, 10_062)
    assert set(in_english(built)) == {"label_conflict"}
    assert sum(values(rows, "affect.valence").values()) == len(rows)
    assert len({c.group for c in rows}) < len(rows) / 2, "sentences of one document stay together"


def test_epitome(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "epitome")
    assert read(built) == (3 * 3_084, 3_023, {"join_conflict": 54})
    assert all(set(values(rows, f"empathy.{m}")) == {0, 1, 2} for m in ("emotional_reactions", "interpretations", "explorations"))
    assert (sources(rows, "empathy"), sources(rows, "eq")) == ({"human"}, {"derived:epitome_interpretations"})
    assert len({c.group for c in rows}) == len({c.turns[0].content for c in rows})


def test_empathic_reactions(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "empathic_reactions")
    assert read(built) == (1860, 1860, {"label_conflict": 2})
    assert sum(values(rows, "eq.empathy_recognition").values()) == len(rows)
    assert len({c.group for c in rows}) == 372


def test_cssrs(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "cssrs")
    assert read(built) == (250, 250, {"malformed_literal": 16, "too_long": 15})
    assert set(values(rows, "crisis.level")) == {0, 1, 2, 3, 4}
    assert len({c.group for c in rows}) == len(rows)


def test_diasafety(reference, tmp_path):
    built, rows = bring(reference, tmp_path, "diasafety")
    assert read(built)[:2] == (9_017 + 1_097 + 1_095,) * 2
    assert in_english(built) == {"empty_field": 3, "label_conflict": 2}
    assert sum(values(rows, "appropriateness.appropriate").values()) == len(rows)
    assert len({c.group for c in rows}) <= len({c.turns[0].content for c in rows}), "one context, one group"
