"""EQ-Bench v2 by both conventions, against the recorded runs where the reference data are there."""

import json

import pytest

from pixel_core.evaluation import choose_pass, score_eq_bench
from pixel_core.evaluation.eq.eq_bench import parse_answer, parse_passes, reference_of

NAMES = ("Calm", "Angry", "Sad", "Proud")


def question(*intensities):
    reference = {f"emotion{k}": name for k, name in enumerate(NAMES, 1)}
    return {"reference_answer_fullscale": reference | {f"emotion{k}_score": value for k, value in enumerate(intensities, 1)}}


QUESTIONS = {"1": question(0, 5, 9, 2), "2": question(3, 3, 3, "3"), "3": question(10, 0, 0, 1)}
RIGHT = {key: reference_of(q) for key, q in QUESTIONS.items()}


def test_the_reference_itself_scores_100():
    score = score_eq_bench(RIGHT, QUESTIONS)
    assert score.original == score.harness == pytest.approx(100)
    assert score.parsed == 1
    assert score.interval == pytest.approx((100, 100))


def test_the_formula_item_by_item():
    answer = {"1": {"Calm": 2, "Angry": 5, "Sad": 1, "Proud": 2}}  # two off costs little, eight off costs eight
    penalty = 6.5 / (1 + 2.718281828459045**2.4) + 8
    assert score_eq_bench(answer, {"1": QUESTIONS["1"]}).harness == pytest.approx(10 * (10 - 0.7477 * penalty))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Calm": 1, "Angry": 2, "Sad": 3},
        {"calm": 0, "Angry": 5, "Sad": 9, "Proud": 2},
        {"Calm": 0, "Angry": 5, "Sad": 9, "Proud": "much"},
        {"Calm": 0, "Angry": 5, "Sad": 9, "Proud": float("nan")},
        {"Calm": 0, "Angry": 5, "Sad": 9, "Proud": 2, "Happy": 1},
    ],
)
def test_an_unparsed_answer_counts_nothing_here_and_zero_there(answer):
    many = {str(n): QUESTIONS["1"] for n in range(10)}
    answers = dict.fromkeys(many, RIGHT["1"]) | {"0": answer}
    score = score_eq_bench(answers, many)
    assert score.original == pytest.approx(100)
    assert score.harness == pytest.approx(90)
    assert score.parsed == 0.9


def test_a_run_that_is_mostly_unparsed_fails_the_original_convention():
    score = score_eq_bench({"1": RIGHT["1"], "2": RIGHT["2"]}, QUESTIONS)
    assert score.original is None
    assert score.harness == pytest.approx(200 / 3)


def test_an_answer_to_no_question_is_an_error():
    with pytest.raises(ValueError, match="'9'"):
        score_eq_bench({"9": {}}, QUESTIONS)
    with pytest.raises(ValueError, match="no questions"):
        score_eq_bench({}, {})


def test_the_floor_is_the_best_constant():
    floor = score_eq_bench(RIGHT, QUESTIONS).floor
    constants = [score_eq_bench({k: dict.fromkeys(NAMES, n) for k in QUESTIONS}, QUESTIONS).harness for n in range(11)]
    assert floor == pytest.approx(max(constants))


def test_the_revised_pass_counts_when_it_is_no_worse_and_parsed():
    worse = {key: dict.fromkeys(NAMES, 9) for key in QUESTIONS}
    assert choose_pass(worse, RIGHT, QUESTIONS) is RIGHT
    assert choose_pass(RIGHT, worse, QUESTIONS) is RIGHT
    few = {"1": RIGHT["1"]}
    assert choose_pass(worse, few, QUESTIONS) is worse


def test_a_reply_is_parsed_only_with_exactly_the_names_asked_for():
    names = set(NAMES)
    assert parse_answer("Calm: 1\nAngry: 2\nSad: 10\nProud: 0", names) == {"Calm": 1, "Angry": 2, "Sad": 10, "Proud": 0}
    assert parse_answer("calm: 1\nAngry: 2\nSad: 10\nProud: 0", names) is None
    assert parse_answer("Calm: 1\nAngry: 2\nSad: 10", names) is None
    assert parse_answer("Calm: 1\nAngry: 2\nSad: 10\nProud: 0\nHappy: 3", names) is None
    assert parse_answer("Calm: 1\nAngry: 2\nSad: 10\nProud: 0\nCalm: 4", names) == {"Calm": 4, "Angry": 2, "Sad": 10, "Proud": 0}
    assert parse_answer("", names) is None


