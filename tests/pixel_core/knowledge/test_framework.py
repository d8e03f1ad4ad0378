import json

import polars as pl
import pytest

from pixel_core import taxonomy
from pixel_core.artifacts import tree_digest
from pixel_core.knowledge import KnowledgeError, extract_framework
from pixel_core.knowledge.framework import TABLE
from pixel_core.knowledge.framework_quality import check_framework_completeness
from pixel_core.knowledge.quality import check_framework
from tests.pixel_core.knowledge.documents import INSOMNIA, SHIPPED, write

STYLES = """# Attachment styles

## Secure

Closeness is possible.
Help can be asked for.

### Signs

- Misses someone without panic.

### How it may sound

- "I was hurt, and I told you."

### In the conversation

Use the strength.

## Empty
"""
DEFENCES = """# Defences
## Primitive
### Denial
**Definition.** Not taking in what others see.
**Example.** He books a trip.
"""


def table(built):
    return pl.read_parquet(built.folder / TABLE)


def test_the_shipped_framework_is_whole(tmp_path):
    built = extract_framework(SHIPPED, tmp_path / "out")
    counts = dict(table(built)["kind"].value_counts().iter_rows())
    assert counts == {"pdm2": 26, "organisation": 4, "symptom_pattern": 8, "attachment": 4, "defence": 30, "trait": 5, "interview": 15}
    assert set(table(built).filter(kind="pdm2")["id"]) == set(taxonomy.ids("pdm2"))
    assert built.summary.rejects == {}
    axes = table(built).filter(pl.col("kind").is_in(["organisation", "symptom_pattern"]))
    assert set(axes["id"]) == set(taxonomy.ids("pdm2_axes"))
    assert not check_framework(built.folder).failed
    assert not check_framework_completeness(built.folder).failed


ENTRY = {"id": "depressive", "name": "Depressive", "group": "personality_syndrome", "summary": "Loss turned inward."}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("pdm2/mine.json", {"entries": [ENTRY]}),
        ("pdm2/mine.jsonl", json.dumps(ENTRY) + "\n"),
        ("notes/mine.json", {"framework": "pdm2", "entries": [ENTRY]}),
    ],
)
def test_entries_of_pdm2_are_read_wherever_they_announce_themselves(tmp_path, file, content):
    write(tmp_path / "kb" / file, content)
    write(tmp_path / "kb" / "other.json", {"disorders": [INSOMNIA]})
    assert table(extract_framework(tmp_path / "kb", tmp_path / "out")).select("kind", "id").rows() == [("pdm2", "depressive")]


@pytest.mark.parametrize("file", ["personality_disorders.md", "dsm5/Personality Disorders.html", "personality-disorders/all.md"])
def test_personality_disorders_are_no_traits(tmp_path, file):
    write(tmp_path / "kb" / file, "# Personality disorders\n\n## Borderline personality disorder\n\n### Care\n\nTalking.\n")
    assert table(extract_framework(tmp_path / "kb", tmp_path / "out")).is_empty()


def test_every_client_of_the_shipped_framework_has_a_dozen_sentences(tmp_path):
    for row in table(extract_framework(SHIPPED, tmp_path / "out")).filter(kind="pdm2").iter_rows(named=True):
        poles = [span["pole"] for span in row["voiced"]]
        assert len({span["text"] for span in row["voiced"]}) == len(poles)
        for pole in set(poles) - {None} or {None}:
            assert sum(1 for p in poles if p in (None, pole)) >= 12, (row["id"], pole)


def test_sentences_of_a_pole_know_it_and_their_place(tmp_path):
    entry = {"id": "depressive", "summary": "Finds the fault in themselves.", "voiced": ["Both say this."]}
    path = write(tmp_path / "kb" / "pdm2" / "own.json", {"entries": [entry | {"poles": {"high": ["Only the one says this."]}}]})
    (row,) = table(extract_framework(tmp_path / "kb", tmp_path / "out")).iter_rows(named=True)
    assert [(span["text"], span["pole"]) for span in row["voiced"]] == [("Both say this.", None), ("Only the one says this.", "high")]
    text = path.read_text()
    assert [text[span["start"] : span["end"]] for span in row["voiced"]] == [span["text"] for span in row["voiced"]]


