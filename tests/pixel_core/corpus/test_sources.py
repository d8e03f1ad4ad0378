import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from pixel_core.conversation import read_conversations
from pixel_core.corpus import CatalogueError, import_source, load_catalogue
from pixel_core.corpus.loaders import LoadError
from pixel_core.corpus.pairs import read_pairs
from pixel_core.corpus.quality import check_contact_data, check_label_values, check_learner, check_source_accounts
from pixel_core.corpus.sources import SourceError
from pixel_core.recipe import load_recipe
from tests.pixel_core.corpus.adapters.test_dialogues import ESCONV
from tests.pixel_core.corpus.worlds import entry, lines, recipe

DATA = Path(__file__).parents[3] / "data"
SHIPPED = load_catalogue(DATA / "sources.yaml")


def say(*texts, strategy="Others", **fields):
    turns = [
        {"speaker": "usr", "text": text} if i % 2 == 0 else {"speaker": "sys", "text": text, "strategy": strategy}
        for i, text in enumerate(texts)
    ]
    return {"dialog": turns, **fields}


def run(tmp_path, rows, name="out", **fields):
    lines(tmp_path / "sample.jsonl", rows)
    source = entry("esconv", **fields)
    return import_source(source, tmp_path / name, data_root=tmp_path, recipe=recipe().corpus)


@pytest.mark.parametrize("name", load_recipe().corpus.sources)
def test_every_shipped_sample_arrives_whole_with_its_labels(tmp_path, name):
    built = import_source(SHIPPED[name], tmp_path / name, data_root=DATA, recipe=recipe().corpus)
    assert built.summary.rows > 0
    assert not built.summary.rejects, "a shipped row is rejected"
    for check in (check_source_accounts, check_contact_data, check_label_values, check_learner):
        assert check(built.folder).passed, check(built.folder)
    figures = built.summary.figures
    assert figures["rows_read"] == figures["rows_folded"] + built.summary.rows + figures["merged"]
    if SHIPPED[name].category == "supervision":
        assert figures["labelled_turns"] == built.summary.rows


def test_rows_are_kept_merged_or_rejected_and_add_up(tmp_path):
    rows = [
        say("I lost my job.", "That is hard, I am listening to you."),
        say("I lost my job.", "That is hard, I am listening to you."),
        say("Hi.", "Hi."),
        "{broken",
        say("I lost my cat.", "Tell me about the cat, if you like.", strategy="Magic"),
        say("Write to me at a@b.org, please.", "I have noted a@b.org, thank you."),
    ]
    built = run(tmp_path, rows)
    assert built.summary.rows == 2
    assert built.summary.rejects == {"malformed_json": 1, "too_short": 1, "unknown_code": 1}
    assert (built.summary.figures["read"], built.summary.figures["merged"], built.summary.figures["pseudonyms_email"]) == (6, 1, 2)
    rejected = pl.read_parquet(built.folder / "rejected.parquet")
    assert sorted(rejected["position"]) == ["sample.jsonl row 3", "sample.jsonl row 4", "sample.jsonl row 5"]
    assert all(rejected["content"])
    assert check_source_accounts(built.folder).passed
    merged = next(c for c in read_conversations(built.folder / "conversations.parquet") if "job" in c.text)
    assert [p.locator for p in merged.provenance] == ["sample.jsonl row 1", "sample.jsonl row 2"]


def test_labels_that_contradict_reject_every_row_of_that_text(tmp_path):
    same = ("I lost my job last week.", "What would help you today?")
    built = run(
        tmp_path,
        [say(*same, strategy="Information"), say(*same, strategy="Self-disclosure"), say("Else entirely.", "Go on, please, I have time.")],
    )
    assert built.summary.rejects == {"label_conflict": 2}
    assert built.summary.rows == 1
    assert check_source_accounts(built.folder).passed


