"""The playlist catalogue: what `playlists.yaml` may say of a playlist, and its loader."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pixel_core.artifacts import digest_of

SAMPLE_SCHEME = "pixel-sample://"
Kind = Literal["youtube", "feed", "folder", "sample"]
Setting = Literal["talk", "session"]
Text = Annotated[str, Field(min_length=1)]
_KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
_YOUTUBE = re.compile(r"https://(www\.|m\.|music\.)?(youtube\.com|youtu\.be)/")


class VoiceError(ValueError):
    """A playlist, a recording or a transcript cannot be used; the message names it and the remedy."""


class Playlist(BaseModel):
    """One entry of the catalogue. The fields are explained at the top of `playlists.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Text
    kind: Kind
    uri: Text
    title: Text
    speaker: Text
    setting: Setting
    licence: Text
    consent: Literal["synthetic", "written", "licence"]
    limit: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Playlist:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"key {self.key!r}: use small letters, digits and '-', since it names a partition and a folder")
        if self.kind == "youtube" and not _YOUTUBE.match(self.uri):
            raise ValueError(f"uri {self.uri!r} is not an address on https://www.youtube.com")
        if self.kind == "feed" and not self.uri.startswith(("https://", "http://")):
            raise ValueError(f"uri {self.uri!r} of a feed must begin with https:// or http://")
        if self.kind == "sample" and not _KEY.fullmatch(self.uri.removeprefix(SAMPLE_SCHEME)):
            raise ValueError(f"uri {self.uri!r} of a sample must be {SAMPLE_SCHEME}<folder>")
        return self

    @property
    def source_digest(self) -> str:
        """SHA-256 of what decides which recordings are fetched: a corrected title does not fetch them again."""
        return digest_of(self.model_dump(include={"key", "kind", "uri", "limit"}))

    @property
    def digest(self) -> str:
        """SHA-256 of the whole entry."""
        return digest_of(self.model_dump())

    def folder(self, data_root: Path) -> Path:
        """The folder of the recordings of a sample or folder playlist; `data_root` is where `playlists.yaml` lies.

        Raises VoiceError when it does not exist.
        """
        sample = self.kind == "sample"
        path = data_root / "sample" / "voice" / self.uri.removeprefix(SAMPLE_SCHEME) if sample else data_root / Path(self.uri).expanduser()
        if not path.is_dir():
            raise VoiceError(f"playlist {self.key}: the folder of {self.uri} does not exist; looked for {path}")
        return path


def load_playlists(path: Path) -> dict[str, Playlist]:
    """The playlists of a catalogue file by key, in file order; raises VoiceError naming entry, field and remedy."""
    if not path.is_file():
        raise VoiceError(f"playlist catalogue {path} does not exist")
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise VoiceError(f"playlist catalogue {path} is not YAML: {error}") from error
    if not isinstance(raw, dict) or not all(isinstance(entry, dict) for entry in raw.values()):
        raise VoiceError(f"playlist catalogue {path} must map each playlist's key to its fields")
    playlists = {}
    for key, entry in raw.items():
        if "key" in entry:
            raise VoiceError(f"{path}, playlist {key}: unknown field key: the entry's own name is its key")
        try:
            playlists[str(key)] = Playlist.model_validate({"key": key, **entry})
        except ValidationError as error:
            raise VoiceError(f"{path}, playlist {key}: {_explain(error)}") from error
    return playlists


def find_playlist(path: Path, key: str) -> Playlist:
    """The playlist of this key in a catalogue file; raises VoiceError naming the keys that are there."""
    playlists = load_playlists(path)
    if key not in playlists:
        raise VoiceError(f"playlist {key!r} is not in {path}: it holds {', '.join(playlists)}")
    return playlists[key]


def read_source(path: Path) -> dict[str, str]:
    """The key, kind and uri of the playlist that an artifact holds, from its `playlist.json`."""
    return {str(name): str(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}


class _UniqueKeys(yaml.SafeLoader):
    """A SafeLoader for which a repeated key is an error, not a silent overwrite."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if repeated := sorted({str(k) for k in keys if keys.count(k) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f"key {', '.join(repeated)} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _explain(error: ValidationError) -> str:
    parts = []
    for detail in error.errors():
        where = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            parts.append(f"unknown field {where}: remove it or correct its spelling")
        elif detail["type"] == "missing":
            parts.append(f"missing field {where}")
        else:
            parts.append(f"{where}: {detail['msg']}" if where else detail["msg"])
    return "; ".join(parts)
