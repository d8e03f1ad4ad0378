import random
from collections import Counter

from pixel_core.writing.deck import Deck


def test_every_option_is_drawn_equally_often():
    deck, rng = Deck(), random.Random(1)
    drawn = Counter(deck.draw("bank", "abcdef", rng) for _ in range(60))
    assert set(drawn.values()) == {10}


def test_what_does_not_fit_is_not_drawn():
    deck, rng = Deck(), random.Random(1)
    assert deck.draw("bank", [1, 2, 3], rng, lambda n: n > 2) == 3
    assert deck.draw("bank", [1, 2, 3], rng, lambda n: n > 3) is None


def test_a_long_turn_is_new_once_whatever_its_punctuation():
    deck = Deck()
    deck.note("I have told nobody, not even my oldest friend.")
    assert not deck.is_new("i have told nobody not even my oldest friend")
    assert deck.is_new("I have told nobody, not even my oldest friend, till now.")
    deck.note("Yes. That's it.")
    assert deck.is_new("Yes, that's it.")
