"""Fetching a playlist: every listed episode is either a recording of its full length or a row with a reason."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, file_digest, tree_digest, write_json, write_table
from pixel_core.recipe import VoiceRecipe
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects
from pixel_core.voice.audio_quality import AudioError, announced, check_length, measure
from pixel_core.voice.download import DownloadFailed, Listed, download, list_episodes, safe_id
from pixel_core.voice.feed import serve_feed
from pixel_core.voice.playlists import Playlist, VoiceError
from pixel_core.voice.recordings import Recording, read_recordings

KIND, VERSION = "playlist_audio", "1"
EPISODES, PLAYLIST, REFERENCE, WANTED = "episodes.parquet", "playlist.json", "reference.parquet", "wanted.json"
EPISODE_SCHEMA = pl.Schema(
    {
        "id": pl.String,  # safe as a file name, unique in the playlist
        "source_id": pl.String,  # the playlist's own id
        "title": pl.String,
        "upload_date": pl.String,  # YYYYMMDD or null
        "uri": pl.String,  # the episode in terms of the catalogue
        "file": pl.String,  # below the artifact, null when rejected
        "announced_seconds": pl.Float64,  # the longest that playlist or header announce
        "decoded_seconds": pl.Float64,
        "bytes": pl.Int64,
        "sha256": pl.String,
        "status": pl.String,  # kept or rejected
        "reason": pl.String,
        "detail": pl.String,
    }
)
REFERENCE_SCHEMA = pl.Schema({"episode": pl.String, "start": pl.Float64, "end": pl.Float64, "text": pl.String})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Episode:
    """A row of `episodes.parquet`, in the terms of `EPISODE_SCHEMA`."""

    id: str
    source_id: str
    title: str
    upload_date: str | None
    uri: str
    file: str | None = None
    announced_seconds: float | None = None
    decoded_seconds: float | None = None
    bytes: int | None = None
    sha256: str | None = None
    status: str = "kept"
    reason: str | None = None
    detail: str | None = None


def fetch_playlist(entry: Playlist, out: Path, *, data_root: Path, recipe: VoiceRecipe, force: bool = False) -> Built:
    """Fetch the episodes of a playlist into `audio/`, with `episodes.parquet`, one row a listed episode.

    An episode that is gone, private, undecodable or cut short is a rejected row; VoiceError is raised when none
    is left. What an interrupted fetch had finished is kept beside `out` and not fetched again. A playlist on the
    network is fetched once: `force` looks for new episodes. `data_root` is where `playlists.yaml` lies.
    """
    inputs = {"playlist": entry.source_digest, "min_decoded_share": digest_of(recipe.min_decoded_share)}
    if entry.kind in ("sample", "folder"):
        inputs["recordings"] = tree_digest(entry.folder(data_root))
    finished = out.parent / f".{out.name}.episodes-{digest_of(inputs)[:12]}"

    def write(staging: Path) -> Summary:
        finished.mkdir(exist_ok=True)
        (staging / "audio").mkdir()
        with _source(entry, data_root) as source:
            episodes = list(_take_all(source, finished, staging, recipe.min_decoded_share))
        write_json(staging / WANTED, {"min_decoded_share": recipe.min_decoded_share})
        return _finish(entry, source, sorted(episodes, key=lambda e: (e.upload_date or "", e.id, e.status)), staging)

    built = build(out, kind=KIND, version=VERSION, inputs=inputs, write=write, force=force)
    for stale in out.parent.glob(f".{out.name}.episodes-*"):
        shutil.rmtree(stale)
    return built


@dataclass(frozen=True, slots=True)
class _Source:
    """Where episodes come from: what is listed, how each one is reached, and what references there are."""

    entry: Playlist
    listed: list[Listed]
    local: Path | None  # a folder whose files are copied; None: yt-dlp downloads
    proxy: str | None
    recordings: list[Recording]


@contextmanager
def _source(entry: Playlist, data_root: Path) -> Iterator[_Source]:
    if entry.kind in ("youtube", "feed"):
        yield _Source(entry, list_episodes(entry.uri, youtube=entry.kind == "youtube", limit=entry.limit), None, None, [])
        return
    folder = entry.folder(data_root)
    recordings = read_recordings(folder)[: entry.limit]
    if entry.kind == "folder":
        yield _Source(entry, [_local(recording) for recording in recordings], folder, None, recordings)
        return
    with serve_feed(folder, recordings, entry.title) as address:
        yield _Source(entry, list_episodes(address, youtube=False, proxy=""), None, "", recordings)


def _local(recording: Recording) -> Listed:
    entry = {"file": recording.file}
    return Listed(safe_id(recording.id), recording.id, recording.title, recording.upload_date, recording.duration, "", entry)


def _take_all(source: _Source, finished: Path, staging: Path, min_share: float) -> Iterator[Episode]:
    """The episodes in listed order; of several with one id the first counts."""
    seen: set[str] = set()
    for number, listed in enumerate(source.listed, start=1):
        logger.info("playlist %s: episode %s, %d of %d", source.entry.key, listed.id, number, len(source.listed))
        if listed.id in seen:
            detail = "an earlier episode of the playlist has this id"
            yield replace(_described(listed, source.entry), status="rejected", reason="repeated_id", detail=detail)
        else:
            yield _take(listed, source, finished, staging, min_share)
        seen.add(listed.id)


def _described(listed: Listed, entry: Playlist) -> Episode:
    uri = listed.uri if entry.kind in ("youtube", "feed") else f"{entry.uri.rstrip('/')}/{listed.id}"
    return Episode(listed.id, listed.source_id, listed.title, listed.upload_date, uri, announced_seconds=listed.announced_seconds)


def _take(listed: Listed, source: _Source, finished: Path, staging: Path, min_share: float) -> Episode:
    """Fetch one episode, decode it, and put it into `audio/`, or say why not."""
    episode = _described(listed, source.entry)
    try:
        path, uploaded = _fetched(listed, source, finished)
        audio = measure(path)
        expected = announced(audio, listed.announced_seconds)
        check_length(audio.seconds, expected, min_share)
    except (DownloadFailed, AudioError) as error:
        return replace(episode, status="rejected", reason=error.reason, detail=str(error))
    name = f"audio/{listed.id}{path.suffix}"
    shutil.copyfile(path, staging / name)
    return replace(
        episode,
        upload_date=uploaded or listed.upload_date,
        file=name,
        announced_seconds=expected,
        decoded_seconds=round(audio.seconds, 3),
        bytes=path.stat().st_size,
        sha256=file_digest(path),
    )


def _fetched(listed: Listed, source: _Source, finished: Path) -> tuple[Path, str | None]:
    """The episode's file and upload date: copied from a folder, left by an interrupted fetch, or downloaded now."""
    if source.local is not None:
        if listed.entry["file"] is None:
            raise DownloadFailed("removed", "the recording has a JSON file and no audio")
        return source.local / listed.entry["file"], None
    note = finished / f"{listed.id}.json"
    if note.is_file():
        kept = json.loads(note.read_text(encoding="utf-8"))
        if kept["source_id"] == listed.source_id and file_digest(finished / kept["file"]) == kept["sha256"]:
            return finished / kept["file"], kept["upload_date"]
    path, uploaded = download(listed, finished, youtube=source.entry.kind == "youtube", proxy=source.proxy)
    part = finished / f"{listed.id}.json.part"
    write_json(part, {"source_id": listed.source_id, "file": path.name, "sha256": file_digest(path), "upload_date": uploaded})
    part.rename(note)
    return path, uploaded


