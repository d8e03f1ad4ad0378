"""Outputs of emotion recognisers, in files made in their shapes."""

import csv
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.__main__ import main
from pixel_core.artifacts import finish, read_manifest, write_table
from pixel_core.conversation import read_conversations
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.mertools import EMOTIONS, MER_SCHEMA, TABLE, agreement, check_modalities, import_mertools
from pixel_core.corpus.population import CorpusError
from pixel_core.corpus.sources import import_source
from pixel_core.model.batch import head_targets_of
from pixel_core.recipe import load_recipe

SURE, UNSURE = [0.05, 0.05, 0.7, 0.1, 0.05, 0.05], [0.1, 0.3, 0.3, 0.1, 0.1, 0.1]


def outputs(folder):
    """Three utterances: one with all modalities, one that was only read, one that nobody scored."""
    for name in ("features/audio", "features/video", "probabilities"):
        (folder / name).mkdir(parents=True)
    with (folder / "transcripts.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([("name", "text"), ("u1", "What a day, at last."), ("u2", "I do not know."), ("u3", "Well.")])
    np.save(folder / "features/audio/u1.npy", np.arange(8, dtype=np.float32))
    np.save(folder / "features/video/u1.npy", np.array([[1.0, 3.0], [3.0, 5.0]]))  # two frames
    for modality, names, rows in (("text", ["u1", "u2"], [SURE, UNSURE]), ("audio", ["u1"], [UNSURE])):
        np.savez(folder / f"probabilities/{modality}.npz", names=np.array(names), probabilities=np.array(rows))
    np.savez(folder / "open_vocabulary.npz", names=np.array(["u1"]), labels=np.array(["Relieved; happy, "]))
    return folder


def claiming(size):
    """The bytes of an array that says it is far larger than it is."""
    held = io.BytesIO()
    np.lib.format.write_array_header_1_0(held, {"descr": "<f4", "fortran_order": False, "shape": (size,)})
    return held.getvalue() + bytes(64)


def damage(path):
    """Turn round the compressed bytes of an archive's first member, so that its sum is wrong."""
    np.savez_compressed(path, names=np.array(["u1"] * 1), probabilities=np.array([SURE]))
    data = bytearray(path.read_bytes())
    data[45:60] = bytes(255 - value for value in data[45:60])
    path.write_bytes(bytes(data))


@pytest.fixture
def mertools(tmp_path):
    return outputs(tmp_path / "mertools")


def imported(folder, tmp_path):
    built = import_mertools(folder, tmp_path / "out")
    return pl.read_parquet(built.folder / TABLE), built


def test_what_was_heard_seen_and_read_becomes_one_table_with_masks(mertools, tmp_path):
    table, built = imported(mertools, tmp_path)
    assert dict(table.schema) == dict(MER_SCHEMA)
    one, two, three = table.iter_rows(named=True)
    assert [row["text_present"] for row in (one, two, three)] == [True, True, False]
    assert (one["audio_present"], one["video_present"], two["audio_present"]) == (True, True, False)
    assert one["audio_features"] == list(range(8)) and one["video_features"] == [2.0, 4.0], "the mean of the frames"
    assert one["text_features"] is None and one["video_probabilities"] is None
    assert [one[f"mer_{emotion}"] for emotion in EMOTIONS] == pytest.approx(np.mean([SURE, UNSURE], axis=0))
    assert [two[f"mer_{emotion}"] for emotion in EMOTIONS] == pytest.approx(UNSURE)
    assert {three[f"mer_{emotion}"] for emotion in EMOTIONS} == {None}
    assert one["open_vocabulary"] == ["relieved", "happy"] and two["open_vocabulary"] is None
    assert 0 < one["agreement"] < 1 and two["agreement"] is None
    assert built.manifest.summary.figures == {"read": 3, "with_text": 2, "with_audio": 1, "with_video": 1}
    assert check_modalities(built.folder).passed


def test_the_same_folder_gives_the_same_bytes(mertools, tmp_path):
    first = import_mertools(mertools, tmp_path / "a").manifest.digest
    assert import_mertools(mertools, tmp_path / "b").manifest.digest == first
    assert import_mertools(mertools, tmp_path / "a").skipped


def test_it_teaches_the_head_as_any_source_does(mertools, tmp_path):
    """The six probabilities are the soft target of the class head `mer`; who said so stands with them."""
    _, built = imported(mertools, tmp_path)
    entry = SourceEntry(
        name="heard",
        category="supervision",
        shape="labelled_post",
        files=[str(built.folder / TABLE)],
        fields={"post": "text"},
        labels="mertools",
        label_source="model:recogniser",
        uri="https://example.org/recogniser",
        licence="CC0-1.0",
        consent="synthetic",
        parts={"user": "client", "assistant": "assistant"},
        learner="nobody",
    )
    import_source(entry, tmp_path / "source", data_root=tmp_path, recipe=load_recipe(overrides=["corpus.min_characters=1"]).corpus)
    found = {c.turns[0].content: c for c in read_conversations(tmp_path / "source" / "conversations.parquet")}
    labels = {label.output: label for label in found["I do not know."].turns[0].labels}
    assert {label.source for label in labels.values()} == {"model:recogniser"}
    assert head_targets_of(found["I do not know."].turns, 0)["mer"] == pytest.approx(UNSURE)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda f: np.save(f / "features/audio/u1.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True), "features_unreadable"),
        (lambda f: (f / "features/audio/u1.npy").write_bytes(b"\x93NUMPY\x01"), "features_unreadable"),
        (lambda f: np.save(f / "features/audio/u1.npy", np.array([1.0, np.nan])), "features_not_finite"),
        (lambda f: np.save(f / "features/audio/u1.npy", np.zeros((2, 2, 2))), "features_form"),
        (lambda f: np.save(f / "features/audio/u1.npy", np.array(["a"])), "features_form"),
        (lambda f: np.savez((f / "features/audio/u1.npy").open("wb"), a=np.zeros(2)), "features_form"),
        (lambda f: np.save(f / "features/audio/u1.npy", np.zeros((0, 4))), "features_form"),
        (lambda f: np.save(f / "features/audio/u1.npy", np.float32(1.0)), "features_form"),
        (lambda f: (f / "features/audio/u1.npy").write_bytes(claiming(2**45)), "features_unreadable"),
        (lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["u1"]), probabilities=np.array([[0.9] * 6])), "no_distribution"),
        (lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["x"]), probabilities=np.array([SURE])), "no_transcript"),
        (lambda f: (f / "transcripts.csv").open("a").write("u1,again\n"), "name_twice"),
        (lambda f: (f / "transcripts.csv").open("a").write("u9,\n"), "no_text"),
    ],
)
def test_an_utterance_that_cannot_be_used_is_kept_apart_and_counted(mertools, tmp_path, break_it, reason):
    break_it(mertools)
    table, built = imported(mertools, tmp_path)
    summary = built.manifest.summary
    assert summary.rejects == {reason: 1}
    assert summary.figures["read"] == table.height + 1
    assert read_manifest(built.folder).summary.rejects == {reason: 1}


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "transcripts.csv").unlink(), "holds no transcripts.csv"),
        (lambda f: (f / "transcripts.csv").write_text("id,words\n1,a\n"), "has no column name"),
        (
            lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["u1"], dtype=object), probabilities=np.array([SURE])),
            "without Python objects",
        ),
        (lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["u1"]), scores=np.array([SURE])), "Wanted arrays names and prob"),
        (
            lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["u1"]), probabilities=np.array([[0.5, 0.5]])),
            r"wanted \(1, 6\)",
        ),
        (lambda f: np.savez(f / "probabilities/text.npz", names=np.array(["u1"] * 2), probabilities=np.array([SURE] * 2)), "twice"),
        (lambda f: (f / "probabilities/text.npz").write_bytes(b"PK"), "text.npz"),
        (lambda f: np.savez(f / "probabilities/text.npz", names=np.array("u1"), probabilities=np.array([SURE])), r"names <U2 \[\]"),
        (lambda f: np.savez(f / "open_vocabulary.npz", names=np.array([["u1"]]), labels=np.array([["calm"]])), r"names <U2 \[1, 1\]"),
        (lambda f: damage(f / "probabilities/text.npz"), "text.npz"),
        (lambda f: (f / "transcripts.csv").write_bytes("name,text\nu1,Grüß Gott\n".encode("latin-1")), "transcripts.csv.*in UTF-8"),
        (lambda f: (f / "transcripts.csv").write_text('name,text\nu1,"never closed\nu2,and so on\n'), "unexpected end of data"),
    ],
)
def test_an_archive_of_another_form_is_an_error_that_names_it(mertools, tmp_path, break_it, message):
    break_it(mertools)
    with pytest.raises(CorpusError, match=message):
        imported(mertools, tmp_path)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_modalities_that_say_different_things_are_pointed_out(mertools, tmp_path):
    opposite = np.array([[0.0, 1, 0, 0, 0, 0]])
    np.savez(mertools / "probabilities/text.npz", names=np.array(["u1"]), probabilities=np.array([[0.0, 0, 1, 0, 0, 0]]))
    np.savez(mertools / "probabilities/audio.npz", names=np.array(["u1"]), probabilities=opposite)
    _, built = imported(mertools, tmp_path)
    finding = next(item for item in check_modalities(built.folder).items if item.name == "agreement_of_modalities")
    assert not finding.passed and float(finding.observed) == pytest.approx(0)