def test_the_same_input_gives_the_same_bytes_and_valid_work_is_skipped(tmp_path):
    rows = [say(f"Number {i} speaks.", "I hear you, please go on.") for i in range(20)]
    one, two = run(tmp_path, rows), run(tmp_path, rows, "again")
    for name in ("conversations.parquet", "rejected.parquet", "manifest.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert run(tmp_path, rows).skipped
    assert not run(tmp_path, rows[:-1]).skipped
    table = pl.read_parquet(one.folder / "conversations.parquet")
    assert table["id"].to_list() == sorted(table["id"])


def test_the_limits_are_inputs_and_other_keys_of_the_recipe_are_not(tmp_path):
    lines(tmp_path / "sample.jsonl", [say("I lost my job.", "That is hard.")])
    build = lambda *o: import_source(entry("esconv"), tmp_path / "out", data_root=tmp_path, recipe=recipe(*o).corpus)  # noqa: E731
    build()
    assert build("corpus.repeat_cap=2").skipped
    assert not build("corpus.min_characters=5").skipped


def test_a_missing_file_is_an_error_with_a_remedy_and_an_optional_one_an_empty_artifact_that_says_so(tmp_path):
    source = entry("esconv")
    with pytest.raises(SourceError, match=r"'sample'.*sample\.jsonl does not exist.*optional: true"):
        import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    built = import_source(entry("esconv", optional=True), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert (built.summary.rows, built.summary.figures["missing"]) == (0, 1)
    lines(tmp_path / "sample.jsonl", [say("I lost my job.", "That is hard.")])
    assert import_source(entry("esconv", optional=True), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus).summary.rows == 1


def test_an_optional_source_of_which_only_a_part_is_there_is_an_error(tmp_path):
    lines(tmp_path / "a.jsonl", [ESCONV])
    source = entry("esconv", optional=True, files=("a.jsonl", "b.jsonl"))
    with pytest.raises(SourceError, match=r"b\.jsonl does not exist"):
        import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)


def test_a_disabled_source_can_be_built_by_hand(tmp_path):
    lines(tmp_path / "sample.jsonl", [say("I lost my job.", "That is hard.")])
    source = entry("esconv", enabled=False)
    assert import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus).summary.rows == 1


@pytest.mark.parametrize(
    "name", sorted(name for name, entry in SHIPPED.items() if not entry.enabled and not (entry.hub and entry.revision))
)
def test_what_a_disabled_source_lacks_is_said(tmp_path, name):
    with pytest.raises((CatalogueError, LoadError), match=r"has no revision.*commits/main|export PIXEL_\w+="):
        import_source(SHIPPED[name], tmp_path / "out", data_root=DATA, recipe=recipe().corpus)
    assert not (tmp_path / "out").exists()


def test_files_of_another_revision_are_not_read(tmp_path):
    lines(tmp_path / "sample.jsonl", [say("I lost my job.", "That is hard.")])
    build = lambda **fields: import_source(entry("esconv", **fields), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)  # noqa: E731
    with pytest.raises(SourceError, match="are not those of its revision, but sha256:") as error:
        build(revision=f"sha256:{'0' * 64}")
    theirs = re.search(r"sha256:[0-9a-f]{64}", str(error.value))[0]
    assert build(revision=theirs).summary.rows == 1


def test_a_variable_names_the_folder_and_is_no_input(tmp_path):
    built = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        lines(tmp_path / place / "sample.jsonl", [say("I lost my job.", "That is hard.")])
        source = entry("esconv", files=("${SETS}/sample.jsonl",))
        kept = {"data_root": DATA, "recipe": recipe().corpus, "variables": {"SETS": str(tmp_path / place)}}
        built.append(import_source(source, tmp_path / "out", **kept))
    assert [b.skipped for b in built] == [False, True]


