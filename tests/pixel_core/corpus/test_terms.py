import pytest

from pixel_core.corpus import CorpusError, build_mixture, collect_pairs, import_source
from pixel_core.corpus.sources import SourceError
from pixel_core.corpus.terms import may_enter, speaks_of_people
from tests.pixel_core.corpus.worlds import PLAIN, entry, lines, recipe


@pytest.mark.parametrize("licence", ["CC0-1.0", "MIT", "Apache-2.0", "CC-BY-4.0", "CC-BY-SA-4.0", "MIT, gated"])
def test_open_licences_allow_every_use(licence):
    assert may_enter(entry("esconv", licence=licence), "any") is None


@pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", "research", "none stated", "GPL-3.0", "MIT file, scraped text", "mixed, by its parts"])
def test_other_licences_allow_research_at_most(licence):
    assert licence in may_enter(entry("esconv", licence=licence), "any")
    assert may_enter(entry("esconv", licence=licence), "research") is None


@pytest.mark.parametrize("category", ["mental_health", "reasoning", "supervision"])
def test_what_people_posted_in_public_is_for_research_whatever_the_licence_of_the_set(category):
    found = entry("sharegpt", category, PLAIN, licence="MIT", consent="public")
    assert "consent: public" in may_enter(found, "any")
    assert may_enter(found, "research") is None
    assert all(may_enter(entry("sharegpt", category, PLAIN, consent=c), "any") is None for c in ("synthetic", "written", "licence"))


def test_a_source_built_for_research_stays_out_of_a_mixture_and_of_pairs_for_any_use(tmp_path):
    """Its artifact is valid and lies there, so the rule of the import alone would not keep it out."""
    lines(tmp_path / "sample.jsonl", [dialogue("Sarah"), dialogue("Tom")])
    spoken = import_source(entry("esconv", consent="public"), tmp_path / "spoken", data_root=tmp_path, recipe=recipe().corpus).folder
    lines(tmp_path / "sample.jsonl", [{"prompt": "I cannot sleep.", "chosen": "Since when?", "rejected": "Try harder."}])
    liked = entry("preference", "preference", licence="research")
    paired = import_source(liked, tmp_path / "paired", data_root=tmp_path, recipe=recipe().corpus).folder
    with pytest.raises(CorpusError, match=r"source_conversations/forum: .*consent: public.* corpus.use to research"):
        build_mixture(recipe("corpus.use=any"), {"source_conversations/forum": spoken}, tmp_path / "mixed")
    with pytest.raises(CorpusError, match="source_conversations/liked: licence 'research'"):
        collect_pairs({"source_conversations/liked": paired}, tmp_path / "pairs")
    assert collect_pairs({"source_conversations/liked": paired}, tmp_path / "pairs", use="research").summary.rows == 1


@pytest.mark.parametrize(
    ("category", "consent", "people"),
    [
        ("mental_health", "licence", True),
        ("mental_health", "public", True),
        ("mental_health", "synthetic", False),
        ("supervision", "written", False),
        ("supervision", "public", True),
        ("reasoning", "licence", False),
        ("reasoning", "public", True),
    ],
)
def test_names_go_where_people_speak(category, consent, people):
    assert speaks_of_people(entry("sharegpt", category, PLAIN, consent=consent)) == people


def dialogue(name):
    said = [
        {"speaker": "usr", "text": f"Hi, I'm {name} and I cannot sleep."},
        {"speaker": "sys", "text": "Tell me more.", "strategy": "Others"},
    ]
    return {"dialog": said}


@pytest.mark.parametrize(("consent", "stays"), [("synthetic", True), ("licence", False)])
def test_a_source_is_written_without_the_names_of_its_people(tmp_path, consent, stays):
    lines(tmp_path / "sample.jsonl", [dialogue("Sarah")])
    source = entry("esconv", consent=consent)
    built = import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    again = import_source(source, tmp_path / "again", data_root=tmp_path, recipe=recipe().corpus)
    assert built.summary.figures["pseudonyms_name"] == (0 if stays else 1)
    written = (built.folder / "conversations.parquet").read_bytes()
    assert written == (again.folder / "conversations.parquet").read_bytes()


def test_a_source_whose_licence_does_not_allow_the_use_is_refused_by_name(tmp_path):
    lines(tmp_path / "sample.jsonl", [dialogue("Sarah")])
    source = entry("esconv", licence="CC-BY-NC-4.0")
    with pytest.raises(SourceError, match=r"'sample': licence 'CC-BY-NC-4.0' .* corpus.use to research"):
        import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe("corpus.use=any").corpus)
