"""Voice: from playlists of recorded speech to transcripts, markers, a personality profile and conversations."""

from pixel_core.voice.conversation_quality import check_voice_conversations
from pixel_core.voice.conversations import write_voice_conversations
from pixel_core.voice.fetch import fetch_playlist
from pixel_core.voice.markers import MARKERS, extract_markers, measure_speech
from pixel_core.voice.playlists import Playlist, VoiceError, find_playlist, load_playlists
from pixel_core.voice.profile import build_profile
from pixel_core.voice.quality import check_markers, check_playlist_audio, check_profile, check_transcripts
from pixel_core.voice.transcription import transcribe_playlist

__all__ = [
    "MARKERS",
    "Playlist",
    "VoiceError",
    "build_profile",
    "check_markers",
    "check_playlist_audio",
    "check_profile",
    "check_transcripts",
    "check_voice_conversations",
    "extract_markers",
    "fetch_playlist",
    "find_playlist",
    "load_playlists",
    "measure_speech",
    "transcribe_playlist",
    "write_voice_conversations",
]
