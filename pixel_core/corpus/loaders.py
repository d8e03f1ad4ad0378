"""Loading: the rows of JSON, JSON Lines, CSV, TSV and Parquet files, one at a time.

A line that cannot be read becomes an `Unreadable` with a reason, and the next line goes on.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

_SPACE = re.compile(r"[\s,]*")
_SLICE = 8192  # Parquet rows held as Python objects at a time


class LoadError(ValueError):
    """A file is missing or cannot be read at all; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in its file, rows counted from 1."""

    file: str
    number: int
    value: Mapping[str, Any]

    @property
    def position(self) -> str:
        """Where the row stands, as in `support.jsonl row 12`."""
        return f"{self.file} row {self.number}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no row: where it stood, a reason code, what was wrong, and its text as far as known."""

    file: str
    number: int
    reason: str
    detail: str
    content: str = ""

    @property
    def position(self) -> str:
        """Where the line stands, as in `support.jsonl row 12`."""
        return f"{self.file} row {self.number}"


def read_rows(path: Path, columns: Sequence[str] = ()) -> Iterator[Row | Unreadable]:
    """The rows of a file by its suffix, numbered from 1; `columns` names those of a table without header.

    Raises LoadError when the file is missing, of an unknown suffix, or not a Parquet file despite its name.
    """
    readers = {".jsonl": _json_lines, ".json": _json_array, ".parquet": _parquet}
    if not path.is_file():
        raise LoadError(f"{path} does not exist: put the file there, correct `files` in sources.yaml, or mark the source `optional: true`")
    if path.suffix in (".csv", ".tsv"):
        return _table(path, columns)
    if path.suffix not in readers:
        raise LoadError(f"{path} has the suffix {path.suffix!r}: sources are .jsonl, .json, .csv, .tsv or .parquet files")
    return readers[path.suffix](path)


def _json_lines(path: Path) -> Iterator[Row | Unreadable]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _json_row(path.name, number, line)


def _json_row(file: str, number: int, line: bytes) -> Row | Unreadable:
    text = line.decode("utf-8-sig", errors="backslashreplace").strip()
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Unreadable(file, number, "bad_encoding", "the line is not UTF-8", text)
    except (ValueError, RecursionError) as error:
        return Unreadable(file, number, "malformed_json", _without_text(error), text)
    return _row(file, number, value)


def _json_array(path: Path) -> Iterator[Row | Unreadable]:
    """The objects of one JSON list; what follows a break in the list is lost and counts as one unreadable row."""
    text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    start = len(text) - len(text.lstrip())
    if not text[start:].startswith("["):
        raise LoadError(f"{path} does not hold a JSON list of rows: wrap the rows in [ ], or name the file .jsonl when it has one a line")
    decoder, position, number = json.JSONDecoder(), start + 1, 0
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
        if text.startswith("]", position):
            return
        number += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            detail = f"{_without_text(error)}; the rest of the file, {len(text) - position} characters, is not read"
            yield Unreadable(path.name, number, "malformed_json", detail)
            return
        yield _row(path.name, number, value)


def _table(path: Path, columns: Sequence[str]) -> Iterator[Row | Unreadable]:
    tabs = path.suffix == ".tsv"
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        reader = csv.reader(lines, delimiter="\t" if tabs else ",", quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL)
        names, number = list(columns), 0
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield Unreadable(path.name, number, "malformed_line", str(error))
                continue
            if not names:
                names = fields
            elif fields:
                number += 1
                yield _table_row(path.name, number, names, fields)


def _table_row(file: str, number: int, names: Sequence[str], fields: Sequence[str]) -> Row | Unreadable:
    if len(fields) != len(names):
        detail = f"the row has {len(fields)} fields, the table {len(names)} columns"
        return Unreadable(file, number, "wrong_columns", detail, json.dumps(fields))
    return _row(file, number, dict(zip(names, fields, strict=True)))


def _parquet(path: Path) -> Iterator[Row | Unreadable]:
    try:
        frame = pl.scan_parquet(path)
        height = frame.select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LoadError(f"{path} is not a Parquet file that can be read: fetch or write it again") from error
    for offset in range(0, height, _SLICE):
        for number, value in enumerate(frame.slice(offset, _SLICE).collect().iter_rows(named=True), offset + 1):
            yield _row(path.name, number, value)


def _row(file: str, number: int, value: Any) -> Row | Unreadable:
    if not isinstance(value, dict):
        return Unreadable(file, number, "not_an_object", f"the row is {type(value).__name__}, not an object", json.dumps(value))
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return Unreadable(
            file, number, "bad_encoding", "the row holds bytes or escapes that are not UTF-8", json.dumps(value, default=repr)
        )
    except (ValueError, RecursionError) as error:
        return Unreadable(file, number, "too_deep", _without_text(error))
    return Row(file, number, value)


def _without_text(error: Exception) -> str:
    """What was wrong, without the row's text, which some messages quote."""
    return f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
