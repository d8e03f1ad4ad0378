import random
import re

import pytest

from pixel_core.writing.cues import Cue, asked_by, lowered
from pixel_core.writing.facts import cues_of
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import levels
from tests.pixel_core.writing.test_phrases import moves


def sentences(raw):
    """All text of a phrase bank."""
    if isinstance(raw, str):
        yield raw
    elif isinstance(raw, dict | list):
        for entry in raw.values() if isinstance(raw, dict) else raw:
            yield from sentences(entry)


def asked_everywhere(*scopes):
    """Every cue of danger, and of what a speaker tells about themselves."""
    return [cue for _, cue in levels()] + [cue for scope in scopes for cue, _ in cues_of(scope)]


LEAVES = (
    *(2 * [(word, word) for word in ("kill", "My life", "dy", "x", " to ", "me")]),
    *(("[abk]", "k"), (r"\w+", "my"), (".", "z"), (r"\.", "."), ("[^\\]x]", "m"), (r"[Mm]", "M")),
    *((look, "") for look in ("(?!kill)", "(?<=to )", "(?<!me)", "(?=dy|x)", r"\b", "^", "$", "(?:)")),
)
COUNTED = (("x", "x"), ("[abk]", "b"), ("(?:kill)", "kill"), ("(?:dy|My)", "dy"))  # no count within a count, which may take for ever
COUNTS = (("?", 0), ("*", 3), ("+", 1), ("{0,2}", 2), ("{2}", 2), ("{0}", 0), ("{,2}", 0), ("+?", 2), ("??", 1))


def grown(rng, depth):
    """A pattern, and a text that it was made to match: letters, classes, alternatives, groups, counts, and looks around."""
    kind = rng.choice(("row", "row", "either", "counted", "leaf")) if depth else "leaf"
    if kind == "leaf":
        return rng.choice(LEAVES)
    first, second = grown(rng, depth - 1), grown(rng, depth - 1)
    if kind == "either":
        return f"(?:{first[0]}|{second[0]})", rng.choice((first, second))[1]
    if kind == "counted":
        (what, said), (count, times) = rng.choice(COUNTED), rng.choice(COUNTS)
        first = what + count, said * times
    return first[0] + second[0], first[1] + second[1]


def test_what_a_pattern_matches_holds_one_of_its_words():
    matched = told = 0
    for seed in range(2000):
        rng = random.Random(seed)
        source, text = grown(rng, 3)
        pattern = re.compile(source, rng.choice((0, re.I)))
        cue = Cue.of(pattern)
        for said in (text, text.upper(), f"so {text}", text[1:], "My life to kill"):
            found = pattern.search(said) is not None
            assert cue.holds(said, lowered(said)) == found, (source, said)
            matched += found
            told += not found and not any(word in said.lower() for word in cue.words)
    assert matched > 2500
    assert told > 500


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(?i)\bI want to Die\b", ("i want to die",)),
        (r"colou?rs", ("colo",)),
        (r"tried (?:to die|suicide)", ("tried ",)),
        (r"I (?:to die|suicide)", ("suicide", "to die")),
        (r"(?:not )?(?:hurt|cut) myself", (" myself",)),
        (r"(?!peeling)(?:cut|burn)", ("burn", "cut")),
        (r"hurt|\w+", ()),
        (r"(?:hurt)?", ()),
        (r"[Hh]urting|don't", ("don't", "urting")),
    ],
)
def test_the_words_that_a_pattern_asks_for(pattern, words):
    assert Cue.of(re.compile(pattern)).words == words


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        (r"tried (?:to die|suicide)", (("tried ", (("to die",), ("suicide",))),)),
        (r"thought (?:\w+ )?of (?:dying|jumping (?:off|from))", (("thought ", "of ", (("dying",), ("jumping ", (("off",), ("from",))))),)),
        (r"(?<!not )\bI (?:want|x)? to die|(?!at )burn(?: a| me)", (("i ", " to die"), ("burn", ((" a",), (" me",))))),
        (r"hurt|(?:\w+)?", (("hurt",), ())),
    ],
)
def test_all_that_a_pattern_asks_for(pattern, asked):
    assert asked_by(pattern) == asked


@pytest.mark.parametrize("pattern", [r"(?P<who>me)", r"caf\u00e9", r"(a)(?(1)b|c)", r"(?i:me)"])
def test_what_is_not_read_is_refused(pattern):
    with pytest.raises(ValueError, match="not read here"):
        asked_by(pattern)


def test_a_verbose_pattern_is_refused():
    with pytest.raises(ValueError, match="verbose"):
        Cue.of(re.compile("me  # somebody", re.X))


@pytest.mark.parametrize("step", [60, pytest.param(1, marks=pytest.mark.slow)])
def test_cues_find_just_what_their_patterns_find(request, step):
    """In a part of what phrase files hold; and in all of it, and in what six hundred conversations say, in half a minute."""
    texts = {say for _, say in moves()}
    texts |= {turn.content for c in (request.getfixturevalue("written") if step == 1 else ()) for turn in c.turns}
    for name in ("client", "therapist", "crisis", "facts", "everyday", "psychodynamic", "thoughts"):
        texts |= set(sentences(bank(name)))
    assert len(texts) > 4000
    texts = sorted(texts)[::step]
    found = 0
    lower = [lowered(text) for text in texts]
    for cue in asked_everywhere("", *bank("facts")["within"]):
        for text, small in zip(texts, lower, strict=True):
            matches = cue.pattern.search(text) is not None
            found += matches
            assert cue.holds(text, small) == matches, (cue.pattern.pattern, text)
    assert found > 3000 / step


def test_beyond_ascii_every_cue_is_tried():
    cue = Cue.of(re.compile("kiss", re.I))
    assert lowered("ki\u017fs") is None
    assert cue.holds("ki\u017fs", lowered("ki\u017fs"))  # the long s is an s where case is ignored


def test_every_cue_that_is_always_asked_names_its_words():
    assert [cue.pattern.pattern for cue in asked_everywhere("") if not cue.words or min(map(len, cue.words)) < 3] == []