def lines(*numbers):
    return "\n".join(f"{name}: {number}" for name, number in zip(NAMES, numbers, strict=True))


@pytest.mark.parametrize(
    ("reply", "first", "revised"),
    [
        (f"First pass scores:\n{lines(1, 2, 3, 4)}\n\nCritique: too mild.\n\nRevised scores:\n{lines(2, 3, 4, 5)}\n[End]", 1, 2),
        (f"**First pass scores:**\n{lines(1, 2, 3, 4)}\n## Critique: fine.", 1, None),
        (f"Critique: none.\nRevised scores:\n{lines(2, 3, 4, 5)}", None, 2),
        (f"First pass scores:\nCalm: 1\nCritique: x\nRevised scores:\n{lines(2, 3, 4, 5)}", None, 2),
        (lines(1, 2, 3, 4), 1, None),
        (f"First pass scores:\n{lines(1, 2, 3, 4)}", None, None),
        ("I would rather not say.", None, None),
    ],
    ids=["both", "cut after the critique", "no first pass", "first pass incomplete", "no headings", "cut in the first pass", "no answer"],
)
def test_both_passes_are_read_from_a_reply(reply, first, revised):
    found = parse_passes(reply.replace("[End]", "[End of answer]"), set(NAMES))
    assert [one and one["Calm"] for one in found] == [first, revised]


@pytest.mark.reference
def test_answering_three_to_everything_scores_the_published_floor(reference):
    questions = json.loads((reference / "eq_bench" / "eq_bench_v2_questions_171.json").read_text())
    threes = {key: dict.fromkeys(reference_of(q), 3) for key, q in questions.items()}
    score = score_eq_bench(threes, questions)
    assert round(score.original, 2) == round(score.floor, 2) == 38.89


@pytest.mark.reference
def test_recorded_runs_re_score_to_their_published_score(reference):
    folder = reference / "eq_bench"
    questions = json.loads((folder / "eq_bench_v2_questions_171.json").read_text())
    recorded = sorted((folder / "results").glob("*.json"))
    assert len(recorded) == 6
    for path in recorded:
        run = json.loads(path.read_text())
        answers = run["raw_results"]["1"]["respondent_answers"]
        raw = run["raw_results"]["1"]["raw_inference"]
        read = {key: parse_passes(text, set(reference_of(questions[key]))) for key, text in raw.items()}
        own = choose_pass(*({key: passes[k] for key, passes in read.items() if passes[k]} for k in (0, 1)), questions)
        assert score_eq_bench(own, questions, count=10).original == pytest.approx(run["benchmark_score"], abs=0.1), path.name
        first, revised = ({key: a[name] for key, a in answers.items()} for name in ("first_pass", "revised"))
        score = score_eq_bench(choose_pass(first, revised, questions), questions)
        assert score.original == pytest.approx(run["benchmark_score"], abs=0.1), path.name
        assert score.interval[0] < score.original < score.interval[1]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"reference_answer_fullscale": None},
        {"reference_answer_fullscale": {"emotion1": "Calm", "emotion1_score": 1}},
        {"reference_answer_fullscale": question(1, 2, 3, 4)["reference_answer_fullscale"] | {"emotion2": "Calm"}},
        question(1, 2, 3, float("nan")),
        question(1, 2, 3, "many"),
    ],
)
def test_a_question_that_is_not_one_is_named(broken):
    with pytest.raises(ValueError, match="question '7'"):
        score_eq_bench({}, QUESTIONS | {"7": broken})


def test_an_answer_that_is_none_is_unparsed():
    assert score_eq_bench(RIGHT | {"2": None}, QUESTIONS).parsed == pytest.approx(2 / 3)
