"""Partitions: playlists and sources from the catalogues that ship, checkpoints as they are announced."""

import dagster as dg

from pixel_assets.paths import shipped
from pixel_core.yaml_text import parse_yaml


def catalogue_keys(name: str) -> list[str]:
    """The top-level keys of a catalogue (`playlists` or `sources`) in file order."""
    return list(parse_yaml((shipped() / f"{name}.yaml").read_text(encoding="utf-8")))


playlists = dg.StaticPartitionsDefinition(catalogue_keys("playlists"))
sources = dg.StaticPartitionsDefinition(catalogue_keys("sources"))
checkpoints = dg.DynamicPartitionsDefinition(name="checkpoint")
