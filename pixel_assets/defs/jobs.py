"""Named jobs for scripts: `dg launch --job knowledge`, `dg launch --job voice_playlists --partition morning-talks`.

A selection of assets that matches nothing runs everything; a job that does not exist is an error. A stage whose assets have
different partitions has a job for each kind, in this order: one run takes one partition.
"""

import dagster as dg

knowledge = dg.define_asset_job("knowledge", selection=dg.AssetSelection.groups("knowledge"), description="The knowledge stage.")

voice_playlists = dg.define_asset_job(
    "voice_playlists",
    selection=["playlist_audio", "playlist_transcripts", "personality_markers"],
    description="Recordings, transcripts and markers of one playlist.",
)
voice_profile = dg.define_asset_job(
    "voice_profile",
    selection=["personality_profile"],
    description="The profile of all selected playlists; run voice_playlists for each first.",
)
voice = dg.define_asset_job(
    "voice", selection=["voice_conversations"], description="The conversations of one playlist, which end the voice stage."
)

corpus_sources = dg.define_asset_job("corpus_sources", selection=["source_conversations"], description="The conversations of one source.")
corpus = dg.define_asset_job(
    "corpus",
    selection=dg.AssetSelection.groups("corpus") - dg.AssetSelection.assets("source_conversations"),
    description="What is composed of all sources; run corpus_sources for each first.",
)

training = dg.define_asset_job(
    "training",
    selection=dg.AssetSelection.assets("packed_dataset", "training_run"),
    description="Pack the mixture and train on it. The sensor new_checkpoints announces what comes of it.",
)

evaluation = dg.define_asset_job(
    "evaluation",
    selection=dg.AssetSelection.groups("evaluation"),
    description="The five evaluations and the scorecard of one checkpoint, then leaderboard and promotion.",
)
