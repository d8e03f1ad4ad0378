"""The checks of the voice assets; each blocks what would be built on a bad artifact."""

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checks import answer
from pixel_core.voice import check_markers, check_playlist_audio, check_profile, check_transcripts, check_voice_conversations


@dg.asset_check(
    asset="playlist_audio",
    blocking=True,
    partitions_def=partitions.playlists,
    description="Every kept episode has its file, of the announced length, and every other one a reason.",
)
def recordings_are_whole(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the recordings of a playlist."""
    return answer(lambda: check_playlist_audio(paths.artifact("playlist_audio", context.partition_key)))


@dg.asset_check(
    asset="playlist_transcripts",
    blocking=True,
    partitions_def=partitions.playlists,
    description="Every segment passes the gate, lies in order within its recording, and agrees with the reference where there is one.",
)
def segments_pass_the_gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the segments of a playlist."""
    return answer(lambda: check_transcripts(paths.artifact("playlist_transcripts", context.partition_key)))


@dg.asset_check(
    asset="personality_markers",
    blocking=True,
    partitions_def=partitions.playlists,
    description="Every episode has every marker once, finite and within its bounds.",
)
def markers_are_complete(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the markers of a playlist."""
    return answer(lambda: check_markers(paths.artifact("personality_markers", context.partition_key)))


@dg.asset_check(
    asset="personality_profile",
    blocking=True,
    description="The profile adds up and claims no likeness that its hours of speech do not allow.",
)
def profile_claims_no_more_than_it_heard() -> dg.AssetCheckResult:
    """Look at the profile."""
    return answer(lambda: check_profile(paths.artifact("personality_profile")))


@dg.asset_check(
    asset="voice_conversations",
    blocking=True,
    partitions_def=partitions.playlists,
    description="Every conversation teaches speech that can be found again, after a user turn of its own, and no two say the same.",
)
def conversations_rest_on_speech(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the conversations of a playlist."""
    return answer(lambda: check_voice_conversations(paths.artifact("voice_conversations", context.partition_key)))
