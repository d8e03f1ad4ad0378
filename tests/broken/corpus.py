"""Corpus artifacts that are plausible but for one thing, which their check must find."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from pixel_core.artifacts import write_table
from pixel_core.conversation import Conversation, Label, read_conversations, write_conversations
from pixel_core.corpus import build_edge_cases, build_head_examples, build_mixture, collect_pairs, import_source
from pixel_core.corpus.pairs import read_pairs, write_pairs
from tests.broken.sealing import seal
from tests.pixel_core.corpus.worlds import clinical, entry, lines, recipe, sources, wording

SOURCE = "support_dialogues"
SCENARIOS = Path(__file__).parents[2] / "data" / "scenarios" / "edge_cases.yaml"
DIALOGUES = SCENARIOS.with_name("dual_persona.yaml")
EVALUATION_TEXT = "Every March my aunt repaints the gate and blames the neighbours for the rust."
Rows = list[Conversation]


def rewrite(path: Path, change: Callable[[Rows], Rows]) -> None:
    """Change the conversations of a file and seal its folder."""
    write_conversations(path, sorted(change(read_conversations(path)), key=lambda c: c.id))
    seal(path.parent)


def first(change: Callable[[Conversation], Conversation]) -> Callable[[Rows], Rows]:
    return lambda rows: [change(rows[0]), *rows[1:]]


def labelled(label: Label) -> Callable[[Conversation], Conversation]:
    return lambda c: replace(c, turns=(replace(c.turns[0], labels=(*c.turns[0].labels, label)), *c.turns[1:]))


def saying(text: str) -> Callable[[Conversation], Conversation]:
    return lambda c: replace(c, turns=(replace(c.turns[0], content=text), *c.turns[1:]))


TOO_HIGH = labelled(Label("crisis.level", 9.0, "human"))


def source(home: Path, **fields: str) -> Path:
    """A sound source of four dialogues and a rejected line; `fields` are those of its entry."""
    rows = [
        {"dialog": [{"speaker": "usr", "text": f"This is worry {i}."}, {"speaker": "sys", "text": "Tell me more.", "strategy": "Others"}]}
        for i in range(4)
    ]
    home.mkdir(exist_ok=True)
    lines(home / "sample.jsonl", [*rows, "{broken"])
    out = home / "artifacts" / "source_conversations" / SOURCE
    return import_source(entry("esconv", **fields), out, data_root=home, recipe=recipe().corpus).folder


def edge_cases(home: Path) -> Path:
    return build_edge_cases(SCENARIOS, home / "artifacts" / "edge_case_conversations", dialogues=DIALOGUES).folder


def mixture(home: Path) -> Path:
    out = home / "artifacts" / "training_mixture"
    return build_mixture(recipe(), sources(home / "artifacts"), out, held_out_texts=[EVALUATION_TEXT]).folder


def heads(home: Path) -> Path:
    mixed = mixture(home)
    return build_head_examples(sources(home / "artifacts"), mixed, home / "artifacts" / "head_examples").folder


def source_out_of_range(home: Path) -> str:
    rewrite(source(home) / "conversations.parquet", first(lambda c: replace(c, difficulty=9)))
    return SOURCE


def source_lost_a_row(home: Path) -> str:
    rewrite(source(home) / "conversations.parquet", lambda rows: rows[1:])
    return SOURCE


def source_with_an_address(home: Path) -> str:
    rewrite(source(home) / "conversations.parquet", first(saying("Write to anna.lind@mail.test when you can.")))
    return SOURCE


def source_saying(text: str, **fields: str) -> Callable[[Path], str]:
    """A source of which a turn says this."""

    def broken(home: Path) -> str:
        rewrite(source(home, **fields) / "conversations.parquet", first(saying(text)))
        return SOURCE

    return broken


def source_that_teaches_the_client(home: Path) -> str:
    def taught(c: Conversation) -> Conversation:
        return replace(c, turns=(replace(c.turns[0], learn=True), *c.turns[1:]))

    rewrite(source(home) / "conversations.parquet", first(taught))
    return SOURCE


def source_with_a_wrong_label(home: Path) -> str:
    rewrite(source(home) / "conversations.parquet", first(TOO_HIGH))
    return SOURCE


def edge_case_without_its_client(home: Path) -> None:
    rewrite(edge_cases(home) / "conversations.parquet", lambda rows: [c for c in rows if c.extra.get("learner") != "client"])


def edge_case_that_does_what_is_ruled_out(home: Path) -> None:
    def ruled_out(rows: Rows) -> Rows:
        at, one = next((i, c) for i, c in enumerate(rows) if c.extra.get("learner") == "therapist")
        said = next(rule["example"] for rule in one.extra["never"] if "signs" in rule)
        return [*rows[:at], replace(one, turns=(one.turns[0], replace(one.turns[1], content=said), *one.turns[2:])), *rows[at + 1 :]]

    rewrite(edge_cases(home) / "conversations.parquet", ruled_out)


def dialogue_with_a_transition_at_the_wrong_turn(home: Path) -> None:
    def moved(rows: Rows) -> Rows:
        at, one = next((i, c) for i, c in enumerate(rows) if c.extra.get("transitions"))
        marks = one.extra["transitions"]
        late = [{**marks[0], "turn": marks[0]["turn"] + 2}, *marks[1:]]
        return [*rows[:at], replace(one, extra={**one.extra, "transitions": late}), *rows[at + 1 :]]

    rewrite(edge_cases(home) / "conversations.parquet", moved)


def dialogues_without_a_context(home: Path) -> None:
    folder = edge_cases(home)
    rewrite(folder / "conversations.parquet", lambda rows: [c for c in rows if c.extra.get("context") != "small_talk"])


def dialogues_with_a_telling_trigger(home: Path) -> None:
    """Every reply to a request for a piece of work is an assistant's."""

    def asked_of_a_therapist(c: Conversation) -> bool:
        marks = [(m["trigger"], m["to"]) for m in c.extra.get("transitions", ())] + [
            (m["trigger"], m["part"]) for m in c.extra.get("held", ())
        ]
        return ("task_request", "therapist") in marks

    rewrite(edge_cases(home) / "conversations.parquet", lambda rows: [c for c in rows if not asked_of_a_therapist(c)])


