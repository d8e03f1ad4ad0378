from pathlib import Path

import pytest
import yaml

from pixel_core.corpus.adapters import ADAPTERS
from pixel_core.corpus.catalog import CLIENT_ONLY, CatalogueError, SourceEntry, entry_of, find_source, load_catalogue
from pixel_core.recipe import load_recipe

SHIPPED = Path(__file__).parents[3] / "data" / "sources.yaml"
FIELDS = {
    "category": "mental_health",
    "shape": "messages",
    "files": ["a.jsonl"],
    "uri": "https://example.org/a",
    "licence": "CC0-1.0",
    "consent": "synthetic",
    "parts": {"user": "client", "assistant": "therapist"},
    "learner": "therapist",
}
CLIENT = {"user": "therapist", "assistant": "client"}
NAMED = {  # by the issue and the requirement documents
    "Amod/mental_health_counseling_conversations",
    "EmoCareAI/Psych8k",
    "samhog/psychology-10k",
    "wesley7137/formatted_annotated_addiction_counseling_csv_SFT",
    "moremilk/CoT_Reasoning_Clinical_Diagnosis_Mental_Health",
    "moremilk/CoT_Neurodivergent_vs_Neurotypical_Interactions",
    "moremilk/CoT_Heartbreak_and_Breakups",
    "moremilk/CoT_Reasoning_Mens_Mental_Health",
    "Gryphe/Sonnet3.5-SlimOrcaDedupCleaned-20k",
    "Locutusque/hercules-v6.9",
    "ChaoticNeutrals/Synthetic-Dark-RP",
    "UnfilteredAI/dan_remixed",
    "jondurbin/gutenberg-dpo-v0.1",
}


def catalogue(tmp_path, **changes):
    path = tmp_path / "sources.yaml"
    path.write_text(yaml.safe_dump({"mine": {k: v for k, v in (FIELDS | changes).items() if v is not None}}))
    return path


def test_the_shipped_catalogue_holds_what_the_default_recipe_selects():
    shipped = load_catalogue(SHIPPED)
    for name in load_recipe().corpus.sources:
        entry = find_source(shipped, name)
        assert all(path.is_file() for path in entry.paths(SHIPPED.parent, {})), name


def test_every_set_that_the_requirements_name_has_an_entry():
    shipped = load_catalogue(SHIPPED)
    assert {entry.hub for entry in shipped.values() if entry.hub} == NAMED
    assert any("merged_mental_health_dataset.jsonl" in file for entry in shipped.values() for file in entry.files)


def test_what_is_enabled_lies_on_disk_under_terms_that_somebody_stated():
    """A hub set is enabled by who has looked at it and pinned its commit."""
    for name, entry in load_catalogue(SHIPPED).items():
        assert not (entry.enabled and entry.hub and not entry.revision), name
        assert entry.uri.startswith(("https://", "pixel-")), name


def test_sets_for_the_difficult_client_only_cannot_be_given_to_anybody_else(tmp_path):
    shipped = load_catalogue(SHIPPED)
    assert {entry.hub for entry in shipped.values() if entry.learner == "client"} == CLIENT_ONLY
    client = {"files": None, "hub": min(CLIENT_ONLY), "category": "personality", "parts": CLIENT, "learner": "client"}
    load_catalogue(catalogue(tmp_path, **client))
    for parts in ({"user": "other", "assistant": "assistant"}, {"user": "client", "assistant": "therapist"}):
        with pytest.raises(CatalogueError, match="is for the client of the therapy-training mode"):
            load_catalogue(catalogue(tmp_path, **client | {"parts": parts, "learner": parts["assistant"]}))


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
        ({"files": []}, "either files or hub"),
        ({"hub": "a/b"}, "either files or hub"),
        ({"hub": "no-owner", "files": None}, "hub = 'no-owner'"),
        ({"revision": "main"}, "revision = 'main'"),
        ({"revision": "a" * 40}, "revision of files is sha256"),
        ({"revision": "sha256:" + "a" * 64, "files": None, "hub": "a/b"}, "commit of 40 hex digits"),
        ({"learner": None}, "missing field learner"),
        ({"learner": "assistant"}, "learner is assistant, but therapist learns"),
        ({"learner": "nobody"}, "learner is nobody, but therapist learns"),
        ({"category": "supervision"}, "learner is therapist, but nobody learns"),
        ({"parse": {"a": "("}}, "is none"),
        ({"parse": {"a": ".*"}}, "names no group"),
        ({"roles": {"A": "boss"}}, "boss"),
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
        entry_of(found, "yours")
    assert entry_of(found, "mine").name == "mine", "it can be built by hand"
    with pytest.raises(CatalogueError, match="enabled: true"):
        find_source(found, "mine")


def test_paths_are_relative_to_the_data_folder_absolute_of_the_home_folder_or_below_a_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    entry = load_catalogue(catalogue(tmp_path, files=["a.csv", "/data/b.csv", "~/c.csv", "${SETS}/d.csv"]))["mine"]
    found = [str(path) for path in entry.paths(Path("/shipped"), {"SETS": "/sets"})]
    assert found == ["/shipped/a.csv", "/data/b.csv", "/home/somebody/c.csv", "/sets/d.csv"]
    with pytest.raises(CatalogueError, match=r"'mine' lies below \$\{SETS\}, which is not set: export SETS="):
        entry.paths(Path("/shipped"), {})


def test_a_pattern_stands_for_its_files_in_order_and_else_for_itself(tmp_path):
    entry = load_catalogue(catalogue(tmp_path, files=["part-*.csv"]))["mine"]
    assert entry.paths(tmp_path, {}) == (tmp_path / "part-*.csv",)
    for name in ("part-2.csv", "part-1.csv", "other.csv"):
        (tmp_path / name).touch()
    assert [path.name for path in entry.paths(tmp_path, {})] == ["part-1.csv", "part-2.csv"]


def test_where_the_files_lie_is_no_part_of_the_digest(tmp_path):
    entry = load_catalogue(catalogue(tmp_path, files=["${SETS}/d.csv"]))["mine"]
    assert entry.digest == load_catalogue(catalogue(tmp_path, files=["${SETS}/d.csv"]))["mine"].digest
    assert entry.digest != load_catalogue(catalogue(tmp_path, files=["${SETS}/e.csv"]))["mine"].digest


def test_each_hub_set_has_a_commit_or_says_beside_it_where_to_choose_one():
    text = SHIPPED.read_text(encoding="utf-8")
    sets = [entry for entry in load_catalogue(SHIPPED).values() if entry.hub]
    assert {entry.hub for entry in sets} == NAMED
    for entry in sets:
        own = text.split(f"\n{entry.name}:\n")[1].split("\n\n")[0]
        assert entry.revision or f"choose a commit on https://huggingface.co/datasets/{entry.hub}/commits/main" in own, entry.name
        assert entry.revision or not entry.enabled