def test_a_client_only_source_teaches_the_client_and_announces_the_mode(tmp_path):
    rows = [
        {"conversations": [{"from": "human", "value": f"What brings you here, {i}?"}, {"from": "gpt", "value": "None of your business."}]}
        for i in range(3)
    ]
    lines(tmp_path / "sample.jsonl", rows)
    client = entry("sharegpt", "personality", {"user": "therapist", "assistant": "client"})
    built = import_source(client, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert check_learner(built.folder).passed
    found = read_conversations(built.folder / "conversations.parquet")
    assert {turn.part for c in found for turn in c.turns if turn.learn} == {"client"}
    assert {turn.persona for c in found for turn in c.turns if turn.learn} == {"therapy"}


def test_a_file_that_breaks_off_is_built_but_fails_its_check(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([say(f"I lost my job {i}.", "That is hard.") for i in range(5)])[:-40])
    built = import_source(entry("esconv", files=("a.json",)), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert (built.summary.rows, dict(built.summary.rejects)) == (4, {"broken_off": 1})
    assert [finding.name for finding in check_source_accounts(built.folder).failed] == ["files that broke off or could not be read"]


def test_a_text_that_no_cleaning_could_shorten_enough_is_not_cleaned(tmp_path):
    lines(tmp_path / "sample.jsonl", [say("I lost " * 60_000, "That is hard."), say("I lost my job.", "That is hard.")])
    built = import_source(entry("esconv"), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert (built.summary.rows, dict(built.summary.rejects)) == (1, {"too_long": 1})
    assert pl.read_parquet(built.folder / "rejected.parquet")["content"].str.len_chars().max() <= 1 << 16


def test_class_names_come_from_their_file_and_are_an_input(tmp_path):
    (tmp_path / "a.tsv").write_text("Hooray!\t1\tx1\n")
    (tmp_path / "names.txt").write_text("anger\njoy\n")
    source = entry("goemotions", "supervision", files=("a.tsv",), columns=("text", "labels", "id"), classes="names.txt")
    build = lambda: import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)  # noqa: E731
    [row] = read_conversations(build().folder / "conversations.parquet")
    assert "emotions.joy" in {label.output for _, label in row.labels}
    (tmp_path / "names.txt").write_text("joy\nanger\n")
    [row] = read_conversations(build().folder / "conversations.parquet")
    assert "emotions.anger" in {label.output for _, label in row.labels}
    (tmp_path / "names.txt").unlink()
    with pytest.raises(SourceError, match="class names"):
        build()


def test_preference_pairs_are_united_and_contradictions_rejected(tmp_path):
    rows = [{"prompt": "p", "chosen": "a", "rejected": "b"}] * 2 + [
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"prompt": "q", "chosen": "b", "rejected": "a"},
        {"prompt": "r", "chosen": "a", "rejected": "a"},
    ]
    lines(tmp_path / "sample.jsonl", rows)
    built = import_source(entry("preference", "preference"), tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert [pair.prompt for pair in read_pairs(built.folder / "pairs.parquet")] == ["p"]
    assert built.summary.rejects == {"no_difference": 1, "preference_conflict": 2}
    assert built.summary.figures["merged"] == 1
    assert check_source_accounts(built.folder).passed


def test_damaged_samples_lose_only_what_is_damaged(tmp_path):
    shutil.copytree(DATA / "sample", tmp_path / "sample", ignore=shutil.ignore_patterns("voice"))
    path = tmp_path / "sample/sources/support_dialogues.jsonl"
    whole = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*whole[:5], whole[5][:300], *whole[6:]]), encoding="utf-8")
    built = import_source(SHIPPED["support_dialogues"], tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    assert (built.summary.rows, built.summary.rejects) == (len(whole) - 1, {"malformed_json": 1})


def test_provenance_names_the_catalogue_and_no_path(tmp_path):
    built = run(tmp_path, [say("I lost my job.", "That is hard.")])
    text = (
        json.dumps(pl.read_parquet(built.folder / "conversations.parquet").to_dicts(), default=str)
        + (built.folder / "manifest.json").read_text()
    )
    assert str(tmp_path) not in text
    assert "pixel-sample://sample" in text
