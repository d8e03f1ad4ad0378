import os
import signal
import subprocess
import sys
import textwrap
import time

import polars as pl
import pytest

from pixel_core.artifacts import (
    ArtifactError,
    Summary,
    build,
    digest_of,
    input_digest,
    is_valid,
    read_manifest,
    tree_digest,
    verify,
    write_json,
    write_table,
)


def make(folder, text="hello", *, inputs=None, version="1", force=False, calls=None):
    def write(stage):
        if calls is not None:
            calls.append(text)
        (stage / "deep").mkdir()
        (stage / "deep" / "a.txt").write_text(text)
        return Summary(rows=1, rejects={"too_short": 2}, figures={"share": 0.5})

    return build(folder, kind="thing", version=version, inputs=inputs or {"source": "abc"}, write=write, force=force)


def test_a_build_leaves_files_a_manifest_and_nothing_beside(tmp_path):
    built = make(tmp_path / "thing")
    assert not built.skipped
    assert verify(tmp_path / "thing").summary == Summary(1, {"too_short": 2}, {"share": 0.5})
    assert set(read_manifest(tmp_path / "thing").files) == {"deep/a.txt"}
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["thing"]


def test_valid_work_is_skipped_and_force_repeats_it(tmp_path):
    calls = []
    make(tmp_path / "thing", calls=calls)
    assert make(tmp_path / "thing", calls=calls).skipped
    assert not make(tmp_path / "thing", calls=calls, force=True).skipped
    assert len(calls) == 2


@pytest.mark.parametrize("change", [{"inputs": {"source": "xyz"}}, {"version": "2"}])
def test_other_inputs_or_another_version_build_again(tmp_path, change):
    make(tmp_path / "thing")
    assert not make(tmp_path / "thing", **change).skipped


def test_the_same_work_twice_gives_the_same_bytes(tmp_path):
    first, second = make(tmp_path / "one"), make(tmp_path / "two")
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()
    assert first.manifest.digest == second.manifest.digest


def test_an_altered_file_is_named_and_built_again(tmp_path):
    make(tmp_path / "thing")
    (tmp_path / "thing/deep/a.txt").write_text("jello")
    with pytest.raises(ArtifactError, match=r"a\.txt differs from its manifest"):
        input_digest(tmp_path / "thing")
    assert not make(tmp_path / "thing").skipped
    assert is_valid(tmp_path / "thing")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "thing"}'])
def test_a_damaged_manifest_is_an_error_with_a_remedy(tmp_path, text):
    make(tmp_path / "thing")
    (tmp_path / "thing/manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match="build it again"):
        verify(tmp_path / "thing")


def test_a_failure_while_writing_keeps_the_earlier_artifact(tmp_path):
    make(tmp_path / "thing", "old")

    def fails(stage):
        (stage / "half.txt").write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        build(tmp_path / "thing", kind="thing", version="2", inputs={}, write=fails)
    assert (tmp_path / "thing/deep/a.txt").read_text() == "old"
    assert is_valid(tmp_path / "thing")
    assert not make(tmp_path / "thing", "new", version="3").skipped
    assert (tmp_path / "thing/deep/a.txt").read_text() == "new"


def test_a_crash_between_the_two_renames_restores_the_earlier_artifact(tmp_path):
    make(tmp_path / "thing", "old")
    (tmp_path / "thing").rename(tmp_path / ".thing.previous")  # the state after the first rename of the swap
    assert make(tmp_path / "thing", "old").skipped
    assert not (tmp_path / ".thing.previous").exists()


def test_a_killed_process_leaves_no_artifact_and_the_next_run_recovers(tmp_path):
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from pixel_core.artifacts import Summary, build
        def write(stage):
            (stage / "half.txt").write_text("half")
            print("writing", flush=True)
            time.sleep(60)
            return Summary()
        build(Path(sys.argv[1]), kind="thing", version="1", inputs={}, write=write)
        """
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "thing")], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline().strip() == "writing"
    os.kill(child.pid, signal.SIGKILL)
    child.wait(timeout=10)
    assert not is_valid(tmp_path / "thing")
    began = time.monotonic()
    assert not make(tmp_path / "thing").skipped
    assert time.monotonic() - began < 5, "the dead process's lock must not be waited for"


def test_tree_digest_sees_names_and_contents_only(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.txt").write_text("1")
    before = tree_digest(tmp_path / "a")
    os.utime(tmp_path / "a/x.txt", (1, 1))
    assert tree_digest(tmp_path / "a") == before
    (tmp_path / "a/x.txt").write_text("2")
    assert tree_digest(tmp_path / "a") != before
    with pytest.raises(ArtifactError, match="does not exist"):
        tree_digest(tmp_path / "missing")


def test_tables_and_json_are_canonical(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    write_table(tmp_path / "1.parquet", frame)
    write_table(tmp_path / "2.parquet", frame.clone())
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    write_json(tmp_path / "x.json", {"b": 1, "a": "é"})
    assert (tmp_path / "x.json").read_text() == '{\n "a": "é",\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "y.json", {"a": float("nan")})
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})


def test_a_manifest_is_sealed(tmp_path):
    """Any byte of a manifest that changes is noticed, figures and inputs included."""
    from pixel_core.artifacts import MANIFEST

    folder = tmp_path / "thing"
    build(folder, kind="thing", version="1", inputs={"source": "a" * 64}, write=lambda f: Summary(rows=3, figures={"ranks": 2}))
    text = (folder / MANIFEST).read_text()
    for old, new in (("ranks", "ranjs"), ('"rows": 3', '"rows": 2'), ("a" * 64, "a" * 63 + "b"), ('"version": "1"', '"version": "2"')):
        assert old in text
        (folder / MANIFEST).write_text(text.replace(old, new))
        with pytest.raises(ArtifactError, match="seal"):
            verify(folder)
    (folder / MANIFEST).write_text(text)
    verify(folder)
