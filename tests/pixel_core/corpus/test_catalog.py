from pathlib import Path

import pytest
import yaml

from pixel_core.corpus.adapters import ADAPTERS
from pixel_core.corpus.catalog import CatalogueError, SourceEntry, find_source, load_catalogue
from pixel_core.recipe import load_recipe

SHIPPED = Path(__file__).parents[3] / "data" / "sources.yaml"
FIELDS = {
    "category": "mental_health",
    "shape": "esconv",
    "files": ["a.jsonl"],
    "uri": "https://example.org/a",
    "licence": "CC0-1.0",
    "consent": "synthetic",
    "parts": {"user": "client", "assistant": "therapist"},
}


def catalogue(tmp_path, **changes):
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"mine": {k: v for k, v in (FIELDS | changes).items() if v is not None}}))
    return path


def test_the_shipped_catalogue_holds_what_the_default_recipe_selects():
    shipped = load_catalogue(SHIPPED)
    for name in load_recipe().corpus.sources:
        entry = find_source(shipped, name)
        assert all(path.is_file() for path in entry.paths(SHIPPED.parent)), name


def test_every_field_and_shape_is_explained_at_the_top_of_the_shipped_catalogue():
    text = SHIPPED.read_text(encoding="utf-8")
    header = text[: text.index("\nsupport_dialogues:")]
    for name in [*(set(SourceEntry.model_fields) - {"name"}), *ADAPTERS]:
        assert f"#   {name} " in header or f"#                   {name} " in header, f"{name} is not explained"


def test_every_shape_has_an_adapter():
    assert set(ADAPTERS) == set(SourceEntry.model_fields["shape"].annotation.__args__)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licnece": "MIT"}, "unknown field licnece"),
        ({"licence": None}, "missing field licence"),
        ({"shape": "poems"}, "shape = 'poems'"),
        ({"files": []}, "files"),
        ({"consent": "sure"}, "consent = 'sure'"),
        ({"difficulty": 9}, "difficulty = 9"),
        ({"parts": {"user": "client"}}, "missing field parts.assistant"),
        ({"shape": "preference"}, "do not go together"),
        ({"label_source": "me"}, "label_source = 'me'"),
        ({"name": "other"}, "`name` is the key itself"),
    ],
)
def test_what_is_wrong_in_an_entry_is_named(tmp_path, changes, message):
    load_catalogue(catalogue(tmp_path))
    with pytest.raises(CatalogueError, match=message) as error:
        load_catalogue(catalogue(tmp_path, **changes))
    assert "mine" in str(error.value)


@pytest.mark.parametrize(("text", "message"), [("- a", "must map"), ("a: [", "not YAML"), ("", "must map"), ("a: 3", "mapping of fields")])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path, text, message):
    (tmp_path / "sources.yaml").write_text(text)
    with pytest.raises(CatalogueError, match=message):
        load_catalogue(tmp_path / "sources.yaml")


def test_missing_unknown_and_disabled_say_what_to_do(tmp_path):
    with pytest.raises(CatalogueError, match="does not exist"):
        load_catalogue(tmp_path / "none.yaml")
    found = load_catalogue(catalogue(tmp_path, enabled=False))
    with pytest.raises(CatalogueError, match="use one of mine"):
        find_source(found, "yours")
    with pytest.raises(CatalogueError, match="enabled: true"):
        find_source(found, "mine")


def test_paths_are_relative_to_the_data_folder_absolute_or_of_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    entry = load_catalogue(catalogue(tmp_path, files=["a.csv", "/data/b.csv", "~/c.csv"]))["mine"]
    assert [str(path) for path in entry.paths(Path("/shipped"))] == ["/shipped/a.csv", "/data/b.csv", "/home/somebody/c.csv"]
