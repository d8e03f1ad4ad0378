"""Pixel's library: knowledge, voice, corpus, model, training and evaluation without an orchestrator.

Every stage is a sub-package whose functions take plain values and paths and leave an artifact
folder (see `pixel_core.artifacts`). Nothing here imports dagster.
"""
