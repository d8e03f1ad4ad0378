"""Artifact folders: written beside, verified, swapped in whole, with the manifest last.

An artifact is a folder of files and a `manifest.json` that names its inputs by digest and its files
by SHA-256. A folder without a valid manifest is not an artifact. No clock stands in a manifest, so
the same inputs and code give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

MANIFEST = "manifest.json"
SEAL = "seal"  # SHA-256 of the rest of a manifest, which lists every file but itself
Figure = int | float | str | bool | None


class ArtifactError(ValueError):
    """An artifact is missing, incomplete or altered; the message names the folder and the remedy."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of an artifact: its SHA-256 and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a builder says of what it wrote: rows kept, rows rejected by reason, named figures."""

    rows: int | None = None
    rejects: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record of a finished artifact, stored as `manifest.json` in its folder."""

    kind: str
    version: str
    inputs: Mapping[str, str]
    files: Mapping[str, FileRecord]
    summary: Summary

    @property
    def digest(self) -> str:
        """SHA-256 of kind and file contents: what a later stage names as its input."""
        return digest_of({"kind": self.kind, "files": {n: f.sha256 for n, f in self.files.items()}})

    def to_json(self) -> str:
        """The canonical text of the manifest: sorted keys, a seal over all the rest, final newline."""
        value = asdict(self)
        return json.dumps({**value, SEAL: digest_of(value)}, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build: the folder, its manifest, whether valid work was reused, wall seconds."""

    folder: Path
    manifest: Manifest
    skipped: bool
    seconds: float

    @property
    def summary(self) -> Summary:
        """The builder's own summary of the artifact."""
        return self.manifest.summary


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of a JSON-able value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()  # which file names need that are not UTF-8


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def tree_digest(path: Path) -> str:
    """SHA-256 (hex) over names and contents of a file or of all files below a folder.

    Raises ArtifactError when the path does not exist.
    """
    if path.is_file():
        return digest_of({path.name: file_digest(path)})
    if not path.is_dir():
        raise ArtifactError(f"input {path} does not exist: check the path or build the stage that writes it")
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return digest_of({str(p.relative_to(path)): file_digest(p) for p in files})


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Write a Parquet file whose bytes depend on the frame alone (zstd, one row group per 64 Ki rows)."""
    frame.write_parquet(path, compression="zstd", row_group_size=65536)


def write_json(path: Path, value: Any) -> None:
    """Write canonical JSON: sorted keys, one space of indent, no NaN, final newline."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact folder, without hashing its files; raises ArtifactError."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no {MANIFEST}: it was never finished; materialise it first")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw.pop(SEAL) != digest_of(raw):
            raise ArtifactError(f"{path} was altered: its seal does not fit; delete {folder} and build it again")
        return Manifest(
            kind=raw["kind"],
            version=raw["version"],
            inputs=dict(raw["inputs"]),
            files={name: FileRecord(**record) for name, record in raw["files"].items()},
            summary=Summary(**raw["summary"]),
        )
    except ArtifactError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is not a manifest ({error}); delete {folder} and build it again") from error


def verify(folder: Path) -> Manifest:
    """The manifest, after every listed file was found with its SHA-256; raises ArtifactError."""
    manifest = read_manifest(folder)
    for name, record in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{folder} lacks {name}, which its manifest lists; build it again with force")
        if path.stat().st_size != record.bytes or file_digest(path) != record.sha256:
            raise ArtifactError(f"{path} differs from its manifest (SHA-256); build it again with force")
    return manifest


def input_digest(folder: Path) -> str:
    """The digest a consumer records for an upstream artifact; raises ArtifactError when it is not valid."""
    return verify(folder).digest


def is_valid(folder: Path) -> bool:
    """Whether the folder is a finished artifact whose files match its manifest."""
    try:
        verify(folder)
    except ArtifactError:
        return False
    return True


def build(
    folder: Path,
    *,
    kind: str,
    version: str,
    inputs: Mapping[str, str],
    write: Callable[[Path], Summary],
    force: bool = False,
) -> Built:
    """Build an artifact folder whole or not at all, or reuse the valid one that is there.

    `write` receives an empty staging folder beside `folder` and returns a Summary. The work is
    skipped when a valid manifest names the same kind, version and input digests. An interrupt at
    any point leaves the earlier artifact, or nothing, and never a half-written folder.
    """
    began = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        _recover(folder)
        if not force and (current := _current(folder, kind, version, inputs)):
            return Built(folder, current, True, time.monotonic() - began)
        staging = _beside(folder, "staging")
        staging.mkdir()
        summary = write(staging)
        manifest = finish(staging, kind=kind, version=version, inputs=inputs, summary=summary)
        _swap(staging, folder)
    return Built(folder, manifest, False, time.monotonic() - began)


def finish(folder: Path, *, kind: str, version: str, inputs: Mapping[str, str], summary: Summary) -> Manifest:
    """Hash and sync every file of a folder and write its manifest last; returns the manifest."""
    files: dict[str, FileRecord] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST):
        _sync(path)
        files[path.relative_to(folder).as_posix()] = FileRecord(file_digest(path), path.stat().st_size)
    manifest = Manifest(kind, version, dict(inputs), files, summary)
    temporary = folder / f".{MANIFEST}.part"
    temporary.write_text(manifest.to_json(), encoding="utf-8")
    _sync(temporary)
    temporary.rename(folder / MANIFEST)
    _sync(folder)
    return manifest


def _current(folder: Path, kind: str, version: str, inputs: Mapping[str, str]) -> Manifest | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        manifest = verify(folder)
    except ArtifactError:
        return None
    same = manifest.kind == kind and manifest.version == version and dict(manifest.inputs) == dict(inputs)
    return manifest if same else None


def _beside(folder: Path, role: str) -> Path:
    return folder.parent / f".{folder.name}.{role}"


def _recover(folder: Path) -> None:
    """Clear what an interrupted build left: drop its staging, put the earlier artifact back."""
    shutil.rmtree(_beside(folder, "staging"), ignore_errors=True)
    previous = _beside(folder, "previous")
    if previous.exists():
        if folder.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(folder)


def _swap(staging: Path, folder: Path) -> None:
    previous = _beside(folder, "previous")
    if folder.exists():
        folder.rename(previous)
    staging.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(previous, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
