"""EQ-Bench asked as a task: by both conventions what the scorer says, with the best constant as floor."""

import json
import random

import pytest

from pixel_core.evaluation import score_eq_bench
from pixel_core.evaluation.asking import ask, ask_all
from pixel_core.evaluation.eq.eq_bench import reference_of
from pixel_core.evaluation.eq.eq_bench_task import eq_bench
from pixel_core.evaluation.evaluation import Settings, Told, figures_of, record
from pixel_core.evaluation.items import ItemError
from tests.pixel_core.evaluation.unseen import DATA
from tests.pixel_core.evaluation.world import speech

NAMES = ("Calm", "Angry", "Sad", "Proud", "Relieved", "Jealous")


def question(number):
    drawn = random.Random(f"eq-bench:{number}")
    names = drawn.sample(NAMES, 4)
    reference = {f"emotion{k}": name for k, name in enumerate(names, 1)}
    scores = {f"emotion{k}_score": drawn.choice([0, 1, 2, 6, 9]) for k in range(1, 5)}
    return {"prompt": f"What is felt? {speech(f'prompt:{number}', 20)}", "reference_answer_fullscale": reference | scores}


QUESTIONS = {str(n): question(n) for n in range(1, 25)}


@pytest.fixture
def path(tmp_path):
    (tmp_path / "questions.json").write_text(json.dumps(QUESTIONS))
    return tmp_path / "questions.json"


class Says:
    """Replies to every question by a function of it."""

    def __init__(self, task, reply):
        self._replies = {question.turns: reply(question) for question in task.questions}

    def replies(self, dialogues, part, max_new_tokens):
        return [self._replies[tuple(dialogue)] for dialogue in dialogues]


def form(question, first, revised=None):
    def told(number):
        return "\n".join(f"{name}: {number(question.truth[k])}" for k, name in enumerate(question.choices))

    behind = "" if revised is None else f"\nRevised scores:\n{told(revised)}"
    return f"First pass scores:\n{told(first)}\nCritique: none.{behind}"


def right(value):
    return round(value)


def figures(path, reply):
    task = eq_bench(DATA, path)
    return {f.name: f for f in figures_of([task], ask([task], Says(task, reply)), Settings(resamples=100))}


def test_given_the_answers_it_is_100_by_both_conventions(path):
    found = figures(path, lambda question: question.right[0])
    assert [found[name].value for name in ("eq_bench", "eq_bench_original")] == [pytest.approx(100)] * 2
    assert found["eq_bench"].skill == pytest.approx(1)
    assert found["eq_bench_parsed"].value == 1
    assert found["eq_bench"].n == 24


def test_the_floor_is_the_best_constant_and_saying_it_scores_it(path):
    answers = {key: reference_of(q) for key, q in QUESTIONS.items()}
    floor = score_eq_bench(answers, QUESTIONS).floor
    best = max(range(11), key=lambda n: score_eq_bench({k: dict.fromkeys(a, n) for k, a in answers.items()}, QUESTIONS).harness)
    found = figures(path, lambda question: form(question, lambda _: best))
    for name in ("eq_bench", "eq_bench_original"):
        assert found[name].floor == found[name].value == pytest.approx(floor, abs=1e-5)
        assert found[name].skill == pytest.approx(0, abs=1e-6)


def test_random_intensities_do_not_beat_the_floor(path):
    for seed in range(3):
        drawn = random.Random(f"random:{seed}")
        found = figures(path, lambda question, drawn=drawn: form(question, lambda _: drawn.randint(0, 10)))
        assert found["eq_bench"].low < found["eq_bench"].floor


def test_the_revised_pass_counts_for_the_whole_run_or_not_at_all(path):
    better = figures(path, lambda question: form(question, lambda _: 3, right))
    worse = figures(path, lambda question: form(question, right, lambda _: 10))
    assert better["eq_bench_original"].value == worse["eq_bench_original"].value == pytest.approx(100)
    mixed = figures(path, lambda question: form(question, right if question.truth[0] > 2 else lambda _: 3, lambda _: 4))
    assert mixed["eq_bench_original"].value < 100


