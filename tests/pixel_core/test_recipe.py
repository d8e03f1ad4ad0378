import pytest
import yaml

from pixel_core.recipe import RecipeError, Section, load_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_every_packaged_recipe_loads_and_is_named_after_its_file(name):
    assert load_recipe(name).name == name


@pytest.mark.parametrize("name", recipe_names())
def test_every_key_of_a_packaged_recipe_is_explained_where_it_stands(name):
    from importlib.resources import files

    text = (files("pixel_core") / "recipes" / f"{name}.yaml").read_text()
    section = ""
    for line in text.splitlines():
        if not line.startswith((" ", "#")):
            section = line
        starts_key = line.startswith("  ") and line[2].isalpha() and ":" in line
        if starts_key and "#" not in line:
            block = text[text.index(line) :].split("\n  ", 2)
            assert "#" in block[1] or line.rstrip().endswith(","), f"{name}.yaml: {section} {line.strip()} has no comment"


def test_every_field_is_documented():
    def sections(model):
        yield model
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                yield from sections(field.annotation)

    recipe = type(load_recipe())
    for section in sections(recipe):
        for name, field in section.model_fields.items():
            is_section = isinstance(field.annotation, type) and issubclass(field.annotation, Section)
            assert field.description or is_section, f"{section.__name__}.{name} has no docstring"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("knowledge.passage_wrods=5", "unknown key knowledge.passage_wrods"),
        ("nonsense=1", "unknown key nonsense"),
        ("training.steps=-1", "training.steps = -1"),
        ("training.merge=magic", "training.merge = 'magic'"),
        ("corpus.shares={psychology: 1.0}", "shares must name exactly"),
        ("corpus.splits={train: 0.5, validation: 0.1, test: 0.1}", "splits must sum to 1"),
        ("knowledge.classes=[F32, Z99]", "classes names Z99"),
        ("knowledge.classes=[]", "classes is empty"),
        ("steps", "not of the form section.key=value"),
        ("trainig.steps=3", "no section 'trainig'"),
    ],
)
def test_bad_overrides_are_named(override, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe("tiny", [override])


def test_an_override_changes_the_digest_of_its_own_section_only():
    plain, changed = load_recipe(), load_recipe("tiny", ["training.steps=3"])
    assert changed.training.steps == 3
    assert changed.training.digest != plain.training.digest
    assert changed.corpus.digest == plain.corpus.digest


def test_a_recipe_of_ones_own_comes_by_path(tmp_path):
    values = load_recipe().model_dump(mode="json") | {"name": "mine"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    assert load_recipe(tmp_path / "mine.yaml").name == "mine"


@pytest.mark.parametrize(("text", "message"), [("- a", "must be a mapping"), ("a: [", "is not YAML"), ("name: x", "missing key seed")])
def test_malformed_files_are_explained(tmp_path, text, message):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        load_recipe(tmp_path / "r.yaml")


def test_unknown_names_list_the_known_ones(tmp_path):
    with pytest.raises(RecipeError, match=r"use one of .*tiny"):
        load_recipe("huge")
    with pytest.raises(RecipeError, match="does not exist"):
        load_recipe(tmp_path / "none.yaml")


def test_the_full_size_recipe_weighs_objectives_as_the_requirements_do():
    weights = load_recipe("qwen3-30b-a3b").training.weights
    wanted = {"language": 1.0, "eq": 0.3, "persona": 0.2, "clinical": 0.4, "empathy": 0.5}
    assert {name: weights[name] for name in wanted} == wanted
