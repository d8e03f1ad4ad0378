"""Rows of Parquet and Arrow files, in batches that cannot outgrow memory whatever the file claims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pixel_core.corpus.source_rows import BOMB_BYTES, BOMB_RATIO, LOST, Row, Unreadable, row_of

_BATCH_ROWS = 1024
_BATCH_BYTES = 128 << 20
_BOMB_ROWS = 1 << 17  # fewer rows harm nobody, however small their file
_BOMB_ROWS_A_BYTE = 10  # more rows than this per byte of file hold nothing
_FAULTS = (pa.ArrowException, OSError, ValueError, OverflowError, UnicodeDecodeError, MemoryError)


def parquet_rows(path: Path) -> Iterator[Row | Unreadable]:
    """The rows of a Parquet file; one that breaks off or expands beyond all text ends with a reason of `LOST`."""
    number = 0
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as table:
            meta = table.metadata
            if _empty_rows(path, meta.num_rows):
                yield _lost(path, 1, "decompression_bomb", f"{meta.num_rows} rows in {path.stat().st_size} bytes hold nothing")
                return
            for group in range(meta.num_row_groups):
                if bomb := _bomb(meta.row_group(group)):
                    yield _lost(path, number + 1, "decompression_bomb", bomb)
                    return
                size = _batch_rows(meta.row_group(group))
                for batch in table.iter_batches(size, row_groups=[group], use_threads=False):
                    for row in _batch_of(path, batch, number):
                        number += 1
                        yield row
    except _FAULTS as error:
        yield _broken(path, number, error)


def arrow_rows(path: Path) -> Iterator[Row | Unreadable]:
    """The rows of an Arrow file, of the stream format (as `datasets` writes it) or the file format."""
    number = 0
    try:
        with path.open("rb") as handle:
            magic = handle.read(6)
            handle.seek(0)
            reader = pa.ipc.open_file(handle) if magic == b"ARROW1" else pa.ipc.open_stream(handle)
            for batch in _batches(reader):
                batch.validate(full=True)  # the buffers are taken as they are: without this a damaged offset reads foreign memory
                if _empty_rows(path, batch.num_rows):
                    yield _lost(
                        path, number + 1, "decompression_bomb", f"{batch.num_rows} rows in {path.stat().st_size} bytes hold nothing"
                    )
                    return
                size = _slice_rows(batch)
                for offset in range(0, batch.num_rows, size):
                    for row in _batch_of(path, batch.slice(offset, size), number):
                        number += 1
                        yield row
    except _FAULTS as error:
        yield _broken(path, number, error)


def _batches(reader: Any) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        return (reader.get_batch(index) for index in range(reader.num_record_batches))
    return iter(reader)


def _batch_of(path: Path, batch: pa.RecordBatch, before: int) -> Iterator[Row | Unreadable]:
    """The rows of a batch; where one holds text that is not UTF-8 or a value that Python lacks, the others are read all the same."""
    try:
        values = batch.to_pylist()
    except _FAULTS:
        for offset in range(batch.num_rows):
            yield _single(path, batch.slice(offset, 1), before + offset + 1)
        return
    for number, value in enumerate(values, before + 1):
        yield row_of(path.name, number, value)


def _single(path: Path, row: pa.RecordBatch, number: int) -> Row | Unreadable:
    try:
        [value] = row.to_pylist()
    except UnicodeDecodeError:
        return Unreadable(path.name, number, "bad_encoding", "the row holds text that is not UTF-8")
    except _FAULTS as error:
        return Unreadable(path.name, number, "bad_value", f"the row holds a value that cannot be read ({type(error).__name__})")
    return row_of(path.name, number, value)


def _bomb(group: pq.RowGroupMetaData) -> str | None:
    stored = sum(group.column(i).total_compressed_size for i in range(group.num_columns))
    if group.total_byte_size > max(BOMB_BYTES, BOMB_RATIO * stored):
        return f"a row group of {stored} bytes expands to {group.total_byte_size}, more than {BOMB_RATIO} times"
    return None


def _batch_rows(group: pq.RowGroupMetaData) -> int:
    """Rows that together cannot take more than a batch may, also where each repeats the longest text of a dictionary."""
    rows = _BATCH_ROWS
    for column in (group.column(i) for i in range(group.num_columns)):
        if column.dictionary_page_offset is not None and column.data_page_offset > column.dictionary_page_offset:
            ratio = max(1.0, column.total_uncompressed_size / max(1, column.total_compressed_size))
            stored = column.data_page_offset - column.dictionary_page_offset
            longest = min(column.total_uncompressed_size, int(stored * ratio * 2))
            rows = min(rows, max(1, _BATCH_BYTES // max(1, longest)))
    each = group.total_byte_size // max(1, group.num_rows)
    return min(rows, max(1, _BATCH_BYTES // max(1, each)))


def _empty_rows(path: Path, rows: int) -> bool:
    return rows > max(_BOMB_ROWS, _BOMB_ROWS_A_BYTE * path.stat().st_size)


def _slice_rows(batch: pa.RecordBatch) -> int:
    """Rows that together cannot take more than a batch may, also where each repeats a text of a dictionary."""
    longest = max((column.dictionary.nbytes for column in batch.columns if isinstance(column, pa.DictionaryArray)), default=0)
    return min(_BATCH_ROWS, max(1, _BATCH_BYTES // max(1, longest)))


def _broken(path: Path, number: int, error: BaseException) -> Unreadable:
    reason = "broken_off" if number else "unreadable_file"
    return _lost(path, number + 1, reason, f"{type(error).__name__}: the rest of the file is not read; fetch or write it again")


def _lost(path: Path, number: int, reason: str, detail: str) -> Unreadable:
    assert reason in LOST  # noqa: S101 - the check of a source counts these
    return Unreadable(path.name, number, reason, detail)
