"""The voice assets: a partition a playlist, and the profile of all selected playlists together."""

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.config import Build
from pixel_assets.metadata import result_of
from pixel_core.voice import conversations, fetch, markers, profile, transcription
from pixel_core.voice.playlists import Playlist, find_playlist

OWNERS = ["team:pixel"]


def _entry(key: str) -> Playlist:
    return find_playlist(paths.shipped() / "playlists.yaml", key)


@dg.asset(
    group_name="voice",
    partitions_def=partitions.playlists,
    owners=OWNERS,
    kinds={"python"},
    code_version=fetch.VERSION,
    description="The recordings of a playlist, fetched by yt-dlp (YouTube, podcast feed, or the sample as a feed on loopback) or taken "
    "from a folder; an episode that is gone, private, undecodable or cut short is a row with a reason.",
)
def playlist_audio(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The episodes of one playlist."""
    entry, recipe = _entry(context.partition_key), config.load().voice
    out = paths.artifact("playlist_audio", entry.key)
    return result_of(fetch.fetch_playlist(entry, out, data_root=paths.shipped(), recipe=recipe, force=config.force))


@dg.asset(
    deps=[playlist_audio],
    group_name="voice",
    partitions_def=partitions.playlists,
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=transcription.VERSION,
    pool="cpu",
    description="What is said in a playlist's recordings, recognised in batches by faster-whisper, segment by segment behind a gate on "
    "confidence, repetition, silence, speed and language.",
)
def playlist_transcripts(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The segments of one playlist."""
    key = context.partition_key
    audio, out = paths.artifact("playlist_audio", key), paths.artifact("playlist_transcripts", key)
    model = paths.shipped() / "sample" / "voice" / "model"
    return result_of(transcription.transcribe_playlist(audio, out, model_root=model, recipe=config.load().voice, force=config.force))


@dg.asset(
    deps=[playlist_transcripts],
    group_name="voice",
    partitions_def=partitions.playlists,
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=markers.VERSION,
    description="How somebody speaks in each episode: pace, pauses, sentences, questions, I and you, hedges, words of feeling and of "
    "understanding, vocabulary, and the rate of every function word.",
)
def personality_markers(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The markers of one playlist."""
    key = context.partition_key
    transcripts, out = paths.artifact("playlist_transcripts", key), paths.artifact("personality_markers", key)
    return result_of(markers.extract_markers(transcripts, out, force=config.force))


@dg.asset(
    deps=[personality_markers],
    group_name="voice",
    owners=OWNERS,
    kinds={"python"},
    code_version=profile.VERSION,
    description="The markers of all playlists that the recipe selects as one profile: means, spreads, how alike the playlists are, "
    "function words, and what may be claimed of so many hours.",
)
def personality_profile(config: Build) -> dg.MaterializeResult:
    """The profile of the selected playlists; one without valid markers is an error."""
    selected = {key: paths.artifact("personality_markers", key) for key in config.load().voice.playlists}
    return result_of(profile.build_profile(selected, paths.artifact("personality_profile"), force=config.force))


@dg.asset(
    deps=[playlist_transcripts, personality_profile],
    group_name="voice",
    partitions_def=partitions.playlists,
    owners=OWNERS,
    kinds={"python", "parquet"},
    code_version=conversations.VERSION,
    description="Conversations of category voice: stretches of a playlist's speech that end with a reply worth learning, after the turn "
    "that was spoken before it or a question derived from what it is about.",
)
def voice_conversations(context: dg.AssetExecutionContext, config: Build) -> dg.MaterializeResult:
    """The conversations of one playlist."""
    entry, recipe = _entry(context.partition_key), config.load()
    transcripts, out = paths.artifact("playlist_transcripts", entry.key), paths.artifact("voice_conversations", entry.key)
    built = conversations.write_voice_conversations(
        transcripts, paths.artifact("personality_profile"), out, entry=entry, recipe=recipe.voice, seed=recipe.seed, force=config.force
    )
    return result_of(built)
