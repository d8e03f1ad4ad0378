"""Loading: the rows of JSON, JSON Lines, CSV, TSV, Parquet and Arrow files, the first four also as .gz, one at a time.

A line that cannot be read becomes an `Unreadable` with a reason, and the next line goes on. What cannot be read at all, or not
to its end, becomes one with a reason in `LOST`: how many rows were lost nobody knows, so a check reports it.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pixel_core.corpus.columnar import arrow_rows, parquet_rows
from pixel_core.corpus.source_rows import BOMB_BYTES, BOMB_RATIO, KEPT_CONTENT, MAX_DEPTH, MAX_ROW, Row, Unreadable, row_of

MAX_LIST = 1 << 30  # bytes of a .json file, which is read whole
_CHUNK = 1 << 16
_SHOWN = 60  # characters of a column's name: where the header line is missing, a long one is somebody's text
_SPACE = re.compile(r"[\s,]*")
_TEXT = re.compile(r"\S")
_CARRIAGE_RETURN = re.compile(r"(?<=\r)(?!\n|$)")  # ends a line by itself in old files
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class LoadError(ValueError):
    """A file is missing, of a kind that nobody reads, or names two columns alike; the message names it and the remedy."""


class Bomb(ValueError):
    """A compressed file expands beyond all text."""


def read_rows(path: Path, columns: Sequence[str] = ()) -> Iterator[Row | Unreadable]:
    """The rows of a file by its suffix, numbered from 1; `columns` names those of a table without header.

    Raises LoadError when the file is missing or of an unknown suffix, and on reading when two columns of a table have the same name.
    """
    if not path.is_file():
        raise LoadError(f"{path} does not exist: put the file there, correct `files` in sources.yaml, or mark the source `optional: true`")
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if path.suffix in (".parquet", ".arrow"):
        return (parquet_rows if path.suffix == ".parquet" else arrow_rows)(path)
    if kind in (".csv", ".tsv"):
        return _table(path, columns, tabs=kind == ".tsv")
    if kind not in (".jsonl", ".json"):
        raise LoadError(f"{path} has the suffix {path.suffix!r}: sources are .jsonl, .json, .csv, .tsv, .parquet or .arrow files")
    return _json_lines(path) if kind == ".jsonl" else _json_array(path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as handle:
        yield cast(BinaryIO, handle)


def _lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """(line, whether it is whole): of a line beyond the limit only the beginning. Raises Bomb, OSError, EOFError or zlib.error."""
    allowed = max(BOMB_BYTES, path.stat().st_size * BOMB_RATIO) if path.suffix == ".gz" else None
    done = 0
    with _opened(path) as handle:
        while line := handle.readline(MAX_ROW):
            done += len(line)
            whole = line.endswith(b"\n") or len(line) < MAX_ROW
            rest = line
            while not whole and rest and not rest.endswith(b"\n"):
                rest = handle.readline(_CHUNK)
                done += len(rest)
                _watch(done, allowed)
            _watch(done, allowed)
            yield line, whole


def _watch(done: int, allowed: int | None) -> None:
    if allowed is not None and done > allowed:
        raise Bomb(f"the file expands more than {BOMB_RATIO} times, beyond {done} bytes")


def _lost(path: Path, number: int, error: Exception) -> Unreadable:
    """What is said of a file whose rest cannot be read."""
    if isinstance(error, Bomb):
        return Unreadable(path.name, number, "decompression_bomb", str(error))
    reason = "broken_off" if number > 1 else "unreadable_file"
    return Unreadable(path.name, number, reason, f"{type(error).__name__}: the rest of the file is not read; fetch or write it again")


_BROKEN = (Bomb, OSError, EOFError, zlib.error)


def _json_lines(path: Path) -> Iterator[Row | Unreadable]:
    number = 0
    try:
        for line, whole in _lines(path):
            number += 1
            if not whole:
                yield _too_long(path.name, number, line)
            elif line.strip():
                yield _json_row(path.name, number, line)
    except _BROKEN as error:
        yield _lost(path, number + 1, error)


def _too_long(file: str, number: int, line: bytes) -> Unreadable:
    text = line[:KEPT_CONTENT].decode("utf-8", errors="backslashreplace")
    return Unreadable(file, number, "too_large", f"the line is longer than {MAX_ROW} bytes", text)


def _json_row(file: str, number: int, line: bytes) -> Row | Unreadable:
    text = line[:KEPT_CONTENT].decode("utf-8", errors="backslashreplace").strip()
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Unreadable(file, number, "bad_encoding", "the line is not UTF-8", text)
    except (ValueError, RecursionError) as error:
        return Unreadable(file, number, "malformed_json", _without_text(error), text)
    flat = line.count(b"[") + line.count(b"{") <= MAX_DEPTH
    return row_of(file, number, value, checked=flat and not _SURROGATE.search(line))


def _json_array(path: Path) -> Iterator[Row | Unreadable]:
    """The objects of one JSON list; what follows a break in the list, or its end, is lost."""
    try:
        text = _whole_text(path)
    except _BROKEN as error:
        yield _lost(path, 1, error)
        return
    start = len(text) - len(text.lstrip())
    if not text[start:].startswith("["):
        detail = "the file does not hold a JSON list of rows: wrap the rows in [ ], or name the file .jsonl when it has one a line"
        yield Unreadable(path.name, 1, "unreadable_file", detail)
        return
    decoder, position, number = json.JSONDecoder(), start + 1, 0
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]
        if text.startswith("]", position):
            if more := _TEXT.search(text, position + 1):
                detail = f"the list ends at character {position}, and {len(text) - more.start()} characters follow, which are not read:"
                detail += " put all rows into one list, or write them as JSON Lines"
                yield Unreadable(path.name, number + 1, "broken_off", detail)
            return
        number += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            detail = f"{_without_text(error)}; the rest of the file, {len(text) - position} characters, is not read"
            yield Unreadable(path.name, number, "broken_off", detail)
            return
        yield row_of(path.name, number, value)


def _whole_text(path: Path) -> str:
    allowed = max(BOMB_BYTES, path.stat().st_size * BOMB_RATIO) if path.suffix == ".gz" else None
    data = bytearray()
    with _opened(path) as handle:
        while chunk := handle.read(_CHUNK):
            data += chunk
            _watch(len(data), allowed)
            if len(data) > MAX_LIST:
                raise Bomb(f"the file has more than {MAX_LIST} bytes, and a JSON list is read whole: write it as JSON Lines")
    return data.decode("utf-8-sig", errors="surrogateescape")


def _table(path: Path, columns: Sequence[str], *, tabs: bool) -> Iterator[Row | Unreadable]:
    names, number = list(columns), 0
    _require_distinct(path, names)
    reader = csv.reader(_text_lines(path), delimiter="\t" if tabs else ",", quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Unreadable(path.name, number, "malformed_line", str(error))
            continue
        except _BROKEN as error:
            yield _lost(path, number + 1, error)
            return
        if not names:
            names = fields
            _require_distinct(path, names)
        elif fields:
            number += 1
            yield _table_row(path.name, number, names, fields)


def _require_distinct(path: Path, names: Sequence[str]) -> None:
    """Of two columns of one name a row could hold one. Columns without name are left alone: nothing can ask for one."""
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise LoadError(
            f"{path} has more than one column {', '.join(repr(name[:_SHOWN]) for name in twice)}: rename all but one in its header line,"
            " or correct `columns` in sources.yaml"
        )


def _text_lines(path: Path) -> Iterator[str]:
    """The lines of a table as text; of one beyond the limit the beginning, which the reader then finds too long for a field."""
    encoding = "utf-8-sig"
    for line, whole in _lines(path):
        text = line.decode(encoding, errors="surrogateescape")
        encoding = "utf-8"
        yield from _CARRIAGE_RETURN.split(text if whole else text + "\n")


def _table_row(file: str, number: int, names: Sequence[str], fields: Sequence[str]) -> Row | Unreadable:
    if len(fields) != len(names):
        detail = f"the row has {len(fields)} fields, the table {len(names)} columns"
        return Unreadable(file, number, "wrong_columns", detail, json.dumps(fields)[:KEPT_CONTENT])
    return row_of(file, number, dict(zip(names, fields, strict=True)))


def _without_text(error: Exception) -> str:
    """What was wrong, without the row's text, which some messages quote."""
    return f"{error.msg} at character {error.pos}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
