"""Judges that agree, disagree, go by position, speak no JSON, or refuse: what becomes of their answers is on record."""

import json
import re

import polars as pl
import pytest

from pixel_core.endpoint import Endpoint
from pixel_core.evaluation import Settings, quality
from pixel_core.evaluation.evaluation import Told, build_answers
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.judges import Exchange, Flow, Panel, Question
from pixel_core.evaluation.judges.flow import SUPPORT
from pixel_core.evaluation.judges.replies import FORMULA, judged_replies
from pixel_core.evaluation.reports.lines import to_text
from pixel_core.evaluation.scorecard import FIGURES, JUDGEMENTS, read_scorecard
from pixel_core.recipe import load_recipe
from tests.endpoint_server import serve_endpoint

FLOW = Flow("small", "1", (Question("kind", "Is it kind?", ends=True), Question("cruel", "Is it cruel?", good=False, red=True)))
EXCHANGES = [Exchange("a", "I lost my job", "That is a hard blow"), Exchange("b", "I lost my job", "Serves you right")]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        yield running


def panel(server, tmp_path, *models, repeats=2):
    judges = tuple(Endpoint(server.url, model, None, backoff=0.001, retries=1) for model in models)
    return Panel(judges, repeats, tmp_path / "kept")


def answers(judges):
    """A server whose models answer by a function of the question, the reply and which answer is named first; True is yes."""

    def answer(body):
        text = body["messages"][1]["content"]
        question = re.search(r"Question: (.+?\?)", text)[1]
        reply = re.search(r"The reply:\n<<<\n(.*?)\n>>>", text, re.DOTALL)[1]
        said = judges[body["model"]](question, reply, "yes or no" in text)
        return said if isinstance(said, str) else json.dumps({"answer": "yes" if said else "no"})

    return answer


def fair(question, reply, _):
    return ("hard blow" in reply) == ("kind" in question)


def test_judges_that_agree_decide_and_a_bad_answer_ends_the_flow(server, tmp_path):
    server.answer = answers({"m": fair, "n": fair})
    verdicts, ratings = panel(server, tmp_path, "m", "n").judge(FLOW, EXCHANGES)
    assert [dict(v.good) for v in verdicts] == [{"kind": True, "cruel": True}, {"kind": False}]
    assert [v.harmful for v in verdicts] == [False, False]
    assert verdicts[0].values == (1, 1, 1, 1)
    assert verdicts[1].values == (1, 0, 0, 0)
    assert [len(found) for found in ratings] == [8, 4]  # two judges, two repeats, and the second question for one of them
    assert {(r.judge, r.repeat) for r in ratings[0]} == {("m", 0), ("m", 1), ("n", 0), ("n", 1)}


def test_every_repeat_is_put_otherwise(server, tmp_path):
    server.answer = answers({"m": fair})
    _, ratings = panel(server, tmp_path, "m", repeats=4).judge(FLOW, EXCHANGES[:1])
    orders = {rating.order for rating in ratings[0] if rating.question == "kind"}
    assert len(orders) == 4
    texts = [received.body["messages"][1]["content"] for received in server.received]
    assert sum(text.startswith("Question") for text in texts) == len(texts) / 2
    assert len({rating.prompt for rating in ratings[0]}) == len(ratings[0])


def test_judges_that_disagree_decide_nothing_and_red_is_then_harmful(server, tmp_path):
    server.answer = answers({"m": lambda *_: True, "n": lambda *_: False})
    verdicts, _ = panel(server, tmp_path, "m", "n").judge(FLOW, EXCHANGES[:1])
    assert dict(verdicts[0].good) == {"kind": None, "cruel": None}
    assert verdicts[0].harmful
    assert not verdicts[0].parsed


@pytest.mark.parametrize("said", ["no idea", '{"answer": "maybe"}', '{"answer": '])
def test_a_judge_without_a_valid_answer_has_no_vote(server, tmp_path, said):
    server.answer = answers({"m": fair, "broken": lambda *_: said})
    verdicts, ratings = panel(server, tmp_path, "m", "broken").judge(FLOW, EXCHANGES)
    assert [v.good["kind"] for v in verdicts] == [True, False]
    broken = [rating for rating in ratings[0] if rating.judge == "broken"]
    assert broken
    assert all(rating.yes is None and rating.failure == "invalid_answer" for rating in broken)


def test_a_refusal_is_kept_and_never_asked_again(server, tmp_path):
    from tests.endpoint_server import says

    server.answer = answers({"m": fair})
    server.then(*[says("", refusal="I do not judge")] * 2)
    first = panel(server, tmp_path, "m").judge(FLOW, EXCHANGES[:1])
    calls = len(server.received)
    assert {rating.failure for rating in first[1][0]} == {"declined", None}
    assert panel(server, tmp_path, "m").judge(FLOW, EXCHANGES[:1]) == first
    assert len(server.received) == calls


