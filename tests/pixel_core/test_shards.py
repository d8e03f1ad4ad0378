import polars as pl
import pytest

from pixel_core.artifacts import ArtifactError
from pixel_core.conversation import to_frame
from pixel_core.shards import read_shards, read_split, shards, write_shards
from tests.pixel_core.corpus.worlds import conversation


@pytest.fixture
def frame():
    return pl.DataFrame({"n": range(10)})


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (10, ["train.parquet"]),
        (4, ["train-00000-of-00003.parquet", "train-00001-of-00003.parquet", "train-00002-of-00003.parquet"]),
    ],
)
def test_a_long_table_lies_in_several_files_that_read_as_one(tmp_path, frame, rows, names):
    assert [path.name for path in write_shards(tmp_path, "train", frame, rows=rows)] == names
    assert [path.name for path in shards(tmp_path, "train")] == names
    assert read_shards(tmp_path, "train").equals(frame)


def test_an_empty_table_has_a_file(tmp_path, frame):
    write_shards(tmp_path, "test", frame.clear())
    assert read_shards(tmp_path, "test").equals(frame.clear())


def test_only_the_columns_asked_for_are_read_and_rows_become_conversations(tmp_path):
    rows = sorted((conversation(i) for i in range(5)), key=lambda c: c.id)
    write_shards(tmp_path, "train", to_frame(rows), rows=2)
    assert read_shards(tmp_path, "train", ["id"]).columns == ["id"]
    assert read_split(tmp_path, "train") == rows


def test_tables_whose_names_begin_alike_stay_apart(tmp_path, frame):
    write_shards(tmp_path, "train", frame, rows=4)
    write_shards(tmp_path, "train-extra", frame[:2])
    assert read_shards(tmp_path, "train").height == 10
    assert read_shards(tmp_path, "train-extra").height == 2


@pytest.mark.parametrize("lost", ["train-00001-of-00003.parquet", "train-00002-of-00003.parquet"])
def test_a_missing_file_is_an_error(tmp_path, frame, lost):
    write_shards(tmp_path, "train", frame, rows=4)
    (tmp_path / lost).unlink()
    with pytest.raises(ArtifactError, match="materialise"):
        shards(tmp_path, "train")


def test_a_table_that_lies_there_twice_is_an_error(tmp_path, frame):
    write_shards(tmp_path, "train", frame, rows=4)
    write_shards(tmp_path, "train", frame)
    with pytest.raises(ArtifactError, match="exactly once"):
        shards(tmp_path, "train")
    with pytest.raises(ArtifactError):
        shards(tmp_path, "test")