def test_the_command_makes_the_table_and_tells_how_far_modalities_agree(mertools, tmp_path, capsys):
    given = ["mertools", str(mertools), "--out", str(tmp_path / "out")]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "utterances 3" in said and "with_audio 1" in said and "agreement_of_modalities: ok" in said and said.endswith(f"{TABLE}\n")
    opposite = np.array([[0.0, 1, 0, 0, 0, 0]])
    np.savez(mertools / "probabilities/text.npz", names=np.array(["u1"]), probabilities=np.array([[0.0, 0, 1, 0, 0, 0]]))
    np.savez(mertools / "probabilities/audio.npz", names=np.array(["u1"]), probabilities=opposite)
    assert main(given) == 0, "what disagrees is a warning"
    assert "agreement_of_modalities: warning; observed 0" in capsys.readouterr().out
    (mertools / "transcripts.csv").unlink()
    assert main(given) == 1
    assert "holds no transcripts.csv" in capsys.readouterr().err


def test_a_mask_that_lies_fails(mertools, tmp_path):
    table, built = imported(mertools, tmp_path)
    (tmp_path / "lie").mkdir()
    write_table(tmp_path / "lie" / TABLE, table.with_columns(audio_present=pl.lit(True)))
    finish(tmp_path / "lie", kind="mertools", version="1", inputs={}, summary=built.manifest.summary)
    assert not check_modalities(tmp_path / "lie").passed


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=6, max_size=6), min_size=2, max_size=3))
def test_agreement_is_one_for_the_same_and_never_leaves_its_range(rows):
    distributions = [[value / sum(row) for value in row] for row in rows]
    assert -1e-9 <= agreement(distributions) <= 1 + 1e-9
    assert agreement([distributions[0]] * 3) == pytest.approx(1)