def _finish(entry: Playlist, source: _Source, episodes: list[Episode], staging: Path) -> Summary:
    kept = [episode for episode in episodes if episode.status == "kept"]
    rejects = [
        Reject(entry.key, e.source_id, e.reason or "", e.detail or "", as_content({"title": e.title, "uri": e.uri}))
        for e in episodes
        if e.status != "kept"
    ]
    if not kept:
        told = "; ".join(f"{e.id}: {e.detail}" for e in episodes[:3])
        raise VoiceError(f"playlist {entry.key} ({entry.uri}): none of {len(episodes)} episodes can be used, e.g. {told}")
    write_table(staging / EPISODES, pl.DataFrame([asdict(e) for e in episodes], schema=EPISODE_SCHEMA))
    write_json(staging / PLAYLIST, {"key": entry.key, "kind": entry.kind, "uri": entry.uri})
    write_rejects(staging, rejects)
    _write_reference(source.recordings, {e.source_id: e.id for e in kept}, staging)
    seconds = round(sum(e.decoded_seconds or 0 for e in kept), 1)
    figures = {"read": len(episodes), "seconds": seconds, "hours": round(seconds / 3600, 4), "bytes": sum(e.bytes or 0 for e in kept)}
    return Summary(len(kept), count_reasons(rejects), figures)


def _write_reference(recordings: list[Recording], kept: dict[str, str], staging: Path) -> None:
    """Write what was really said in the kept episodes, where the recordings tell it."""
    rows = [
        {"episode": kept[recording.id], "start": s.start, "end": s.end, "text": s.text}
        for recording in recordings
        if recording.id in kept
        for s in recording.reference
    ]
    if rows:
        write_table(staging / REFERENCE, pl.DataFrame(rows, schema=REFERENCE_SCHEMA).sort("episode", "start"))
