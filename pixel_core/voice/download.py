"""yt-dlp as a library: what a playlist lists, and one episode as a file."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pixel_core.voice.playlists import VoiceError
from pixel_core.voice.recordings import plain

logger = logging.getLogger(__name__)

_OPTIONS: dict[str, Any] = {
    "quiet": True,
    "no_warnings": True,
    "noprogress": True,
    "no_color": True,
    "cachedir": False,
    "format": "bestaudio/best",
    "fixup": "never",  # would need ffmpeg; PyAV decodes the files as they are
    "updatetime": False,
    "overwrites": True,
    "socket_timeout": 30,
    "retries": 3,
    "extractor_retries": 2,
    "fragment_retries": 3,
}
_REASONS = {
    "private": re.compile(r"\bprivate\b", re.I),
    "removed": re.compile(r"removed|deleted|unavailable|not available|terminated", re.I),
}
_STATUS = {401: "private", 403: "private", 404: "removed", 410: "removed"}


class DownloadFailed(Exception):
    """One episode could not be fetched; `reason` is the reject code (`removed`, `private`, `forbidden_address`, `download_failed`)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Listed:
    """An episode as the playlist lists it. `id` is safe as a file name; `source_id` is the playlist's own."""

    id: str
    source_id: str
    title: str
    upload_date: str | None
    announced_seconds: float | None
    uri: str
    entry: Mapping[str, Any]


def list_episodes(uri: str, *, youtube: bool, limit: int | None = None, proxy: str | None = None) -> list[Listed]:
    """The episodes of a playlist or feed in its own order, without fetching any; raises VoiceError when there is none."""
    import yt_dlp

    options = _options(youtube, proxy) | {"extract_flat": "in_playlist", "playlistend": limit}
    try:
        with yt_dlp.YoutubeDL(options) as downloader:
            found = downloader.extract_info(uri, download=False)
    except yt_dlp.utils.YoutubeDLError as error:
        raise VoiceError(f"cannot list {uri}: {_message(error)}{_remedy(youtube)}") from error
    single = [dict(found, _type="url", url=found.get("webpage_url") or uri)]
    entries = [entry for entry in found.get("entries", single) if entry]
    if not entries:
        raise VoiceError(f"{uri} lists no episodes: check the address in playlists.yaml")
    return [_listed(entry) for entry in entries]


def download(listed: Listed, folder: Path, *, youtube: bool, proxy: str | None = None) -> tuple[Path, str | None]:
    """Fetch one episode as `<folder>/<id>.<extension>`; returns the file and, where YouTube tells one, its upload date.

    Raises DownloadFailed. An interrupted transfer leaves a part file that the next call continues.
    """
    import yt_dlp

    if urlsplit(listed.uri).scheme not in ("http", "https"):
        raise DownloadFailed("forbidden_address", f"address of scheme {urlsplit(listed.uri).scheme!r}: only http and https are fetched")
    template = f"{folder / listed.id}".replace("%", "%%") + ".%(ext)s"
    try:
        with yt_dlp.YoutubeDL(_options(youtube, proxy) | {"outtmpl": template}) as downloader:
            info = downloader.process_ie_result(dict(listed.entry), download=True)
    except yt_dlp.utils.YoutubeDLError as error:
        raise DownloadFailed(_reason(error), _message(error)) from error
    finished = info.get("requested_downloads") or []
    if not finished:
        raise DownloadFailed("download_failed", "yt-dlp fetched nothing: the address names no single recording")
    path = Path(finished[0]["filepath"])
    if path.parent != folder:
        raise DownloadFailed("download_failed", "yt-dlp wrote outside its folder")
    return path, info.get("upload_date") if youtube else None  # elsewhere yt-dlp falls back on the file's date on the server


def safe_id(source_id: str) -> str:
    """An id that can name a file: letters, digits, `.`, `_` and `-`, with a digest where anything had to change."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", source_id).strip("-._")[:60]
    return safe if safe and safe == source_id else f"{safe or 'episode'}-{sha256(source_id.encode()).hexdigest()[:8]}"


def _options(youtube: bool, proxy: str | None) -> dict[str, Any]:
    extractors = ["youtube.*"] if youtube else ["generic"]
    return _OPTIONS | {"logger": _Log(), "allowed_extractors": extractors} | ({} if proxy is None else {"proxy": proxy})


def _listed(entry: Mapping[str, Any]) -> Listed:
    from yt_dlp.utils import unsmuggle_url

    uri, smuggled = unsmuggle_url(entry.get("webpage_url") or entry["url"], {})
    name = Path(unquote(urlsplit(uri).path)).stem
    source_id = str(entry.get("id") or smuggled.get("force_videoid") or name or sha256(uri.encode()).hexdigest()[:16])
    stamp = entry.get("timestamp")
    uploaded = datetime.fromtimestamp(stamp, UTC).strftime("%Y%m%d") if stamp is not None else entry.get("upload_date")
    seconds = entry.get("duration")
    return Listed(
        id=safe_id(source_id),
        source_id=source_id,
        title=plain(entry.get("title") or "") or safe_id(source_id),
        upload_date=uploaded,
        announced_seconds=float(seconds) if seconds else None,
        uri=uri,
        entry=entry,
    )


def _reason(error: Exception) -> str:
    cause = (getattr(error, "exc_info", None) or (None, error))[1]
    status = getattr(cause, "status", None) or getattr(getattr(cause, "cause", None), "status", None)
    if status is not None:
        return _STATUS.get(status, "download_failed")
    return next((reason for reason, pattern in _REASONS.items() if pattern.search(str(error))), "download_failed")


def _message(error: Exception) -> str:
    """The first line of yt-dlp's message, without the advice to report bugs to yt-dlp."""
    text = plain(str(error).removeprefix("ERROR: ").split("; please report this issue", maxsplit=1)[0])
    return re.sub(r"\s*\(caused by .*", "", text)


def _remedy(youtube: bool) -> str:
    return " (YouTube needs yt-dlp[default] and deno on the PATH)" if youtube else " (is it an RSS feed?)"


class _Log:
    """yt-dlp's messages go to this module's logger, below what a run shows."""

    def debug(self, message: str) -> None:
        logger.debug(message)

    info = warning = error = debug
