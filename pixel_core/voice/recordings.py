"""Recordings in a folder: audio files, each with an optional JSON file that says what it is and what was said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pixel_core.voice.playlists import VoiceError

AUDIO_SUFFIXES = frozenset({".flac", ".wav", ".mp3", ".m4a", ".mp4", ".ogg", ".opus", ".webm", ".aac", ".mka"})
UploadDate = Annotated[str, Field(pattern=r"^\d{8}$")]


class Spoken(BaseModel):
    """One sentence of a reference: seconds [start, end) and what was said."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    text: str


class Recording(BaseModel):
    """What a recording's JSON file may say. Other fields are ignored: players and downloaders write many."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    title: str = ""
    upload_date: UploadDate | None = None
    duration: Annotated[float, Field(gt=0)] | None = None
    reference: tuple[Spoken, ...] = ()
    file: str | None = None


def read_recordings(folder: Path) -> list[Recording]:
    """The recordings of a folder, sorted by file name; one that has a JSON file but no audio has `file` None.

    Raises VoiceError on a malformed JSON file, on two recordings of one name, and when there is none.
    """
    stems: dict[str, str | None] = {path.stem: None for path in sorted(folder.glob("*.json"))}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in AUDIO_SUFFIXES:
            if stems.get(path.stem):
                raise VoiceError(f"{folder} holds {stems[path.stem]} and {path.name}: give each recording a name of its own")
            stems[path.stem] = path.name
    if not stems:
        raise VoiceError(f"{folder} holds no recordings: put audio files there ({', '.join(sorted(AUDIO_SUFFIXES))})")
    return [_read(folder / f"{stem}.json", stem, name) for stem, name in sorted(stems.items())]


def plain(title: str) -> str:
    """A title without control characters, on one line, of at most 200 characters."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", title)).strip()[:200]


def _read(path: Path, stem: str, name: str | None) -> Recording:
    if not path.is_file():
        return Recording(id=stem, title=stem, file=name)
    try:
        recording = Recording.model_validate_json(path.read_bytes(), strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        raise VoiceError(f"{path} does not describe a recording: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error
    return recording.model_copy(update={"file": name, "id": recording.id or stem, "title": plain(recording.title) or stem})
