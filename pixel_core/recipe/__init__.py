"""Recipes: one YAML file with a section a stage, strict keys, `section.key=value` overrides.

A section is a frozen model whose digest enters the artifacts of its stage, so a change of one
section rebuilds that stage and what depends on it, and nothing else.
"""

from pixel_core.recipe.corpus import CorpusRecipe
from pixel_core.recipe.evaluation import EvaluationRecipe, JudgesRecipe
from pixel_core.recipe.knowledge import KnowledgeRecipe, TeacherRecipe
from pixel_core.recipe.load import Recipe, RecipeError, load_recipe, recipe_names
from pixel_core.recipe.section import Positive, Section, Share
from pixel_core.recipe.training import Merge, ModelRecipe, TrainingRecipe
from pixel_core.recipe.voice import VoiceRecipe

__all__ = [
    "CorpusRecipe",
    "EvaluationRecipe",
    "JudgesRecipe",
    "KnowledgeRecipe",
    "Merge",
    "ModelRecipe",
    "Positive",
    "Recipe",
    "RecipeError",
    "Section",
    "Share",
    "TeacherRecipe",
    "TrainingRecipe",
    "VoiceRecipe",
    "load_recipe",
    "recipe_names",
]
