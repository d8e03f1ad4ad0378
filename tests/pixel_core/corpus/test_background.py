"""Retrieved knowledge in front of training rows, with a function that answers from a fixed note."""

import polars as pl
import pytest

from pixel_core.artifacts import tree_digest
from pixel_core.conversation import Evidence, Provenance, Turn, read_conversations, validate
from pixel_core.corpus import Background, build_mixture, mixture_quality
from pixel_core.corpus.background import SOURCE
from pixel_core.corpus.population import CorpusError
from tests.pixel_core.corpus.worlds import recipe, sources, wording

SHARE = "corpus.knowledge_share=0.1"
WANTED = round(0.1 * round(100 * recipe().corpus.splits["train"]))


def note(query, text="Sleep that does not come is called insomnia."):
    place = Provenance(SOURCE, "knowledge/sleep.md", "Insomnia", "CC0-1.0", "written", "retrieval 1")
    return Turn("system", "other", f"Background:\n{text} ({query[:4]})", evidence=(Evidence("knowledge/sleep.md", 0, 44),)), place


def mixture(root, *overrides, ask=note, digest="a"):
    world = sources(root / "world")
    return build_mixture(recipe(SHARE, *overrides), world, root / "mixture", background=Background(lambda: digest, lambda: ask))


def rows(built, split):
    return read_conversations(built.folder / f"{split}.parquet")


def has_note(row):
    return any(place.source == SOURCE for place in row.provenance)


def test_the_wanted_share_of_train_begins_with_knowledge_that_is_not_learnt(tmp_path):
    built = mixture(tmp_path)
    given = [row for row in rows(built, "train") if has_note(row)]
    assert len(given) == WANTED == built.summary.figures["rows_with_knowledge"]
    for row in given:
        validate(row)
        assert (row.turns[0].role, row.turns[0].learn) == ("system", False)
        assert row.turns[0].evidence[0].uri == "knowledge/sleep.md"
        assert row.turns[0].content.endswith(f"({row.turns[1].content[:4]})")
    assert mixture_quality.check_wanted_versus_got(built.folder).passed
    assert mixture_quality.check_leakage(built.folder).passed


def test_everything_else_stays_as_it_was(tmp_path):
    built = mixture(tmp_path)
    plain = build_mixture(recipe(), sources(tmp_path / "world"), tmp_path / "plain")
    for split in ("validation", "test"):
        assert (built.folder / f"{split}.parquet").read_bytes() == (plain.folder / f"{split}.parquet").read_bytes()
    said = {tuple(turn.content for turn in row.turns if turn.role != "system") for row in rows(built, "train")}
    assert said == {tuple(turn.content for turn in row.turns) for row in rows(plain, "train")}
    assert pl.read_parquet(built.folder / "train.parquet")["id"].is_sorted()


def test_rows_whose_class_a_passage_could_tell_get_none(tmp_path):
    given = [row for row in rows(mixture(tmp_path, "corpus.knowledge_share=1.0"), "train") if has_note(row)]
    assert given
    assert not any(label.head == "clinical" for row in given for _, label in row.labels)
    assert {row.category for row in given} == {"mental_health"}


def test_fewer_rows_than_wanted_are_a_warning(tmp_path):
    findings = mixture_quality.check_wanted_versus_got(mixture(tmp_path, "corpus.knowledge_share=1.0").folder)
    assert findings.passed
    assert [f.name for f in findings.failed] == ["rows with retrieved knowledge of those wanted"]


def test_a_sentence_of_a_held_out_row_is_not_shown_in_train(tmp_path):
    plain = mixture(tmp_path)
    secret = rows(plain, "test")[0].turns[0].content
    assert len(secret.split()) == len(wording(0).split())
    built = build_mixture(
        recipe(SHARE),
        sources(tmp_path / "world"),
        tmp_path / "other",
        background=Background(lambda: "b", lambda: lambda query: (Turn("system", "other", f"Background:\n{secret}"), note(query)[1])),
    )
    assert built.summary.figures["rows_with_knowledge"] == 0


def test_queries_that_nothing_answers_are_passed_over(tmp_path):
    asked = []
    built = mixture(tmp_path, ask=lambda query: asked.append(query) or (note(query) if len(asked) > 3 else None))
    assert len(asked) == 3 + WANTED
    assert built.summary.figures["rows_with_knowledge"] == WANTED


def test_the_same_index_gives_the_same_bytes_and_another_one_builds_again(tmp_path):
    first = mixture(tmp_path)
    before = tree_digest(first.folder)
    assert mixture(tmp_path).skipped
    again = mixture(tmp_path, digest="another")
    assert not again.skipped
    (first.folder / "manifest.json").unlink()
    assert tree_digest(mixture(tmp_path).folder) == before


def test_a_share_without_an_index_is_an_error_with_the_remedy(tmp_path):
    with pytest.raises(CorpusError, match=r"corpus\.knowledge_share = 0\.1 needs the knowledge index: build it, or set the share to 0"):
        build_mixture(recipe(SHARE), sources(tmp_path / "world"), tmp_path / "mixture")
