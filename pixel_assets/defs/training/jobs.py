"""Named jobs: what a script launches, since a job that does not exist is an error and an empty selection is not."""

import dagster as dg

train = dg.define_asset_job(
    "train",
    selection=dg.AssetSelection.assets("packed_dataset", "training_run"),
    description="Pack the mixture and train on it.",
)
