import random
import time

import pytest

from pixel_core.writing.originality import MOST_WORDS, Licensed

SOURCE = (
    "The lighthouse keeper counted the ships that passed at night, and wrote each of them down in a book that nobody had ever asked for. "
    "When the lamp was changed for an electric one, he went on counting; the sea, he said, hadn't been told about the lamp."
)
WORDS = SOURCE.split()


@pytest.fixture(scope="module")
def licensed():
    return Licensed.of([SOURCE, "Another text of a few words."])


def run(start, count):
    return " ".join(WORDS[start : start + count])


def test_twelve_words_are_free_and_thirteen_are_a_copy(licensed):
    assert licensed.copied(f"He told me {run(4, MOST_WORDS)} yesterday.") == 0
    assert licensed.copied(f"He told me {run(4, MOST_WORDS + 1)} yesterday.") == MOST_WORDS + 1
    assert licensed.copied(SOURCE) == len(WORDS)


@pytest.mark.parametrize(
    "disguise",
    [
        str.upper,
        lambda text: text.replace(",", " -").replace(";", "..."),
        lambda text: text.replace(" ", "\n  "),
        lambda text: text.replace("hadn't", "hadn\u2019t"),
        lambda text: text.replace("lamp", "la\u00admp"),
        lambda text: " ".join(reversed([f"{part}." for part in text.split(". ")])),
        lambda text: f'"{text}", she read aloud, and then she slept.',
    ],
    ids=["case", "punctuation", "lines", "quotes", "soft hyphen", "sentences in another order", "embedded"],
)
def test_a_disguised_copy_is_found(licensed, disguise):
    assert licensed.copied(disguise(SOURCE)) > MOST_WORDS


def test_the_same_words_in_another_order_are_no_copy(licensed):
    shuffled = list(WORDS)
    random.Random(1).shuffle(shuffled)
    assert licensed.copied(" ".join(shuffled)) == 0


def test_every_planted_copy_is_found_and_nothing_else():
    rng = random.Random(2)
    vocabulary = [f"w{number}" for number in range(5000)]
    source = rng.choices(vocabulary, k=200_000)
    licensed = Licensed.of([" ".join(source)])
    texts = [rng.choices(vocabulary, k=150) for _ in range(400)]
    for text in texts[:200]:
        place, start = rng.randrange(130), rng.randrange(199_000)
        text[place : place + 13] = source[start : start + 13]
    began = time.process_time()
    found = [licensed.copied(" ".join(text)) > 0 for text in texts]
    assert found == [True] * 200 + [False] * 200
    assert time.process_time() - began < 2


def test_a_folder_is_read_as_plain_text(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "manual.txt").write_text(SOURCE)
    assert Licensed.read(tmp_path).copied(SOURCE) > MOST_WORDS
    with pytest.raises(ValueError, match=r"no \.txt or \.md file"):
        Licensed.read(tmp_path / "none")


def test_nothing_licensed_is_nothing_copied():
    assert Licensed.of([]).copied(SOURCE) == 0
    assert Licensed.of(["too short"]).copied("too short") == 0
