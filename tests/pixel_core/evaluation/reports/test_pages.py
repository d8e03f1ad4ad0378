"""The reports: pages that load nothing, tables that say it all, and pairs that are those of `compare`."""

import json
import random
import re
import shutil
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from pixel_core.artifacts import read_manifest
from pixel_core.conversation import Turn
from pixel_core.evaluation import build_leaderboard, compare, quality
from pixel_core.evaluation.asking import ITEM_SCHEMA, ask
from pixel_core.evaluation.clinical.tasks import RankedClasses
from pixel_core.evaluation.clinical.vignettes import CLASSES, class_names, families, measures_of, question_of
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import read_vignettes
from pixel_core.evaluation.measuring import Rows, difference_of
from pixel_core.evaluation.ranking.leaderboard import LEADERBOARD
from pixel_core.evaluation.ranking.leaderboard import REPORT as BOARD_REPORT
from pixel_core.evaluation.reports import quality as report_quality
from pixel_core.evaluation.reports.board import payload_of
from pixel_core.evaluation.reports.charts import calibration, confusion, forest, radar
from pixel_core.evaluation.reports.outcomes import changes
from pixel_core.evaluation.reports.page import Page, Row, table
from pixel_core.evaluation.scorecard import ITEMS, REPORT, SCORECARD, read_scorecard
from pixel_core.evaluation.statistics.curves import NONE, Bin, Curve, calibration_curves, family_confusion
from pixel_core.evaluation.statistics.draws import pairs, read_draws
from tests.broken.evaluation import KEY, scorecard
from tests.broken.sealing import seal
from tests.pixel_core.evaluation.scripted import Guessing
from tests.pixel_core.evaluation.world import ROOT

RUN = KEY.partition(".")[0]
BASE, LATER = f"{RUN}.0", f"{RUN}.4"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Scorecards of two who guess, and a leaderboard of them."""
    home = tmp_path_factory.mktemp("reports")
    for key in (BASE, LATER):
        scorecard(home, key)
    artifacts = home / "artifacts"
    build_leaderboard(artifacts / "scorecard", artifacts / "leaderboard")
    return artifacts


def data_of(path):
    """What the scripts of a page read."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text()).group(1))


def test_both_reports_are_whole_and_hold_plotly_once(home):
    for folder, name, check in (
        (home / "scorecard" / LATER, REPORT, report_quality.check_report),
        (home / "leaderboard", BOARD_REPORT, report_quality.check_board_report),
    ):
        found = check(folder)
        assert found.passed, str(found)
        text = (folder / name).read_text()
        assert text.count("* plotly.js v") == 1
        assert 4_000_000 < len(text.encode()) < 8_000_000
        assert "<noscript>" in text


@pytest.mark.parametrize(
    ("markup", "finding"),
    [
        ('<img src="https://example.org/a.png">', "references to elsewhere"),
        ('<link rel="stylesheet" href="a.css">', "references to elsewhere"),
        ('<p style="background: url(//example.org/a.png)">', "styles that load something"),
        ('<p onclick="alert(1)">', "handlers in the markup"),
        ("<script>alert(1)</script>", "scripts that the policy does not name"),
    ],
)
def test_what_would_reach_out_or_run_is_found(home, tmp_path, markup, finding):
    folder = tmp_path / "leaderboard"
    shutil.copytree(home / "leaderboard", folder)
    text = (folder / BOARD_REPORT).read_text()
    (folder / BOARD_REPORT).write_text(text.replace("</main>", f"{markup}</main>"))
    seal(folder)
    assert finding in [found.name for found in report_quality.check_board_report(folder).failed]


def test_text_from_outside_stays_text():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)> & \"'"
    page = Page(evil)
    page.text(evil)
    page.html(table(evil, (evil, evil), [Row(evil, [evil])]))
    page.data["board"] = {"name": evil}
    text = page.render()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert data_of_text(text)["board"]["name"] == evil


def data_of_text(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text).group(1))


def test_no_text_of_an_item_or_reply_stands_in_the_leaderboards_report(home):
    replies = pl.concat(pl.read_parquet(home / "scorecard" / key / ITEMS) for key in (BASE, LATER))["reply"].drop_nulls().unique()
    shown = (home / "leaderboard" / BOARD_REPORT).read_text() + read_manifest(home / "leaderboard").to_json()
    assert not [text for text in replies if len(text) > 20 and text in shown]