def test_headed_sections_become_entries_with_places(tmp_path):
    path = write(tmp_path / "kb" / "attachment" / "styles.md", STYLES)
    (row,) = table(extract_framework(tmp_path / "kb", tmp_path / "out")).iter_rows(named=True)
    assert (row["kind"], row["id"], row["name"]) == ("attachment", "secure", "Secure")
    assert row["text"]["text"] == "Closeness is possible. Help can be asked for."
    assert [(d["name"], d["text"]["text"]) for d in row["details"]] == [("sign", "Misses someone without panic.")]
    assert [v["text"] for v in row["voiced"]] == ["I was hurt, and I told you."]
    assert [v["text"] for v in row["therapist_focus"]] == ["Use the strength."]
    text = path.read_text()
    voiced = row["voiced"][0]
    assert text[voiced["start"] : voiced["end"]] == voiced["text"]
    assert text[row["start"] : row["end"]].startswith("Secure")
    assert text[row["start"] : row["end"]].endswith("Use the strength.")
    assert check_framework(tmp_path / "out").passed


def test_deeper_sections_are_grouped_by_the_one_above(tmp_path):
    write(tmp_path / "kb" / "defences.md", DEFENCES)
    (row,) = table(extract_framework(tmp_path / "kb", tmp_path / "out")).iter_rows(named=True)
    assert (row["kind"], row["id"], row["group"]) == ("defence", "denial", "primitive")
    assert row["text"]["text"] == "Not taking in what others see."
    assert [(d["name"], d["text"]["text"]) for d in row["details"]] == [("example", "He books a trip.")]


def test_what_is_malformed_is_kept_apart_and_the_rest_goes_on(tmp_path):
    kb = tmp_path / "kb"
    entry = {"id": "depressive", "name": "Depressive", "group": "personality_syndrome", "summary": "Finds the fault in themselves."}
    write(kb / "pdm2" / "a.json", {"entries": [entry, entry, {"id": "grumpy", "summary": "x y"}, {"id": "schizoid"}, "text"]})
    unpoled = [entry | {"id": name, "poles": poles} for name, poles in (("narcissistic", ["I shine."]), ("paranoid", {"hurt": []}))]
    write(kb / "pdm2" / "poles.json", {"entries": unpoled})
    write(kb / "pdm2" / "b.json", "{")
    write(kb / "interview" / "c.md", b"\xff# no")
    write(kb / "personality" / "d.md", "only a line")
    write(kb / "notes.txt", "not a framework document")
    built = extract_framework(kb, tmp_path / "out")
    assert table(built)["id"].to_list() == ["depressive"]
    assert built.summary.rejects == {
        "duplicate_id": 1,
        "malformed_json": 1,
        "missing_field": 1,
        "no_entries": 1,
        "not_a_record": 1,
        "not_utf8": 1,
        "outside_taxonomy": 1,
        "poles_form": 2,
    }
    assert built.summary.figures["read"] == 1 + sum(built.summary.rejects.values())
    assert check_framework(built.folder).passed


def test_a_folder_without_framework_documents_gives_an_empty_table_and_a_warning(tmp_path):
    write(tmp_path / "kb" / "mine.json", {"disorders": [INSOMNIA]})
    built = extract_framework(tmp_path / "kb", tmp_path / "out")
    assert built.summary.rows == 0
    findings = check_framework(built.folder)
    assert findings.passed
    assert [f.name for f in findings.failed] == ["entries_found"]


def test_framework_documents_none_of_which_is_usable_are_an_error(tmp_path):
    write(tmp_path / "kb" / "pdm2" / "a.json", "{")
    with pytest.raises(KnowledgeError, match=r"no usable framework entry: .*malformed_json"):
        extract_framework(tmp_path / "kb", tmp_path / "out")


def test_the_same_folder_gives_the_same_bytes(tmp_path):
    first = extract_framework(SHIPPED, tmp_path / "one")
    second = extract_framework(SHIPPED, tmp_path / "two")
    assert tree_digest(first.folder) == tree_digest(second.folder)


def test_levels_and_patterns_join_the_framework_without_becoming_classes_of_the_head(tmp_path):
    level = {"id": "neurotic", "group": "organisation_level", "summary": "Firm, with one narrow place.", "identity": "Stable."}
    write(tmp_path / "kb" / "pdm2" / "own.json", {"entries": [level, level | {"id": "stormy"}, level | {"id": "depressive", "group": ""}]})
    built = extract_framework(tmp_path / "kb", tmp_path / "out")
    found = {row["id"]: row for row in table(built).iter_rows(named=True)}
    assert {key: row["kind"] for key, row in found.items()} == {"neurotic": "organisation", "depressive": "pdm2"}
    assert [d["name"] for d in found["neurotic"]["details"]] == ["identity"]
    assert built.summary.rejects == {"outside_taxonomy": 1}
    assert "neurotic" not in taxonomy.ids("pdm2")
    assert "without_reality_testing neurotic" in {n for f in check_framework_completeness(built.folder).failed for n in f.reasons}
