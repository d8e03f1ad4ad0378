"""Reading recipes: a packaged name or a YAML file, with `section.key=value` overrides; strict about every key."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from pixel_core.recipe.corpus import CorpusRecipe
from pixel_core.recipe.evaluation import EvaluationRecipe
from pixel_core.recipe.knowledge import KnowledgeRecipe
from pixel_core.recipe.section import Section
from pixel_core.recipe.training import ModelRecipe, TrainingRecipe
from pixel_core.recipe.voice import VoiceRecipe


class RecipeError(ValueError):
    """A recipe is missing, malformed, or holds an unknown key; the message names file, key and remedy."""


class Recipe(Section):
    """A whole recipe: what `pixel run` builds from."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Name of the recipe; the first part of every run id."""
    seed: int
    """The one seed; every stage derives its own from it."""
    knowledge: KnowledgeRecipe
    voice: VoiceRecipe
    corpus: CorpusRecipe
    model: ModelRecipe
    training: TrainingRecipe
    evaluation: EvaluationRecipe


def load_recipe(name_or_path: str | Path = "tiny", overrides: Iterable[str] = ()) -> Recipe:
    """The recipe of a packaged name or a YAML path, after `section.key=value` overrides (values are YAML).

    Raises RecipeError on an unknown recipe, key or value.
    """
    raw = _read(name_or_path)
    for override in overrides:
        _override(raw, override)
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"recipe {name_or_path}: {_explain(error)}") from error


def recipe_names() -> tuple[str, ...]:
    """The recipes that ship with the package."""
    folder = files("pixel_core") / "recipes"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def _read(name_or_path: str | Path) -> dict[str, Any]:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise RecipeError(f"recipe file {path} does not exist")
        text = path.read_text(encoding="utf-8")
    elif str(name_or_path) in recipe_names():
        text = (files("pixel_core") / "recipes" / f"{name_or_path}.yaml").read_text(encoding="utf-8")
    else:
        raise RecipeError(f"recipe {name_or_path!r} is not known: use one of {', '.join(recipe_names())}, or a path to a .yaml file")
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"recipe {name_or_path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise RecipeError(f"recipe {name_or_path} must be a mapping of sections")
    return raw


def _override(raw: dict[str, Any], override: str) -> None:
    path, separator, value = override.partition("=")
    if not separator:
        raise RecipeError(f"override {override!r} is not of the form section.key=value")
    *sections, key = path.strip().split(".")
    target = raw
    for section in sections:
        if not isinstance(target.get(section), dict):
            raise RecipeError(f"override {override!r}: the recipe has no section {section!r}")
        target = target[section]
    target[key] = yaml.safe_load(value)


def _explain(error: ValidationError) -> str:
    parts = []
    for detail in error.errors():
        where = ".".join(str(part) for part in detail["loc"]) or "recipe"
        if detail["type"] == "extra_forbidden":
            parts.append(f"unknown key {where}: remove it or correct its spelling")
        elif detail["type"] == "missing":
            parts.append(f"missing key {where}")
        else:
            parts.append(f"{where} = {detail['input']!r}: {detail['msg']}")
    return "; ".join(parts)