def test_the_same_scorecards_give_the_same_bytes(home, tmp_path):
    again = build_leaderboard(home / "scorecard", tmp_path / "leaderboard")
    assert again.manifest == read_manifest(home / "leaderboard")


def test_the_pairs_in_the_page_are_those_of_compare(home):
    board = data_of(home / "leaderboard" / BOARD_REPORT)["board"]
    names = [board["checkpoints"][at] for at in board["compared"]]
    assert names == [BASE, LATER]
    place = {figure["name"]: k for k, figure in enumerate(board["figures"])}
    wanted = {d.figure: d for d in compare(home / "scorecard" / BASE, home / "scorecard" / LATER)}
    assert wanted
    assert all(board["pairs"][place[name]] is not None for name in wanted)
    for name, difference in wanted.items():
        (found,) = board["pairs"][place[name]]
        assert found == pytest.approx([difference.value, difference.low, difference.high], abs=2e-4 * max(1, abs(difference.value)))
    assert names[board["first"]] != names[board["second"]]


def test_other_items_are_not_paired(home):
    drawn = [read_draws(home / "scorecard" / key) for key in (BASE, LATER)]
    value, _, draws = drawn[1]["eq_overall"]
    drawn[1]["eq_overall"] = (value, "other", draws)
    assert pairs("eq_overall", drawn) == [None]
    assert pairs("nothing", drawn) == [None]
    assert len(pairs("eq_overall", [*drawn, *drawn])) == len(list(combinations(range(4), 2)))


def test_every_item_outcome_is_that_of_the_rows(home):
    folder = home / "scorecard"
    rows = pl.read_parquet(folder / LATER / ITEMS).filter(pl.col("task") == "eq_items")
    cards = {key: read_scorecard(folder / key / SCORECARD) for key in (BASE, LATER)}
    board = payload_of(pl.read_parquet(home / "leaderboard" / LEADERBOARD), cards, folder, [])
    task = next(task for task in board["tasks"] if task["task"] == "eq_items")
    hits = dict(zip(rows["item"], rows["prediction"].list.first(), strict=True))
    assert dict(zip(task["items"], task["values"][1], strict=True)) == hits
    counted = next(c for c in changes(*(pl.read_parquet(folder / k / ITEMS) for k in (LATER, BASE)), cards[LATER]) if c.task == "eq_items")
    assert counted.n == rows.height
    assert counted.better - counted.worse == round(sum(task["values"][1]) - sum(task["values"][0]))


def test_plotly_knows_every_word_of_the_charts(home):
    import plotly.graph_objects as objects

    card = read_scorecard(home / "scorecard" / LATER / SCORECARD)
    measured = [figure for figure in card.figures if figure.value is not None]
    curve = Curve((Bin(0.1, 0.2, 0.1, 0.3, 9), Bin(0.8, 0.6, 0.4, 0.7, 5)), 0.3)
    drawn = [
        forest(measured),
        radar({f.name: f for f in measured[:5]}),
        calibration({"crisis": curve}),
        confusion("ab", "abc", [[1, 2, 0], [0, 0, 0]]),
    ]
    for chart in drawn:
        assert objects.Figure(data=chart["data"], layout=chart["layout"]).data  # raises ValueError for a key or value it does not know


def answers(truth, said):
    """Rows of a yes-or-no head."""
    names, column = [str(n) for n in range(len(said))], np.array(said)[:, None]
    decided, half = (column >= 0.5).astype(float), np.full_like(column, 0.5)
    return Rows(names, names, [set()] * len(said), np.ones(len(said)), np.array(truth)[:, None], decided, column, half * 0, half, names)


def test_a_calibrated_head_lies_on_the_diagonal_and_a_sure_one_off_it():
    draw = random.Random("calibration")
    said = [draw.random() for _ in range(4000)]
    truth = [float(draw.random() < probability) for probability in said]
    curve = calibration_curves({"appropriateness_head": answers(truth, said)})["appropriateness"]
    assert sum(tenth.n for tenth in curve.bins) == len(said)
    assert sum(tenth.low <= tenth.said <= tenth.high for tenth in curve.bins) >= 8
    assert curve.floor == 0.5
    (off,) = calibration_curves({"appropriateness_head": answers([0.0] * 40, [0.99] * 40)})["appropriateness"].bins
    assert (off.observed, off.n) == (0, 40)
    assert off.high < 0.9


