"""Every fault that the checks of the disorders look for is put into the shipped base, and must be named by the code of its row."""

import shutil

import polars as pl
import pytest

from pixel_core.artifacts import finish, read_manifest, write_table
from pixel_core.knowledge import consistency
from pixel_core.knowledge.completeness import FIELDS, completeness, gaps
from pixel_core.knowledge.dsm5 import TABLE
from pixel_core.knowledge.quality import check_dsm5_completeness
from pixel_core.knowledge.symptoms import TABLE as SYMPTOMS

CHECKS = [
    consistency.check_codes,
    consistency.check_thresholds,
    consistency.check_durations,
    consistency.check_symptoms,
    consistency.check_duplicates,
    consistency.check_differentials,
]


SOME = ("F20.81", "F20.9", "F32", "F34.1", "F40.2", "F41.1", "F43.0", "F43.10", "F90")


def criterion(row, name):
    return next(c for c in row["criteria"] if c["id"] == name)


def span(text):
    return {"text": text, "start": 0, "end": len(text)}


@pytest.mark.parametrize("check", CHECKS)
def test_the_shipped_base_holds(shipped_disorders, check):
    assert not check(shipped_disorders.folder).failed


@pytest.mark.parametrize(
    ("check", "code", "change", "reason"),
    [
        (consistency.check_codes, "F32", lambda r: r.update(chapter="Sleep-Wake Disorders"), "chapter_differs F32"),
        (consistency.check_codes, "F32", lambda r: r.update(code="F99"), "outside_taxonomy F99"),
        (consistency.check_codes, "F32", lambda r: r.update(name="Sadness"), "name_differs F32"),
        (consistency.check_codes, "F40.2", lambda r: r["specifiers"][0].update(code="F41.1"), "specifier_of_another_class F40.2 F41.1"),
        (consistency.check_thresholds, "F32", lambda r: criterion(r, "A").update(min_count=4), "text_states_another_number F32 A"),
        (consistency.check_thresholds, "F32", lambda r: criterion(r, "A").update(min_count=10), "more_needed_than_listed F32 A"),
        (
            consistency.check_thresholds,
            "F32",
            lambda r: criterion(r, "A")["groups"][0].update(of=["Z1"]),
            "group_cannot_be_met F32 A A.core",
        ),
        (consistency.check_thresholds, "F90", lambda r: criterion(r, "A").update(min_groups=3), "more_groups_needed_than_listed F90 A"),
        (consistency.check_thresholds, "F32", lambda r: criterion(r, "B").update(kind="mood"), "unknown_kind F32 B"),
        (consistency.check_thresholds, "F32", lambda r: criterion(r, "A").update(items=[]), "cannot_be_met F32 A"),
        (consistency.check_durations, "F32", lambda r: r["duration"].update(min_days=21), "text_names_another_time F32 min_days"),
        (consistency.check_durations, "F43.0", lambda r: r["duration"].update(min_days=30, max_days=3), "min_above_max F43.0"),
        (consistency.check_durations, "F43.10", lambda r: r["duration"].update(min_days=7), "contradicts F43.0 F43.10"),
        (consistency.check_durations, "F20.9", lambda r: r["duration"].update(min_days=30), "contradicts F20.81 F20.9"),
        (consistency.check_symptoms, "F32", lambda r: criterion(r, "A")["items"][1].update(symptom="gloom"), "orphan_symptom F32 A2"),
        (consistency.check_symptoms, "F32", lambda r: criterion(r, "A")["items"].pop(), "map_differs F32"),
        (consistency.check_duplicates, "F32", lambda r: r["care"].append(r["care"][0]), "same_text F32 F32 care"),
        (consistency.check_differentials, "F32", lambda r: r["differentials"][0].update(code="F99"), "unknown_code F32"),
        (consistency.check_differentials, "F32", lambda r: r["differentials"][0].update(code="F32"), "names_itself F32"),
        (consistency.check_differentials, "F32", lambda r: r["differentials"].append(r["differentials"][0]), "named_twice F32 F34.1"),
    ],
)
def test_a_fault_is_named_by_the_code_of_its_row(copy_with, check, code, change, reason):
    folder = copy_with(code, change)
    found = check(folder)
    assert not found.passed
    assert reason in {name for finding in found.failed for name in finding.reasons}


def test_texts_that_nearly_agree_are_warned_of(some, tmp_path):
    other = "Psychotherapy helps many people, and so does moving, eating and sleeping at the same hours of the day."
    rows = {row["code"]: row for row in pl.read_parquet(some / TABLE).to_dicts()}
    rows["F41.1"]["care"].append(span(other))
    rows["F32"]["care"].append(span(other.replace("of the day", "of each day")))
    found = consistency.check_duplicates(rewritten(some, tmp_path, list(rows.values())))
    assert found.passed
    assert [set(f.reasons) for f in found.failed] == [{"alike F32 F41.1 care"}]


def test_a_pair_in_one_chapter_that_is_named_from_one_side_is_warned_of(copy_with):
    def forget(row):
        row["differentials"] = [d for d in row["differentials"] if d["code"] != "F34.1"]

    found = consistency.check_differentials(copy_with("F32", forget))
    assert found.passed
    assert "one_way F34.1 F32" in {name for finding in found.failed for name in finding.reasons}


def test_a_field_that_a_disorder_lacks_is_named_with_its_code(copy_with):
    found = check_dsm5_completeness(copy_with("F90", lambda row: row.update(care=[])))
    assert found.passed
    assert {"F90 lacks care"} == {name for finding in found.failed for name in finding.reasons}


def test_the_matrix_counts_every_field_of_every_class(shipped_disorders):
    rows = pl.read_parquet(shipped_disorders.folder / TABLE).to_dicts()
    table = completeness(rows)
    assert table.columns == ["code", *FIELDS]
    assert table.height == 100
    assert gaps(table) == []
    assert ("F32", "care") in gaps(completeness([row | {"care": []} if row["code"] == "F32" else row for row in rows]))
    assert len(gaps(completeness([]))) == 100 * (len(FIELDS) - 1)


@pytest.fixture
def copy_with(some, tmp_path):
    """A function that copies some shipped disorders with one of them changed."""

    def changed(code, change):
        rows = pl.read_parquet(some / TABLE).to_dicts()
        change(next(row for row in rows if row["code"] == code))
        return rewritten(some, tmp_path, rows)

    return changed


@pytest.fixture(scope="module")
def some(shipped_disorders, tmp_path_factory):
    """An artifact with a few of the shipped disorders, against which every check holds."""
    rows = pl.read_parquet(shipped_disorders.folder / TABLE).filter(pl.col("code").is_in(SOME)).to_dicts()
    symptoms = pl.read_parquet(shipped_disorders.folder / SYMPTOMS).filter(pl.col("code").is_in(SOME))
    folder = rewritten(shipped_disorders.folder, tmp_path_factory.mktemp("some"), rows, symptoms)
    assert all(check(folder).passed for check in CHECKS)
    return folder


def rewritten(folder, tmp_path, rows, symptoms=None):
    copy = tmp_path / "changed"
    shutil.copytree(folder, copy)
    if symptoms is not None:
        write_table(copy / SYMPTOMS, symptoms)
    write_table(copy / TABLE, pl.DataFrame(rows, schema=pl.read_parquet_schema(copy / TABLE)))
    manifest = read_manifest(copy)
    finish(copy, kind=manifest.kind, version=manifest.version, inputs=manifest.inputs, summary=manifest.summary)
    return copy