def edge_case_with_a_wrong_label(home: Path) -> None:
    rewrite(edge_cases(home) / "conversations.parquet", first(TOO_HIGH))


def pair_without_a_difference(home: Path) -> None:
    found = home / "artifacts" / "source_conversations" / "preferences"
    home.mkdir(exist_ok=True)
    lines(home / "sample.jsonl", [{"prompt": f"p{i}", "chosen": "better", "rejected": "worse"} for i in range(3)])
    import_source(entry("preference", "preference"), found, data_root=home, recipe=recipe().corpus)
    folder = collect_pairs({"source_conversations/preferences": found}, home / "artifacts" / "preference_pairs").folder
    pairs = read_pairs(folder / "pairs.parquet")
    write_pairs(folder / "pairs.parquet", [replace(pairs[0], rejected=pairs[0].chosen), *pairs[1:]])
    seal(folder)


def mixture_with_a_blank_licence(home: Path) -> None:
    change = first(lambda c: replace(c, provenance=(replace(c.provenance[0], licence=" "),)))
    rewrite(mixture(home) / "validation.parquet", change)


def mixture_short_of_a_row(home: Path) -> None:
    rewrite(mixture(home) / "train.parquet", lambda rows: rows[1:])


def mixture_with_a_divided_group(home: Path) -> None:
    folder = mixture(home)
    table = pl.read_parquet(folder / "splits.parquet")
    drawn = read_conversations(folder / "test.parquet")[0].group
    write_table(folder / "splits.parquet", pl.concat([table, table.filter(group=drawn).with_columns(split=pl.lit("train"))]).sort("group"))
    seal(folder)


def mixture_with_one_class_only(home: Path) -> None:
    def same(rows: Rows) -> Rows:
        return [
            replace(c, turns=tuple(replace(t, labels=clinical("F32") if t.labels else ()) for t in c.turns))
            if c.category == "psychology"
            else c
            for c in rows
        ]

    rewrite(mixture(home) / "train.parquet", same)


def mixture_with_a_shared_turn(home: Path) -> None:
    folder = mixture(home)
    learnt = read_conversations(folder / "train.parquet")[0].turns[0].content
    rewrite(folder / "test.parquet", first(saying(learnt)))