def test_families_are_counted_where_the_rows_say_both():
    wide = CLASSES + len(class_names())

    def row(item, tags, answer, *, parsed=True, task="vignettes_text", width=wide):
        columns = {name: [0.0] * width for name in ("truth", "prediction", "scores", "floor", "floor_scores")}
        return {"task": task, "item": item, "group": item, "tags": tags, **columns, "parsed": parsed, "answer": answer, "reply": "said"}

    rows = [
        row("a", ["code:F32"], "F41.1"),
        row("b", ["code:F32"], "F32"),
        row("c", ["code:none"], "F32"),
        row("d", ["code:F41.1"], None, parsed=False),
        row("a", ["code:F32"], None, parsed=False, task="assessments", width=7),  # four lines of text that name no class
    ]
    (found,) = family_confusion(pl.DataFrame(rows, schema=ITEM_SCHEMA)).values()
    counts = {
        (true, named): n
        for true, line in zip(found.families, found.counts, strict=True)
        for named, n in zip(found.named, line, strict=True)
        if n
    }
    assert counts == {
        ("Depressive Disorders", "Anxiety Disorders"): 1,
        ("Depressive Disorders", "Depressive Disorders"): 1,
        ("no disorder", "Depressive Disorders"): 1,
        ("Anxiety Disorders", "unparsed"): 1,
    }
    assert family_confusion(pl.DataFrame([row("a", [], "F32")], schema=ITEM_SCHEMA)) == {}


def test_the_page_counts_families_as_the_table_beneath_the_figures_does():
    vignettes = read_vignettes(ROOT / "data" / "scenarios")
    asked = tuple(question_of(v, (Turn("user", "other", v.text),)) for v in vignettes)
    task = RankedClasses(name="vignettes_choice", axis="clinical", version="1", questions=asked, measures=measures_of("v", "random"))
    items = ask([task], Guessing([task]))
    table = task.tables(items)["families"]
    found = family_confusion(items)["vignettes_choice"]
    named = {NONE if name == "none" else name: name for name in families().values()}
    for true, line in zip(found.families, found.counts, strict=True):
        own = table.filter(pl.col("family") == named[true])
        assert dict(zip(own["answered"], own["n"], strict=True)) == {
            named[n]: count for n, count in zip(found.named, line, strict=True) if count
        }
    assert sum(map(sum, found.counts)) == table["n"].sum() > len(vignettes)


def test_a_statistic_that_these_items_do_not_have_is_no_number():
    ill = [v for v in read_vignettes(ROOT / "data" / "scenarios") if v.codes][:12]  # nobody well: no pair to tell apart
    asked = tuple(question_of(v, (Turn("user", "other", v.text),)) for v in ill)
    task = RankedClasses(name="vignettes_choice", axis="clinical", version="1", questions=asked, measures=measures_of("v", "random"))
    rows = ask([task], Guessing([task]))
    found = {figure.name: figure for figure in figures_of([task], rows, Settings(resamples=20))}
    detection = found["v_detection_auc"]
    assert (detection.status, detection.value, detection.n) == ("no items", None, 0)
    own = Rows.of(rows, "vignettes_choice")
    assert difference_of(detection.measure, own, own, count=20, seed="0") is None
    assert found["v_top1"].status == "measured"


def test_a_broken_scorecard_is_named_in_the_report(home, tmp_path):
    shutil.copytree(home / "scorecard", tmp_path / "scorecard")
    (tmp_path / "scorecard" / BASE / SCORECARD).write_text("{}")
    folder = build_leaderboard(tmp_path / "scorecard", tmp_path / "leaderboard").folder
    assert quality.check_leaderboard(folder, tmp_path / "scorecard").passed
    assert report_quality.check_board_report(folder).passed
    assert f'<th scope="row">{BASE}</th>' in (folder / BOARD_REPORT).read_text()
