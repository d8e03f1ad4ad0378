import pytest

from pixel_assets.teacher import ADDRESS, teacher_of
from pixel_core.recipe import load_recipe


def recipe(*overrides):
    return load_recipe("tiny", overrides).knowledge


def test_the_grammar_needs_no_teacher():
    assert teacher_of(recipe()) is None


def test_a_teacher_is_what_the_recipe_says_and_its_key_a_name(monkeypatch, tmp_path):
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path))
    monkeypatch.setenv(ADDRESS, "https://elsewhere.example.org/v1")
    monkeypatch.setenv("PIXEL_TEACHER_KEY", "sk-secret")
    given = {"writer": "teacher", "teacher.model": "wise", "teacher.price_per_million": "[1, 4]", "teacher.passages": "2"}
    teacher = teacher_of(recipe(*(f"knowledge.{key}={value}" for key, value in given.items())))
    assert (teacher.endpoint.model, teacher.endpoint.host, teacher.endpoint.price_per_million) == ("wise", "elsewhere.example.org", (1, 4))
    assert teacher.endpoint.key_variable == "PIXEL_TEACHER_KEY"
    assert teacher.sampling == {"temperature": 0.8, "max_tokens": 6000}
    assert teacher.cache == tmp_path / "cache" / "teacher"
    assert teacher.passages == 2
    assert "sk-secret" not in repr(teacher)


def test_the_recipes_address_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv(ADDRESS, "https://elsewhere.example.org/v1")
    teacher = teacher_of(recipe("knowledge.writer=teacher", "knowledge.teacher.base_url=http://127.0.0.1:1/v1"))
    assert teacher.endpoint.host == "127.0.0.1:1"


def test_a_teacher_without_an_address_is_named(monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    with pytest.raises(ValueError, match=ADDRESS):
        teacher_of(recipe("knowledge.writer=teacher"))
