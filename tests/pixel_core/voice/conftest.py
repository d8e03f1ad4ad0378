"""The sample playlist heard once for all tests of the stage, and the recipe."""

import shutil
from pathlib import Path

import pytest

from pixel_core.recipe import load_recipe
from pixel_core.voice import build_profile, extract_markers, fetch_playlist, find_playlist, transcribe_playlist

DATA = Path(__file__).parents[3] / "data"
SAMPLE = DATA / "sample" / "voice"
MODEL = SAMPLE / "model"
PLAYLIST = "morning-talks"


@pytest.fixture(scope="session")
def recipe():
    return load_recipe("tiny").voice


@pytest.fixture(scope="session")
def entry():
    return find_playlist(DATA / "playlists.yaml", PLAYLIST)


@pytest.fixture(scope="session")
def built(tmp_path_factory, recipe, entry):
    """audio, transcripts, markers and profile of the sample playlist, by the real yt-dlp and faster-whisper."""
    home = tmp_path_factory.mktemp("voice")
    audio = fetch_playlist(entry, home / "playlist_audio" / PLAYLIST, data_root=DATA, recipe=recipe)
    transcripts = transcribe_playlist(audio.folder, home / "playlist_transcripts" / PLAYLIST, model_root=MODEL, recipe=recipe)
    markers = extract_markers(transcripts.folder, home / "personality_markers" / PLAYLIST)
    profile = build_profile({PLAYLIST: markers.folder}, home / "personality_profile")
    return {"audio": audio, "transcripts": transcripts, "markers": markers, "profile": profile}


class Talks:
    """A sample playlist `talks` of a data folder of its own; tests put recordings into it."""

    def __init__(self, data, entry, recipe):
        self.data, self.recipe = data, recipe
        self.folder = data / "sample" / "voice" / "talks"
        self.folder.mkdir(parents=True)
        self.entry = entry.model_copy(update={"key": "talks", "uri": "pixel-sample://talks"})

    def put(self, *names):
        """Copy recordings that ship, with their JSON files."""
        for name in names:
            for path in SAMPLE.rglob(f"{name}.*"):
                shutil.copy(path, self.folder / path.name)

    def fetch(self, out, **changes):
        """Fetch the playlist, or the same recordings as another kind of playlist."""
        force = changes.pop("force", False)
        entry = self.entry.model_copy(update=changes)
        return fetch_playlist(entry, out, data_root=self.data, recipe=self.recipe, force=force)


@pytest.fixture
def talks(tmp_path, entry, recipe):
    return Talks(tmp_path / "data", entry, recipe)