def mixture_that_learns_a_reply_twice(home: Path) -> None:
    def twice(rows: Rows) -> Rows:
        said = wording(999, 40)
        answered = [replace(c, turns=(*c.turns[:-1], replace(c.turns[-1], content=said, learn=True))) for c in rows[:2]]
        return [*answered, *rows[2:]]

    rewrite(mixture(home) / "train.parquet", twice)


def mixture_with_a_wrong_label(home: Path) -> None:
    rewrite(mixture(home) / "train.parquet", first(TOO_HIGH))


def head_example_that_is_learnt(home: Path) -> None:
    change = first(lambda c: replace(c, turns=tuple(replace(turn, learn=True) for turn in c.turns)))
    rewrite(heads(home) / "train.parquet", change)


def head_examples_without_clinical_rows(home: Path) -> None:
    kept = lambda rows: [c for c in rows if not any(label.head == "clinical" for _, label in c.labels)]  # noqa: E731
    rewrite(heads(home) / "test.parquet", kept)


def head_example_in_two_splits(home: Path) -> None:
    folder = heads(home)
    learnt = read_conversations(folder / "train.parquet")[0]
    rewrite(folder / "test.parquet", lambda rows: [learnt, *rows])


def head_example_with_a_wrong_label(home: Path) -> None:
    rewrite(heads(home) / "train.parquet", first(TOO_HIGH))


BROKEN: dict[tuple[str, str], Callable[[Path], str | None]] = {
    ("source_conversations", "contract"): source_out_of_range,
    ("source_conversations", "rows_are_accounted_for"): source_lost_a_row,
    ("source_conversations", "no_contact_data"): source_with_an_address,
    ("source_conversations", "learns_the_intended_part"): source_that_teaches_the_client,
    ("source_conversations", "label_values_in_range"): source_with_a_wrong_label,
    ("edge_case_conversations", "both_parts_of_every_scenario"): edge_case_without_its_client,
    ("edge_case_conversations", "nothing_ruled_out_is_done"): edge_case_that_does_what_is_ruled_out,
    ("edge_case_conversations", "transitions_are_marked"): dialogue_with_a_transition_at_the_wrong_turn,
    ("edge_case_conversations", "personas_are_covered"): dialogues_without_a_context,
    ("edge_case_conversations", "label_values_in_range"): edge_case_with_a_wrong_label,
    ("preference_pairs", "pairs_are_sound"): pair_without_a_difference,
    ("training_mixture", "contract"): mixture_with_a_blank_licence,
    ("training_mixture", "wanted_versus_got"): mixture_short_of_a_row,
    ("training_mixture", "splits_are_disjoint_by_group"): mixture_with_a_divided_group,
    ("training_mixture", "clinical_classes_in_every_split"): mixture_with_one_class_only,
    ("training_mixture", "no_leakage"): mixture_with_a_shared_turn,
    ("training_mixture", "label_values_in_range"): mixture_with_a_wrong_label,
    ("head_examples", "rows_are_head_examples"): head_example_that_is_learnt,
    ("head_examples", "clinical_classes_in_every_split"): head_examples_without_clinical_rows,
    ("head_examples", "no_leakage"): head_example_in_two_splits,
    ("head_examples", "label_values_in_range"): head_example_with_a_wrong_label,
}

# Further artifacts that one check must fail, each for a reason of its own: (asset, check, what is wrong).
ALSO_BROKEN: dict[tuple[str, str, str], Callable[[Path], str | None]] = {
    ("source_conversations", "no_contact_data", "handle"): source_saying("I write there as @night_owl77."),
    ("source_conversations", "no_contact_data", "address"): source_saying("We live at 14 Elm Park Road now."),
    ("source_conversations", "no_contact_data", "account"): source_saying("My case is QX-1234567."),
    ("source_conversations", "no_contact_data", "name"): source_saying("My sister Sarah left us.", consent="licence"),
    ("training_mixture", "no_leakage", "reply learnt twice"): mixture_that_learns_a_reply_twice,
    ("edge_case_conversations", "personas_are_covered", "one-sided trigger"): dialogues_with_a_telling_trigger,
}
