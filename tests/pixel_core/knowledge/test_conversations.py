import json
import re

import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.artifacts import finish, tree_digest
from pixel_core.conversation import CONVERSATION_SCHEMA, read_conversations, write_conversations
from pixel_core.endpoint import Endpoint
from pixel_core.knowledge import (
    KnowledgeError,
    build_index,
    extract_dsm5,
    extract_framework,
    extract_passages,
    write_knowledge_conversations,
)
from pixel_core.knowledge.conversation_quality import check_conversation_bias, check_conversation_judgement
from pixel_core.knowledge.conversations import Teacher, read_batches, read_swaps
from pixel_core.knowledge.encoder import PACKAGED
from pixel_core.knowledge.material import load_material
from pixel_core.knowledge.quality import check_conversation_appropriateness, check_conversation_record, check_conversation_variety
from pixel_core.trace import describe, find
from pixel_core.writing import WritingError
from tests.endpoint_server import serve_endpoint
from tests.pixel_core.knowledge.documents import FLAT, INSOMNIA, SHIPPED, record, write
from tests.pixel_core.writing.teacher_model import answer_to


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


def test_rejects_batches_and_standards_lie_beside_the_conversations_and_add_up(sources, tmp_path):
    built = write_knowledge_conversations(*sources, tmp_path / "out", count=60, seed=7, batch=20)
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert built.summary.figures["read"] == 60 + rejected.height == sum(b.asked for b in read_batches(built.folder))
    assert sum(built.summary.rejects.values()) == rejected.height
    assert built.summary.figures["batches"] >= 3
    assert 0 <= built.summary.figures["reject_share"] < 0.2
    for check in (check_conversation_judgement, check_conversation_bias):
        assert check(built.folder).passed
    assert {s.attribute for s in read_swaps(built.folder)} >= {"gender", "culture", "faith"}


def test_words_of_a_licensed_folder_are_turned_down_and_looked_for_again(sources, tmp_path):
    free = write_knowledge_conversations(*sources, tmp_path / "free", count=30, seed=7)
    said = [turn.content for c in read_conversations(free.folder / "conversations.parquet") for turn in c.turns if turn.part == "assistant"]
    manual = tmp_path / "licensed" / "manual.txt"
    write(manual, max(said, key=len))
    bound = write_knowledge_conversations(*sources, tmp_path / "bound", count=30, seed=7, licensed=manual.parent)
    assert bound.summary.rejects["licensed_words"] >= 1
    assert bound.summary.rows == 30
    assert check_conversation_judgement(bound.folder).passed
    table = bound.folder / "conversations.parquet"
    write_conversations(table, read_conversations(free.folder / "conversations.parquet"))
    finish(bound.folder, kind=bound.manifest.kind, version=bound.manifest.version, inputs=bound.manifest.inputs, summary=bound.summary)
    failed = {f.name: f.reasons for f in check_conversation_judgement(bound.folder).failed}
    assert "licensed_words" in failed["judged"]


def test_what_a_teacher_rests_on_is_traced_to_the_document(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    kept = write(tmp_path / "kb" / "interview" / "guidelines.md", (SHIPPED / "interview" / "guidelines.md").read_text(encoding="utf-8"))
    passages = extract_passages(tmp_path / "kb", tmp_path / "passages", words=200).folder
    index = build_index(passages, tmp_path / "index", encoder=PACKAGED, index="flat").folder

    def answered(body):
        value = answer_to(body)
        value["turns"][1]["rests_on"] = re.findall(r"^- (passage:\S+): ", body["messages"][1]["content"], re.M)
        return json.dumps(value)

    with serve_endpoint() as server:
        server.answer = answered
        teacher = Teacher(Endpoint(server.url, "wise", None, backoff=0.01), tmp_path / "cache", index=index, passages=1)
        built = write_knowledge_conversations(*sources, tmp_path / "artifacts" / "written", count=4, seed=7, teacher=teacher)
    one = read_conversations(built.folder / "conversations.parquet")[0]
    (place,) = one.turns[1].evidence
    stored = pl.read_parquet(passages / "passages.parquet").filter(start=place.start, end=place.end)
    assert stored.height == 1
    assert kept.read_text(encoding="utf-8")[place.start : place.end].startswith(stored["text"][0][:20])
    told = describe(find(one.id, tmp_path / "artifacts"), tmp_path / "artifacts")
    assert f"turn 1       rests on knowledge/interview/guidelines.md, characters {place.start} to {place.end}" in told


def test_what_the_grammar_tells_rests_on_retrieved_passages(tmp_path):
    text = (SHIPPED / "dsm5" / "dissociative_disorders.json").read_text(encoding="utf-8")
    kept = write(tmp_path / "kb" / "dsm5" / "mine.json", text)
    dsm5 = extract_dsm5(tmp_path / "kb", tmp_path / "dsm5").folder
    framework = extract_framework(tmp_path / "kb", tmp_path / "framework").folder
    passages = extract_passages(tmp_path / "kb", tmp_path / "passages", words=200).folder
    index = build_index(passages, tmp_path / "index", encoder=PACKAGED, index="flat").folder
    built = write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=24, seed=7, index=index)
    stored = {row["id"]: row for row in pl.read_parquet(passages / "passages.parquet").iter_rows(named=True)}
    told = 0
    for conversation in read_conversations(built.folder / "conversations.parquet"):
        for move in conversation.extra["moves"]:
            for passage in (stored[key.removeprefix("passage:")] for key in move["rests_on"] if key.startswith("passage:")):
                spans = [(e.start, e.end) for e in conversation.turns[move["turn"]].evidence if e.uri == "knowledge/dsm5/mine.json"]
                assert any(passage["start"] <= start and end <= passage["end"] for start, end in spans)
                assert all(kept.read_text(encoding="utf-8")[start:end].strip() for start, end in spans)
                told += 1
    assert 0 < built.summary.figures["moves_from_passages"] <= told
    assert check_conversation_record(built.folder).passed
    assert write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=24, seed=7, index=index).skipped
    assert not write_knowledge_conversations(dsm5, framework, tmp_path / "out", count=24, seed=7).skipped


def test_a_teacher_writes_the_same_artifact_and_its_cost_is_a_figure(sources, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as server:
        server.answer = lambda body: json.dumps(answer_to(body))
        endpoint = Endpoint(server.url, "wise", None, price_per_million=(2.0, 10.0), backoff=0.01)
        teacher = Teacher(endpoint, tmp_path / "cache")
        first, again = (write_knowledge_conversations(*sources, tmp_path / name, count=20, seed=7, teacher=teacher) for name in ("a", "b"))
        assert len(server.received) == first.summary.figures["teacher_calls"]
    assert tree_digest(first.folder) == tree_digest(again.folder)
    assert first.summary.figures["teacher_cost"] == pytest.approx(first.summary.figures["teacher_calls"] * 56e-6)
    assert {c.extra["writer"] for c in read_conversations(first.folder / "conversations.parquet")} == {"teacher:wise"}
    for check in (check_conversation_record, check_conversation_appropriateness, check_conversation_judgement, check_conversation_bias):
        assert check(first.folder).passed