def test_one_judge_asked_once_is_no_panel(server, tmp_path):
    with pytest.raises(ValueError, match="two judges"):
        panel(server, tmp_path, "m", repeats=1)
    with pytest.raises(ValueError, match="one name"):
        panel(server, tmp_path, "m", "m")


def test_a_figure_of_uncalibrated_judges_never_stands_for_its_axis():
    with pytest.raises(ValueError, match="no proof"):
        Measure("judged", "mean", "formula", headline=True, uncalibrated=True)


class Speaker:
    """Says the same to everybody."""

    def replies(self, dialogues, part, max_new_tokens):
        return ["That is a hard blow." for _ in dialogues]


def recipe_of(server, *more):
    given = ("use=true", f"base_url={server.url}", "key_variable=null", "models=[m, n]", *more)
    return load_recipe("tiny", ["evaluation.replies=6", *(f"evaluation.judges.{value}" for value in given)]).evaluation


def judged(world, server, out, *more):
    tasks = judged_replies(world.data, recipe_of(server, *more))
    settings = Settings(resamples=20)
    build_answers(Told("run.1", "0" * 64, {}), Speaker, tasks, out, base=None, settings=settings, kind="empathy_evaluation")
    return read_scorecard(out / FIGURES)


def kind(question, reply, _):
    """A judge of the shipped flow to whom all but the formula is good."""
    wanted = next(q for q in SUPPORT.questions if q.text == question)
    return wanted.good == (reply != FORMULA)


@pytest.fixture
def out(world, tmp_path):
    """A place of one's own, and answers that no other test has paid for."""
    import shutil

    shutil.rmtree(world.home / "cache", ignore_errors=True)
    return tmp_path / "empathy"


def test_replies_are_judged_beside_human_ones_and_a_formula(world, server, out):
    server.answer = answers({"m": kind, "n": lambda q, r, first: kind(q, r, first) if first else not kind(q, r, first)})
    card = judged(world, server, out)
    passed = card.figure("judged_passed")
    assert (passed.status, passed.uncalibrated, passed.headline) == ("measured", True, False)
    assert (passed.value, passed.floor) == (1.0, 0.0)
    assert card.figure("human_judged_passed").value == 1.0
    record = card.tasks["judged_support"].judged
    assert record.judges == ("m", "n")
    assert record.repeats == 2
    assert record.dispersion == {"m": 0.0, "n": 1.0}  # n goes by position
    assert record.alpha < 1
    assert record.kappa == {"m | n": 1.0}  # on their first repeats
    assert record.prompts == SUPPORT.digest
    assert not record.calibrated
    shown = to_text(card)
    assert re.search(r"^judged_passed \(uncalibrated\)\s+6\s+1\.000", shown, re.MULTILINE)
    assert "m 0%, n 100%; uncalibrated" in shown
    raw = pl.read_parquet(out / JUDGEMENTS)
    assert raw.height == record.ratings == 6 * 5 * 4
    assert raw["raw"].str.contains("answer").all()
    assert quality.check_answers(out).passed
    calls = len(server.received)
    assert judged(world, server, out.parent / "again") == card
    assert len(server.received) == calls


def test_judges_held_against_people(world, server, out, tmp_path):
    rows = [{"question": "harm", "before": "a post", "reply": FORMULA if n % 2 else f"reply {n}", "yes": bool(n % 2)} for n in range(24)]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("\n".join(map(json.dumps, rows)))
    server.answer = answers({"m": kind, "n": kind})
    card = judged(world, server, out, f"labels={labels}")
    record = card.tasks["judged_support"].judged
    assert (record.human_n, record.human_kappa, record.calibrated) == (24, 1.0, True)
    assert not card.figure("judged_passed").uncalibrated
    assert not card.figure("judged_passed").headline


def test_judges_who_contradict_people_are_not_calibrated(world, server, out, tmp_path):
    rows = [{"question": "harm", "before": "a post", "reply": FORMULA if n % 2 else f"reply {n}", "yes": not n % 2} for n in range(24)]
    labels = tmp_path / "labels.jsonl"
    labels.write_text("\n".join(map(json.dumps, rows)))
    server.answer = answers({"m": kind, "n": kind})
    card = judged(world, server, out, f"labels={labels}")
    assert card.tasks["judged_support"].judged.human_kappa == -1.0
    assert card.figure("judged_passed").uncalibrated


def test_a_malformed_label_is_named(world, server, tmp_path):
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"question": "harm", "before": "a", "reply": "b", "yes": true}\n{"question": "gentle"}\n')
    with pytest.raises(ValueError, match="line 2"):
        judged_replies(world.data, recipe_of(server, f"labels={labels}"))


def test_nobody_judges_by_default(world):
    assert judged_replies(world.data, load_recipe("tiny").evaluation) == ()
