"""Multiple-choice questions by path: both formats read the same, and a malformed line is named."""

import json
import os
from pathlib import Path

import pytest

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.clinical import tasks as clinical
from pixel_core.evaluation.clinical.mcq import knowledge_questions, read_questions
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import ItemError
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.world import write_world

ROWS = [
    ("A tone comes before each puff of air. Which is the conditioned stimulus?", "The tone", "The puff", "The blink", "The breath", "A"),
    ("A scale gives the same person the same score twice. It is", "valid", "reliable, so far", "normed", "short", "B"),
    ("Two raters agree as often as chance has it. Kappa is", "one", "a half", "zero", "negative, always", "C"),
    ("Whom may a counsellor's notes be shown, where no law says otherwise?", "The press", "A friend", "An employer", "The client", "D"),
    ("A child hides a toy and thinks that all know where. What is still growing?", "Reading of minds", "Grasp", "Sight", "Hearing", "A"),
    ("Who falls asleep at once in a lecture, well rested, should first be asked about", "sums", "sleep", "spelling", "sport", "B"),
]
REFERENCE = Path(os.environ.get("PIXEL_REFERENCE_DATA", "")) / "mmlu" / "professional_psychology_test.csv"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("mcq"))


def write_csv(path, rows, header=False):
    def quoted(cell):
        return '"' + cell.replace('"', '""') + '"'

    lines = [",".join(map(quoted, row)) for row in rows]
    path.write_text("\n".join((["question,A,B,C,D,answer"] if header else []) + lines) + "\n", encoding="utf-8")
    return path


def write_json(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def bare(questions):
    return [(q.question, q.choices, q.answer) for q in questions]


def test_every_way_to_write_them_reads_the_same(tmp_path):
    keyed = [dict(zip(("question", "A", "B", "C", "D", "answer"), row, strict=True)) for row in ROWS]
    listed = [{"question": row[0], "choices": list(row[1:5]), "answer": "ABCD".index(row[5])} for row in ROWS]
    files = [
        write_csv(tmp_path / "bare.csv", ROWS),
        write_csv(tmp_path / "headed.csv", ROWS, header=True),
        write_json(tmp_path / "keyed.jsonl", keyed),
        write_json(tmp_path / "listed.jsonl", listed),
    ]
    first, *others = [bare(read_questions(path)) for path in files]
    assert first == [(row[0], row[1:5], "ABCD".index(row[5])) for row in ROWS]
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    "row",
    [
        ("Which?", "a", "b", "c", "d", "E"),
        ("Which?", "a", "b", "c", "d", ""),
        ("Which?", "a", "a", "c", "d", "A"),
        ("Which?", "a", "", "c", "d", "A"),
        (" ", "a", "b", "c", "d", "A"),
        ("Which?", "a", "b", "c", "A"),
    ],
    ids=["no letter", "no answer", "choices alike", "an empty choice", "no question", "a column short"],
)
def test_a_malformed_line_is_named(row, tmp_path):
    with pytest.raises(ItemError, match="line 2"):
        read_questions(write_csv(tmp_path / "set.csv", [ROWS[0], row]))


@pytest.mark.parametrize("line", ['{"question": "Which?"}', "{", '{"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 4}'])
def test_a_malformed_object_is_named(line, tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ItemError, match="line 1"):
        read_questions(path)


def test_a_missing_and_an_empty_file_are_named(tmp_path):
    with pytest.raises(ItemError, match=r"evaluation\.mcq"):
        read_questions(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("question,A,B,C,D,answer\n")
    with pytest.raises(ItemError, match="holds no question"):
        read_questions(tmp_path / "empty.csv")


def test_they_are_asked_only_where_the_recipe_names_a_file(data, tmp_path):
    path = write_csv(tmp_path / "set.csv", ROWS)
    plain, named = (
        [task.name for task in clinical.tasks(data, load_recipe("tiny", given).evaluation)] for given in ([], [f"evaluation.mcq={path}"])
    )
    assert set(named) - set(plain) == {"psychology_questions"}


def test_whoever_knows_is_perfect_and_whoever_guesses_gets_a_quarter(data, tmp_path):
    task = knowledge_questions(data, write_csv(tmp_path / "set.csv", ROWS * 1))
    knowing = figures_of([task], ask([task], Knowing([task])), Settings(resamples=50))[0]
    assert (knowing.value, knowing.floor, knowing.n) == (1.0, 0.25, len(ROWS))
    guessed = [figures_of([task], ask([task], Guessing([task], seed)), Settings(resamples=50))[0] for seed in range(12)]
    assert sum(figure.value for figure in guessed) / 12 == pytest.approx(0.25, abs=0.15)


@pytest.mark.reference
@pytest.mark.skipif(not REFERENCE.is_file(), reason="PIXEL_REFERENCE_DATA holds no mmlu")
def test_the_public_set_of_professional_psychology_reads():
    questions = read_questions(REFERENCE)
    assert len(questions) > 600
    assert {question.answer for question in questions} == {0, 1, 2, 3}
