"""What a recording decodes to: seconds that the recogniser will hear, against seconds that were announced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROUNDING = 0.5  # seconds: catalogues announce whole ones


class AudioError(ValueError):
    """A recording cannot be used; `reason` is the reject code."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording: its seconds, and the seconds its own header announces (None when it says nothing)."""

    seconds: float
    header_seconds: float | None


def measure(path: Path) -> Audio:
    """Decode the first audio stream of a file as faster-whisper does, which stops silently at a broken frame.

    Raises AudioError `undecodable` when nothing comes out.
    """
    import av

    seconds = 0.0
    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AudioError("undecodable", "the file has no audio stream")
            header = container.duration / av.time_base if container.duration else None
            try:
                for frame in container.decode(container.streams.audio[0]):
                    seconds += frame.samples / frame.sample_rate
            except av.error.InvalidDataError:
                pass  # what follows is lost to the recogniser too; the announced seconds tell
    except av.FFmpegError as error:
        raise AudioError("undecodable", f"the file cannot be decoded ({type(error).__name__})") from error
    if not seconds:
        raise AudioError("undecodable", "no audio comes out of the file")
    return Audio(seconds, header)


def announced(audio: Audio, listed: float | None) -> float | None:
    """The longest length that anybody announced: the playlist (`listed`) or the file's header."""
    known = [seconds for seconds in (listed, audio.header_seconds) if seconds]
    return max(known) if known else None


def check_length(seconds: float, expected: float | None, min_share: float) -> None:
    """Raise AudioError `truncated` when a recording is shorter than `min_share` of what was announced."""
    if expected is not None and seconds + ROUNDING < min_share * expected:
        message = f"it decodes to {seconds:.1f} s of the announced {expected:.1f} s; fetch it again, or lower voice.min_decoded_share"
        raise AudioError("truncated", message)
