import re
import time
from collections import Counter

import pytest

from pixel_core import taxonomy
from pixel_core.knowledge.material import load_material
from pixel_core.writing import WritingError, write_conversations
from pixel_core.writing.quality import check_appropriateness, check_record, check_variety
from tests.pixel_core.knowledge.documents import SHIPPED
from tests.pixel_core.writing.materials import material, picture, statement


def positives(conversation, head):
    return {label.output.partition(".")[2] for _, label in conversation.labels if label.head == head and label.value == 1}


def test_what_is_written_keeps_every_rule(written):
    assert not check_record(written).failed
    assert not check_appropriateness(written).failed
    assert not check_variety(written).failed


def test_kinds_and_personas_have_their_shares(written):
    kinds = Counter(c.extra["kind"] for c in written)
    assert kinds["disorder"] + kinds["comorbid"] == 240
    assert kinds["differential"] == 60
    assert (kinds["psychodynamic"], kinds["everyday"], kinds["subclinical"], kinds["questions"]) == (90, 36, 24, 150)
    assert kinds["comorbid"] >= 30
    assert {c.turns[0].persona for c in written if c.extra["kind"] == "questions"} == {"assistant"}
    assert {t.persona for c in written if c.extra["kind"] != "questions" for t in c.turns} == {"therapy"}


def test_every_class_is_written_about(written, shipped):
    clinical = Counter(code for c in written for code in positives(c, "clinical"))
    pdm2 = Counter(code for c in written for code in positives(c, "pdm2"))
    assert set(clinical) == {p.id for p in shipped.speaking("clinical")}
    assert min(clinical.values()) >= 12
    assert set(pdm2) == set(taxonomy.ids("pdm2"))
    assert min(pdm2.values()) >= 3


def test_every_technique_of_the_taxonomy_is_shown(written):
    assert {o for c in written for o in positives(c, "technique")} == set(taxonomy.ids("techniques"))


def test_every_difficulty_occurs(written):
    assert set(Counter(c.difficulty for c in written)) == {1, 2, 3, 4, 5}


def test_voiced_sentences_stand_in_their_turn_and_in_their_document(written):
    documents = {}
    seen = 0
    for conversation in written:
        for entry in conversation.extra.get("voiced", []):
            turn = conversation.turns[entry["turn"]]
            spans = []
            for evidence in turn.evidence:
                path = SHIPPED / evidence.uri.removeprefix("knowledge/")
                text = documents.setdefault(path, path.read_text())
                spans.append(text[evidence.start : evidence.end])
            assert any(span.lower() in turn.content.lower() for span in spans)
            seen += 1
    assert seen > 1000


def test_danger_is_labelled_from_where_it_is_voiced_and_zero_only_where_it_is_certain(written):
    unsure = {"F32", "F34.1", "F31", "F43.10", "F43.81", "F43.20", "F60.3", "F20.9", "F10", "F50.0", "F50.2", "F45.22"}
    levels = Counter()
    for conversation in written:
        found = [label.value for _, label in conversation.labels if label.output == "crisis.level"]
        assert found == sorted(found)
        if 0.0 in found:
            assert not positives(conversation, "clinical") & unsure
        levels.update(found)
    assert {0.0, 1.0, 2.0, 3.0} <= set(levels)


def test_no_disorder_is_labelled_as_none(written):
    for conversation in written:
        if conversation.extra["kind"] in ("everyday", "subclinical"):
            assert positives(conversation, "clinical") == set()
            assert all(
                [(label.output, label.value) for label in turn.labels if label.head == "clinical"] == [("clinical.*", 0.0)]
                for turn in conversation.turns
                if turn.part == "client"
            )


def test_a_helper_never_repeats_a_sentence_within_a_conversation(written):
    for conversation in written:
        said = [t.content for t in conversation.turns if t.part == "therapist"]
        assert len(set(said)) == len(said)


def test_no_line_of_a_therapist_is_worn_out(written):
    turns = [t.content for c in written for t in c.turns if t.part == "therapist"]
    assert Counter(turns).most_common(1)[0][1] <= 0.01 * len(turns)


def test_nothing_of_the_machine_stands_in_a_record(written):
    assert all(p.uri.startswith("knowledge/") and not p.uri.startswith("/") for c in written for p in c.provenance)


def test_writing_is_deterministic_and_the_seed_counts(shipped):
    one, two, other = (write_conversations(shipped, count=40, seed=seed) for seed in (3, 3, 4))
    assert one == two
    assert [c.id for c in one] == sorted(c.id for c in one)
    assert len({c.id for c in one} & {c.id for c in other}) < 5


def test_six_hundred_are_written_in_seconds(shipped):
    began = time.process_time()
    write_conversations(shipped, count=600, seed=5)
    assert time.process_time() - began < 10


def test_knowledge_without_voices_still_carries_questions():
    summary = statement("Sleep does not come.")
    silent = picture(features=(), summary=summary, care=(statement("A fixed rising time helps."),), duration=statement("Three months."))
    written = write_conversations(material(silent), count=5, seed=1)
    assert {c.extra["kind"] for c in written} == {"questions"}
    assert not check_record(written).failed


def test_one_own_disorder_with_voices_is_enough_for_therapy():
    written = write_conversations(material(), count=6, seed=1)
    assert {c.extra["kind"] for c in written} <= {"disorder", "subclinical"}
    assert not check_record(written).failed


def test_nothing_to_write_from_is_an_error():
    with pytest.raises(WritingError, match="no knowledge can be written from"):
        write_conversations(material(picture(features=())), count=1, seed=1)


def test_whoever_says_their_age_is_not_introduced_with_another(sources):
    """The sheet of a client who says `I'm sixty-two` holds a decade alone, and an introduction draws a year of it."""
    age = re.compile(r"\b(?:sixty|seventy|eighty)-\w+")
    written = write_conversations(load_material(*sources, ["F17"]), count=200, seed=3)
    told = [c.turns[0].content for c in written if any(t.part == "client" and "I'm sixty-two" in t.content for t in c.turns)]
    assert len(told) > 5
    assert [text for text in told if set(age.findall(text)) - {"sixty-two"}] == []
