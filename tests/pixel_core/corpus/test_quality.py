import pytest

from pixel_core.artifacts import ArtifactError, Summary, read_manifest
from pixel_core.corpus import build_head_examples, build_mixture, mixture_quality, quality, scenario_quality
from tests.broken.corpus import SCENARIOS, edge_cases, first, heads, mixture, rewrite, saying, source
from tests.broken.sealing import seal
from tests.pixel_core.corpus.worlds import recipe, sources


def test_sound_artifacts_pass_every_check(tmp_path):
    folder, mixed = heads(tmp_path), tmp_path / "artifacts" / "training_mixture"
    answers = [
        mixture_quality.check_wanted_versus_got(mixed),
        mixture_quality.check_splits(mixed),
        mixture_quality.check_clinical_coverage(mixed),
        mixture_quality.check_leakage(mixed),
        quality.check_label_values(mixed),
        mixture_quality.check_head_examples(folder),
        mixture_quality.check_head_coverage(folder, mixed),
        mixture_quality.check_head_leakage(folder, mixed),
        quality.check_label_values(folder),
        quality.check_source_accounts(source(tmp_path)),
        quality.check_contact_data(source(tmp_path)),
        scenario_quality.check_edge_cases(edge_cases(tmp_path)),
    ]
    assert SCENARIOS.is_file()
    assert not [str(answer) for answer in answers if answer.failed]


@pytest.mark.parametrize("check", ["check_source_accounts", "check_contact_data", "check_label_values"])
def test_a_check_begins_with_the_manifest(tmp_path, check):
    folder = source(tmp_path)
    (folder / "conversations.parquet").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="differs from its manifest"):
        getattr(quality, check)(folder)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Mail anna@mail.test now.", "email"),
        ("See https://mail.test/x now.", "link"),
        ("See www.mail.test now.", "link"),
        ("Ring 415-867-5309 now.", "phone"),
        ("I post there as @night_owl77, ask me.", "handle"),
        ("It was u/quietriver who wrote it.", "handle"),
        ("We moved to 14 Elm Park Road in May.", "address"),
        ("My case is QX-1234567, they said.", "account"),
    ],
)
def test_contact_data_that_slipped_through_are_counted_by_kind_and_not_quoted(tmp_path, text, kind):
    folder = source(tmp_path)
    rewrite(folder / "conversations.parquet", first(saying(text)))
    [finding] = quality.check_contact_data(folder).failed
    assert finding.reasons == {kind: 1}
    assert "test" not in str(finding)


@pytest.mark.parametrize("said", ["My sister Sarah left us.", "Dr. Oyelowo saw me.", "hi, my name is kevin"])
def test_names_that_slipped_through_are_counted_where_people_are_real(tmp_path, said):
    folder = source(tmp_path, consent="licence")
    assert quality.check_contact_data(folder).passed
    rewrite(folder / "conversations.parquet", first(saying(said)))
    [finding] = quality.check_contact_data(folder).failed
    assert (finding.name, finding.reasons) == ("texts with names of people", {"name": 1})
    invented = source(tmp_path / "invented")
    rewrite(invented / "conversations.parquet", first(saying(said)))
    assert quality.check_contact_data(invented).passed, "in texts that somebody made up names are nobody's"


@pytest.mark.parametrize(
    "text",
    [
        "contact1@example.org and https://example.org/2",
        "200-555-0101",
        "Call 800-273-8255 (800-273-8255).",
        "@user1 and u/user2 told @everyone.",
        "It stands at 3 Example Street, ID-00001.",
        "Rated F32.1 on the PHQ-9, at 5 Main points.",
    ],
)
def test_pseudonyms_and_helplines_are_no_contact_data(tmp_path, text):
    folder = source(tmp_path)
    rewrite(folder / "conversations.parquet", first(saying(text)))
    assert quality.check_contact_data(folder).passed


@pytest.mark.parametrize(("figure", "value"), [("read", 9), ("merged", 1), ("rows_read", 9), ("rows_folded", 2)])
def test_figures_that_do_not_add_up_fail(tmp_path, figure, value):
    folder = source(tmp_path)
    summary = read_manifest(folder).summary
    seal(folder, Summary(summary.rows, summary.rejects, dict(summary.figures) | {figure: value}))
    assert not quality.check_source_accounts(folder).passed


def test_head_examples_of_another_mixture_fail(tmp_path):
    folder, mixed = heads(tmp_path), tmp_path / "artifacts" / "training_mixture"
    assert mixture_quality.check_head_leakage(folder, mixed).passed
    other = build_mixture(recipe("seed=21"), sources(tmp_path / "artifacts"), tmp_path / "other").folder
    for check in (mixture_quality.check_head_leakage, mixture_quality.check_head_coverage):
        assert "mixture that the head examples rest on" in {f.name for f in check(folder, other).failed}


def test_a_redistributed_mixture_may_differ_by_category_but_not_in_size(tmp_path):
    shares = ("corpus.shares.reasoning=0.65", "corpus.shares.psychology=0", "corpus.shares.voice=0.05", "corpus.deficit=redistribute")
    folder = build_mixture(recipe(*shares), sources(tmp_path / "world"), tmp_path / "mixture").folder
    assert mixture_quality.check_wanted_versus_got(folder).passed
    rewrite(folder / "train.parquet", lambda rows: rows[1:])
    assert {"conversations of the files, as stated", "train conversations beside those wanted"} <= {
        f.name for f in mixture_quality.check_wanted_versus_got(folder).failed
    }


def test_a_repeated_mixture_passes_its_checks(tmp_path):
    shares = ("corpus.shares.reasoning=0.40", "corpus.shares.psychology=0.05", "corpus.deficit=repeat", "corpus.repeat_cap=2")
    world = sources(tmp_path / "world")
    folder = build_mixture(recipe(*shares), world, tmp_path / "mixture").folder
    for check in (
        mixture_quality.check_wanted_versus_got,
        mixture_quality.check_splits,
        mixture_quality.check_leakage,
        mixture_quality.check_clinical_coverage,
    ):
        assert check(folder).passed, check(folder)
    assert mixture_quality.check_head_examples(build_head_examples(world, folder, tmp_path / "heads").folder).passed


def test_each_split_draws_as_many_clinical_classes_as_it_has_room_for(tmp_path):
    found = {f.name: f for f in mixture_quality.check_clinical_coverage(mixture(tmp_path)).items}
    assert found["train clinical classes drawn"].observed == "5"
    assert found["test clinical classes drawn"].expected == ">= 3"