def some(share):
    return lambda question: question.right[0] if int(question.item) > 24 * share else "I cannot say."


def test_unparsed_replies_are_left_out_by_one_convention_and_count_zero_by_the_other(path):
    found = figures(path, some(0.125))
    assert found["eq_bench_original"].value == pytest.approx(100)
    assert found["eq_bench"].value == pytest.approx(87.5)
    assert (found["eq_bench_parsed"].value, found["eq_bench"].unparsed) == (0.875, 3)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_run_that_is_mostly_unparsed_fails_the_original_convention(path, share):
    found = figures(path, some(share))
    assert found["eq_bench_original"].value == 0
    assert found["eq_bench"].value == pytest.approx(100 * (1 - share))
    assert all(found[name].low <= found[name].value <= found[name].high for name in found)


def test_the_artifact_keeps_replies_and_answers_and_stands_beside_a_base_that_parsed_less(path, tmp_path):
    task = eq_bench(DATA, path)
    base, later = ask_all([task], Says(task, some(0.5))), ask_all([task], Says(task, some(0.125)))
    for name in ("base", "later"):
        (tmp_path / name).mkdir()
    settings = Settings(resamples=50)
    record(tmp_path / "base", [task], base, Told("run.0", "0" * 64, {}), settings=settings, base=tmp_path / "base")
    card = record(tmp_path / "later", [task], later, Told("run.4", "1" * 64, {}), settings=settings, base=tmp_path / "base")
    assert card.figure("eq_bench").difference.value == pytest.approx(37.5)
    assert card.figure("eq_bench_original").difference.value == pytest.approx(100)
    rows = later.items.filter(~later.items["parsed"])
    assert rows.height == 3
    assert rows["answer"].null_count() == 3
    assert set(rows["reply"]) == {"I cannot say."}
    assert all(value <= 0 for row in rows["prediction"] for value in row), "nothing of an unparsed answer counts as right"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"prompt": " "}, "the prompt is empty"),
        ({"prompt": 7}, "AttributeError"),
        ({"reference_answer_fullscale": {}}, "KeyError"),
        ({"reference_answer_fullscale": question(3)["reference_answer_fullscale"] | {"emotion2_score": "much"}}, "ValueError"),
        (
            {"reference_answer_fullscale": {f"emotion{k}": "Calm" for k in range(1, 5)} | {f"emotion{k}_score": k for k in range(1, 5)}},
            "one name",
        ),
    ],
)
def test_a_malformed_question_is_named(change, fault, tmp_path):
    (tmp_path / "q.json").write_text(json.dumps({"1": question(1), "2": question(2) | change}))
    with pytest.raises(ItemError, match=f"q.json question '2': .*{fault}"):
        eq_bench(DATA, tmp_path / "q.json")


@pytest.mark.parametrize("content", ["[]", "{}", "{"])
def test_a_file_that_holds_no_questions_is_named(content, tmp_path):
    (tmp_path / "q.json").write_text(content)
    with pytest.raises(ItemError, match=r"q\.json.*name eq_bench_v2_questions_171\.json"):
        eq_bench(DATA, tmp_path / "q.json")
    with pytest.raises(ItemError, match="cannot be read"):
        eq_bench(DATA, tmp_path / "none.json")


@pytest.mark.reference
def test_a_recorded_run_replayed_as_a_checkpoint_scores_its_published_score(reference):
    folder = reference / "eq_bench"
    for recorded in sorted((folder / "results").glob("*.json")):
        run = json.loads(recorded.read_text())
        raw = {key.zfill(3): text for key, text in run["raw_results"]["1"]["raw_inference"].items()}
        found = figures(folder / "eq_bench_v2_questions_171.json", lambda question, raw=raw: raw.get(question.item, ""))
        assert found["eq_bench_original"].value == pytest.approx(run["benchmark_score"], abs=0.1), recorded.name
        assert round(found["eq_bench"].floor, 2) == 38.89
        assert found["eq_bench_original"].low < found["eq_bench_original"].value < found["eq_bench_original"].high
