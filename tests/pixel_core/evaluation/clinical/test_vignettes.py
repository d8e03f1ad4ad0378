"""The vignettes cover the classes, name none of them, and give nothing away by whom they are about."""

import json
import random
import re
from collections import Counter
from itertools import combinations

import pytest

from pixel_core import taxonomy
from tests.pixel_core.evaluation.world import ROOT

ROWS = [json.loads(line) for line in (ROOT / "data" / "scenarios" / "vignettes.jsonl").read_text(encoding="utf-8").splitlines()]
CHAPTERS = {c.id: c.fields["chapter"] for c in taxonomy.classes("dsm5")}
NAMING = re.compile(
    r"\b(depress\w*|panic\w*|anxi\w*|obsess\w*|compuls\w*|psychos\w*|psychot\w*|schizo\w*|autis\w*|adhd|dementia|alzheimer\w*|deliri\w*|"
    r"addict\w*|manic|mania|bipolar|trauma\w*|ptsd|phobi\w*|insomni\w*|narcolep\w*|anorex\w*|bulimi\w*|disorder\w*|syndrome|cataton\w*|"
    r"dissociat\w*|tourette\w*|tics?|stutter\w*|dyslex\w*|dysprax\w*|hoard\w*|gambl\w*|narciss\w*|borderline|paranoi\w*|enure\w*|"
    r"encopre\w*|kleptom\w*|pyrom\w*|voyeur\w*|dysphori\w*|nightmares?|sleepwalk\w*|delus\w*|binge\w*|mutis\w*|diagnos\w*)\b",
    re.IGNORECASE,
)


def chi_square(first, second):
    total, left, right, both = len(first), Counter(first), Counter(second), Counter(zip(first, second, strict=True))
    expected = {(a, b): left[a] * right[b] / total for a in left for b in right}
    return sum((both[pair] - wanted) ** 2 / wanted for pair, wanted in expected.items())


def by_chance(first, second, rounds=300):
    """How often two columns dealt out at random depend on one another as much as these do."""
    dealt, generator = list(second), random.Random(7)
    seen = chi_square(first, second)
    hits = 0
    for _ in range(rounds):
        generator.shuffle(dealt)
        hits += chi_square(first, dealt) >= seen - 1e-9
    return hits / rounds


def chapter(row):
    return CHAPTERS.get(row["code"], "none")


def test_every_class_applies_to_somebody():
    assert {code for row in ROWS for code in row["codes"]} == set(taxonomy.ids("dsm5"))
    assert len(ROWS) >= 200
    kinds = Counter(len(row["codes"]) for row in ROWS)
    assert kinds[0] >= 20
    assert kinds[2] >= 20
    assert sum(row["culture"] is not None for row in ROWS) >= 30


def test_no_text_names_a_disorder():
    assert {row["id"]: NAMING.findall(row["text"]) for row in ROWS if NAMING.search(row["text"])} == {}


@pytest.mark.parametrize("column", ["severity", "culture", "second"])
def test_what_is_not_the_picture_does_not_tell_the_chapter(column):
    """Age does, as in life: it is left out here, and severity where nobody is ill."""
    value = {
        "severity": lambda row: row["severity"],
        "culture": lambda row: row["culture"] is not None,
        "second": lambda row: len(row["codes"]) > 1,
    }[column]
    rows = ROWS if column == "culture" else [row for row in ROWS if row["codes"]]
    assert by_chance([chapter(row) for row in rows], [value(row) for row in rows]) > 0.05


def test_a_cultural_phrase_does_not_tell_that_nobody_is_ill():
    assert by_chance([not row["codes"] for row in ROWS], [row["culture"] is not None for row in ROWS]) > 0.05


def test_no_two_vignettes_are_alike():
    grams = [set(zip(*(re.findall(r"\w+", row["text"].lower())[k:] for k in range(5)), strict=False)) for row in ROWS]
    assert max(len(a & b) / len(a | b) for a, b in combinations(grams, 2)) < 0.05
    openings = Counter(" ".join(row["text"].lower().split()[:4]) for row in ROWS)
    assert max(openings.values()) == 1


def test_the_length_of_a_text_is_as_said():
    assert all(55 <= len(row["text"].split()) <= 112 for row in ROWS)


def test_every_row_has_three_look_alikes():
    assert all(len(set(row["distractor_codes"])) == 3 for row in ROWS)
