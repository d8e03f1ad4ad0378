"""Run configuration of every asset: which recipe, and whether to resume or force."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from pixel_core.recipe import Recipe, load_recipe

_held: dict[tuple[str, ...], Recipe] = {}


class Build(dg.Config):
    """Config of every asset. A run without config takes the defaults."""

    recipe: str = Field(default="", description="Recipe name or path to a YAML file; empty: PIXEL_RECIPE, or `tiny`.")
    overrides: dict[str, str] = Field(default={}, description="`section.key` to value, as in `training.steps`: `20`.")
    resume: bool = Field(default=True, description="Continue an interrupted training run from its newest valid checkpoint.")
    force: bool = Field(default=False, description="Build again even when a valid artifact of the same inputs is there.")

    def load(self) -> Recipe:
        """The recipe with its overrides; raises RecipeError."""
        return resolve_recipe(self.recipe, [f"{key}={value}" for key, value in self.overrides.items()])


def resolve_recipe(name: str = "", overrides: list[str] | None = None) -> Recipe:
    """The recipe of this name or path, or of `PIXEL_RECIPE`, or `tiny`, with `section.key=value` overrides."""
    key = _key(name, overrides or [])
    return _held.get(key) or load_recipe(key[0], key[1:])


@contextmanager
def held(build: Build) -> Iterator[Recipe]:
    """The recipe of a build, whose file is read no second time until the block ends: an edit is for the next run, not for half of this."""
    recipe = build.load()
    key = _key(build.recipe, [f"{name}={value}" for name, value in build.overrides.items()])
    _held[key] = recipe
    try:
        yield recipe
    finally:
        _held.pop(key, None)


def _key(name: str, overrides: list[str]) -> tuple[str, ...]:
    return (name or os.environ.get("PIXEL_RECIPE") or "tiny", *overrides)
